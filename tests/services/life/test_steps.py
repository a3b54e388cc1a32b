"""The steps of an incident: who may take them when, what they leave behind."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode

from kb.access.principal import Operator, Principal
from kb.errors import Forbidden, InputError, NotFound
from kb.flow import Conflict, FlowRefused
from kb.flow.event import timeline_graph
from kb.namespaces import ROOT, xz
from kb.services import incident
from kb.services.directives import acting, confirming
from kb.services.life import centres, standing, terms
from kb.services.life.acting import Wish, steps_open_to, take
from kb.services.life.timeline import timeline
from kb.services.workspace import Workspace
from kb.store.protocol import Change

MONITORING, COMMAND = (NamedNode(f"{ROOT}kb/centre/{name}") for name in ("monitoring", "command"))
EXPLOSION: dict[str, Any] = {"type": "燃气爆炸", "grid": "370102", "deaths": 4}
NUMBERS = itertools.count()


def somebody(workspace: Workspace, *roles: str, name: str = "chen") -> Principal:
    return Principal(name, frozenset(roles), workspace.policies.current)


def operator(workspace: Workspace) -> Operator:
    return Operator("operator", frozenset(workspace.policies.current.roles), workspace.policies.current)


def reported(workspace: Workspace, centre: NamedNode | None = None, **facts: Any) -> str:
    data = {"id": f"steps-{next(NUMBERS)}", **EXPLOSION, **facts}
    return incident.report(workspace, data, actor="chen", centre=centre).id


def state_of(workspace: Workspace, identifier: str) -> str:
    life, _ = standing.life_of(workspace, identifier)
    assert life.state is not None
    return life.state.value.rpartition("/")[2]


def respond(workspace: Workspace, identifier: str) -> None:
    """Take the step that a confirmation takes, without directives."""
    life, earlier = standing.life_of(workspace, identifier)
    step = standing.taken(
        workspace, life, terms.CONFIRM, "chen", values={xz("confirmedResponse"): (Literal("-"),)}
    )
    workspace.flows.ledger.append(identifier, [*earlier, step], at=datetime.now(UTC), action="confirm")


def test_what_a_monitor_reports_is_at_the_monitoring_centre_and_what_a_commander_does_at_the_command_centre(
    workspace: Workspace,
) -> None:
    assert centres.of(workspace, somebody(workspace, "monitor")) == MONITORING
    assert centres.of(workspace, somebody(workspace, "commander")) == COMMAND
    assert centres.of(workspace, operator(workspace)) == COMMAND


def test_what_a_program_reports_comes_to_the_centre_that_receives_first(workspace: Workspace) -> None:
    assert centres.of(workspace, somebody(workspace, "integrator")) == MONITORING


def test_an_incident_at_the_monitoring_centre_whose_response_starts_is_to_be_handed_over(
    workspace: Workspace,
) -> None:
    identifier = reported(workspace, MONITORING)
    answer = incident.recall(workspace, identifier)
    assert answer.derivation.objects(answer.incident, xz("handOverTo")) == [COMMAND]
    take(workspace, identifier, Wish("hand-over", "response starts"), somebody(workspace, "monitor"))
    answer = incident.recall(workspace, identifier)
    assert not answer.derivation.objects(answer.incident, xz("handOverTo"))
    stored = {q.predicate for q in workspace.store.match(None, None, None, terms.response_graph(identifier))}
    assert xz("handOverTo") not in stored
    assert xz("grade") in stored


def test_only_who_is_on_watch_in_the_centre_that_has_it_hands_an_incident_over(workspace: Workspace) -> None:
    identifier = reported(workspace, MONITORING)
    with pytest.raises(FlowRefused, match="on watch there"):
        take(workspace, identifier, Wish("hand-over", "mine", "command"), somebody(workspace, "commander"))
    take(workspace, identifier, Wish("hand-over", "yours", "command"), somebody(workspace, "monitor"))
    with pytest.raises(FlowRefused, match="on watch there"):
        take(workspace, identifier, Wish("hand-over", "back", "monitoring"), somebody(workspace, "monitor"))
    take(workspace, identifier, Wish("hand-over", "back", "监测中心"), somebody(workspace, "duty-officer"))


def test_an_incident_is_not_handed_over_to_where_it_is_nor_to_a_centre_that_nobody_knows(
    workspace: Workspace,
) -> None:
    identifier = reported(workspace, COMMAND)
    for to, code in (("command", "centre.same"), ("centre of the world", "centre.unknown")):
        with pytest.raises(InputError) as raised:
            take(workspace, identifier, Wish("hand-over", "because", to), operator(workspace))
        assert raised.value.faults[0].code == code


def test_without_a_name_it_is_escalated_to_the_superior_of_the_command(workspace: Workspace) -> None:
    identifier = reported(workspace)
    event = take(workspace, identifier, Wish("escalate", "too big"), operator(workspace))
    (to,) = event.values[terms.ESCALATED_TO]
    assert "政府" in workspace.describer.text(to).zh


def test_where_a_transition_is_due_it_is_escalated_to_the_body_that_the_transition_names(
    workspace: Workspace,
) -> None:
    identifier = reported(workspace, crossBoundary=True)
    event = take(workspace, identifier, Wish("escalate", "two districts"), operator(workspace))
    (to,) = event.values[terms.ESCALATED_TO]
    assert workspace.describer.text(to).zh == "山东省人民政府"


def test_a_response_ends_for_a_reason_flares_up_again_and_is_reviewed(workspace: Workspace) -> None:
    identifier, commander = reported(workspace), somebody(workspace, "commander")
    respond(workspace, identifier)
    with pytest.raises(FlowRefused, match="reason"):
        take(workspace, identifier, Wish("end"), commander)
    for step, state in (("end", "ended"), ("reopen", "responding"), ("end", "ended")):
        take(workspace, identifier, Wish(step, "as it is"), commander)
        assert state_of(workspace, identifier) == state
    wish = Wish("review", "gas was shut off late", well=["rescue in 8 minutes"], better=["valve map", " "])
    event = take(workspace, identifier, wish, commander)
    assert [t.value for t in event.values[terms.TO_IMPROVE]] == ["valve map"]  # type: ignore[union-attr]
    assert state_of(workspace, identifier) == "reviewed"


def test_a_duty_officer_does_not_end_a_response(workspace: Workspace) -> None:
    identifier = reported(workspace)
    respond(workspace, identifier)
    with pytest.raises(Forbidden):
        take(workspace, identifier, Wish("end", "over"), somebody(workspace, "duty-officer"))


def test_a_response_does_not_end_while_directives_are_open(workspace: Workspace) -> None:
    identifier = reported(workspace)
    confirmed = confirming.confirm(workspace, identifier, operator(workspace))
    with pytest.raises(FlowRefused, match="are still open"):
        take(workspace, identifier, Wish("end", "over"), operator(workspace))
    assert "end" not in open_to(workspace, identifier, operator(workspace))
    for number in confirmed.new:
        acting.take(workspace, identifier, number, "cancel", operator(workspace), reason="not needed")
    take(workspace, identifier, Wish("end", "over"), operator(workspace))
    events = timeline(workspace, identifier)["events"]
    assert {event["about"]["kind"] for event in events} == {"incident", "directive"}
    assert any(event["text"]["en"].startswith("directive 1: ") for event in events)


def test_a_dismissed_incident_takes_no_more_reports(workspace: Workspace) -> None:
    identifier = reported(workspace)
    take(workspace, identifier, Wish("dismiss", "a drill"), somebody(workspace, "duty-officer"))
    before = set(workspace.store.match(None, None, None, terms.facts_graph(identifier)))
    with pytest.raises(FlowRefused, match="dismissed"):
        incident.report(workspace, {**EXPLOSION, "id": identifier, "deaths": 9}, actor="chen")
    assert before == set(workspace.store.match(None, None, None, terms.facts_graph(identifier)))


def test_who_saw_an_older_state_is_told_that_somebody_was_faster(workspace: Workspace) -> None:
    identifier = reported(workspace)
    take(workspace, identifier, Wish("note", "called back"), operator(workspace), expected=1)
    with pytest.raises(Conflict):
        take(workspace, identifier, Wish("dismiss", "a drill"), operator(workspace), expected=1)


@pytest.mark.parametrize("step", ["report", "continue", "confirm", "merge", "absorb", "fly"])
def test_other_steps_are_not_taken_here(workspace: Workspace, step: str) -> None:
    with pytest.raises(NotFound, match="no step"):
        take(workspace, reported(workspace), Wish(step, "because"), operator(workspace))


def test_an_incident_that_was_never_reported_takes_no_step(workspace: Workspace) -> None:
    with pytest.raises(NotFound):
        take(workspace, "nowhere", Wish("note", "hello"), operator(workspace))


def open_to(workspace: Workspace, identifier: str, principal: Principal) -> list[str]:
    life, _ = standing.life_of(workspace, identifier)
    return [step.name for step in steps_open_to(workspace, life, principal)]


def test_a_reader_is_offered_what_he_may_do_now(workspace: Workspace) -> None:
    identifier = reported(workspace, MONITORING)
    assert set(open_to(workspace, identifier, somebody(workspace, "monitor"))) == {"hand-over", "note"}
    assert set(open_to(workspace, identifier, somebody(workspace, "duty-officer"))) == {
        "confirm", "dismiss", "escalate", "merge", "note",
    }  # fmt: skip
    assert open_to(workspace, identifier, somebody(workspace, "steward")) == []


def test_an_incident_from_before_timelines_gets_its_report_with_its_first_step(workspace: Workspace) -> None:
    identifier = incident.report(workspace, EXPLOSION, actor="chen", key="before-timelines").id
    graphs = (terms.states_graph(identifier), timeline_graph(identifier))
    kept = [quad for name in graphs for quad in workspace.store.match(None, None, None, name)]
    workspace.store.commit(Change((), kept), actor="test", action="forget the timeline")
    event = take(workspace, identifier, Wish("note", "from the old book"), operator(workspace))
    assert event.number == 2
    first = workspace.flows.ledger.events(identifier)[0]
    assert first.actor == terms.SYSTEM_NAME
    assert len(first.values[terms.ADDED]) == len(standing.stored_facts(workspace, identifier))
