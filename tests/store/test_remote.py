"""What only a store with a server elsewhere can meet: outages, strangers in it, servers that are none."""

from __future__ import annotations

import logging
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, Triple, parse
from rawserver import answer, deaf_server, raw_server
from sparql_server import SparqlServer, free_port

from kb.errors import InputError, StoreError
from kb.store import backup, server, skolem
from kb.store.address import Address
from kb.store.embedded import EmbeddedStore, open_store
from kb.store.opening import open_configured
from kb.store.protocol import Change, Store
from kb.store.remote import RemoteStore, open_remote
from kb.store.server import Server

Make = Callable[..., Quad]
WHO = {"actor": "a", "action": "b"}

_nodes = st.sampled_from([NamedNode("urn:1"), NamedNode("urn:2"), BlankNode("b1"), BlankNode("b2")])
_literals = st.text(max_size=3).map(Literal) | st.sampled_from([Literal("火", language="zh"), Literal(7)])
_triples = st.builds(Triple, _nodes, st.just(NamedNode("urn:p")), _nodes | _literals)
_quads = st.builds(
    Quad,
    _nodes,
    st.sampled_from([NamedNode("urn:p"), NamedNode("urn:q")]),
    _nodes | _literals | _triples,
    st.sampled_from([NamedNode("urn:g"), NamedNode("urn:h")]),
)
_some_quads = st.lists(_quads, max_size=6)
_changes = st.lists(st.builds(Change, _some_quads, _some_quads), min_size=1, max_size=6)


def everything(store: Store) -> set[Quad]:
    return set(store.match(None, None, None))


def model(changes: list[Change]) -> set[Quad]:
    quads: set[Quad] = set()
    for change in changes:
        quads = (quads - set(change.removals)) | set(change.additions)
    return quads


def code(act: Callable[[], object]) -> str:
    with pytest.raises(StoreError) as error:
        act()
    assert error.value.faults[0].repair is not None
    return error.value.faults[0].code


# --- outages ---------------------------------------------------------------------------------


def test_a_server_that_is_down_at_the_start_is_named_and_the_folder_is_free_again(
    tmp_path: Path, quad: Make, sparql_server: SparqlServer
) -> None:
    sparql_server.stop()
    with pytest.raises(StoreError, match=sparql_server.url) as error:
        open_remote(tmp_path, sparql_server.url)
    assert error.value.faults[0].code == "store.unreachable"
    sparql_server.start()
    with open_remote(tmp_path, sparql_server.url) as store:
        store.commit(Change([quad("a")]), **WHO)
        assert everything(store) == {quad("a")}


def test_a_server_that_goes_down_loses_no_commit_and_the_store_goes_on_by_itself(
    tmp_path: Path, quad: Make, sparql_server: SparqlServer
) -> None:
    with open_remote(tmp_path, sparql_server.url) as store:
        store.commit(Change([quad("a")]), **WHO)
        assert everything(store) == {quad("a")}
        sparql_server.stop()
        store.commit(Change([quad("b")], [quad("a")]), **WHO)  # the journal has it: that is what counts
        assert code(lambda: everything(store)) == "store.unreachable"
        assert code(lambda: store.sequence) == "store.unreachable"
        assert code(lambda: store.commit(Change([quad("c")]), **WHO)) == "store.unreachable"
        assert [entry.sequence for entry in store.entries()] == [1, 2], "what was refused is not journalled"
        sparql_server.start()
        assert everything(store) == {quad("b")}
        store.commit(Change([quad("d")]), **WHO)
        assert everything(store) == {quad("b"), quad("d")}
        assert store.sequence == store.verify() == 3


def test_a_load_that_an_outage_interrupts_is_completed_from_the_journal(
    tmp_path: Path, quad: Make, sparql_server: SparqlServer
) -> None:
    with open_remote(tmp_path, sparql_server.url) as store:
        quads = [quad(f"s{n}") for n in range(30)]

        def stop(count: int) -> None:
            if count == 10:
                sparql_server.stop()

        assert code(lambda: store.load(quads, **WHO, chunk=10, progress=stop)) == "store.stopped"
        sparql_server.start()
        assert everything(store) == set(quads[:20]), "two chunks were journalled"
        assert store.load(quads, **WHO) == 30
        assert everything(store) == set(quads)


