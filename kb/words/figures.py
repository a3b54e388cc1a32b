"""Cues and numbers brought together: which fact a number tells, and which of several numbers holds.

A number counts for a cue where its measure word fits (``6人``) or the cue stands right beside it
(``1死7伤``). A cue takes the nearest number before it; failing that, the one right behind it (``死亡6人``).
Of the numbers told for a fact, sub-totals (其中), what is supposed (可能造成) and what is of something else
(每年) do not count; totals, the first sentences and repetition speak for a number, and 另有 adds to what
was told before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from pyoxigraph import NamedNode

from kb.words.lexicon import Cue, Lexicon
from kb.words.numerals import Number, numbers
from kb.words.text import Span, Words

CLOSE = 8
"""Characters between a denial and what it denies, and between a cue and the number behind it."""
BEFORE = 20
"""Characters before a number in which a word of a group says how it is meant."""
LEAD = 4
"""Sentences that tell the news; headline and date line are sentences, too."""
_NOT_PEOPLE = re.compile(
    r"人次|人民|个[多半]?(?:小?时|月|国|省|市|县|乡|村|区|加油|中队|部门|班|星期|单位|家庭|集装)|名牌|位于|位置|口气"
)
_BRACKETS = re.compile(r"\([^()]{0,200}\)")
_YEAR = re.compile(r"(?<!\d)(19\d\d|20\d\d)年")
_GOES_TO = re.compile(r"(?:[从由]\d{1,6}[人名])?[了至到为达约已的有是:共者数人员增升上已经超过近]{0,6}")
_ENDS = re.compile(r"$|[,。;、!?\s)伤死亡轻重失被]")


@dataclass(frozen=True, slots=True)
class Mention:
    """A number told for one fact: its place (number to cue), and how it is meant."""

    property: NamedNode
    value: Decimal
    span: Span
    exact: bool = True
    total: bool = False
    part: bool = False
    more: bool = False
    spot: bool = False
    lead: bool = False
    faded: bool = False
    denied: bool = False
    distance: int = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """The value proposed for a fact, the words it comes from, and what speaks for it (*basis*)."""

    property: NamedNode
    value: Decimal
    spans: tuple[Span, ...]
    basis: str
    exact: bool
    others: tuple[Decimal, ...] = field(default=())


def figures(words: Words, lexicon: Lexicon, reported: datetime) -> dict[NamedNode, Figure]:
    """Return what *words*, told at the time *reported*, tell in numbers, by property."""
    told: dict[NamedNode, list[Mention]] = {}
    for mention in _mentions(words, lexicon, reported):
        told.setdefault(mention.property, []).append(mention)
    found = {property_: _chosen(mentions) for property_, mentions in told.items()}
    for cue in lexicon.cues:
        parts = [found[part] for part in sorted(cue.sum_of, key=str) if part in found]
        total = sum((part.value for part in parts), Decimal(0))
        if parts and (cue.property not in found or total > found[cue.property].value):
            spans = tuple(span for part in parts for span in part.spans)
            exact = all(part.exact for part in parts)
            found[cue.property] = Figure(cue.property, total, spans, "summed", exact)
    return found


def _mentions(words: Words, lexicon: Lexicon, reported: datetime) -> list[Mention]:
    text = words.folded
    known = list(numbers(words))
    occurrences = list(lexicon.of_cues.find(text))
    groups = {name: lexicon.group(name, text) for name in _GROUPS}
    groups["past"] = list(_past(text, reported))
    inside = [span for _, span in occurrences]
    groups["denied"] = [
        s for s in groups["denied"] if not any(i.start < s.end and s.start < i.end for i in inside)
    ]
    groups["brackets"] = [Span(*found.span()) for found in _BRACKETS.finditer(text)]
    claims: list[tuple[Number, Cue, Mention]] = []
    zeros: list[Mention] = []
    for cue in lexicon.cues:
        if cue.only_with and not any(word in text for word in cue.only_with):
            continue
        for word, at in occurrences:
            if word in cue.none and (zero := _zero(cue, at, words, groups)) is not None:
                zeros += zero
                continue
            level = _bracket(at, groups["brackets"])
            beside = [n for n in known if _bracket(n.span, groups["brackets"]) == level]
            number = _before(cue, word, at, beside, words, groups) or _behind(cue, word, at, beside, words)
            if number is not None and not _between(number, at, groups["helpers"], groups["denied"]):
                mention = _mention(cue, number, at, words, groups)
                if mention is not None:
                    claims.append((number, cue, mention))
    return [*_settled(claims), *zeros]


_GROUPS = ("denied", "unreported", "supposed", "elsewhere", "part", "more", "total", "helpers", "recovered",
           "persons", "spot", "later")  # fmt: skip


def _counts(cue: Cue, number: Number, words: Words, persons: Sequence[Span]) -> bool:
    """Whether *number* is followed by a measure word of *cue*, or by what people are called."""
    text, end = words.folded, number.span.end
    if _NOT_PEOPLE.match(text, end):
        return False
    if any(text.startswith(measure, end) for measure in cue.counted):
        return True
    return "人" in cue.counted and any(span.start == end for span in persons)


def _before(
    cue: Cue, word: str, at: Span, known: Sequence[Number], words: Words, groups: dict[str, Sequence[Span]]
) -> Number | None:
    """Return the number that stands before the cue's word: 6人死亡, 一死一伤."""
    if word not in cue.after:
        return None
    bare = next((n for n in known if n.span.end == at.start), None)
    if bare is not None:
        return bare
    floor = words.sentence_start(at.start) if cue.across else words.clause(at.start)
    near = [
        n
        for n in known
        if floor <= n.span.start
        and n.span.end <= at.start
        and at.start - n.span.end - _asides(n.span.end, at.start, groups["brackets"]) <= cue.reach
        and _counts(cue, n, words, groups["persons"])
    ]
    return max(near, key=lambda n: n.span.end, default=None)


