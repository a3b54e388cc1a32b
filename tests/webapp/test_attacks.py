"""Attacks on the SPARQL service and the graph store; the numbers are those of reliability.md, section 4.

Each is met with an honest answer, and the next honest query is answered as if nothing had been. Kinds of
runaway queries meet a short deadline in the service itself; one of them meets the product's in a server.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from kb.errors import QueryRefused, QueryStopped
from kb.store.embedded import open_store
from kb.store.workers import Limits, Service
from tests.store import w3c
from tests.webapp.conftest import Client, Reply, Server

QUERY = {"Content-Type": "application/sparql-query"}
UPDATE = {"Content-Type": "application/sparql-update"}
MINE = "/graphs?graph=urn:attacks:mine"
RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


@pytest.fixture
def client(endpoint: Server) -> Iterator[Client]:
    """A client; after each test the service answers as ever."""
    yield endpoint.client
    reply = endpoint.client.ask(
        "POST", "/sparql", "ASK { ?type a <http://www.w3.org/2002/07/owl#Class> }", QUERY
    )
    assert reply.json["boolean"] is True


@pytest.fixture
def trap() -> Iterator[tuple[str, list[Any]]]:
    """An address that nobody should connect to, and who did."""
    seen: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        done = threading.Event()

        def watch() -> None:
            while not done.is_set():
                try:
                    connection, caller = listener.accept()
                except TimeoutError:
                    continue
                seen.append(caller)
                connection.close()

        thread = threading.Thread(target=watch)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", seen
        time.sleep(0.1)
        done.set()
        thread.join()
    assert seen == []


def ask(client: Client, query: str, **headers: str) -> Reply:
    return client.ask("POST", "/sparql", query, {**QUERY, **headers})


def told(reply: Reply, status: int, code: str) -> None:
    assert reply.status == status, reply.text
    assert reply.json["faults"][0]["code"] == code


# --- reaching out ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <%s> { ?s ?p ?o } }",
        "SELECT * { SERVICE SILENT <%s> { ?s ?p ?o } }",
        "ASK { FILTER EXISTS { SERVICE <%s> { ?s ?p ?o } } }",
        "SELECT * { BIND(<%s> AS ?x) SERVICE ?x { ?s ?p ?o } }",
        "SELECT * { ?s ?p ?o { SELECT * { SeRvIcE <%s> { ?s ?p ?o } } } }",
    ],
)
def test_no_server_that_is_not_listed_is_asked(
    client: Client, trap: tuple[str, list[Any]], query: str
) -> None:
    """Attack 1."""
    told(ask(client, query % trap[0]), 403, "query.service")


@pytest.mark.parametrize(
    "update",
    [
        "LOAD <%s>",
        "LOAD SILENT <%s> INTO GRAPH <urn:attacks:mine>",
        "INSERT DATA { <urn:a> <urn:b> 1 } ; LOAD <%s>",
        "LOAD <file:///etc/passwd> # %s",
    ],
)
def test_no_address_is_loaded(
    client: Client, writer: dict[str, str], trap: tuple[str, list[Any]], update: str
) -> None:
    """Attack 2."""
    told(client.ask("POST", "/sparql", update % trap[0], {**UPDATE, **writer}), 403, "query.load")
    asking = f"INSERT {{ ?s ?p ?o }} WHERE {{ SERVICE <{trap[0]}> {{ ?s ?p ?o }} }}"
    told(client.ask("POST", "/sparql", asking, {**UPDATE, **writer}), 403, "query.service")


def test_graphs_that_are_named_are_not_fetched(client: Client, trap: tuple[str, list[Any]]) -> None:
    """Attack 3."""
    address = trap[0]
    for query in ("ASK FROM <%s> { ?s ?p ?o }", "ASK FROM NAMED <%s> { GRAPH ?g { ?s ?p ?o } }"):
        assert ask(client, query % address).json["boolean"] is False
    for name in ("default-graph-uri", "named-graph-uri"):
        reply = client.get(f"/sparql?query={quote('ASK { ?s ?p ?o }')}&{name}={quote(address)}")
        assert reply.json["boolean"] is False
    assert client.get(f"/graphs?graph={quote(address)}").status == 404


# --- files -------------------------------------------------------------------------------------

CONTEXT, DOCTYPE, DEEP = "file.context", "file.doctype", "file.too-deep"
JSONLD, RDFXML = "application/ld+json", "application/rdf+xml"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
TERM = "<urn:a> <urn:b> "
XML = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'


@pytest.mark.parametrize(
    ("attack", "media", "body", "code"),
    [
        (4, JSONLD, '{"@context": "%s", "@id": "urn:a", "urn:b": 1}', CONTEXT),
        (4, JSONLD, '{"@context": [{}, "%s"], "@id": "urn:a", "urn:b": 1}', CONTEXT),
        (4, JSONLD, '{"@context": {"@import": "%s"}, "urn:b": 1}', CONTEXT),
        (5, RDFXML, '<!DOCTYPE x [<!ENTITY e SYSTEM "%s">]>' + XML, DOCTYPE),
        (5, RDFXML, '<!DOCTYPE rdf:RDF SYSTEM "%s">' + XML, DOCTYPE),
        (6, RDFXML, f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]><!-- %s -->', DOCTYPE),
        (7, JSONLD, '{"urn:a":' * 4000 + '"%s"' + "}" * 4000, DEEP),
        (7, "text/turtle", "<urn:a> <urn:b> " + "[<urn:b> " * 4000 + "<%s>" + "]" * 4000 + ".", DEEP),
        (8, "text/turtle", TERM + "<<( <urn:a> <urn:b> " * 50 + "<%s>" + ")>>" * 50 + ".", "store.refused"),
    ],
)  # fmt: skip
def test_a_hostile_file_is_refused_in_a_moment(
    client: Client,
    writer: dict[str, str],
    trap: tuple[str, list[Any]],
    attack: int,
    media: str,
    body: str,
    code: str,
) -> None:
    """Attacks 4 (remote contexts), 5 (entities), 6 (billion laughs), 7 (nesting), 8 (deep triple terms)."""
    before = time.monotonic()
    reply = client.ask("PUT", MINE, body.replace("%s", trap[0]), {"Content-Type": media, **writer})
    assert time.monotonic() - before < 2, attack
    told(reply, 422, code)
    assert client.get(MINE, **writer).status == 404


def test_a_deep_term_that_a_query_makes_cannot_be_stored(client: Client, writer: dict[str, str]) -> None:
    """Attack 8."""
    term = "<urn:o>"
    for _ in range(12):
        term = f"<<( <urn:s> <urn:p> {term} )>>"
    update = f"INSERT DATA {{ GRAPH <urn:attacks:mine> {{ <urn:s> <urn:p> {term} }} }}"
    told(client.ask("POST", "/sparql", update, {**UPDATE, **writer}), 422, "store.refused")


def test_an_upload_fills_its_own_graph_and_no_other(client: Client, writer: dict[str, str]) -> None:
    """Attacks 16 and 17: other graphs in the file; blank nodes of two files with one label."""
    quads = "<urn:a> <urn:b> 1 <https://w3id.org/xiezhi/graph/rules> ."
    told(
        client.ask("PUT", MINE, quads, {"Content-Type": "application/n-quads", **writer}),
        415,
        "file.media-type",
    )
    inside = '{"@id": "urn:other", "@graph": [{"@id": "urn:a", "urn:b": 1}]}'
    reply = client.ask("PUT", MINE, inside, {"Content-Type": "application/ld+json", **writer})
    told(reply, 400, "file.syntax")
    assert client.get("/graphs?graph=urn:other", **writer).status == 404
    for _ in range(2):
        client.ask("POST", MINE, "_:x <urn:b> 1 .", {"Content-Type": "text/turtle", **writer})
    assert len(client.get(MINE, "application/n-triples", **writer).text.splitlines()) == 2
    client.ask("DELETE", MINE, headers=writer)


def test_blank_nodes_that_look_alike_cost_nothing(client: Client, writer: dict[str, str]) -> None:
    """Attack 18: nine nodes, each joined to each, take a canonicaliser more than 40 s."""
    text = "".join(f"_:n{one} <urn:b> _:n{other} .\n" for one in range(12) for other in range(12))
    before = time.monotonic()
    reply = client.ask("PUT", MINE, text, {"Content-Type": "text/turtle", **writer})
    assert reply.status in (201, 204), reply.text
    assert len(client.get(MINE, "application/n-triples", **writer).text.splitlines()) == 144
    assert time.monotonic() - before < 5
    client.ask("DELETE", MINE, headers=writer)


def test_a_packed_body_is_refused(client: Client, writer: dict[str, str]) -> None:
    """Attack 22."""
    packed = {"Content-Encoding": "gzip", "Content-Type": "text/turtle", **writer}
    told(client.ask("PUT", MINE, gzip.compress(b" " * 1_000_000), packed), 415, "http.415")


def test_a_body_beyond_the_limit_is_refused(client: Client, writer: dict[str, str]) -> None:
    """Attack 22."""
    told(client.ask("POST", "/sparql", b" " * 1_000_000, QUERY), 413, "http.413")
    huge = b" " * (65 << 20)
    told(client.ask("PUT", MINE, huge, {"Content-Type": "text/turtle", **writer}), 413, "http.413")


# --- queries -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service with a short deadline on a store in which everything leads to everything."""
    p = NamedNode("urn:p")
    nodes = [NamedNode(f"urn:n{n}") for n in range(300)]
    links = [Quad(nodes[n], p, nodes[(n * k + 1) % 300], p) for n in range(300) for k in range(1, 8)]
    values = [Quad(node, NamedNode("urn:v"), Literal("x" * 1000), p) for node in nodes]
    with w3c.memory() as folder, open_store(folder / "store") as store:
        store.load(links + values, actor="a", action="b")
        limits = Limits(deadline=0.5, size=1 << 20, memory=512 << 20)
        with Service(store, folder / "checkpoints", workers=1, limits=limits) as opened:
            opened.select("ASK {}")
            yield opened


