"""Everything that a text tells of an incident, by the keys of a report, with words and confidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import yaml
from pyoxigraph import NamedNode

from kb.city.naming import Namer
from kb.errors import Text
from kb.namespaces import xz
from kb.ontology.names import about_incidents
from kb.report.vocabulary import Vocabulary
from kb.store.protocol import Change, Store
from kb.words.figures import figures
from kb.words.gazetteer import Gazetteer
from kb.words.kinds import Kind, kinds
from kb.words.lexicon import NAMING, Lexicon
from kb.words.moments import heading, moment
from kb.words.places import Place, place
from kb.words.text import Span, Words

TYPE, TIME, PLACE, ADDRESS, SUBSTANCE = "type", "time", "grid", "address", "substance"
CLEAR, AHEAD = 0.7, 0.2
"""The share of evidence that makes a type clear; the lead over the next that makes it likely."""
_NAMING = {*NAMING, xz("word"), xz("code"), xz("afterNumber"), xz("beforeNumber"), xz("cueOf")}
MANY = 1_000
"""A larger change is not searched: words may have changed."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One value that a text proposes for *key* of a report.

    :param value: as a report has it: an IRI, a code, a number, a time in ISO 8601 or a text.
    :param spans: the words that it comes from, the first one first.
    :param basis: what it rests on; see ``kb/services/words_read`` for the sentences.
    :param confidence: how often readings with this basis were right where it was measured; else ``None``.
    :param others: other values, the likeliest first.
    """

    key: str
    value: str | int | Decimal
    spans: tuple[Span, ...]
    basis: str
    confidence: float | None
    others: tuple[str | int | Decimal, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Read:
    """What a text tells: its readings by key, and when it was said."""

    words: Words
    reported: datetime
    readings: Mapping[str, Reading]


class Reader:
    """Reads texts with the words and divisions of one store; made ready at the first text."""

    def __init__(self, store: Store, vocabulary: Vocabulary, namer: Namer) -> None:
        self._store, self._vocabulary, self._namer = store, vocabulary, namer
        self._ready: tuple[Lexicon, Gazetteer] | None = None
        store.subscribe(self._forget)

    def read(self, text: str, now: datetime, *, reported: datetime | None = None) -> Read:
        """Return what *text* tells of one incident.

        :param now: the time of day; nothing happened later.
        :param reported: when the words were said, where that is known; else the date in their first line,
            or *now*.
        :raises WordsRefused: ``words.empty``, ``words.too-long``.
        """
        words = Words.of(text)
        lexicon, gazetteer = self.prepare()
        dated, begin = heading(words)
        said = min(reported or dated or now, now)
        types = kinds(words, lexicon)
        found: dict[str, Reading] = {}
        for reading in (
            *_types(types),
            *self._when(words, said, begin, types, lexicon),
            *_where(place(words, gazetteer, lexicon), words),
            *self._figures(words, lexicon, said),
            *_substances(words, lexicon),
        ):
            found[reading.key] = reading
        return Read(words, said, found)

    def full_name(self, code: str) -> Text:
        """Return the division *code* with those around it."""
        _, gazetteer = self.prepare()
        chain = [*gazetteer.around(gazetteer[code]), gazetteer[code]]
        english = [self._namer.name(division.name).place.en for division in reversed(chain)]
        return Text("".join(division.name for division in chain), ", ".join(english))

    def prepare(self) -> tuple[Lexicon, Gazetteer]:
        """Return the words and the gazetteer of the store, read when they are first needed."""
        if self._ready is None:
            lexicon = Lexicon(self._store)
            self._ready = lexicon, Gazetteer(self._store, self._namer, lexicon.groups_of("abroad"))
        return self._ready

    @staticmethod
    def _when(
        words: Words, said: datetime, begin: int, types: list[Kind], lexicon: Lexicon
    ) -> Iterator[Reading]:
        told = moment(words, said, begin, types, lexicon)
        if told is not None:
            at = told.at.isoformat()
            yield Reading(TIME, at, (told.span,), told.precision, confidence(TIME, told.precision))

    def _figures(self, words: Words, lexicon: Lexicon, said: datetime) -> Iterator[Reading]:
        for property_, figure in figures(words, lexicon, said).items():
            field_ = self._vocabulary.of_property(property_)
            if field_ is not None:
                sure = confidence("figure", figure.basis)
                others = tuple(_number(other) for other in figure.others)
                yield Reading(field_.key, _number(figure.value), figure.spans, figure.basis, sure, others)

    def _forget(self, change: Change) -> None:
        if about_incidents(change):
            return
        quads = (*change.additions, *change.removals)
        if len(quads) > MANY or any(quad.predicate in _NAMING for quad in quads):
            self._ready = None


def _types(types: list[Kind]) -> Iterator[Reading]:
    if types:
        first, second = types[0], types[1].share if len(types) > 1 else 0.0
        basis = "clear" if first.share >= CLEAR and second < CLEAR else (
            "leading" if first.share - second >= AHEAD else "contested"
        )  # fmt: skip
        others = tuple(kind.type.value for kind in types[1:])
        yield Reading(TYPE, first.type.value, first.spans, basis, confidence(TYPE, basis), others)


def _where(found: Place | None, words: Words) -> Iterator[Reading]:
    if found is None:
        return
    if found.division is not None:
        others = tuple(other.code for other in found.others)
        sure = confidence(PLACE, found.basis)
        yield Reading(PLACE, found.division.code, (found.span,), found.basis, sure, others)
    yield Reading(ADDRESS, words.cut(found.address), (found.address,), found.basis, None)


def _substances(words: Words, lexicon: Lexicon) -> Iterator[Reading]:
    found: dict[NamedNode, tuple[str, Span]] = {}
    for word, span in lexicon.of_substances.find(words.folded):
        found.setdefault(lexicon.substances[word][0], (word, span))
    if found:
        named, spans = zip(*found.values(), strict=True)
        yield Reading(SUBSTANCE, "、".join(named), tuple(spans), "named", None)


def _number(value: Decimal) -> int | Decimal:
    return (
        int(value)
        if value == value.to_integral_value() and value.as_tuple().exponent == 0
        else value.normalize()
    )


@cache
def _measured() -> Mapping[str, Mapping[str, float]]:
    path = Path(__file__).with_name("confidence.yaml")
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def confidence(kind: str, basis: str) -> float | None:
    """Return how often readings of *kind* with this *basis* were right; ``None``: not measured."""
    return _measured().get(kind, {}).get(basis)
