"""The drill: a backup made under load restores, and a bad one is refused."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from kinds import AnyStore, Opener
from pyoxigraph import Quad

from kb.errors import StoreError
from kb.store.backup import restore
from kb.store.protocol import Change

Make = Callable[..., Quad]
WHO = {"actor": "a", "action": "b"}


@pytest.fixture
def backup(store: AnyStore, tmp_path: Path, quad: Make) -> Path:
    """A backup of a store of five entries and 104 quads."""
    store.load([quad(f"s{n}") for n in range(100)], **WHO)
    for n in range(4):
        store.commit(Change([quad(f"t{n}")]), **WHO)
    store.backup(tmp_path / "backup")
    return tmp_path / "backup"


def test_a_backup_under_load_restores_to_a_state_that_the_store_was_in(
    opener: Opener, store: AnyStore, tmp_path: Path, quad: Make
) -> None:
    store.load([quad(f"s{n}") for n in range(2000)], **WHO)
    done = threading.Event()

    def commit() -> None:
        while not done.is_set():
            n = store.sequence
            store.commit(Change([quad("counter", o=n)], [quad("counter", o=n - 1)]), **WHO)

    writer = threading.Thread(target=commit)
    writer.start()
    store.backup(tmp_path / "backup")
    done.set()
    writer.join()

    manifest = restore(tmp_path / "backup", tmp_path / "restored")
    head = next(store.entries(manifest.entries - 1)).hash.hex()
    assert manifest.head == head
    assert manifest.applied <= manifest.entries <= store.sequence
    with opener(tmp_path / "restored") as restored:
        assert restored.sequence == restored.verify() == manifest.entries
        found = set(restored.match(None, None, None))
        counter = [quad("counter", o=manifest.entries - 1)] if manifest.entries > 1 else []
        assert found == {quad(f"s{n}") for n in range(2000)} | set(counter)
        restored.commit(Change([quad("new")]), **WHO)


def test_the_manifest_counts_and_names_the_head_of_the_chain(store: AnyStore, backup: Path) -> None:
    assert sorted(path.name for path in backup.iterdir()) == ["journal.sqlite", "manifest.json", "quads-1"]
    last = next(store.entries(4))
    assert json.loads((backup / "manifest.json").read_text()) == {
        "entries": 5,
        "head": last.hash.hex(),
        "applied": 5,
        "quads": 104,
    }


def spoil_journal(backup: Path) -> None:
    with closing(sqlite3.connect(backup / "journal.sqlite")) as connection:
        connection.execute("UPDATE entry SET actor = 'x' WHERE sequence = 3")
        connection.commit()


def cut_journal(backup: Path) -> None:
    with closing(sqlite3.connect(backup / "journal.sqlite")) as connection:
        connection.execute("DELETE FROM entry WHERE sequence = 5")
        connection.commit()


def miscount(backup: Path) -> None:
    manifest = json.loads((backup / "manifest.json").read_text())
    (backup / "manifest.json").write_text(json.dumps(manifest | {"quads": 105}))


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (spoil_journal, "store.chain-broken"),
        (cut_journal, "backup.differs"),
        (miscount, "backup.differs"),
        (lambda backup: (backup / "manifest.json").unlink(), "backup.incomplete"),
        (lambda backup: (backup / "manifest.json").write_text("{}"), "backup.incomplete"),
        (lambda backup: shutil.rmtree(backup / "quads-1"), "backup.incomplete"),
    ],
)
def test_a_bad_backup_is_refused_and_leaves_no_store(
    backup: Path, tmp_path: Path, spoil: Callable[[Path], None], code: str
) -> None:
    spoil(backup)
    with pytest.raises(StoreError) as error:
        restore(backup, tmp_path / "restored")
    assert error.value.faults[0].code == code
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "store"]


def test_restoring_over_something_is_refused(store: AnyStore, backup: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        restore(backup, tmp_path / "store")
    assert error.value.faults[0].code == "backup.exists"


def test_the_journal_of_a_backup_alone_is_a_whole_store(
    opener: Opener, store: AnyStore, backup: Path, tmp_path: Path
) -> None:
    (tmp_path / "alone").mkdir()
    shutil.copy(backup / "journal.sqlite", tmp_path / "alone")
    with opener(tmp_path / "alone") as alone:
        assert set(alone.match(None, None, None)) == set(store.match(None, None, None))
