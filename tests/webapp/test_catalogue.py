"""Shared data over HTTP: the catalogue for harvesters, downloads and the journal, pages for people."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyoxigraph
import pytest
from pyoxigraph import NamedNode, RdfFormat, Triple

from kb.access.accounts import Accounts
from kb.access.policy import role_names
from kb.namespaces import ROOT
from kb.resources import folder
from kb.services.workspace import Workspace
from kb.validation.shapes import Shapes
from tests.catalogue.conftest import CITY, GAUGES, RISKS, ROSTER, TARGETS, deliver, iri
from tests.homes import copied
from tests.webapp.conftest import Client, Reply, Server
from tests.webapp.test_browser import DESK, PHONE, Officer, browser  # noqa: F401 - a fixture

EMERGENCY = f"{ROOT}city/{CITY}/dept/{CITY}/emergency-management"
DCAT, HYDRA = "http://www.w3.org/ns/dcat#", "http://www.w3.org/ns/hydra/core#"
CATALOGUE = NamedNode(ROOT + "catalogue")
FORMATS = {
    "text/turtle": RdfFormat.TURTLE,
    "application/ld+json": RdfFormat.JSON_LD,
    "application/rdf+xml": RdfFormat.RDF_XML,
}
WORDS = {
    "zh": ("逾期", "更新期限", "31 天", "使用政策"),
    "en": ("Overdue", "Freshness limit", "31 days", "Policy of use"),
}


@pytest.fixture(scope="module")
def server(start: Callable[..., Server], prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server with shared data, an officer, an auditor, and a steward of emergency management."""
    home = tmp_path_factory.mktemp("catalogue") / "home"
    copied(prepared, home)
    with Workspace(home, cities=[CITY]) as workspace:
        deliver(workspace)
    accounts, known = Accounts(home), role_names(folder("ontology"))
    for role in ("duty-officer", "auditor", "steward"):
        department = EMERGENCY if role == "steward" else None
        accounts.add(role, None, [role], department=department, known=known)
    return start(home, CITY)


@pytest.fixture
def client(server: Server) -> Client:
    return server.client


@pytest.fixture(scope="module")
def tokens(server: Server) -> dict[str, dict[str, str]]:
    """Headers by user."""
    scopes = {"duty-officer": ("query", "report", "explain"), "auditor": ("audit",), "steward": ("query",)}
    accounts = Accounts(server.home)
    return {
        user: {"Authorization": f"Bearer {accounts.issue(user, wanted)[0]}"}
        for user, wanted in scopes.items()
    }


def parsed(reply: Reply) -> set[Triple]:
    media = reply.headers["Content-Type"].split(";")[0]
    return {quad.triple for quad in pyoxigraph.parse(reply.body, format=FORMATS[media])}


def listed(reply: Reply) -> set[str]:
    wanted = NamedNode(DCAT + "dataset")
    return {t.object.value for t in parsed(reply) if (t.subject, t.predicate) == (CATALOGUE, wanted)}  # type: ignore[union-attr]


