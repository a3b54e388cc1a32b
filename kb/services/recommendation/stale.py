"""Which records the answer rests on that are stale or failing: of an overdue dataset, or in quarantine.

A conclusion rests on a record if a premise of it, or of what it was concluded from, stands in the dataset of
the record and nowhere else that rules read. That is looked at when the answer is told, not when it is
derived, and only for the terms of the derivation that some dataset describes: a report costs nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pyoxigraph import NamedNode, Triple

from kb.catalogue.shared import Shared
from kb.catalogue.shelf import Entry
from kb.errors import both
from kb.inference.explanation.proof import instantiate
from kb.inference.interactive.derivation import Because
from kb.services.audience import Visible
from kb.services.findings import Findings
from kb.services.incident import TRUE, WORKING
from kb.sharing.quarantine import Quarantined
from kb.srl.syntax import TriplePattern

SHOWN = 20
"""Records and conclusions that are named of each dataset; the counts say how many there are."""


@dataclass(slots=True)
class Rest:
    """What rests on one dataset: which of its records, and what is concluded from them."""

    entry: Entry
    records: dict[NamedNode, None] = field(default_factory=dict)
    conclusions: dict[Triple, None] = field(default_factory=dict)


def stale(shared: Shared, found: Findings, now: datetime, visible: Visible) -> list[dict[str, Any]]:
    """Return the datasets under the answer that are overdue at *now*, or of which a record is failing.

    :param visible: which graphs the reader may see; what is wrong with a record stands in quarantine.
    """
    told = []
    for rest in _rests(shared, found):
        entry = rest.entry
        if not visible(entry.graph):
            continue
        fresh = shared.shelf.freshness(entry, now)
        failing = _failures(shared, rest, visible)
        if fresh.overdue or failing:
            told.append(
                {
                    "iri": entry.iri.value,
                    "label": both(entry.title),
                    "path": entry.path,
                    "department": found.value(entry.publisher),
                    "state": found.value(fresh.term),
                    "overdueSince": fresh.overdue_since.isoformat() if fresh.overdue_since else None,
                    "lastDelivery": fresh.last.isoformat() if fresh.last else None,
                    "limit": entry.limit,
                    "recordCount": len(rest.records),
                    "records": [found.value(record) for record in list(rest.records)[:SHOWN]],
                    "supportCount": len(rest.conclusions),
                    "supports": [_conclusion(found, triple) for triple in list(rest.conclusions)[:SHOWN]],
                    "failing": [_failing(found, record, one) for record, one in failing[:SHOWN]],
                }
            )
    return told


def _rests(shared: Shared, found: Findings) -> list[Rest]:
    """Return what rests on which dataset, by its path."""
    if not shared.any:
        return []
    rests: dict[NamedNode, Rest] = {}
    marks: dict[Triple, set[NamedNode]] = {}
    derivation = found.answer.derivation
    for triple, because in derivation.resting_on(shared.describes):
        for premise in _premises(because):
            graphs = [graph for graph in shared.stating(premise) if found.reads(graph)]
            entries = [shared.of_graph(graph) for graph in graphs]
            for entry in entries if all(entries) else ():
                assert entry is not None
                assert isinstance(premise.subject, NamedNode)
                rests.setdefault(entry.graph, Rest(entry)).records[premise.subject] = None
                marks.setdefault(triple, set()).add(entry.graph)
    if marks:
        working = set(found.holders(TRUE, WORKING))
        for triple, graphs_below in derivation.spread(marks).items():
            if triple.subject == found.answer.incident and triple.predicate not in working:
                for graph in graphs_below:
                    rests[graph].conclusions[triple] = None
    return sorted(rests.values(), key=lambda rest: rest.entry.path)


def _failures(shared: Shared, rest: Rest, visible: Visible) -> list[tuple[NamedNode, Quarantined]]:
    declared = rest.entry.declared
    if declared is None or not visible(declared.quarantine):
        return []
    return [(record, one) for record in rest.records for one in shared.failing(rest.entry, record)]


def _conclusion(found: Findings, triple: Triple) -> dict[str, Any]:
    return {**found.value(triple.object), "relation": found.value(triple.predicate)}


def _premises(because: Because) -> Iterator[Triple]:
    """Yield the premises of an application of a rule that are about a named thing."""
    for element in because.rule.body:
        if isinstance(element, TriplePattern):
            s, p, o = (instantiate(term, because.bindings) for term in element.terms)
            if isinstance(s, NamedNode) and isinstance(p, NamedNode):
                yield Triple(s, p, o)


def _failing(found: Findings, record: NamedNode, one: Quarantined) -> dict[str, Any]:
    problems = one.rejected.problems
    return {
        "record": found.value(record),
        "position": one.rejected.position,
        "reasons": [both(problem.message) for problem in problems],
        "repairs": [both(problem.repair) for problem in problems if problem.repair],
    }
