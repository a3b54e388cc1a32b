"""Two reports of one incident are found, and become one in one commit; figures are chosen, not guessed."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kb.access.principal import Operator
from kb.errors import InputError
from kb.flow import FlowRefused
from kb.geo.distance import distance
from kb.services import incident
from kb.services.life import changes, standing, terms
from kb.services.life.brief import brief
from kb.services.life.duplicates import candidates
from kb.services.life.merging import MergeConflict, merge, plan
from kb.services.trials import report_of
from kb.services.workspace import Workspace

NUMBERS = itertools.count()
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def operator(workspace: Workspace) -> Operator:
    return Operator("operator", frozenset(workspace.policies.current.roles), workspace.policies.current)


def reported(workspace: Workspace, minutes: float = 0, **facts: Any) -> str:
    data = {"id": f"merge-{next(NUMBERS)}", "type": "燃气爆炸", "grid": "370202", **facts}
    return incident.report(workspace, data, actor="chen", now=AT + timedelta(minutes=minutes)).id


def pairs(workspace: Workspace, identifier: str) -> dict[str, list[str]]:
    found = candidates(workspace, identifier)
    return {pair["other"]["id"]: [reason["en"] for reason in pair["reasons"]] for pair in found}


def test_the_same_type_and_area_within_the_hour_may_be_the_same_and_the_reasons_say_so(
    quiet: Workspace,
) -> None:
    one, two = reported(quiet), reported(quiet, 12)
    (reasons,) = pairs(quiet, one).values()
    assert list(pairs(quiet, one)) == [two]
    assert reasons == ["of the same type: Gas explosion", "both in Shinan District", "received 12 min apart"]
    assert len(candidates(quiet)) == 1


def test_an_incident_that_the_reader_may_not_see_is_in_no_pair(quiet: Workspace) -> None:
    one, two = reported(quiet), reported(quiet, 12)
    assert len(candidates(quiet, one)) == len(candidates(quiet)) == 1
    for hidden in (one, two):
        graph = terms.facts_graph(hidden)
        assert candidates(quiet, one, visible=lambda name, graph=graph: name != graph) == []
        assert candidates(quiet, visible=lambda name, graph=graph: name != graph) == []


def test_a_narrower_type_in_a_part_of_the_area_may_be_the_same(quiet: Workspace) -> None:
    one, two = reported(quiet, type="火灾"), reported(quiet, 3, type="建筑火灾", grid="370202001")
    reasons = pairs(quiet, one)[two]
    assert "is a kind of" in reasons[0]
    assert "is within" in reasons[1]


@pytest.mark.parametrize(
    "other",
    [{"type": "暴雨"}, {"grid": "370203"}, {"minutes": 60 * 7}],
    ids=["another type", "another district", "seven hours later"],
)
def test_another_type_place_or_time_is_another_incident(quiet: Workspace, other: dict[str, Any]) -> None:
    one, _ = reported(quiet), reported(quiet, **other)
    assert not pairs(quiet, one)


def test_where_both_have_coordinates_these_decide(quiet: Workspace) -> None:
    here = {"longitude": 120.38, "latitude": 36.07}
    one = reported(quiet, **here)
    near = reported(quiet, 1, grid="370203", longitude=120.39, latitude=36.07)
    reported(quiet, 2, longitude=120.45, latitude=36.07)
    assert list(pairs(quiet, one)) == [near]
    assert pairs(quiet, one)[near][1] == "0.9 km apart"


def test_a_degree_of_latitude_is_111_kilometres() -> None:
    assert distance((120.0, 36.0), (120.0, 37.0)) == pytest.approx(111.19, abs=0.1)
    assert distance((120.0, 36.0), (120.0, 36.0)) == 0


def test_what_only_the_one_knew_is_taken_into_the_other_in_one_commit(quiet: Workspace) -> None:
    kept, gone = reported(quiet, 9, deaths=2), reported(quiet, trapped=3, fire=True)
    before = quiet.store.sequence
    merge(quiet, gone, kept, operator(quiet), reason="one and the same")
    (entry,) = quiet.store.entries(after=before)
    assert entry.reason == kept
    data = report_of(quiet, incident.recall(quiet, kept))
    assert (data["deaths"], data["trapped"], data["fire"]) == (2, 3, True)
    assert (
        standing.received(standing.stored_facts(quiet, kept)) == AT
    )  # deadlines run from the first of the two
    assert brief(quiet, gone)["state"]["name"] == "merged"
    assert brief(quiet, gone)["mergedInto"] == kept
    assert not pairs(quiet, kept)
    assert gone not in list(standing.open_incidents(quiet))


def test_both_timelines_tell_of_it_and_the_facts_of_the_kept_one_add_up(quiet: Workspace) -> None:
    kept, gone = reported(quiet, deaths=2), reported(quiet, 5, trapped=3)
    mine, other = merge(quiet, gone, kept, operator(quiet), reason="one and the same")
    assert mine.values[terms.MERGED_INTO] == (terms.incident_iri(kept),)
    assert other.values[terms.ABSORBED] == (terms.incident_iri(gone),)
    (*_, last) = changes.versions(quiet, kept)
    assert last.facts == frozenset(standing.stored_facts(quiet, kept))
    texts = [change["text"]["en"] for change in changes.changes(quiet, kept)["changes"]]
    assert texts == ["trapped: unknown → 3 people"]


def test_figures_that_differ_are_shown_and_the_larger_is_not_taken_silently(quiet: Workspace) -> None:
    kept, gone = reported(quiet, deaths=2, trapped=4), reported(quiet, 5, deaths=5, trapped=1)
    with pytest.raises(MergeConflict) as raised:
        merge(quiet, gone, kept, operator(quiet), reason="the same", choices={"deaths": "merged"})
    (fault,) = raised.value.faults
    assert (fault.where, fault.message.en) == ("trapped", "trapped: 4 people ≠ 1 people")
    assert brief(quiet, gone)["state"]["name"] == "reported"
    merge(
        quiet, gone, kept, operator(quiet), reason="the same", choices={"deaths": "merged", "trapped": "kept"}
    )
    data = report_of(quiet, incident.recall(quiet, kept))
    assert (data["deaths"], data["trapped"]) == (5, 4)


def test_what_would_be_taken_and_chosen_is_told_before(quiet: Workspace) -> None:
    kept, gone = reported(quiet, deaths=2), reported(quiet, 5, deaths=5, fire=True)
    told = plan(quiet, gone, kept).as_json(quiet)
    assert [one["key"] for one in told["taken"]] == ["fire"]
    (conflict,) = told["conflicts"]
    assert (conflict["kept"]["value"], conflict["merged"]["value"]) == (2, 5)


@pytest.mark.parametrize("choices", [{"deaths": "larger"}, {"fire": "kept"}, {"type": "merged"}])
def test_a_choice_that_does_not_arise_is_refused(quiet: Workspace, choices: dict[str, str]) -> None:
    kept, gone = reported(quiet, deaths=2), reported(quiet, 5, deaths=5, fire=True)
    with pytest.raises(InputError, match=r"merge\.choice"):
        merge(quiet, gone, kept, operator(quiet), reason="the same", choices=choices)


def test_an_incident_is_merged_neither_into_itself_nor_into_one_that_is_over(quiet: Workspace) -> None:
    one, two, three = reported(quiet), reported(quiet), reported(quiet)
    with pytest.raises(FlowRefused, match="itself"):
        merge(quiet, one, one, operator(quiet), reason="the same")
    merge(quiet, two, three, operator(quiet), reason="the same")
    with pytest.raises(FlowRefused, match="is over"):
        merge(quiet, one, two, operator(quiet), reason="the same")
    with pytest.raises(FlowRefused, match="merged"):
        incident.report(quiet, {"id": two, "type": "燃气爆炸", "grid": "370202"}, actor="chen")
