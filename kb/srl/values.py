"""Values of literals, and the operators on them (SPARQL 1.2 Query, "Operator Mapping").

Integers, decimals, doubles, strings, booleans, dates and dateTimes are computed here. Every other datatype,
and every result that leaves these ranges, is Oxigraph's (:mod:`kb.srl.oxigraph`). Where SPARQL lets an
implementation choose, both choose alike: integers have 64 bits, decimals 18 digits behind the point.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any, TypeAlias

from pyoxigraph import Literal, NamedNode, Triple

from kb.srl.oxigraph import ask_oxigraph
from kb.srl.syntax import Term
from kb.srl.terms import XSD


class ExpressionError(Exception):
    """SPARQL's error value: the expression has no value for this solution."""


Value: TypeAlias = int | Decimal | float | bool | str | datetime | date
"""What a literal means. The exact Python type tells kinds apart: a bool is no number here."""

BOOLEAN, STRING = NamedNode(XSD + "boolean"), NamedNode(XSD + "string")
TRUE, FALSE = Literal("true", datatype=BOOLEAN), Literal("false", datatype=BOOLEAN)

_INTEGER, _DECIMAL, _DOUBLE = (NamedNode(XSD + name) for name in ("integer", "decimal", "double"))
_NUMBERS = frozenset((int, Decimal, float))
_ORDERED = frozenset((int, Decimal, float, bool, str, date))
# Sums and products of numbers in range fit into 100 digits, so nothing is ever rounded.
_EXACT = Context(prec=100)


def _double(text: str) -> float:
    return float(text.replace("INF", "inf"))


def _boolean(text: str) -> bool:
    return text in ("true", "1")


# What the native paths read. A text that does not fit may be right all the same: Oxigraph will know.
_READERS: dict[NamedNode, tuple[re.Pattern[str], Callable[[str], Value]]] = {
    NamedNode(XSD + name): (re.compile(form, re.ASCII), read)
    for names, form, read in (
        ("integer long int short byte", r"[+-]?[0-9]{1,18}", int),
        ("nonNegativeInteger positiveInteger nonPositiveInteger negativeInteger", r"[+-]?[0-9]{1,18}", int),
        ("unsignedLong unsignedInt unsignedShort unsignedByte", r"[+-]?[0-9]{1,18}", int),
        ("decimal", r"[+-]?([0-9]{1,20}(\.[0-9]{0,18})?|\.[0-9]{1,18})", Decimal),
        ("double", r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?INF|NaN", _double),
        ("string", r"(?s:.*)", str),
        ("boolean", r"true|false|0|1", _boolean),
        ("date", r"[0-9]{4}-[0-9]{2}-[0-9]{2}", date.fromisoformat),
        (
            "dateTime",
            r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])?",
            datetime.fromisoformat,
        ),
    )
    for name in names.split()
}


@lru_cache(maxsize=65536)
def value(literal: Literal) -> Value | None:
    """Return the value of *literal*, or None if it is ill-typed or has no native path."""
    form, read = _READERS.get(literal.datatype, (None, str))
    if form is None or not form.fullmatch(literal.value):
        return None
    try:
        return read(literal.value)
    except ValueError:  # 2023-02-29
        return None


def boolean(truth: bool) -> Literal:
    """Return the literal of a truth value."""
    return TRUE if truth else FALSE


def effective_boolean_value(term: Term) -> bool:
    """Return whether *term* counts as true (SPARQL, "Effective Boolean Value").

    As in Oxigraph, strings with a language and ill-typed literals have none.

    :raises ExpressionError: it counts as neither.
    """
    if term == TRUE:
        return True
    if isinstance(term, Literal):
        found = value(term)
        if type(found) in (bool, str, int, Decimal):
            return bool(found)
        if type(found) is float:
            return bool(found) and not math.isnan(found)
        return not _asked_truth("!", term)
    raise ExpressionError


def equal(left: Term, right: Term) -> bool:
    """``=``: equal values; for terms without values, the same term."""
    if isinstance(left, Literal) and isinstance(right, Literal):
        x, y = value(left), value(right)
        if x is not None and y is not None:
            return _comparable(x, y) and x == y if type(x) is type(y) else _promoted(operator.eq, x, y)
        if left.language is not None or right.language is not None:
            return left == right
        return _asked_truth("=", left, right)
    if isinstance(left, Triple) and isinstance(right, Triple):
        return (
            equal(left.subject, right.subject)
            and left.predicate == right.predicate
            and equal(left.object, right.object)
        )
    return left == right


def less(left: Term, right: Term) -> bool:
    """``<``: for numbers, strings, booleans, dates and times, of one kind.

    :raises ExpressionError: the terms have no order.
    """
    return _ordered("<", operator.lt, left, right)


def at_most(left: Term, right: Term) -> bool:
    """``<=``, as :func:`less`."""
    return _ordered("<=", operator.le, left, right)


