"""The closed loop of a directive: who may do what, in which order, and what is kept of it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from kb.access.principal import Principal
from kb.errors import Forbidden, NotFound, Text
from kb.flow import Conflict, FlowRefused
from kb.flow.event import integer
from kb.flow.ledger import states_of
from kb.namespaces import ROOT, graph, xz
from kb.services import incident
from kb.services.directives import acting, confirming, orders, parties, reading, terms
from kb.services.directives.acting import Request, take
from kb.services.directives.orders import Override, OverrideFault
from kb.services.life import facts
from kb.services.recommendation import recommend
from kb.services.workspace import Workspace
from kb.store.protocol import Change
from tests.services.directives.conftest import MAJOR, ORDINARY, START, Report, Who


def addressee(workspace: Workspace, identifier: str, number: int) -> str:
    body = acting.life_of(workspace, identifier, number).one(terms.ADDRESSEE)
    assert isinstance(body, NamedNode)
    return body.value


def state(workspace: Workspace, identifier: str, number: int) -> str:
    now = acting.life_of(workspace, identifier, number).state
    assert now is not None
    return now.value.rpartition("/")[2]


def through(workspace: Workspace, identifier: str, number: int, who: Who, until: str = "close") -> None:
    """Take the directive through the loop, up to and with the step *until*."""
    department = who("department-officer", addressee(workspace, identifier, number))
    command = who("duty-officer")
    steps: list[tuple[str, Principal, dict[str, Any]]] = [
        ("acknowledge", department, {}),
        ("start", department, {}),
        ("report", department, {"reason": "已完成"}),
        ("verify", command, {}),
        ("evaluate", command, {"values": {terms.SCORE: (integer(5),)}}),
        ("close", command, {}),
    ]
    for name, principal, more in steps:
        take(workspace, identifier, number, name, principal, now=START, **more)
        if name == until:
            return


def test_a_confirmed_recommendation_becomes_a_directive_for_each_department_and_module(
    workspace: Workspace, report: Report, who: Who
) -> None:
    identifier = report()
    done = confirming.confirm(workspace, identifier, who("duty-officer"), now=START)
    recommendation = recommend(workspace, incident.recall(workspace, identifier))
    lives = reading.stored(workspace, identifier)
    assert done.issued
    assert done.new == tuple(range(1, len(lives) + 1))
    of_modules = {
        (body["iri"], module["iri"]) for module in recommendation["modules"] for body in module["responsible"]
    }
    made = {(str(l.one(terms.ADDRESSEE))[1:-1], str(l.one(terms.MODULE))[1:-1]) for l in lives}  # noqa: E741
    assert of_modules <= made
    engaged = {one["iri"] for part in ("lead", "support", "firstResponders") for one in recommendation[part]}
    assert engaged == {body for body, _ in made}
    assert {life.state for life in lives} == {parties.state("issued")}
    rules = {str(rule) for life in lives for rule in life.values[terms.BECAUSE]}
    assert rules
    assert all(rule.startswith(f"<{ROOT}rule/") for rule in rules)


def test_at_a_high_level_the_officer_reviews_and_the_chief_commander_issues(
    workspace: Workspace, report: Report, who: Who
) -> None:
    identifier = report(**MAJOR)
    done = confirming.confirm(workspace, identifier, who("duty-officer"), now=START)
    assert not done.issued
    assert state(workspace, identifier, 1) == "reviewed"
    for role in ("duty-officer", "commander"):
        with pytest.raises(FlowRefused, match=r"flow\.guard"):
            take(workspace, identifier, 1, "issue", who(role))
    take(workspace, identifier, 1, "issue", who("chief-commander"))
    assert state(workspace, identifier, 1) == "issued"


def test_an_override_is_kept_with_its_reason_beside_what_was_recommended(
    workspace: Workspace, report: Report, who: Who
) -> None:
    identifier = report()
    asked = orders.orders(recommend(workspace, incident.recall(workspace, identifier)))
    moved, dropped = asked[0], asked[1]
    other = next(o.addressee for o in asked if o.addressee not in {moved.addressee, dropped.addressee})
    overrides = [
        Override(moved.addressee, moved.module, other, "现场已由其处置"),
        Override(dropped.addressee, dropped.module, None, "不需要"),
    ]
    with pytest.raises(OverrideFault, match=r"override\.reason"):
        confirming.confirm(
            workspace,
            identifier,
            who("duty-officer"),
            overrides=[Override(moved.addressee, moved.module, None, " ")],
        )
    assert reading.stored(workspace, identifier) == []
    confirming.confirm(workspace, identifier, who("duty-officer"), overrides=overrides, now=START)
    made = {
        (life.one(terms.ADDRESSEE), life.one(terms.MODULE)) for life in reading.stored(workspace, identifier)
    }
    assert (other, moved.module) in made
    assert (dropped.addressee, dropped.module) not in made
    within = terms.states_graph(identifier)
    kept = [q.subject for q in workspace.store.match(None, xz("recommendedAddressee"), None, within)]
    assert len(kept) == 2
    reasons = {
        q.object.value
        for node in kept
        for q in workspace.store.match(node, None, None, within)
        if isinstance(q.object, Literal)
    }
    assert {"现场已由其处置", "不需要"} <= reasons
    assert orders.orders(recommend(workspace, incident.recall(workspace, identifier))) == asked


def test_confirming_again_adds_what_is_new_and_names_what_is_no_longer_asked_for(
    workspace: Workspace, report: Report, who: Who
) -> None:
    identifier = report(deaths=0, seriousInjuries=0)
    first = confirming.confirm(workspace, identifier, who("duty-officer"), now=START)
    assert confirming.confirm(workspace, identifier, who("duty-officer"), now=START).new == ()
    incident.report(
        workspace,
        {"type": "燃气爆炸", "grid": "370202", "deaths": 4, "id": identifier, "trapped": 3},
        actor="test",
    )
    again = confirming.confirm(workspace, identifier, who("commander"), now=START)
    assert again.new
    assert min(again.new) == max(first.new) + 1
    assert set(again.obsolete) < set(first.new)


def test_a_directive_goes_through_the_loop_to_its_close(
    workspace: Workspace, confirmed: str, who: Who
) -> None:
    through(workspace, confirmed, 1, who)
    life = acting.life_of(workspace, confirmed, 1)
    seen = reading.view(workspace, life, who("duty-officer"))
    assert seen["state"]["final"]
    assert seen["score"] == 5
    assert seen["steps"] == []
    assert seen["due"] is None
    events = reading.timeline(workspace, confirmed, life.about)
    assert [event["step"]["name"] for event in events] == [
        *("draft", "review", "issue", "acknowledge", "start", "report", "verify", "evaluate", "close"),
    ]
    with pytest.raises(FlowRefused, match=r"flow\.step"):
        take(workspace, confirmed, 1, "urge", who("duty-officer"))


def test_another_department_may_not_act_on_it_and_the_addressee_not_verify_it(
    workspace: Workspace, confirmed: str, who: Who
) -> None:
    bodies = {
        addressee(workspace, confirmed, n + 1) for n in range(len(reading.stored(workspace, confirmed)))
    }
    own = addressee(workspace, confirmed, 1)
    stranger = who("department-officer", sorted(bodies - {own})[0])
    with pytest.raises(FlowRefused, match=r"flow\.party"):
        take(workspace, confirmed, 1, "acknowledge", stranger)
    with pytest.raises(Forbidden, match=r"access\.action"):
        take(workspace, confirmed, 1, "acknowledge", who("commander"))
    through(workspace, confirmed, 1, who, until="report")
    with pytest.raises(FlowRefused, match=r"flow\.party"):
        take(workspace, confirmed, 1, "verify", who("department-officer", own))


def test_after_a_return_the_first_department_stays_responsible_until_another_has_it(
    workspace: Workspace, confirmed: str, who: Who
) -> None:
    first = addressee(workspace, confirmed, 1)
    with pytest.raises(FlowRefused, match=r"flow\.reason"):
        take(workspace, confirmed, 1, "refuse", who("department-officer", first))
    take(workspace, confirmed, 1, "refuse", who("department-officer", first), reason="不属本部门职责")
    assert state(workspace, confirmed, 1) == "returned"
    assert addressee(workspace, confirmed, 1) == first
    command = who("duty-officer")
    back = {terms.ADDRESSEE: (NamedNode(first),)}
    with pytest.raises(FlowRefused, match=r"flow\.guard"):
        take(workspace, confirmed, 1, "redispatch", command, values=back)
    with pytest.raises(FlowRefused, match=r"flow\.value"):
        take(workspace, confirmed, 1, "redispatch", command)
    other = NamedNode(addressee(workspace, confirmed, 2))
    if other.value == first:
        other = NamedNode(addressee(workspace, confirmed, 3))
    take(workspace, confirmed, 1, "redispatch", command, values={terms.ADDRESSEE: (other,)})
    assert state(workspace, confirmed, 1) == "issued"
    seen = reading.view(workspace, acting.life_of(workspace, confirmed, 1))
    assert seen["addressee"]["iri"] == other.value
    assert [body["iri"] for body in seen["refusedBy"]] == [first]


def test_a_directive_closes_after_its_parts(workspace: Workspace, confirmed: str, who: Who) -> None:
    own = addressee(workspace, confirmed, 1)
    help_ = NamedNode(addressee(workspace, confirmed, 2))
    through(workspace, confirmed, 1, who, until="start")
    request = Request(help_, NamedNode(own), Text("封路", "close the road"), parent=1)
    with pytest.raises(Forbidden, match=r"directive\.not-own"):
        acting.draft(workspace, confirmed, request, who("department-officer", help_.value))
    acting.draft(workspace, confirmed, request, who("department-officer", own), now=START)
    part = len(reading.stored(workspace, confirmed))
    assert state(workspace, confirmed, part) == "issued"
    department, command = who("department-officer", own), who("duty-officer")
    take(workspace, confirmed, 1, "report", department, reason="好了")
    take(workspace, confirmed, 1, "verify", command)
    take(workspace, confirmed, 1, "evaluate", command)
    with pytest.raises(FlowRefused, match=r"flow\.guard"):
        take(workspace, confirmed, 1, "close", command)
    helper = who("department-officer", help_.value)
    for name, reason in (("acknowledge", ""), ("start", ""), ("report", "已封路")):
        take(workspace, confirmed, part, name, helper, reason=reason)
    with pytest.raises(FlowRefused, match=r"flow\.party"):
        take(workspace, confirmed, part, "verify", command)
    for name in ("verify", "evaluate", "close"):
        take(workspace, confirmed, part, name, department)
    take(workspace, confirmed, 1, "close", command)
    assert state(workspace, confirmed, 1) == "closed"


def test_a_department_asks_another_for_help_without_a_superior(
    workspace: Workspace, confirmed: str, who: Who
) -> None:
    one, other = addressee(workspace, confirmed, 1), addressee(workspace, confirmed, 2)
    request = Request(NamedNode(other), NamedNode(one), Text("支援十人", "send ten people"), lateral=True)
    acting.draft(workspace, confirmed, request, who("department-officer", one), now=START)
    sent = reading.requested_by(workspace, NamedNode(one))
    (asked,) = [life for life in sent if terms.parts_of(life.about)[0] == confirmed]
    assert asked.about in {life.about for life in reading.of_department(workspace, NamedNode(other))}
    assert reading.view(workspace, asked)["lateral"]
    assert reading.timeline(workspace, confirmed, asked.about)[0]["body"]["iri"] == one


def test_of_two_who_act_at_once_one_wins_and_the_other_is_told(
    workspace: Workspace, confirmed: str, who: Who
) -> None:
    department = addressee(workspace, confirmed, 1)
    seen, told, start = acting.life_of(workspace, confirmed, 1).revision, [], threading.Barrier(8)

    def act(number: int) -> None:
        officer = who("department-officer", department, f"officer-{number}")
        start.wait()
        try:
            take(workspace, confirmed, 1, "acknowledge", officer, expected=seen)
            told.append("won")
        except Conflict as conflict:
            told.append(conflict.faults[0].code)

    threads = [threading.Thread(target=act, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [*["flow.changed"] * 7, "won"]


def test_everything_survives_a_restart_and_replaying_gives_what_is_stored(
    workspace: Workspace, confirmed: str, who: Who
) -> None:
    through(workspace, confirmed, 1, who, until="start")
    flows = workspace.flows
    machines = {flows.machine(n).flow.iri: flows.machine(n) for n in (terms.FLOW, terms.INCIDENT_FLOW)}
    lives = states_of(machines, flows.ledger.events(confirmed))
    within = terms.states_graph(confirmed)
    for about, life in lives.items():
        assert flows.ledger.stored_state(about, within) == (life.state, life.revision)
    assert {l.about: l.values for l in reading.stored(workspace, confirmed)}.keys() < lives.keys()  # noqa: E741


def test_what_does_not_exist_is_not_found(workspace: Workspace, confirmed: str, who: Who) -> None:
    with pytest.raises(NotFound, match=r"flow\.unknown"):
        take(workspace, confirmed, 999, "acknowledge", who("commander"))
    with pytest.raises(NotFound, match=r"flow\.no-step"):
        take(workspace, confirmed, 1, "dance", who("commander"))
    with pytest.raises(NotFound, match=r"incident\.unknown"):
        confirming.confirm(workspace, "nowhere", who("commander"))
    body = NamedNode(ROOT + "body")
    with pytest.raises(NotFound, match=r"incident\.unknown"):
        acting.draft(workspace, "nowhere", Request(body, body, Text("", "")), who("commander"))


def test_the_response_that_was_confirmed_can_be_checked_later(workspace: Workspace, confirmed: str) -> None:
    kept = workspace.store.match(
        terms.incident_iri(confirmed), terms.CONFIRMED, None, terms.states_graph(confirmed)
    )
    digest = confirming.response_digest(workspace, confirmed)
    assert [q.object for q in kept] == [Literal(digest)]
    assert any(True for _ in workspace.store.match(None, None, None, graph(f"timeline/{confirmed}")))


def test_confirming_an_incident_older_than_timelines_keeps_what_was_reported(
    workspace: Workspace, who: Who
) -> None:
    identifier = "directives-older"
    known = workspace.reader.read(ORDINARY, incident_id=identifier, received=START).facts
    within = graph(f"incident/{identifier}")
    quads = [Quad(t.subject, t.predicate, t.object, within) for t in known]
    workspace.store.commit(Change(quads), actor="test", action="report")
    confirming.confirm(workspace, identifier, who("duty-officer"), now=START)
    events = workspace.flows.ledger.events(identifier, terms.incident_iri(identifier))
    (version,) = facts.versions(events)
    assert version.facts == set(incident.recall(workspace, identifier).facts)
    assert len(version.facts) == len(known)
