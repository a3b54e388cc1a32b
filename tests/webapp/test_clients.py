"""The clients that integrators use, and what HTTP promises them: formats, tags, ranges, packing, errors."""

from __future__ import annotations

import gzip
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import rdflib
from pyoxigraph import QueryResultsFormat, RdfFormat, parse, parse_query_results
from rdflib import Literal, URIRef
from rdflib.plugins.stores.sparqlstore import SPARQLStore, SPARQLUpdateStore
from SPARQLWrapper import CSV, JSON, JSONLD, RDFXML, TSV, TURTLE, XML, SPARQLWrapper

from tests.store import w3c
from tests.webapp.conftest import Client, Reply, Server

G = "urn:clients:g"
H = "urn:clients:h"
LATER = "urn:clients:later"
DATA = "\n".join(f'<urn:s{n}> <urn:p> {n} ; <urn:name> "名{n}"@zh .' for n in range(20))
SELECT = "SELECT ?s ?n { GRAPH <urn:clients:g> { ?s <urn:name> ?n } } ORDER BY ?n"
CONSTRUCT = "CONSTRUCT { ?s <urn:q> ?o } { GRAPH <urn:clients:g> { ?s <urn:p> ?o } }"
ASK = "ASK { GRAPH <urn:clients:g> { ?s ?p 7 } }"
DESCRIBE = "DESCRIBE <urn:s7>"
TABLES = {
    "application/sparql-results+json": QueryResultsFormat.JSON,
    "application/sparql-results+xml": QueryResultsFormat.XML,
    "text/csv": QueryResultsFormat.CSV,
    "text/tab-separated-values": QueryResultsFormat.TSV,
}
GRAPHS = {
    "text/turtle": RdfFormat.TURTLE,
    "application/n-triples": RdfFormat.N_TRIPLES,
    "application/rdf+xml": RdfFormat.RDF_XML,
    "application/ld+json": RdfFormat.JSON_LD,
}


@pytest.fixture(scope="module", autouse=True)
def _graphs(endpoint: Server, writer: dict[str, str]) -> Iterator[None]:
    """Two graphs to read; those that the tests make go at the end."""
    for name, text in ((G, DATA), (H, "<urn:s1> <urn:p> 1 , 100 .")):
        assert put(endpoint.client, writer, name, text).status == 201
    yield
    for name in (G, H, LATER):
        endpoint.client.ask("DELETE", f"/graphs?graph={name}", headers=writer)


@pytest.fixture
def client(endpoint: Server) -> Client:
    return endpoint.client


@pytest.fixture
def address(endpoint: Server) -> str:
    return endpoint.url + "/sparql"


def put(client: Client, writer: dict[str, str], name: str, text: str, **headers: str) -> Reply:
    kind = {"Content-Type": "text/turtle", **{key.replace("_", "-"): value for key, value in headers.items()}}
    return client.ask("PUT", f"/graphs?graph={name}", text, {**kind, **writer})


def graph(body: bytes | str, media: str) -> set[Any]:
    form = RdfFormat.from_media_type(media)
    assert form is not None
    return set(parse(body, format=form))


# --- rdflib ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "POST_FORM"])
def test_rdflib_reads_through_its_sparql_store(address: str, writer: dict[str, str], method: str) -> None:
    store = SPARQLStore(address, method=method, headers=dict(writer))
    found = rdflib.Graph(store)
    assert [str(row.n) for row in found.query(SELECT)][:3] == ["名0", "名1", "名10"]
    assert found.query(ASK).askAnswer is True
    assert len(found.query(CONSTRUCT).graph) == 20
    assert (URIRef("urn:s7"), URIRef("urn:p"), Literal(7)) in found.query(DESCRIBE).graph
    assert len(rdflib.Graph(store, identifier=URIRef(H))) == 2


def test_rdflib_writes_through_its_update_store(address: str, writer: dict[str, str]) -> None:
    store = SPARQLUpdateStore(address, address, headers=dict(writer))
    later = rdflib.Graph(store, identifier=URIRef(LATER))
    triple = URIRef("urn:a"), URIRef("urn:b"), Literal("值", lang="zh")
    later.add(triple)
    assert triple in later
    later.update("INSERT DATA { <urn:a> <urn:b> 2 }")
    assert {str(o) for o in later.objects()} == {"值", "2"}
    later.remove((None, None, None))
    assert len(later) == 0


