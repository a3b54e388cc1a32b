"""The recommendation in JSON: every value in both languages, every conclusion with its reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from pyoxigraph import NamedNode

from kb.errors import KnowledgeFault
from kb.namespaces import ROOT, xz
from kb.services import incident
from kb.services.findings import Findings
from kb.services.recommendation import recommend
from kb.services.recommendation.modules import in_order
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
    "an explosion in a rainstorm": {
        "type": ["燃气爆炸", "暴雨"],
        "grid": "370102",
        "deaths": 4,
        "warningSignal": "红色",
    },
    "a leak that is over": {
        "type": "燃气泄漏",
        "grid": "370202001001",
        "hazardControlled": True,
        "trapped": 0,
        "missing": 2,
        "fire": False,
    },
    "a trapped lift": {"type": "电梯困人", "grid": "370102", "trapped": 2},
}
ENGAGED = ("lead", "support", "firstResponders")
CONCLUSIONS = (
    *(*ENGAGED, "assisting", "contention", "groups", "modules", "measures"),
    *("reporting", "cascades", "exposed", "questions"),
)
each = pytest.mark.parametrize("what", REPORTS)


@cache
def recommended(workspace: Workspace, what: str) -> dict[str, Any]:
    return recommend(workspace, incident.report(workspace, REPORTS[what], actor="test"))


def words(things: list[dict[str, Any]]) -> list[str]:
    return [thing["label"]["zh"] for thing in things]


def named(things: list[dict[str, Any]], label: str) -> dict[str, Any]:
    return next(thing for thing in things if thing["label"]["zh"] == label)


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
        *("incident", "type", "types", "grade", "regrading", "warning", "response", "lead", "support"),
        *("firstResponders", "assisting", "contention", "groups", "modules", "measures", "reporting"),
        *("transitions", "cascades", "exposed", "questions", "stale", "release"),
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
    response = {**data["response"]}
    conclusions += [*response.pop("plans"), *data["transitions"]["due"], *data["transitions"]["awaited"]]
    single = (data["warning"], data["grade"]["value"], data["regrading"], *response.values())
    conclusions += [conclusion for conclusion in single if conclusion]
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
    cited += [*data["reporting"], *data["grade"]["regimes"], *data["groups"], *data["measures"]]
    cited += [*data["transitions"]["due"], *data["transitions"]["awaited"]]
    cited += [duty for item in data["contention"] for demand in item["demands"] for duty in demand["duties"]]
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
    engaged |= {body["iri"] for body in (data["response"]["activatedBy"],) if body}
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


# ── compound incidents ───────────────────────────────────────────────────────────────────────


def test_a_compound_incident_has_the_types_plans_and_leads_of_its_parts_the_main_one_first(
    workspace: Workspace,
) -> None:
    data = recommended(workspace, "an explosion in a rainstorm")
    assert words(data["types"]) == ["燃气爆炸", "暴雨"]
    assert data["type"] == data["types"][0]
    assert words(data["response"]["plans"]) == ["燃气事故应急预案", "防汛应急预案"]
    assert data["response"]["plan"] == data["response"]["plans"][0]
    assert words(data["lead"]) == ["济南市住房和城乡建设局", "济南市防汛抗旱指挥部办公室"]


def test_the_order_in_which_types_were_reported_is_remembered(workspace: Workspace) -> None:
    for types in (["燃气爆炸", "暴雨"], ["暴雨", "燃气爆炸"]):
        answer = incident.report(workspace, {"type": types, "grid": "370102"}, actor="test")
        told = recommend(workspace, incident.recall(workspace, answer.id))
        assert words(told["types"]) == types
        assert told == recommend(workspace, answer)


def test_contention_names_who_is_called_upon_and_by_which_duties_of_which_part(workspace: Workspace) -> None:
    contention = recommended(workspace, "an explosion in a rainstorm")["contention"]
    fire = named(contention, "消防救援")
    assert words(fire["departments"]) == ["济南市消防救援支队"]
    demands = {demand["type"]["label"]["zh"]: words(demand["duties"]) for demand in fire["demands"]}
    assert demands.keys() == {"燃气爆炸", "暴雨"}
    assert demands["暴雨"] == ["水域救援、排涝、转移被困人员"]
    for item in contention:
        assert len(item["demands"]) > 1


@pytest.mark.parametrize("what", [what for what in REPORTS if not isinstance(REPORTS[what]["type"], list)])
def test_a_single_incident_has_one_type_and_no_contention(workspace: Workspace, what: str) -> None:
    data = recommended(workspace, what)
    assert data["types"] == [data["type"]]
    assert data["contention"] == []
    assert data["response"]["plans"] == [plan for plan in [data["response"]["plan"]] if plan]


def test_one_ungraded_part_does_not_hide_the_grade_of_the_other(workspace: Workspace) -> None:
    report = {"type": ["危险化学品泄漏", "群体性事件"], "grid": "370102", "deaths": 3}
    grade = recommend(workspace, incident.report(workspace, report, actor="test"))["grade"]
    assert (grade["status"], grade["value"]["label"]["zh"]) == ("preliminary", "较大")
    assert "because" not in grade


# ── command, measures, life ──────────────────────────────────────────────────────────────────


def test_a_group_is_headed_and_filled_by_departments_of_the_place(workspace: Workspace) -> None:
    groups = {
        group["group"]["label"]["zh"]: group
        for group in recommended(workspace, "an explosion in a rainstorm")["groups"]
    }
    assert words(groups["抢险救援组"]["head"]) == ["济南市消防救援支队"]
    assert words(groups["医疗卫生组"]["head"]) == ["济南市卫生健康委员会"]
    assert words(groups["专家组"]["head"]) == ["济南市住房和城乡建设局", "济南市防汛抗旱指挥部办公室"]
    assert words(groups["善后组"]["head"]) == ["济南市人民政府"]
    assert "济南市公安局交通警察支队" in words(groups["治安交通组"]["members"])
    assert next(iter(groups)) == "综合协调组"
    for group in groups.values():
        assert not set(words(group["head"])) & set(words(group["members"]))


def test_a_district_that_leads_has_its_own_departments_in_the_groups(workspace: Workspace) -> None:
    groups = recommended(workspace, "a leak that is over")["groups"]
    heads = {group["group"]["label"]["zh"]: words(group["head"]) for group in groups}
    assert heads["抢险救援组"] == ["市南区消防救援大队"]
    assert heads["善后组"] == ["市南区人民政府"]


def test_the_re_grading_window_ends_so_many_days_after_the_local_day_of_the_incident(
    workspace: Workspace,
) -> None:
    report = {"type": "燃气爆炸", "grid": "370102", "time": "2026-06-12T17:00:00Z"}  # 13 June in Jinan
    window = recommend(workspace, incident.report(workspace, report, actor="test"))["regrading"]
    assert (window["within"], window["until"]) == ("P30D", "2026-07-13")
    assert "第13条" in window["clause"]["label"]["zh"]
    fire = {**report, "type": "建筑火灾"}
    window = recommend(workspace, incident.report(workspace, fire, actor="test"))["regrading"]
    assert (window["within"], window["until"]) == ("P7D", "2026-06-20")
    assert recommended(workspace, "a red rainstorm")["regrading"] is None


def test_of_two_windows_the_one_that_closes_last_is_told(workspace: Workspace) -> None:
    report = {"type": ["道路交通事故", "大面积停电"], "grid": "370102", "time": "2026-06-13"}
    answer = incident.report(workspace, report, actor="test")
    windows = answer.derivation.objects(answer.incident, xz("regradingWindow"))
    assert len(windows) == 2
    assert recommend(workspace, answer)["regrading"]["until"] == "2026-07-13"


def test_transitions_say_what_is_due_and_what_stands_in_the_way_of_others(workspace: Workspace) -> None:
    transitions = recommended(workspace, "a leak that is over")["transitions"]
    due = named(transitions["due"], "威胁受控后转入善后恢复与调查评估")
    assert due["kind"]["label"]["zh"] == "移交"
    assert [condition["status"] for condition in due["conditions"]] == ["met"]
    end = named(transitions["awaited"], "威胁和危害已控制且无被困失踪人员，可以解除应急响应")
    status = {condition["label"]["en"]: condition["status"] for condition in end["conditions"]}
    assert status == {
        "hazard controlled = yes": "met",
        "missing ≤ 0 people": "notMet",
        "trapped ≤ 0 people": "met",
    }
    escalation = named(transitions["awaited"], "跨行政区域，由共同的上一级政府负责")
    assert [condition["status"] for condition in escalation["conditions"]] == ["unknown"]
    assert words(escalation["to"]) == ["山东省人民政府"]
    assert escalation["toTier"]["label"]["zh"] == "省级"
    fire = named(transitions["awaited"], "现场起火的，火灾扑救统一由消防救援机构指挥")
    assert words(fire["to"]) == ["市南区消防救援大队"]
    judged = named(transitions["awaited"], "危险已经解除的，解除警报、终止预警期")
    assert (judged["conditions"], judged["toTier"], judged["to"]) == ([], None, [])


@each
def test_no_transition_is_both_due_and_awaited(workspace: Workspace, what: str) -> None:
    transitions = recommended(workspace, what)["transitions"]
    due, awaited = ({t["iri"] for t in transitions[key]} for key in ("due", "awaited"))
    assert not due & awaited
    for transition in transitions["due"]:
        assert {condition["status"] for condition in transition["conditions"]} == {"met"}
    for transition in transitions["awaited"]:
        assert {condition["status"] for condition in transition["conditions"]} != {"met"}


def test_a_menu_lists_its_measures_in_the_order_of_the_law(workspace: Workspace) -> None:
    menus = {
        menu["iri"].rsplit("/", 1)[-1]: menu for menu in recommended(workspace, "a gas outage")["measures"]
    }
    items = menus["article-73"]["items"]
    assert [item["iri"].rsplit("-", 1)[-1] for item in items] == [str(n) for n in range(1, 12)]
    assert "第73条" in menus["article-73"]["clause"]["label"]["zh"]


def test_what_is_exposed_is_told_with_its_reason(workspace: Workspace) -> None:
    exposed = recommended(workspace, "an explosion in a rainstorm")["exposed"]
    assert {"老旧危房", "危险边坡与隐患点"} <= set(words(exposed))


# ── what modules need and achieve ────────────────────────────────────────────────────────────


def test_a_module_says_what_it_needs_and_which_started_module_achieves_it(workspace: Workspace) -> None:
    modules = recommended(workspace, "a chemical leak")["modules"]
    evacuation = named(modules, "人员疏散与安置")
    (need,) = evacuation["needs"]
    assert need["label"]["zh"] == "警戒区已封控"
    assert words(need["achievedBy"]) == ["警戒与交通管制"]
    assert words(evacuation["achieves"]) == ["群众已安置"]
    assert modules[0]["needs"] == []


def test_what_no_started_module_achieves_is_for_the_scene_to_confirm(workspace: Workspace) -> None:
    modules = recommended(workspace, "a trapped lift")["modules"]
    needs = {need["label"]["zh"]: need["achievedBy"] for module in modules for need in module["needs"]}
    assert needs["危险源已控制"] is None


@each
def test_a_need_names_modules_that_come_before(workspace: Workspace, what: str) -> None:
    modules = recommended(workspace, what)["modules"]
    position = {module["iri"]: module["order"] for module in modules}
    for module in modules:
        for need in module["needs"]:
            for earlier in need["achievedBy"] or ():
                assert position[earlier["iri"]] < module["order"]


def test_modules_in_a_circle_are_an_error_that_names_them(workspace: Workspace) -> None:
    answer = incident.report(workspace, {"type": "火灾", "grid": "370102"}, actor="test")
    one, other = (NamedNode(f"{ROOT}kb/module/{name}") for name in ("medical", "evacuation"))

    class Circular(Findings):
        def values(self, subject: Any, relation: Any) -> Any:
            circle = {(one, "after"): (other,), (other, "after"): (one,)}
            return circle.get((subject, relation), super().values(subject, relation))

    with pytest.raises(KnowledgeFault) as caught:
        in_order(Circular(workspace, answer), [one, other])
    message = caught.value.faults[0].message
    assert "医疗救治" in message.zh
    assert "Evacuation and shelter → Medical care → Evacuation and shelter" in message.en or (
        "Medical care → Evacuation and shelter → Medical care" in message.en
    )
