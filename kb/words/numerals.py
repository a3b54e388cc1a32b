"""Numbers in Chinese text: ``6``, ``十三``, ``三十余``, ``近百``, ``1.2万``, and those that say how many
only roughly.

cn2an turns numerals into numbers; here is what counts as one, and what 余, 多, 几 and 数 make of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import cn2an

from kb.words.text import Span, Words

UNITS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}
_NUMBER = re.compile(
    r"(?P<about>(?:至少|近|约|逾|超过|突破|上(?=[百千万])|不下|不少于|大约|将近|数)?)"
    r"(?P<number>\d{1,9}(?:,\d{3}){0,3}(?:\.\d{1,4})?[百千万亿]?"
    r"|[零一二两三四五六七八九十百千万亿]{1,12}(?:点[零一二三四五六七八九]{1,3})?|几(?=[十百千万]))"
    r"(?P<unit>(?<=几)[十百千万])?(?P<more>[余多几来]?万?)"
)
_RANGE = re.compile(r"[至到~-]")
_VAGUE = re.compile(r"数(?=[人名位])|多(?=[名人位])|几(?=[人名位个])|若干")
LARGEST = 100_000_000


@dataclass(frozen=True, slots=True)
class Number:
    """A number that a text tells. *exact* is false where it is a bound or a guess; *value* ``None``: 数人."""

    span: Span
    value: Decimal | None
    exact: bool


def numbers(words: Words) -> Iterator[Number]:
    """Yield the numbers of a text in its order."""
    text, last = words.folded, 0
    found = sorted((*_NUMBER.finditer(text), *_VAGUE.finditer(text)), key=lambda match: match.start())
    for match in found:
        if match.start() < last or text[max(match.start() - 1, 0)] == "第":
            continue
        number = _number(match)
        if number is None:
            continue
        last = number.span.end
        joint = _RANGE.match(text, last)
        upper = _NUMBER.match(text, joint.end()) if joint else None
        if upper is not None and _number(upper) is not None:  # 三至五人: at least three
            last = upper.end()
            number = Number(Span(number.span.start, last), number.value, False)
        yield number


def _number(match: re.Match[str]) -> Number | None:
    if match.re is _VAGUE:
        return Number(Span(*match.span()), None, False)
    value = value_of(match["number"])
    if match["number"] == "几":
        value = Decimal(2 * UNITS[match["unit"]]) if match["unit"] else None
        return None if value is None else Number(Span(*match.span()), value, False)
    if value is None:
        return None
    if match["more"].endswith("万"):
        value *= UNITS["万"]
    if value > LARGEST:
        return None
    if match["about"] == "数":  # 数百: at least two hundred
        value *= 2
    rough = bool(match["about"] or match["more"].rstrip("万"))
    return Number(Span(*match.span()), value, not rough)


def value_of(numeral: str) -> Decimal | None:
    """Return the value of a numeral without 余, 多 or 几; ``None`` for what is none.

    >>> value_of("三十"), value_of("1.2万"), value_of("百"), value_of("六点一")
    (Decimal('30'), Decimal('12000.0'), Decimal('100'), Decimal('6.1'))
    """
    plain = numeral.replace(",", "")
    factor = UNITS.get(plain[-1], 1)
    try:
        if plain[0].isascii():
            return Decimal(plain[:-1] if factor > 1 else plain) * factor
        if plain[0] in "百千万亿":  # 近百名
            plain = "一" + plain
        return Decimal(str(cn2an.cn2an(plain, "smart")))
    except (ValueError, InvalidOperation):
        return None
