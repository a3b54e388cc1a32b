"""Which type of incident a text tells of, ranked, with the words that say so.

A name of a type (label, synonym, hidden label) is evidence for it: more for a long name, in the first
sentences, or beside 发生; less in an aside about other events; none where it is denied or an exercise. What
is said of a wider type supports those below it that are named themselves, so the most specific type that
the words name leads.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyoxigraph import NamedNode

from kb.words.lexicon import Lexicon
from kb.words.text import Span, Spans, Words

LEAD = 4
"""Sentences that tell the news: headline and date line, and the two after them."""
NEAR, BEFORE = 6, 12
"""Characters between 发生 and the name; before the name for what denies or supposes it."""
INHERITED = 0.8
"""Of the evidence for a wider type, what counts for one below it."""
REPEATED = 0.3
"""Of the weight of every mention but the best, what counts."""
FEW = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """A type that the words may mean, the share of the evidence for it (0 to 1), and the words."""

    type: NamedNode
    share: float
    spans: tuple[Span, ...]


def kinds(words: Words, lexicon: Lexicon) -> list[Kind]:
    """Return the types that *words* may tell of, the likeliest first; none where no type is named."""
    own, spans = _evidence(words, lexicon)
    full = {
        type_: weight + INHERITED * sum(own.get(wider, 0.0) for wider in lexicon.wider(type_))
        for type_, weight in own.items()
    }
    total = sum(own.values()) or 1.0
    ranked = sorted(full, key=lambda type_: (-full[type_], spans[type_][0].start, str(type_)))
    return [Kind(type_, min(full[type_] / total, 1.0), tuple(spans[type_])) for type_ in ranked[:FEW]]


def _evidence(words: Words, lexicon: Lexicon) -> tuple[dict[NamedNode, float], dict[NamedNode, list[Span]]]:
    text = words.folded
    happening = lexicon.group("happening", text)
    discounts = {name: lexicon.group(name, text) for name in ("denied", "supposed", "elsewhere")}
    weights: dict[NamedNode, list[float]] = {}
    spans: dict[NamedNode, list[Span]] = {}
    for word, at in lexicon.of_types.find(text):
        weight = _weight(at, words, happening, discounts)
        types = lexicon.types[word]
        if weight > 0:
            for type_ in types:
                weights.setdefault(type_, []).append(weight / len(types))
                spans.setdefault(type_, []).append(at)
    return {type_: _together(found) for type_, found in weights.items()}, spans


def _together(weights: list[float]) -> float:
    """Return the weight of several mentions: repeating counts, at most as much as the best one."""
    best = max(weights)
    return best + min(best, REPEATED * (sum(weights) - best))


def _weight(at: Span, words: Words, happening: Spans, discounts: dict[str, Spans]) -> float:
    clause = words.clause(at.start)
    floor = max(clause, at.start - BEFORE)

    def before(name: str) -> bool:
        return bool(discounts[name].inside(floor, at.start))

    if before("denied") or before("supposed"):
        return 0.0
    weight = 0.5 + 0.25 * min(at.end - at.start, 6)
    sentence = words.sentence(at.start)
    if sentence < LEAD:
        weight *= 2.0
    if any(at.start - span.end <= NEAR for span in happening.inside(clause, at.start)[-1:]):
        weight *= 1.5
    if before("elsewhere"):
        weight *= 0.3
    return weight
