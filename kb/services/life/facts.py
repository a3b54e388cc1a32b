"""The facts of an incident over time: what each report changed, and what was known after it.

An event holds the facts that came and went as triple terms. Added up from the first event on they give all
that was known at any time, so every past recommendation can be derived again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pyoxigraph import NamedNode, Triple

from kb.flow.event import Event, Values
from kb.report.values import plain
from kb.services.life import terms
from kb.store.protocol import Term


@dataclass(frozen=True, slots=True)
class Version:
    """What was known of an incident after the event *number*, a report or a merger."""

    number: int
    at: datetime
    facts: frozenset[Triple]
    release: str = ""


def difference(before: Iterable[Triple], after: Iterable[Triple]) -> tuple[list[Triple], list[Triple]]:
    """Return the facts that came and those that went; a value written otherwise is the same value."""
    old = {(t.predicate, plain(t.object)): t for t in before}
    new = {(t.predicate, plain(t.object)): t for t in after}
    return [t for key, t in new.items() if key not in old], [t for key, t in old.items() if key not in new]


def recorded(before: Iterable[Triple], after: Iterable[Triple]) -> dict[NamedNode, tuple[Term, ...]]:
    """Return the values by which an event tells what changed from *before* to *after*."""
    came, went = difference(before, after)
    changed = dict.fromkeys(t.predicate for t in (*came, *went))
    values: dict[NamedNode, tuple[Term, ...]] = {
        terms.ADDED: tuple(came),
        terms.REMOVED: tuple(went),
        terms.CHANGED: tuple(changed),
    }
    return {property_: found for property_, found in values.items() if found}


def versions(events: Iterable[Event]) -> Iterator[Version]:
    """Yield what was known after each of *events*, in order, that tells of facts."""
    facts: frozenset[Triple] = frozenset()
    for event in events:
        if tells(event.values):
            facts = (facts - _triples(event, terms.REMOVED)) | _triples(event, terms.ADDED)
            release = next(iter(event.values.get(terms.RELEASE, ())), None)
            yield Version(event.number, event.at, facts, getattr(release, "value", ""))


def tells(values: Values) -> bool:
    """Whether an event with *values* is a report: it says under which release it was answered."""
    return terms.RELEASE in values


def _triples(event: Event, property_: NamedNode) -> frozenset[Triple]:
    return frozenset(term for term in event.values.get(property_, ()) if isinstance(term, Triple))
