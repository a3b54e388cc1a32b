"""The server process: where it says it is, how it stops, what it survives."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.webapp.conftest import REPORT, SERVE, Server


def test_a_note_in_the_home_folder_says_where_the_server_is(server: Server) -> None:
    path = server.home / "server.json"
    note = json.loads(path.read_text())
    assert (note["url"], note["pid"]) == (server.url, server.process.pid)
    assert len(note["key"]) > 30
    assert path.stat().st_mode & 0o077 == 0  # whoever has the key may do everything


def test_a_second_server_on_the_same_home_is_refused(server: Server) -> None:
    run = [sys.executable, "-c", SERVE, str(server.home), "0"]
    second = subprocess.run(run, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2])
    assert second.returncode != 0
    assert "store.locked" in second.stderr
    assert (server.home / "server.json").exists()
    assert server.client.get("/").status == 200


def test_a_taken_port_is_refused_before_anything_is_loaded(server: Server, tmp_path: Path) -> None:
    port = server.url.rsplit(":", 1)[1]
    run = [sys.executable, "-c", SERVE, str(tmp_path / "home"), port]
    second = subprocess.run(run, capture_output=True, text=True, timeout=20, cwd=Path(__file__).parents[2])
    assert "server.address" in second.stderr
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_server_and_nothing_is_lost(
    start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory, number: signal.Signals
) -> None:
    # One home for both signals: its knowledge is loaded once.
    home = tmp_path_factory.getbasetemp() / "stopped"
    server = start(home)
    identifier = server.client.post_json("/api/recommend", {**REPORT, "grid": "110101"}).json["incident"][
        "id"
    ]
    session = server.client.form()
    server.process.send_signal(number)
    assert server.process.wait(15) == 0
    assert not (home / "server.json").exists()
    assert not any((home / "checkpoints").glob("*"))

    again = start(home)
    assert again.client.get(f"/api/incidents/{identifier}").json["incident"]["id"] == identifier
    # The page that stayed open still works: the secret is the same.
    hidden, headers = session
    reply = again.client.post_form("/", {**hidden, "type": "燃气爆炸", "grid": "110101"}, headers)
    assert reply.status == 303
    again.process.terminate()
    assert again.process.wait(15) == 0
