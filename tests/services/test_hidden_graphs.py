"""What a reader may not see is withheld from every explanation, in every format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from kb.errors import Forbidden, NotFound, ReportRejected
from kb.namespaces import RDF_TYPE, RDFS_LABEL, ROOT, XSD, graph, xz
from kb.services import drawing, explaining, incident, proof_rdf, telling
from kb.services.asking import ask_next
from kb.services.whatif import what_if
from kb.services.whynot import why_not
from kb.services.workspace import Workspace
from kb.store.protocol import Change

SECRET = "zurbarán"
"""A word that is nowhere else: what must never be told stands in terms and labels that hold it."""
HIDDEN = graph("knowledge/secret")
REPORT = {"id": "hidden", "type": "燃气爆炸", "grid": "370102001002", "deaths": 3, "seriousInjuries": 4}


def visible(name: NamedNode) -> bool:
    return name != HIDDEN


def secret_quads() -> Iterator[Quad]:
    """A secret department that leads here, a secret module, a secret threshold and a secret name."""
    city = NamedNode(f"{ROOT}division/370100")
    department, module, use, condition, criterion, duty = (
        NamedNode(f"{ROOT}kb/{SECRET}/{kind}")
        for kind in ("department", "module", "use", "condition", "criterion", "duty")
    )
    triples = [
        (department, RDF_TYPE, xz("Department")),
        (department, xz("tier"), NamedNode(f"{ROOT}kb/tier/city")),
        (department, xz("jurisdiction"), city),
        (department, xz("performs"), NamedNode(f"{ROOT}kb/function/gas-authority")),
        (department, RDFS_LABEL, Literal(f"{SECRET}局", language="zh")),
        (department, RDFS_LABEL, Literal(f"{SECRET} bureau", language="en")),
        (module, RDF_TYPE, xz("PlanModule")),
        (module, RDFS_LABEL, Literal(f"{SECRET}模块", language="zh")),
        (module, xz("phase"), NamedNode(f"{ROOT}kb/phase/alert")),
        (use, RDF_TYPE, xz("ModuleUse")),
        (use, xz("module"), module),
        (use, xz("appliesTo"), xz("GasExplosion")),
        (use, xz("jurisdiction"), NamedNode(f"{ROOT}division/100000")),
        (use, xz("validFrom"), Literal("2007-06-01", datatype=NamedNode(XSD + "date"))),
        (condition, RDF_TYPE, xz("Condition")),
        (condition, xz("measure"), xz("directLoss")),
        (condition, xz("atLeast"), Literal("7654321", datatype=NamedNode(XSD + "integer"))),
        (criterion, RDF_TYPE, xz("Criterion")),
        (criterion, xz("regime"), NamedNode(f"{ROOT}kb/regime/production")),
        (criterion, xz("setsGrade"), NamedNode(f"{ROOT}kb/grade/major")),
        (criterion, xz("condition"), condition),
        (duty, xz("task"), Literal(f"{SECRET}任务", language="zh")),
        (NamedNode(f"{ROOT}kb/grade/larger"), RDFS_LABEL, Literal(SECRET, language="zh")),
    ]
    return (Quad(s, p, o, HIDDEN) for s, p, o in triples)


@pytest.fixture
def hidden(fresh: Workspace) -> Workspace:
    """A store of its own, in which one graph is secret, with one incident."""
    fresh.store.commit(Change(list(secret_quads()), []), actor="test", action="hide")
    incident.report(fresh, dict(REPORT), actor="test")
    return fresh


def everything_told(workspace: Workspace, conclusion: str) -> Iterator[str]:
    """Yield a proof in every format."""
    found = explaining.why(workspace, "hidden", conclusion, visible=visible)
    yield json.dumps(found, ensure_ascii=False)
    yield proof_rdf.to_jsonld(found).decode()
    for lang in ("zh", "en"):
        yield telling.proof(found, lang)
        yield drawing.draw(found, lang).decode()


def tells(text: str) -> bool:
    return SECRET in text or "7654321" in text or "7,654,321" in text


def test_the_secret_is_told_to_whoever_may_see_it(hidden: Workspace) -> None:
    """The test would prove nothing if the secret had no part in the answer."""
    assert tells(json.dumps(explaining.why(hidden, "hidden", "leadDepartment"), ensure_ascii=False))
    assert tells(json.dumps(explaining.why(hidden, "hidden", "activates"), ensure_ascii=False))
    whole, part = (why_not(hidden, "hidden", "重大", **who)["answers"] for who in ({}, {"visible": visible}))
    losses = [
        {found["report"].get("directLoss") for answer in answers for found in answer["change"]["found"]}
        for answers in (whole, part)
    ]
    assert min(losses[0] - {None}) < 50_000_000, "the secret threshold makes less than the law's enough"
    assert losses[1] - {None} == {50_000_000}


@pytest.mark.parametrize(
    "conclusion",
    ["leadDepartment", "activates", "grade", "responseLevel", "supportDepartment", "asks", "meets",
     "applicable", "involves", "fallsShortOf", "lacks", "refutes"],
)  # fmt: skip
def test_no_format_of_a_proof_tells_it(hidden: Workspace, conclusion: str) -> None:
    for text in everything_told(hidden, conclusion):
        assert not tells(text)


def test_what_is_withheld_is_counted_in_both_languages(hidden: Workspace) -> None:
    found = explaining.why(hidden, "hidden", "activates", visible=visible)
    nodes = [n for c in found["conclusions"] for n in walk(c) if n["kind"] == "withheld"]
    assert found["withheld"] > 0
    assert nodes
    for node in nodes:
        assert node["count"] > 0
        assert "无权查看" in node["statement"]["zh"]
        assert "may not see" in node["statement"]["en"]
        assert set(node) == {"id", "kind", "statement", "premises", "count"}


def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for premise in node["premises"]:
        yield from walk(premise)


@pytest.mark.parametrize(
    "target", ["重大", "特别重大", "一般", "Ⅰ级响应", "济南市应急管理局", "流行病学调查与检验"]
)
def test_why_not_does_not_tell_it(hidden: Workspace, target: str) -> None:
    found = why_not(hidden, "hidden", target, visible=visible)
    assert not tells(json.dumps(found, ensure_ascii=False))
    assert not tells(telling.why_not(found, "zh") + telling.why_not(found, "en"))


def test_neither_what_if_nor_ask_next_tells_it(hidden: Workspace) -> None:
    found = what_if(hidden, "hidden", changes={"deaths": 9_000_000, "type": "暴雨"}, visible=visible)
    assert not tells(json.dumps(found, ensure_ascii=False).replace("9,000,000", ""))
    asked = ask_next(hidden, "hidden", visible=visible)
    assert not tells(json.dumps(asked, ensure_ascii=False))
    for answer in (found, asked, why_not(hidden, "hidden", "重大", visible=visible)):
        assert "无权" not in answer["note"]["zh"]
        assert "有权查看" in answer["note"]["zh"]
        assert "may see" in answer["note"]["en"]


@pytest.mark.parametrize(
    "changes",
    [{"directLoss": 7_654_321}, {"type": "暴雨", "rainfall3h": 120}],
)
def test_what_is_tried_gives_the_same_answer_whatever_the_hidden_graph_says(
    hidden: Workspace, changes: dict[str, Any]
) -> None:
    """Nothing can be found out by trying: the hidden threshold changes no share, count or conclusion."""

    def tried() -> list[dict[str, Any]]:
        targets = ("重大", "流行病学调查与检验")
        return [
            what_if(hidden, "hidden", changes=changes, visible=visible),
            ask_next(hidden, "hidden", visible=visible),
            *(why_not(hidden, "hidden", target, visible=visible) for target in targets),
        ]

    before = tried()
    other = Quad(NamedNode("urn:x"), RDFS_LABEL, Literal("nothing to do with it"), HIDDEN)
    hidden.store.commit(Change([other], list(secret_quads())), actor="test", action="unhide")
    assert tried() == before


def test_names_that_only_a_hidden_graph_has_are_no_names_in_a_trial(hidden: Workspace) -> None:
    quads = [
        Quad(NamedNode(f"{ROOT}kb/{SECRET}/type"), RDF_TYPE, xz("IncidentType"), HIDDEN),
        Quad(
            NamedNode(f"{ROOT}kb/{SECRET}/type"), RDFS_LABEL, Literal(f"{SECRET}事故", language="zh"), HIDDEN
        ),
    ]
    hidden.store.commit(Change(quads, []), actor="test", action="hide")
    with pytest.raises(ReportRejected) as caught:
        what_if(hidden, "hidden", changes={"type": f"{SECRET}事"}, visible=visible)
    repair = caught.value.faults[0].repair
    assert repair is None or not tells(repair.zh + repair.en)


def test_the_secret_cannot_be_asked_for_by_name(hidden: Workspace) -> None:
    for ask in (explaining.why, why_not):
        with pytest.raises(NotFound) as caught:
            ask(hidden, "hidden", f"{SECRET}局", visible=visible)
        repair = caught.value.faults[0].repair
        assert repair is None or not tells(repair.zh + repair.en)


def test_facts_of_a_hidden_report_are_withheld(hidden: Workspace) -> None:
    def not_the_report(name: NamedNode) -> bool:
        return name != graph("incident/hidden")

    found = explaining.why(hidden, "hidden", "grade", visible=not_the_report)
    kinds = {n["kind"] for c in found["conclusions"] for n in walk(c)}
    assert "withheld" in kinds
    sentences = json.dumps(
        [n.get("sentence") for c in found["conclusions"] for n in walk(c)], ensure_ascii=False
    )
    assert "死亡人数为3" not in sentences
    graphs = {g["iri"] for c in found["conclusions"] for n in walk(c) for g in n.get("graphs", [])}
    assert graph("incident/hidden").value not in graphs
    (answer,) = why_not(hidden, "hidden", "重大", relation="grade", visible=not_the_report)["answers"]
    assert answer["change"] == {"found": [], "tried": 0, "complete": False}
    assert ask_next(hidden, "hidden", visible=not_the_report)["questions"] == []
    with pytest.raises(Forbidden) as caught:
        what_if(hidden, "hidden", changes={"deaths": 10}, visible=not_the_report)
    assert "无权" in caught.value.render("zh")


def test_a_fact_in_two_graphs_is_told_from_the_one_that_may_be_seen(hidden: Workspace) -> None:
    quad = next(q for q in hidden.store.match(xz("GasExplosion"), RDF_TYPE, xz("IncidentType")))
    hidden.store.commit(
        Change([Quad(quad.subject, quad.predicate, quad.object, HIDDEN)], []), actor="test", action="copy"
    )
    found = explaining.why(hidden, "hidden", "kind", visible=visible)
    graphs = {g["iri"] for c in found["conclusions"] for n in walk(c) for g in n.get("graphs", [])}
    assert HIDDEN.value not in graphs
    assert quad.graph_name.value in graphs
