"""The text of a cell as a literal of RDF, or what is wrong with it and what it should probably be.

Everything is bounded before it is looked at closer: a number may claim a billion digits. Literals are
written in the form that the store gives back, so that an unchanged record is seen to be unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Text
from kb.namespaces import XSD

LENGTH = 4_000
"""The most characters of a text."""
EARLIEST, LATEST = 1900, 2200
"""Years that a record may speak of."""
TRUE = frozenset(("true", "是", "有", "yes", "1", "y", "√"))
FALSE = frozenset(("false", "否", "无", "no", "0", "n", "×"))

_INTEGER = re.compile(r"[+-]?[0-9]{1,15}(?:\.0{1,6})?")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})")
_EXPONENT = re.compile(r"[+-]?[0-9]\.?[0-9]{0,17}[Ee][+-]?[0-9]{1,2}")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile('[\\\\"\n\r]')
_DAY = re.compile(r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})\s*日?")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_CLOCK = re.compile(
    r"[T\s]*([0-9]{1,2})\s*[:：时点]\s*([0-9]{1,2})?(?:\s*[:：分]\s*([0-9]{1,2})?)?\s*[分秒]?"
)


@dataclass(frozen=True, slots=True)
class Misfit:
    """A text that is no value of its datatype: why, and what to write in its place."""

    message: Text
    repair: Text


def string(text: str, _: str = "") -> str | Misfit:
    """Return the N-Triples form of a text."""
    if _CONTROL.search(text):
        return Misfit(
            Text("含有不可显示的控制字符", "holds control characters"),
            Text("删去这些字符", "leave these characters out"),
        )
    if len(text) > LENGTH:
        return Misfit(
            Text(
                f"文字有 {len(text)} 字，上限 {LENGTH}",
                f"the text has {len(text)} characters, the limit is {LENGTH}",
            ),
            Text("缩短文字", "shorten it"),
        )
    return f'"{escaped(text)}"'


def integer(text: str, _: str = "") -> str | Misfit:
    """Return the N-Triples form of a whole number."""
    if _INTEGER.fullmatch(text):
        return f'"{int(text.partition(".")[0])}"^^<{XSD}integer>'
    return Misfit(
        Text("应为整数", "must be a whole number"),
        _number_repair(text, Text("填写整数，如 12", "write a whole number such as 12")),
    )


def decimal(text: str, _: str = "") -> str | Misfit:
    """Return the N-Triples form of a number; RDF formats may write it with an exponent."""
    if _EXPONENT.fullmatch(text):
        text = f"{float(text):.9f}"
    if not _DECIMAL.fullmatch(text):
        return Misfit(
            Text("应为数字", "must be a number"),
            _number_repair(text, Text("填写数字，如 12.5", "write a number such as 12.5")),
        )
    sign = "-" if text[0] == "-" else ""
    whole, _, fraction = text.lstrip("+-").partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    if whole == "0" and not fraction:
        sign = ""
    return f'"{sign}{whole}{"." + fraction if fraction else ""}"^^<{XSD}decimal>'


def boolean(text: str, _: str = "") -> str | Misfit:
    """Return the N-Triples form of yes or no."""
    word = text.casefold()
    if word in TRUE or word in FALSE:
        return f'"{"true" if word in TRUE else "false"}"^^<{XSD}boolean>'
    return Misfit(
        Text("应为“是”或“否”", "must be true or false"), Text("填写“是”或“否”", "write true or false")
    )


def date(text: str, format_: str = "") -> str | Misfit:
    """Return the N-Triples form of a day; *format_* is a further way to write it, such as ``yyyy/M/d``."""
    day = _parsed(text, format_)
    if day is not None and (day.hour, day.minute, day.second) == (0, 0, 0):
        return f'"{day.date().isoformat()}"^^<{XSD}date>'
    guess = _guess(text)
    return Misfit(
        Text("应为日期，格式 2026-06-01", "must be a date such as 2026-06-01"),
        Text(f"改为 {guess:%Y-%m-%d}", f"write {guess:%Y-%m-%d}")
        if guess
        else Text("按 2026-06-01 的格式填写", "write it like 2026-06-01"),
    )


def date_time(text: str, format_: str = "") -> str | Misfit:
    """Return the N-Triples form of a moment; without an offset it is in the time of China."""
    moment = _parsed(text, format_)
    if moment is not None and len(text) > 10:
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=CHINA_STANDARD_TIME)
        return f'"{moment.isoformat()}"^^<{XSD}dateTime>'
    guess = _guess(text)
    shown = f"{guess:%Y-%m-%dT%H:%M:%S}+08:00" if guess else ""
    return Misfit(
        Text("应为时间，格式 2026-06-01T08:30:00+08:00", "must be a time such as 2026-06-01T08:30:00+08:00"),
        Text(f"改为 {shown}", f"write {shown}")
        if guess
        else Text("按 2026-06-01T08:30:00+08:00 的格式填写", "write it like 2026-06-01T08:30:00+08:00"),
    )


READERS: dict[str, Callable[[str, str], str | Misfit]] = {
    "string": string,
    "integer": integer,
    "decimal": decimal,
    "boolean": boolean,
    "date": date,
    "dateTime": date_time,
}
"""By the datatypes of CSVW: a function of the trimmed text and the format."""


def escaped(text: str) -> str:
    """Return *text* as it stands between the quotes of N-Triples."""
    if not _SPECIAL.search(text):
        return text
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")


def _parsed(text: str, format_: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text[4:5] == "-" else None
    except ValueError:
        moment = None
    if moment is None and format_:
        moment = _guess(text) if _shape(text) == _shape(format_) else None
    if moment is None or not EARLIEST <= moment.year < LATEST:
        return None
    return moment


def _shape(text: str) -> str:
    """Return *text* with every run of digits or letters as one 0: ``yyyy/M/d`` and ``2026/6/1`` are alike."""
    return re.sub(r"[0-9]+|[A-Za-z]+", "0", text)


def _guess(text: str) -> datetime | None:
    """Return the moment that somebody probably meant."""
    found = _DAY.match(text) or _COMPACT.match(text)
    if found is None:
        return None
    clock = _CLOCK.match(text, found.end())
    parts = [int(part) for part in found.groups()] + [
        int(part or 0) for part in (clock.groups() if clock else ())
    ]
    try:
        moment = datetime(*parts)  # type: ignore[arg-type]
    except ValueError:
        return None
    return moment if EARLIEST <= moment.year < LATEST else None


def _number_repair(text: str, otherwise: Text) -> Text:
    bare = re.sub(r"[,，\s]", "", text)
    found = re.match(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,9})?", bare)
    if found is None:
        return otherwise
    return Text(f"只填数字：{found[0]}", f"write the number alone: {found[0]}")
