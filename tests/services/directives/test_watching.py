"""Clocks that run out, returns that find somebody, and what the loop measures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from pyoxigraph import NamedNode

from kb.flow import definition
from kb.namespaces import ROOT, xz
from kb.services import cases
from kb.services.directives import acting, confirming, fallback, measures, reading, returns, terms, watching
from kb.services.directives.acting import take
from kb.services.workspace import Workspace
from tests.services.directives.conftest import START, Report, Who
from tests.services.directives.test_loop import addressee, state, through

LEVELS = ("I", "II", "III", "IV")


def later(**by: float) -> datetime:
    return START + timedelta(**by)


def ticked(workspace: Workspace, identifier: str, now: datetime) -> list[tuple[int, str]]:
    """Let the clock be *now* and return what happened to the directives of *identifier*."""
    events = [e for e in watching.tick(workspace, now) if terms.parts_of(e.about)[0] == identifier]
    return [(terms.parts_of(e.about)[1], e.step.value.rpartition("/")[2]) for e in events]


def test_every_level_has_a_clock_for_every_state_in_which_somebody_has_to_act(workspace: Workspace) -> None:
    flow = workspace.flows.machine(terms.FLOW).flow
    waiting = [
        s
        for s in flow.states.values()
        if s.name in {"issued", "acknowledged", "in-progress", "returned", "reported"}
    ]
    for level in (*(NamedNode(f"{ROOT}kb/level/{one}") for one in LEVELS), None):
        for one in waiting:
            assert workspace.flows.clocks.due(one.iri, level, START) is not None, (level, one.name)


def test_the_higher_the_level_the_sooner_it_is_due(workspace: Workspace) -> None:
    issued = NamedNode(f"{definition.FLOWS}directive/state/issued")
    dues = [workspace.flows.clocks.due(issued, NamedNode(f"{ROOT}kb/level/{one}"), START) for one in LEVELS]
    assert dues == sorted(dues, key=lambda due: due or START)
    assert len(set(dues)) == len(LEVELS)


def test_what_nobody_acknowledges_goes_up_one_level_at_a_time(workspace: Workspace, confirmed: str) -> None:
    number = 1
    life = acting.life_of(workspace, confirmed, number)
    due = reading.due(workspace, life)
    assert due == later(minutes=30)
    assert not reading.view(workspace, life, now=due)["overdue"]
    assert reading.pressing(workspace, confirmed, due)["overdue"] == 0
    assert (
        1
        <= reading.pressing(workspace, confirmed, later(minutes=31))["overdue"]
        <= len(reading.standing(workspace, confirmed))
    )
    assert ticked(workspace, confirmed, later(minutes=29)) == []
    assert (number, "escalate") in ticked(workspace, confirmed, later(minutes=31))
    assert ticked(workspace, confirmed, later(minutes=31)) == [], "looking twice does it once"
    told = []
    for round_ in range(2, 12):
        if (number, "escalate") not in ticked(workspace, confirmed, later(minutes=31 * round_)):
            break
        told.append(acting.life_of(workspace, confirmed, number).one(terms.ESCALATED))
    superiors = [
        q.object
        for q in workspace.store.match(
            NamedNode(addressee(workspace, confirmed, number)), xz("superior"), None
        )
    ]
    first = acting.life_of(workspace, confirmed, number)
    assert first.one(terms.ESCALATED) is not None
    assert len(set(told)) == len(told), "each time somebody else, one tier up"
    assert told
    assert told[0] not in superiors, "the superior was told in the first round"
    assert state(workspace, confirmed, number) == "issued"


def test_in_time_nothing_happens(workspace: Workspace, confirmed: str, who: Who) -> None:
    department = who("department-officer", addressee(workspace, confirmed, 1))
    take(workspace, confirmed, 1, "acknowledge", department, now=later(minutes=20))
    assert (1, "escalate") not in ticked(workspace, confirmed, later(minutes=60))
    assert (1, "escalate") in ticked(workspace, confirmed, later(minutes=81))


def test_a_return_is_suggested_to_the_lead_then_to_the_coordinator_then_to_the_command(
    workspace: Workspace, confirmed: str, who: Who
) -> None:
    numbers = {addressee(workspace, confirmed, n): n for n in range(1, 20)}
    body, number = next((b, n) for b, n in numbers.items() if b.endswith("/public-security"))
    assert fallback.suggested(workspace, confirmed, number) == []
    heirs = []
    while True:
        body = addressee(workspace, confirmed, number)
        take(workspace, confirmed, number, "refuse", who("department-officer", body), reason="不归我管")
        suggested = fallback.suggested(workspace, confirmed, number)
        if not suggested or suggested[0].value in heirs:
            break
        heirs.append(suggested[0].value)
        to = {terms.ADDRESSEE: (suggested[0],)}
        take(workspace, confirmed, number, "redispatch", who("duty-officer"), values=to)
    assert [heir.rpartition("/")[2] for heir in heirs] == [
        "urban-management",
        "emergency-management",
        "370202",
    ]
    assert "government" in heirs[-1]


def test_what_nobody_dispatches_anew_falls_to_the_fallback_by_itself(
    workspace: Workspace, confirmed: str, who: Who
) -> None:
    number = next(n for n in range(1, 20) if addressee(workspace, confirmed, n).endswith("/public-security"))
    body = addressee(workspace, confirmed, number)
    at = later(minutes=5)
    take(workspace, confirmed, number, "refuse", who("department-officer", body), reason="不归我管", now=at)
    assert (number, "redispatch") in ticked(workspace, confirmed, later(minutes=70))
    assert addressee(workspace, confirmed, number).endswith("/urban-management")
    assert state(workspace, confirmed, number) == "issued"
    event = workspace.flows.ledger.events(confirmed, terms.directive_iri(confirmed, number))[-1]
    assert event.actor == terms.SYSTEM_NAME


def test_times_and_returns_are_measured_by_department_and_by_rule(
    workspace: Workspace, report: Report, who: Who
) -> None:
    identifier = report()
    confirming.confirm(workspace, identifier, who("duty-officer"), now=START)
    body = addressee(workspace, identifier, 1)
    officer = who("department-officer", body)
    take(workspace, identifier, 1, "acknowledge", officer, now=later(minutes=4))
    take(workspace, identifier, 1, "refuse", officer, reason="不归我管", now=later(minutes=9))
    other = addressee(workspace, identifier, 2)
    other = other if other != body else addressee(workspace, identifier, 3)
    to = {terms.ADDRESSEE: (NamedNode(other),)}
    take(workspace, identifier, 1, "redispatch", who("duty-officer"), values=to, now=later(minutes=10))
    take(workspace, identifier, 1, "acknowledge", who("department-officer", other), now=later(minutes=16))
    found = measures.measures(workspace, [identifier])
    by_body = {one["department"]["iri"]: one for one in found["departments"]}
    assert by_body[body]["times"]["acknowledge"] == {"count": 1, "median": 240.0, "p90": 240.0}
    assert by_body[body]["counts"]["returns"] == 1
    assert by_body[other]["times"]["acknowledge"]["median"] == 360.0
    assert by_body[other]["counts"]["returns"] == 0
    rules = {str(rule) for rule in acting.life_of(workspace, identifier, 1).values[terms.BECAUSE]}
    counted = {f"<{one['rule']['iri']}>" for one in found["rules"] if one["counts"]["returns"]}
    assert rules == counted
    assert found["all"]["directives"] == len(reading.stored(workspace, identifier))


def test_a_directive_that_was_carried_out_has_all_its_times(
    workspace: Workspace, confirmed: str, who: Who
) -> None:
    through(workspace, confirmed, 1, who)
    times = measures.measures(workspace, [confirmed])["all"]["times"]
    assert {name: one["count"] for name, one in times.items()} == dict.fromkeys(times, 1)


def test_a_return_becomes_a_case_that_fails_until_the_knowledge_is_mended(
    workspace: Workspace, confirmed: str, who: Who, tmp_path: Path
) -> None:
    number = next(n for n in range(1, 20) if addressee(workspace, confirmed, n).endswith("/public-security"))
    officer = who("department-officer", addressee(workspace, confirmed, number))
    take(workspace, confirmed, number, "refuse", officer, reason="不需要警戒")
    text = returns.cases(workspace, returns.returned(workspace, [confirmed]))
    (case,) = yaml.safe_load(text)
    assert "不需要警戒" in case["title"]
    assert set(case["absent"]) <= set(returns.RELATIONS)
    (tmp_path / "returns.cases.yaml").write_text(text, encoding="utf-8")
    (result,) = cases.run(workspace, tmp_path)
    assert "不应有" in result.fault.render("zh")
    assert returns.cases(workspace, []) == "[]\n"


@pytest.mark.parametrize("hours", [0, 1])
def test_looking_at_nothing_open_does_nothing(workspace: Workspace, hours: int) -> None:
    assert watching.tick(workspace, datetime(2020, 1, 1, hours, tzinfo=UTC)) == []
