"""The values of a report as literals, or what is wrong with them; and the way back.

Everything here bounds what it is given before it writes it out: a number may claim a billion digits, a
text half a character.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from pyoxigraph import Literal, NamedNode

from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Fault, Text
from kb.namespaces import XSD
from kb.srl.syntax import Term

Value: TypeAlias = str | int | Decimal | bool
"""A value as a report gives it."""
MAX_TEXT = 2000
MAX_DIGITS, MAX_DECIMALS = 15, 6
"""Of a number in a report: a yuan amount of a thousand trillion is a slip of the finger."""
LARGEST = 10**MAX_DIGITS
EARLIEST, LATEST = 1900, 2200
"""Years that a report may speak of; what is impossible among them is the contract's to say."""
ACCEPTED_TRUE = {"true", "是", "有", "yes"}
ACCEPTED_FALSE = {"false", "否", "无", "no"}


def literal(kind: NamedNode, key: str, value: object) -> Literal | Fault:
    """Return *value* as a literal for a property whose range is the XSD datatype *kind*.

    Every numeric datatype is read alike: whether a number may be negative, a fraction or so large is for the
    contract to say, in the words of the shape that it breaks.
    """
    return READERS.get(kind.value, _number)(key, value)


def _number(key: str, value: object) -> Literal | Fault:
    """A number as it was given: whether it may be negative or a fraction is the contract's to say."""
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,4})?", value.strip()):
        number = Decimal(value.strip())
    elif isinstance(value, float | Decimal):
        number = Decimal(str(value))
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST:
        number = Decimal(value)
    else:
        return wrong(key, value, "数字", "a number")
    # The exponent is looked at before anything is written out: 1e-999999999 has a billion digits.
    if not number.is_finite() or number.adjusted() >= MAX_DIGITS or _decimals(number) > MAX_DECIMALS:
        zh, en = (
            f"数字（至多 {MAX_DIGITS} 位整数、{MAX_DECIMALS} 位小数）",
            (f"a number of at most {MAX_DIGITS} digits and {MAX_DECIMALS} decimals"),
        )
        return wrong(key, value, zh, en)
    if number == number.to_integral_value():
        return Literal(str(int(number)), datatype=NamedNode(XSD + "integer"))
    return Literal(format(number, "f"), datatype=NamedNode(XSD + "decimal"))


def _decimals(number: Decimal) -> int:
    """Return how many digits behind the point *number* was given with."""
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _boolean(key: str, value: object) -> Literal | Fault:
    if isinstance(value, str):
        word = value.strip().casefold()
        value = True if word in ACCEPTED_TRUE else False if word in ACCEPTED_FALSE else value
    if isinstance(value, bool):
        return Literal("true" if value else "false", datatype=NamedNode(XSD + "boolean"))
    return wrong(key, value, "true 或 false", "true or false")


def _moment(key: str, value: object) -> Literal | Fault:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or not EARLIEST <= moment.year < LATEST:
        example = "2026-03-01T08:30:00+08:00"
        return wrong(key, value, f"形如 {example} 的时间", f"a time such as {example}")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=CHINA_STANDARD_TIME)
    return Literal(moment.isoformat(), datatype=NamedNode(XSD + "dateTime"))


def is_text(value: str) -> bool:
    """Whether *value* is made of characters: JSON can escape half of one (a lone surrogate)."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def not_text(key: str) -> Fault:
    """Return the fault of a key or value that is not text."""
    message = Text("含有不完整的字符（孤立代理项）", "holds half a character (a lone surrogate)")
    return Fault("report.value", message, short(key))


def wrong(key: str, value: object, zh: str, en: str) -> Fault:
    """Return the fault of a value that should have been *zh*, *en*."""
    return Fault(
        "report.value", Text(f"应为{zh}，而不是 {short(value)}", f"must be {en}, not {short(value)}"), key
    )


def _text(key: str, value: object) -> Literal | Fault:
    if isinstance(value, str) and 0 < len(value.strip()) <= MAX_TEXT:
        return Literal(value.strip())
    return wrong(key, value, f"不超过 {MAX_TEXT} 字的文字", f"text of at most {MAX_TEXT} characters")


def short(value: object) -> str:
    """Return *value* as text that fits into a message and can be printed, whatever it holds."""
    text = str(value).encode(errors="backslashreplace").decode()
    return text if len(text) <= 60 else text[:57] + "…"


READERS: dict[str, Callable[[str, object], Literal | Fault]] = {
    XSD + "boolean": _boolean,
    XSD + "dateTime": _moment,
    XSD + "string": _text,
}


def plain(term: Term) -> Value:
    """Return *term* as a report gives it."""
    if not isinstance(term, Literal):
        assert isinstance(term, NamedNode)
        return term.value
    match term.datatype.value.rsplit("#", 1)[-1]:
        case "integer":
            return int(term.value)
        case "decimal":
            return Decimal(term.value)
        case "boolean":
            return term.value == "true"
        case "dateTime":  # one way to write the zone, so that equal times are equal
            return datetime.fromisoformat(term.value).isoformat()
    return term.value


def in_json(value: object) -> Any:
    """Return a value of a report as JSON has it."""
    return float(value) if isinstance(value, Decimal) else value
