"""The whole application above a SPARQL server: the same answers, the same rights, and what an outage does."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner
from sparql_server import SparqlServer, SparqlServers, free_port

from kb.access.accounts import Accounts
from kb.cli import main
from kb.services.workspace import Workspace
from tests.webapp.conftest import REPORT, Client
from webapp import create_app

SERVE = """
import sys
from pathlib import Path
from webapp.serve import serve
home, store = sys.argv[1:]
serve(Path(home), port=0, cities=[], store=store, ready=lambda url: print(url, file=sys.stderr, flush=True))
"""
CASE = {**REPORT, "grid": "110101", "id": "remote-gas", "time": "2026-06-13T06:42:00+08:00"}
JSON = "application/sparql-results+json"
ROLES = ("visitor", "duty-officer", "auditor", "integrator", "commander")


class Town:
    """A home folder, the server with its quads, and the server of another agency."""

    def __init__(self, home: Path, quads: SparqlServer, agency: SparqlServer) -> None:
        self.home, self.quads, self.agency = home, quads, agency
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Run the server as ``xiezhi serve --store`` does, without the model cities, which take long."""
        command = [sys.executable, "-c", SERVE, self.home, self.quads.url]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd="/")
        assert self._process.stderr is not None
        told = []
        for line in self._process.stderr:
            told.append(line)
            if line.startswith("http"):
                self.client = Client(line.strip())
                return
        raise AssertionError(told)

    def stop(self) -> None:
        if self._process is None:
            return
        assert self._process.stderr is not None
        self._process.terminate()
        assert self._process.wait(30) == 0
        self._process.stderr.close()
        self._process = None

    def token(self, user: str, *scopes: str) -> dict[str, str]:
        text, _ = Accounts(self.home).issue(user, scopes, days=1)
        return {"Authorization": f"Bearer {text}"}

    def rows(self, client: Client, query: str, **headers: str) -> list[dict[str, str]]:
        reply = client.get("/sparql?" + urlencode({"query": query}), JSON, **headers)
        assert reply.status == 200, reply.text
        found = reply.json["results"]["bindings"]
        return [{name: term["value"] for name, term in row.items()} for row in found]