def test_a_server_that_restarts_between_two_requests_is_not_noticed(
    tmp_path: Path, quad: Make, sparql_server: SparqlServer
) -> None:
    with open_remote(tmp_path, sparql_server.url) as store:
        for n in range(5):
            store.commit(Change([quad(f"s{n}")]), **WHO)
            assert len(everything(store)) == n + 1
            sparql_server.stop()
            sparql_server.start()
        assert len(everything(store)) == 5


def test_a_server_that_came_back_from_an_older_disk_gets_what_it_lost(
    tmp_path: Path, quad: Make, sparql_server: SparqlServer
) -> None:
    with open_remote(tmp_path / "home", sparql_server.url) as store:
        store.commit(Change([quad("a"), quad("b")]), **WHO)
        assert store.sequence == 1
        sparql_server.stop()
        shutil.copytree(sparql_server.folder, tmp_path / "older")
        sparql_server.start()
        store.commit(Change([quad("c")], [quad("a")]), **WHO)
        assert store.sequence == 2
        sparql_server.stop()
        shutil.rmtree(sparql_server.folder)
        shutil.copytree(tmp_path / "older", sparql_server.folder)
        sparql_server.start()
        store.commit(Change([quad("d")]), **WHO)
        assert everything(store) == {quad("b"), quad("c"), quad("d")}


def test_a_server_that_was_emptied_is_filled_again(
    tmp_path: Path, quad: Make, sparql_server: SparqlServer
) -> None:
    with open_remote(tmp_path, sparql_server.url) as store:
        store.load([quad(f"s{n}", g=f"g{n % 3}") for n in range(2500)], **WHO)
        store.commit(Change([], [quad("s0", g="g0")]), **WHO)
        before = everything(store)
        sparql_server.clear()
        store.commit(Change([quad("new")]), **WHO)
        assert everything(store) == before | {quad("new")}
    sparql_server.clear()
    with open_remote(tmp_path, sparql_server.url) as store:
        assert everything(store) == before | {quad("new")}
        store.rebuild()
        assert everything(store) == before | {quad("new")}


DIES_BETWEEN = """
import os, signal, sys
from pathlib import Path
from pyoxigraph import NamedNode, Quad
from kb.store.protocol import Change
from kb.store.remote import open_remote
from kb.store.remote_quads import RemoteQuads
a = NamedNode("urn:a")
store = open_remote(Path(sys.argv[1]), sys.argv[2])
store.commit(Change([Quad(a, a, NamedNode("urn:1"), a)]), actor="a", action="b")
assert store.sequence == 1
RemoteQuads.apply = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
new, old = (Quad(a, a, NamedNode(name), a) for name in ("urn:2", "urn:1"))
store.commit(Change([new], [old]), actor="a", action="b")
store.sequence
"""


def test_kill_9_between_the_journal_and_the_server_leaves_an_entry_that_the_next_start_applies(
    tmp_path: Path, sparql_server: SparqlServer
) -> None:
    done = subprocess.run([sys.executable, "-c", DIES_BETWEEN, str(tmp_path), sparql_server.url], check=False)
    assert done.returncode == -signal.SIGKILL
    a = NamedNode("urn:a")
    raw = Server(sparql_server.url)
    assert raw.holds("ASK { GRAPH <urn:a> { ?s ?p <urn:1> } }")
    raw.close()
    with open_remote(tmp_path, sparql_server.url) as store:
        assert store.sequence == 2
        assert everything(store) == {Quad(a, a, NamedNode("urn:2"), a)}


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=_changes, data=st.data())
def test_whatever_part_of_the_later_changes_the_server_has_replay_ends_the_same(
    sparql_server: SparqlServer,
    tmp_path_factory: pytest.TempPathFactory,
    changes: list[Change],
    data: st.DataObject,
) -> None:
    """The claim of :mod:`kb.store.engine`, with an old state and a random part of what came later."""
    sparql_server.clear()
    folder = tmp_path_factory.mktemp("store")
    kept = data.draw(st.integers(0, len(changes)))
    with open_remote(folder, sparql_server.url) as store:
        for change in changes[:kept]:
            store.commit(change, **WHO)
        assert everything(store) == model(changes[:kept])
        marker = store.parts[1].marker
        for change in changes[kept:]:
            store.commit(change, **WHO)
        assert everything(store) == model(changes)

        quads = store.parts[1]
        sparql_server.clear()
        quads._add([*model(changes[:kept]), marker.quad])
        for change in changes[kept:]:
            for quad in [*change.additions, *change.removals]:
                match data.draw(st.sampled_from(["added", "removed", "untouched"])):
                    case "added":
                        quads._add([quad])
                    case "removed":
                        quads._remove([quad])
    with open_remote(folder, sparql_server.url) as store:
        assert everything(store) == model(changes)
        assert store.verify() == len(changes)


