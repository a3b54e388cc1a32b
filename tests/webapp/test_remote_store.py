"""The whole application above a SPARQL server: the same answers, the same rights, and what an outage does."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sparql_server import SparqlServer, SparqlServers

from kb.access.accounts import Accounts
from kb.services.workspace import Workspace
from tests.webapp.conftest import CITY, REPORT, Client
from webapp import create_app

XIEZHI = Path(sys.executable).parent / "xiezhi"
CASE = {**REPORT, "id": "remote-gas", "time": "2026-06-13T06:42:00+08:00"}
JSON = "application/sparql-results+json"
ROLES = ("visitor", "duty-officer", "auditor", "integrator", "commander")


class Town:
    """A home folder, the server with its quads, and the server of another agency."""

    def __init__(self, home: Path, quads: SparqlServer, agency: SparqlServer) -> None:
        self.home, self.quads, self.agency = home, quads, agency

    def command(self, *arguments: str | Path) -> list[str | Path]:
        return [XIEZHI, "--home", self.home, "--lang", "en", "--store", self.quads.url, *arguments]

    @contextmanager
    def served(self) -> Iterator[Client]:
        """Run ``xiezhi serve`` on it."""
        command = self.command("serve", "--port", "0", "--city", CITY)
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd="/")
        assert process.stderr is not None
        try:
            told = list(iter(process.stderr.readline, ""))[-1:] if process.poll() is not None else []
            for line in process.stderr:
                told.append(line)
                if "Xiezhi is ready: " in line:
                    break
            assert "Xiezhi is ready: " in told[-1], told
            yield Client(told[-1].split("ready: ")[1].split()[0])
        finally:
            process.terminate()
            assert process.wait(30) == 0
            process.stderr.close()

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
    agency.update('INSERT DATA { <urn:pump1> <urn:at> "370102" ; <urn:level> 3 }')
    home = tmp_path_factory.mktemp("remote") / "home"
    home.mkdir()
    accounts = Accounts(home)
    for role in ROLES[1:]:
        accounts.add(role, "correct horse battery", [role], known=list(ROLES))
    (home / "federation.ttl").write_text(
        "@prefix xz: <https://w3id.org/xiezhi/ns#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        f'<{agency.url}/query> a xz:Endpoint ; rdfs:label "水务局"@zh, "Water authority"@en .\n'
        f'<{quads.url}/query> a xz:Endpoint ; rdfs:label "误列的存储"@zh, "Listed by mistake"@en .\n'
        f"<{agency.url}/store?default> a xz:LinkedDocument .",
        encoding="utf-8",
    )
    yield Town(home, quads, agency)
    for server in (quads, agency):
        sparql_servers.give_back(server)


@pytest.fixture(scope="module")
def client(town: Town) -> Iterator[Client]:
    """The application as it runs above the server, with one incident reported."""
    with town.served() as running:
        reply = running.post_json("/api/recommend", CASE, town.token("duty-officer", "report"))
        assert reply.status == 201, reply.text
        yield running


def recommendation(client: Client, town: Town) -> Any:
    reply = client.get(f"/api/incidents/{CASE['id']}", **town.token("commander", "explain", "report"))
    assert reply.status == 200, reply.text
    return reply.json


def test_the_quads_are_in_the_server(client: Client, town: Town) -> None:
    url = f"{town.quads.url}/query?" + urlencode(
        {"query": "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }"}
    )
    answer = json.loads(Client(town.quads.url).get(url.removeprefix(town.quads.url), JSON).text)
    assert int(answer["results"]["bindings"][0]["n"]["value"]) > 100_000


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
    with Workspace(tmp_path / "home", cities=[CITY]) as embedded:
        app = create_app(embedded, testing=True).test_client()
        again = app.post("/api/recommend", json={**CASE, "id": "embedded-gas"}).json

    def plain(answer: Any) -> str:
        answer["incident"].pop("received")
        return json.dumps(answer, sort_keys=True).replace("embedded-gas", CASE["id"])

    assert again["response"]["level"] is not None
    assert plain(again) == plain(ours)


def test_rights_hold_above_a_remote_store(client: Client, town: Town) -> None:
    query = "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }"
    seen = {
        role: {
            row["g"]
            for row in town.rows(client, query, **({} if role == "visitor" else town.token(role, "query")))
        }
        for role in ROLES
    }
    response = f"https://w3id.org/xiezhi/graph/response/{CASE['id']}"
    assert response not in seen["visitor"]
    assert all(response in seen[role] for role in ROLES[1:])
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


def test_load_takes_in_a_document_of_another_agency(client: Client, town: Town) -> None:
    headers = {
        **town.token("integrator", "update", "federate", "query"),
        "Content-Type": "application/sparql-update",
    }
    load = f"LOAD <{town.agency.url}/store?default> INTO GRAPH <urn:gauges>"
    assert client.ask("POST", "/sparql", load, headers).status == 204
    query = "SELECT ?level { GRAPH <urn:gauges> { ?pump <urn:level> ?level } }"
    assert town.rows(client, query, **town.token("integrator", "query")) == [{"level": "3"}]
    reply = client.ask("POST", "/sparql", f"LOAD <{town.agency.url}/store?graph=urn:x>", headers)
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


def test_after_a_restart_everything_is_still_there_for_server_and_command_line(
    town: Town, sparql_servers: SparqlServers
) -> None:
    report = {**os.environ, "XIEZHI_STORE": town.quads.url}
    with town.served() as first:
        first.post_json("/api/recommend", CASE, town.token("duty-officer", "report"))
        before = recommendation(first, town)
    town.quads.stop()
    town.quads.start()
    with town.served() as again:
        assert recommendation(again, town) == before
    done = subprocess.run(
        [XIEZHI, "--home", town.home, "--lang", "en", "why", CASE["id"], "lead department"],
        capture_output=True, text=True, env=report, cwd="/", timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "lead" in done.stdout.lower()
