"""A text as the readers see it: folded one character for one, cut into clauses and sentences."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property

from kb.words import WordsRefused

LONGEST = 6_000
"""Characters of a text. The longest of 207 news flashes has 1,466; a form of the page has room for 7,000."""
_FOLD = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {
    ord("　"): " ", ord("〇"): "零", ord("○"): "零", ord("／"): "/", ord("～"): "~",
}  # fmt: skip
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ud800-\udfff]"
)
_SENTENCE = re.compile(r"[。!?;\n]")
_CLAUSE = re.compile(r"[。!?;\n,、:]")
_KEPT = str.maketrans({"，": ",", "；": ";", "：": ":", "！": "!", "？": "?"})


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a text: ``text[start:end]``."""

    start: int
    end: int


class Spans(tuple[Span, ...]):
    """Places in the order of a text, none overlapping another."""

    def inside(self, low: int, high: int) -> Spans:
        """Return those that lie between the characters *low* and *high*."""
        first = bisect_left(self, low, key=lambda span: span.start)
        last = bisect_right(self, high, lo=first, key=lambda span: span.end)
        return Spans(self[first:last])

    def around(self, span: Span) -> int:
        """Return the number of the place that holds *span*; -1 for none."""
        number = bisect_right(self, span.start, key=lambda one: one.start) - 1
        return number if number >= 0 and span.end <= self[number].end else -1


@dataclass(frozen=True)
class Words:
    """A text that can be read: *folded* is as long as *original*, character by character."""

    original: str
    folded: str

    @classmethod
    def of(cls, text: str, longest: int = LONGEST) -> Words:
        """Return *text*, ready to be read.

        Full-width letters and digits become ASCII; what cannot be seen (controls, marks of direction,
        halves of characters) becomes a space.

        :raises WordsRefused: ``words.empty``, ``words.too-long``.
        """
        if len(text) > longest:
            raise WordsRefused.of(
                "words.too-long",
                f"文字有 {len(text)} 字，最多 {longest} 字",
                f"the text has {len(text)} characters, {longest} at most",
                where="words",
                repair=("只粘贴讲述事件的一段", "paste only what tells of the incident"),
            )
        seen = _UNSEEN.sub(" ", text)
        if not seen.strip():
            raise WordsRefused.of("words.empty", "没有文字", "there are no words", where="words")
        return cls(seen, seen.translate(_FOLD).translate(_KEPT))

    @cached_property
    def _clauses(self) -> list[int]:
        return [0, *(found.end() for found in _CLAUSE.finditer(self.folded))]

    @cached_property
    def _sentences(self) -> list[int]:
        return [0, *(found.end() for found in _SENTENCE.finditer(self.folded))]

    def clause(self, at: int) -> int:
        """Return where the clause begins that holds the character *at*."""
        return self._clauses[bisect_right(self._clauses, at) - 1]

    def clause_end(self, at: int) -> int:
        """Return where that clause ends, behind its mark."""
        return _next(self._clauses, at, len(self.folded))

    def sentence(self, at: int) -> int:
        """Return the number of the sentence that holds the character *at*, from 0."""
        return bisect_right(self._sentences, at) - 1

    def sentence_start(self, at: int) -> int:
        """Return where that sentence begins."""
        return self._sentences[self.sentence(at)]

    def sentence_end(self, at: int) -> int:
        """Return where that sentence ends, behind its mark."""
        return _next(self._sentences, at, len(self.folded))

    def cut(self, span: Span) -> str:
        """Return the words of *span* as they were written."""
        return self.original[span.start : span.end]


def _next(starts: list[int], at: int, end: int) -> int:
    place = bisect_right(starts, at)
    return starts[place] if place < len(starts) else end
