"""A report and its response are stored together or not at all, once, and replaced as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, QuerySolutions, Store, Triple

from kb.errors import NotFound, ReportRejected
from kb.inference.interactive.derivation import Derivation
from kb.namespaces import DCTERMS, PROV, RDF_TYPE, ROOT, graph, xz
from kb.services import incident
from kb.services.incident import WORKING
from kb.services.workspace import Workspace

FIRE: dict[str, Any] = {"type": "建筑火灾", "grid": "370102001002", "deaths": 3, "missing": 1}


def quads_of(workspace: Workspace, name: str) -> set[Quad]:
    return set(workspace.store.match(None, None, None, graph(name)))


def as_stored(triples: Iterable[Triple]) -> set[Triple]:
    """Oxigraph keeps the value of a time and writes it its own way: ``+00:00`` comes back as ``Z``."""
    store = Store()
    store.extend(Quad(t.subject, t.predicate, t.object, NamedNode("urn:g")) for t in triples)
    return {quad.triple for quad in store}


def test_a_report_is_one_entry_of_the_journal_with_its_actor_and_reason(workspace: Workspace) -> None:
    before = workspace.store.sequence
    answer = incident.report(workspace, FIRE, actor="duty officer 7")
    (entry,) = workspace.store.entries(after=before)
    assert (entry.actor, entry.action, entry.reason) == ("duty officer 7", "report incident", answer.id)
    names = {quad.graph_name for quad in entry.change.additions}
    assert names == {
        graph(f"{kind}/{answer.id}") for kind in ("incident", "response", "timeline", "directive")
    }
    assert not entry.change.removals


@pytest.mark.parametrize(
    "wrong",
    [
        *({"deaths": -1}, {"type": "火宅"}, {"grid": "370102999"}, {"colour": "red"}, {"id": "../x"}),
        *({"time": "2999-01-01"}, {"injured": 1, "seriousInjuries": 2}, {"type": None}),
    ],
)
def test_a_rejected_report_leaves_no_trace(workspace: Workspace, wrong: dict[str, Any]) -> None:
    before = workspace.store.sequence
    with pytest.raises(ReportRejected):
        incident.report(workspace, {"id": "rejected", **FIRE, **wrong}, actor="test")
    assert workspace.store.sequence == before
    assert not list(workspace.store.entries(after=before))
    assert not quads_of(workspace, "incident/rejected") | quads_of(workspace, "response/rejected")
    with pytest.raises(NotFound):
        incident.recall(workspace, "rejected")


def test_a_rejected_continuation_leaves_the_incident_as_it_was(workspace: Workspace) -> None:
    incident.report(workspace, {"id": "continued-badly", **FIRE}, actor="test")
    held = quads_of(workspace, "incident/continued-badly") | quads_of(workspace, "response/continued-badly")
    with pytest.raises(ReportRejected):
        incident.report(workspace, {"id": "continued-badly", **FIRE, "deaths": -3}, actor="test")
    assert held == quads_of(workspace, "incident/continued-badly") | quads_of(
        workspace, "response/continued-badly"
    )


def test_a_continued_report_replaces_facts_and_response_as_a_whole(workspace: Workspace) -> None:
    first = {"id": "continued", **FIRE, "deaths": 30, "terrorSuspected": True}
    second = {"id": "continued", "type": "燃气泄漏", "grid": "370202", "leak": True}
    incident.report(workspace, first, actor="test")
    before = workspace.store.sequence
    answer = incident.report(workspace, second, actor="test")
    assert workspace.store.sequence == before + 1
    facts = quads_of(workspace, "incident/continued")
    assert {quad.triple for quad in facts} == as_stored(answer.facts)
    concluded = {quad.triple for quad in quads_of(workspace, "response/continued")}
    assert {t for t in concluded if t.subject == answer.incident} <= set(answer.derivation)
    assert not any(t.predicate in {xz("grade"), xz("gradeIfMissingDied")} for t in concluded)


def test_continuing_with_the_same_facts_changes_the_times_alone(workspace: Workspace) -> None:
    """So that what changed since the last report can be read off the journal."""
    data = {"id": "again", **FIRE, "time": "2026-01-01T08:00:00+08:00"}
    incident.report(workspace, data, actor="test")
    before = workspace.store.sequence
    incident.report(workspace, data, actor="test")
    (entry,) = workspace.store.entries(after=before)
    about = {graph(f"{kind}/again") for kind in ("incident", "response")}
    changes = (*entry.change.additions, *entry.change.removals)
    changed = {quad.predicate for quad in changes if quad.graph_name in about}
    assert changed == {xz("receivedAt"), NamedNode(PROV + "generatedAtTime")}


def test_the_same_key_stores_once_and_returns_the_first(workspace: Workspace) -> None:
    first = incident.report(workspace, FIRE, actor="test", key="once-only")
    before = workspace.store.sequence
    again = incident.report(workspace, {**FIRE, "deaths": 9}, actor="test", key="once-only")
    assert workspace.store.sequence == before
    assert (again.duplicate, again.id) == (True, first.id)
    assert as_stored(again.facts) == as_stored(first.facts)
    assert not first.duplicate
    other = incident.report(workspace, FIRE, actor="test", key="another")
    assert other.id != first.id


def test_reports_without_an_id_are_different_incidents(workspace: Workspace) -> None:
    ids = {incident.report(workspace, FIRE, actor="test").id for _ in range(5)}
    assert len(ids) == 5


def test_the_response_graph_has_no_working_properties(workspace: Workspace) -> None:
    answer = incident.report(workspace, FIRE, actor="test")
    predicates = {quad.predicate for quad in quads_of(workspace, f"response/{answer.id}")}
    working = {q.subject for q in workspace.store.match(None, WORKING, None)}
    assert working
    assert not predicates & working
    assert {xz("grade"), xz("leadDepartment"), xz("activates"), xz("reportingDuty")} <= predicates


def test_facts_and_conclusions_never_share_a_graph(workspace: Workspace) -> None:
    answer = incident.report(workspace, FIRE, actor="test")
    facts = {quad.triple for quad in quads_of(workspace, f"incident/{answer.id}")}
    response = {quad.triple for quad in quads_of(workspace, f"response/{answer.id}")}
    assert facts == as_stored(answer.facts)
    assert not facts & response


def test_the_response_says_of_what_when_and_by_which_knowledge(workspace: Workspace) -> None:
    answer = incident.report(workspace, FIRE, actor="test")
    node = NamedNode(f"{ROOT}response/{answer.id}")
    about = {
        quad.predicate: quad.object
        for quad in workspace.store.match(node, None, None, graph(f"response/{answer.id}"))
    }
    assert about[RDF_TYPE] == xz("Response")
    assert about[NamedNode(DCTERMS + "subject")] == answer.incident
    assert about[xz("release")] == Literal(workspace.release)
    assert NamedNode(PROV + "generatedAtTime") in about


def test_the_response_is_read_by_sparql(workspace: Workspace) -> None:
    answer = incident.report(workspace, FIRE, actor="test")
    found = workspace.store.query(
        """
        PREFIX xz: <https://w3id.org/xiezhi/ns#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
        SELECT ?name WHERE {
            ?incident xz:deaths 3 ; xz:grade ?grade ; xz:leadDepartment ?lead .
            ?grade xz:rank 3 . ?lead rdfs:label ?name . FILTER (LANG(?name) = "zh")
            FILTER (STRENDS(STR(?incident), ?id)) VALUES ?id { "%s" }
        }
        """.replace("%s", answer.id)
    )
    assert isinstance(found, QuerySolutions)
    assert {solution["name"].value for solution in found} == {"济南市消防救援支队"}


def test_what_was_stored_is_recalled_with_the_same_conclusions(workspace: Workspace) -> None:
    answer = incident.report(workspace, FIRE, actor="test")
    recalled = incident.recall(workspace, answer.id)
    assert set(recalled.facts) == as_stored(answer.facts)
    assert set(recalled.derivation) == set(answer.derivation)


def test_whatever_order_the_facts_come_in_the_same_is_concluded_in_the_same_order(
    workspace: Workspace,
) -> None:
    report = {"type": ["燃气爆炸", "暴雨"], "grid": "370102", "deaths": 3, "missing": 1}
    answer = incident.report(workspace, report, actor="test")

    def told(derivation: Derivation) -> list[object]:
        reasons = [derivation.because(triple) for triple in derivation]
        return [
            (triple, r and (r.rule, dict(r.bindings))) for triple, r in zip(derivation, reasons, strict=True)
        ]

    @given(order=st.permutations(answer.facts))
    @settings(max_examples=20)
    def told_again(order: list[Triple]) -> None:
        again = incident.derive(workspace, answer.incident, order, answer.context)
        assert told(again) == told(answer.derivation)

    told_again()


def test_an_incident_that_was_never_reported_is_not_found(workspace: Workspace) -> None:
    with pytest.raises(NotFound, match="there is no incident never"):
        incident.recall(workspace, "never")


def test_the_newest_incidents_come_first(fresh: Workspace) -> None:
    for number in range(4):
        incident.report(fresh, {"id": f"n{number}", **FIRE}, actor="test")
    recent = incident.recent(fresh, limit=3)
    assert [identifier for identifier, _, _ in recent] == ["n3", "n2", "n1"]
    assert recent[0][1] == [xz("BuildingFire")]


def test_one_incident_knows_nothing_of_another(workspace: Workspace) -> None:
    """Thirty dead elsewhere do not raise the grade here."""
    incident.report(workspace, {"id": "grave", **FIRE, "deaths": 30}, actor="test")
    answer = incident.report(workspace, {"id": "slight", **FIRE, "deaths": 1, "missing": 0}, actor="test")
    mentioned = {str(term) for t in answer.derivation for term in (t.subject, t.object)}
    assert not any("incident/grave" in term for term in mentioned)
    assert [
        workspace.describer.text(g).en for g in answer.derivation.objects(answer.incident, xz("grade"))
    ] == ["Ordinary"]