# --- whose server it is ----------------------------------------------------------------------


def test_a_server_with_data_of_others_is_refused_and_left_as_it_is(
    tmp_path: Path, sparql_server: SparqlServer
) -> None:
    for text in ("<urn:s> <urn:p> <urn:o>", "GRAPH <urn:g> { <urn:s> <urn:p> <urn:o> }"):
        sparql_server.update(f"INSERT DATA {{ {text} }}")
        assert code(lambda: open_remote(tmp_path, sparql_server.url)) == "store.foreign"
        raw = Server(sparql_server.url)
        assert raw.holds("ASK { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }")
        assert not raw.holds(f"ASK {{ GRAPH {server.NOWHERE} {{ ?s ?p ?o }} }}")
        raw.close()
        sparql_server.clear()


def test_a_second_folder_on_the_same_server_is_refused(
    tmp_path: Path, quad: Make, sparql_server: SparqlServer
) -> None:
    with open_remote(tmp_path / "one", sparql_server.url) as one:
        one.commit(Change([quad("a")]), **WHO)
        assert one.sequence == 1
        with pytest.raises(StoreError, match="a server serves one folder"):
            open_remote(tmp_path / "two", sparql_server.url)
        one.commit(Change([quad("b")]), **WHO)
        assert everything(one) == {quad("a"), quad("b")}


def test_of_two_folders_that_write_to_one_server_the_second_to_write_stops(
    tmp_path: Path, quad: Make, sparql_server: SparqlServer
) -> None:
    with (
        open_remote(tmp_path / "one", sparql_server.url) as one,
        open_remote(tmp_path / "two", sparql_server.url) as two,  # both found it empty
    ):
        one.commit(Change([quad("a")]), **WHO)
        assert one.sequence == 1
        two.commit(Change([quad("z")], [quad("a")]), **WHO)
        assert code(lambda: two.sequence) == "store.chain-broken"
        assert code(lambda: two.commit(Change([quad("y")]), **WHO)) == "store.chain-broken"
        assert everything(one) == {quad("a")}


# --- servers that are none -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answer("500 Oops", b"out of memory"), "store.remote"),
        (answer("401 No", b""), "store.remote"),
        (answer("404 Not Found", b"<html>"), "store.remote"),
        (answer("200 OK", b"<html>hello</html>", "text/html"), "store.remote"),
        (answer("200 OK", b'{"head": {"vars": ["m"]}, "results": {"bindings": ['), "store.remote"),
        (answer()[:-2].replace(b"Length: 0", b"Length: 50") + b"\r\nshort", "store.incomplete"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "store.incomplete"),
        (b"", "store.incomplete"),
        (answer("302 Found", b"", extra="Location: /elsewhere\r\n"), "store.remote"),
    ],
)
def test_what_is_no_sparql_server_is_said_in_words(tmp_path: Path, reply: bytes, expected: str) -> None:
    with raw_server(reply) as raw:
        assert code(lambda: open_remote(tmp_path, raw.url)) == expected
        assert list(tmp_path.glob("quads*")) == []


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    began = time.monotonic()
    with raw_server() as raw:
        assert code(lambda: open_remote(tmp_path, raw.url, timeout=0.5)) == "store.timeout"
    assert time.monotonic() - began < 5


def test_a_server_that_takes_no_heed_of_the_dataset_is_refused(
    tmp_path: Path, sparql_server: SparqlServer
) -> None:
    with (
        deaf_server(sparql_server.url) as url,
        pytest.raises(StoreError, match="takes no heed of the dataset"),
    ):
        open_remote(tmp_path, url)


