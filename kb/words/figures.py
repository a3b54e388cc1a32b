"""Of several numbers told for a fact, the one that holds.

Sub-totals (其中) do not count; totals, the first sentences and repetition speak for a number, and 另有 adds
to what was told before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from pyoxigraph import NamedNode

from kb.words.lexicon import Lexicon
from kb.words.mentions import Mention, mentions
from kb.words.text import Span, Words


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
    for mention in mentions(words, lexicon, reported):
        told.setdefault(mention.property, []).append(mention)
    found = {property_: _chosen(found) for property_, found in told.items()}
    for cue in lexicon.cues:
        parts = [found[part] for part in sorted(cue.sum_of, key=str) if part in found]
        total = sum((part.value for part in parts), Decimal(0))
        if parts and (cue.property not in found or total > found[cue.property].value):
            spans = tuple(span for part in parts for span in part.spans)
            exact = all(part.exact for part in parts)
            found[cue.property] = Figure(cue.property, total, spans, "summed", exact)
    return found


def _chosen(told: Sequence[Mention]) -> Figure:
    """Return the value that most speaks for, with what speaks for it."""
    weight: dict[Decimal, float] = {}
    spans: dict[Decimal, list[Span]] = {}
    firm = [m for m in told if not m.part and not m.more and not m.denied and not m.faded]
    for mention in told:
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
    for extra in (m for m in told if m.more and not m.part and not m.faded):
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
    chosen = [m for m in told if m.value == value]
    rivals = tuple(sorted({m.value for m in firm} - {value}))
    exact = all(m.exact for m in chosen)
    return Figure(
        told[0].property, value, tuple(spans[value]), _basis(value, chosen, rivals, summed), exact, rivals
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