def _behind(cue: Cue, word: str, at: Span, known: Sequence[Number], words: Words) -> Number | None:
    """Return the number that stands behind the cue's word: 死亡6人, 死亡人数升至6人."""
    if word not in cue.before:
        return None
    text, end = words.folded, words.clause_end(at.start)
    reached = _GOES_TO.match(text, at.end)
    for number in known:
        start = number.span.start
        if at.end <= start <= min(end, at.end + CLOSE) and (reached is None or start <= reached.end()):
            measured = any(text.startswith(m, number.span.end) for m in cue.counted)
            return number if measured or _ENDS.match(text, number.span.end) else None
    return None


def _zero(cue: Cue, at: Span, words: Words, groups: dict[str, Sequence[Span]]) -> list[Mention] | None:
    """Return zero where the word at *at* is denied, nothing where nobody knows yet, else ``None``."""
    floor, end = words.clause(at.start), words.clause_end(at.start)
    denial = [s for s in groups["denied"] if floor <= s.start and 0 <= at.start - s.end <= CLOSE]
    if not denial:
        return None
    if any(at.end <= s.start < end and s.start - at.end <= CLOSE for s in groups["unreported"]):
        return []
    span = Span(denial[-1].start, at.end)
    lead = words.sentence(at.start) < LEAD
    return [Mention(cue.property, Decimal(0), span, lead=lead, denied=True)]


def _between(number: Number, at: Span, *groups: Sequence[Span]) -> bool:
    """Whether words between number and cue make the number one of helpers, or deny what the cue says."""
    low, high = sorted((number.span.end, at.start))
    return any(low <= span.start and span.end <= high for spans in groups for span in spans)


def _bracket(at: Span, brackets: Sequence[Span]) -> int:
    """Return the number of the bracket that *at* stands in, -1 for none: what is in brackets is an aside."""
    return next((number for number, b in enumerate(brackets) if b.start <= at.start and at.end <= b.end), -1)


def _asides(start: int, end: int, brackets: Sequence[Span]) -> int:
    return sum(b.end - b.start for b in brackets if start <= b.start and b.end <= end)


def _past(text: str, reported: datetime) -> Iterator[Span]:
    """Yield the years in *text* that are over; in January the last year is not."""
    for found in _YEAR.finditer(text):
        if int(found[1]) < reported.year - (reported.month == 1):
            yield Span(*found.span())


