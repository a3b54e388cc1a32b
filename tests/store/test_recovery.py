"""Oxigraph's files are a cache of the journal: lost, late, damaged or half written, they come back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple
from pyoxigraph import Store as Oxigraph

from kb.errors import StoreError
from kb.store.embedded import open_store
from kb.store.engine import SYSTEM, Marker
from kb.store.protocol import Change, Store
from kb.store.quads import read_marker

Make = Callable[..., Quad]
WHO = {"actor": "a", "action": "b"}

_nodes = st.sampled_from([NamedNode("urn:1"), NamedNode("urn:2"), BlankNode("b1"), BlankNode("b2")])
_predicates = st.sampled_from([NamedNode("urn:p"), NamedNode("urn:q")])
_literals = st.text(max_size=3).map(Literal) | st.sampled_from([Literal("火", language="zh"), Literal(7)])
_triples = st.builds(Triple, _nodes, _predicates, _nodes | _literals)
_quads = st.builds(
    Quad,
    _nodes,
    _predicates,
    _nodes | _literals | _triples,
    st.sampled_from([NamedNode("urn:g"), NamedNode("urn:h")]),
)
_some_quads = st.lists(_quads, max_size=6)
_changes = st.lists(st.builds(Change, _some_quads, _some_quads), min_size=1, max_size=8)


def everything(store: Store) -> set[Quad]:
    return set(store.match(None, None, None))


def model(changes: Iterable[Change]) -> set[Quad]:
    quads: set[Quad] = set()
    for change in changes:
        quads = (quads - set(change.removals)) | set(change.additions)
    return quads


def oxigraph(folder: Path) -> Path:
    (path,) = (path for path in folder.glob("quads-*") if not path.suffix)
    return path


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=_changes, data=st.data())
def test_whatever_part_of_the_later_changes_oxigraph_has_replay_ends_the_same(
    changes: list[Change], data: st.DataObject
) -> None:
    """The claim of :mod:`kb.store.quads`, with an old copy and a random part of what came later."""
    kept = data.draw(st.integers(0, len(changes)))
    with tempfile.TemporaryDirectory() as name:
        folder, old = Path(name, "store"), Path(name, "old")
        with open_store(folder) as store:
            for change in changes[:kept]:
                store.commit(change, **WHO)
            assert everything(store) == model(changes[:kept])
        shutil.copytree(oxigraph(folder), old)
        with open_store(folder) as store:
            for change in changes[kept:]:
                store.commit(change, **WHO)
            assert everything(store) == model(changes)

        current = oxigraph(folder)
        shutil.rmtree(current)
        old.rename(current)
        raw = Oxigraph(current)
        for change in changes[kept:]:
            for quad in [*change.additions, *change.removals]:
                match data.draw(st.sampled_from(["added", "removed", "untouched"])):
                    case "added":
                        raw.add(quad)
                    case "removed":
                        raw.remove(quad)
        del raw
        with open_store(folder) as store:
            assert everything(store) == model(changes)
            store.rebuild()
            assert everything(store) == model(changes)
            assert store.verify() == len(changes)


def test_a_deleted_oxigraph_is_made_again(
    tmp_path: Path, quad: Make, caplog: pytest.LogCaptureFixture
) -> None:
    with open_store(tmp_path) as store:
        store.load([quad(f"s{n}") for n in range(500)], **WHO, chunk=100)
        store.commit(Change([], [quad("s1")]), **WHO)
        before = everything(store)
    shutil.rmtree(oxigraph(tmp_path))
    with open_store(tmp_path) as store:
        assert everything(store) == before
    assert "applying 6 journal entries" in caplog.text


@pytest.mark.parametrize("victim", ["CURRENT", "MANIFEST-*", "*.sst"])
@pytest.mark.parametrize("damage", ["remove", "overwrite"])
def test_a_damaged_oxigraph_is_kept_aside_and_made_again(
    tmp_path: Path, quad: Make, caplog: pytest.LogCaptureFixture, victim: str, damage: str
) -> None:
    with open_store(tmp_path) as store:
        store.load([quad(f"s{n}") for n in range(10_000)], **WHO)
        before = everything(store)
    for path in oxigraph(tmp_path).glob(victim):
        if damage == "remove":
            path.unlink()
        else:
            path.write_bytes(os.urandom(path.stat().st_size))
    with open_store(tmp_path) as store:
        assert everything(store) == before
        store.commit(Change([quad("new")]), **WHO)
    with open_store(tmp_path) as store:
        assert everything(store) == before | {quad("new")}
    assert "journal entries" in caplog.text or "rebuilding" in caplog.text


def test_quads_without_a_marker_are_not_trusted(tmp_path: Path, quad: Make) -> None:
    with open_store(tmp_path) as store:
        store.commit(Change([quad("a")]), **WHO)
    raw = Oxigraph(oxigraph(tmp_path))
    raw.clear_graph(SYSTEM)
    raw.add(quad("stray"))
    del raw
    with open_store(tmp_path) as store:
        assert everything(store) == {quad("a")}
    assert oxigraph(tmp_path).name == "quads-2"
    assert (tmp_path / "quads-1.broken").is_dir()


@pytest.mark.parametrize("behind", range(5))
def test_an_index_that_is_behind_the_others_is_found(behind: int) -> None:
    newer, older = Marker(2, b"2" * 32), Marker(1, b"1" * 32)

    class Uneven:
        """An Oxigraph of which one look-up, so one index, shows the marker before."""

        asked = -2  # the first look-up, of index gspo, sets the measure

        def quads_for_pattern(self, *_: object) -> Iterator[Quad]:
            self.asked += 1
            return iter([older.quad if self.asked == behind else newer.quad])

    with pytest.raises(OSError, match=r"index \w+ shows Marker\(sequence=1"):
        read_marker(cast(Oxigraph, Uneven()))


def test_an_old_marker_left_by_a_crash_is_swept(tmp_path: Path, quad: Make) -> None:
    with open_store(tmp_path) as store:
        store.commit(Change([quad("a")]), **WHO)
    raw = Oxigraph(oxigraph(tmp_path))
    (old,) = raw.quads_for_pattern(None, None, None, SYSTEM)
    del raw
    with open_store(tmp_path) as store:
        store.commit(Change([quad("b")]), **WHO)
    raw = Oxigraph(oxigraph(tmp_path))
    raw.add(old)
    del raw
    with open_store(tmp_path) as store:
        assert store.sequence == 2
        assert everything(store) == {quad("a"), quad("b")}
    raw = Oxigraph(oxigraph(tmp_path))
    assert len(list(raw.quads_for_pattern(None, None, None, SYSTEM))) == 1


def test_reads_go_on_during_a_rebuild_and_the_old_files_go_at_the_next_opening(
    tmp_path: Path, quad: Make
) -> None:
    quads = {quad(f"s{n}") for n in range(100)}
    with open_store(tmp_path) as store:
        store.load(quads, **WHO)
        reading = store.match(None, None, None)
        first = next(reading)
        store.rebuild()
        assert {first, *reading} == quads == everything(store)
        store.commit(Change([quad("new")]), **WHO)
        del reading
    with open_store(tmp_path) as store:
        assert everything(store) == quads | {quad("new")}
        assert sorted(path.name for path in tmp_path.glob("quads-*")) == ["quads-2"]


def test_a_second_process_is_refused_and_told_which_process_has_the_store(tmp_path: Path) -> None:
    code = "import sys, pathlib, kb.store.embedded as e; e.open_store(pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(tmp_path)]
    with open_store(tmp_path):
        second = subprocess.run(command, capture_output=True, text=True, check=False)
        assert second.returncode == 1
        assert "store.locked" in second.stderr
        assert f"in use by process {os.getpid()}" in second.stderr
        with pytest.raises(StoreError, match=f"in use by process {os.getpid()}"):
            open_store(tmp_path)
    assert subprocess.run(command, check=False).returncode == 0


def test_a_result_still_in_use_after_closing_is_named_as_what_keeps_the_store_open(
    tmp_path: Path, quad: Make
) -> None:
    store = open_store(tmp_path)
    store.commit(Change([quad("a"), quad("b")]), **WHO)
    reading = store.match(None, None, None)
    next(reading)
    store.close()
    with pytest.raises(StoreError, match="still open"):
        open_store(tmp_path)
    del reading
    with open_store(tmp_path) as store:
        assert len(everything(store)) == 2
