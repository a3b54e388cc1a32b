"""Endpoints on the list that fail, lie, or lead elsewhere (reliability.md, attacks 1, 2 and 11)."""

from __future__ import annotations

import gzip
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from agencies import URI, column, fault, federate, table, write_list
from pyoxigraph import Store as Oxigraph
from rawserver import RawServer, answer, raw_server
from sparql_server import free_port

from kb.store.endpoints import endpoints
from kb.store.federation import Federation, Limits

DEEP: dict[str, Any] = {"type": "triple", "value": {"subject": URI, "predicate": URI, "object": URI}}
for _ in range(5):
    DEEP = {"type": "triple", "value": {"subject": URI, "predicate": URI, "object": DEEP}}
LIES = {
    "an error": answer("500 Oops", b"no"),
    "a redirect": answer("302 Found", extra="Location: http://127.0.0.1:1/\r\n"),
    "HTML": answer(body=b"<html>", media="text/html"),
    "JSON of something else": answer(body=b'{"boolean": true}'),
    "half an answer": answer(body=b'{"head": {"vars": ["s"]}, "results": {"bindings": ['),
    "a body cut short": answer(body=table())[:-5],
    "compressed": answer(body=table(), extra="Content-Encoding: gzip\r\n"),
    "an IRI that ends early": answer(body=table({"s": {"type": "uri", "value": "urn:a> } DROP ALL"}})),
    "an IRI with a space": answer(body=table({"s": {"type": "uri", "value": "urn:a b"}})),
    "no IRI": answer(body=table({"s": {"type": "uri", "value": "a"}})),
    "a number as a value": answer(body=table({"s": {"type": "literal", "value": 5}})),
    "a list as a value": answer(body=table({"s": {"type": "literal", "value": ["x"]}})),
    "a bad language": answer(body=table({"s": {"type": "literal", "value": "x", "xml:lang": 'en" }'}})),
    "a bad datatype": answer(body=table({"s": {"type": "literal", "value": "x", "datatype": "> {"}})),
    "a bad direction": answer(
        body=table({"s": {"type": "literal", "value": "x", "xml:lang": "en", "its:dir": "up"}})
    ),
    "half a surrogate pair": answer(body=table({"s": {"type": "literal", "value": "\ud800"}})),
    "an unknown kind of term": answer(body=table({"s": {"type": "quad", "value": "x"}})),
    "a row that is no object": answer(body=table("s")),
    "rows that are no list": answer(body=b'{"head": {"vars": ["s"]}, "results": {"bindings": 7}}'),
    "no variables": answer(body=b'{"head": {}, "results": {"bindings": []}}'),
    "a variable that is none": answer(body=b'{"head": {"vars": [["s"]]}, "results": {"bindings": []}}'),
    "triple terms nested too deep": answer(body=table({"s": DEEP})),
    "JSON nested too deep": answer(body=b"[" * 200_000),
    "a flood of rows": answer(body=table(*[{"s": URI}] * 101)),
    "a flood of bytes": answer(body=b" " * 100_001),
    "a flood of text": answer(body=table(*[{"s": {"type": "literal", "value": "x" * 900}}] * 100)),
    "nothing": b"",
    "no HTTP": b"hello\r\n",
}


def ask(agency: RawServer, home: Path, limits: Limits | None = None) -> str:
    listed = endpoints(home) or endpoints(home, [agency.url])
    return federate(f"SELECT * {{ SERVICE <{agency.url}> {{ ?s ?p ?o }} }}", listed, limits)


SMALL = Limits(rows=100, size=100_000, text=50_000)


