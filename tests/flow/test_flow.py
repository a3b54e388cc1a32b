"""Flows as the ontology declares them, run by the machine and kept in timelines."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode

from kb.access.policy import Policy
from kb.access.principal import Operator, Principal
from kb.errors import Forbidden, KnowledgeFault, NotFound
from kb.flow import Conflict, FlowRefused, definition
from kb.flow.event import Event, timeline_graph
from kb.flow.ledger import Ledger, Taken, states_of
from kb.flow.machine import Actor, FlowMachine, Life
from kb.namespaces import ROOT, graph, xz
from kb.store.embedded import EmbeddedStore
from tests.flow.conftest import FILES

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
FLOWS = sorted(path.stem.removesuffix("-flow") for path in FILES if path.stem.endswith("-flow"))
THING, STATES = NamedNode(ROOT + "directive/1"), graph("directive/1")
BODY = NamedNode(ROOT + "city/370200/fire")
WALKS = itertools.count()


def machine(store: EmbeddedStore, name: str = "directive") -> FlowMachine:
    return FlowMachine(definition.read(store, name))


def everybody(store: EmbeddedStore, name: str = "anybody") -> Actor:
    policy = Policy(store)
    parties = [NamedNode(f"{ROOT}kb/party/{one}") for one in ("issuer", "addressee", "system")]
    return Actor(Operator(name, frozenset(policy.roles), policy), parties)


def taken(run: FlowMachine, life: Life, name: str, actor: str = "chen", **more: Any) -> Taken:
    return Taken(run, life, STATES, run.flow.steps[name].iri, actor, **more)


@pytest.mark.parametrize("name", FLOWS)
def test_every_state_of_a_flow_is_reached_and_an_end_is_reached_from_each(
    store: EmbeddedStore, name: str
) -> None:
    flow = definition.read(store, name)
    edges = {(s, step.target or s) for step in flow.steps.values() for s in step.sources}

    def reach(state: NamedNode) -> set[NamedNode]:
        found, waiting = {state}, [state]
        while waiting:
            here = waiting.pop()
            new = {after for before, after in edges if before == here} - found
            found |= new
            waiting += new
        return found

    assert reach(flow.start) == set(flow.states)
    ends = {state for state, one in flow.states.items() if one.final}
    assert all(reach(state) & ends for state in flow.states)
    assert not {before for before, _ in edges} & ends


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_drawing_shows_every_state_and_step_of_the_definition(
    store: EmbeddedStore, name: str, lang: str
) -> None:
    run = machine(store, name)
    drawn = run.diagram(lang)
    assert all(state.label.in_(lang) in drawn for state in run.flow.states.values())
    assert all(step.label.in_(lang) in drawn for step in run.flow.steps.values() if step.sources)


def test_a_flow_that_is_not_declared_is_an_error_of_the_knowledge(store: EmbeddedStore) -> None:
    with pytest.raises(KnowledgeFault, match=r"flow\.incomplete"):
        definition.read(store, "nowhere")


def test_a_step_that_the_state_forbids_is_refused_with_what_is_possible(store: EmbeddedStore) -> None:
    run = machine(store)
    life = run.after(Life(THING), Event(1, THING, run.flow.first.iri, "chen", NOW))
    with pytest.raises(FlowRefused) as refused:
        run.check(life, run.flow.steps["close"], everybody(store))
    assert "已制定" in refused.value.render("zh")
    assert "review it" in refused.value.render("en")


def test_whoever_drafted_does_not_review(store: EmbeddedStore) -> None:
    run = machine(store)
    life = run.after(Life(THING), Event(1, THING, run.flow.first.iri, "chen", NOW))
    run.check(life, run.flow.steps["review"], everybody(store, "wang"))
    with pytest.raises(Forbidden, match=r"flow\.four-eyes"):
        run.check(life, run.flow.steps["review"], everybody(store, "chen"))


def test_a_right_a_side_a_reason_and_a_value_may_be_missing(store: EmbeddedStore) -> None:
    run, policy = machine(store), Policy(store)
    stranger = Actor(Principal("x", frozenset(["visitor"]), policy))
    with pytest.raises(Forbidden, match=r"access\.action"):
        run.check(Life(THING), run.flow.first, stranger)
    with pytest.raises(FlowRefused, match=r"flow\.value"):
        run.check(Life(THING), run.flow.first, everybody(store))
    issued = Life(THING, NamedNode(f"{definition.FLOWS}directive/state/issued"), 3)
    with pytest.raises(FlowRefused, match=r"flow\.party"):
        run.check(issued, run.flow.steps["refuse"], Actor(everybody(store).principal))
    with pytest.raises(FlowRefused, match=r"flow\.reason"):
        run.check(issued, run.flow.steps["refuse"], everybody(store), reason=" ")
    with pytest.raises(Conflict, match=r"flow\.changed"):
        run.check(issued, run.flow.steps["acknowledge"], everybody(store), expected=2)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), name=st.sampled_from(FLOWS))
def test_replaying_the_events_gives_the_state_that_is_stored(
    store: EmbeddedStore, data: st.DataObject, name: str
) -> None:
    """Any walk that the flow allows, over several things of one timeline."""
    ledger, run = Ledger(store), machine(store, name)
    timeline = f"walk-{next(WALKS)}"
    things = [NamedNode(f"{ROOT}thing/{timeline}/{n}") for n in range(3)]
    lives = {thing: Life(thing) for thing in things}
    for tick in range(data.draw(st.integers(1, 12))):
        thing = data.draw(st.sampled_from(things))
        possible = run.possible(lives[thing])
        if not possible:
            continue
        step = data.draw(st.sampled_from(possible))
        values = {p: (Literal(str(tick)),) for p in (*step.sets, *step.may_set)}
        one = Taken(run, lives[thing], STATES, step.iri, "chen", BODY, "because", values)
        (event,) = ledger.append(timeline, [one], at=NOW + timedelta(minutes=tick), action="walk")
        lives[thing] = run.after(lives[thing], event)
    events = ledger.events(timeline)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert ledger.length(timeline) == len(events)
    assert states_of({run.flow.iri: run}, events) == {t: life for t, life in lives.items() if life.state}
    for thing, life in lives.items():
        assert ledger.stored_state(thing, STATES) == (life.state, life.revision)
        stored = {(q.predicate, q.object) for q in store.match(thing, None, None, STATES)}
        assert {(p, v) for p, terms in life.values.items() for v in terms} <= stored


def test_steps_of_several_things_are_written_together_or_not_at_all(store: EmbeddedStore) -> None:
    ledger, run = Ledger(store), machine(store)
    other = NamedNode(ROOT + "directive/2")
    first = run.flow.first.iri
    steps = [Taken(run, Life(thing), STATES, first, "chen") for thing in (THING, other)]
    wrong = taken(run, Life(NamedNode(ROOT + "directive/3")), "close")
    with pytest.raises(FlowRefused):
        ledger.append("i", [*steps, wrong], at=NOW, action="draft")
    assert ledger.length("i") == 0
    assert not list(store.match(None, None, None, timeline_graph("i")))
    assert len(ledger.append("i", steps, at=NOW, action="draft")) == 2
    with pytest.raises(NotFound, match=r"flow\.unknown"):
        ledger.life(run, "i", NamedNode(ROOT + "directive/3"))


def test_of_many_who_act_at_once_on_one_thing_one_wins_and_the_others_are_told(store: EmbeddedStore) -> None:
    ledger, run = Ledger(store), machine(store)
    ledger.append("i", [taken(run, Life(THING), "draft")], at=NOW, action="draft")
    actor, outcomes = everybody(store), []
    start = threading.Barrier(16)

    def act(number: int) -> None:
        start.wait()
        try:
            with ledger.lock("i"):
                life = ledger.life(run, "i", THING)
                run.check(life, run.flow.steps["review"], actor, expected=1)
                ledger.append("i", [taken(run, life, "review", f"p{number}")], at=NOW, action="review")
            outcomes.append("won")
        except Conflict:
            outcomes.append("told")

    threads = [threading.Thread(target=act, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["told"] * 15 + ["won"]
    assert ledger.length("i") == 2


def test_without_the_lock_too_a_number_is_taken_once(store: EmbeddedStore) -> None:
    """Two ledgers know nothing of each other's locks, as two servers would not."""
    one, other, run = Ledger(store), Ledger(store), machine(store)
    one.append("i", [taken(run, Life(THING), "draft")], at=NOW, action="draft")
    life = one.life(run, "i", THING)
    one.append("i", [taken(run, life, "review")], at=NOW, action="review", seen=1)
    with pytest.raises(Conflict, match=r"flow\.changed"):
        other.append("i", [taken(run, life, "review")], at=NOW, action="review", seen=1)
    assert one.length("i") == 2


def test_a_timeline_survives_the_end_of_the_process(store: EmbeddedStore, tmp_path: Path) -> None:
    run = machine(store)
    value = {xz("addressee"): (BODY,)}
    written = Ledger(store).append(
        "i",
        [taken(run, Life(THING), "draft", values=value, body=BODY, reason="理由")],
        at=NOW,
        action="draft",
    )
    store.close()
    with EmbeddedStore(tmp_path / "store", reserve=0) as again:
        assert Ledger(again).events("i") == written
        assert Ledger(again).life(run, "i", THING).one(xz("addressee")) == BODY
