"""What to ask next: the questions of the recommendation, measured by what their answers would change."""

from __future__ import annotations

import pytest

from kb.services import incident
from kb.services.asking import MAX_DERIVATIONS, ask_next
from kb.services.recommendation import recommend
from kb.services.whatif import what_if
from kb.services.workspace import Workspace

REPORTS = [
    {"type": "燃气爆炸", "grid": "370102001002", "deaths": 4, "seriousInjuries": 2},
    {"type": "暴雨", "grid": "370202", "rainfall3h": 62},
    {"type": "群体性事件", "grid": "青岛市", "crowdSize": 300},
]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: str(report["type"]))
def test_the_questions_of_the_recommendation_come_first(
    workspace: Workspace, report: dict[str, object]
) -> None:
    answer = incident.report(workspace, report, actor="test")
    asked = {question["key"] for question in recommend(workspace, answer)["questions"]}
    found = ask_next(workspace, answer.id)
    assert found["tried"] <= MAX_DERIVATIONS
    assert found["complete"]
    keys = [question["key"] for question in found["questions"]]
    assert set(keys[: len(asked)]) == asked
    for part in (keys[: len(asked)], keys[len(asked) :]):
        shares = [q["share"] for q in found["questions"] if q["key"] in part]
        assert shares == sorted(shares, reverse=True)


def test_each_outcome_is_what_what_if_says(workspace: Workspace) -> None:
    answer = incident.report(workspace, REPORTS[0], actor="test")
    for question in ask_next(workspace, answer.id)["questions"]:
        assert question["question"] is None or set(question["question"]) == {"zh", "en"}
        for outcome in question["outcomes"]:
            other = what_if(workspace, answer.id, changes={question["key"]: outcome["value"]})
            assert other["share"] == outcome["share"]
            assert [r["relation"] for r in other["relations"]] == [
                r["relation"] for r in outcome["relations"]
            ]
        assert question["share"] == max((o["share"] for o in question["outcomes"]), default=0)


def test_the_value_tried_is_the_threshold_itself(workspace: Workspace) -> None:
    answer = incident.report(workspace, REPORTS[0], actor="test")
    questions = {question["key"]: question for question in ask_next(workspace, answer.id)["questions"]}
    assert questions["directLoss"]["outcomes"][0]["value"] == 100_000_000
    assert 48 in [outcome["value"] for outcome in questions["poisoned"]["outcomes"]], "50 less the 2 known"


def test_what_is_known_is_not_asked(workspace: Workspace) -> None:
    answer = incident.report(workspace, REPORTS[0], actor="test")
    assert not {"deaths", "seriousInjuries"} & {q["key"] for q in ask_next(workspace, answer.id)["questions"]}


def test_the_budget_is_kept_and_said(workspace: Workspace) -> None:
    answer = incident.report(workspace, REPORTS[0], actor="test")
    found = ask_next(workspace, answer.id, budget=5)
    assert found["tried"] == 5
    assert not found["complete"]


def test_nothing_is_stored(workspace: Workspace) -> None:
    answer = incident.report(workspace, REPORTS[1], actor="test")
    sequence = workspace.store.sequence
    ask_next(workspace, answer.id)
    assert workspace.store.sequence == sequence
