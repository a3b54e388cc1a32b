"""The SPARQL 1.1 Protocol: real clients, every way of asking, and what is refused."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import rdflib
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from SPARQLWrapper import CSV, JSON, TURTLE, XML, SPARQLWrapper

from tests.webapp.conftest import Client, Server

ASK = "ASK { ?s ?p ?o }"
TYPES = "SELECT ?t WHERE { ?t a <https://w3id.org/xiezhi/ns#IncidentType> } ORDER BY ?t LIMIT 5"
SD = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")


def problem(reply: Any, status: int, code: str) -> None:
    assert reply.status == status, reply.text
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert code in {fault["code"] for fault in reply.json["faults"]}


def test_sparqlwrapper_reads_every_result_format(server: Server) -> None:
    wrapper = SPARQLWrapper(server.url + "/sparql")
    wrapper.setQuery(TYPES)
    wrapper.setReturnFormat(JSON)
    assert len(wrapper.queryAndConvert()["results"]["bindings"]) == 5
    wrapper.setReturnFormat(XML)
    assert len(wrapper.queryAndConvert().getElementsByTagName("result")) == 5
    wrapper.setReturnFormat(CSV)
    assert wrapper.queryAndConvert().startswith(b"t\r\n")
    wrapper.setMethod("POST")
    wrapper.setReturnFormat(JSON)
    assert len(wrapper.queryAndConvert()["results"]["bindings"]) == 5


def test_sparqlwrapper_constructs_a_graph(server: Server) -> None:
    wrapper = SPARQLWrapper(server.url + "/sparql")
    wrapper.setQuery("CONSTRUCT { ?s a ?c } WHERE { ?s a ?c } LIMIT 3")
    wrapper.setReturnFormat(TURTLE)
    assert len(rdflib.Graph().parse(data=wrapper.queryAndConvert(), format="turtle")) == 3


@pytest.mark.parametrize("method", ["GET", "POST", "POST_FORM"])
def test_rdflib_uses_the_endpoint_as_a_store(server: Server, method: str) -> None:
    store = SPARQLStore(server.url + "/sparql", method=method)
    rows = list(rdflib.Graph(store).query(TYPES))
    assert len(rows) == 5


def test_the_three_ways_of_asking_give_the_same_answer(client: Client) -> None:
    accept = {"Accept": "application/sparql-results+json"}
    by_get = client.ask("GET", "/sparql?" + urlencode({"query": TYPES}), headers=accept)
    by_form = client.post_form("/sparql", {"query": TYPES}, accept)
    direct = client.ask("POST", "/sparql", TYPES, {**accept, "Content-Type": "application/sparql-query"})
    assert by_get.status == 200
    assert by_get.body == by_form.body == direct.body


def test_an_incident_can_be_asked_for_right_after_its_report(
    client: Client, recommendation: dict[str, Any]
) -> None:
    time.sleep(0.4)  # the service promises to lag by 0.3 s at most
    query = f"ASK {{ <{recommendation['incident']['iri']}> <https://w3id.org/xiezhi/ns#deaths> 4 }}"
    assert client.get("/sparql?" + urlencode({"query": query})).json["boolean"] is True


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("SELECT * WHERE {", 400, "query.syntax"),
        ("", 400, "query.no-form"),
        ("INSERT DATA { <urn:a> <urn:b> <urn:c> }", 403, "query.update"),
        ("DROP ALL", 403, "query.update"),
        ("LOAD <file:///etc/passwd>", 403, "query.update"),
        ("SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }", 403, "query.service"),
        ("SELECT * { " + "{" * 100 + "}" * 100 + " }", 400, "query.too-deep"),
        ("SELECT * { ?s ?p ?o } #" + "x" * 70_000, 413, "query.too-large"),
    ],
)
@pytest.mark.parametrize("way", ["form", "direct"])
def test_what_the_gate_refuses_comes_back_as_a_problem(
    client: Client, query: str, status: int, code: str, way: str
) -> None:
    if way == "form":
        problem(client.post_form("/sparql", {"query": query}), status, code)
    else:
        kind = {"Content-Type": "application/sparql-query"}
        problem(client.ask("POST", "/sparql", query, kind), status, code)


def test_an_update_is_readable_as_soon_as_it_is_answered(client: Client) -> None:
    kind = {"Content-Type": "application/sparql-update"}
    update = "INSERT DATA { GRAPH <urn:test:g> { <urn:a> <urn:b> %d } }"
    assert client.post_form("/sparql", {"update": update % 1}).status == 204
    assert client.ask("POST", "/sparql", update % 2, kind).status == 204
    ask = "ASK { GRAPH <urn:test:g> { <urn:a> <urn:b> 1, 2 } }"
    assert client.post_form("/sparql", {"query": ask}).json["boolean"] is True
    assert client.post_form("/sparql", {"update": "DROP GRAPH <urn:test:g>"}).status == 204
    assert client.post_form("/sparql", {"query": ask}).json["boolean"] is False


def test_what_belongs_to_the_system_cannot_be_updated(client: Client) -> None:
    for update in (
        "DROP ALL",
        "CLEAR NAMED",
        "DELETE WHERE { GRAPH ?g { ?s a ?c } }",
        "INSERT DATA { GRAPH <https://w3id.org/xiezhi/graph/ontology> { <urn:a> <urn:b> <urn:c> } }",
        "INSERT DATA { GRAPH <https://w3id.org/xiezhi/graph/system> { <urn:a> <urn:b> <urn:c> } }",
        "INSERT { GRAPH ?g { <urn:a> <urn:b> <urn:c> } } WHERE { GRAPH ?g { ?s a ?c } }",
        "COPY <https://w3id.org/xiezhi/graph/ontology> TO <https://w3id.org/xiezhi/graph/rules>",
        "MOVE <https://w3id.org/xiezhi/graph/ontology> TO <urn:mine>",
    ):
        problem(client.post_form("/sparql", {"update": update}), 403, "write.graph")
    problem(client.post_form("/sparql", {"update": "LOAD <file:///etc/passwd>"}), 403, "query.load")


def test_an_update_needs_a_post(client: Client) -> None:
    update = "INSERT DATA { <urn:a> <urn:b> <urn:c> }"
    problem(client.get("/sparql?" + urlencode({"update": update})), 403, "query.update")
    for method in ("PUT", "DELETE", "PATCH"):
        assert client.ask(method, "/sparql", update).status == 405


def test_a_request_that_breaks_the_protocol_is_refused(client: Client) -> None:
    problem(client.get(f"/sparql?query={quote(ASK)}&query={quote(ASK)}"), 400, "query.several")
    problem(client.post_form("/sparql", {}), 400, "query.missing")
    problem(client.ask("POST", "/sparql", ASK, {"Content-Type": "text/plain"}), 415, "query.media-type")
    query = {"Content-Type": "application/sparql-query"}
    problem(client.ask("POST", "/sparql", b"ASK { ?s ?p '\xff' }", query), 400, "query.encoding")
    problem(client.get(f"/sparql?query={quote(ASK)}&default-graph-uri=no-iri"), 400, "query.iri")


def test_the_request_or_the_query_may_name_its_dataset(client: Client) -> None:
    ontology, rules = (f"https://w3id.org/xiezhi/graph/{name}" for name in ("ontology", "rules"))
    ask = "ASK { ?type a <https://w3id.org/xiezhi/ns#Tier> }"
    for graph, found in ((ontology, True), (rules, False), ("http://127.0.0.1:1/", False)):
        by_request = client.get("/sparql?" + urlencode({"query": ask, "default-graph-uri": graph}))
        by_query = client.get("/sparql?" + urlencode({"query": ask.replace("{", f"FROM <{graph}> {{", 1)}))
        assert by_request.json["boolean"] is by_query.json["boolean"] is found


def test_a_format_that_nobody_offers_is_not_acceptable(client: Client) -> None:
    problem(client.get("/sparql?query=" + quote(ASK), "image/png"), 406, "query.not-acceptable")


def test_a_query_that_never_ends_is_stopped_and_the_others_go_on(client: Client) -> None:
    heavy = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
    before = time.monotonic()
    reply = client.post_form("/sparql", {"query": heavy})
    problem(reply, 504, "query.timeout")
    assert time.monotonic() - before < 8
    assert client.get("/sparql?query=" + quote(ASK)).status == 200


def test_an_answer_that_was_cut_says_so(client: Client) -> None:
    reply = client.post_form(
        "/sparql", {"query": "SELECT * { ?s ?p ?o } LIMIT 20000"}, {"Accept": "text/csv"}
    )
    assert reply.status == 200
    assert reply.headers["Xiezhi-Truncated"] == "true"
    assert reply.text.count("\n") == 10_001


def test_without_a_query_the_service_describes_itself(client: Client, server: Server) -> None:
    for accept, format_ in (("*/*", "turtle"), ("text/turtle", "turtle"), ("application/rdf+xml", "xml")):
        reply = client.get("/sparql", accept)
        graph = rdflib.Graph().parse(data=reply.body, format=format_)
        service = rdflib.URIRef(server.url + "/sparql")
        assert (service, SD.endpoint, service) in graph
        assert (service, SD.supportedLanguage, SD.SPARQL11Query) in graph


def test_a_browser_gets_a_form_and_a_table(client: Client) -> None:
    form = client.get("/sparql", "text/html,*/*;q=0.8", **{"Accept-Language": "zh"})
    assert "<textarea" in form.text
    assert "查询知识图谱" in form.text
    table = client.get("/sparql?" + urlencode({"query": TYPES}), "text/html,*/*;q=0.8")
    assert table.text.count("<tr>") == 6
    refused = client.get("/sparql?" + urlencode({"query": "DROP ALL"}), "text/html,*/*;q=0.8")
    assert refused.status == 403
    assert "<textarea" in refused.text


def test_data_in_a_result_cannot_become_markup(client: Client) -> None:
    query = 'SELECT ("<script>alert(1)</script>" AS ?x) {}'
    page = client.get("/sparql?" + urlencode({"query": query}), "text/html")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;" in page.text


@pytest.mark.parametrize("told", [{"Origin": "https://example.org"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_page_of_another_site_sees_what_a_visitor_sees(
    client: Client, recommendation: dict[str, Any], told: dict[str, str]
) -> None:
    incident = f"/api/incidents/{recommendation['incident']['id']}"
    for path in ("/api/incidents", incident):
        reply = client.get(path, **told)
        assert reply.status == 401
        assert "Access-Control-Allow-Origin" not in reply.headers
    query = f"ASK {{ <{recommendation['incident']['iri']}> ?p ?o }}"
    reply = client.get("/sparql?" + urlencode({"query": query}), **told)
    assert reply.json["boolean"] is False
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    update = client.ask(
        "POST", "/sparql", "INSERT DATA { GRAPH <urn:g> { <urn:a> <urn:b> 1 } }",
        {"Content-Type": "application/sparql-update", **told},
    )  # fmt: skip
    assert update.status == 401


def test_a_script_of_another_site_may_ask_with_a_token(client: Client) -> None:
    asks = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    preflight = client.ask("OPTIONS", "/sparql", headers=asks)
    assert preflight.status == 200
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in preflight.headers
