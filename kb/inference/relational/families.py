"""What kinds of values terms have, and the typed columns that hold them.

A *family* says how a term compares. Families below :data:`EXOTIC` compare as database values do; of the
others (durations, dates with a time zone, ill-typed literals, triple terms, what is no number) only
:mod:`kb.srl.expressions` knows, so what may meet one is not left to the database. The forms are those that
:mod:`kb.srl.values` reads natively; both executors compute alike because of that.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
from pyoxigraph import Literal, Triple

from kb.srl.syntax import Term
from kb.srl.terms import XSD
from kb.srl.values import value

NODE, EXACT, DOUBLE, STRING, BOOLEAN, DATE, ZONED, LOCAL, LANGUAGE = range(9)
"""IRI or blank node; integer or decimal; double; string; boolean; date; dateTime with and without zone; text
with a language."""
EXOTIC = 10
"""Families from here on: terms that are not compared as columns. Added to it: what they may be like."""
NUMERIC_KINDS = [
    "integer",
    "long",
    "int",
    "short",
    "byte",
    "nonNegativeInteger",
    "positiveInteger",
    "nonPositiveInteger",
    "negativeInteger",
    "unsignedLong",
    "unsignedInt",
    "unsignedShort",
    "unsignedByte",
]

EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_DECIMAL = dt.Decimal(38, 18)
_LOCAL = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
_FORMS = {
    "integer": r"^[+-]?[0-9]{1,18}$",
    "decimal": r"^[+-]?([0-9]{1,20}(\.[0-9]{0,18})?|\.[0-9]{1,18})$",
    "double": r"^[+-]?([0-9]{1,17}(\.[0-9]{0,17})?|\.[0-9]{1,17})([eE][+-]?[0-9]{1,2})?$",
    "date": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "zoned": _LOCAL + r"(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])$",
    "local": _LOCAL + "$",
}
COLUMN = {
    EXACT: "exact",
    DOUBLE: "real",
    STRING: "lexical",
    BOOLEAN: "truth",
    DATE: "day",
    ZONED: "moment",
    LOCAL: "moment",
}
"""The typed column that holds the values of a family."""


def typed(keys: ir.Table) -> ir.Table:
    """Return *keys* (columns ``id`` and ``key``) with a family and typed columns for each term.

    A typed column is NULL for terms of other families. ``real`` is there for exact numbers too: they meet
    doubles as doubles.
    """
    k = keys.key
    literal = k.startswith('"')
    datatype = ibis.ifelse(literal, k.re_extract(r'"\^\^<([^<>"]*)>$', 1), "").replace(XSD, "")
    plain = literal & k.endswith('"')
    lexical = ibis.ifelse(literal, k.re_extract(r'(?s)^"(.*)"[^"]*$', 1), ibis.null("string"))
    taken = keys.mutate(literal=literal, datatype=datatype, plain=plain, lexical=lexical)
    t, d, x = taken, taken.datatype, taken.lexical
    number = d.isin(NUMERIC_KINDS) | (d == "decimal")
    exact_form = ibis.ifelse(d == "decimal", x.re_search(_FORMS["decimal"]), x.re_search(_FORMS["integer"]))
    exact = ibis.ifelse(number & exact_form, x.try_cast(_DECIMAL), ibis.null(_DECIMAL))
    real_form = number | (d == "double")
    real = ibis.ifelse(real_form & x.re_search(_FORMS["double"]), x.try_cast("float64"), ibis.null("float64"))
    truth = ibis.cases(
        ((d == "boolean") & x.isin(["true", "1"]), True),
        ((d == "boolean") & x.isin(["false", "0"]), False),
        else_=ibis.null("boolean"),
    )
    day = ibis.ifelse(
        (d == "date") & x.re_search(_FORMS["date"]) & ~x.startswith("0000"),
        x.try_cast("date"),
        ibis.null("date"),
    )
    zoned = (d == "dateTime") & x.re_search(_FORMS["zoned"]) & ~x.startswith("0000") & ~x.contains("T24")
    local = (d == "dateTime") & x.re_search(_FORMS["local"]) & ~x.startswith("0000") & ~x.contains("T24")
    moment = ibis.ifelse(zoned | local, _microseconds(x), ibis.null("int64"))
    valued = t.mutate(exact=exact, real=real, truth=truth, day=day, moment=moment, zoned=zoned)
    v = valued
    family = ibis.cases(
        (~v.literal & ~v.key.startswith("<<("), NODE),
        (~v.literal, EXOTIC),
        (v.plain, STRING),
        (v.exact.notnull() & v.real.notnull(), EXACT),
        (v.real.notnull(), DOUBLE),
        (v.truth.notnull(), BOOLEAN),
        (v.day.notnull(), DATE),
        (v.moment.notnull() & v.zoned, ZONED),
        (v.moment.notnull(), LOCAL),
        (v.datatype == "", LANGUAGE),
        (v.datatype.isin([*NUMERIC_KINDS, "decimal", "double", "float"]), EXOTIC + EXACT),
        (v.datatype == "boolean", EXOTIC + BOOLEAN),
        (v.datatype == "date", EXOTIC + DATE),
        (v.datatype == "dateTime", EXOTIC + ZONED),
        else_=EXOTIC,
    ).cast("int8")
    return v.mutate(family=family).select(
        "id", "key", "family", "exact", "real", "lexical", "truth", "day", "moment"
    )


def _microseconds(text: ir.StringValue) -> ir.IntegerValue:
    """Return the microseconds from 1970 to the xsd:dateTime *text*; without a time zone as if in UTC."""
    seconds = text.substr(0, 19).try_cast("timestamp").epoch_seconds().cast("int64")
    fraction = text.re_extract(r"\.([0-9]+)", 1).rpad(6, "0").try_cast("int64").fill_null(0)
    zone = text.re_extract(r"([+-][0-9]{2}:[0-9]{2})$", 1)
    minutes = zone.substr(1, 2).try_cast("int64") * 60 + zone.substr(4, 2).try_cast("int64")
    ahead = ibis.ifelse(zone.startswith("-"), -minutes, minutes).fill_null(0)
    return (seconds - ahead * 60) * 1_000_000 + fraction


def family_of(term: Term) -> int:
    """Return the family of a constant, as :func:`typed` would."""
    if isinstance(term, Triple):
        return EXOTIC
    if not isinstance(term, Literal):
        return NODE
    if term.language is not None:
        return LANGUAGE
    name = term.datatype.value.removeprefix(XSD)
    if name == "string":
        return STRING
    found = value(term)
    if found is not None:
        if name in (*NUMERIC_KINDS, "decimal") and re.fullmatch(_FORMS["double"][1:-1], term.value):
            return EXACT
        if name == "double" and re.fullmatch(_FORMS["double"][1:-1], term.value):
            return DOUBLE
        if name in ("boolean", "date"):
            return BOOLEAN if name == "boolean" else DATE
        if name == "dateTime":
            return LOCAL if found.tzinfo is None else ZONED  # type: ignore[union-attr]
    if name in (*NUMERIC_KINDS, "decimal", "double", "float"):
        return EXOTIC + EXACT
    return EXOTIC + {"boolean": BOOLEAN, "date": DATE, "dateTime": ZONED}.get(name, 0)


def constant(term: Literal, column: str) -> ir.Value:
    """Return the value of a constant as a value of *column*."""
    if column == "lexical":
        return ibis.literal(term.value)
    found: Any = value(term)
    if column == "real":
        return ibis.literal(float(found), "float64")
    if column == "exact":
        return ibis.literal(term.value).cast(_DECIMAL)
    if column == "moment":
        aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return ibis.literal((aware - EPOCH) // MICROSECOND, "int64")
    return ibis.literal(found)


def group(family: int) -> int:
    """Return what *family* compares with: terms of one group have an order, those of two have none."""
    kind = family % EXOTIC
    if family == EXOTIC:
        return -1
    return {DOUBLE: EXACT, LOCAL: ZONED}.get(kind, kind)
