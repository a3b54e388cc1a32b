"""What if: the difference that other facts would make, checked like a report, and nothing stored."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from kb.errors import NotFound, ReportRejected
from kb.services import incident
from kb.services.recommendation import recommend
from kb.services.whatif import share, what_if
from kb.services.workspace import Workspace


@pytest.fixture(scope="module")
def gas_explosion(workspace: Workspace) -> str:
    report = {"type": "燃气爆炸", "grid": "370102001002", "deaths": 4, "missing": 8, "leak": True}
    return incident.report(workspace, report, actor="test").id


def relations(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["relation"]["iri"].rsplit("#", 1)[-1]: entry for entry in found["relations"]}


def test_more_deaths_raise_grade_and_response(workspace: Workspace, gas_explosion: str) -> None:
    found = what_if(workspace, gas_explosion, changes={"deaths": 10})
    changed = relations(found)
    (grade,) = changed["grade"]["changed"]
    assert (grade["from"]["label"]["zh"], grade["to"]["label"]["zh"]) == ("较大", "重大")
    assert "死亡人数 ≥ 10" in grade["to"]["because"]["sentence"]["zh"]
    assert changed["responseLevel"]["changed"]
    assert changed["reportingDuty"]["added"]
    assert [change["text"]["en"] for change in found["changes"]] == ["deaths: 4 people → 10 people"]
    assert 0 < found["share"] < 1


def test_the_difference_is_that_of_two_reports(workspace: Workspace, gas_explosion: str) -> None:
    """What is said to be added is what a second incident with the changed facts is answered."""
    report = {"type": "燃气爆炸", "grid": "370102001002", "deaths": 4, "missing": 8, "leak": True}
    second = incident.report(workspace, {**report, "trapped": 5, "fire": True}, actor="test")
    modules = {m["iri"] for m in recommend(workspace, second)["modules"]}
    before = recommend(workspace, incident.recall(workspace, gas_explosion))
    found = relations(what_if(workspace, gas_explosion, changes={"trapped": "5", "fire": "是"}))
    added = {thing["iri"] for thing in found.get("activates", {"added": []})["added"]}
    assert added == modules - {m["iri"] for m in before["modules"]}


def test_a_fact_may_be_taken_away(workspace: Workspace, gas_explosion: str) -> None:
    found = what_if(workspace, gas_explosion, changes={}, remove=["deaths", "missing"])
    assert relations(found)["grade"]["removed"]
    assert [change["to"] for change in found["changes"]] == [None, None]


def test_another_type_is_another_response(workspace: Workspace, gas_explosion: str) -> None:
    found = what_if(workspace, gas_explosion, changes={"type": "暴雨"})
    assert {"underPlan", "leadDepartment"} <= relations(found).keys()


def test_the_same_facts_change_nothing(workspace: Workspace, gas_explosion: str) -> None:
    found = what_if(workspace, gas_explosion, changes={"deaths": Decimal(4)})
    assert (found["changes"], found["relations"], found["share"]) == ([], [], 0)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"deaths": -1}, "report.contract"),
        ({"deaths": "many"}, "report.value"),
        ({"deathz": 3}, "report.unknown-key"),
        ({"type": "燃气暴炸"}, "report.unknown-type"),
        ({"injured": 1, "seriousInjuries": 5}, "report.contract"),
    ],
)
def test_bad_values_are_refused_as_in_a_report(
    workspace: Workspace, gas_explosion: str, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(ReportRejected) as caught:
        what_if(workspace, gas_explosion, changes=changes)
    assert code in {fault.code for fault in caught.value.faults}


def test_what_a_report_must_have_cannot_be_taken_away(workspace: Workspace, gas_explosion: str) -> None:
    with pytest.raises(ReportRejected):
        what_if(workspace, gas_explosion, changes={}, remove=["type"])
    with pytest.raises(ReportRejected, match="unknown key"):
        what_if(workspace, gas_explosion, changes={}, remove=["deathz"])


def test_nothing_is_stored(workspace: Workspace, gas_explosion: str) -> None:
    def quads() -> set[str]:
        return {str(quad) for quad in workspace.store.match(None, None, None)
                if gas_explosion in str(quad.graph_name)}  # fmt: skip

    sequence, before = workspace.store.sequence, quads()
    what_if(workspace, gas_explosion, changes={"deaths": 10, "type": "暴雨"}, remove=["missing"])
    assert workspace.store.sequence == sequence
    assert quads() == before


def test_an_incident_that_was_never_reported_is_not_found(workspace: Workspace) -> None:
    with pytest.raises(NotFound):
        what_if(workspace, "never-reported", changes={"deaths": 1})


def test_the_share_is_the_part_that_differs() -> None:
    assert share({1, 2}, {1, 2}) == 0
    assert share({1, 2}, {3}) == 1
    assert share(set(), set()) == 0
    assert share({1, 2, 3}, {1, 2, 4}) == 0.5
