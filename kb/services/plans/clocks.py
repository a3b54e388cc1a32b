"""What is due for plans, and when: the clocks of the ontology over the days that the flow recorded.

The same checks read files (``xiezhi check``); here they read the knowledge in the store, and of each plan the
days of the edition in force.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad
from rdflib import Graph, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.namespace import XSD
from rdflib.xsd_datetime import parse_xsd_duration

from kb.errors import Text, both
from kb.namespaces import DCTERMS_SOURCE, RDF_TYPE, RDFS, RDFS_LABEL, xz
from kb.ontology.checks import plans as checks
from kb.ontology.checks.finding import Finding
from kb.ontology.statements import Places
from kb.services.naming import named
from kb.services.plans import editions
from kb.services.plans.content import is_knowledge
from kb.services.workspace import Workspace
from kb.store.protocol import Change

REGISTERED = ("publishedOn", "filedOn", "drilledOn", "evaluatedOn")
"""What the flow records and the clocks of plans look at."""
ABOUT = (
    DCTERMS_SOURCE, NamedNode(RDFS + "subClassOf"),
    *map(xz, (
        "appliesTo", "jurisdiction", "validFrom", "validUntil", "clauseOf", "function", "transfers",
        "plansOn", "records", "countsFrom", "once", "workingDays", "dueWithin", "publishedOn", "filedOn",
        "drilledOn", "evaluatedOn", "revisedOn",
    )),
)  # fmt: skip
"""The properties that clocks and revision triggers look at."""
CLOCK = xz("PlanClock")
OVERDUE, SOON, AHEAD = (
    Text("已逾期", "overdue"),
    Text("即将到期", "due soon"),
    Text("未到期", "not yet due"),
)
URGENCY = {"overdue": OVERDUE, "soon": SOON, "ahead": AHEAD}


@dataclass(frozen=True, slots=True)
class Told:
    """Of one plan: its *deadlines*, the next first, and what *changed* since it was revised (or ``None``)."""

    deadlines: tuple[dict[str, Any], ...] = ()
    changed: dict[str, Any] | None = None


class Clocks:
    """The clocks of plans over one workspace. Reads its knowledge once, and anew when that changes."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._graph: Graph | None = None
        workspace.store.subscribe(self._forget)

    def findings(self, on: date) -> list[Finding]:
        """Return what is due on a day, and which plans rest on what has changed, in words."""
        nowhere = Places([])
        with self._with_days(on) as graph:
            return [*checks.due(graph, nowhere, on), *checks.revisions(graph, nowhere, on)]

    def told(self, on: date) -> dict[NamedNode, Told]:
        """Return what is due for each plan, past or to come, as JSON."""
        found: dict[NamedNode, Told] = {}
        with self._with_days(on) as graph:
            deadlines: dict[NamedNode, list[dict[str, Any]]] = {}
            for one in checks.deadlines(graph, on):
                deadlines.setdefault(NamedNode(str(one.plan)), []).append(self._deadline(one, on))
            for plan in editions.every(self._workspace, editions.PLAN):
                changed = checks.changed(graph, URIRef(plan.value), on)
                found[plan] = Told(
                    tuple(deadlines.get(plan, ())), None if changed is None else self._changed(*changed)
                )
        return found

    def _deadline(self, one: checks.Deadline, on: date) -> dict[str, Any]:
        workspace, clock = self._workspace, NamedNode(str(one.clock))
        reminds = (q.object for q in workspace.store.match(clock, xz("remindsWithin"), None))
        ahead = next((parse_xsd_duration(r.value) for r in reminds if isinstance(r, Literal)), None)
        urgency = "overdue" if one.day < on else "soon" if ahead and one.day <= on + ahead else "ahead"
        clause = next((q.object for q in workspace.store.match(clock, DCTERMS_SOURCE, None)), None)
        return {
            "clock": named(workspace, clock),
            "by": one.day.isoformat(),
            "urgency": {"name": urgency, "label": both(URGENCY[urgency])},
            "clause": named(workspace, clause),
        }

    def _changed(self, since: date, records: list[tuple[date, Any]]) -> dict[str, Any]:
        workspace = self._workspace
        return {
            "since": since.isoformat(),
            "records": [
                {**named(workspace, NamedNode(str(record))), "from": first.isoformat()}
                for first, record in records
            ],
        }

    @contextmanager
    def _with_days(self, on: date) -> Iterator[Graph]:
        """Yield what clocks look at, the days of the editions in force among it."""
        with self._lock:
            if self._graph is None:
                self._graph = _read(self._workspace)
            days = [
                (URIRef(plan.value), URIRef(property_.value), RdfLiteral(day, datatype=XSD.date))
                for plan, property_, day in _registered(self._workspace, on)
            ]
            new = [triple for triple in days if triple not in self._graph]
            for triple in new:
                self._graph.add(triple)
            try:
                yield self._graph
            finally:
                for triple in new:
                    self._graph.remove(triple)

    def _forget(self, change: Change) -> None:
        if any(is_knowledge(quad) for quad in (*change.additions, *change.removals)):
            self._graph = None


def _read(workspace: Workspace) -> Graph:
    store, graph = workspace.store, Graph()
    found = [quad for property_ in ABOUT for quad in store.match(None, property_, None)]
    named_ = {quad.object for quad in found if quad.predicate == DCTERMS_SOURCE}
    for kind in (editions.PLAN, CLOCK):
        typed = list(store.match(None, RDF_TYPE, kind))
        found += typed
        named_.update(quad.subject for quad in typed if isinstance(quad.subject, NamedNode))
    for node in named_:
        if isinstance(node, NamedNode):
            found += store.match(node, RDFS_LABEL, None)
    for quad in found:
        if is_knowledge(quad) and isinstance(quad.subject, NamedNode):
            graph.add((URIRef(quad.subject.value), URIRef(quad.predicate.value), _term(quad)))
    return graph


def _term(quad: Quad) -> URIRef | RdfLiteral:
    term = quad.object
    if isinstance(term, Literal):
        return RdfLiteral(
            term.value, lang=term.language, datatype=None if term.language else URIRef(term.datatype.value)
        )
    return URIRef(str(getattr(term, "value", term)))


def _registered(workspace: Workspace, on: date) -> Iterator[tuple[NamedNode, NamedNode, str]]:
    for plan in editions.every(workspace, editions.PLAN):
        life = editions.in_force(editions.editions(workspace, plan), on)
        if life is None:
            continue
        for name in REGISTERED:
            for term in life.values.get(xz(name), ()):
                if isinstance(term, Literal):
                    yield plan, xz(name), term.value
