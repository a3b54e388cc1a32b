"""Updates that take in other agencies' data: LOAD, and SERVICE in a WHERE."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from pathlib import Path

import pytest
from agencies import OURS, URI, fault, table, write_list
from pyoxigraph import Literal, NamedNode, Quad
from rawserver import RawServer, answer, raw_server
from sparql_server import SparqlServer

from kb.store.embedded import EmbeddedStore, open_store
from kb.store.endpoints import endpoints
from kb.store.protocol import Change
from kb.store.workers import Service
from kb.store.writing import DEFAULT, Writes

TURTLE = '<urn:gauge1> <urn:level> 3 ; <urn:at> [ <urn:name> "桥"@zh ] .'.encode()
MINE = NamedNode("urn:mine")


class Anna:
    """Sees everything and writes two graphs."""

    name = "anna"
    view: Hashable = None

    def sees(self, graph: NamedNode) -> bool:
        return True

    def writes(self, graph: NamedNode) -> bool:
        return graph in (MINE, DEFAULT)


class House:
    """A store of ours, and the documents and endpoints that it may reach."""

    def __init__(self, folder: Path, store: EmbeddedStore) -> None:
        self.folder, self.store = folder, store

    def update(self, text: str, listed: str, before: object = None) -> set[Quad]:
        """Run the update; return what the graphs of Anna hold then."""
        write_list(self.folder, listed)
        with (
            Service(
                self.store, self.folder / "checkpoints", workers=1, endpoints=endpoints(self.folder)
            ) as service,
            Writes(self.store, service, self.folder / "writing") as writes,
        ):
            writes.update(text, Anna(), before_asking=before)  # type: ignore[arg-type]
        return {*self.store.match(None, None, None, MINE), *self.store.match(None, None, None, DEFAULT)}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_store(tmp_path / "store") as store:
        store.commit(Change(OURS), actor="a", action="b")
        yield House(tmp_path, store)


def document(server: RawServer) -> str:
    return f"<{server.url}/gauges.ttl> a xz:LinkedDocument ."


def test_load_takes_a_listed_document_into_a_graph(house: House) -> None:
    with raw_server(answer(body=TURTLE, media="text/turtle")) as agency:
        text = f"PREFIX x: <urn:> LOAD <{agency.url}/gauges.ttl> INTO GRAPH x:mine"
        found = house.update(text, document(agency))
        assert agency.requests[0].startswith(b"GET /gauges.ttl HTTP/1.1")
    assert len(found) == 3
    assert {quad.graph_name for quad in found} == {MINE}
    assert Quad(NamedNode("urn:gauge1"), NamedNode("urn:level"), Literal(3), MINE) in found
    *_, entry = house.store.entries()
    assert (entry.actor, entry.reason) == ("anna", text), (
        "the journal holds what was asked, not the data twice"
    )


def test_load_without_a_graph_goes_to_the_default_graph_and_other_operations_follow(house: House) -> None:
    with raw_server(answer(body=b"<a> <urn:p> <b> .", media="text/turtle")) as agency:
        text = (
            f"LOAD <{agency.url}/gauges.ttl> ; "
            "INSERT { GRAPH <urn:mine> { ?s <urn:q> ?o } } WHERE { ?s <urn:p> ?o }"
        )
        found = house.update(text, document(agency))
        a, b = NamedNode(f"{agency.url}/a"), NamedNode(f"{agency.url}/b")
    assert found == {Quad(a, NamedNode("urn:p"), b, DEFAULT), Quad(a, NamedNode("urn:q"), b, MINE)}


def test_two_documents_share_no_blank_node(house: House) -> None:
    with raw_server(answer(body=b"_:x <urn:p> 1 .", media="text/turtle")) as agency:
        load = f"LOAD <{agency.url}/gauges.ttl> INTO GRAPH <urn:mine>"
        found = house.update(f"{load} ; {load}", document(agency))
    assert len({quad.subject for quad in found}) == 2


def test_service_in_an_update_brings_values(house: House, sparql_server: SparqlServer) -> None:
    sparql_server.update("INSERT DATA { <urn:pump1> <urn:in> <urn:d1> }")
    url = f"{sparql_server.url}/query"
    text = f"""
        PREFIX x: <urn:>
        INSERT {{ GRAPH x:mine {{ ?pump x:in ?name }} }}
        WHERE {{ GRAPH x:g {{ ?d x:name ?name }} SERVICE <{url}> {{ ?pump x:in ?d }} }}"""
    found = house.update(text, f"<{url}> a xz:Endpoint .")
    assert [str(quad.object) for quad in found] == ['"district 1"']


REFUSED = {
    "a document that is not listed": "LOAD <{other}/gauges.ttl> INTO GRAPH <urn:mine>",
    "the same, silently": "LOAD SILENT <{other}/gauges.ttl> INTO GRAPH <urn:mine>",
    "an endpoint, which is no document": "LOAD <{agency}/sparql>",
    "a document, which is no endpoint": "INSERT {{ }} WHERE {{ SERVICE <{agency}/gauges.ttl> {{ }} }}",
    "the second of two": "LOAD <{agency}/gauges.ttl> ; LOAD <{other}/x>",
    "a file": "LOAD <file:///etc/passwd>",
    "a relative name": "BASE <{agency}/> LOAD <gauges.ttl>",
    "a prefixed name": "PREFIX a: <{agency}/> LOAD a:gauges.ttl",
    "an escape": "LOAD <{agency}/gauges.ttl> INTO GRAPH <urn:\\u006dine>",
    "a keyword that is glued": "INSERT DATA {{ <urn:a> <urn:p> 1 }} ;LOAD.x <{agency}/gauges.ttl>",
    "nothing": "LOAD",
    "no graph": "LOAD <{agency}/gauges.ttl> INTO",
    "no word GRAPH": "LOAD <{agency}/gauges.ttl> INTO <urn:mine>",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_on_the_list_is_refused_and_nobody_is_asked(what: str, house: House) -> None:
    with (
        raw_server(answer(body=TURTLE, media="text/turtle")) as agency,
        raw_server(answer(body=TURTLE, media="text/turtle")) as other,
    ):
        text = REFUSED[what].format(agency=agency.url, other=other.url)
        listed = f"{document(agency)} <{agency.url}/sparql> a xz:Endpoint ."
        found = fault(lambda: house.update(text, listed))
        assert found.code in ("query.load", "query.service", "query.syntax")
        assert agency.connections == other.connections == 0
    assert not list(house.store.match(None, None, None, MINE))


UNFIT = {
    "another format": (answer(body=b"a,b", media="text/csv"), "query.service-failed"),
    "Turtle that is none": (answer(body=b"<a> <b>", media="text/turtle"), "file.syntax"),
    "an entity": (
        answer(
            body=b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r/>', media="application/rdf+xml"
        ),
        "file.doctype",
    ),
    "a context that lies elsewhere": (
        answer(body=b'{"@context": "http://127.0.0.1:1/c"}', media="application/ld+json"),
        "file.context",
    ),
    "an error": (answer("404 Not Found"), "query.service-failed"),
    "a redirect": (answer("302 Found", extra="Location: file:///etc/passwd\r\n"), "query.service-failed"),
    "more triples than allowed": (
        answer(body=b"<a> <b> 1, 2, 3, 4, 5 .", media="text/turtle"),
        "query.service-failed",
    ),
    "more bytes than allowed": (answer(body=b" " * 2000, media="text/turtle"), "query.service-failed"),
}


@pytest.mark.parametrize("what", UNFIT)
def test_a_document_that_is_not_fit_changes_nothing_and_silent_loads_nothing(what: str, house: House) -> None:
    reply, code = UNFIT[what]
    with raw_server(reply) as agency:
        listed = document(agency)[:-1] + "; xz:mostRows 4 ; xz:mostBytes 1000 ."
        more = "INSERT DATA {{ GRAPH <urn:mine> {{ <urn:a> <urn:p> 1 }} }}"
        text = "LOAD {} <{}/gauges.ttl> INTO GRAPH <urn:mine> ; " + more
        assert fault(lambda: house.update(text.format("", agency.url), listed)).code == code
        assert not list(house.store.match(None, None, None, MINE))
        assert len(house.update(text.format("SILENT", agency.url), listed)) == 1


def test_a_document_writes_only_where_the_writer_may(house: House) -> None:
    with raw_server(answer(body=TURTLE, media="text/turtle")) as agency:
        text = f"LOAD <{agency.url}/gauges.ttl> INTO GRAPH <urn:g>"
        assert fault(lambda: house.update(text, document(agency))).code == "write.graph"
    assert set(house.store.match(None, None, None)) == set(OURS)


def test_who_may_not_ask_others_asks_nobody(house: House) -> None:
    def refuse() -> None:
        raise PermissionError

    with raw_server(answer(body=table({"s": URI}))) as agency:
        with pytest.raises(PermissionError):
            house.update(f"LOAD <{agency.url}/gauges.ttl>", document(agency), refuse)
        assert agency.connections == 0