def test_rdflib_fetches_graphs_by_their_address(endpoint: Server, writer: dict[str, str]) -> None:
    opener = urllib.request.build_opener()
    opener.addheaders = list(writer.items())
    urllib.request.install_opener(opener)
    try:
        found = rdflib.Graph().parse(f"{endpoint.url}/graphs?graph={G}")
    finally:
        urllib.request.install_opener(urllib.request.build_opener())
    assert len(found) == 40


# --- SPARQLWrapper -----------------------------------------------------------------------------


def asked(address: str, writer: dict[str, str], query: str, form: str, method: str = "GET") -> Any:
    client = SPARQLWrapper(address)
    client.addCustomHttpHeader("Authorization", writer["Authorization"])
    client.setMethod(method)
    client.setReturnFormat(form)
    client.setQuery(query)
    return client.queryAndConvert()


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # SPARQLWrapper makes one
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_sparqlwrapper_reads_every_form_of_query(address: str, writer: dict[str, str], method: str) -> None:
    rows = asked(address, writer, SELECT, JSON, method)["results"]["bindings"]
    assert len(rows) == 20
    assert len(asked(address, writer, SELECT, XML, method).getElementsByTagName("result")) == 20
    assert asked(address, writer, SELECT, CSV, method).count(b"\r\n") == 21
    assert asked(address, writer, SELECT, TSV, method).count(b"\n") == 21
    assert asked(address, writer, ASK, JSON, method)["boolean"] is True
    assert len(asked(address, writer, CONSTRUCT, RDFXML, method)) == 20
    assert len(asked(address, writer, CONSTRUCT, JSONLD, method)) == 20
    assert len(graph(asked(address, writer, DESCRIBE, TURTLE, method), "text/turtle")) == 2


def test_sparqlwrapper_updates_with_a_token_as_password(address: str, writer: dict[str, str]) -> None:
    client = SPARQLWrapper(address)
    client.setCredentials("weather", writer["Authorization"].removeprefix("Bearer "))
    client.setMethod("POST")
    client.setQuery(f"INSERT DATA {{ GRAPH <{LATER}> {{ <urn:w> <urn:b> 1 }} }}")
    assert client.query().response.status == 204
    client.setQuery(f"ASK {{ GRAPH <{LATER}> {{ <urn:w> <urn:b> 1 }} }}")
    client.setReturnFormat(JSON)
    assert client.queryAndConvert()["boolean"] is True


# --- curl --------------------------------------------------------------------------------------


def curl(*arguments: str, body: str = "") -> tuple[int, str]:
    """Return the status and the body that curl shows."""
    run = subprocess.run(
        ["curl", "-s", "-w", "\n%{http_code}", *arguments],
        input=body,
        capture_output=True,
        text=True,
        check=True,
    )
    text, _, status = run.stdout.rpartition("\n")
    return int(status), text


def test_curl_asks_and_updates(address: str, writer: dict[str, str]) -> None:
    token = "Authorization: " + writer["Authorization"]
    csv = curl("-H", token, "-H", "Accept: text/csv", "--data-urlencode", f"query={SELECT}", address)
    assert csv[0] == 200
    assert csv[1].splitlines()[1] == "urn:s0,名0"
    turtle = curl("-H", token, "-G", "--data-urlencode", f"query={CONSTRUCT}", address)
    assert len(graph(turtle[1], "text/turtle")) == 20
    update = f"update=INSERT DATA {{ GRAPH <{LATER}> {{ <urn:c> <urn:b> 1 }} }}"
    assert curl("-H", token, "--data-urlencode", update, address) == (204, "")
    assert curl("--data-urlencode", update, address)[0] == 401


def test_curl_keeps_graphs(endpoint: Server, writer: dict[str, str]) -> None:
    token = "Authorization: " + writer["Authorization"]
    place, kind = f"{endpoint.url}/graphs?graph={LATER}", "Content-Type: text/turtle"
    curl("-X", "DELETE", "-H", token, place)
    assert curl("-H", token, place)[0] == 404
    assert curl("-T", "-", "-H", token, "-H", kind, place, body="<urn:a> <urn:b> 1 .")[0] == 201
    assert curl("--data-binary", "@-", "-H", token, "-H", kind, place, body="<urn:a> <urn:b> 2 .")[0] == 204
    status, text = curl("-H", token, "-H", "Accept: application/n-triples", "--compressed", place)
    assert (status, len(text.splitlines())) == (200, 2)
    status, head = curl("-I", "-H", token, place)
    assert status == 200
    assert "content-type: text/turtle; charset=utf-8" in head.lower()
    assert curl("-X", "DELETE", "-H", token, place)[0] == 204
    assert curl("-I", "-H", token, place)[0] == 404
    assert curl("-X", "DELETE", "-H", token, place)[0] == 404


