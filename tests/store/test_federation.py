"""Queries that join other agencies' data, and every way in which they might reach somebody else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode, Quad, QuerySolutions
from pyoxigraph import Store as Oxigraph
from rawserver import RawServer, answer, raw_server
from sparql_server import SparqlServers, free_port

from kb.errors import InputError, QueryRefused, XiezhiError
from kb.store.embedded import open_store
from kb.store.endpoints import Endpoint, endpoints
from kb.store.federation import Limits, federate
from kb.store.protocol import Change
from kb.store.workers import Service

WATER = """
INSERT DATA {
  <urn:pump1> <urn:in> <urn:d1> ; <urn:level> 3 ; <urn:note> "says: } SERVICE <urn:x> { # no" .
  <urn:pump2> <urn:in> <urn:d2> ; <urn:level> 5 ; <urn:note> "泵站"@zh .
  <urn:pump3> <urn:in> <urn:d2> ; <urn:level> 5.5 ; <urn:owner> [ <urn:name> "nobody" ] .
}
"""
POWER = (
    "INSERT DATA { <urn:line1> <urn:feeds> <urn:pump1> . <urn:line2> <urn:feeds> <urn:pump2>, <urn:pump3> }"
)
OURS = [
    Quad(NamedNode(f"urn:d{n}"), NamedNode("urn:name"), Literal(f"district {n}"), NamedNode("urn:g"))
    for n in range(1, 4)
]
Agencies = Mapping[str, Endpoint]


@pytest.fixture(scope="module")
def agencies(sparql_servers: SparqlServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agencies]:
    """Two real servers, of the water authority and the grid company, as the administrator's list has them."""
    water, power = sparql_servers.take(), sparql_servers.take()
    water.update(WATER)
    power.update(POWER)
    home = tmp_path_factory.mktemp("home")
    (home / "federation.ttl").write_text(
        f"""
        @prefix xz: <https://w3id.org/xiezhi/ns#> .
        @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        <{water.url}/query> a xz:FederatedEndpoint ; rdfs:label "水务局"@zh, "Water authority"@en .
        <{power.url}/query> a xz:FederatedEndpoint ; rdfs:label "电网公司"@zh, "Grid company"@en .
        """
    )
    yield endpoints(home)
    for server in (water, power):
        sparql_servers.give_back(server)


@pytest.fixture
def water(agencies: Agencies) -> str:
    return next(iter(agencies))


@pytest.fixture
def power(agencies: Agencies) -> str:
    return list(agencies)[1]