def test_credentials_go_to_the_server_and_nowhere_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with raw_server(answer()) as elsewhere:
        location = f"Location: {elsewhere.url}/query\r\n"
        with raw_server(answer("307 Temporary Redirect", extra=location)) as raw:
            url = raw.url.replace("//", "//officer:s3cret%40@")
            with pytest.raises(StoreError) as error:
                open_remote(tmp_path, url)
            assert b"Authorization: Basic b2ZmaWNlcjpzM2NyZXRA" in raw.requests[0]
            with pytest.raises(StoreError) as other:
                open_remote(tmp_path, raw.url, "t0ken")
            assert b"Authorization: Bearer t0ken" in raw.requests[-1]
        assert elsewhere.connections == 0, "a redirect would carry them to whoever is named"
    told = str(error.value) + str(other.value) + error.value.render("zh") + caplog.text
    assert "s3cret" not in told
    assert "t0ken" not in told
    assert raw.url in told


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:7878",
        "ftp://host/",
        "http://",
        "http://host:port/",
        "http://host/a b",
        "http://host/\r\nX-Evil: 1",
        "http://hοst/",
        "officer:s3cret@host",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_is_none_is_refused_without_repeating_what_may_be_a_password(url: str) -> None:
    with pytest.raises(InputError) as error:
        Address(url)
    assert error.value.faults[0].code == "address.invalid"
    assert "s3cret" not in str(error.value)


def test_a_token_that_would_break_a_header_is_refused_without_repeating_it() -> None:
    with pytest.raises(InputError) as error:
        Address("http://host/", "t0ken\r\nX-Evil: 1")
    assert "t0ken" not in str(error.value)


# --- terms -----------------------------------------------------------------------------------


def test_what_could_not_be_written_down_in_sparql_is_refused_before_it_is_journalled(
    tmp_path: Path, quad: Make, sparql_server: SparqlServer
) -> None:
    spoiled = rb"<urn:a> <urn:p> <urn:x\u003E.\u0020}};DROP\u0020ALL;INSERT\u0020DATA{{<urn:y> <urn:g> ."
    (evil,) = parse(input=spoiled, format=RdfFormat.N_QUADS, lenient=True)
    genid = NamedNode(skolem.GENID + "b1")
    with open_remote(tmp_path, sparql_server.url) as store:
        store.commit(Change([quad("a")]), **WHO)
        for bad in (evil, Quad(genid, genid, Literal(1), NamedNode("urn:g"))):
            for change in (Change([bad]), Change([], [bad])):
                assert code_only(lambda change=change: store.commit(change, **WHO)) == "store.refused"
            assert code_only(lambda bad=bad: store.load([bad], **WHO)) == "store.refused"
        assert list(store.match(None, None, evil.object)) == []
        assert list(store.match(evil.object, None, None)) == []  # type: ignore[arg-type]
        assert everything(store) == {quad("a")}
        assert store.verify() == 1


def code_only(act: Callable[[], object]) -> str:
    with pytest.raises(StoreError) as error:
        act()
    return error.value.faults[0].code


def test_a_blank_node_is_the_same_one_in_every_commit_and_every_answer(
    tmp_path: Path, sparql_server: SparqlServer
) -> None:
    p, g = NamedNode("urn:p"), NamedNode("urn:g")
    labels = ["b1", "火-1.x", "a_b"]
    with open_remote(tmp_path, sparql_server.url) as store:
        for label in labels:
            store.commit(Change([Quad(BlankNode(label), p, Literal(1), g)]), **WHO)
        for label in labels:
            store.commit(Change([Quad(BlankNode(label), p, Literal(2), g)]), **WHO)
            assert {q.object for q in store.match(BlankNode(label), None, None)} == {Literal(1), Literal(2)}
        found = store.query("SELECT DISTINCT ?s { ?s <urn:p> 1 }")
        assert {row["s"] for row in found} == {BlankNode(label) for label in labels}  # type: ignore
        graph = store.query("CONSTRUCT { ?s <urn:q> ?s } WHERE { ?s <urn:p> 1 }")
        assert {t.object for t in graph} == {BlankNode(label) for label in labels}  # type: ignore
        store.commit(Change([], list(store.match(BlankNode("b1"), None, None))), **WHO)
        assert {q.subject for q in store.match(None, None, None)} == {
            BlankNode(label) for label in labels[1:]
        }


