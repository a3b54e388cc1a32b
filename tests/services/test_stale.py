"""What a recommendation says of the records that it rests on: stale, failing, or neither."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from kb.namespaces import CATALOGUE, DCTERMS, RDF_TYPE, ROOT, XSD, graph, xz
from kb.services import incident
from kb.services.audience import Visible, everything
from kb.services.incident import Answer
from kb.services.recommendation import recommend
from kb.services.workspace import Workspace
from kb.store.protocol import Change

NOW = datetime.now(UTC)
PATH = "370200/housing/bodies"
DATASET, RECORDS = NamedNode(f"{ROOT}dataset/{PATH}"), graph(f"source/{PATH}")
QUARANTINE = graph(f"quarantine/{PATH}")


@pytest.fixture(scope="module")
def answer(workspace: Workspace) -> Answer:
    return incident.report(workspace, {"id": "stale-1", "type": "燃气爆炸", "grid": "370202"}, actor="test")


@pytest.fixture(scope="module")
def moved(workspace: Workspace, answer: Answer) -> Iterator[Workspace]:
    """What the lead department does is no longer said by the city, but by a dataset delivered 40 days ago."""
    (lead,) = recommend(workspace, answer)["lead"]
    body, then = NamedNode(lead["iri"]), (NOW - timedelta(days=40)).isoformat()
    performs = list(workspace.store.match(body, xz("performs"), None))
    delivery = NamedNode(f"{ROOT}delivery/{PATH}/1")
    prov, integer = "http://www.w3.org/ns/prov#", NamedNode(XSD + "integer")
    time = Literal(then, datatype=NamedNode(XSD + "dateTime"))
    declared = [
        (DATASET, RDF_TYPE, xz("Dataset")),
        (DATASET, NamedNode(DCTERMS + "title"), Literal("部门职能", language="zh")),
        (DATASET, NamedNode(DCTERMS + "title"), Literal("What departments do", language="en")),
        (DATASET, NamedNode(DCTERMS + "publisher"), body),
        (DATASET, xz("freshnessLimit"), Literal("P30D", datatype=NamedNode(XSD + "duration"))),
        (DATASET, xz("sharing"), NamedNode(f"{ROOT}kb/sharing/unconditional")),
        (DATASET, NamedNode(prov + "wasGeneratedBy"), delivery),
        (delivery, RDF_TYPE, xz("Delivery")),
        (delivery, xz("dataset"), DATASET),
        (delivery, NamedNode(prov + "startedAtTime"), time),
        (delivery, NamedNode(prov + "endedAtTime"), time),
        *(
            (delivery, xz(name), Literal(str(count), datatype=integer))
            for name, count in (("recordsIn", 1), ("recordsStored", 1), ("recordsQuarantined", 0))
        ),
    ]
    change = Change(
        [Quad(*triple, CATALOGUE) for triple in declared]  # type: ignore[arg-type]
        + [Quad(q.subject, q.predicate, q.object, RECORDS) for q in performs],
        performs,
    )
    workspace.store.commit(change, actor="test", action="deliver")
    _ = workspace.policies.current  # from now on rules read the dataset
    yield workspace
    back = Change(change.removals, change.additions)
    workspace.store.commit(back, actor="test", action="undo")
    _ = workspace.policies.current


def told(
    workspace: Workspace, *, now: datetime = NOW, visible: Visible = everything
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what is recommended for the incident as it is derived now, and what of it is stale."""
    found = incident.report(workspace, {"id": "stale-1", "type": "燃气爆炸", "grid": "370202"}, actor="test")
    recommendation = recommend(workspace, found, now=now, visible=visible)
    return recommendation, recommendation["stale"]


def test_where_nothing_is_declared_nothing_is_looked_for(workspace: Workspace, answer: Answer) -> None:
    assert recommend(workspace, answer)["stale"] == []


def test_a_lead_that_rests_on_a_stale_record_is_flagged_in_both_languages(moved: Workspace) -> None:
    recommendation, (item,) = told(moved)
    (lead,) = recommendation["lead"]
    assert item["path"] == PATH
    assert item["label"] == {"zh": "部门职能", "en": "What departments do"}
    assert item["state"]["label"] == {"zh": "逾期", "en": "Overdue"}
    assert item["overdueSince"] == (NOW - timedelta(days=10)).isoformat()
    assert [record["iri"] for record in item["records"]] == [lead["iri"]]
    support = next(s for s in item["supports"] if s["relation"]["iri"] == xz("leadDepartment").value)
    assert support["iri"] == lead["iri"]
    assert all(support["relation"]["label"].values())
    assert (item["recordCount"], item["supportCount"]) == (1, len(item["supports"]))


def test_before_its_limit_nothing_is_stale(moved: Workspace) -> None:
    assert told(moved, now=NOW - timedelta(days=11))[1] == []


def test_what_another_graph_states_too_does_not_rest_on_the_stale_record(moved: Workspace) -> None:
    city = graph("city/370200")
    copies = [
        Quad(q.subject, q.predicate, q.object, city) for q in moved.store.match(None, None, None, RECORDS)
    ]
    moved.store.commit(Change(copies), actor="test", action="copy")
    try:
        assert told(moved)[1] == []
    finally:
        moved.store.commit(Change([], copies), actor="test", action="undo")


def test_a_failing_record_is_named_with_its_place_reason_and_repair_to_whom_may_know(
    moved: Workspace,
) -> None:
    (record,) = {quad.subject for quad in moved.store.match(None, None, None, RECORDS)}
    entry, sh = NamedNode(f"{ROOT}quarantine/{PATH}/1-1"), "http://www.w3.org/ns/shacl#"
    result = NamedNode(entry.value + "/1")
    quads = [
        (entry, RDF_TYPE, xz("QuarantinedRecord")),
        (entry, xz("inDelivery"), NamedNode(f"{ROOT}delivery/{PATH}/1")),
        (entry, xz("position"), Literal("row 17")),
        (entry, xz("original"), Literal("{}")),
        (entry, NamedNode(sh + "result"), result),
        (result, NamedNode(sh + "focusNode"), record),
        (result, NamedNode(sh + "resultMessage"), Literal("没有这个职能", language="zh")),
        (result, NamedNode(sh + "resultMessage"), Literal("there is no such function", language="en")),
        (result, xz("repair"), Literal("写职能的名称", language="zh")),
        (result, xz("repair"), Literal("give the name of a function", language="en")),
    ]
    change = Change([Quad(*triple, QUARANTINE) for triple in quads])  # type: ignore[arg-type]
    moved.store.commit(change, actor="test", action="quarantine")
    fresh = NOW - timedelta(days=11)
    try:
        (item,) = told(moved, now=fresh)[1]
        (failing,) = item["failing"]
        assert item["overdueSince"] is None
        assert failing["record"]["iri"] == record.value  # type: ignore[union-attr]
        assert failing["position"] == "row 17"
        assert failing["reasons"] == [{"zh": "没有这个职能", "en": "there is no such function"}]
        assert failing["repairs"] == [{"zh": "写职能的名称", "en": "give the name of a function"}]
        assert told(moved, now=fresh, visible=lambda name: name != QUARANTINE)[1] == []
        assert told(moved, visible=lambda name: name != RECORDS)[1] == []
    finally:
        moved.store.commit(Change([], change.additions), actor="test", action="undo")
