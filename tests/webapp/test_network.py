"""The network over HTTP and as a page; the roster for those who may see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from pyoxigraph import Literal, NamedNode, Quad

from kb.access.accounts import Accounts
from kb.cli.network_desk import RemoteNetworks
from kb.cli.remote import Remote
from kb.namespaces import RDF_TYPE, ROOT, XSD, graph, xz
from kb.resources import folder
from kb.services.network.views import when
from kb.services.workspace import Workspace
from kb.store.protocol import Change
from tests.homes import copied
from tests.network.conftest import body_of
from tests.webapp.conftest import CITY, Client, Server
from webapp import create_app

IRI = re.compile(r"https://w3id\.org")
SOURCE = "370200/emergency-management/roster"
AT = "2026-07-20T10:00:00%2B08:00"


@pytest.fixture(scope="module")
def opened(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Qingdao with a roster that is withheld: an administrator sees it, a commander does not."""
    home = copied(prepared, tmp_path_factory.mktemp("network") / "home")
    with Workspace(home, cities=()) as workspace:
        workspace.intake.declare((folder("examples") / "datasets" / "370200.ttl").read_bytes(), actor="test")
        workspace.store.commit(Change(list(shift())), actor="test", action="roster")
        roles = set(workspace.policies.current.roles)
        for name, role in (("gao", "administrator"), ("chen", "commander")):
            Accounts(home).add(name, "a long enough password", [role], known=roles)
        yield workspace


def shift() -> Iterator[Quad]:
    entry, source = NamedNode(f"{ROOT}dataset/{SOURCE}/1"), graph(f"source/{SOURCE}")
    yield Quad(entry, RDF_TYPE, xz("RosterEntry"), source)
    yield Quad(entry, xz("rosterOf"), body_of("370200/emergency-management"), source)
    for name, value in (("postTitle", "值班主任"), ("personName", "甲**"), ("phone", "138****0001")):
        yield Quad(entry, xz(name), Literal(value), source)
    for name, value in (
        ("onDutyFrom", "2026-07-20T08:00:00+08:00"),
        ("onDutyUntil", "2026-07-21T08:00:00+08:00"),
    ):
        yield Quad(entry, xz(name), Literal(value, datatype=NamedNode(XSD + "dateTime")), source)


@pytest.fixture
def asking(opened: Workspace) -> FlaskClient:
    return create_app(opened, testing=True).test_client()


def as_(opened: Workspace, user: str) -> dict[str, str]:
    text, _ = Accounts(opened.home).issue(user, ["query"])
    return {"Authorization": f"Bearer {text}"}


def test_the_network_comes_in_three_formats(client: Client) -> None:
    data = client.get(f"/api/network?area={CITY}").json
    assert {"bottlenecks", "cutPoints", "bridges", "isolates", "communities", "parts", "edges"} <= data.keys()
    for key in ("bottlenecks", "isolates"):
        assert data[key]["why"]["zh"]
        assert data[key]["why"]["en"]
    assert "edges" not in client.get("/api/network").json
    drawn = client.get("/api/network", accept="image/svg+xml")
    assert ElementTree.fromstring(drawn.body).get("role") == "img"
    assert client.get("/api/network?format=graphml").headers["Content-Type"] == "application/graphml+xml"
    assert client.get("/api/network?format=pdf").status == 406
    assert client.get("/api/network?area=990000").status == 404


def test_the_answers_have_just_the_keys_that_are_described(client: Client) -> None:
    schemas = client.get("/api/openapi.json").json["components"]["schemas"]
    down = quote("济南市应急管理局")
    for name, path in (
        ("Network", "/api/network"),
        ("Outage", f"/api/network/outage?body={down}"),
        ("Roster", f"/api/roster?at={AT}"),
    ):
        assert set(schemas[name]["required"]) == set(client.get(path).json), name


def test_an_outage_names_who_takes_over(client: Client) -> None:
    down = quote("济南市应急管理局")
    data = client.get(f"/api/network/outage?body={down}").json
    assert [one["to"]["label"]["zh"] for one in data["handovers"]] == ["山东省应急管理厅"]
    assert data["lostLeads"]
    assert client.get("/api/network/outage").status == 422
    assert client.get("/api/network/outage?body=nobody").status == 404
    many = "&".join(f"body={number}" for number in range(11))
    assert client.get(f"/api/network/outage?{many}").status == 422