def test_triple_terms_are_refused_where_the_server_knows_only_sparql_11(
    tmp_path: Path, quad: Make, sparql_server: SparqlServer
) -> None:
    a = quad("a")
    with open_remote(tmp_path, sparql_server.url) as store:
        store.server.__dict__["speaks_12"] = False  # no such server is at hand
        with pytest.raises(StoreError, match=r"does not know SPARQL 1\.2"):
            store.commit(Change([Quad(a.subject, a.predicate, a.triple, a.graph_name)]), **WHO)
        store.commit(Change([a]), **WHO)
        assert everything(store) == {a}


# --- ways of reading -------------------------------------------------------------------------


def test_an_answer_too_long_for_the_memory_is_kept_on_the_disk(
    tmp_path: Path, quad: Make, sparql_server: SparqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "IN_MEMORY", 1000)
    quads = {quad(f"s{n}") for n in range(3000)}
    with open_remote(tmp_path, sparql_server.url) as store:
        store.load(quads, **WHO)
        reading = store.match(None, None, None)
        store.replace_graph(NamedNode("urn:g"), [], **WHO)
        assert set(reading) == quads, "one view to the end"


def test_where_the_server_has_no_union_of_its_own_the_graphs_are_listed(
    tmp_path: Path, quad: Make, sparql_server: SparqlServer
) -> None:
    with open_remote(tmp_path, sparql_server.url) as store:
        store.commit(Change([quad("a", g="g"), quad("b", g="h")]), **WHO)
        text = "SELECT ?s { ?s <urn:p> ?o } ORDER BY ?s"
        ours = [row["s"] for row in store.query(text)]  # type: ignore[union-attr, index]
        store.parts[1]._union = None
        assert [row["s"] for row in store.query(text)] == ours == [quad("a").subject, quad("b").subject]  # type: ignore[union-attr, index]


# --- from one kind to the other --------------------------------------------------------------


def test_a_folder_may_go_from_one_kind_of_store_to_the_other_and_back(
    tmp_path: Path, quad: Make, sparql_server: SparqlServer
) -> None:
    with open_configured(tmp_path) as store:
        assert isinstance(store, EmbeddedStore)
        store.commit(Change([quad("a")]), **WHO)
    with open_configured(tmp_path, sparql_server.url + "/") as other:
        assert isinstance(other, RemoteStore)
        assert everything(other) == {quad("a")}, "the journal fills the server"
        other.commit(Change([quad("b")]), **WHO)
    with open_configured(tmp_path, "") as store:
        assert everything(store) == {quad("a"), quad("b")}, "and the folder again"


def test_a_backup_of_a_remote_store_restores_as_an_embedded_one_and_the_other_way_round(
    tmp_path: Path, quad: Make, sparql_server: SparqlServer
) -> None:
    quads = {quad("a"), Quad(BlankNode("b1"), NamedNode("urn:p"), BlankNode("b2"), NamedNode("urn:g"))}
    with open_remote(tmp_path / "remote", sparql_server.url) as store:
        store.commit(Change(list(quads)), **WHO)
        store.backup(tmp_path / "backup")
    backup.restore(tmp_path / "backup", tmp_path / "embedded")
    with open_store(tmp_path / "embedded") as store:
        assert everything(store) == quads
        store.backup(tmp_path / "second")
    sparql_server.clear()
    backup.restore(tmp_path / "second", tmp_path / "again")
    with open_remote(tmp_path / "again", sparql_server.url) as store:
        assert everything(store) == quads


def test_paths_of_other_servers_are_told_in_the_address() -> None:
    fuseki = Server("http://host:3030/city?graphs=data")
    assert fuseki._paths == {"query": "/city/query", "update": "/city/update", "graphs": "/city/data"}
    graphdb = Server("http://host:7200/repositories/city?query=.&update=statements&graphs=rdf-graphs/service")
    assert graphdb._paths == {
        "query": "/repositories/city",
        "update": "/repositories/city/statements",
        "graphs": "/repositories/city/rdf-graphs/service",
    }


def test_a_port_where_nobody_listens_is_said_at_once(tmp_path: Path) -> None:
    began = time.monotonic()
    assert code(lambda: open_remote(tmp_path, f"http://127.0.0.1:{free_port()}")) == "store.unreachable"
    assert time.monotonic() - began < 2
