"""Why: every conclusion is proved in sentences, in both languages, down to facts and where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from kb.errors import NotFound
from kb.namespaces import ROOT
from kb.services import explaining, incident
from kb.services.workspace import Workspace

ASKED = [
    *("leadDepartment", "牵头部门", "lead department", "济南市住房和城乡建设局"),
    *("grade", "较大", "Larger", "grade/larger", "gradeIfMissingDied"),
    *("医疗救治", "Medical care", "activates", "搜救与灭火"),
    *("responseLevel", "Ⅲ级响应", "Level III response", "underPlan", "commandedBy", "activatedBy"),
    *("supportDepartment", "济南市应急管理局", "firstResponder", "assistingDepartment"),
    *("reportingDuty", "mayLeadTo", "asks", "kind", "within"),
]
IRI = re.compile(r"https?://|urn:|\?\w|[{}]|\w+:\w+-\w+")
Node = dict[str, Any]


@pytest.fixture(scope="module")
def gas_explosion(workspace: Workspace) -> str:
    report = {"type": "燃气爆炸", "grid": "370102001002", "deaths": 3, "missing": 7, "seriousInjuries": 4}
    return incident.report(workspace, report, actor="test").id


def walk(node: Node) -> Iterator[Node]:
    yield node
    for premise in node["premises"]:
        yield from walk(premise)


def texts(node: Node) -> Iterator[tuple[str, str]]:
    for key in ("statement", "sentence"):
        if key in node:
            yield from node[key].items()
    for key in ("rule", "clause"):
        if node.get(key):
            yield from node[key]["label"].items()
    for graph in node.get("graphs", []):
        yield from graph["label"].items()


@pytest.mark.parametrize("asked", ASKED)
def test_a_proof_speaks_in_sentences_of_both_languages(
    workspace: Workspace, gas_explosion: str, asked: str
) -> None:
    proof = explaining.why(workspace, gas_explosion, asked)
    assert proof["conclusions"]
    for conclusion in proof["conclusions"]:
        for node in walk(conclusion):
            for lang, text in texts(node):
                assert text, node
                assert not IRI.search(text), text
                if lang == "en" and node["kind"] == "derived" and text == node["sentence"]["en"]:
                    assert text.endswith(".")


@pytest.mark.parametrize(
    "asked", ["leadDepartment", "grade", "activates", "responseLevel", "supportDepartment"]
)
def test_a_proof_ends_in_facts_with_their_graphs(
    workspace: Workspace, gas_explosion: str, asked: str
) -> None:
    told: set[str] = set()
    for conclusion in explaining.why(workspace, gas_explosion, asked)["conclusions"]:
        for node in walk(conclusion):
            match node["kind"]:
                case "derived":
                    assert node["premises"]
                    assert node["rule"]["iri"].startswith(ROOT + "rule/")
                    told.add(node["statement"]["en"])
                case "repeated":
                    assert not node["premises"]
                    assert node["statement"]["en"] in told, "it was proved before it was referred to"
                case "fact":
                    assert node["graphs"]
                    assert not node["premises"]
                case kind:
                    assert kind in {"absence", "computation"}
                    assert not node["premises"]


def test_a_fact_of_the_report_says_so(workspace: Workspace, gas_explosion: str) -> None:
    facts = [
        node
        for conclusion in explaining.why(workspace, gas_explosion, "grade")["conclusions"]
        for node in walk(conclusion)
        if node["kind"] == "fact"
    ]
    (deaths,) = [node for node in facts if node["statement"]["zh"] == "本事件 · 死亡人数：3"]
    assert [graph["label"] for graph in deaths["graphs"]] == [{"zh": "事件报告", "en": "the incident report"}]
    graphs = {graph["iri"] for node in facts for graph in node["graphs"]}
    assert ROOT + "graph/knowledge/production" in graphs
    assert ROOT + "graph/ontology" in graphs
    assert not any("/response/" in name for name in graphs)


def test_the_lead_rests_on_the_profile_of_the_city(workspace: Workspace, gas_explosion: str) -> None:
    (conclusion,) = explaining.why(workspace, gas_explosion, "leadDepartment")["conclusions"]
    labels = {g["label"]["zh"] for node in walk(conclusion) for g in node.get("graphs", [])}
    assert "济南城市图" in labels
    assert conclusion["clause"]["iri"] == ROOT + "kb/clause/decree-583-2010-5"


def test_the_sentence_of_a_grade_gives_the_figure_and_the_threshold(
    workspace: Workspace, gas_explosion: str
) -> None:
    (conclusion,) = explaining.why(workspace, gas_explosion, "较大")["conclusions"]
    sentences = [node["sentence"]["zh"] for node in walk(conclusion) if node.get("sentence")]
    assert "死亡人数为3，不小于3。" in sentences


def test_the_words_for_a_conclusion_all_lead_to_it(workspace: Workspace, gas_explosion: str) -> None:
    by_word = [
        [c["statement"] for c in explaining.why(workspace, gas_explosion, word)["conclusions"]]
        for word in (
            "grade",
            "较大",
            "larger",
            "grade/larger",
            ROOT + "kb/grade/larger",
            "初判等级",
            " GRADE ",
        )
    ]
    assert all(statements == by_word[0] for statements in by_word)


@pytest.mark.parametrize(
    ("asked", "near"),
    [("济南市住建局", "济南市住房和城乡建设局"), ("leadDepartmnt", "lead department"), ("特别重大", "重大")],
)
def test_an_unknown_conclusion_names_the_near_ones(
    workspace: Workspace, gas_explosion: str, asked: str, near: str
) -> None:
    with pytest.raises(NotFound) as caught:
        explaining.why(workspace, gas_explosion, asked)
    (fault,) = caught.value.faults
    assert fault.code == "conclusion.unknown"
    assert fault.repair is not None
    assert near in fault.repair.zh


def test_why_of_an_incident_that_was_never_reported_is_not_found(workspace: Workspace) -> None:
    with pytest.raises(NotFound, match="there is no incident"):
        explaining.why(workspace, "never-reported", "grade")
