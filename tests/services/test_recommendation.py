"""The recommendation in JSON: every value in both languages, every conclusion with its reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest

from kb.namespaces import ROOT, xz
from kb.services import incident
from kb.services.recommendation import recommend
from kb.services.workspace import Workspace

REPORTS: dict[str, dict[str, Any]] = {
    "a gas explosion": {
        "type": "燃气爆炸",
        "grid": "370102001002001",
        "deaths": 3,
        "missing": 7,
        "fire": True,
    },
    "a major fire": {"type": "建筑火灾", "grid": "370202001001", "deaths": 10, "address": "香港中路"},
    "a red rainstorm": {"type": "暴雨", "grid": "370202", "warningSignal": "红色", "rainfall3h": 101.5},
    "a terrorist attack": {"type": "恐怖袭击", "grid": "370102", "terrorSuspected": True},
    "a chemical leak": {"type": "危险化学品泄漏", "grid": "370211", "poisoned": 60, "leak": True},
    "a gas outage": {"type": "燃气停供", "grid": "370202", "householdsWithoutGas": 12000, "deaths": 3},
    "a health event": {"type": "公共卫生事件", "grid": "370102"},
    "an old fire elsewhere": {"type": "火灾", "grid": "130702", "time": "2010-05-01", "deaths": 30},
    "a fire of which nothing is known": {"type": "火灾", "grid": "370176"},
}
ENGAGED = ("lead", "support", "firstResponders")
CONCLUSIONS = (*ENGAGED, "assisting", "modules", "reporting", "cascades", "questions")
each = pytest.mark.parametrize("what", REPORTS)


@cache
def recommended(workspace: Workspace, what: str) -> dict[str, Any]:
    return recommend(workspace, incident.report(workspace, REPORTS[what], actor="test"))


def nodes(value: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from nodes(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from nodes(inner, f"{path}/{number}")


@each
def test_it_is_json_with_the_keys_of_the_contract(workspace: Workspace, what: str) -> None:
    data = recommended(workspace, what)
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert list(data) == [
        *("incident", "type", "grade", "warning", "response", "lead", "support", "firstResponders"),
        *("assisting", "modules", "reporting", "cascades", "questions", "release"),
    ]


@each
def test_every_label_is_there_in_both_languages_and_is_no_iri(workspace: Workspace, what: str) -> None:
    found = 0
    for path, node in nodes(recommended(workspace, what)):
        if set(node) == {"zh", "en"}:
            found += 1
            for text in node.values():
                assert text, path
                assert "://" not in text, path
        if "iri" in node and "label" in node:
            assert node["label"] is not None, path
    assert found > 20


@each
def test_every_conclusion_has_the_rule_that_drew_it(workspace: Workspace, what: str) -> None:
    data = recommended(workspace, what)
    conclusions = [item for key in CONCLUSIONS for item in data[key]] + data["grade"]["regimes"]
    conclusions += [c for c in (data["warning"], data["grade"]["value"], *data["response"].values()) if c]
    conclusions += [
        duty for key in ("lead", "support", "firstResponders") for d in data[key] for duty in d["duties"]
    ]
    assert conclusions
    for conclusion in conclusions:
        because = conclusion["because"]
        assert because["rule"].startswith(ROOT + "rule/")
        assert because["label"]["zh"]


@each
def test_every_duty_report_and_grade_cites_a_clause(workspace: Workspace, what: str) -> None:
    data = recommended(workspace, what)
    cited = [
        duty for key in ("lead", "support", "firstResponders") for d in data[key] for duty in d["duties"]
    ]
    cited += [*data["reporting"], *data["grade"]["regimes"]]
    for item in cited:
        assert item["clause"]["iri"].startswith(ROOT + "kb/clause/")


@each
def test_modules_come_in_the_order_of_their_phases_and_after_what_they_follow(
    workspace: Workspace, what: str
) -> None:
    modules = recommended(workspace, what)["modules"]
    assert [module["order"] for module in modules] == list(range(1, len(modules) + 1))
    assert modules[0]["label"]["en"] == "Reporting and consultation"
    assert modules[-1]["label"]["en"] == "Aftercare and evaluation"
    position = {module["iri"]: module["order"] for module in modules}
    for quad in workspace.store.match(None, xz("after"), None):
        if quad.subject.value in position:
            assert position.get(quad.object.value, 0) < position[quad.subject.value]


@each
def test_a_module_is_in_the_hands_of_a_body_that_takes_part(workspace: Workspace, what: str) -> None:
    data = recommended(workspace, what)
    engaged = {body["iri"] for key in ENGAGED for body in data[key]}
    for module in data["modules"]:
        assert {body["iri"] for body in module["responsible"]} <= engaged


def test_nobody_is_listed_twice(workspace: Workspace) -> None:
    for what in REPORTS:
        data = recommended(workspace, what)
        bodies = [b["iri"] for key in (*ENGAGED, "assisting") for b in data[key]]
        assert len(set(bodies)) == len(bodies), what


def test_the_grade_shows_each_regime_and_what_the_missing_would_change(workspace: Workspace) -> None:
    grade = recommended(workspace, "a gas outage")["grade"]
    assert (grade["status"], grade["value"]["label"]["zh"]) == ("preliminary", "重大")
    assert {(r["regime"]["label"]["zh"], r["value"]["label"]["zh"]) for r in grade["regimes"]} == {
        ("燃气停供分级", "重大"),
        ("生产安全事故分级", "较大"),
    }
    assert recommended(workspace, "a gas explosion")["grade"]["ifMissingDied"]["label"]["zh"] == "重大"
    assert grade["ifMissingDied"] is None


def test_not_graded_and_not_yet_known_are_told_apart(workspace: Workspace) -> None:
    terror = recommended(workspace, "a terrorist attack")["grade"]
    assert (terror["status"], terror["value"]) == ("notApplicable", None)
    assert terror["because"]["clause"]
    unknown = recommended(workspace, "a fire of which nothing is known")["grade"]
    assert (unknown["status"], unknown["value"], unknown["regimes"]) == ("undetermined", None, [])


def test_a_due_time_is_counted_from_when_the_report_came(workspace: Workspace) -> None:
    data = recommended(workspace, "a major fire")
    received = datetime.fromisoformat(data["incident"]["received"])
    within = {"PT0S": 0, "PT30M": 0.5, "PT1H": 1, "PT2H": 2}
    assert {report["within"] for report in data["reporting"]} == set(within)
    for report in data["reporting"]:
        due = datetime.fromisoformat(report["by"]) - received
        assert abs(due - timedelta(hours=within[report["within"]])) < timedelta(seconds=1)
    assert [r["by"] for r in data["reporting"]] == sorted(r["by"] for r in data["reporting"])


def test_a_report_names_who_is_told(workspace: Workspace) -> None:
    told = {
        report["label"]["zh"]: [body["label"]["zh"] for body in report["to"]]
        for report in recommended(workspace, "a major fire")["reporting"]
    }
    assert told["向省政府报告"] == ["山东省人民政府"]
    assert told["报火警"] == ["市南区消防救援大队"]


def test_what_decides_most_is_asked_first(workspace: Workspace) -> None:
    questions = recommended(workspace, "a fire of which nothing is known")["questions"]
    raising = [bool(question["couldRaiseTo"]) for question in questions]
    assert raising == sorted(raising, reverse=True)
    deaths = next(question for question in questions if question["key"] == "deaths")
    assert deaths["question"]["zh"] == "确认死亡多少人？"
    assert [g["label"]["zh"] for g in deaths["couldRaiseTo"]][:1] == ["特别重大"]
    questions = recommended(workspace, "a health event")["questions"]
    deaths = next(question for question in questions if question["key"] == "deaths")
    assert [module["label"]["zh"] for module in deaths["couldBringIn"]] == ["医疗救治"]


@each
def test_a_question_is_one_that_a_report_can_answer(workspace: Workspace, what: str) -> None:
    for question in recommended(workspace, what)["questions"]:
        assert question["key"] in workspace.vocabulary.fields
        assert question["question"]["zh"].endswith("？")
        assert question["question"]["en"].endswith("?")
        assert question["couldRaiseTo"] or question["couldBringIn"], question["key"]


def test_facts_are_given_back_as_they_were_reported(workspace: Workspace) -> None:
    facts = {fact["key"]: fact for fact in recommended(workspace, "a red rainstorm")["incident"]["facts"]}
    assert facts["rainfall3h"]["value"] == 101.5
    assert facts["rainfall3h"]["unit"] == {"zh": "毫米", "en": "mm"}
    assert facts["warningSignal"]["value"]["label"] == {"zh": "红色预警", "en": "Red warning"}
    place = recommended(workspace, "a gas explosion")["incident"]["grid"]
    assert place["code"] == "370102001002001"
    assert place["label"]["zh"].startswith("济南市历下区解放路街道")
