"""Handing in files over HTTP: who may, what is answered, what the journal says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from kb.access.accounts import Accounts
from kb.access.policy import role_names
from kb.namespaces import ROOT
from kb.resources import folder
from tests.homes import copied
from tests.webapp.conftest import Client, Reply, Server

EXAMPLES = folder("examples") / "datasets"
RISKS = "/api/datasets/370200/emergency-management/risk-sources"
GAUGES = "/api/datasets/370200/water/rain-gauges"
DEPARTMENT = f"{ROOT}city/370200/dept/370200/emergency-management"
CSV = {"Content-Type": "text/csv"}
FAULTY = (EXAMPLES / "risk-sources-faulty.csv").read_bytes()
GOOD = (EXAMPLES / "risk-sources.csv").read_bytes()
WHO = {
    "steward": ("steward", DEPARTMENT),
    "water": ("steward", f"{ROOT}city/370200/dept/370200/water"),
    "officer": ("duty-officer", None),
    "administrator": ("administrator", None),
    "auditor": ("auditor", None),
}


@pytest.fixture(scope="module")
def home(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with Qingdao and a user for each of :data:`WHO`."""
    path = copied(prepared, tmp_path_factory.mktemp("datasets") / "home")
    accounts = Accounts(path)
    for name, (role, department) in WHO.items():
        known = role_names(folder("ontology"))
        accounts.add(name, "correct horse battery", [role], department=department, known=known)
    return path


@pytest.fixture(scope="module")
def tokens(home: Path) -> dict[str, str]:
    """A token of each user."""
    scopes = ["query", "submit", "administer", "audit", "explain"]
    return {name: Accounts(home).issue(name, scopes)[0] for name in WHO}


@pytest.fixture(scope="module")
def server(start: Callable[..., Server], home: Path, tokens: dict[str, str]) -> Server:
    """A server with the datasets of Qingdao declared."""
    found = start(home, "370200")
    text = (EXAMPLES / "370200.ttl").read_bytes()
    headers = {"Content-Type": "text/turtle", **as_(tokens["administrator"])}
    reply = found.client.ask("POST", "/api/datasets", text, headers)
    assert reply.status == 201, reply.text
    assert "370200/water/rain-gauges" in reply.json["datasets"]
    return found


@pytest.fixture
def client(server: Server) -> Client:
    return server.client


def as_(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def codes(reply: Reply) -> list[str]:
    return [fault["code"] for fault in reply.json["faults"]]


def test_a_steward_hands_in_a_file_and_reads_what_is_wrong_with_it(
    client: Client, tokens: dict[str, str]
) -> None:
    me = as_(tokens["steward"])
    judged = client.ask("POST", f"{RISKS}/deliveries?judge=true", FAULTY, CSV | me)
    assert (judged.status, judged.json["recordsQuarantined"], judged.json["delivery"]) == (200, 5, None)
    reply = client.ask("POST", f"{RISKS}/deliveries?name={quote('风险源.csv')}", FAULTY, CSV | me)
    assert reply.status == 201, reply.text
    told = reply.json
    assert told["recordsIn"] == told["recordsStored"] + told["recordsQuarantined"] == 6
    assert told["delivery"]["fileName"] == "风险源.csv"
    assert told["delivery"]["actor"].startswith("steward (token ")
    again = client.ask("POST", f"{RISKS}/deliveries", FAULTY, CSV | me)
    assert (again.status, again.json["duplicate"]) == (200, True)

    bad = client.ask("GET", f"{RISKS}/quarantine?limit=2&offset=1", headers=me).json
    assert (bad["total"], [one["position"] for one in bad["records"]]) == (5, ["row 4", "row 5"])
    problem = bad["records"][0]["problems"][0]
    assert problem["message"].keys() == {"zh", "en"}
    assert problem["shape"].startswith(f"{ROOT}shape/risk-sources-")
    table = client.ask("GET", f"{RISKS}/quarantine?lang=en", headers=me | {"Accept": "text/csv"})
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "risk-sources-quarantine.csv" in table.headers["Content-Disposition"]
    assert table.text.startswith("\ufeffposition,column,value,reason,repair,shape")

    mended = client.ask("POST", f"{RISKS}/deliveries", GOOD, CSV | me)
    assert (mended.status, mended.json["recordsStored"]) == (201, 5)
    history = client.ask("GET", f"{RISKS}/deliveries", headers=me).json
    assert history["total"] == 2
    assert history["deliveries"][0]["supersedes"] == history["deliveries"][1]["iri"]
    assert client.ask("GET", f"{RISKS}/quarantine", headers=me).json["total"] == 0


def test_a_form_hands_in_a_file_too(client: Client, tokens: dict[str, str]) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="..\\\\evil/rain gauges.csv"\r\n'
        b"Content-Type: text/csv\r\n\r\n" + (EXAMPLES / "rain-gauges.csv").read_bytes() + b"\r\n--b--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b", **as_(tokens["water"])}
    reply = client.ask("POST", f"{GAUGES}/deliveries", body, headers)
    assert reply.status == 201, reply.text
    assert reply.json["recordsStored"] == 9
    assert reply.json["delivery"]["fileName"] == "rain gauges.csv"
    empty = b'--b\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--b--\r\n'
    assert codes(client.ask("POST", f"{GAUGES}/deliveries", empty, headers)) == ["delivery.no-file"]


