"""What is pushed is kept once, whatever is sent again, breaks off or is no observation."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.inference.relational.connection import Connection
from kb.resources import folder
from kb.sensing import inbox as module
from kb.sensing import source, table
from kb.sensing.inbox import Inbox
from kb.sensing.table import ObservationsRefused

PUSHED = source.source(source.Files(folder("ontology") / "observations.ttl"), "pushed")


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "pushed", PUSHED)


def line(identifier: str, **changed) -> bytes:
    given = {
        "id": identifier,
        "time": "2026-07-01T08:00:00",
        "longitude": 117.1,
        "latitude": 36.6,
        "category": "fire",
    }
    return json.dumps(given | changed).encode() + b"\n"


def refused(inbox: Inbox, lines: bytes) -> list[str]:
    with pytest.raises(ObservationsRefused) as caught:
        inbox.push(lines)
    assert all(fault.message.zh and fault.message.en for fault in caught.value.faults)
    return [fault.where for fault in caught.value.faults]


def test_what_is_sent_again_is_stored_once(inbox):
    assert inbox.push(line("a") + line("b") + line("a")) == module.Taken(2, 0)
    assert inbox.push(line("b") + line("c")) == module.Taken(1, 1)
    assert len(inbox) == 3


def test_a_batch_with_a_wrong_line_is_refused_as_a_whole_and_every_line_is_named(inbox):
    lines = line("a") + b"no json\n" + line("b", latitude=91) + line("c", category="lottery") + b"[]\n"
    lines += line("d", colour="red") + line("e", time="yesterday")
    lines += line("", value="x") + line("f", value="x")
    assert refused(inbox, lines) == [f"line {number}" for number in range(2, 10)]
    assert len(inbox) == 0
    assert inbox.files() == []


def test_too_much_at_once_is_refused(inbox):
    with pytest.raises(ObservationsRefused, match=r"sensing\.many"):
        inbox.push(b"".join(line(str(number)) for number in range(module.BATCH + 1)))
    with pytest.raises(ObservationsRefused, match=r"sensing\.large"):
        inbox.push(b" " * (module.SIZE + 1))


def test_a_time_with_a_zone_becomes_the_time_of_the_place(inbox):
    inbox.push(line("a", time="2026-07-01T00:00:00Z"))
    (path,) = inbox.files()
    assert pq.read_table(path)["time"].to_pylist()[0].hour == 8


def test_what_a_crash_left_behind_does_not_count_and_goes(inbox, tmp_path):
    inbox.push(line("a"))
    stray = tmp_path / "pushed" / "stray.parquet"
    stray.write_bytes(inbox.files()[0].read_bytes())
    assert stray not in inbox.files()
    inbox.push(line("b"))
    assert not stray.exists()
    assert len(Inbox(tmp_path / "pushed", PUSHED)) == 2


def test_many_small_files_become_one_and_nothing_is_lost(inbox, monkeypatch):
    monkeypatch.setattr(module, "FILES", 3)
    for number in range(7):
        inbox.push(line(str(number)))
    assert len(inbox.files()) < 4
    kept = [identifier for path in inbox.files() for identifier in pq.read_table(path)["id"].to_pylist()]
    assert sorted(kept) == [str(number) for number in range(7)]


def test_what_was_pushed_is_read_as_a_table(inbox):
    inbox.push(line("a") + line("b", value=3))
    with Connection() as connection:
        rows = table.read(connection, PUSHED, *inbox.files(), categories=["fire"]).to_pyarrow().to_pylist()
    assert sorted(row["value"] for row in rows) == [1, 3]


JSON = st.recursive(st.none() | st.floats() | st.text(max_size=9), st.lists)


@settings(deadline=None)
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_taken_or_refused(lines):
    box = Inbox.__new__(Inbox)
    box.source, box._begins = PUSHED, ("fire",)
    with suppress(ObservationsRefused):
        assert len(box.read(lines)) <= lines.count(b"\n") + 1
