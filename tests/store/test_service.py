"""Strangers' queries: honest answers, honest errors, and nobody else notices."""

from __future__ import annotations

import csv
import io
import json
import socket
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Triple, parse
from pyoxigraph import Store as Oxigraph

from kb.errors import QueryRefused, StoreError, XiezhiError
from kb.store import workers as module
from kb.store.embedded import EmbeddedStore, open_store
from kb.store.protocol import Change
from kb.store.quads import SYSTEM
from kb.store.sandbox import Status
from kb.store.views import EVERYTHING
from kb.store.workers import Limits, Service

Make = Callable[..., Quad]
Start = Callable[..., Service]
WHO = {"actor": "a", "action": "b"}
JSON = "application/sparql-results+json"
HOG = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
QUADS = 1000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    """A store of a thousand quads in two graphs, for reading only."""
    p = NamedNode("urn:p")
    graphs = NamedNode("urn:even"), NamedNode("urn:odd")
    with open_store(tmp_path_factory.mktemp("store")) as opened:
        opened.load([Quad(NamedNode(f"urn:s{n}"), p, Literal(n), graphs[n % 2]) for n in range(QUADS)], **WHO)
        yield opened


@pytest.fixture
def start(store: EmbeddedStore, tmp_path: Path) -> Iterator[Start]:
    """Start services on the store that are closed at the end."""
    services = []

    def make(*, on: EmbeddedStore = store, workers: int = 2, **limits: float) -> Service:
        folder = tmp_path / f"checkpoints{len(services)}"
        service = Service(on, folder, workers=workers, limits=Limits(**limits))  # type: ignore[arg-type]
        services.append(service)
        return service

    yield make
    for service in services:
        service.close()


