"""What a commit promises, and what reading shows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from kinds import AnyStore, Opener
from pyoxigraph import BaseDirection, BlankNode, DefaultGraph, Literal, NamedNode, Quad, Triple, Variable

from kb.errors import StoreError
from kb.store.embedded import open_store
from kb.store.engine import SYSTEM, Engine
from kb.store.protocol import Change, Entry, Store

Make = Callable[..., Quad]
WHO = {"actor": "duty-officer", "action": "test"}


def everything(store: Store) -> set[Quad]:
    return set(store.match(None, None, None))


def code(error: pytest.ExceptionInfo[StoreError]) -> str:
    return error.value.faults[0].code


def test_a_commit_is_there_after_reopening(opener: Opener, tmp_path: Path, quad: Make) -> None:
    with opener(tmp_path) as store:
        receipt = store.commit(Change([quad("a"), quad("b")]), **WHO, reason="because")
        store.commit(Change([], [quad("a")]), **WHO)
    with opener(tmp_path) as store:
        assert everything(store) == {quad("b")}
        first, second = store.entries()
        assert (first.sequence, first.time) == (receipt.sequence, receipt.time)
        assert (first.actor, first.action, first.reason, first.key) == (
            "duty-officer",
            "test",
            "because",
            None,
        )
        assert first.change == Change([quad("a"), quad("b")], [])
        assert second.change == Change([], [quad("a")])
        assert [entry.sequence for entry in store.entries(after=1)] == [2]


def test_the_same_key_again_returns_the_first_receipt_and_changes_nothing(
    store: AnyStore, quad: Make
) -> None:
    first = store.commit(Change([quad("a")]), **WHO, key="report-7")
    again = store.commit(Change([quad("b")]), **WHO, key="report-7")
    assert not first.duplicate
    assert again.duplicate
    assert (again.sequence, again.time) == (first.sequence, first.time)
    assert everything(store) == {quad("a")}
    assert len(list(store.entries())) == 1


def test_a_key_is_remembered_after_reopening(opener: Opener, tmp_path: Path, quad: Make) -> None:
    with opener(tmp_path) as store:
        store.commit(Change([quad("a")]), **WHO, key="k")
    with opener(tmp_path) as store:
        assert store.commit(Change([quad("b")]), **WHO, key="k").duplicate


def test_of_many_threads_with_one_key_exactly_one_commits(store: AnyStore, quad: Make) -> None:
    receipts = []
    threads = [
        threading.Thread(
            target=lambda n=n: receipts.append(store.commit(Change([quad(f"s{n}")]), **WHO, key="k"))
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receipt.duplicate for receipt in receipts) == [False] + [True] * 7
    assert len(everything(store)) == 1


def test_a_quad_both_removed_and_added_is_there(store: AnyStore, quad: Make) -> None:
    store.commit(Change([quad("a")], [quad("a"), quad("b")]), **WHO)
    assert everything(store) == {quad("a")}


def test_adding_twice_and_removing_what_is_not_there_do_nothing(store: AnyStore, quad: Make) -> None:
    store.commit(Change([quad("a"), quad("a")]), **WHO)
    store.commit(Change([quad("a")], [quad("never")]), **WHO)
    assert everything(store) == {quad("a")}


def test_an_empty_change_is_an_audit_entry(store: AnyStore) -> None:
    assert store.commit(Change(), actor="clerk", action="export").sequence == 1
    assert store.sequence == 1


def test_terms_of_every_kind_come_back_unchanged_and_can_be_removed(opener: Opener, tmp_path: Path) -> None:
    subject, predicate, name = BlankNode("b1"), NamedNode("urn:p"), NamedNode("urn:g")
    objects = [
        BlankNode("b2"),
        NamedNode("https://example.org/协治"),
        Literal('tab\t line\n quote" slash\\ \\u0041 } ; DROP ALL #'),
        Literal("\x00\x01\u2028\U0001f525"),
        Literal("消防", language="zh"),
        Literal("abc", language="ar", direction=BaseDirection("rtl")),
        Literal("not a number", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#integer")),
        Triple(BlankNode("b1"), predicate, Triple(BlankNode("b3"), predicate, Literal(1.5))),
    ]
    quads = {Quad(subject, predicate, value, name) for value in objects}
    with opener(tmp_path) as store:
        store.commit(Change([next(iter(quads))], [Quad(subject, predicate, Literal("none"), name)]), **WHO)
        store.commit(Change(list(quads)), **WHO)
        assert everything(store) == quads
        store.rebuild()
        assert everything(store) == quads
        store.commit(Change([], list(quads)), **WHO)
        assert everything(store) == set()


def test_replace_graph_journals_only_the_difference(store: AnyStore, quad: Make) -> None:
    store.commit(Change([quad("a"), quad("b"), quad("z", g="other")]), **WHO)
    receipt = store.replace_graph(NamedNode("urn:g"), [quad("b").triple, quad("c").triple], **WHO)
    assert everything(store) == {quad("b"), quad("c"), quad("z", g="other")}
    assert next(store.entries(receipt.sequence - 1)).change == Change([quad("c")], [quad("a")])


def test_replace_graph_with_nothing_empties_the_graph(store: AnyStore, quad: Make) -> None:
    store.commit(Change([quad("a"), quad("z", g="other")]), **WHO)
    store.replace_graph(NamedNode("urn:g"), [], **WHO)
    assert list(store.graphs()) == [NamedNode("urn:other")]


def test_a_replaced_graph_is_never_seen_half_replaced(store: AnyStore, quad: Make) -> None:
    name, size, torn, done = NamedNode("urn:g"), 10, [], threading.Event()

    def read() -> None:
        while not done.is_set():
            values = {found.object for found in store.match(None, None, None, name)}
            if len(values) > 1:
                torn.append(values)

    store.replace_graph(name, [quad(f"s{n}", o=0).triple for n in range(size)], **WHO)
    reader = threading.Thread(target=read)
    reader.start()
    for version in range(1, 16):
        store.replace_graph(name, [quad(f"s{n}", o=version).triple for n in range(size)], **WHO)
    done.set()
    reader.join()
    assert torn == []


@pytest.mark.parametrize("kind", ["default graph", "blank graph", "system graph", "deep triple term"])
def test_a_quad_that_the_store_does_not_take_changes_nothing(store: AnyStore, quad: Make, kind: str) -> None:
    a = quad("a")
    deep: Triple | Literal = Literal(1)
    for _ in range(5):
        deep = Triple(a.subject, a.predicate, deep)
    bad = {
        "default graph": Quad(a.subject, a.predicate, a.object, DefaultGraph()),
        "blank graph": Quad(a.subject, a.predicate, a.object, BlankNode()),
        "system graph": Quad(a.subject, a.predicate, a.object, SYSTEM),
        "deep triple term": Quad(a.subject, a.predicate, deep, a.graph_name),
    }[kind]
    for change in (Change([a, bad]), Change([], [bad])):
        with pytest.raises(StoreError) as error:
            store.commit(change, **WHO)
        assert code(error) == "store.refused"
    assert everything(store) == set()
    assert list(store.entries()) == []


def test_half_a_surrogate_pair_in_a_reason_is_refused_and_the_store_goes_on(
    store: AnyStore, quad: Make
) -> None:
    with pytest.raises(StoreError) as error:
        store.commit(Change([quad("a")]), **WHO, reason="\ud800")
    assert code(error) == "store.refused"
    store.commit(Change([quad("a")]), **WHO)


def test_the_store_turns_read_only_before_the_disk_is_full(
    opener: Opener, tmp_path: Path, quad: Make
) -> None:
    with opener(tmp_path, reserve=1 << 60) as store:
        with pytest.raises(StoreError) as error:
            store.commit(Change([quad("a")]), **WHO)
        assert code(error) == "store.read-only"
        assert everything(store) == set()


def test_after_a_change_that_oxigraph_could_not_apply_nothing_is_written_until_reopening(
    tmp_path: Path, quad: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("IO error: No space left on device")

    with open_store(tmp_path) as store:
        with monkeypatch.context() as patch:
            patch.setattr("kb.store.quads.Quads.apply", fail)
            store.commit(Change([quad("a")]), **WHO)
            with pytest.raises(StoreError) as error:
                everything(store)
            assert code(error) == "store.stopped"
        with pytest.raises(StoreError) as error:
            store.commit(Change([quad("b")]), **WHO)
        assert code(error) == "store.stopped"
        assert list(store.match(quad("b").subject, None, None)) == [], (
            "what the change leaves alone is readable"
        )

    with open_store(tmp_path) as store:
        assert everything(store) == {quad("a")}
        store.commit(Change([quad("b")]), **WHO)


def test_ctrl_c_in_the_middle_of_a_load_stays_ctrl_c_and_loses_nothing(
    opener: Opener, tmp_path: Path, quad: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with opener(tmp_path) as store:
        with monkeypatch.context() as patch:
            patch.setattr(opener.engine, "fill", interrupt)
            with pytest.raises(KeyboardInterrupt):
                store.load([quad("a")], **WHO)
        if opener.kind == "embedded":
            with pytest.raises(StoreError) as error:
                store.commit(Change([quad("b")]), **WHO)
            assert code(error) == "store.stopped"
    with opener(tmp_path) as store:
        assert everything(store) == {quad("a")}


def test_who_reads_what_was_just_committed_waits_until_it_is_there(
    opener: Opener, tmp_path: Path, quad: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied, free = opener.engine.apply, threading.Event()

    def held(self: Engine, change: Change, entry: Entry) -> None:
        free.wait()
        applied(self, change, entry)

    monkeypatch.setattr(opener.engine, "apply", held)
    with opener(tmp_path) as store:
        for name in "abc":
            store.commit(Change([quad(name)]), **WHO)  # does not wait
        assert list(store.match(quad("z").subject, None, None)) == [], "nor does who reads something else"
        threading.Timer(0.1, free.set).start()
        assert list(store.match(quad("c").subject, None, None)) == [quad("c")]
        store.commit(Change([quad("d")], [quad("a")]), **WHO)
        assert everything(store) == {quad("b"), quad("c"), quad("d")}
        store.commit(Change([quad("e")]), **WHO)
    with opener(tmp_path) as store:
        assert quad("e") in everything(store)


def test_listeners_hear_of_every_change_when_it_is_readable(store: AnyStore, quad: Make) -> None:
    heard: list[tuple[Change, int]] = []
    store.subscribe(lambda change: heard.append((change, len(everything(store)))))
    store.commit(Change([quad("a")]), **WHO, key="k")
    store.commit(Change([quad("a")]), **WHO, key="k")
    store.load([quad("b"), quad("c"), quad("d")], **WHO, chunk=2)
    assert heard == [
        (Change([quad("a")]), 1),
        (Change([quad("b"), quad("c")]), 3),
        (Change([quad("d")]), 4),
    ]


def test_a_load_is_journalled_in_chunks_and_tells_its_progress(
    opener: Opener, tmp_path: Path, quad: Make
) -> None:
    told: list[int] = []
    quads = [quad(f"s{n}", g=f"g{n % 3}") for n in range(25_000)]
    with opener(tmp_path) as store:
        assert store.load(iter(quads), **WHO, chunk=12_000, progress=told.append) == 25_000
        assert told == [12_000, 24_000, 25_000]
        assert [len(entry.change.additions) for entry in store.entries()] == [12_000, 12_000, 1_000]
        assert store.sequence == 3
    with opener(tmp_path) as store:
        assert everything(store) == set(quads)


def test_match_fits_any_pattern_and_hides_the_system_graph(store: AnyStore, quad: Make) -> None:
    a, b = quad("a", "p", "x", "g1"), quad("b", "p", "x", "g2")
    store.commit(Change([a, b]), **WHO)
    assert set(store.match(None, None, NamedNode("urn:x"))) == {a, b}
    assert list(store.match(a.subject, None, None)) == [a]
    assert list(store.match(None, a.predicate, None, NamedNode("urn:g2"))) == [b]
    assert list(store.match(None, None, None, SYSTEM)) == []
    assert set(store.graphs()) == {NamedNode("urn:g1"), NamedNode("urn:g2")}


def test_a_query_sees_exactly_the_graphs_it_is_given(store: AnyStore, quad: Make) -> None:
    store.commit(Change([quad("a", o=1, g="g1"), quad("b", o=2, g="g2"), quad("c", o=3, g="g3")]), **WHO)
    g1, g2 = NamedNode("urn:g1"), NamedNode("urn:g2")

    def seen(**graphs: list[NamedNode]) -> tuple[list[int], list[int]]:
        plain = store.query("SELECT ?o { ?s <urn:p> ?o } ORDER BY ?o", **graphs)
        named = store.query("SELECT ?o { GRAPH ?g { ?s <urn:p> ?o } } ORDER BY ?o", **graphs)
        return tuple([int(row["o"].value) for row in rows] for rows in (plain, named))  # type: ignore

    assert seen() == ([1, 2, 3], [1, 2, 3])
    assert seen(default_graph=[g1]) == ([1], [])
    assert seen(named_graphs=[g2]) == ([], [2])
    assert seen(default_graph=[g1], named_graphs=[g2]) == ([1], [2])
    assert seen(default_graph=[]) == ([], [])


def test_values_enter_a_query_by_substitution(store: AnyStore, quad: Make) -> None:
    store.commit(Change([quad("a", o=1), quad("b", o=2)]), **WHO)
    rows = store.query("SELECT ?s ?o { ?s ?p ?o }", substitutions={Variable("s"): NamedNode("urn:b")})
    assert [row["o"] for row in rows] == [Literal(2)]  # type: ignore[union-attr, index]


def test_a_closed_store_says_so(opener: Opener, tmp_path: Path, quad: Make) -> None:
    store = opener(tmp_path)
    store.close()
    store.close()
    with pytest.raises(StoreError) as error:
        store.match(None, None, None)
    assert code(error) == "store.closed"
    with pytest.raises(StoreError):
        store.commit(Change([quad("a")]), **WHO)


def test_both_kinds_of_store_keep_the_protocol(store: AnyStore) -> None:
    checked: Store = store  # mypy checks the signatures
    assert checked.sequence == 0
