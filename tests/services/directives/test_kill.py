"""A process that is killed in the middle of the loop loses and doubles nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kb.flow.ledger import states_of
from kb.services.directives import measures, terms
from kb.services.workspace import Workspace
from tests.homes import copied

PROGRAM = Path(__file__).parent / "loop_process.py"
KILLS = 3
MORE = 25


def acknowledged(home: Path, prefix: str, after: float) -> dict[str, int]:
    """Kill the program *after* so many seconds; return the last event that it told of each incident."""
    root = str(Path(__file__).parents[3])
    environment = {**os.environ, "PYTHONPATH": root}
    command = [sys.executable, str(PROGRAM), str(home), prefix]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        told = [process.stdout.readline()]
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        told += [line for line in process.stdout if line.endswith("\n")]
    last: dict[str, int] = {}
    for line in told:
        name, number = line.split()
        last[name] = int(number)
    return last


def survives(home: Path, kills: int) -> None:
    chance = random.Random(20261125)
    said: dict[str, int] = {}
    for kill in range(kills):
        said |= acknowledged(home, f"kill-{kill}", chance.uniform(0.0, 1.0))
        with Workspace(home, cities=["370200"]) as workspace:
            flows = workspace.flows
            machines = {
                flows.machine(n).flow.iri: flows.machine(n) for n in (terms.FLOW, terms.INCIDENT_FLOW)
            }
            for name in measures.timelines(workspace):
                events = flows.ledger.events(name)
                assert [event.number for event in events] == list(range(1, len(events) + 1))
                assert len(events) >= said.get(name, 0), "an acknowledged event was lost"
                for about, life in states_of(machines, events).items():
                    stored = flows.ledger.stored_state(about, terms.states_graph(name))
                    assert stored == (life.state, life.revision)
            workspace.store.verify()
    assert sum(said.values()) > 10 * kills


def test_a_kill_in_the_middle_of_a_step_loses_and_doubles_nothing(home: Path) -> None:
    survives(home, KILLS)


@pytest.mark.slow
def test_many_kills_lose_and_double_nothing(home: Path, tmp_path: Path) -> None:
    survives(copied(home, tmp_path / "again"), MORE)
