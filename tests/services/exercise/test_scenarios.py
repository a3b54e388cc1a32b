"""Every scenario that is shipped comes out as it expects, the same each time, and loses no event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.errors import InputError, KnowledgeFault
from kb.flow import definition
from kb.flow.ledger import states_of
from kb.services import incident
from kb.services.directives import terms
from kb.services.exercise import reading, telling
from kb.services.exercise.running import Exercise, Outcome
from kb.services.workspace import Workspace
from tests.conftest import CITIES
from tests.homes import copied

SCENARIOS = reading.shipped()


@pytest.fixture(scope="module")
def store(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A store for exercises alone."""
    home = copied(prepared, tmp_path_factory.mktemp("exercise") / "home")
    with Workspace(home, cities=CITIES) as workspace:
        yield workspace


def play(store: Workspace, path: Path, seed: int | None = None) -> Outcome:
    scenario = reading.read(path, definition.read(store.store, terms.FLOW).steps)
    return Exercise(store, scenario, scenario.seed if seed is None else seed).run()


def named(name: str) -> Path:
    return next(path for path in SCENARIOS if path.stem == name)


def test_there_are_five_scenarios_at_least_and_one_is_compound() -> None:
    assert len(SCENARIOS) >= 5
    assert any("type: [" in path.read_text(encoding="utf-8") for path in SCENARIOS)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_scenario_comes_out_as_it_expects_and_every_event_is_there_once(
    store: Workspace, path: Path
) -> None:
    outcome = play(store, path)
    told = telling.data(store, outcome)
    assert told["held"], "\n".join(telling.text(told, "en"))
    flows = store.flows
    machines = {flows.machine(n).flow.iri: flows.machine(n) for n in (terms.FLOW, terms.INCIDENT_FLOW)}
    for name in outcome.incidents:
        events = flows.ledger.events(name)
        assert [event.number for event in events] == list(range(1, len(events) + 1))
        for about, life in states_of(machines, events).items():
            stored = flows.ledger.stored_state(about, terms.states_graph(name))
            assert stored == (life.state, life.revision)
    assert json.loads(json.dumps(told, ensure_ascii=False)) == told
    for lang in ("zh", "en"):
        assert "".join(telling.markdown(told, lang))


def test_the_same_seed_gives_the_same_events(store: Workspace, home: Path) -> None:
    path = named("gas-explosion")
    first = play(store, path, seed=77)
    with Workspace(home, cities=CITIES) as other:
        again = play(other, path, seed=77)
        assert again.incidents == first.incidents
        for name in first.incidents:
            mine = [(e.at, e.step, e.actor, e.about) for e in store.flows.ledger.events(name)]
            assert mine == [(e.at, e.step, e.actor, e.about) for e in other.flows.ledger.events(name)]


def test_no_exercise_runs_among_real_incidents(home: Path) -> None:
    with Workspace(home, cities=CITIES) as live:
        incident.report(live, {"type": "燃气爆炸", "grid": "370202", "id": "real"}, actor="test")
        with pytest.raises(InputError, match=r"exercise\.live"):
            play(live, named("gas-explosion"))


def test_the_same_exercise_twice_in_one_store_is_refused(store: Workspace) -> None:
    play(store, named("rainstorm"), seed=5)
    with pytest.raises(InputError, match=r"exercise\.again"):
        play(store, named("rainstorm"), seed=5)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("title: {zh: 一, en: one}\n", "city"),
        ("[1, 2]\n", ""),
        ("title: {zh: 一\n", ""),
    ],
)
def test_a_scenario_that_is_wrong_is_told_with_its_file(tmp_path: Path, text: str, where: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(KnowledgeFault) as refused:
        reading.read(path)
    assert "wrong.yaml" in refused.value.render("en")
    assert where in refused.value.render("zh")
