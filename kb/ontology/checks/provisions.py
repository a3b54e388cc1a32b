"""Provisions that contradict or repeat one another, rest on ended law, or on weak evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import combinations

from rdflib import DCTERMS, RDF, RDFS, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from kb.errors import Fault, Text
from kb.namespaces import ROOT, XZ
from kb.ontology.checks.finding import Finding, Severity, short
from kb.ontology.statements import Places

NS = Namespace(XZ)
LEAD = URIRef(ROOT + "kb/role/lead")
COMPARISONS = tuple(NS[name] for name in ("atLeast", "moreThan", "below", "atMost", "is"))
ALWAYS = (date.min, date.max)


def conflicts(graph: Graph, places: Places) -> Iterator[Finding]:
    """Yield what cannot both hold: two leads or plans for one type, one condition for two grades."""
    leads = set(graph.subjects(NS.role, LEAD))
    plans = set(graph.subjects(RDF.type, NS.Plan))
    for kind, zh, en in ((leads, "牵头职责", "lead duties"), (plans, "预案", "plans")):
        for one, other in _rivals(graph, kind):
            yield _finding(
                Severity.ERROR, "knowledge.conflict", one, places,
                Text(f"{short(one)} 与 {short(other)} 是同一类型、同一区域、同一时期的两个{zh}",
                     f"{short(one)} and {short(other)} are two {en} for one type, area and time"),
                Text("给旧的一个加 xz:validUntil，或让其中一个适用于更窄的类型",
                     "give the older one xz:validUntil, or let one apply to a narrower type"),
            )  # fmt: skip
    criteria: dict[tuple[object, ...], list[URIRef]] = defaultdict(list)
    for criterion, regime in graph.subject_objects(NS.regime):
        assert isinstance(criterion, URIRef)
        criteria[regime, frozenset(graph.objects(criterion, NS.condition))].append(criterion)
    for group in criteria.values():
        for one, other in combinations(sorted(group), 2):
            yield _finding(
                Severity.ERROR, "knowledge.conflict", one, places,
                Text(f"{short(one)} 与 {short(other)} 属于同一制度、条件相同",
                     f"{short(one)} and {short(other)} have the same conditions in one regime"),
                Text("删去其一，或改正条件", "take one out, or correct its conditions"),
            )  # fmt: skip


def repetitions(graph: Graph, places: Places) -> Iterator[Finding]:
    """Yield conditions that say the same, and provisions that say what a wider one already says."""
    same: dict[tuple[object, ...], list[URIRef]] = defaultdict(list)
    for condition in graph.subjects(RDF.type, NS.Condition):
        assert isinstance(condition, URIRef)
        test = [(p, v) for p in COMPARISONS for v in graph.objects(condition, p)]
        same[graph.value(condition, NS.measure), *test].append(condition)
    for group in same.values():
        for other in sorted(group)[1:]:
            yield _finding(
                Severity.WARNING, "knowledge.repeated", other, places,
                Text(f"{short(other)} 与 {short(sorted(group)[0])} 检验同样的条件",
                     f"{short(other)} tests the same as {short(sorted(group)[0])}"),
                Text(f"改用 {short(sorted(group)[0])}", f"use {short(sorted(group)[0])}"),
            )  # fmt: skip
    uses: dict[Node, list[URIRef]] = defaultdict(list)
    for use, module in graph.subject_objects(NS.module):
        assert isinstance(use, URIRef)
        uses[module].append(use)
    for group in uses.values():
        for one in sorted(group):
            wider = next((other for other in sorted(group) if _covers(graph, other, one)), None)
            if wider is not None:
                yield _finding(
                    Severity.WARNING, "knowledge.repeated", one, places,
                    Text(f"{short(one)} 所说的，{short(wider)} 已经说了",
                         f"{short(one)} says what {short(wider)} says already"),
                    Text("删去它，除非依据更强", "take it out, unless it rests on better ground"),
                )  # fmt: skip


def superseded(graph: Graph, places: Places, on: date) -> Iterator[Finding]:
    """Yield provisions in force on the day *on* that cite a source which has ended."""
    for record, clause in sorted(graph.subject_objects(DCTERMS.source)):
        law = graph.value(clause, NS.clauseOf)
        first, last = validity(graph, record)
        if law is None or graph.value(record, NS.validFrom) is None or not first <= on <= last:
            continue
        successor = graph.value(law, DCTERMS.isReplacedBy)
        if validity(graph, law)[1] < on or successor is not None:
            yield _finding(
                Severity.WARNING, "knowledge.superseded", record, places,
                Text(f"{short(record)} 仍然有效，但其依据{_label(graph, law).zh}已失效或被取代",
                     f"{short(record)} is in force, but its source, {_label(graph, law).en}, has ended"),
                Text(
                    f"改引 {short(successor)} 的条款，旧的加 xz:validUntil" if successor else "改引现行法律",
                    f"cite a clause of {short(successor)} and end the old one" if successor
                    else "cite the law in force",
                ),
            )  # fmt: skip


def weak(graph: Graph, places: Places) -> Iterator[Finding]:
    """Yield every record that rests on background knowledge alone, for experts to verify."""
    for record in sorted(graph.subjects(NS.evidence, Literal("background")), key=str):
        yield _finding(
            Severity.NOTE, "knowledge.background", record, places,
            Text(f"{short(record)} 只有背景知识为据", f"{short(record)} rests on background knowledge alone"),
            Text("核对原文后改为 primary", "verify it at the source, then write primary"),
        )  # fmt: skip


def validity(graph: Graph, record: Node) -> tuple[date, date]:
    """Return the first and the last day on which *record* is in force."""
    first, last = graph.value(record, NS.validFrom), graph.value(record, NS.validUntil)
    return (
        first.toPython() if isinstance(first, Literal) else date.min,
        last.toPython() if isinstance(last, Literal) else date.max,
    )


def _rivals(graph: Graph, records: set[Node]) -> Iterator[tuple[URIRef, URIRef]]:
    by_scope: dict[tuple[Node, Node], list[URIRef]] = defaultdict(list)
    for record in records:
        if not list(graph.objects(record, NS.condition)):
            for type_ in graph.objects(record, NS.appliesTo):
                for area in graph.objects(record, NS.jurisdiction):
                    assert isinstance(record, URIRef)
                    by_scope[type_, area].append(record)
    found = set()
    for group in by_scope.values():
        for one, other in combinations(sorted(group), 2):
            (a, b), (c, d) = validity(graph, one), validity(graph, other)
            if max(a, c) <= min(b, d):
                found.add((one, other))
    yield from sorted(found)


def _covers(graph: Graph, wider: URIRef, one: URIRef) -> bool:
    """Whether the use *wider* brings in the module whenever *one* does."""
    if wider == one or set(graph.objects(wider, NS.condition)) - set(graph.objects(one, NS.condition)):
        return False
    (a, b), (c, d) = validity(graph, wider), validity(graph, one)
    if not (a <= c and d <= b) or not set(graph.objects(wider, NS.jurisdiction)) >= set(
        graph.objects(one, NS.jurisdiction)
    ):
        return False
    types = set(graph.objects(one, NS.appliesTo))
    above = set(graph.objects(wider, NS.appliesTo))
    covered = all(above & set(graph.transitive_objects(t, RDFS.subClassOf)) for t in types)
    same = types == above and set(graph.objects(wider, NS.condition)) == set(graph.objects(one, NS.condition))
    return covered and not (same and wider > one)  # of two equal ones the second repeats the first


def _label(graph: Graph, term: Node) -> Text:
    texts = {t.language: str(t) for t in graph.objects(term, RDFS.label) if isinstance(t, Literal)}
    return Text(texts.get("zh", short(term)), texts.get("en", short(term)))


def _finding(
    severity: Severity, code: str, record: Node, places: Places, words: Text, repair: Text
) -> Finding:
    place = places.of(str(record))
    return Finding(severity, Fault(code, words, str(place) if place else short(record), repair))