@pytest.mark.parametrize("what", LIES)
def test_an_endpoint_that_fails_or_lies_ends_the_query_and_silent_gives_the_empty_solution(
    what: str, tmp_path: Path
) -> None:
    with raw_server(LIES[what]) as agency:
        listed = endpoints(tmp_path, [f"{agency.url}/sparql"])
        query = "SELECT * {{ {} <{}/sparql> {{ ?s ?p ?o }} BIND(1 AS ?one) }}"
        found = fault(lambda: federate(query.format("SERVICE", agency.url), listed, SMALL))
        assert found.code == "query.service-failed"
        assert found.where == f"{agency.url}/sparql"
        silent = federate(query.format("SERVICE SILENT", agency.url), listed, SMALL)
        assert column(Oxigraph(), silent, "one") == ["1"]


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    for status in ("301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"):
        with raw_server(answer(body=table())) as elsewhere:
            reply = answer(status, extra=f"Location: {elsewhere.url}/query\r\n")
            with raw_server(reply) as agency:
                listed = endpoints(tmp_path, [agency.url])
                query = f"SELECT * {{ SERVICE <{agency.url}> {{ ?s ?p ?o }} }}"
                assert fault(lambda q=query, e=listed: federate(q, e)).code == "query.service-failed"
                assert agency.connections > 0
            assert elsewhere.connections == 0


def test_a_redirect_to_the_metadata_service_of_a_cloud_leads_nowhere(tmp_path: Path) -> None:
    reply = answer("302 Found", extra="Location: http://169.254.169.254/latest/meta-data/\r\n")
    with raw_server(reply) as agency:
        began = time.monotonic()
        found = fault(lambda: ask(agency, tmp_path))
        assert found.code == "query.service-failed"
        assert "HTTP 302" in found.message.zh
        assert time.monotonic() - began < 3


FLOODS = {
    "a body": (answer(extra="")[:-4].replace(b"Content-Length: 0\r\n", b"") + b"\r\n", b" " * 65536),
    "chunks": (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/sparql-results+json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"10000\r\n" + b" " * 65536 + b"\r\n",
    ),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000),
    "one header": (b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65536),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "an error": (b"HTTP/1.1 500 Oops\r\n\r\n", b"no " * 20000),
}


@pytest.mark.parametrize("what", FLOODS)
def test_an_endless_answer_is_left_at_its_limit(what: str, tmp_path: Path) -> None:
    begins, forever = FLOODS[what]
    with raw_server(begins, forever=forever) as agency:
        began = time.monotonic()
        found = fault(lambda: ask(agency, tmp_path, Limits(deadline=1.0, size=1 << 20)))
        assert found.code == "query.service-failed"
        assert time.monotonic() - began < 4


def test_a_gzip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 60_000
    with raw_server(answer(body=bomb, extra="Content-Encoding: gzip\r\n")) as agency:
        assert fault(lambda: ask(agency, tmp_path)).code == "query.service-failed"
        assert b"accept-encoding: identity" in agency.requests[0].lower()


def test_a_few_slow_agencies_do_not_keep_the_threads_of_the_server(tmp_path: Path) -> None:
    with raw_server() as slow:
        federation = Federation(endpoints(tmp_path, [slow.url]), Limits(deadline=1.0, at_once=2))
        query = f"ASK {{ SERVICE <{slow.url}> {{ ?s ?p ?o }} }}"
        with ThreadPoolExecutor(8) as threads:
            began = time.monotonic()
            codes = [
                f.result()
                for f in [
                    threads.submit(lambda: fault(lambda: federation.query(query)).code) for _ in range(8)
                ]
            ]
        assert set(codes) == {"query.busy", "query.service-failed"}
        assert codes.count("query.busy") > 2, "two wait for the slow one, others are told at once"
        assert time.monotonic() - began < 4
        federation.close()