# --- formats -----------------------------------------------------------------------------------


@pytest.mark.parametrize("media", TABLES)
def test_a_table_comes_in_every_format(client: Client, writer: dict[str, str], media: str) -> None:
    reply = client.get("/sparql?" + urlencode({"query": SELECT}), media, **writer)
    assert reply.headers["Content-Type"].partition(";")[0] == media
    if media == "text/csv":
        assert reply.text.count("\r\n") == 21
    else:
        assert len(list(parse_query_results(reply.body, TABLES[media]))) == 20


@pytest.mark.parametrize("media", GRAPHS)
@pytest.mark.parametrize("query", [CONSTRUCT, f"{DESCRIBE}"], ids=["construct", "describe"])
def test_a_graph_comes_in_every_format(
    client: Client, writer: dict[str, str], media: str, query: str
) -> None:
    reply = client.get("/sparql?" + urlencode({"query": query}), media, **writer)
    assert reply.headers["Content-Type"].partition(";")[0] == media
    turtle = client.get("/sparql?" + urlencode({"query": query}), "text/turtle", **writer)
    assert w3c.same(graph(reply.body, media), graph(turtle.body, "text/turtle"))


@pytest.mark.parametrize("media", GRAPHS)
def test_a_stored_graph_goes_in_and_out_in_every_format(
    client: Client, writer: dict[str, str], media: str
) -> None:
    there = client.get(f"/graphs?graph={G}", media, **writer)
    assert there.headers["Content-Type"].partition(";")[0] == media
    kind = {"Content-Type": media}
    assert client.ask("PUT", f"/graphs?graph={LATER}", there.body, {**kind, **writer}).status in (201, 204)
    back = client.get(f"/graphs?graph={LATER}", "application/n-triples", **writer)
    assert graph(back.body, "application/n-triples") == graph(there.body, media)


@pytest.mark.parametrize("media", ["application/n-quads", "application/trig"])
def test_all_that_a_reader_sees_comes_as_one_file(client: Client, writer: dict[str, str], media: str) -> None:
    mine, strangers = (
        {quad.graph_name.value for quad in graph(client.get("/graphs", media, **who).body, media)}
        for who in (writer, {})
    )
    assert {G, H} <= mine
    assert {G, H}.isdisjoint(strangers)
    assert "https://w3id.org/xiezhi/graph/ontology" in strangers
    assert "https://w3id.org/xiezhi/graph/system" not in mine
    assert client.get("/graphs", "text/csv").status == 406


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("text/csv;q=0.5, application/sparql-results+xml;q=0.9", "application/sparql-results+xml"),
        ("application/sparql-results+json;q=0, */*;q=0.1", "application/sparql-results+xml"),
        ("text/*", "text/csv"),
        ("application/json", "application/sparql-results+json"),
        ("image/png, */*;q=0.1", "application/sparql-results+json"),
    ],
)
def test_what_is_liked_best_comes(client: Client, accept: str, media: str) -> None:
    reply = client.get("/sparql?query=" + quote("SELECT (1 AS ?x) {}"), accept)
    assert reply.headers["Content-Type"].partition(";")[0] == media
    assert "Accept" in reply.headers["Vary"]


def test_head_tells_what_get_would(client: Client, writer: dict[str, str]) -> None:
    for path in ("/sparql?" + urlencode({"query": SELECT}), f"/graphs?graph={G}", "/sparql"):
        got = client.get(path, **writer)
        head = client.ask("HEAD", path, headers={"Accept": "*/*", **writer})
        assert (head.status, head.body) == (200, b"")
        for name in ("Content-Type", "Content-Length", "Vary"):
            assert head.headers[name] == got.headers[name], name


@pytest.mark.parametrize("path", ["/sparql?" + urlencode({"query": SELECT}), f"/graphs?graph={G}"])
def test_who_can_unpack_gets_it_packed(client: Client, writer: dict[str, str], path: str) -> None:
    plain = client.get(path, **writer)
    packed = client.get(path, **{"Accept-Encoding": "br, gzip;q=0.8", **writer})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 3
    refusing = client.get(path, **{"Accept-Encoding": "gzip;q=0", **writer})
    assert refusing.body == plain.body


