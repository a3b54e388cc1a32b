"""Queries and updates that join other agencies' data."""

from __future__ import annotations

from pathlib import Path

import pytest
from agencies import OURS, Agencies, fault, federate, rows
from pyoxigraph import QueryResultsFormat, QuerySolutions, RdfFormat, parse, parse_query_results
from pyoxigraph import Store as Oxigraph
from sparql_server import SparqlServers

from kb.store import outgoing
from kb.store.endpoints import endpoints
from kb.store.workers import Service

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


# --- the examples of the W3C ----------------------------------------------------------------

W3C = Path(__file__).parents[2].parent / "shared" / "data" / "tests" / "sparql" / "sparql11"
EVALUATED = {
    "service01": ("data01.ttl", {"http://example.org/sparql": "data01endpoint.ttl"}),
    "service02": (
        None,
        {
            "http://example1.org/sparql": "data02endpoint1.ttl",
            "http://example2.org/sparql": "data02endpoint2.ttl",
        },
    ),
    "service04a": ("data04.ttl", {"http://example.org/sparql": "data04endpoint.ttl"}),
}
"""Of the suite "service", tests of what SERVICE means; the others need what is refused here."""
FOREIGN = {"service03": "nested", "service05": "a variable", "service06": "nested", "service07": "not listed"}


@pytest.mark.parametrize("name", EVALUATED)
def test_the_w3c_examples_of_service_give_their_results(
    name: str, sparql_servers: SparqlServers, tmp_path: Path
) -> None:
    suite = _suite("service")
    data, served = EVALUATED[name]
    query = (suite / f"{name}.rq").read_text()
    servers = []
    for iri, file in served.items():
        server = sparql_servers.take()
        servers.append(server)
        server.update(f"INSERT DATA {{ {_ntriples(suite / file)} }}")
        query = query.replace(f"<{iri}>", f"<{server.url}/query>")
    ours = Oxigraph()
    if data is not None:
        ours.load(path=suite / data)
    listed = endpoints(tmp_path, [f"{server.url}/query" for server in servers])
    expected = parse_query_results(
        path=suite / f"{name.removesuffix('a')}.srx", format=QueryResultsFormat.XML
    )
    assert _solutions(ours.query(federate(query, listed))) == _solutions(expected)
    for server in servers:
        sparql_servers.give_back(server)


@pytest.mark.parametrize("name", FOREIGN)
def test_the_w3c_examples_that_reach_whoever_they_like_are_refused(name: str, tmp_path: Path) -> None:
    query = (_suite("service") / f"{name}.rq").read_text()
    listed = endpoints(tmp_path, ["http://example1.org/sparql", "http://example.org/sparql"])
    assert fault(lambda: federate(query, listed)).code == "query.service"


def test_the_w3c_examples_of_the_syntax_are_read(tmp_path: Path) -> None:
    for path in sorted(_suite("syntax-fed").glob("*.rq")):
        query = path.read_text().replace("<g>", "<http://example.org/g>")
        (found,) = outgoing.find(query, endpoints(tmp_path, ["http://example.org/g"]))
        assert query[found.start : found.end].startswith("SERVICE")
        assert query[found.start : found.end].endswith("}")


def _suite(name: str) -> Path:
    if not (W3C / name).is_dir():
        pytest.skip(f"{W3C / name} is not here")
    return W3C / name


def _ntriples(path: Path) -> str:
    return "".join(
        f"{quad.triple} ." for quad in parse(path=path, format=RdfFormat.TURTLE, rename_blank_nodes=True)
    )


def _solutions(results: object) -> list[str]:
    assert isinstance(results, QuerySolutions)
    names = [variable.value for variable in results.variables]
    return sorted(str([(name, str(row[name])) for name in sorted(names)]) for row in results)
