"""kill -9 at random points, and damage on top: nothing acknowledged is lost, nothing is half there."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sparql_server import SparqlServer

from kb.store.embedded import open_store
from kb.store.remote import open_remote

sys.path.insert(0, str(Path(__file__).parent))
import committer

KILLS = 50


def kill_at_random(chance: random.Random, *arguments: str) -> int:
    """Run the committer for a moment, kill it, and return the last acknowledged number, or 0."""
    command = [sys.executable, committer.__file__, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        acknowledged = b""
        if chance.random() < 0.8:  # else kill while it starts and recovers
            acknowledged += process.stdout.readline()
        time.sleep(chance.uniform(0, 0.12))
        process.kill()
        acknowledged += process.stdout.read()
    assert process.returncode == -9, acknowledged
    # A number without its line end was not read by anybody.
    numbers = acknowledged[: acknowledged.rfind(b"\n") + 1].split()
    return int(numbers[-1]) if numbers else 0


def damage(folder: Path, kind: str, chance: random.Random) -> None:
    """Do to Oxigraph's files what a power cut may do, or worse."""
    for path in folder.glob("quads-*"):
        if kind == "oxigraph deleted":
            shutil.rmtree(path)
            continue
        for log in path.glob("*.log"):
            data = bytearray(log.read_bytes())
            if kind == "log emptied":
                data.clear()
            elif kind == "log cut" and data:
                del data[chance.randrange(len(data)) :]
            elif kind == "log bit flipped" and data:
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            log.write_bytes(data)


@pytest.mark.parametrize(
    "kind", ["no damage", "oxigraph deleted", "log emptied", "log cut", "log bit flipped"]
)
def test_after_kill_9_under_load_nothing_acknowledged_is_lost_and_nothing_is_partial(
    tmp_path: Path, kind: str
) -> None:
    chance = random.Random(kind)
    previous = 0
    for kill in range(KILLS // 5):
        acknowledged = max(previous, kill_at_random(chance, str(tmp_path)))
        damage(tmp_path, kind, chance)
        previous = acknowledged
        if kill % 2:
            continue  # the next committer recovers, not this test
        with open_store(tmp_path) as store:
            count = store.sequence
            # One more a kill may be durable than was acknowledged: it struck in between.
            assert acknowledged <= count <= acknowledged + 2
            assert set(store.match(None, None, None)) == committer.state(count)
            assert store.verify() == count
    assert previous > 10


def test_after_kill_9_a_remote_store_has_all_that_was_acknowledged_and_nothing_partial(
    tmp_path: Path, sparql_server: SparqlServer
) -> None:
    chance = random.Random("remote")
    previous = 0
    for kill in range(KILLS // 5):
        acknowledged = max(previous, kill_at_random(chance, str(tmp_path), sparql_server.url))
        previous = acknowledged
        if kill % 3 == 1:
            sparql_server.stop()  # the server, too, is killed now and then
            sparql_server.start()
        if kill % 2:
            continue
        with open_remote(tmp_path, sparql_server.url) as store:
            count = store.sequence
            assert acknowledged <= count <= acknowledged + 2
            assert set(store.match(None, None, None)) == committer.state(count)
            assert store.verify() == count
    assert previous > 10