@pytest.mark.parametrize(
    ("who", "status"),
    [("water", 403), ("officer", 403), ("auditor", 403), (None, 401), ("administrator", 201)],
)
def test_only_the_publisher_and_the_administrator_hand_in(
    client: Client, tokens: dict[str, str], who: str | None, status: int
) -> None:
    headers = CSV | (as_(tokens[who]) if who else {})
    reply = client.ask("POST", f"{RISKS}/deliveries?again=true", GOOD, headers)
    assert reply.status == status, reply.text


@pytest.mark.parametrize(
    ("who", "status"),
    [("water", 403), ("officer", 403), (None, 401), ("auditor", 200), ("administrator", 200)],
)
def test_what_is_in_quarantine_shows_to_who_may_read_its_graph(
    client: Client, tokens: dict[str, str], who: str | None, status: int
) -> None:
    headers = as_(tokens[who]) if who else {}
    assert client.ask("GET", f"{RISKS}/quarantine", headers=headers).status == status


@pytest.mark.parametrize("who", ["steward", "officer", None])
def test_nobody_but_an_administrator_declares_datasets(
    client: Client, tokens: dict[str, str], who: str | None
) -> None:
    headers = {"Content-Type": "text/turtle", **(as_(tokens[who]) if who else {})}
    assert client.ask("POST", "/api/datasets", b"", headers).status == (403 if who else 401)


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "code"),
    [
        ("/deliveries", b"x", {"Content-Type": "application/zip"}, 415, "delivery.format"),
        ("/deliveries", b"x", CSV | {"Content-Encoding": "gzip"}, 415, "http.415"),
        ("/deliveries", b"a,b\n1,2\n", CSV, 422, "delivery.columns"),
        ("/deliveries", b"", CSV, 422, "delivery.empty"),
        ("/deliveries?mode=sideways", GOOD, CSV, 400, "http.400"),
        ("/deliveries", b"[" * 9_999, {"Content-Type": "application/geo+json"}, 422, "delivery.too-deep"),
        ("-nowhere/deliveries", GOOD, CSV, 404, "dataset.unknown"),
    ],
)
def test_a_file_that_cannot_be_taken_is_answered_with_a_problem(
    client: Client,
    tokens: dict[str, str],
    path: str,
    body: bytes,
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    reply = client.ask("POST", RISKS + path, body, headers | as_(tokens["steward"]))
    assert (reply.status, codes(reply)) == (status, [code])


def test_a_page_of_another_site_hands_in_nothing(client: Client) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Sec-Fetch-Site": "cross-site"}
    assert client.ask("POST", f"{RISKS}/deliveries", b"--b--\r\n", headers).status == 401


def test_records_are_withdrawn_by_their_department(client: Client, tokens: dict[str, str]) -> None:
    path = f"{RISKS}/records?reason=mistake"
    assert client.ask("DELETE", path, headers=as_(tokens["water"])).status == 403
    reply = client.ask("DELETE", path, headers=as_(tokens["steward"]))
    assert (reply.status, reply.json["removed"] > 0) == (200, True)
    newest = client.ask("GET", f"{RISKS}/deliveries", headers=as_(tokens["steward"])).json["deliveries"][0]
    assert newest["withdrawn"]


def test_the_journal_has_every_delivery_refusal_and_reading_with_its_actor(
    client: Client, tokens: dict[str, str]
) -> None:
    entries: list[dict[str, Any]] = client.ask(
        "GET", "/api/audit?limit=500", headers=as_(tokens["auditor"])
    ).json["entries"]
    told = {(one["actor"].partition(" ")[0], one["action"]) for one in entries}
    assert {
        ("administrator", "declare dataset"),
        ("steward", "deliver"),
        ("steward", "refuse delivery"),
        ("steward", "read restricted"),
        ("steward", "withdraw dataset"),
        ("water", "deliver"),
        ("water", "refused"),
    } <= told, json.dumps(sorted(told))