def journal(client: Client, tokens: dict[str, dict[str, str]]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = client.get("/api/audit?limit=10000", **tokens["auditor"]).json["entries"]
    return entries


def test_the_catalogue_comes_in_the_format_that_is_asked_for(client: Client) -> None:
    for media in FORMATS:
        reply = client.get("/catalogue", media)
        assert reply.status == 200
        assert reply.headers["Content-Type"].split(";")[0] == media
        assert "Accept" in reply.headers["Vary"]
        assert iri(RISKS).value in listed(reply)
    assert client.get("/catalogue").headers["Content-Type"].startswith("text/turtle")
    page = client.get("/catalogue", "text/html,application/xhtml+xml,*/*;q=0.8")
    assert page.headers["Content-Type"].startswith("text/html")
    assert client.get("/catalogue?format=rdf", "text/html").headers["Content-Type"] == "application/rdf+xml"
    assert client.get("/catalogue", "image/png").status == 406
    assert client.get("/catalogue?page=99").status == 404
    assert client.get("/catalogue?size=0").status == 400


def test_what_is_served_keeps_the_shapes_that_are_served(client: Client) -> None:
    shapes = Shapes.from_turtle(client.get("/catalogue/shapes").text)
    for page in (1, 2):
        found = parsed(client.get(f"/catalogue?page={page}&size=10"))
        assert [violation.message.en for violation in shapes.validate(found)] == []


def test_a_harvester_follows_the_links_to_the_last_page(client: Client) -> None:
    path, seen = "/catalogue?size=10", list[str]()
    while path:
        reply = client.get(path)
        seen += listed(reply)
        links = {
            rel: url
            for url, rel in re.findall(r'<([^>]+)>; rel="(\w+)"', ", ".join(reply.headers.get_all("Link")))
        }
        assert {"first", "last"} <= set(links)
        path = links.get("next", "").removeprefix(client.url)
    assert len(seen) == len(set(seen)) > 20
    assert set(seen) == listed(client.get("/catalogue?size=1000"))


def test_a_harvester_that_has_it_already_is_told_so(client: Client) -> None:
    reply = client.get("/catalogue")
    again = client.get("/catalogue", **{"If-None-Match": reply.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


def test_void_is_where_it_is_looked_for(client: Client) -> None:
    found = parsed(client.get("/.well-known/void", "text/turtle"))
    subsets = {t.object for t in found if t.predicate.value == "http://rdfs.org/ns/void#subset"}
    assert iri(TARGETS) in subsets
    assert iri(ROSTER) not in subsets


def test_each_reader_gets_the_catalogue_and_the_data_that_he_may(
    client: Client, tokens: dict[str, dict[str, str]]
) -> None:
    """Open, conditional and withheld data for a visitor, an officer and the department's own steward."""
    readers: dict[str, dict[str, str]] = {"visitor": {}, **tokens}
    may_list = {"visitor": (1, 1, 0), "duty-officer": (1, 1, 0), "steward": (1, 1, 1)}
    statuses = {"visitor": (401, 401, 404), "duty-officer": (200, 200, 404), "steward": (200, 200, 200)}
    for who, expected in may_list.items():
        seen = listed(client.get("/catalogue?size=1000", **readers[who]))
        assert tuple(iri(path).value in seen for path in (TARGETS, RISKS, ROSTER)) == expected, who
        page = client.get("/datasets", "text/html", **readers[who]).text
        assert (f"/datasets/{ROSTER}" in page) == bool(expected[2]), who
        for path, status in zip((TARGETS, RISKS, ROSTER), statuses[who], strict=True):
            reply = client.get(f"/download/{path}.nt", **readers[who])
            assert reply.status == status, (who, path)
            if status >= 400:
                assert reply.headers["Content-Type"] == "application/problem+json"
    assert client.get("/download/ontology.ttl").status == 200, "knowledge is open"


def test_every_download_is_in_the_journal_before_it_is_handed_out(
    client: Client, tokens: dict[str, dict[str, str]]
) -> None:
    officer = tokens["duty-officer"]
    before = len(journal(client, tokens))
    assert client.ask("HEAD", f"/download/{RISKS}.csv", headers=officer).status == 200
    assert len(journal(client, tokens)) == before, "nothing was handed out"
    client.get(f"/download/{RISKS}.csv", **officer)
    client.get(f"/download/{TARGETS}.ttl", **officer)
    client.get("/download/ontology.nt")
    client.get(f"/download/{RISKS}.csv")
    told = [(e["actor"].split(" ")[0], e["action"], e["reason"]) for e in journal(client, tokens)[before:]]
    assert told[:3] == [
        ("duty-officer", "read restricted", f"download dataset {RISKS} as csv"),
        ("duty-officer", "export", f"download dataset {TARGETS} as ttl"),
        ("visitor", "export", "download dataset ontology as nt"),
    ]
    assert all(action == "refused" for _, action, _ in told[3:])


def test_a_download_is_a_file_compressed_on_demand_and_by_the_page(
    client: Client, tokens: dict[str, dict[str, str]]
) -> None:
    officer = tokens["duty-officer"]
    whole = client.get(f"/download/{GAUGES}.csv", **officer)
    assert whole.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert f"{GAUGES.replace('/', '-')}.csv" in whole.headers["Content-Disposition"]
    packed = client.get(f"/download/{GAUGES}.csv", **officer, **{"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == whole.body
    path, lines = f"/download/{GAUGES}.csv?limit=4", list[str]()
    while path:
        part = client.get(path, **officer)
        lines += part.text.splitlines()[1:]
        following = re.search(r"<([^>]+)>", part.headers.get("Link", ""))
        path = following[1].removeprefix(client.url) if following else ""
    assert lines == whole.text.splitlines()[1:]
    assert client.get(f"/download/{GAUGES}.csv?limit=0", **officer).status == 400
    assert client.get(f"/download/{GAUGES}.exe", **officer).status == 404


@pytest.mark.parametrize("lang", WORDS)
def test_the_pages_say_what_is_overdue_in_both_languages(
    client: Client, tokens: dict[str, dict[str, str]], lang: str
) -> None:
    officer, words = tokens["duty-officer"], WORDS[lang]
    for path in ("/datasets", "/quality"):
        page = client.get(f"{path}?lang={lang}", "text/html", **officer)
        assert page.status == 200
        assert words[0] in page.text
        assert 'scope="col"' in page.text
    page = client.get(f"/datasets/{RISKS}?lang={lang}", "text/html", **officer)
    for word in words:
        assert word in page.text, word
    assert f"/download/{RISKS}.csv" in page.text
    assert f"/download/{RISKS}.csv" not in client.get(f"/datasets/{RISKS}?lang={lang}", "text/html").text


def test_the_quality_comes_as_json_and_as_csv(client: Client) -> None:
    report = client.get("/api/quality?department=370200/emergency-management").json
    risks = next(item for item in report["datasets"] if item["path"] == RISKS)
    assert risks["freshness"]["overdue"] is True
    assert risks["quality"]["validity"] == 1
    assert ROSTER not in [item["path"] for item in report["datasets"]]
    table = client.get("/quality.csv?lang=en")
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert table.text.splitlines()[0] == "\ufeffdepartment,dataset,metric,time,value"
    assert ROSTER.rsplit("/", 1)[-1] not in table.text


def test_what_is_in_quarantine_shows_to_its_steward_alone_and_that_he_saw_it_is_recorded(
    client: Client, server: Server, tokens: dict[str, dict[str, str]]
) -> None:
    key = json.loads((server.home / "server.json").read_text())["key"]
    operator = {"Authorization": f"Bearer {key}"}
    shown = client.get(f"/datasets/{GAUGES}?lang=en", "text/html", **operator)
    assert "row 4" in shown.text
    assert any(e["reason"] == f"quarantine of dataset {GAUGES}" for e in journal(client, tokens))
    for who in ("duty-officer", "steward"):  # the gauges are of another department
        page = client.get(f"/datasets/{GAUGES}?lang=en", "text/html", **tokens[who])
        assert page.status == 200
        assert "row 4" not in page.text


def test_an_incident_says_on_its_page_that_it_rests_on_stale_records(
    client: Client, tokens: dict[str, dict[str, str]]
) -> None:
    officer = tokens["duty-officer"]
    reply = client.post_json("/api/recommend", {"type": "火灾", "grid": "370202"}, officer)
    (item,) = reply.json["stale"]
    assert item["path"] == RISKS
    assert [record["label"]["zh"] for record in item["records"]] == ["浮山湾加油加气站"]
    address = f"/incident/{reply.json['incident']['id']}"
    for lang, words in (("zh", "所依据的记录过期或有误"), ("en", "Rests on stale or failing records")):
        page = client.get(f"{address}?lang={lang}", "text/html", **officer)
        assert words in page.text
        assert "浮山湾加油加气站" in page.text


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["zh-CN", "en-US"])
def test_the_pages_fit_a_desk_and_a_phone_and_fetch_nothing_from_elsewhere(
    browser: Any,  # noqa: F811 - the fixture
    server: Server,
    lang: str,
) -> None:
    for size in (DESK, PHONE):
        visitor = Officer(browser, server, lang, size)
        for path in ("/datasets", f"/datasets/{GAUGES}", "/quality", "/catalogue?format=html"):
            page = visitor.open(path)
            assert page.locator("h1").count() == 1
            assert page.locator("th:not([scope])").count() == 0
            assert page.locator("svg:not([aria-label])").count() == 0
            visitor.check()
        visitor.context.close()