def test_a_link_says_which_duties_make_it(client: Client) -> None:
    one, other = quote("济南市应急管理局"), quote("济南市卫生健康委员会")
    data = client.get(f"/api/network/link?from={one}&to={other}").json
    assert data["link"]["joint"] == len(data["joint"]) > 0
    assert len(data["path"]) == 2
    assert all(duty["clauses"] for joint in data["joint"] for duty in joint["duties"])


def test_conflicts_come_with_their_meaning(client: Client) -> None:
    data = client.get(f"/api/network/conflicts?area={CITY}").json
    assert data["findings"]
    assert {finding["kind"] for finding in data["findings"]} <= data["kinds"].keys()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_shows_the_network_and_an_outage_without_identifiers(client: Client, lang: str) -> None:
    down = quote("济南市应急管理局")
    for path in ("/network", f"/network?body={down}"):
        page = client.get(path, **{"Accept-Language": lang})
        assert page.status == 200
        assert not IRI.search(re.sub(r"<[^>]*>", "", page.text))
    assert ("山东省应急管理厅" if lang == "zh" else "Shandong Provincial") in page.text


def test_a_wrong_name_on_the_page_is_answered_on_the_page(client: Client) -> None:
    page = client.get(f"/network?body={quote('济南市应急局')}", **{"Accept-Language": "zh"})
    assert page.status == 404
    assert "济南市应急管理局" in page.text
    assert client.get("/network?city=990000").status == 404


def test_without_a_city_the_page_says_so(endpoint: Server) -> None:
    assert "No city is loaded." in endpoint.client.get("/network", **{"Accept-Language": "en"}).text


def test_only_who_sees_the_roster_is_told_who_is_on_duty_and_it_is_recorded(
    asking: FlaskClient, opened: Workspace
) -> None:
    address = f"/api/roster?city=370200&at={AT}"
    hidden = asking.get(address, headers=as_(opened, "chen")).get_json()
    assert (hidden["posts"], hidden["sources"]) == ([], [])
    before = sum(1 for _ in opened.store.entries())
    told = asking.get(address, headers=as_(opened, "gao")).get_json()
    [post] = told["posts"]
    assert [one["person"] for one in post["onDuty"]] == ["甲**"]
    entries = list(opened.store.entries())
    assert len(entries) > before
    assert SOURCE in entries[-1].reason


def test_a_body_without_a_roster_gets_its_stand_ins(asking: FlaskClient, opened: Workspace) -> None:
    address = f"/api/roster?city=370200&at={AT}&body=370200/flood-office"
    [post] = asking.get(address, headers=as_(opened, "gao")).get_json()["posts"]
    assert post["onDuty"] == []
    assert [one["body"]["label"]["zh"] for one in post["standIns"]] == ["青岛市应急管理局"]


@pytest.mark.parametrize("query", ["at=tomorrow", f"at={AT}&until={AT}", f"at={AT}&until=2027-07-20"])
def test_a_span_that_is_none_is_refused(client: Client, query: str) -> None:
    assert client.get(f"/api/roster?{query}").status == 422


def test_a_plus_sign_that_became_a_space_is_understood() -> None:
    assert when("2026-07-20T10:00:00 08:00", "at") == when("2026-07-20T10:00:00+08:00", "at")


def test_the_command_line_asks_the_server(server: Server) -> None:
    key = (server.home / "server.json").read_text(encoding="utf-8")
    desk = RemoteNetworks(Remote(server.url, re.search(r'"key": "([^"]+)"', key)[1]))  # type: ignore[index]
    assert b"edges" in desk.shown("", CITY, "json", "zh")
    assert b"<svg" in desk.shown("", None, "svg", "en")
    assert desk.outage("", ["济南市应急管理局"])["lostLeads"]
    assert desk.conflicts("", CITY)["findings"]
    assert desk.roster("", when("2026-07-20T10:00:00+08:00", "at"), None, ())["posts"] == []


@pytest.mark.parametrize("odd", ["a%20b", "%3Cx%3E", "..%2F..", "%00", "%F0%9F%9A%92", "9" * 5000])
def test_odd_codes_and_names_are_not_found(client: Client, odd: str) -> None:
    for path in (
        f"/api/network?city={odd}",
        f"/api/network?area={odd}",
        f"/api/network?format=svg&area={odd}",
        f"/api/network/conflicts?area={odd}",
        f"/api/network/outage?body={odd}",
        f"/api/network/link?from={odd}&to={odd}",
        f"/api/roster?body={odd}",
        f"/network?area={odd}",
    ):
        assert client.get(path).status == 404, path
