"""Which shared data the answer rests on that is stale or failing.

A conclusion rests on a dataset if a premise of it lies in the dataset's graph. That is looked at when the
answer is told, not when it is derived, and only for the terms of the derivation that some dataset
describes: a report costs nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pyoxigraph import NamedNode, Triple

from kb.errors import both
from kb.inference.explanation.proof import instantiate
from kb.inference.interactive.derivation import Because
from kb.services.audience import Visible
from kb.services.findings import Findings
from kb.services.incident import TRUE, WORKING
from kb.sharing.failing import Failure
from kb.sharing.freshness import freshness
from kb.sharing.shared import Shared
from kb.sharing.shelf import Entry
from kb.srl.syntax import Term, TriplePattern


@dataclass(slots=True)
class Rest:
    """What rests on one dataset: which of its records, and what is concluded from them."""

    entry: Entry
    records: dict[NamedNode, None] = field(default_factory=dict)
    conclusions: dict[Term, None] = field(default_factory=dict)


def stale(shared: Shared, found: Findings, now: datetime, visible: Visible) -> list[dict[str, Any]]:
    """Return the datasets under the answer that are stale at *now*, or of which a record is failing.

    :param visible: which graphs the reader may see; what is wrong with a record stands in quarantine.
    """
    working = set(found.holders(TRUE, WORKING))
    told = []
    for rest in _rests(shared, found, working):
        entry = rest.entry
        fresh = freshness(shared.shelf.last_good(entry, now), entry.limit, now)
        declared = entry.declared
        failing: list[Failure] = []
        if declared is not None and visible(declared.quarantine):
            failing = [f for record in rest.records for f in shared.failing.of(declared.quarantine, record)]
        if fresh.state == "stale" or failing:
            told.append(
                {
                    "iri": entry.iri.value,
                    "label": both(entry.title),
                    "path": entry.path,
                    "department": found.value(entry.publisher),
                    "state": found.value(fresh.term),
                    "staleSince": fresh.stale_since.isoformat() if fresh.stale_since else None,
                    "lastDelivery": fresh.last.isoformat() if fresh.last else None,
                    "limit": entry.limit,
                    "supports": [found.value(term) for term in rest.conclusions],
                    "failing": [_failing(found, failure) for failure in failing],
                }
            )
    return told


def _rests(shared: Shared, found: Findings, working: set[Term]) -> Iterator[Rest]:
    rests: dict[NamedNode, Rest] = {}
    if shared.any:
        for triple, because in found.answer.derivation.resting_on(shared.describes):
            for premise in _premises(because):
                assert isinstance(premise.subject, NamedNode)
                for graph in shared.graphs_of(premise.subject):
                    entry = shared.of_graph(graph)
                    if entry is None or not shared.states(premise, graph):
                        continue
                    rest = rests.setdefault(graph, Rest(entry))
                    rest.records[premise.subject] = None
                    if triple.subject == found.answer.incident and triple.predicate not in working:
                        rest.conclusions[triple.object] = None
    yield from sorted(rests.values(), key=lambda rest: rest.entry.path)


def _premises(because: Because) -> Iterator[Triple]:
    """Yield the premises of an application of a rule that are about a named thing."""
    for element in because.rule.body:
        if isinstance(element, TriplePattern):
            s, p, o = (instantiate(term, because.bindings) for term in element.terms)
            if isinstance(s, NamedNode) and isinstance(p, NamedNode):
                yield Triple(s, p, o)


def _failing(found: Findings, failure: Failure) -> dict[str, Any]:
    return {
        "record": found.value(failure.record),
        "position": failure.position,
        "reasons": [both(text) for text in failure.reasons],
        "repairs": [both(text) for text in failure.repairs],
    }
