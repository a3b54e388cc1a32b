"""What readers may see, above either store: rights hold wherever the quads are."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path

import pytest
from agencies import fault, table
from kinds import AnyStore, Opener
from pyoxigraph import NamedNode, Quad
from rawserver import answer, raw_server
from sparql_server import SparqlServer

from kb.store.endpoints import endpoints
from kb.store.protocol import Change
from kb.store.remote import open_remote
from kb.store.views import EVERYTHING, Reader
from kb.store.workers import Dataset, Service

Make = Callable[..., Quad]
WHO = {"actor": "a", "action": "b"}


class Visitor:
    """Sees only the graph ``urn:open``."""

    view: Hashable = "visitor"

    def sees(self, graph: NamedNode) -> bool:
        return graph.value == "urn:open"


@pytest.fixture
def service(store: AnyStore, tmp_path: Path, quad: Make) -> Iterator[Service]:
    store.commit(Change([quad("a", g="open"), quad("b", g="secret")]), **WHO)
    with Service(store, tmp_path / "checkpoints", workers=1) as opened:
        yield opened


def subjects(service: Service, query: str, reader: Reader, dataset: Dataset = Dataset()) -> set[str]:  # noqa: B008
    answer = service.select(query, "application/sparql-results+json", reader=reader, dataset=dataset)
    return {row["s"]["value"] for row in json.loads(answer.body)["results"]["bindings"]}


ESCAPES = [
    "SELECT ?s { ?s ?p ?o }",
    "SELECT ?s { GRAPH ?g { ?s ?p ?o } }",
    "SELECT ?s { GRAPH <urn:secret> { ?s ?p ?o } }",
    "SELECT ?s FROM <urn:secret> { ?s ?p ?o }",
    "SELECT ?s FROM NAMED <urn:secret> { GRAPH ?g { ?s ?p ?o } }",
    "SELECT ?s { { SELECT ?s { GRAPH ?g { ?s ?p ?o FILTER EXISTS { GRAPH ?h { ?s ?p ?o } } } } } }",
    "SELECT ?s { ?s (<urn:p>|!<urn:p>) ?o }",
]


@pytest.mark.parametrize("query", ESCAPES)
def test_no_form_of_query_shows_a_hidden_graph(service: Service, query: str) -> None:
    assert subjects(service, query, Visitor()) <= {"urn:a"}
    named = Dataset(["urn:secret"], ["urn:secret"])
    assert (
        subjects(service, "SELECT ?s { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }", Visitor(), named)
        == set()
    )


def test_views_follow_what_is_committed(service: Service, store: AnyStore, quad: Make) -> None:
    query = ESCAPES[0]
    assert subjects(service, query, Visitor()) == {"urn:a"}
    assert subjects(service, query, EVERYTHING) == {"urn:a", "urn:b"}
    for n in range(3):
        added = [quad(f"c{n}", g="open"), quad(f"d{n}", g="secret")]
        store.commit(Change(added, [quad("a", g="open"), quad("b", g="secret")]), **WHO)
        service.views.expire()
        assert subjects(service, query, Visitor()) == {f"urn:c{k}" for k in range(n + 1)}
        assert subjects(service, query, EVERYTHING) == {f"urn:{x}{k}" for k in range(n + 1) for x in "cd"}


def test_a_store_that_is_opened_again_shows_the_same(opener: Opener, tmp_path: Path, quad: Make) -> None:
    for n in range(2):
        with (
            opener(tmp_path / "store") as store,
            Service(store, tmp_path / "checkpoints", workers=1) as service,
        ):
            store.commit(Change([quad(f"a{n}", g="open"), quad(f"b{n}", g="secret")]), **WHO)
            assert subjects(service, ESCAPES[0], Visitor()) == {f"urn:a{k}" for k in range(n + 1)}
            assert len(subjects(service, ESCAPES[0], EVERYTHING)) == 2 * (n + 1)


def test_what_others_wrote_into_the_server_is_shown_to_nobody(
    tmp_path: Path, quad: Make, sparql_server: SparqlServer
) -> None:
    with (
        open_remote(tmp_path / "store", sparql_server.url) as store,
        Service(store, tmp_path / "checkpoints", workers=1) as service,
    ):
        store.commit(Change([quad("a", g="open")]), **WHO)
        assert store.sequence == 1
        sparql_server.update("INSERT DATA { GRAPH <urn:open> { <urn:stranger> <urn:p> <urn:o> } }")
        assert subjects(service, ESCAPES[0], EVERYTHING) == {"urn:a"}


def test_what_is_hidden_does_not_leave_the_house_with_a_federated_query(
    store: AnyStore, tmp_path: Path, quad: Make
) -> None:
    store.commit(Change([quad("a", g="open"), quad("b", g="secret")]), **WHO)
    rows = [{"s": {"type": "uri", "value": f"urn:{name}"}} for name in "ab"]
    with raw_server(answer(body=table(*rows))) as agency:
        listed = endpoints(tmp_path, [agency.url])
        with Service(store, tmp_path / "checkpoints", workers=1, endpoints=listed) as service:
            query = f"SELECT ?s {{ ?s <urn:p> ?o SERVICE <{agency.url}> {{ ?s <urn:q> ?x }} }}"
            assert subjects(service, query, Visitor()) == {"urn:a"}
            assert subjects(service, query, EVERYTHING) == {"urn:a", "urn:b"}
        sent = b"".join(agency.requests)
    assert b"urn%3Aq" in sent
    assert b"urn%3Aa" not in sent, "no row of ours is sent, be it hidden or not"
    assert b"urn%3Ab" not in sent


def test_a_reader_who_may_not_ask_others_is_refused_before_anything_is_sent(
    store: AnyStore, tmp_path: Path
) -> None:
    def refuse() -> None:
        raise PermissionError

    with raw_server(answer(body=table())) as agency:
        listed = endpoints(tmp_path, [agency.url])
        with Service(store, tmp_path / "checkpoints", workers=1, endpoints=listed) as service:
            assert service.select("ASK { ?s ?p ?o }", before_asking=refuse).body
            with pytest.raises(PermissionError):
                service.select(f"ASK {{ SERVICE <{agency.url}> {{ ?s ?p ?o }} }}", before_asking=refuse)
            unlisted = "ASK { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }"
            assert fault(lambda: service.select(unlisted, before_asking=refuse)).code == "query.service"
        assert agency.connections == 0
