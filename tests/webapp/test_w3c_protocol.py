"""The W3C tests of the SPARQL Protocol and of service descriptions, against a running server.

What must go another way says ``w3c-protocol.yaml``: as W3C wrote it, the request is refused; with what is
said there replaced, it is answered as W3C expects.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyoxigraph import NamedNode, RdfFormat, Store, parse

from tests.store import w3c
from tests.webapp.conftest import Client, Server
from tests.webapp.w3c_http import Case, Request, cases

CASES = cases("protocol/manifest.ttl")
DIFFERENCES: dict[str, dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("w3c-protocol.yaml").read_text(encoding="utf-8")
)
SD = "http://www.w3.org/ns/sparql-service-description#"
needs_suite = pytest.mark.skipif(not CASES, reason="../shared/data/tests/sparql is not here")


def send(client: Client, request: Request, token: dict[str, str]) -> Any:
    path = request.path.replace("/sparql/", "/sparql", 1)
    return client.ask(request.method, path, request.body, {**request.headers, **token})


@needs_suite
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_the_server_keeps_the_protocol(endpoint: Server, writer: dict[str, str], case: Case) -> None:
    client, difference = endpoint.client, DIFFERENCES.get(case.name)
    for name, file in case.graphs.items():
        kind = {"Content-Type": "application/n-triples"}
        assert client.ask("PUT", f"/graphs?graph={name}", file.read_bytes(), {**kind, **writer}).status < 300
    for request in case.requests:
        asked = request
        if (
            difference is not None
            and request.body
            and (given := difference["given"].encode()) in request.body
        ):
            refused = send(client, request, writer)
            assert refused.status == 403
            assert refused.json["faults"][0]["code"] == "write.graph"
            asked = replace(request, body=request.body.replace(given, difference["instead"].encode()))
        asked.check(send(client, asked, writer))
    for name in case.graphs:
        assert client.ask("DELETE", f"/graphs?graph={name}", headers=writer).status == 204


@needs_suite
def test_every_difference_is_of_a_test_and_is_explained() -> None:
    assert DIFFERENCES.keys() <= {case.name for case in CASES}
    assert all(difference["because"].endswith(".") for difference in DIFFERENCES.values())


# --- service description: its three tests have names, but no requests ---------------------------


@pytest.fixture
def description(endpoint: Server) -> Store:
    """What the server says of itself."""
    store = Store()
    reply = endpoint.client.get("/sparql", "text/turtle")
    store.extend(parse(reply.body, format=RdfFormat.TURTLE, base_iri=f"{endpoint.url}/sparql"))
    return store


@pytest.mark.parametrize(
    "media", ["text/turtle", "application/rdf+xml", "application/n-triples", "application/ld+json"]
)
def test_returns_rdf(endpoint: Server, media: str) -> None:
    reply = endpoint.client.get("/sparql", media)
    assert (reply.status, reply.headers["Content-Type"].partition(";")[0]) == (200, media)
    form = RdfFormat.from_media_type(media)
    assert form is not None
    assert len(list(parse(reply.body, format=form))) > 20


def test_has_endpoint_triple(endpoint: Server, description: Store) -> None:
    (quad,) = description.quads_for_pattern(None, NamedNode(SD + "endpoint"), None)
    assert quad.object == NamedNode(f"{endpoint.url}/sparql")


def test_conforms_to_schema(description: Store) -> None:
    """By the vocabulary's own domains and ranges (service description, section 3)."""
    prefix = f"PREFIX sd: <{SD}> PREFIX dcterms: <http://purl.org/dc/terms/>"
    for condition in (
        # one service, one endpoint
        "{ SELECT (COUNT(?s) AS ?n) { ?s a sd:Service } } FILTER(?n != 1)",
        "?s sd:endpoint ?e FILTER(!isIRI(?e))",
        # domains
        "?s sd:endpoint|sd:feature|sd:resultFormat|sd:inputFormat|sd:supportedLanguage|sd:defaultDataset ?o "
        "MINUS { ?s a sd:Service }",
        "?s sd:defaultGraph|sd:namedGraph ?o MINUS { ?s a sd:Dataset }",
        "?s sd:name ?o MINUS { ?s a sd:NamedGraph }",
        # ranges
        "?s sd:defaultDataset ?o MINUS { ?o a sd:Dataset }",
        "?s sd:defaultGraph|sd:graph ?o MINUS { ?o a sd:Graph }",
        "?s sd:feature ?o FILTER(?o NOT IN (sd:DereferencesURIs, sd:UnionDefaultGraph, "
        "sd:RequiresDataset, sd:EmptyGraphs, sd:BasicFederatedQuery))",
        "?s sd:supportedLanguage ?o "
        "FILTER(?o NOT IN (sd:SPARQL10Query, sd:SPARQL11Query, sd:SPARQL11Update))",
        '?s sd:resultFormat|sd:inputFormat ?o FILTER(!STRSTARTS(STR(?o), "http://www.w3.org/ns/formats/"))',
        # nothing else of the vocabulary
        f'?s ?p ?o FILTER(STRSTARTS(STR(?p), "{SD}")) FILTER(?p NOT IN (sd:endpoint, sd:feature, '
        "sd:resultFormat, sd:inputFormat, sd:supportedLanguage, sd:defaultDataset, sd:defaultGraph))",
    ):
        assert not description.query(f"{prefix} ASK {{ {condition} }}"), condition
    assert w3c.WEB  # the suite itself gives these three tests no more than their names