# --- which graphs ------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["get", "form", "direct"])
def test_the_request_names_the_graphs_of_a_query(client: Client, writer: dict[str, str], way: str) -> None:
    counts = "(COUNT(*) AS ?n) (COUNT(?m) AS ?o)"
    query = f"SELECT {counts} {{ {{ ?s ?p ?x }} UNION {{ GRAPH ?g {{ ?s ?p ?y BIND(1 AS ?m) }} }} }}"
    graphs = [("default-graph-uri", G), ("named-graph-uri", H)]
    if way == "get":
        reply = client.get("/sparql?" + urlencode([("query", query), *graphs]), **writer)
    elif way == "form":
        reply = client.post_form("/sparql", [("query", query), *graphs], writer)  # type: ignore[arg-type]
    else:
        kind = {"Content-Type": "application/sparql-query"}
        reply = client.ask("POST", "/sparql?" + urlencode(graphs), query, {**kind, **writer})
    (row,) = reply.json["results"]["bindings"]
    assert (row["n"]["value"], row["o"]["value"]) == ("42", "2")


def test_the_request_names_the_graphs_of_an_update(client: Client, writer: dict[str, str]) -> None:
    update = f"INSERT {{ GRAPH <{LATER}> {{ ?s <urn:seen> ?o }} }} WHERE {{ ?s <urn:p> ?o }}"
    form = {"update": update, "using-graph-uri": H}
    assert client.post_form("/sparql", form, writer).status == 204
    count = f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{LATER}> {{ ?s <urn:seen> ?o }} }}"
    reply = client.get("/sparql?" + urlencode({"query": count}), **writer)
    assert reply.json["results"]["bindings"][0]["n"]["value"] == "2"


# --- large downloads ---------------------------------------------------------------------------


def test_a_table_is_fetched_page_by_page(client: Client, writer: dict[str, str]) -> None:
    rows: list[str] = []
    while True:
        page = f"{SELECT} LIMIT 8 OFFSET {len(rows)}"
        reply = client.get("/sparql?" + urlencode({"query": page}), "text/csv", **writer)
        found = reply.text.splitlines()[1:]
        if not found:
            break
        rows += found
    whole = client.get("/sparql?" + urlencode({"query": SELECT}), "text/csv", **writer)
    assert rows == whole.text.splitlines()[1:]


def test_a_graph_is_fetched_in_pieces_of_one_state(client: Client, writer: dict[str, str]) -> None:
    path, accept = f"/graphs?graph={LATER}", "application/n-triples"
    put(client, writer, LATER, DATA)
    whole = client.get(path, accept, **writer)
    tag, size = whole.headers["ETag"], len(whole.body)
    first = client.get(path, accept, Range="bytes=0-999", **writer)
    assert (first.status, first.headers["Content-Range"]) == (206, f"bytes 0-999/{size}")
    rest = client.get(path, accept, **{"Range": "bytes=1000-", "If-Range": tag, **writer})
    assert rest.status == 206
    assert first.body + rest.body == whole.body
    put(client, writer, LATER, DATA + "<urn:new> <urn:p> 1 .")
    anew = client.get(path, accept, **{"Range": "bytes=1000-", "If-Range": tag, **writer})
    assert anew.status == 200  # all of it: the pieces would not fit together
    assert anew.headers["ETag"] != tag


def test_what_has_not_changed_is_not_sent_again(client: Client, writer: dict[str, str]) -> None:
    tag = client.get(f"/graphs?graph={G}", **writer).headers["ETag"]
    again = client.get(f"/graphs?graph={G}", **{"If-None-Match": tag, **writer})
    assert (again.status, again.body) == (304, b"")


def test_nobody_writes_over_what_he_has_not_seen(client: Client, writer: dict[str, str]) -> None:
    put(client, writer, LATER, "<urn:a> <urn:b> 1 .")
    tag = client.get(f"/graphs?graph={LATER}", **writer).headers["ETag"]
    assert put(client, writer, LATER, "<urn:a> <urn:b> 2 .", If_Match=tag).status == 204
    packed = client.get(f"/graphs?graph={G}", **{"Accept-Encoding": "gzip", **writer}).headers["ETag"]
    assert packed.startswith("W/")
    assert put(client, writer, G, DATA, If_Match=packed).status == 204
    late = put(client, writer, LATER, "<urn:a> <urn:b> 3 .", If_Match=tag)
    told(late, 412, "graph.changed")
    told(put(client, writer, LATER, "<urn:a> <urn:b> 3 .", If_None_Match="*"), 412, "graph.changed")
    assert " 2 " in client.get(f"/graphs?graph={LATER}", **writer).text.replace(".", " ")


# --- errors, and other sites -------------------------------------------------------------------


def told(reply: Reply, status: int, code: str) -> None:
    """Insist that the answer is a problem (RFC 9457) that says in both languages what is wrong."""
    assert reply.status == status, reply.text
    assert reply.headers["Content-Type"] == "application/problem+json"
    problem = reply.json
    assert problem["status"] == status
    assert problem["type"].startswith("https://")
    (fault,) = problem["faults"]
    assert fault["code"] == code
    assert any("\u4e00" <= sign <= "\u9fff" for sign in fault["message"]["zh"])
    assert fault["message"]["en"].isascii()
    assert fault["message"]["en"] in problem["detail"]


