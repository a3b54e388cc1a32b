"""Risk over HTTP and as a page; observations from who may push them; proposals for who may decide."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kb.access.accounts import Accounts
from kb.sensing import synthetic
from kb.services.workspace import Workspace
from tests.homes import copied
from tests.risk.conftest import CITY, EXTENT, KINDS, assess_made_up
from webapp import create_app

LINE = {"id": "a", "time": "2026-07-01T08:00:00+08:00", "longitude": 120.38, "latitude": 36.07}


@pytest.fixture(scope="module")
def opened(
    prepared: Path, observations: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    home = copied(prepared, tmp_path_factory.mktemp("risk-web") / "home")
    with Workspace(home, cities=()) as workspace:
        assess_made_up(workspace, observations)
        roles = set(workspace.policies.current.roles)
        for name, role in USERS.items():
            Accounts(home).add(name, "a long enough password", [role], known=roles)
        yield workspace


@pytest.fixture(scope="module")
def observations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("observations") / "made-up.parquet"
    synthetic.write(path, 10_000, EXTENT, KINDS, places=1_000)
    return path


@pytest.fixture
def client(opened: Workspace) -> FlaskClient:
    return create_app(opened, testing=True).test_client()


USERS = {"mon": "monitor", "duty": "duty-officer", "gate": "integrator"}
SCOPES = {
    "mon": ["query", "assess-risk", "issue-warning", "explain"],
    "duty": ["query"],
    "gate": ["query", "observe"],
}


def as_(opened: Workspace, user: str) -> dict[str, str]:
    text, _ = Accounts(opened.home).issue(user, SCOPES[user])
    return {"Authorization": f"Bearer {text}"}


def pushed(client: FlaskClient, lines: bytes, headers: dict[str, str]):
    return client.post("/api/observations", data=lines, content_type="application/x-ndjson", headers=headers)


def test_observations_are_taken_once_from_who_may_push_them(opened, client):
    line = json.dumps({**LINE, "category": "fire"}).encode()
    first = pushed(client, line, as_(opened, "gate"))
    assert (first.status_code, first.json) == (201, {"stored": 1, "duplicates": 0})
    again = pushed(client, line, as_(opened, "gate"))
    assert (again.status_code, again.json) == (200, {"stored": 0, "duplicates": 1})
    assert pushed(client, line, as_(opened, "duty")).status_code == 403
    wrong = pushed(client, line + b"\nno json", as_(opened, "gate"))
    assert wrong.status_code == 422
    assert wrong.json["faults"][0]["where"] == "line 2"
    reply = client.post("/api/observations", data=line, content_type="text/csv", headers=as_(opened, "gate"))
    assert reply.status_code == 415


def test_the_answers_have_just_the_keys_that_are_described(opened, client):
    duty = as_(opened, "duty")
    schemas = client.get("/api/openapi.json").json["components"]["schemas"]
    top = client.get(f"/api/risk?city={CITY}", headers=duty).json["grids"][0]["code"]
    for name, path in {
        "RiskMap": f"/api/risk?city={CITY}&category=fire&hour=18",
        "RiskAssessment": f"/api/risk/assessment?city={CITY}",
        "RiskProfile": f"/api/risk/grids/{top}?city={CITY}",
    }.items():
        found = client.get(path, headers=duty).json
        assert found.keys() == set(schemas[name]["required"]) == schemas[name]["properties"].keys()


def test_a_visitor_is_told_nothing_of_risk(opened, client):
    reply = client.get(f"/api/risk?city={CITY}")
    assert reply.status_code == 404
    assert reply.json["faults"][0]["code"] == "risk.city"


def test_proposals_are_made_and_decided_by_the_monitoring_centre_alone(opened, client):
    body = {"city": CITY, "at": "2026-07-01T18:00:00+08:00"}
    assert client.post("/api/risk/proposals", json=body, headers=as_(opened, "duty")).status_code == 403
    mon = as_(opened, "mon")
    assert client.post("/api/risk/proposals", json=body, headers=mon).json["made"] > 0
    (one, *_) = client.get(f"/api/risk/proposals?city={CITY}", headers=mon).json["proposals"]
    decided = client.post(
        f"/api/risk/proposals/{one['id']}/confirm", json={"city": CITY, "reason": "核实"}, headers=mon
    )
    assert decided.json["state"] == "confirmed"
    assert decided.json["decidedBy"].startswith("mon ")
    again = client.post(
        f"/api/risk/proposals/{one['id']}/dismiss", json={"city": CITY, "reason": "误报"}, headers=mon
    )
    assert again.status_code == 409
    page = client.get(f"/risk?city={CITY}", headers=mon).text
    (link,) = re.findall(r'href="(/warnings\?[^"]*)"', page)
    form = client.get(unescape(link), headers=mon).text
    assert (
        f'name="areas" maxlength="2000" autocomplete="off" value="{one["grid"]["iri"].rpartition("/")[2]}"'
        in form
    )


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_shows_map_factors_check_and_proposals(opened, client, lang):
    duty = as_(opened, "duty")
    top = client.get(f"/api/risk?city={CITY}", headers=duty).json["grids"][0]["code"]
    page = client.get(f"/risk?city={CITY}&category=fire&hour=18&grid={top}&lang={lang}", headers=duty)
    assert page.status_code == 200
    for words in {
        "zh": ("网格风险", "准不准", "直接计数", "风险源", "重大风险"),
        "en": ("Risk of grids", "Is it right?", "Plain counting", "Risk sources", "Major risk"),
    }[lang]:
        assert words in page.text
    assert top in page.text


def test_the_page_says_what_is_wrong_and_what_was_not_assessed(opened, client):
    duty = as_(opened, "duty")
    wrong = client.get(f"/risk?city={CITY}&hour=999&lang=en", headers=duty)
    assert wrong.status_code == 422
    assert "a number from 0 to 167" in wrong.text
    none = client.get("/risk?city=370100&lang=en", headers=duty)
    assert "xiezhi risk assess" in none.text
