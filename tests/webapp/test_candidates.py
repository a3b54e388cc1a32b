"""Candidates over HTTP, as a page and on the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kb.access.accounts import Accounts
from kb.cli.candidate_desk import RemoteCandidates
from kb.cli.remote import Remote
from kb.services.workspace import Workspace
from tests.homes import copied
from tests.webapp.conftest import Client, Server
from webapp import create_app

IRI = re.compile(r"https://w3id\.org")


def rows(number: int, grid: str = "370202", longitude: float = 120.385) -> list[dict[str, object]]:
    now = datetime.now(UTC).isoformat()
    place = {"grid": grid, "longitude": longitude, "latitude": 36.065, "time": now}
    return [{"type": "内涝", "source": f"S-{number}-{one}", **place} for one in range(2)]


@pytest.fixture(scope="module")
def opened(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    home = copied(prepared, tmp_path_factory.mktemp("candidates") / "home")
    with Workspace(home, cities=()) as workspace:
        roles = set(workspace.policies.current.roles)
        for name, role in (("wu", "monitor"), ("ji", "integrator")):
            Accounts(home).add(name, "a long enough password", [role], known=roles)
        yield workspace


@pytest.fixture
def asking(opened: Workspace) -> FlaskClient:
    return create_app(opened, testing=True).test_client()


def as_(opened: Workspace, user: str) -> dict[str, str]:
    text, _ = Accounts(opened.home).issue(user, ["explain", "report", "judge-candidate"])
    return {"Authorization": f"Bearer {text}"}


def test_signals_become_a_candidate_and_an_incident_by_who_may(
    asking: FlaskClient, opened: Workspace
) -> None:
    program, officer = as_(opened, "ji"), as_(opened, "wu")
    sent = asking.post("/api/candidates/signals", json={"signals": rows(1)}, headers=program)
    assert sent.status_code == 201
    assert asking.post("/api/candidates/signals", json={"signals": [{}]}, headers=program).status_code == 422
    [found] = asking.get("/api/candidates", headers=program).get_json()["candidates"]
    required = asking.get("/api/openapi.json").get_json()["components"]["schemas"]["Candidate"]["required"]
    assert set(found) == set(required)
    assert len(found["signals"]) == 2
    address = f"/api/candidates/{found['id']}"
    assert asking.get(address, headers=program).status_code == 200
    assert asking.post(f"{address}/confirm", json={}, headers=program).status_code == 403
    assert asking.post(f"{address}/explode", json={}, headers=officer).status_code == 404
    assert asking.post(f"{address}/dismiss", json={}, headers=officer).status_code == 422
    made = asking.post(f"{address}/confirm", json={}, headers=officer).get_json()
    assert asking.get(f"/api/incidents/{made['incident']}", headers=officer).status_code == 200
    assert asking.get(address, headers=officer).status_code == 404


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_says_why_signals_stand_together(client: Client, lang: str) -> None:
    sent = client.post_json("/api/candidates/signals", {"signals": rows(2, "370102", 117.0)})
    assert sent.status in (200, 201), sent.text
    page = client.get("/candidates", **{"Accept-Language": lang})
    assert page.status == 200
    assert not IRI.search(re.sub(r"<[^>]*>", "", page.text))
    assert ("类型相同" if lang == "zh" else "of the same type") in page.text


def test_the_command_line_asks_the_server(server: Server) -> None:
    key = re.search(r'"key": "([^"]+)"', (server.home / "server.json").read_text(encoding="utf-8"))
    assert key is not None
    desk = RemoteCandidates(Remote(server.url, key[1]))
    assert len(desk.notice(rows(3, "370112", 117.3))["noticed"]) == 2
    found = next(one for one in desk.listed() if one["signals"][0]["source"].startswith("S-3"))
    assert desk.judge(found["id"], "dismiss", {"reason": "x"})["incident"] is None