QUERY = {"Content-Type": "application/sparql-query"}
UPDATE = {"Content-Type": "application/sparql-update"}
GBK = {"Content-Type": "application/sparql-query; charset=GBK"}
AS_TURTLE = {"Content-Type": "text/turtle"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "code"),
    [
        ("GET", "/sparql?query=SELECT", {}, "", 400, "query.syntax"),
        ("GET", "/sparql?query=ASK%7B%7D%FF", {}, "", 400, "query.encoding"),
        ("POST", "/sparql", GBK, "ASK {}", 400, "query.encoding"),
        ("POST", "/sparql", QUERY, "SELECT (<urn:f>(1) AS ?x) {}", 400, "query.impossible"),
        ("POST", "/sparql", {"Content-Type": "text/plain"}, "ASK {}", 415, "query.media-type"),
        ("POST", "/sparql", {**QUERY, "Content-Encoding": "gzip"}, "ASK {}", 415, "http.415"),
        ("POST", "/sparql", {**QUERY, "Accept": "image/png"}, "ASK {}", 406, "query.not-acceptable"),
        ("POST", "/sparql", UPDATE, "DROP", 400, "query.syntax"),
        ("POST", "/sparql", UPDATE, "DROP GRAPH <urn:nowhere>", 400, "query.impossible"),
        ("POST", "/sparql", UPDATE, "LOAD <http://127.0.0.1:1/>", 403, "query.load"),
        ("PATCH", "/sparql", {}, "", 405, "http.405"),
        ("GET", "/graphs?graph=urn:nowhere", {}, "", 404, "graph.unknown"),
        ("GET", "/graphs?graph=nowhere", {}, "", 400, "graph.name"),
        ("GET", f"/graphs?graph={G}&graph={H}", {}, "", 400, "graph.name"),
        ("GET", f"/graphs?graph={G}", {"Accept": "text/csv"}, "", 406, "query.not-acceptable"),
        ("DELETE", "/graphs", {}, "", 400, "graph.name"),
        ("PUT", f"/graphs?graph={LATER}", AS_TURTLE, "<urn:a> <urn:b>", 400, "file.syntax"),
        ("PUT", f"/graphs?graph={LATER}", {"Content-Type": "text/csv"}, "a,b", 415, "file.media-type"),
        ("PUT", f"/graphs?graph={LATER}", {"Content-Type": "application/trig"}, "", 415, "file.media-type"),
        ("PUT", "/graphs?graph=https://w3id.org/xiezhi/graph/rules", AS_TURTLE, "", 403, "write.graph"),
        ("PATCH", f"/graphs?graph={LATER}", AS_TURTLE, "", 405, "http.405"),
    ],
)  # fmt: skip
def test_every_error_says_what_is_wrong_in_both_languages(
    client: Client,
    writer: dict[str, str],
    method: str,
    path: str,
    headers: dict[str, str],
    body: str,
    status: int,
    code: str,
) -> None:
    told(client.ask(method, path, body, {**headers, **writer}), status, code)


def test_a_wrong_token_and_a_missing_one_are_told_apart(client: Client) -> None:
    update = "INSERT DATA { <urn:a> <urn:b> 1 }"
    told(client.ask("POST", "/sparql", update, UPDATE), 401, "access.action")
    wrong = {"Authorization": "Bearer nonsense"}
    reply = client.ask("POST", "/sparql", update, {**UPDATE, **wrong})
    told(reply, 401, "http.401")
    assert "invalid_token" in reply.headers["WWW-Authenticate"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_script_of_another_site_may_ask_whether_it_may(client: Client, method: str) -> None:
    asks = {"Origin": "https://example.org", "Access-Control-Request-Method": method}
    for path in ("/sparql", "/graphs", f"/graphs?graph={G}"):
        reply = client.ask("OPTIONS", path, headers=asks)
        assert reply.status == 200
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
        assert method in reply.headers["Access-Control-Allow-Methods"]
        assert "Authorization" in reply.headers["Access-Control-Allow-Headers"]
        assert "ETag" in reply.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in reply.headers
    refused = client.get("/graphs?graph=urn:nowhere", Origin="https://example.org")
    assert refused.headers["Access-Control-Allow-Origin"] == "*"  # so that the script can read why
    assert json.loads(refused.body)["status"] == 404