VALUES = "VALUES ?x{} {{1 2 3 4 5 6 7 8}}"
DOUBLED = " ".join(f"BIND(CONCAT(?x{n}, ?x{n}) AS ?x{n + 1})" for n in range(40))
THOUSANDS = tuple(f"'{letter * 1000}'" for letter in "abcd")


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        (RUNAWAY, "query.timeout"),
        (
            "SELECT (COUNT(*) AS ?n) { ?a (<urn:p>|!<urn:p>)* ?b . ?c (<urn:p>|!<urn:p>)* ?d }",
            "query.timeout",
        ),
        (f"ASK {{ ?s {'/'.join(['<urn:p>'] * 6000)} ?o }}", "query.timeout query.crashed"),
        (
            f"ASK {{ ?s ?p ?o FILTER({'||'.join(map('?o = {}'.format, range(6000)))}) }}",
            "query.timeout query.crashed",
        ),
        (f"ASK {{ {' '.join(map('?s{0} ?p ?o{0} .'.format, range(1000)))} }}", "query.too-many-patterns"),
        (f"SELECT (COUNT(*) AS ?n) {{ {' '.join(map(VALUES.format, range(12)))} }}", "query.timeout"),
    ],
    ids=["cross product", "paths", "long path", "6,000 alternatives", "1,000 patterns", "product of values"],
)
def test_a_query_that_would_run_for_hours_ends(service: Service, query: str, codes: str) -> None:
    """Attack 9."""
    before = time.monotonic()
    with pytest.raises((QueryStopped, QueryRefused)) as error:
        service.select(query)
    assert error.value.faults[0].code in codes.split()
    assert time.monotonic() - before < 1.5
    assert b"true" in service.select("ASK { ?s ?p ?o }").body


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT (STRLEN(?x40) AS ?n) {{ BIND('aaaaaaaa' AS ?x0) {DOUBLED} }}",
        "SELECT (GROUP_CONCAT(CONCAT(?a, ?b)) AS ?n) { ?s <urn:v> ?a . ?t <urn:v> ?b . ?u <urn:p> ?v }",
        "SELECT (STRLEN(REPLACE(REPLACE(REPLACE({},'a',{}),'b',{}),'c',{})) AS ?n) {{}}".format(*THOUSANDS),
        "SELECT * { ?s <urn:v> ?a . ?t <urn:v> ?b . ?u <urn:v> ?c } ORDER BY ?a ?b ?c",
    ],
    ids=["doubling", "group_concat", "replace", "order by"],
)
def test_a_query_that_would_eat_the_memory_ends(service: Service, query: str) -> None:
    """Attack 10."""
    with pytest.raises(QueryStopped) as error:
        service.select(query)
    assert error.value.faults[0].code in ("query.crashed", "query.memory", "query.timeout")
    assert b"true" in service.select("ASK { ?s ?p ?o }").body


