"""Why not: the condition that failed, in both languages, and changes of facts that really bring it about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.errors import NotFound
from kb.namespaces import ROOT
from kb.services import incident
from kb.services.smallest import MAX_DERIVATIONS
from kb.services.targets import suggestions
from kb.services.trials import Trial
from kb.services.views import View
from kb.services.whynot import why_not
from kb.services.workspace import Workspace

IRI = re.compile(r"https?://|urn:|\?\w|[{}]")
Node = dict[str, Any]


@pytest.fixture(scope="module")
def gas_explosion(workspace: Workspace) -> str:
    report = {"type": "燃气爆炸", "grid": "370102001002", "deaths": 3, "missing": 7, "seriousInjuries": 4}
    return incident.report(workspace, report, actor="test").id


@pytest.fixture(scope="module")
def quiet(workspace: Workspace) -> str:
    """A crowd of which nothing else is known."""
    report = {"type": "群体性事件", "grid": "370202", "crowdSize": 300}
    return incident.report(workspace, report, actor="test").id


def walk(node: Node) -> Iterator[Node]:
    yield node
    for inner in (*node.get("failed", ()), *node.get("because", ())):
        yield from walk(inner)


def texts(answer: Node) -> Iterator[dict[str, str]]:
    yield from answer["summary"]
    for miss in answer["misses"]:
        for node in walk(miss):
            yield from node.get("held", ())
            yield from node.get("found", ())
            yield from (node[key] for key in ("statement", "sentence") if key in node)


def holds_after(workspace: Workspace, identifier: str, answer: Node, change: Node) -> bool:
    """Report the change as what-if does, and look whether the conclusion is there."""
    recalled = incident.recall(workspace, identifier)
    after = Trial(View.of(workspace, recalled)).derive(change["report"])
    return answer["target"]["iri"] in {
        term.value
        for triple in after.derivation
        if triple.subject == recalled.incident and triple.predicate.value == answer["relation"]["iri"]
        for term in [triple.object]
    }


def test_a_higher_grade_lacks_what_its_criteria_ask_for(workspace: Workspace, gas_explosion: str) -> None:
    answer, _ = why_not(workspace, gas_explosion, "重大")["answers"]
    assert answer["status"] == "missing"
    assert answer["relation"]["label"] == {"zh": "初判等级", "en": "grade"}
    reports = [change["report"] for change in answer["change"]["found"]]
    assert {"deaths": 10} in reports
    assert {"directLoss": 50_000_000} in reports
    assert all(len(report) == 1 for report in reports)
    assert all(holds_after(workspace, gas_explosion, answer, c) for c in answer["change"]["found"])


def test_a_lower_grade_needs_every_higher_criterion_undone(workspace: Workspace, gas_explosion: str) -> None:
    answer = why_not(workspace, gas_explosion, "一般", relation="grade")["answers"][0]
    assert {"deaths": 2} in [change["report"] for change in answer["change"]["found"]]


def test_a_module_says_which_fact_nobody_reported(workspace: Workspace, quiet: str) -> None:
    (answer,) = why_not(workspace, quiet, "医疗救治")["answers"]
    unknown = [n for miss in answer["misses"] for n in walk(miss) if n.get("status") == "unknown"]
    assert unknown
    assert "未报告" in unknown[0]["statement"]["zh"]
    assert all(set(change["report"].values()) == {1} for change in answer["change"]["found"])


def test_a_department_that_leads_elsewhere_leads_here_only_for_another_type(
    workspace: Workspace, gas_explosion: str
) -> None:
    (answer,) = why_not(workspace, gas_explosion, "济南市应急管理局", relation="牵头部门")["answers"]
    assert answer["change"]["found"]
    assert "type" in answer["change"]["found"][0]["report"]
    assert all(holds_after(workspace, gas_explosion, answer, c) for c in answer["change"]["found"])


def test_what_knowledge_rules_out_is_said_honestly(workspace: Workspace, gas_explosion: str) -> None:
    (answer,) = why_not(workspace, gas_explosion, "济南水务集团", relation="leadDepartment")["answers"]
    assert (answer["change"]["found"], answer["change"]["tried"]) == ([], 0)
    assert not answer["misses"][0]["reachable"]
    assert '"status": "impossible"' in json.dumps(answer["misses"]), "no duty to lead names that function"
    assert "知识" in answer["summary"][-1]["zh"]


def test_what_holds_points_to_why(workspace: Workspace, gas_explosion: str) -> None:
    (answer,) = why_not(workspace, gas_explosion, "较大", relation="grade")["answers"]
    assert answer["status"] == "holds"
    assert answer["change"] is None


@pytest.mark.parametrize("target", ["重大", "一般", "Ⅰ级响应", "济南市应急管理局", "治安维护与反恐处置"])
def test_it_speaks_in_sentences_of_both_languages(
    workspace: Workspace, gas_explosion: str, target: str
) -> None:
    for answer in why_not(workspace, gas_explosion, target)["answers"]:
        assert 1 <= len(answer["summary"]) <= 4
        for text in texts(answer):
            for lang in ("zh", "en"):
                assert text[lang]
                assert not IRI.search(text[lang]), text[lang]


def test_the_same_is_told_once(workspace: Workspace, gas_explosion: str) -> None:
    for answer in why_not(workspace, gas_explosion, "一般")["answers"]:
        told = [
            node["statement"]["zh"]
            for miss in answer["misses"]
            for node in walk(miss)
            if node["kind"] == "condition" and node["status"] == "underived"
        ]
        assert len(told) == len(set(told))


@pytest.mark.parametrize(
    ("target", "near"), [("济南市住建局", "济南市住房和城乡建设局"), ("医疗救助", "医疗救治")]
)
def test_an_unknown_target_names_the_near_ones(
    workspace: Workspace, gas_explosion: str, target: str, near: str
) -> None:
    with pytest.raises(NotFound) as caught:
        why_not(workspace, gas_explosion, target)
    assert near in (caught.value.faults[0].repair or caught.value.faults[0].message).zh


def test_an_unknown_relation_names_the_near_ones(workspace: Workspace, gas_explosion: str) -> None:
    with pytest.raises(NotFound, match=r"did you mean lead department"):
        why_not(workspace, gas_explosion, "重大", relation="lead departmnt")


def test_a_whole_triple_may_be_asked_about(workspace: Workspace, gas_explosion: str) -> None:
    triple = ("this", "satisfies", f"{ROOT}kb/condition/deaths-at-least-10")
    (answer,) = why_not(workspace, gas_explosion, triple=triple)["answers"]
    assert answer["status"] == "missing"
    assert answer["change"]["found"][0]["report"] == {"deaths": 10}


def test_an_incident_that_was_never_reported_is_not_found(workspace: Workspace) -> None:
    with pytest.raises(NotFound):
        why_not(workspace, "never-reported", "重大")


def test_suggestions_are_what_was_not_concluded(workspace: Workspace, gas_explosion: str) -> None:
    names = {text.zh for text in suggestions(workspace, gas_explosion)}
    assert {"重大", "流行病学调查与检验", "济南市应急管理局"} <= names


REPORTS = st.fixed_dictionaries(
    {"type": st.sampled_from(["燃气爆炸", "暴雨", "建筑火灾", "危险化学品泄漏", "群体性事件"])},
    optional={
        "deaths": st.sampled_from([0, 1, 3, 9, 10, 29, 40]),
        "missing": st.sampled_from([0, 2, 30]),
        "seriousInjuries": st.sampled_from([0, 9, 10, 60]),
        "poisoned": st.sampled_from([0, 50]),
        "directLoss": st.sampled_from([0, 9_999_999, 50_000_000]),
        "rainfall3h": st.sampled_from([0, 49.9, 50, 120.5]),
        "leak": st.booleans(),
        "trapped": st.sampled_from([0, 3]),
    },
)


@settings(
    deadline=None,
    max_examples=12,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(report=REPORTS, place=st.sampled_from(["370102001002", "370202"]), data=st.data())
def test_every_change_that_is_told_brings_the_conclusion_about(
    workspace: Workspace, report: dict[str, Any], place: str, data: st.DataObject
) -> None:
    stored = incident.report(workspace, {**report, "grid": place, "id": "whynot-any"}, actor="test")
    target = data.draw(
        st.sampled_from(
            ["特别重大", "重大", "较大", "一般", "Ⅰ级响应", "Ⅱ级响应", "医疗救治", "搜救与灭火", "红色预警"]
        )
    )
    for answer in why_not(workspace, stored.id, target)["answers"]:
        if answer["status"] == "holds":
            continue
        assert answer["change"]["tried"] <= MAX_DERIVATIONS
        sizes = {len(change["report"]) for change in answer["change"]["found"]}
        assert len(sizes) <= 1, "only the smallest are told"
        for change in answer["change"]["found"]:
            assert holds_after(workspace, stored.id, answer, change)