@pytest.fixture(scope="module")
def service(store: EmbeddedStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with the limits of the product."""
    with Service(store, tmp_path_factory.mktemp("checkpoints")) as opened:
        yield opened


def rows(service: Service, query: str) -> list[dict[str, str]]:
    bindings = json.loads(service.select(query).body)["results"]["bindings"]
    return [{name: cell["value"] for name, cell in row.items()} for row in bindings]


def past_the_gate(service: Service, query: str) -> None:
    """Run *query* as if the gate had let it through."""
    request = {"media": JSON, "default": [], "named": [], "own": " FROM " in query, "base": None}
    service._run(query, request, EVERYTHING)


def failure(act: Callable[[], object]) -> str:
    with pytest.raises(XiezhiError) as error:
        act()
    (fault,) = error.value.faults
    assert fault.message.zh
    assert fault.message.en
    assert fault.repair is not None
    return fault.code


# --- answers -----------------------------------------------------------------------------------


def test_the_default_graph_is_the_union_of_all_graphs_but_the_system_graph(service: Service) -> None:
    assert rows(service, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }") == [{"n": str(QUADS)}]
    assert rows(service, "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g") == [
        {"g": "urn:even"},
        {"g": "urn:odd"},
    ]


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT * {{ GRAPH <{SYSTEM.value}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ <{SYSTEM.value}> ?p ?o }}",
        f"SELECT * {{ ?s ?p ?o FILTER EXISTS {{ GRAPH <{SYSTEM.value}> {{ ?a ?b ?c }} }} }}",
        f"SELECT * {{ <{SYSTEM.value}> (!<urn:x>)* ?o FILTER(isLiteral(?o)) }}",
        "SELECT * { GRAPH ?g { } FILTER(CONTAINS(STR(?g), 'system')) }",
    ],
)
def test_no_query_finds_the_system_graph(service: Service, query: str) -> None:
    assert rows(service, query) == []


def test_every_format_of_results_says_the_same(service: Service) -> None:
    query = "SELECT ?s ?o { ?s <urn:p> ?o } ORDER BY ?o LIMIT 3"
    expected = [["urn:s0", "0"], ["urn:s1", "1"], ["urn:s2", "2"]]
    answer = service.select(query)
    assert (answer.media_type, answer.truncated) == (JSON, False)
    assert [list(row.values()) for row in rows(service, query)] == expected
    answer = service.select(query, "text/csv")
    assert list(csv.reader(io.StringIO(answer.body.decode())))[1:] == expected
    answer = service.select(query, "text/tab-separated-values")
    assert answer.body.decode() == "?s\t?o\n<urn:s0>\t0\n<urn:s1>\t1\n<urn:s2>\t2\n"
    answer = service.select(query, "application/sparql-results+xml")
    cells = [
        cell.text for cell in ET.fromstring(answer.body).iter() if cell.tag.endswith(("}uri", "}literal"))
    ]
    assert cells == [text for row in expected for text in row]


def test_ask_answers_yes_or_no(service: Service) -> None:
    assert json.loads(service.select("ASK { <urn:s1> ?p 1 }").body)["boolean"] is True
    assert json.loads(service.select("ASK { <urn:s1> ?p 2 }").body)["boolean"] is False


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("text/turtle", RdfFormat.TURTLE),
        ("application/n-triples", RdfFormat.N_TRIPLES),
        ("application/rdf+xml", RdfFormat.RDF_XML),
        ("application/ld+json", RdfFormat.JSON_LD),
    ],
)
def test_every_format_of_graphs_reads_back(service: Service, accept: str, form: RdfFormat) -> None:
    query = "CONSTRUCT { ?s <http://example.org/q> ?o } { ?s <urn:p> ?o FILTER(?o < 3) }"
    answer = service.select(query, accept)
    assert answer.media_type == accept
    found = {(str(quad.subject), quad.object.value) for quad in parse(answer.body, form)}  # type: ignore
    assert found == {("<urn:s0>", "0"), ("<urn:s1>", "1"), ("<urn:s2>", "2")}
    described = service.select("DESCRIBE <urn:s1>", accept)
    assert len(list(parse(described.body, form))) == 1


def test_difficult_terms_survive_the_way_out(tmp_path: Path, start: Start) -> None:
    p, name = NamedNode("urn:p"), NamedNode("urn:g")
    values = [
        Literal('tab\t line\n return\r quote" slash\\'),
        Literal("消防", language="zh"),
        Literal("", language="en"),
        Literal("1.0", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#decimal")),
        Literal("+01", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#integer")),
        Triple(NamedNode("urn:a"), p, Literal("t")),
    ]
    with open_store(tmp_path / "own") as own:
        own.commit(
            Change([Quad(NamedNode(f"urn:s{n}"), p, value, name) for n, value in enumerate(values)]), **WHO
        )
        query = "SELECT ?o ?unbound { ?s <urn:p> ?o } ORDER BY ?s"
        service = start(on=own)
        raw = Oxigraph()
        raw.extend(own.match(None, None, None))
        direct = raw.query(query, use_default_graph_as_union=True).serialize(
            format=module.formats.RESULTS[JSON]
        )
        assert service.select(query).body == direct
        assert failure(lambda: service.select("CONSTRUCT WHERE { ?s ?p ?o }", "application/ld+json")) == (
            "query.unwritable"
        )
        service.close()


def test_what_xml_cannot_hold_is_an_error_and_no_broken_xml(service: Service) -> None:
    query = 'SELECT ("\\u0001" AS ?x) { }'
    assert failure(lambda: service.select(query, "application/sparql-results+xml")) == "query.unwritable"
    assert rows(service, query) == [{"x": "\x01"}]


def test_a_commit_shows_within_300_ms(tmp_path: Path, quad: Make, start: Start) -> None:
    with open_store(tmp_path / "own") as own:
        service = start(on=own)
        assert rows(service, "SELECT * { ?s ?p ?o }") == []
        own.commit(Change([quad("a")]), **WHO)
        time.sleep(0.3)
        assert len(rows(service, "SELECT * { ?s ?p ?o }")) == 1
        service.close()


# --- errors of the query -----------------------------------------------------------------------


def test_a_query_that_is_not_well_written_is_refused_with_the_place(service: Service) -> None:
    with pytest.raises(QueryRefused, match=r"error at 1:\d+") as error:
        service.select("SELECT * { ?s ?p }")
    assert error.value.faults[0].code == "query.syntax"


def test_the_gate_stands_before_the_workers(service: Service) -> None:
    assert failure(lambda: service.select("SELECT * " + "{" * 5000 + "}" * 5000)) == "query.too-deep"
    assert failure(lambda: service.select("SELECT * { SERVICE <http://127.0.0.1/> { } }")) == "query.service"


@pytest.mark.parametrize(
    "text", ["{" * 5000 + "}" * 5000, "{ FILTER(" + "(" * 9000 + "1" + ")" * 9000 + ") }"]
)
def test_past_the_gate_nesting_kills_only_a_worker_and_the_next_query_answers(
    start: Start, text: str
) -> None:
    service = start()
    begin = time.monotonic()
    assert failure(lambda: past_the_gate(service, f"SELECT * {text}")) == "query.crashed"
    for _ in range(3):
        assert rows(service, "SELECT ?s { ?s ?p 7 }") == [{"s": "urn:s7"}]
    assert time.monotonic() - begin < 4


def test_a_runaway_query_stops_at_its_deadline_while_its_neighbours_answer(start: Start) -> None:
    service = start(deadline=1.0)
    rows(service, "SELECT ?s { ?s ?p 7 }")
    with ThreadPoolExecutor() as pool:
        begin = time.monotonic()
        hog = pool.submit(failure, lambda: service.select(HOG))
        waits = []
        while not hog.done():
            asked = time.monotonic()
            assert rows(service, "SELECT ?s { ?s ?p 7 }") == [{"s": "urn:s7"}]
            waits.append(time.monotonic() - asked)
        assert hog.result() == "query.timeout"
        assert 1.0 <= time.monotonic() - begin < 2.5
    assert len(waits) > 10
    assert max(waits) < 0.9


def test_a_memory_bomb_kills_only_its_worker(start: Start) -> None:
    service = start(memory=512 << 20, deadline=20.0)
    doubling = "".join(f"BIND(CONCAT(?x{n}, ?x{n}) AS ?x{n + 1})" for n in range(32))
    bomb = f'SELECT (STRLEN(?x32) AS ?n) {{ BIND("0123456789" AS ?x0) {doubling} }}'
    assert failure(lambda: service.select(bomb)) in ("query.crashed", "query.memory")
    assert rows(service, "SELECT ?s { ?s ?p 7 }") == [{"s": "urn:s7"}]


def test_too_many_rows_are_cut_and_flagged_in_every_format(start: Start) -> None:
    service = start(rows=10)
    query = "SELECT ?o { ?s <urn:p> ?o } ORDER BY ?o LIMIT "
    for limit, truncated in ((10, False), (11, True), (900, True)):
        answer = service.select(query + str(limit))
        assert answer.truncated is truncated
        assert [int(row["o"]["value"]) for row in json.loads(answer.body)["results"]["bindings"]] == list(
            range(10)
        )
    assert service.select(query + "900", "text/csv").body.split() == [b"o", *(b"%d" % n for n in range(10))]
    ET.fromstring(service.select(query + "900", "application/sparql-results+xml").body)
    for accept, form in module.formats.GRAPHS.items():
        answer = service.select("CONSTRUCT { ?s <http://x/p> ?o } { ?s ?p ?o }", accept)
        assert answer.truncated
        assert len(list(parse(answer.body, form))) == 10


def test_a_flood_of_bytes_is_an_error_and_no_broken_answer(start: Start) -> None:
    service = start(size=2000)
    assert rows(service, "SELECT ?o { ?s ?p ?o } LIMIT 5")
    flood = "SELECT ?a ?o { ?a ?b ?c . ?s ?p ?o }"
    assert failure(lambda: service.select(flood)) == "query.answer-too-large"
    assert failure(lambda: service.select(flood, "text/tab-separated-values")) == "query.answer-too-large"
    assert failure(lambda: service.select("CONSTRUCT WHERE { ?s ?p ?o }")) == "query.answer-too-large"


# --- the network -------------------------------------------------------------------------------


@pytest.fixture
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """A server on this machine that notes whoever connects; its address, and the notes."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    seen.append(connection.recv(100))

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/sparql", seen
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_the_listener_would_notice_a_query_that_reaches_out(listener: tuple[str, list[bytes]]) -> None:
    address, seen = listener
    with suppress(OSError):
        list(Oxigraph().query(f"SELECT * {{ SERVICE <{address}> {{ ?s ?p ?o }} }}"))  # type: ignore
    assert seen


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * {{ SERVICE <{0}> {{ ?s ?p ?o }} }}",
        "SELECT * {{ SERVICE SILENT <{0}> {{ ?s ?p ?o }} }}",
        "ASK {{ FILTER EXISTS {{ SERVICE <{0}> {{ ?s ?p ?o }} }} }}",
        "SELECT * {{ BIND(<{0}> AS ?x) SERVICE ?x {{ ?s ?p ?o }} }}",
        "SELECT * FROM <{0}> {{ ?s ?p ?o }}",
        "SELECT * FROM NAMED <{0}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
    ],
)
def test_past_the_gate_no_query_opens_a_socket(
    service: Service, listener: tuple[str, list[bytes]], query: str
) -> None:
    address, seen = listener
    with suppress(XiezhiError):  # SILENT and FROM answer, with nothing
        past_the_gate(service, query.format(address))
    assert seen == []
    assert rows(service, "SELECT ?s { ?s ?p 7 }") == [{"s": "urn:s7"}]


