"""Checkpoints are fresh, few, and hold nothing of the store's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from kinds import AnyStore
from pyoxigraph import NamedNode, Quad
from pyoxigraph import Store as Oxigraph

from kb.store import checkpoints as module
from kb.store.checkpoints import Checkpoints
from kb.store.protocol import Change
from kb.store.quads import SYSTEM

Make = Callable[..., Quad]
WHO = {"actor": "a", "action": "b"}


class Clock:
    """The time, to be set by hand."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints"


def content(checkpoint: Path) -> set[Quad]:
    return set(Oxigraph.read_only(str(checkpoint)))


def test_a_checkpoint_holds_everything_but_the_system_graph(
    store: AnyStore, folder: Path, quad: Make
) -> None:
    store.commit(Change([quad("a"), quad("b", g="h")]), **WHO)
    checkpoint = Checkpoints(store, folder).acquire()
    assert content(checkpoint) == {quad("a"), quad("b", g="h")}
    names = set(Oxigraph.read_only(str(checkpoint)).named_graphs())
    assert names == {NamedNode("urn:g"), NamedNode("urn:h")}
    assert SYSTEM not in names


def test_a_checkpoint_serves_for_300_ms_and_longer_where_nothing_changed(
    store: AnyStore, folder: Path, quad: Make, clock: Clock
) -> None:
    checkpoints = Checkpoints(store, folder)
    first = checkpoints.acquire()
    clock.now += 60
    assert checkpoints.acquire() == first
    store.commit(Change([quad("a")]), **WHO)
    second = checkpoints.acquire()
    assert content(second) == {quad("a")}
    store.commit(Change([quad("b")]), **WHO)
    clock.now += 0.29
    assert checkpoints.acquire() == second
    clock.now += 0.02
    assert content(checkpoints.acquire()) == {quad("a"), quad("b")}


def test_an_old_checkpoint_goes_when_its_last_user_releases_it(
    store: AnyStore, folder: Path, quad: Make, clock: Clock
) -> None:
    checkpoints = Checkpoints(store, folder)
    first = checkpoints.acquire()
    assert checkpoints.acquire() == first
    checkpoints.release(first)
    store.commit(Change([quad("a")]), **WHO)
    clock.now += 1
    second = checkpoints.acquire()
    assert sorted(folder.iterdir()) == sorted([first, second])
    checkpoints.release(first)
    assert list(folder.iterdir()) == [second]
    checkpoints.release(second)  # the newest stays for whoever comes next
    assert list(folder.iterdir()) == [second]


def test_an_unused_old_checkpoint_goes_when_the_next_is_made(
    store: AnyStore, folder: Path, quad: Make, clock: Clock
) -> None:
    checkpoints = Checkpoints(store, folder)
    checkpoints.release(checkpoints.acquire())
    store.commit(Change([quad("a")]), **WHO)
    clock.now += 1
    second = checkpoints.acquire()
    assert list(folder.iterdir()) == [second]


def test_strays_of_a_crash_are_deleted_at_start(store: AnyStore, folder: Path) -> None:
    (folder / "7.draft").mkdir(parents=True)
    (folder / "7.draft" / "CURRENT").write_text("half a checkpoint")
    (folder / "6").mkdir()
    (folder / "someone's").mkdir()
    checkpoint = Checkpoints(store, folder).acquire()
    assert set(folder.iterdir()) == {checkpoint, folder / "someone's"}


def test_a_checkpoint_can_be_read_while_the_store_is_written(
    store: AnyStore, folder: Path, quad: Make
) -> None:
    store.load([quad(f"s{n}") for n in range(1000)], **WHO)
    checkpoint = Oxigraph.read_only(str(Checkpoints(store, folder).acquire()))
    store.replace_graph(NamedNode("urn:g"), [], **WHO)
    assert len(list(checkpoint)) == 1000