@pytest.fixture(scope="module")
def service(agencies: Agencies, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The sandboxed service on a store of ours."""
    folder = tmp_path_factory.mktemp("federation")
    with open_store(folder / "store") as store:
        store.commit(Change(OURS), actor="a", action="b")
        with Service(store, folder / "checkpoints", workers=1, endpoints=agencies) as opened:
            yield opened


def rows(service: Service, query: str) -> list[dict[str, str]]:
    answer = service.select(query, "application/sparql-results+json")
    found = json.loads(answer.body)["results"]["bindings"]
    return [{name: term["value"] for name, term in row.items()} for row in found]


def column(store: Oxigraph, query: str, name: str) -> list[str]:
    # In a function of its own: the engine's results must die in the thread that made them, not in a cycle.
    return [str(row[name].value) for row in store.query(query)]  # type: ignore[union-attr, index]


def fault(act: Callable[[], object]) -> Any:
    with pytest.raises(XiezhiError) as error:
        act()
    return error.value.faults[0]


# --- what it is for --------------------------------------------------------------------------


def test_a_query_joins_our_data_with_two_agencies(service: Service, water: str, power: str) -> None:
    found = rows(
        service,
        f"""
        PREFIX x: <urn:>
        SELECT ?name ?pump ?line {{
          ?district x:name ?name
          SERVICE <{water}> {{ ?pump x:in ?district ; x:level ?level FILTER(?level > 4) }}
          SERVICE <{power}> {{ ?line x:feeds ?pump }}
        }} ORDER BY ?pump
        """,
    )
    assert found == [
        {"name": "district 2", "pump": "urn:pump2", "line": "urn:line2"},
        {"name": "district 2", "pump": "urn:pump3", "line": "urn:line2"},
    ]


FORMS = [
    "SELECT * {{ SERVICE <{w}> {{ ?s <urn:level> ?l }} }}",
    "SELECT ?s {{ ?d <urn:name> ?n OPTIONAL {{ SERVICE <{w}> {{ ?s <urn:in> ?d }} }} }}",
    "SELECT ?d {{ ?d <urn:name> ?n FILTER EXISTS {{ SERVICE <{w}> {{ ?s <urn:in> ?d }} }} }}",
    "SELECT ?d {{ ?d <urn:name> ?n FILTER NOT EXISTS {{ SERVICE <{w}> {{ ?s <urn:in> ?d }} }} }}",
    "SELECT ?d {{ ?d <urn:name> ?n MINUS {{ SERVICE <{w}> {{ ?s <urn:in> ?d }} }} }}",
    "SELECT * {{ {{ SELECT ?d (COUNT(*) AS ?c) {{ SERVICE <{w}> {{ ?s <urn:in> ?d }} }} GROUP BY ?d }} }}",
    "SELECT * {{ {{ SERVICE <{w}> {{ ?s <urn:in> ?d }} }} UNION {{ SERVICE <{p}> {{ ?s ?p ?d }} }} }}",
    "SELECT * {{ SERVICE SILENT <{w}> {{ ?s <urn:note> ?t }} ?d <urn:name> ?n }}",
    "SELECT * {{ service <{w}>{{?s <urn:in> ?d}}?d <urn:name> ?n }}",
    "SELECT * {{ SERVICE <{w}> {{ <urn:pump1> <urn:in> <urn:d1> }} ?d <urn:name> ?n }}",
    "SELECT * {{ SERVICE <{w}> {{ <urn:pump1> <urn:in> <urn:d9> }} ?d <urn:name> ?n }}",
    "SELECT * {{ SERVICE <{w}> {{ ?s <urn:in> ?d OPTIONAL {{ ?s <urn:note> ?t }} }} }}",
    "SELECT * {{ SERVICE <{w}> {{ SELECT ?s {{ ?s <urn:in> ?d }} ORDER BY ?s LIMIT 2 }} }}",
    "SELECT * {{ SERVICE <{w}> {{ ?s <urn:note> ?t FILTER(CONTAINS(?t, '}} SERVICE <urn:x> {{')) }} }}",
    'SELECT * {{ SERVICE <{w}> {{ ?s <urn:note> ?t # }} SERVICE ?x {{\n }} ?d <urn:name> "SERVICE ?x {{" }}',
    "BASE <urn:> PREFIX a: <urn:> SELECT * {{ SERVICE <{w}> {{ ?s a:in ?d ; <level> 5 }} }}",
    "# SERVICE <http://127.0.0.1:1/>\nSELECT * {{ SERVICE <{w}> {{ ?s ?p 5 }} BIND('SERVICE' AS ?x) }}",
    "SELECT * {{ SERVICE <{w}> {{ $s <urn:in> $d }} VALUES ?d {{ <urn:d2> }} }}",
    "SELECT ?service {{ SERVICE <{w}> {{ ?service <urn:in> ?d }} }} ORDER BY ?service",
    "SELECT * {{ SERVICE <{w}> {{ ?s <urn:in> ?o . {{ ?s <urn:level> ?l }} UNION {{ ?s ?l 5 }} }} }}",
]


@pytest.mark.parametrize("form", FORMS)
def test_the_answer_is_the_one_that_an_engine_with_network_gives(
    form: str, agencies: Agencies, water: str, power: str
) -> None:
    query = form.format(w=water, p=power)
    store = Oxigraph()
    store.extend(OURS)

    def solve(text: str) -> list[str]:
        solutions = store.query(text, use_default_graph_as_union=True)
        assert isinstance(solutions, QuerySolutions)
        names = [variable.value for variable in solutions.variables]
        return sorted(str(sorted((name, str(row[name])) for name in names)) for row in solutions)

    rewritten = federate(query, agencies)
    assert water not in rewritten.replace(f"'{water}'", "")
    assert solve(rewritten) == solve(query)


def test_a_service_is_asked_about_its_default_graph_wherever_it_stands(service: Service, water: str) -> None:
    query = (
        f"SELECT ?s {{ GRAPH ?g {{ ?d <urn:name> 'district 1' SERVICE <{water}> {{ ?s <urn:in> ?d }} }} }}"
    )
    assert rows(service, query) == [{"s": "urn:pump1"}]


def test_terms_come_through_as_they_are_and_blank_nodes_as_iris(service: Service, water: str) -> None:
    found = rows(service, f"SELECT ?o {{ SERVICE <{water}> {{ ?s <urn:note>|<urn:level> ?o }} }} ORDER BY ?o")
    assert {row["o"] for row in found} == {"3", "5", "5.5", "says: } SERVICE <urn:x> { # no", "泵站"}
    query = f"SELECT ?o {{ SERVICE <{water}> {{ ?s <urn:owner> ?o . ?o <urn:name> ?n }} FILTER(isIRI(?o)) }}"
    assert len(rows(service, query)) == 1


def test_a_query_without_service_is_left_as_it_is(agencies: Agencies) -> None:
    query = "SELECT ?service { ?service <urn:SERVICE> 'SERVICE <x> {' } # SERVICE"
    assert federate(query, agencies) is query


# --- what it refuses, with no socket opened --------------------------------------------------

BLOCK = "{{ ?s ?p ?o }}"
REFUSED = [
    "SERVICE <{other}> " + BLOCK,
    "SERVICE SILENT <{other}> " + BLOCK,
    "SERVICE ?x " + BLOCK,
    "BIND(<{other}> AS ?x) SERVICE ?x " + BLOCK,
    "VALUES ?x {{ <{other}> }} SERVICE SILENT ?x " + BLOCK,
    "OPTIONAL {{ SERVICE <{other}> " + BLOCK + " }}",
    "FILTER EXISTS {{ SERVICE <{other}> " + BLOCK + " }}",
    "FILTER NOT EXISTS {{ SERVICE SILENT <{other}> " + BLOCK + " }}",
    "{{ SELECT * {{ SERVICE <{other}> " + BLOCK + " }} }}",
    "MINUS {{ SERVICE <{other}> " + BLOCK + " }}",
    "GRAPH ?g {{ SERVICE <{other}> " + BLOCK + " }}",
    "SERVICE <{water}> {{ SERVICE <{other}> " + BLOCK + " }}",
    "SERVICE <{water}> {{ ?s ?p ?o OPTIONAL {{ SERVICE <{water}> " + BLOCK + " }} }}",
    "SERVICE <{water}> " + BLOCK + " SERVICE <{other}> " + BLOCK,
    "SERVICE <{water}/> " + BLOCK,
    "SERVICE <{water}?x=1> " + BLOCK,
    "SERVICE <{water}#x> " + BLOCK,
    "SERVICE <{water}/../../evil> " + BLOCK,
    "SERVICE <http://127.0.0.1@{otherhost}/query> " + BLOCK,
    "SERVICE <http://{waterhost}@{otherhost}/query> " + BLOCK,
    "SERVICE <http://{waterhost}:80@{otherhost}/query> " + BLOCK,
    "SERVICE <http://user@{waterhost}/query> " + BLOCK,
    "SERVICE <http://{waterhost}\\u0040{otherhost}/query> " + BLOCK,
    "SERVICE <http://[::1]:{otherport}/query> " + BLOCK,
    "SERVICE <http://[::ffff:127.0.0.1]:{otherport}/query> " + BLOCK,
    "SERVICE <http://2130706433:{otherport}/query> " + BLOCK,
    "SERVICE <http://0x7f.1:{otherport}/query> " + BLOCK,
    "SERVICE <http://localhost:{otherport}/query> " + BLOCK,
    "SERVICE <http://xn--lcalhost-0vf:{otherport}/query> " + BLOCK,
    "SERVICE <http://lοcalhost:{otherport}/query> " + BLOCK,
    "SERVICE <HTTP://{waterhost}/query> " + BLOCK,
    "SERVICE <https://{waterhost}/query> " + BLOCK,
    "SERVICE <file:///etc/passwd> " + BLOCK,
    "SERVICE <query> " + BLOCK,
    "SERVICE <> " + BLOCK,
    "SERVICE a:query " + BLOCK,
    "SERVICE 'x' " + BLOCK,
    "SERVICE _:b " + BLOCK,
    "SERVICE <{water}> {{ ?s ?p '\\u0022' }}",
    "SERVICE <{water}> {{ ?s ?p ?o }} FILTER(?o = '\\U00000022 }} SERVICE <{other}> {{')",
    "?s ?p 1.SERVICE <{other}> " + BLOCK,
    "?s ?p true.SERVICE <{water}> " + BLOCK,
    "SERVICE-X <{other}> " + BLOCK,
    "SERVICE",
    "SERVICE SILENT",
    "SERVICE <{water}>",
    "SERVICE <{water}> ?s ?p ?o",
    "SERVICE <{water}> {{ {{ ?s ?p ?o ",
    "SERVICE <{water}> {{ ( ?s ?p ?o }} )",
    "SERVICE <{water}> {{ [ ?s ?p ?o }} ]",
    "SERVICE SILENT SILENT <{water}> " + BLOCK,
    " ".join(["SERVICE <{water}> " + BLOCK] * 5),
]


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("form", ["SELECT * {{ {} }}", "ASK {{ {} }}", "CONSTRUCT {{}} WHERE {{ {} }}"])
def test_what_is_not_on_the_list_is_refused_and_nobody_is_asked(what: str, form: str, tmp_path: Path) -> None:
    with raw_server(answer()) as water, raw_server(answer()) as other:
        listed = endpoints(tmp_path, [f"{water.url}/query"])
        filled = what.format(
            water=f"{water.url}/query",
            waterhost=f"127.0.0.1:{water.port}",
            other=f"{other.url}/query",
            otherhost=f"127.0.0.1:{other.port}",
            otherport=other.port,
        )
        query = f"BASE <{other.url}/> PREFIX a: <{other.url}/>\n" + form.format(filled)
        found = fault(lambda: federate(query, listed))
        assert found.code in ("query.service", "query.syntax")
        assert found.repair is not None
        time.sleep(0.01)
        assert water.connections == other.connections == 0


def test_the_service_refuses_before_anything_else_and_names_the_list(service: Service, power: str) -> None:
    with raw_server(answer()) as other:
        query = f"SELECT * {{ ?s ?p ?o SERVICE SILENT <{other.url}/query> {{ ?s ?p ?o }} }}"
        found = fault(lambda: service.select(query))
        assert found.code == "query.service"
        assert "Grid company" in found.repair.en
        assert power in found.repair.en
        assert "电网公司" in found.repair.zh
        assert other.connections == 0


def test_without_a_list_service_is_refused_as_before(tmp_path: Path, water: str) -> None:
    with (
        open_store(tmp_path / "store") as store,
        Service(store, tmp_path / "checkpoints", workers=1) as alone,
    ):
        found = fault(lambda: alone.select(f"SELECT * {{ SERVICE <{water}> {{ ?s ?p ?o }} }}"))
    assert found.code == "query.service"


@pytest.mark.parametrize(
    "text",
    [
        "LOAD <{water}>",
        "SELECT * {{ SERVICE <{water}> {{ ?s ?p ?o }} }} ; DROP ALL",
        "INSERT {{ ?s ?p ?o }} WHERE {{ SERVICE <{water}> {{ ?s ?p ?o }} }}",
    ],
)
def test_load_and_updates_stay_refused(service: Service, water: str, text: str) -> None:
    with pytest.raises(QueryRefused):
        service.select(text.format(water=water))


def test_a_query_that_the_gate_or_the_formats_refuse_asks_nobody(tmp_path: Path) -> None:
    with raw_server(answer()) as agency, open_store(tmp_path / "store") as store:
        listed = endpoints(tmp_path, [agency.url])
        with Service(store, tmp_path / "checkpoints", workers=1, endpoints=listed) as opened:
            query = f"SELECT * {{ SERVICE <{agency.url}> {{ ?s ?p ?o }} }}"
            assert fault(lambda: opened.select(query + " #" + "x" * 70_000)).code == "query.too-large"
            assert fault(lambda: opened.select(query, "image/png")).code == "query.not-acceptable"
        assert agency.connections == 0


# --- endpoints that fail or lie --------------------------------------------------------------


def table(*bindings: object, names: tuple[str, ...] = ("s",)) -> bytes:
    return json.dumps({"head": {"vars": names}, "results": {"bindings": bindings}}).encode()


URI = {"type": "uri", "value": "urn:x"}
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
                assert agency.connections == 1
            assert elsewhere.connections == 0


def test_proxies_of_the_environment_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server(answer(body=table())) as proxy, raw_server(answer(body=table())) as agency:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        query = f"SELECT * {{ SERVICE <{agency.url}> {{ ?s ?p ?o }} }}"
        federate(query, endpoints(tmp_path, [agency.url]))
        assert (agency.connections, proxy.connections) == (1, 0)


@pytest.mark.parametrize("drip", [None, answer(body=b" " * 4000)])
def test_an_endpoint_that_is_slow_is_left_at_the_deadline(drip: bytes | None, tmp_path: Path) -> None:
    with raw_server(drip, every=0.05) as agency:
        listed = endpoints(tmp_path, [agency.url])
        began = time.monotonic()
        query = f"SELECT * {{ SERVICE <{agency.url}> {{ ?s ?p ?o }} SERVICE <{agency.url}> {{ ?s ?p 1 }} }}"
        found = fault(lambda: federate(query, listed, Limits(deadline=0.5)))
        assert found.code == "query.service-failed"
        assert "within the time allowed" in found.message.en
        assert time.monotonic() - began < 1.5


def test_two_slow_silent_endpoints_share_one_deadline(tmp_path: Path) -> None:
    with raw_server() as agency:
        listed = endpoints(tmp_path, [agency.url])
        began = time.monotonic()
        federate(
            f"SELECT * {{ {f'SERVICE SILENT <{agency.url}> {{ ?s ?p ?o }} ' * 3} }}", listed, Limits(0.5)
        )
        assert time.monotonic() - began < 1.2


def test_an_endpoint_where_nobody_listens_is_named(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}/sparql"
    found = fault(lambda: federate(f"ASK {{ SERVICE <{url}> {{ ?s ?p ?o }} }}", endpoints(tmp_path, [url])))
    assert found.code == "query.service-failed"
    assert "cannot be reached" in found.message.en


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(tmp_path: Path) -> None:
    # No TLS at all at the other end: the handshake fails before a byte of the query is sent.
    with raw_server(answer(body=table())) as agency:
        url = f"https://127.0.0.1:{agency.port}/sparql"
        listed = endpoints(tmp_path, [url])
        found = fault(lambda: federate(f"ASK {{ SERVICE <{url}> {{ ?s ?p 'secret' }} }}", listed))
        assert found.code == "query.service-failed"
        assert not any(b"secret" in request for request in agency.requests)


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
        (request,) = agency.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a/b?c=d HTTP/1.1")
    assert b"authorization" not in head.lower()
    assert b"cookie" not in head.lower()
    assert b"ours" not in body
    assert b"PREFIX+x" in body


# --- the list --------------------------------------------------------------------------------


def test_the_list_may_be_missing_and_the_command_line_adds_to_it(tmp_path: Path) -> None:
    assert endpoints(tmp_path) == {}
    (each,) = endpoints(tmp_path, ["https://water.example/sparql"]).values()
    assert (each.iri, each.label.zh, each.label.en) == (
        "https://water.example/sparql",
        "water.example",
        "water.example",
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<https://a.example/> a", "federation.syntax"),
        ("[] a <https://w3id.org/xiezhi/ns#FederatedEndpoint> .", "federation.endpoint"),
        (
            "<https://u:p@a.example/> a <https://w3id.org/xiezhi/ns#FederatedEndpoint> .",
            "federation.endpoint",
        ),
        ("<https://a.example/#x> a <https://w3id.org/xiezhi/ns#FederatedEndpoint> .", "federation.endpoint"),
        ("<urn:a> a <https://w3id.org/xiezhi/ns#FederatedEndpoint> .", "address.invalid"),
        ("<file:///etc/passwd> a <https://w3id.org/xiezhi/ns#FederatedEndpoint> .", "address.invalid"),
    ],
)
def test_a_list_that_is_wrong_stops_the_server_with_the_reason(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "federation.ttl").write_text(text)
    with pytest.raises(InputError) as error:
        endpoints(tmp_path)
    assert error.value.faults[0].code == code


def test_an_ipv6_address_on_the_list_is_reached(tmp_path: Path) -> None:
    try:
        agency = RawServer(answer(body=table({"s": URI})), host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    url = f"http://[::1]:{agency.port}/sparql"
    rewritten = federate(f"SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}", endpoints(tmp_path, [url]))
    assert "VALUES (?s) { (<urn:x>) }" in rewritten
    agency.close()
