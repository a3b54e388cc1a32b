"""The journal as an audit chain: whatever is altered is found, and where."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from kinds import Opener
from pyoxigraph import Quad

from kb.errors import StoreError
from kb.store import journal as module
from kb.store.journal import Journal
from kb.store.protocol import Change

Make = Callable[..., Quad]
ENTRIES = 12


@pytest.fixture
def path(tmp_path: Path, quad: Make) -> Path:
    """A journal of twelve entries."""
    path = tmp_path / "journal.sqlite"
    with closing(Journal(path)) as journal:
        for n in range(1, ENTRIES + 1):
            journal.append(Change([quad(f"s{n}")]), actor="a", action="b", reason=f"r{n}", key=f"k{n}")
    return path


def tamper(path: Path, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement, values)
        connection.commit()


def complaint(path: Path) -> str:
    with pytest.raises(StoreError) as error:
        Journal(path)
    fault = error.value.faults[0]
    assert fault.code == "store.chain-broken"
    assert fault.repair is not None
    return fault.message.en


def test_an_untouched_chain_verifies(path: Path) -> None:
    with closing(Journal(path)) as journal:
        assert journal.verify() == ENTRIES
        assert journal.sequence == ENTRIES


@pytest.mark.parametrize("column", ["time", "actor", "action", "reason", "key", "delta", "previous", "hash"])
def test_an_edited_field_is_found_with_its_sequence_number(path: Path, column: str) -> None:
    value = b"\x00" * 32 if column in ("delta", "previous", "hash") else "another"
    tamper(path, f"UPDATE entry SET {column} = ? WHERE sequence = 5", value)
    assert "entry 5 " in complaint(path)


def test_a_removed_entry_is_found(path: Path) -> None:
    tamper(path, "DELETE FROM entry WHERE sequence = 7")
    assert "entry 7 is missing" in complaint(path)


def test_a_removed_first_entry_is_found(path: Path) -> None:
    tamper(path, "DELETE FROM entry WHERE sequence = 1")
    assert "entry 1 is missing" in complaint(path)


def test_an_entry_with_a_matching_hash_but_no_link_is_found(path: Path) -> None:
    with closing(Journal(path)) as journal:
        entry = next(journal.entries(3))
    forged = dataclasses.replace(entry, reason="forged")
    tamper(path, "UPDATE entry SET reason = 'forged', hash = ? WHERE sequence = 4", module._digest(forged))
    assert "entry 5 does not follow" in complaint(path)


def test_two_entries_in_each_others_place_are_found(path: Path) -> None:
    for old, new in ((6, 100), (8, 6), (100, 8)):
        tamper(path, "UPDATE entry SET sequence = ? WHERE sequence = ?", new, old)
    assert "entry 6 " in complaint(path)


def test_opening_checks_the_tail_and_verify_checks_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TAIL", 5)
    tamper(path, "UPDATE entry SET actor = 'x' WHERE sequence = 2")
    with closing(Journal(path)) as journal, pytest.raises(StoreError, match="entry 2 was altered"):
        journal.verify()
    tamper(path, "UPDATE entry SET actor = 'x' WHERE sequence = 9")
    assert "entry 9 " in complaint(path)


def test_no_two_entries_hash_alike_because_a_boundary_moved(path: Path) -> None:
    with closing(Journal(path)) as journal:
        entry = next(journal.entries())
    base = dataclasses.replace(entry, actor="ab", action="c", reason="", key=None)
    others = [
        dataclasses.replace(base, actor="a", action="bc"),
        dataclasses.replace(base, action="", reason="c"),
        dataclasses.replace(base, key=""),
    ]
    digests = {module._digest(each) for each in [base, *others]}
    assert len(digests) == 4


def test_a_journal_cut_off_at_its_end_is_found_by_the_marker(
    opener: Opener, tmp_path: Path, quad: Make
) -> None:
    with opener(tmp_path) as store:
        for n in range(5):
            store.commit(Change([quad(f"s{n}")]), actor="a", action="b")
    tamper(tmp_path / "journal.sqlite", "DELETE FROM entry WHERE sequence > 3")
    with pytest.raises(StoreError, match="entry 4 was applied, but the journal lacks it"):
        opener(tmp_path)


def test_a_journal_rewritten_to_its_end_is_found_by_the_marker(
    opener: Opener, tmp_path: Path, quad: Make
) -> None:
    for folder, who in ((tmp_path / "true", "a"), (tmp_path / "forged", "b")):
        with opener(folder) as store:
            store.commit(Change([quad("s")]), actor=who, action="b")
    (tmp_path / "forged/journal.sqlite").replace(tmp_path / "true/journal.sqlite")
    with pytest.raises(StoreError, match="entry 1 was applied, but the journal lacks it or has another"):
        opener(tmp_path / "true")


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database at all, and long enough to be read as a header" * 9)
    tamper(tmp_path / "other", "CREATE TABLE entry (a)")
    for name in ("text", "other"):
        with pytest.raises(StoreError) as error:
            Journal(tmp_path / name)
        assert error.value.faults[0].code == "store.journal"


def test_a_reader_of_the_journal_has_a_frozen_view_and_does_not_stop_the_writer(
    path: Path, quad: Make
) -> None:
    with closing(Journal(path)) as journal:
        reading = journal.entries()
        assert next(reading).sequence == 1
        journal.append(Change([quad("new")]), actor="a", action="b")
        assert [entry.sequence for entry in reading] == list(range(2, ENTRIES + 1))
        assert [entry.sequence for entry in journal.entries(ENTRIES)] == [ENTRIES + 1]