# --- the pool ----------------------------------------------------------------------------------


def test_when_too_many_wait_the_next_is_told_to_come_again(start: Start) -> None:
    service = start(workers=1, waiting=1, deadline=1.0, wait=0.2)
    with ThreadPoolExecutor() as pool:
        hog = pool.submit(failure, lambda: service.select(HOG))
        time.sleep(0.1)
        waiting = pool.submit(failure, lambda: service.select("ASK { }"))
        time.sleep(0.05)
        begin = time.monotonic()
        assert failure(lambda: service.select("ASK { }")) == "query.busy"
        assert time.monotonic() - begin < 0.15
        assert waiting.result() == "query.busy"
        assert hog.result() == "query.timeout"
    assert service.select("ASK { }")


def test_a_worker_that_died_while_idle_is_replaced_and_no_query_is_blamed(start: Start) -> None:
    service = start()
    for worker in service._workers:
        worker._process.kill()
        worker._process.wait()
    for _ in range(3):
        assert rows(service, "SELECT ?s { ?s ?p 7 }") == [{"s": "urn:s7"}]


def test_many_threads_are_served_by_two_workers(start: Start) -> None:
    service = start(waiting=64)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: rows(service, f"SELECT ?s {{ ?s ?p {n} }}"), range(200)))
    assert answers == [[{"s": f"urn:s{n}"}] for n in range(200)]