def test_the_list_bounds_each_endpoint_by_itself(tmp_path: Path) -> None:
    with raw_server(answer(body=table(*[{"s": URI}] * 3))) as agency:
        for limit in ("xz:mostRows 2", "xz:mostBytes 100"):
            write_list(tmp_path, f"<{agency.url}> a xz:Endpoint ; {limit} .")
            assert "too large" in fault(lambda: ask(agency, tmp_path)).message.en
    with raw_server() as agency:
        write_list(tmp_path, f"<{agency.url}> a xz:Endpoint ; xz:mostSeconds 0.3 .")
        began = time.monotonic()
        assert "within the time" in fault(lambda: ask(agency, tmp_path)).message.en
        assert time.monotonic() - began < 3


def test_proxies_of_the_environment_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server(answer(body=table())) as proxy, raw_server(answer(body=table())) as agency:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        query = f"SELECT * {{ SERVICE <{agency.url}> {{ ?s ?p ?o }} }}"
        federate(query, endpoints(tmp_path, [agency.url]))
        assert (agency.connections, proxy.connections) == (2, 0)


@pytest.mark.parametrize(
    "drip",
    [
        None,
        answer(body=b" " * 4000),
        b"HTTP/1.1 200 OK\r\nContent-Type: application/sparql-results+json\r\n\r\n" + b" " * 4000,
        b"HTTP/1.0 500 Oops\r\n\r\n" + b"no " * 4000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 4000,
    ],
    ids=["silence", "body", "body to the end of the connection", "error", "headers"],
)
def test_an_endpoint_that_is_slow_is_left_at_the_deadline(drip: bytes | None, tmp_path: Path) -> None:
    with raw_server(drip, every=0.05) as agency:
        listed = endpoints(tmp_path, [agency.url])
        began = time.monotonic()
        query = f"SELECT * {{ SERVICE <{agency.url}> {{ ?s ?p ?o }} SERVICE <{agency.url}> {{ ?s ?p 1 }} }}"
        found = fault(lambda: federate(query, listed, Limits(deadline=0.5)))
        assert found.code == "query.service-failed"
        assert "within the time allowed" in found.message.en
        assert time.monotonic() - began < 3


def test_two_slow_silent_endpoints_share_one_deadline(tmp_path: Path) -> None:
    with raw_server() as agency:
        listed = endpoints(tmp_path, [agency.url])
        began = time.monotonic()
        federate(
            f"SELECT * {{ {f'SERVICE SILENT <{agency.url}> {{ ?s ?p ?o }} ' * 3} }}", listed, Limits(0.5)
        )
        assert time.monotonic() - began < 1.4


def test_an_endpoint_where_nobody_listens_is_named(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}/sparql"
    found = fault(lambda: federate(f"ASK {{ SERVICE <{url}> {{ ?s ?p ?o }} }}", endpoints(tmp_path, [url])))
    assert found.code == "query.service-failed"
    assert "cannot be reached" in found.message.en


def test_an_endpoint_binds_no_variable_but_those_of_its_block(tmp_path: Path) -> None:
    reply = table({"s": URI, "district": URI}, names=("s", "district", "s"))
    with raw_server(answer(body=reply)) as agency:
        query = f"SELECT * {{ ?district ?p ?o SERVICE <{agency.url}> {{ ?s ?q ?r }} }}"
        rewritten = federate(query, endpoints(tmp_path, [agency.url]))
    assert rewritten == "SELECT * { ?district ?p ?o  VALUES (?s) { (<urn:x>) }  }"


def test_what_is_sent_is_the_prologue_and_the_block_and_no_credentials(tmp_path: Path) -> None:
    with raw_server(answer(body=table())) as agency:
        query = f"""PREFIX x: <urn:>
        SELECT ?secret {{ ?secret x:of "ours" SERVICE <{agency.url}/a/b?c=d> {{ ?s x:p ?o }} }}"""
        federate(query, endpoints(tmp_path, [f"{agency.url}/a/b?c=d"]))
        _, request = agency.requests  # the first asks whether it is a store of ours
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a/b?c=d HTTP/1.1")
    assert b"authorization" not in head.lower()
    assert b"cookie" not in head.lower()
    assert b"ours" not in body
    assert b"PREFIX+x" in body