def test_an_answer_is_whole_or_says_that_it_is_not(service: Service, client: Client) -> None:
    """Attack 11: rows beyond the limit are cut and flagged; bytes beyond it are an error."""
    for media in ("text/csv", "text/tab-separated-values", "application/sparql-results+json"):
        reply = ask(client, "SELECT * { ?s ?p ?o }", Accept=media)
        assert (reply.status, reply.headers["Xiezhi-Truncated"]) == (200, "true")
    graph = ask(client, "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }", Accept="application/n-triples")
    assert (graph.text.count("\n"), graph.headers["Xiezhi-Truncated"]) == (10_000, "true")
    with pytest.raises(QueryStopped) as error:
        service.select("SELECT ?a ?b { ?s <urn:v> ?a . ?t <urn:v> ?b }")
    assert error.value.faults[0].code == "query.answer-too-large"


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("a" * 30_000 + "!", "^(a+)+$"),
        ("a" * 30_000 + "!", "^(a|a)*$"),
        ("aaaa", "((a{100}){100}){100}"),
        ("a", "("),
    ],
)
def test_no_regular_expression_takes_long(client: Client, text: str, pattern: str) -> None:
    """Attack 12."""
    before = time.monotonic()
    assert ask(client, f"SELECT (REGEX('{text}', '{pattern}') AS ?x) {{}}").status == 200
    assert time.monotonic() - before < 2


