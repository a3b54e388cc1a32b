"""Cues and numbers brought together: which fact each number of a text tells, and how it is meant.

A number counts for a cue where its measure word fits (``6人``) or the cue stands right beside it
(``1死7伤``). A cue takes the nearest number before it; failing that, the one right behind it (``死亡6人``).
What is supposed (可能造成) or of something else (每年) is no mention; what is in brackets is told of
nothing outside them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pyoxigraph import NamedNode

from kb.words.lexicon import Cue, Lexicon
from kb.words.numerals import Number, numbers
from kb.words.text import Span, Spans, Words

CLOSE = 8
"""Characters between a denial and what it denies, and between a cue and the number behind it."""
FEW = 4
"""Numbers on either side of a cue that may be its own."""
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


_GROUPS = ("denied", "unreported", "supposed", "elsewhere", "part", "more", "total", "helpers", "recovered",
           "persons", "spot", "later")  # fmt: skip


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


def mentions(words: Words, lexicon: Lexicon, reported: datetime) -> list[Mention]:
    """Return every number that *words*, told at the time *reported*, tell of a fact, and every denial."""
    finder = _Finder(words, lexicon, reported)
    claims: list[tuple[Number, Cue, Mention]] = []
    zeros: list[Mention] = []
    for cue in lexicon.cues:
        if cue.only_with and not any(word in words.folded for word in cue.only_with):
            continue
        for word, at in finder.occurrences:
            if word in cue.none and (zero := finder.zero(cue, at)) is not None:
                zeros += zero
            elif (number := finder.number(cue, word, at)) is not None:
                mention = finder.mention(cue, number, at)
                if mention is not None:
                    claims.append((number, cue, mention))
    found = list(_settled(claims))
    # No casualties, and some: then the denial was of something else.
    told = {m.property for m in found if not m.part}
    denied_wrongly = {zero.span for zero in zeros if zero.property in told}
    return [*found, *(zero for zero in zeros if zero.span not in denied_wrongly)]


class _Finder:
    """The numbers, cues and groups of one text."""

    def __init__(self, words: Words, lexicon: Lexicon, reported: datetime) -> None:
        text = self._text = words.folded
        self._words = words
        self.occurrences = list(lexicon.of_cues.find(text))
        self._groups = {name: lexicon.group(name, text) for name in _GROUPS}
        cues = Spans(span for _, span in self.occurrences)
        self._groups["denied"] = Spans(s for s in self._groups["denied"] if cues.around(s) < 0)
        self._past = Spans(_past(text, reported))
        self._brackets = Spans(Span(*found.span()) for found in _BRACKETS.finditer(text))
        self._persons = {span.start for span in self._groups["persons"]}
        self._numbers: dict[int, list[Number]] = {}
        for number in numbers(words):
            self._numbers.setdefault(self._brackets.around(number.span), []).append(number)

    def number(self, cue: Cue, word: str, at: Span) -> Number | None:
        """Return the number that *word* of *cue* tells about, unless it is one of helpers, or denied."""
        beside = self._numbers.get(self._brackets.around(at), [])
        place = bisect_left(beside, at.start, key=lambda number: number.span.start)
        found = self._before(cue, at, beside[max(place - FEW, 0) : place]) if word in cue.after else None
        if found is None and word in cue.before:
            found = self._behind(cue, at, beside[place : place + FEW])
        if found is None:
            return None
        low, high = sorted((found.span.end, at.start))
        between = any(self._groups[name].inside(low, high) for name in ("helpers", "denied"))
        return None if between else found

    def _before(self, cue: Cue, at: Span, known: Sequence[Number]) -> Number | None:
        """Return the number that stands before the cue's word: 6人死亡, 一死一伤."""
        if known and known[-1].span.end == at.start:
            return known[-1]
        words = self._words
        floor = words.sentence_start(at.start) if cue.across else words.clause(at.start)
        near = [
            number
            for number in known
            if floor <= number.span.start
            and at.start - number.span.end - self._asides(number.span.end, at.start) <= cue.reach
            and self._counts(cue, number)
        ]
        return self._joined(near) if near else None

    def _joined(self, near: Sequence[Number]) -> Number:
        """Return the last of *near* with the one that 和 joins to it: 一名老人和两名儿童 are three."""
        last, other = near[-1], near[-2] if len(near) > 1 else None
        if other is None or other.value is None or last.value is None:
            return last
        close = last.span.start - other.span.end <= CLOSE
        if not close or self._text[last.span.start - 1] not in "和及与":
            return last
        span = Span(other.span.start, last.span.end)
        return Number(span, other.value + last.value, other.exact and last.exact)

    def _behind(self, cue: Cue, at: Span, known: Sequence[Number]) -> Number | None:
        """Return the number that stands behind the cue's word: 死亡6人, 死亡人数升至6人."""
        end = min(self._words.clause_end(at.start), at.end + CLOSE)
        reached = _GOES_TO.match(self._text, at.end)
        for number in known:
            if at.end <= number.span.start <= min(end, reached.end() if reached else at.end):
                measured = any(self._text.startswith(m, number.span.end) for m in cue.counted)
                return number if measured or _ENDS.match(self._text, number.span.end) else None
        return None

    def _counts(self, cue: Cue, number: Number) -> bool:
        """Whether *number* is followed by a measure word of *cue*, or by what people are called."""
        text, end = self._text, number.span.end
        if _NOT_PEOPLE.match(text, end):
            return False
        measured = any(text.startswith(measure, end) for measure in cue.counted)
        return measured or ("人" in cue.counted and end in self._persons)

    def _asides(self, start: int, end: int) -> int:
        return sum(bracket.end - bracket.start for bracket in self._brackets.inside(start, end))

    def zero(self, cue: Cue, at: Span) -> list[Mention] | None:
        """Return zero where the word at *at* is denied, nothing where nobody knows yet, else ``None``."""
        words, end = self._words, self._words.clause_end(at.start)
        denial = self._groups["denied"].inside(max(words.clause(at.start), at.start - 2 * CLOSE), at.start)
        if not denial or at.start - denial[-1].end > CLOSE:
            return None
        if self._groups["unreported"].inside(at.end, min(end, at.end + 2 * CLOSE)):
            return []
        lead = words.sentence(at.start) < LEAD
        return [Mention(cue.property, Decimal(0), Span(denial[-1].start, at.end), lead=lead, denied=True)]

    def mention(self, cue: Cue, number: Number, at: Span) -> Mention | None:
        """Return *number* as it is meant for *cue*; ``None`` where it does not tell of this incident."""
        start, end = min(number.span.start, at.start), max(number.span.end, at.end)
        clause, sentence = self._words.clause(start), self._words.sentence_start(start)
        groups = self._groups

        def near(group: str, floor: int, ceiling: int = start) -> bool:
            return bool(groups[group].inside(max(floor, start - BEFORE), ceiling))

        past = bool(self._past.inside(sentence, start))
        if number.value is None or past or near("supposed", sentence) or near("elsewhere", clause, end):
            return None
        later = bool(groups["spot"]) and bool(groups["later"].inside(start, end))
        return Mention(
            cue.property,
            number.value,
            Span(start, end),
            exact=number.exact,
            total=near("total", sentence, max(start, number.span.start)),
            part=near("part", clause),
            more=near("more", clause) or later,
            spot=near("spot", clause, end),
            lead=self._words.sentence(start) < LEAD,
            faded=near("recovered", clause, self._words.clause_end(end - 1)),
            distance=max(at.start - number.span.end, number.span.start - at.end),
        )


def _past(text: str, reported: datetime) -> Iterator[Span]:
    """Yield the years in *text* that are over; in January the last year is not."""
    for found in _YEAR.finditer(text):
        if int(found[1]) < reported.year - (reported.month == 1):
            yield Span(*found.span())


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
