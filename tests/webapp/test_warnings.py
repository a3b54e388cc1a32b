"""Warnings over HTTP, as pages and on the command line, for those who may."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kb.access.accounts import Accounts
from kb.cli.remote import Remote
from kb.cli.warning_desk import RemoteWarnings
from kb.resources import folder
from kb.services.workspace import Workspace
from tests.homes import copied
from tests.webapp.conftest import Client, Server
from webapp import create_app

EXAMPLES = folder("examples") / "warnings"
EXPIRES = "2099-07-20T20:00:00+08:00"
WISH: dict[str, Any] = {"type": "暴雨", "level": "橙色", "areas": ["370202"], "expires": EXPIRES}
IRI = re.compile(r"https://w3id\.org")


@pytest.fixture(scope="module")
def opened(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    home = copied(prepared, tmp_path_factory.mktemp("warnings") / "home")
    with Workspace(home, cities=()) as workspace:
        roles = set(workspace.policies.current.roles)
        for name, role in (
            ("wu", "monitor"),
            ("li", "duty-officer"),
            ("shi", "steward"),
            ("ji", "integrator"),
        ):
            Accounts(home).add(name, "a long enough password", [role], known=roles)
        yield workspace


@pytest.fixture
def asking(opened: Workspace) -> FlaskClient:
    return create_app(opened, testing=True).test_client()


def as_(opened: Workspace, user: str) -> dict[str, str]:
    scopes = ["explain", "receive-warning", "issue-warning", "hand-over", "query", "report"]
    text, _ = Accounts(opened.home).issue(user, scopes)
    return {"Authorization": f"Bearer {text}"}


def message(name: str = "rainstorm") -> bytes:
    text = (EXAMPLES / f"{name}.xml").read_text(encoding="utf-8")
    return text.replace("2026-07-20", "2099-07-20").encode()


def test_who_may_receive_and_issue_is_as_the_roles_say(asking: FlaskClient, opened: Workspace) -> None:
    cap = {"Content-Type": "application/cap+xml"}
    assert asking.post("/api/warnings", data=message(), headers=cap).status_code in (401, 403)
    for user, received, issued in (
        ("shi", 403, 403),
        ("ji", (200, 201), 403),
        ("li", 200, 403),
        ("wu", 200, 201),
    ):
        got = asking.post("/api/warnings", data=message(), headers={**cap, **as_(opened, user)})
        assert got.status_code in (received if isinstance(received, tuple) else (received,)), user
        wished = asking.post("/api/warnings", json=WISH, headers=as_(opened, user))
        assert wished.status_code == issued, user


def test_answers_have_just_the_keys_that_are_described(asking: FlaskClient, opened: Workspace) -> None:
    schemas = asking.get("/api/openapi.json").get_json()["components"]["schemas"]
    made = asking.post("/api/warnings", json=WISH, headers=as_(opened, "wu")).get_json()
    assert set(made) == set(schemas["WarningTaken"]["required"])
    assert set(made["warning"]) == set(schemas["Warning"]["required"])
    listed = asking.get("/api/warnings", headers=as_(opened, "li")).get_json()["warnings"]
    assert set(listed[0]) == set(schemas["WarningLine"]["required"])


def test_a_warning_goes_its_whole_way_over_http(asking: FlaskClient, opened: Workspace) -> None:
    wu = as_(opened, "wu")
    first = asking.post("/api/warnings", json=WISH, headers=wu).get_json()["warning"]["id"]
    cap = asking.get(f"/api/warnings/{first}", headers={**wu, "Accept": "application/cap+xml"})
    assert cap.content_type == "application/cap+xml"
    assert b"<language>en-US</language>" in cap.data
    red = asking.post(f"/api/warnings/{first}/update", json={"level": "红色"}, headers=wu)
    assert red.get_json()["takenBack"] == [first]
    second = red.get_json()["warning"]["id"]
    handed = asking.post(f"/api/warnings/{second}/hand-over", json={"reason": "达到红色"}, headers=wu)
    assert handed.get_json()["centre"]["label"]["zh"] == "指挥中心"
    gone = asking.post(f"/api/warnings/{second}/cancel", json={"reason": "雨停"}, headers=wu)
    assert gone.status_code == 201
    again = asking.post(f"/api/warnings/{second}/cancel", json={"reason": "雨停"}, headers=wu)
    assert again.status_code == 422
    told = asking.get(f"/api/warnings/{second}", headers=wu).get_json()
    assert told["standing"]["name"] == "cancelled"


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"<!DOCTYPE x><alert/>", "application/cap+xml", 422),
        (b"<alert/>", "text/xml", 422),
        (b"{}", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"x", "text/plain", 415),
        (b"<alert>" + b"x" * (9 << 20), "application/cap+xml", 413),
    ],
    ids=["doctype", "not-cap", "empty", "list", "media", "big"],
)
def test_what_cannot_be_taken_is_refused_in_both_languages(
    asking: FlaskClient, opened: Workspace, body: bytes, media: str, status: int
) -> None:
    got = asking.post("/api/warnings", data=body, headers={**as_(opened, "wu"), "Content-Type": media})
    assert got.status_code == status
    for fault in got.get_json().get("faults", []):
        assert fault["message"]["zh"]
        assert fault["message"]["en"]


@pytest.mark.parametrize("odd", ["a%20b", "%3Cx%3E", "nothing", "9" * 60])
def test_odd_keys_are_not_found(asking: FlaskClient, opened: Workspace, odd: str) -> None:
    for path in (f"/api/warnings/{odd}", f"/warnings/{odd}"):
        assert asking.get(path, headers=as_(opened, "wu")).status_code == 404


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_pages_show_no_identifiers_in_either_language(client: Client, lang: str) -> None:
    taken = client.ask(
        "POST", "/api/warnings", message("flood-risk"), {"Content-Type": "application/cap+xml"}
    )
    key = taken.json["warning"]["id"]
    for path in ("/warnings", "/warnings?all=1", f"/warnings/{key}"):
        page = client.get(path, **{"Accept-Language": lang})
        assert page.status == 200
        assert not IRI.search(re.sub(r"<[^>]*>", "", page.text))
    assert ("黄色预警" if lang == "zh" else "Yellow warning") in page.text


def test_a_form_issues_and_another_takes_a_file(asking: FlaskClient) -> None:
    app = asking.application
    app.config["WTF_CSRF_ENABLED"] = False
    visitor = asking.post("/warnings", data={"type": "暴雨"})
    assert visitor.status_code in (302, 303, 401, 403)
    asking.post("/login", data={"name": "wu", "password": "a long enough password"})
    wished = {
        "type": "暴雨",
        "level": "黄色",
        "areas": "370203 370202",
        "expires": "2099-07-20T20:00",
        "headline-zh": "甲",
    }
    made = asking.post("/warnings", data=wished)
    assert made.status_code == 303, made.text
    page = asking.get(made.headers["Location"]).text
    assert "甲" in page
    wrong = asking.post("/warnings", data={**wished, "areas": "999999"})
    assert wrong.status_code == 422
    assert "999999" in wrong.text
    taken = asking.post("/warnings", data={"message": (io.BytesIO(message("rainstorm-exercise")), "a.xml")})
    assert taken.status_code == 303
    key = made.headers["Location"].rpartition("/")[2]
    refused = asking.post(f"/warnings/{key}/cancel", data={"reason": ""})
    assert refused.status_code == 422
    assert asking.post(f"/warnings/{key}/cancel", data={"reason": "雨停"}).status_code == 303


def test_the_command_line_asks_the_server(server: Server) -> None:
    key = re.search(r'"key": "([^"]+)"', (server.home / "server.json").read_text(encoding="utf-8"))
    assert key is not None
    desk = RemoteWarnings(Remote(server.url, key[1]))
    found = desk.issue({**WISH, "areas": ["370102"]})["warning"]
    assert found["id"] in {one["id"] for one in desk.listed(all_=False)}
    assert b"urn:oasis:names:tc:emergency:cap:1.2" in desk.document(found["id"])
    assert desk.receive(message("rainstorm-exercise"))["warning"]["status"]["code"] == "Exercise"
    assert desk.take(found["id"], "cancel", {"reason": "x"})["takenBack"] == [found["id"]]
    assert desk.show(found["id"])["standing"]["name"] == "cancelled"