@pytest.mark.parametrize(
    ("query", "statuses"),
    [
        ("ASK " + "{" * 65 + "}" * 65, {400}),
        ("ASK { FILTER(" + "(" * 5000 + "1" + ")" * 5000 + ") }", {400}),
        ("ASK { ?s ?p " + "[?p " * 5000 + "1" + "]" * 5000 + " }", {400}),
        ("ASK { " + "FILTER NOT EXISTS { " * 800 + "}" * 800 + " }", {400}),
        ("ASK { FILTER(" + "!" * 60_000 + "true) }", {503}),
        ("SELECT (" + "+".join(["1"] * 20_000) + " AS ?x) {}", {503}),
        ("ASK { ?s " + "^" * 60_000 + "<urn:p> ?o }", {400}),
    ],
    ids=["groups", "parentheses", "blank nodes", "exists", "negations", "sums", "inverse paths"],
)
def test_deep_nesting_ends_a_process_at_most(client: Client, query: str, statuses: set[int]) -> None:
    """Attack 7."""
    assert ask(client, query).status in statuses


@pytest.mark.parametrize(
    "call",
    [
        "geof:distance('POINT(1 1)'^^geo:wktLiteral, 'POINT(2 2)'^^geo:wktLiteral)",
        "geof:sfContains('POLYGON((0 0, 1 1'^^geo:wktLiteral, 'POINT(NaN 1e999)'^^geo:wktLiteral)",
        "geof:sfIntersects('POLYGON((0 0,1 1,0 0))'^^geo:wktLiteral, 'POINT EMPTY'^^geo:wktLiteral)",
        "geof:sfWithin('POLYGON EMPTY'^^geo:wktLiteral, 'LINESTRING(0 0)'^^geo:wktLiteral)",
        "geof:sfEquals(1, <urn:a>)",
        "geof:buffer('POINT(1 1)'^^geo:wktLiteral, 1e308, <urn:metre>)",
        f"geof:sfTouches('{'GEOMETRYCOLLECTION(' * 3000}POINT(1 1){')' * 3000}'^^geo:wktLiteral, 1)",
    ],
    ids=["distance", "broken", "empty", "degenerate", "no geometry", "huge", "deep"],
)
def test_functions_of_geometry_take_whatever_they_get(client: Client, call: str) -> None:
    prefixes = (
        "PREFIX geof: <http://www.opengis.net/def/function/geosparql/> "
        "PREFIX geo: <http://www.opengis.net/ont/geosparql#> "
    )
    reply = ask(client, f"{prefixes} SELECT ({call} AS ?x) {{}}")
    assert reply.status in (200, 400), reply.text