def _mention(
    cue: Cue, number: Number, at: Span, words: Words, groups: dict[str, Sequence[Span]]
) -> Mention | None:
    start, end = min(number.span.start, at.start), max(number.span.end, at.end)
    clause, sentence = words.clause(start), words.sentence_start(start)

    def near(group: str, floor: int, ceiling: int = start) -> bool:
        low = max(floor, start - BEFORE)
        return any(low <= span.start and span.end <= ceiling for span in groups[group])

    past = any(sentence <= span.start < start for span in groups["past"])
    if number.value is None or past or near("supposed", sentence) or near("elsewhere", clause, end):
        return None
    return Mention(
        cue.property,
        number.value,
        Span(start, end),
        exact=number.exact,
        total=near("total", sentence, max(start, number.span.start)),
        part=near("part", clause),
        more=near("more", clause) or (_within(groups["later"], start, end) and bool(groups["spot"])),
        spot=near("spot", clause, end),
        lead=words.sentence(start) < LEAD,
        faded=near("recovered", clause, words.clause_end(end - 1)),
        distance=max(at.start - number.span.end, number.span.start - at.end),
    )


def _within(spans: Sequence[Span], start: int, end: int) -> bool:
    return any(start <= span.start and span.end <= end for span in spans)


def _settled(claims: Sequence[tuple[Number, Cue, Mention]]) -> Iterator[Mention]:
    """Give each number to one fact: to the nearest cue, unless one farther away overrules it."""
    by_number: dict[Span, list[tuple[Cue, Mention]]] = {}
    for number, cue, mention in claims:
        by_number.setdefault(number.span, []).append((cue, mention))
    for told in by_number.values():
        best_cue, best = min(told, key=lambda pair: pair[1].distance)
        for cue, mention in told:
            if best_cue.property in cue.overrules:
                best_cue, best = cue, mention
        yield best


def _chosen(mentions: Sequence[Mention]) -> Figure:
    """Return the value that most speaks for, with what speaks for it."""
    weight: dict[Decimal, float] = {}
    spans: dict[Decimal, list[Span]] = {}
    firm = [m for m in mentions if not m.part and not m.more and not m.denied and not m.faded]
    for mention in mentions:
        own = 1.0 + 1.5 * mention.total + mention.lead - 1.5 * mention.part - 2.0 * mention.faded
        own -= (
            0.3 * (not mention.exact)
            + 1.2 * (mention.more and bool(firm))
            + 1.5 * (mention.denied and bool(firm))
        )
        before = weight.get(mention.value)
        weight[mention.value] = own if before is None else max(before, own) + 0.6
        spans.setdefault(mention.value, []).append(mention.span)
    summed: set[Decimal] = set()
    for extra in (m for m in mentions if m.more and not m.part and not m.faded):
        base = _added_to(extra, firm)
        if base is None:
            continue
        value = base.value + extra.value
        if value in weight:
            weight[value] += 2.0
        elif base.spot or not any(m.value == extra.value for m in firm):
            summed.add(value)
            spans[value] = [base.span, extra.span]
            weight[value] = weight[base.value] + 0.1
    value = max(weight, key=lambda v: (round(weight[v], 3), v))
    chosen = [m for m in mentions if m.value == value]
    rivals = tuple(sorted({m.value for m in firm} - {value}))
    exact = all(m.exact for m in chosen)
    return Figure(
        mentions[0].property, value, tuple(spans[value]), _basis(value, chosen, rivals, summed), exact, rivals
    )


def _added_to(extra: Mention, firm: Sequence[Mention]) -> Mention | None:
    """Return the number to which 另有 adds *extra*: the last one before it, unless a total already."""
    earlier = [m for m in firm if m.span.end <= extra.span.start and m.value]
    base = max(earlier, key=lambda m: (m.spot, m.span.end), default=None)
    return base if base is not None and (base.spot or not base.total) else None


def _basis(value: Decimal, chosen: Sequence[Mention], rivals: Sequence[Decimal], summed: set[Decimal]) -> str:
    if value in summed:
        return "summed"
    if all(m.denied for m in chosen):
        return "denied"
    if rivals:
        return "contested"
    if not all(m.exact for m in chosen):
        return "rough"
    if len(chosen) > 1:
        return "repeated"
    return "total" if chosen[0].total else "single"
