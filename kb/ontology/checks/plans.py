"""What is due for a plan: filing, drill, evaluation, and revision because something changed.

Which events there are, from which date they count and how often they recur is data (``xz:PlanClock``). Where
several clocks hold for a plan, the strictest counts. Revision triggers are computed: what a plan rests on and
that came into force after the plan was last revised.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from rdflib import DCTERMS, RDF, RDFS, Graph, Literal, URIRef
from rdflib.term import Node
from rdflib.xsd_datetime import parse_xsd_duration

from kb.clock import working_days_after
from kb.errors import Fault, Text
from kb.ontology.checks.finding import Finding, Severity, short
from kb.ontology.checks.provisions import NS, validity
from kb.ontology.statements import Places

SHOWN = 4
"""How many changes a revision trigger names; it says how many more there are."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until which *day* an *event*, a property that records its day, must happen to a *plan* by a *clock*."""

    plan: URIRef
    event: URIRef
    clock: URIRef
    day: date


def deadlines(graph: Graph, on: date) -> Iterator[Deadline]:
    """Yield the strictest deadline of each event of each plan, by the clocks in force on a day."""
    for plan in _plans(graph):
        strictest: dict[URIRef, Deadline] = {}
        for clock in graph.subjects(RDF.type, NS.PlanClock):
            first, last = validity(graph, clock)
            if not first <= on <= last or not _holds(graph, clock, plan):
                continue
            day, event = _deadline(graph, clock, plan), graph.value(clock, NS.records)
            if day is None or not isinstance(event, URIRef) or not isinstance(clock, URIRef):
                continue
            if event not in strictest or day < strictest[event].day:
                strictest[event] = Deadline(plan, event, clock, day)
        yield from sorted(strictest.values(), key=lambda one: one.day)


def due(graph: Graph, places: Places, on: date) -> Iterator[Finding]:
    """Yield what is due or overdue on the day *on* by the clocks of plans."""
    for one in deadlines(graph, on):
        if one.day > on:
            continue
        plan, what = _text(graph, one.plan, RDFS.label), _text(graph, one.clock, RDFS.label)
        clause = graph.value(one.clock, DCTERMS.source)
        told = one.event if (one.plan, one.event, None) in graph else graph.value(one.clock, NS.countsFrom)
        place = places.of(str(one.plan), str(told))
        basis = _text(graph, clause, RDFS.label) if clause is not None else Text("", "")
        yield Finding(
            Severity.WARNING,
            Fault(
                "plan.due",
                Text(
                    f"{plan.zh}：{what.zh}，最迟 {one.day}（{basis.zh}）",
                    f"{plan.en}: {what.en}, by {one.day} ({basis.en})",
                ),
                str(place) if place else short(one.plan),
                Text(f"办理后写明 {short(one.event)}", f"when it is done, write {short(one.event)}"),
            ),
        )


def changed(graph: Graph, plan: Node, on: date) -> tuple[date, list[tuple[date, Node]]] | None:
    """Return when *plan* was last revised, and what it rests on that came into force since."""
    basis = NS.revisedOn if (plan, NS.revisedOn, None) in graph else NS.publishedOn
    since = _date(graph, plan, basis)
    if since is None:
        return None
    found = sorted(
        (first, record)
        for record in _foundations(graph, plan)
        if since < (first := validity(graph, record)[0]) <= on
    )
    return (since, found) if found else None


def revisions(graph: Graph, places: Places, on: date) -> Iterator[Finding]:
    """Yield plans that must be looked at because what they rest on changed since they were last revised."""
    for plan in _plans(graph):
        found = changed(graph, plan, on)
        if found is None:
            continue
        since, records = found
        named = [f"{short(record)} ({first})" for first, record in records[:SHOWN]]
        more = len(records) - len(named)
        zh, en = (f" 等另 {more} 项", f" and {more} more") if more else ("", "")
        basis = NS.revisedOn if (plan, NS.revisedOn, None) in graph else NS.publishedOn
        place = places.of(str(plan), str(basis))
        label = _text(graph, plan, RDFS.label)
        yield Finding(
            Severity.WARNING,
            Fault(
                "plan.revision",
                Text(
                    f"{label.zh}自 {since} 后未修订，其依据有变：{'、'.join(named)}{zh}",
                    f"{label.en} was last revised on {since}; since then changed: {', '.join(named)}{en}",
                ),
                str(place) if place else short(plan),
                Text("评估是否修订，修订后写明 xz:revisedOn", "see whether to revise it; write xz:revisedOn"),
            ),
        )


def _plans(graph: Graph) -> list[URIRef]:
    return sorted(p for p in graph.subjects(RDF.type, NS.Plan) if isinstance(p, URIRef))


def _holds(graph: Graph, clock: Node, plan: Node) -> bool:
    """Whether *clock* is for plans of this type of incident and this area."""
    types = set(graph.objects(plan, NS.appliesTo))
    wider = {w for t in types for w in graph.transitive_objects(t, RDFS.subClassOf)}
    return bool(wider & set(graph.objects(clock, NS.plansOn))) and bool(
        set(graph.objects(clock, NS.jurisdiction)) & set(graph.objects(plan, NS.jurisdiction))
    )


def _deadline(graph: Graph, clock: Node, plan: Node) -> date | None:
    """Return until when the event of *clock* must happen (again); ``None``: never, or it cannot be told."""
    event, basis, within = (graph.value(clock, p) for p in (NS.records, NS.countsFrom, NS.dueWithin))
    assert isinstance(event, URIRef)
    last = _date(graph, plan, event)
    start = _date(graph, plan, basis) if isinstance(basis, URIRef) else None
    once = (clock, NS.once, Literal(True)) in graph
    if once and last is not None and (start is None or last >= start):
        return None
    begin = start if once or last is None else last
    if begin is None or within is None:
        return None
    if (clock, NS.workingDays, Literal(True)) in graph:
        return working_days_after(begin, parse_xsd_duration(str(within)).days)
    moment = datetime.combine(begin, time()) + parse_xsd_duration(str(within))
    return moment.date()


def _foundations(graph: Graph, plan: Node) -> set[Node]:
    """Return what a plan rests on: provisions for its types, their laws, transfers of their functions."""
    types = set(graph.objects(plan, NS.appliesTo))
    narrower = {n for t in types for n in graph.transitive_subjects(RDFS.subClassOf, t)}
    areas = set(graph.objects(plan, NS.jurisdiction))
    records = {
        record
        for type_ in narrower
        for record in graph.subjects(NS.appliesTo, type_)
        if record != plan and areas & set(graph.objects(record, NS.jurisdiction))
    }
    laws = {
        law
        for record in records
        for clause in graph.objects(record, DCTERMS.source)
        for law in graph.objects(clause, NS.clauseOf)
    }
    functions = {f for record in records for f in graph.objects(record, NS.function)}
    return records | laws | {t for f in functions for t in graph.subjects(NS.transfers, f)}


def _date(graph: Graph, subject: Node, predicate: Node) -> date | None:
    found = [v.toPython() for v in graph.objects(subject, predicate) if isinstance(v, Literal)]
    return max(found, default=None)


def _text(graph: Graph, subject: Node, predicate: URIRef) -> Text:
    found = {t.language: str(t) for t in graph.objects(subject, predicate) if isinstance(t, Literal)}
    return Text(found.get("zh", short(subject)), found.get("en", short(subject)))