@pytest.mark.parametrize(
    "query", ["%", "%zz", "ASK%20%7B%7D%", "%00", "ASK%20%7B%7D%00", "%ED%A0%80", "%FF%FE"]
)
def test_an_address_that_is_badly_encoded_is_refused(client: Client, query: str) -> None:
    told_codes = {"query.syntax", "query.no-form", "query.encoding"}
    reply = client.get(f"/sparql?query={query}")
    assert reply.status == 400
    assert reply.json["faults"][0]["code"] in told_codes


def test_a_query_in_the_address_has_a_limit_and_so_have_headers(client: Client) -> None:
    told(client.get("/sparql?query=" + quote("ASK {} #" + "x" * 70_000)), 413, "query.too-large")
    assert client.get("/sparql?query=" + "x" * 300_000).status in (400, 414, 431)
    assert client.get("/sparql", **{f"X-{n}": "y" * 1000 for n in range(90)}).status == 200
    assert client.get("/sparql", **{f"X-{n}": "y" * 4000 for n in range(90)}).status == 431


# --- many at once ------------------------------------------------------------------------------


def test_a_runaway_query_is_stopped_while_its_neighbours_are_answered(
    client: Client, writer: dict[str, str]
) -> None:
    """Attack 9: a visitor starts as many as he can; somebody else asks on."""

    def attack() -> tuple[float, Reply]:
        before = time.monotonic()
        reply = ask(client, RUNAWAY)
        return time.monotonic() - before, reply

    with ThreadPoolExecutor(12) as pool:
        began = time.monotonic()
        attacks = [pool.submit(attack) for _ in range(12)]
        time.sleep(0.3)
        waits = []
        while time.monotonic() - began < 4.5:
            before = time.monotonic()
            assert ask(client, "ASK { ?s ?p ?o }", **writer).status == 200
            waits.append(time.monotonic() - before)
            assert client.get("/login", "text/html").status == 200
        ended = [one.result() for one in attacks]
        assert time.monotonic() - began < 12
    replies = [reply for _, reply in ended]
    counts = Counter(reply.json["faults"][0]["code"] for reply in replies)
    assert 4.9 < min(took for took, reply in ended if reply.status == 504) < 6.5
    assert counts.keys() <= {"query.timeout", "query.busy"}
    assert all(reply.headers["Retry-After"] for reply in replies if reply.status == 503)
    assert sorted(waits)[len(waits) // 2] < 0.3
    assert max(waits) < 2


def test_a_thousand_at_once_are_all_answered(client: Client) -> None:
    host = urlsplit(client.url).netloc
    request = f"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()

    async def one() -> tuple[int, bool]:
        reader, writer = await asyncio.open_connection(*host.split(":"))
        writer.write(request)
        answer = await reader.read()
        writer.close()
        return int(answer.split(b" ", 2)[1]), b"\r\nRetry-After:" in answer

    async def all_of_them() -> list[tuple[int, bool]]:
        return await asyncio.gather(*(one() for _ in range(1000)))

    with ThreadPoolExecutor(1) as apart:  # Playwright may have a loop of its own in this thread
        counts = Counter(apart.submit(lambda: asyncio.run(all_of_them())).result())
    assert counts.keys() == {(200, False), (503, True)}  # answered, or told when to come again
    assert counts[200, False] > 33  # who asks one after the other, or 33 at a time, is not turned away


def test_thirty_at_once_are_all_served(client: Client) -> None:
    with ThreadPoolExecutor(33) as pool:
        statuses = {reply.status for reply in pool.map(lambda _: ask(client, "ASK {}"), range(200))}
    assert statuses == {200}


HEAD = b"GET /sparql HTTP/1.1\r\nX-A: "
BODY = b"POST /sparql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nAS"


def test_slow_clients_hold_nobody_up(client: Client) -> None:
    """Connections that send a byte now and then (slowloris) or read nothing."""
    host, port = urlsplit(client.url).hostname, urlsplit(client.url).port
    slow = [socket.create_connection((host, port)) for _ in range(300)]
    try:
        for number, connection in enumerate(slow):
            connection.sendall(HEAD if number % 2 else BODY)
        for _ in range(3):
            before = time.monotonic()
            assert ask(client, "ASK { ?s ?p ?o }").status == 200
            assert time.monotonic() - before < 1
            for connection in slow:
                connection.sendall(b"x")
    finally:
        for connection in slow:
            connection.close()
