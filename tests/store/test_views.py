"""Copies for readers: each holds just what they may see, and follows the store."""

from __future__ import annotations

import tempfile
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Quad

from kb.store.embedded import EmbeddedStore, open_store
from kb.store.protocol import Change
from kb.store.quads import SYSTEM
from kb.store.replica import Replica
from kb.store.views import EVERYTHING, MOST, Reader, Views

WHO = {"actor": "a", "action": "b"}
NODES = [NamedNode(f"urn:{n}") for n in range(3)]
GRAPHS = [NamedNode(f"urn:g{n}") for n in range(4)]


@dataclass(frozen=True)
class Only:
    """A reader who sees the graphs *names*."""

    names: frozenset[NamedNode]

    @property
    def view(self) -> Hashable:
        return self.names

    def sees(self, graph: NamedNode) -> bool:
        return graph in self.names


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with open_store(tmp_path / "store") as opened:
        opened.commit(
            Change([Quad(NODES[0], NODES[0], NODES[n % 3], g) for n, g in enumerate(GRAPHS)]), **WHO
        )
        yield opened


@pytest.fixture
def views(store: EmbeddedStore, tmp_path: Path) -> Iterator[Views]:
    made = Views(store, tmp_path / "views")
    (tmp_path / "views").mkdir(exist_ok=True)
    yield made
    made.close()


def read(views: Views, reader: Reader) -> set[Quad]:
    views.expire()
    folder, release = views.acquire(reader)
    try:
        return set(pyoxigraph.Store.read_only(str(folder)))
    finally:
        release()


quads = st.builds(Quad, *(st.sampled_from(NODES),) * 3, st.sampled_from(GRAPHS))
changes = st.lists(st.tuples(st.lists(quads, max_size=6), st.lists(quads, max_size=6)), max_size=8)
seen = st.frozensets(st.sampled_from(GRAPHS))


@settings(max_examples=15, deadline=None)
@given(before=changes, steps=changes, names=seen)
def test_a_replica_is_at_every_moment_the_store_without_the_hidden_graphs(
    before: list[tuple[list[Quad], list[Quad]]],
    steps: list[tuple[list[Quad], list[Quad]]],
    names: frozenset[NamedNode],
) -> None:
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "store") as store:
        for added, removed in before:
            store.commit(Change(added, removed), **WHO)
        replica = Replica(store, names.__contains__, Path(folder) / "copy")
        for number, (added, removed) in enumerate([([], []), *steps]):
            store.commit(Change(added, removed), **WHO)
            copy = Path(folder) / f"checkpoint{number}"
            assert replica.checkpoint(copy) == store.sequence
            held = set(pyoxigraph.Store.read_only(str(copy)))
            assert held == {quad for quad in store.match(None, None, None) if quad.graph_name in names}
        replica.close()


def test_nobody_finds_the_systems_own_graph(views: Views) -> None:
    assert not [quad for quad in read(views, EVERYTHING) if quad.graph_name == SYSTEM]
    assert not [quad for quad in read(views, Only(frozenset([*GRAPHS, SYSTEM]))) if quad.graph_name == SYSTEM]


def test_readers_who_see_the_same_share_one_copy(views: Views, tmp_path: Path) -> None:
    folders = []
    for _ in range(2):
        folder, release = views.acquire(Only(frozenset(GRAPHS[:2])))
        folders.append(folder)
        release()
    assert folders[0] == folders[1]
    other, release = views.acquire(Only(frozenset(GRAPHS[:1])))
    release()
    assert other != folders[0]


def test_only_so_many_copies_are_kept_and_none_that_is_being_read(views: Views, tmp_path: Path) -> None:
    first, release_first = views.acquire(Only(frozenset(GRAPHS[:1])))
    for number in range(MOST + 3):
        _, release = views.acquire(Only(frozenset([NamedNode(f"urn:other{number}")])))
        release()
    kept = [path for path in (tmp_path / "views").iterdir() if path.name.startswith("view-")]
    assert len(kept) <= MOST + 1
    assert len(pyoxigraph.Store.read_only(str(first))) == 1, "the first is still read"
    release_first()


def test_closing_leaves_no_copy_behind(store: EmbeddedStore, tmp_path: Path) -> None:
    made = Views(store, tmp_path / "v")
    _, release = made.acquire(Only(frozenset(GRAPHS[:1])))
    release()
    made.close()
    assert not list((tmp_path / "v").glob("view-*"))


def test_what_a_crash_left_is_deleted_at_the_next_start(store: EmbeddedStore, tmp_path: Path) -> None:
    left = tmp_path / "v" / "view-7" / "copy"
    left.mkdir(parents=True)
    Views(store, tmp_path / "v").close()
    assert not left.exists()