def test_a_worker_ends_with_its_server_and_a_runaway_query_soon_after(start: Start) -> None:
    service = start(workers=1, deadline=0.2)
    worker = service._workers[0]
    worker.ready()
    frame = module.wire.encode(
        {
            "checkpoint": str(service.views.acquire(EVERYTHING)[0]),
            "media": JSON,
            "default": [],
            "named": [],
            "own": False,
            "base": None,
            "rows": 1,
            "bytes": 1,
            "deadline": 0.2,
        },
        HOG.encode(),
    )
    worker._pipe.send(frame, time.monotonic() + 1)
    assert worker._process.wait(timeout=3) == -14  # its own alarm, the server never read the answer
    worker.restart()
    worker.ready()
    assert worker._process.stdin is not None
    worker._process.stdin.close()
    assert worker._process.wait(timeout=3) == 0


def test_closing_ends_the_queries_that_run_and_refuses_those_that_come(start: Start) -> None:
    service = start()
    with ThreadPoolExecutor() as pool:
        hogs = [pool.submit(failure, lambda: service.select(HOG)) for _ in range(3)]
        time.sleep(0.2)
        begin = time.monotonic()
        service.close()
        assert time.monotonic() - begin < 1
        assert {hog.result() for hog in hogs} == {"query.closed"}
    assert failure(lambda: service.select("ASK { }")) == "query.closed"


def test_the_status_tells_that_the_sandbox_is_closed(service: Service) -> None:
    assert service.status == Status(network=True, memory=True)


def test_a_gap_in_the_sandbox_is_said_loudly(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gap = Status(network=False, memory=True, reason="no seccomp: not known on sunos sparc")
    monkeypatch.setattr(module.Worker, "ready", lambda self: gap)
    assert not start().status.complete
    assert "THE SANDBOX OF STRANGERS' QUERIES HAS A GAP" in caplog.text
    assert "sunos" in caplog.text


def test_workers_that_do_not_start_are_an_error_of_the_server_and_no_querys_fault(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(StoreError) as error:
        start()
    assert error.value.faults[0].code == "store.worker"
