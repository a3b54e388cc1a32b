"""Reports are kept as what they changed: every past version can be told again, and what followed from it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.errors import Forbidden, NotFound
from kb.flow.event import timeline_graph
from kb.services import incident
from kb.services.life import changes, facts, standing, terms
from kb.services.life.timeline import timeline
from kb.services.workspace import Workspace

EXPLOSION: dict[str, Any] = {"type": "燃气爆炸", "grid": "370102", "deaths": 2}
NUMBERS = itertools.count()

reports = st.fixed_dictionaries(
    {"type": st.sampled_from(["燃气爆炸", ["燃气爆炸", "暴雨"], "建筑火灾"]),
     "grid": st.sampled_from(["370102", "370202"])},
    optional={
        "deaths": st.integers(0, 40),
        "directLoss": st.decimals(0, 1000, places=2),
        "fire": st.booleans(),
        "time": st.sampled_from(["2026-01-01T08:00:00+08:00", "2026-01-01T00:00:00Z",
                                 "2026-01-02T03:04:05.6Z"]),
        "address": st.sampled_from(["泉城路 1 号", "泉城路 \"2\" 号"]),
        "longitude": st.sampled_from([117.0, 117.25]),
    },
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(reports, min_size=1, max_size=5))
def test_adding_up_the_facts_of_the_timeline_gives_the_stored_facts_after_any_reports(
    workspace: Workspace, sequence: list[dict[str, Any]]
) -> None:
    identifier, stored = f"folded-{next(NUMBERS)}", []
    for data in sequence:
        incident.report(workspace, {**data, "id": identifier}, actor="chen")
        stored.append(frozenset(standing.stored_facts(workspace, identifier)))
    known = [version.facts for version in changes.versions(workspace, identifier)]
    assert [_plain(one) for one in known] == [_plain(one) for one in stored]
    assert not facts.difference(known[-1], stored[-1])[0]


def _plain(known: frozenset[Any]) -> set[tuple[Any, Any]]:
    return {(t.predicate, facts.plain(t.object)) for t in known}


def continued(workspace: Workspace, *later: dict[str, Any]) -> str:
    identifier = f"changed-{next(NUMBERS)}"
    for data in (EXPLOSION, *later):
        incident.report(workspace, {**data, "id": identifier}, actor="chen")
    return identifier


def test_a_continued_report_tells_which_facts_changed_and_how_the_grade_did(workspace: Workspace) -> None:
    identifier = continued(workspace, {**EXPLOSION, "deaths": 12, "fire": True})
    first, second = timeline(workspace, identifier)["events"]
    assert first["step"]["name"] == "report"
    assert not first["changes"]
    assert second["text"]["en"] == (
        "continue the report: deaths: 2 people → 12 people; fire: unknown → yes; grade: Ordinary → Major"
    )
    assert (second["grade"]["from"]["label"]["en"], second["grade"]["to"]["label"]["en"]) == (
        "Ordinary",
        "Major",
    )


def test_each_difference_of_the_recommendation_names_the_changed_facts_it_follows_from(
    workspace: Workspace,
) -> None:
    identifier = continued(workspace, {**EXPLOSION, "deaths": 12, "fire": True})
    told = changes.changes(workspace, identifier)
    follows: dict[str, set[str]] = {}
    for entry in told["relations"]:
        for thing in (*entry["added"], *entry["removed"], *(pair["to"] for pair in entry["changed"])):
            assert thing["follows"], (entry["relation"], thing)
            name = entry["relation"]["iri"].rpartition("#")[2]
            follows.setdefault(name, set()).update(one["iri"].rpartition("#")[2] for one in thing["follows"])
    assert follows["grade"] == follows["responseLevel"] == follows["leadDepartment"] == {"deaths"}
    assert follows["transition"] == {"fire"}


def test_what_fell_away_because_something_else_now_holds_names_that(workspace: Workspace) -> None:
    """A question is open until its fact is known: nothing that was taken back made it go."""
    identifier = continued(workspace, {**EXPLOSION, "deaths": 2, "hazardControlled": True})
    removed = [
        (entry["relation"]["iri"].rpartition("#")[2], {one["label"]["en"] for one in thing["follows"]})
        for entry in changes.changes(workspace, identifier)["relations"]
        for thing in entry["removed"]
    ]
    assert removed
    assert {name for _, names in removed for name in names} == {"hazard controlled"}


def test_any_earlier_report_can_be_compared(workspace: Workspace) -> None:
    identifier = continued(workspace, {**EXPLOSION, "deaths": 4}, {**EXPLOSION, "deaths": 12})
    assert changes.changes(workspace, identifier)["since"]["number"] == 2
    told = changes.changes(workspace, identifier, since=1)
    assert [one["text"]["en"] for one in told["changes"]] == ["deaths: 2 people → 12 people"]
    assert not changes.changes(workspace, identifier, since=3)["relations"]
    with pytest.raises(NotFound, match="nothing had been reported"):
        changes.changes(workspace, identifier, since=0)


def test_an_incident_reported_once_has_no_changes(workspace: Workspace) -> None:
    told = changes.changes(workspace, continued(workspace))
    assert (told["changes"], told["relations"], told["share"]) == ([], [], 0.0)


def test_who_may_not_see_the_timeline_is_refused(workspace: Workspace) -> None:
    identifier = continued(workspace)
    hidden = {timeline_graph(identifier), terms.facts_graph(identifier)}
    with pytest.raises(Forbidden):
        timeline(workspace, identifier, visible=lambda name: name not in hidden)
    with pytest.raises(Forbidden):
        changes.changes(workspace, identifier, visible=lambda name: name not in hidden)


def test_the_key_of_a_report_still_counts_once(workspace: Workspace) -> None:
    identifier = continued(workspace)
    data = {**EXPLOSION, "id": identifier, "deaths": 7}
    for _ in range(2):
        incident.report(workspace, data, actor="chen", key=f"once {identifier}")
    assert len(workspace.flows.ledger.events(identifier)) == 2