def _ordered(sign: str, compare: Callable[[Any, Any], bool], left: Term, right: Term) -> bool:
    if not isinstance(left, Literal) or not isinstance(right, Literal):
        raise ExpressionError
    x, y = value(left), value(right)
    kind = type(x)
    if kind is type(y):
        if kind in _ORDERED or (kind is datetime and _comparable(x, y)):
            return compare(x, y)
    elif kind in _NUMBERS and type(y) in _NUMBERS:
        return _promoted(compare, x, y)
    return _asked_truth(sign, left, right)


def _comparable(x: Any, y: Any) -> bool:
    """Whether both dateTimes have a time zone or neither has (true for all other kinds)."""
    return type(x) is not datetime or (x.tzinfo is None) == (y.tzinfo is None)


def _promoted(compare: Callable[[Any, Any], bool], x: Any, y: Any) -> bool:
    """Compare numbers of two kinds; what is no number is equal to nothing of another kind."""
    if type(x) not in _NUMBERS or type(y) not in _NUMBERS:
        return False
    if type(x) is float or type(y) is float:
        return compare(float(x), float(y))
    return compare(x, y)


def add(left: Term, right: Term) -> Term:
    """``+``; also for durations, and dates with durations."""
    try:
        return _computed("+", operator.add, _EXACT.add, operator.add, left, right)
    except ExpressionError:
        # Oxigraph 0.5 adds a duration to a date, but not a date to a duration.
        return asked("+", right, left)


def subtract(left: Term, right: Term) -> Term:
    """``-``; also for two dates."""
    return _computed("-", operator.sub, _EXACT.subtract, operator.sub, left, right)


def multiply(left: Term, right: Term) -> Term:
    """``*``."""
    return _computed("*", operator.mul, _EXACT.multiply, operator.mul, left, right)


def divide(left: Term, right: Term) -> Term:
    """``/``: integers give a decimal, cut off behind 18 digits."""
    return _computed("/", _quotient, None, _ratio, left, right)


def negate(term: Term) -> Term:
    """``-`` before a number."""
    number = value(term) if isinstance(term, Literal) else None
    if type(number) in _NUMBERS:
        return _literal(-number) or asked("-", term)  # type: ignore[operator]
    return asked("-", term)


def _computed(
    sign: str,
    whole: Callable[[int, int], int | Decimal],
    exact: Callable[[Decimal, Decimal], Decimal] | None,
    inexact: Callable[[float, float], float],
    left: Term,
    right: Term,
) -> Term:
    """Compute natively for integers, for decimals (if *exact*) and for doubles; else ask Oxigraph."""
    x = value(left) if isinstance(left, Literal) else None
    y = value(right) if isinstance(right, Literal) else None
    if type(x) in _NUMBERS and type(y) in _NUMBERS:
        result: int | Decimal | float | None = None
        if type(x) is float or type(y) is float:
            result = inexact(float(x), float(y))  # type: ignore[arg-type]
        elif type(x) is int and type(y) is int:
            result = whole(x, y)
        elif exact is not None:
            result = exact(Decimal(x), Decimal(y))  # type: ignore[arg-type]
        if result is not None and (literal := _literal(result)) is not None:
            return literal
    return asked(sign, left, right)


def _quotient(x: int, y: int) -> Decimal:
    if y == 0:
        raise ExpressionError
    digits = abs(x) * 10**18 // abs(y)
    return Decimal(digits if (x < 0) == (y < 0) else -digits).scaleb(-18, _EXACT)


def _ratio(x: float, y: float) -> float:
    if y != 0:
        return x / y
    return math.nan if x == 0 or math.isnan(x) else math.copysign(math.inf, x) * math.copysign(1, y)


def _literal(number: int | Decimal | float | Value | None) -> Literal | None:
    """Return the literal of a number; None if it leaves the range of the native path."""
    if isinstance(number, int):
        return Literal(str(number), datatype=_INTEGER) if -(2**63) <= number < 2**63 else None
    if isinstance(number, Decimal):
        short = number.normalize(_EXACT)
        if abs(short) >= 10**20 or short.as_tuple().exponent < -18:  # type: ignore[operator]
            return None
        return Literal(f"{short:f}" if short else "0", datatype=_DECIMAL)
    if isinstance(number, float):
        if not math.isfinite(number):
            return Literal("NaN" if math.isnan(number) else "INF" if number > 0 else "-INF", datatype=_DOUBLE)
        # Written as Oxigraph writes it: the shortest digits, no exponent, no ".0".
        return Literal(f"{Decimal(repr(number)):f}".removesuffix(".0"), datatype=_DOUBLE)
    return None


def asked(function: str | NamedNode, *arguments: Term) -> Term:
    """Return what Oxigraph computes.

    :raises ExpressionError: Oxigraph has no value for it.
    """
    result = ask_oxigraph(function, arguments)
    if result is None:
        raise ExpressionError
    return result


def _asked_truth(function: str, *arguments: Term) -> bool:
    return asked(function, *arguments) == TRUE