@pytest.fixture(scope="module")
def town(sparql_servers: SparqlServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    quads, agency = sparql_servers.take(), sparql_servers.take()
    agency.update('INSERT DATA { <urn:pump1> <urn:at> "110101" ; <urn:level> 3 }')
    home = tmp_path_factory.mktemp("remote") / "home"
    home.mkdir()
    accounts = Accounts(home)
    for role in ROLES[1:]:
        accounts.add(role, "correct horse battery", [role], known=list(ROLES))
    (home / "federation.ttl").write_text(
        "@prefix xz: <https://w3id.org/xiezhi/ns#> .\n"
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        f'<{agency.url}/query> a xz:Endpoint ; rdfs:label "水务局"@zh, "Water authority"@en .\n'
        f'<{quads.url}/query> a xz:Endpoint ; rdfs:label "误列的存储"@zh, "Listed by mistake"@en .',
        encoding="utf-8",
    )
    made = Town(home, quads, agency)
    made.start()
    reply = made.client.post_json("/api/recommend", CASE, made.token("duty-officer", "report"))
    assert reply.status == 201, reply.text
    yield made
    made.stop()
    for server in (quads, agency):
        sparql_servers.give_back(server)


@pytest.fixture
def client(town: Town) -> Client:
    return town.client


def recommendation(client: Client, town: Town) -> Any:
    reply = client.get(f"/api/incidents/{CASE['id']}", **town.token("commander", "explain", "report"))
    assert reply.status == 200, reply.text
    return reply.json


def test_the_quads_are_in_the_server(town: Town) -> None:
    query = urlencode({"query": "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }"})
    (row,) = Client(town.quads.url).get(f"/query?{query}", JSON).json["results"]["bindings"]
    assert int(row["n"]["value"]) > 20_000


def test_the_recommendation_is_the_one_of_an_embedded_store(
    client: Client, town: Town, tmp_path: Path
) -> None:
    ours = recommendation(client, town)
    (tmp_path / "home").mkdir()
    with (  # the journal alone makes an embedded store of the same city
        closing(sqlite3.connect(town.home / "journal.sqlite")) as source,
        closing(sqlite3.connect(tmp_path / "home" / "journal.sqlite")) as target,
    ):
        source.backup(target)
    with Workspace(tmp_path / "home", cities=[]) as embedded:
        app = create_app(embedded, testing=True).test_client()
        again = app.post("/api/recommend", json={**CASE, "id": "embedded-gas"}).json

    def plain(answer: Any) -> str:  # deadlines run from the moment of the report
        answer["incident"].pop("received")
        for duty in answer["reporting"]:
            duty.pop("by")
        return json.dumps(answer, sort_keys=True).replace("embedded-gas", CASE["id"])

    assert again["response"]["level"] is not None
    assert plain(again) == plain(ours)


def test_rights_hold_above_a_remote_store(client: Client, town: Town) -> None:
    query = "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }"
    tokens = {role: town.token(role, "query") for role in ROLES[1:]}
    seen = {
        role: {row["g"] for row in town.rows(client, query, **tokens.get(role, {}))}
        for role in ("visitor", "duty-officer", "integrator")
    }
    response = f"https://w3id.org/xiezhi/graph/response/{CASE['id']}"
    assert response not in seen["visitor"]
    assert response in seen["duty-officer"]
    assert response in seen["integrator"]
    assert not any("graph/system" in graph for graphs in seen.values() for graph in graphs)


def test_other_agencies_are_asked_by_those_who_may_and_the_journal_knows(client: Client, town: Town) -> None:
    query = f"""
        PREFIX xz: <https://w3id.org/xiezhi/ns#>
        SELECT ?grid ?level {{ ?grid xz:code ?code
          SERVICE <{town.agency.url}/query> {{ ?pump <urn:at> ?code ; <urn:level> ?level }} }}"""
    found = town.rows(client, query, **town.token("duty-officer", "query", "federate"))
    assert [row["level"] for row in found] == ["3"]
    for headers in ({}, town.token("duty-officer", "query")):
        reply = client.get("/sparql?" + urlencode({"query": query}), JSON, **headers)
        assert reply.status in (401, 403)
        assert "access.action" in reply.text
    told = client.get("/api/audit?limit=1000", **town.token("auditor", "audit")).json["entries"]
    asked = [entry for entry in told if entry["action"] == "ask others"]
    assert [entry["reason"] for entry in asked] == [query]
    assert asked[0]["actor"].startswith("duty-officer")


def test_the_store_behind_the_application_is_out_of_reach(client: Client, town: Town) -> None:
    headers = town.token("duty-officer", "query", "federate")
    for form in ("SERVICE", "SERVICE SILENT"):
        query = f"SELECT * {{ {form} <{town.quads.url}/query> {{ GRAPH ?g {{ ?s ?p ?o }} }} }}"
        reply = client.get("/sparql?" + urlencode({"query": query}), JSON, **headers)
        assert (reply.status, reply.json["faults"][0]["code"]) == (403, "query.service-store")


def test_a_document_that_is_not_listed_is_not_loaded(client: Client, town: Town) -> None:
    load = f"LOAD <{town.quads.url}/store?default> INTO GRAPH <urn:mine>"
    headers = town.token("integrator", "update", "federate")
    reply = client.ask("POST", "/sparql", load, {**headers, "Content-Type": "application/sparql-update"})
    assert (reply.status, reply.json["faults"][0]["code"]) == (403, "query.load")


def test_the_description_says_that_queries_may_be_federated(client: Client) -> None:
    assert "BasicFederatedQuery" in client.get("/sparql", "text/turtle").text


def test_an_outage_of_the_server_is_said_and_ends_with_it(client: Client, town: Town) -> None:
    headers = town.token("duty-officer", "report")
    town.quads.stop()
    replies = [client.post_json("/api/recommend", {**CASE, "id": f"outage-{n}"}, headers) for n in range(3)]
    assert {reply.status for reply in replies[1:]} == {503}
    assert "store.unreachable" in replies[-1].text
    town.quads.start()
    reply = client.post_json("/api/recommend", {**CASE, "id": "after-outage"}, headers)
    assert reply.status == 201, reply.text


def test_after_a_restart_everything_is_still_there(town: Town) -> None:
    before = recommendation(town.client, town)
    town.stop()
    town.start()
    assert recommendation(town.client, town) == before


@pytest.mark.parametrize("option", [True, False])
def test_commands_take_the_address_as_an_option_or_from_the_environment(option: bool, tmp_path: Path) -> None:
    url = f"http://user:password@127.0.0.1:{free_port()}"
    given = ["--store", url] if option else []
    run = CliRunner().invoke(
        main,
        ["--home", str(tmp_path / "home"), "--lang", "zh", *given, "audit", "verify"],
        env={} if option else {"XIEZHI_STORE": url},
    )
    assert run.exit_code == 1
    assert "远程存储：无法连接" in run.output
    assert "password" not in run.output
