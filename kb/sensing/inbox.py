"""What is pushed: each observation once, by its id, kept as Parquet files that the engines read.

A batch becomes one Parquet file; then one SQLite transaction notes the file and the ids in it, and only a
noted file counts. So a crash between the two leaves a stray that the next batch removes, and what is sent
again after a broken connection is taken for what it is. Small files are put together when there are many.

Limits: :data:`BATCH` observations of a push, :data:`SIZE` bytes; ids up to 100 characters.
"""

from __future__ import annotations

import json
import math
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from kb.errors import Fault, Text
from kb.sensing.source import Source
from kb.sensing.table import ObservationsRefused

BATCH = 10_000
"""The most observations of one push."""
SIZE = 8 << 20
"""The most bytes of one push."""
FAULTS = 20
"""So many faults are told of a batch."""
FILES = 200
"""From so many files on, they are put together."""
KEYS = ("id", "time", "longitude", "latitude", "category", "value")
SCHEMA = pa.schema(
    [("id", pa.string()), ("time", pa.timestamp("us")), ("longitude", pa.float64()),
     ("latitude", pa.float64()), ("category", pa.string()), ("value", pa.float64())]
)  # fmt: skip
Row = tuple[str, datetime, float, float, str, float]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a push: how many were *stored*, how many were there before."""

    stored: int
    duplicates: int


class Inbox:
    """The pushed observations of one source, in *folder*; threads may share it."""

    def __init__(self, folder: Path, source: Source) -> None:
        self._folder, self.source = folder, source
        self._begins = tuple(begins for begins, _ in source.categories)
        self._writing = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        with closing(self._open()) as notes, notes:
            notes.execute("CREATE TABLE IF NOT EXISTS file (name TEXT PRIMARY KEY, number INTEGER NOT NULL)")
            notes.execute("CREATE TABLE IF NOT EXISTS known (id TEXT PRIMARY KEY) WITHOUT ROWID")
            notes.execute("CREATE TABLE IF NOT EXISTS place (name TEXT PRIMARY KEY, at INTEGER NOT NULL)")

    def push(self, lines: bytes) -> Taken:
        """Take a batch of JSON lines, wholly or not at all.

        :raises ObservationsRefused: ``sensing.push``, with every line that is wrong, up to :data:`FAULTS`.
        """
        return self.take(self.read(lines))

    def read(self, lines: bytes) -> list[Row]:
        """Return the observations of JSON *lines*.

        :raises ObservationsRefused: see :meth:`push`.
        """
        if len(lines) > SIZE:
            raise ObservationsRefused.of(
                "sensing.large",
                f"一次推送超过 {SIZE} 字节",
                f"a push has more than {SIZE} bytes",
                repair=("分成几次", "send it in parts"),
            )
        rows: list[Row] = []
        faults: list[Fault] = []
        for number, line in enumerate(lines.split(b"\n"), 1):
            if not line.strip():
                continue
            found = self._row(line, f"line {number}")
            if isinstance(found, Fault):
                faults.append(found)
            else:
                rows.append(found)
            if len(faults) >= FAULTS:
                break
            if len(rows) > BATCH:
                raise ObservationsRefused.of(
                    "sensing.many",
                    f"一次推送超过 {BATCH} 条",
                    f"a push has more than {BATCH} observations",
                    repair=("分成几次", "send it in parts"),
                )
        if faults:
            raise ObservationsRefused(faults)
        return rows

    def take(self, rows: Iterable[Row], offsets: dict[str, int] | None = None) -> Taken:
        """Store those of *rows* that are new; with *offsets*, note in the same transaction how far one read.

        :param offsets: the next place to read from, by a name of the caller's choice (a topic's partition).
        """
        with self._writing, closing(self._open()) as notes:
            self._tidy(notes)
            given = {row[0]: row for row in rows}
            listed = list(given)
            known = {
                identifier
                for begin in range(0, len(listed), 500)
                for (identifier,) in _in(notes, listed[begin : begin + 500])
            }
            fresh = [row for row in given.values() if row[0] not in known]
            name = f"{uuid4().hex}.parquet"
            if fresh:
                columns = list(zip(*fresh, strict=True))
                arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
                pq.write_table(pa.table(arrays, schema=SCHEMA), self._folder / name)
            with notes:
                if fresh:
                    notes.execute("INSERT INTO file VALUES (?, ?)", (name, len(fresh)))
                    notes.executemany("INSERT INTO known VALUES (?)", [(row[0],) for row in fresh])
                for place, at in (offsets or {}).items():
                    notes.execute("INSERT OR REPLACE INTO place VALUES (?, ?)", (place, at))
            return Taken(len(fresh), len(given) - len(fresh))

    def places(self) -> dict[str, int]:
        """Return from where to read on, by the names that :meth:`take` was told."""
        with closing(self._open()) as notes:
            return dict(notes.execute("SELECT name, at FROM place"))

    def files(self) -> list[Path]:
        """Return the files that hold what was taken."""
        with closing(self._open()) as notes:
            names = [name for (name,) in notes.execute("SELECT name FROM file ORDER BY name")]
        return [self._folder / name for name in names]

    def __len__(self) -> int:
        """How many observations there are."""
        with closing(self._open()) as notes:
            (number,) = notes.execute("SELECT coalesce(sum(number), 0) FROM file").fetchone()
        return int(number)

    def _row(self, line: bytes, where: str) -> Row | Fault:
        def wrong(zh: str, en: str) -> Fault:
            return Fault("sensing.push", Text(zh, en), where)

        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            return wrong("不是 JSON", "this is no JSON")
        if not isinstance(data, dict):
            return wrong("不是对象", "this is no object")
        if unknown := sorted(set(data) - set(KEYS)):
            return wrong(f"未知的键 {unknown[0][:40]}", f"unknown key {unknown[0][:40]}")
        identifier, category = data.get("id"), data.get("category")
        if not (isinstance(identifier, str) and 0 < len(identifier) <= 100):
            return wrong("id 应为 1 至 100 个字符的文字", "id is a text of 1 to 100 characters")
        if not (isinstance(category, str) and any(category.startswith(c) for c, _ in self.source.categories)):
            words = ", ".join(sorted(self._begins))
            return wrong(f"未知的类别，可用：{words}", f"unknown category; there are {words}")
        longitude, latitude, value = (_number(data.get(key, default)) for key, default in _NUMBERS)
        if longitude is None or latitude is None or abs(longitude) > 180 or abs(latitude) > 90:
            return wrong("经纬度不在地球上", "longitude and latitude are not on the earth")
        if value is None:
            return wrong("value 不是数字", "value is no number")
        try:
            time = datetime.fromisoformat(data["time"])
        except (KeyError, ValueError, TypeError):
            return wrong("time 应为 ISO 8601 时间", "time is a moment in ISO 8601")
        if time.tzinfo is not None:
            time = time.astimezone(ZoneInfo(self.source.zone)).replace(tzinfo=None)
        return identifier, time, longitude, latitude, category, value

    def _tidy(self, notes: sqlite3.Connection) -> None:
        """Put small files together, and remove what a crash left."""
        names = {name for (name,) in notes.execute("SELECT name FROM file")}
        for path in self._folder.glob("*.parquet"):
            if path.name not in names:
                path.unlink()
        if len(names) < FILES:
            return
        whole = pa.concat_tables(pq.read_table(self._folder / name) for name in sorted(names))
        name = f"{uuid4().hex}.parquet"
        pq.write_table(whole, self._folder / name)
        with notes:
            notes.execute("DELETE FROM file")
            notes.execute("INSERT INTO file VALUES (?, ?)", (name, whole.num_rows))
        # The old files go with the next batch: somebody may be reading them.

    def _open(self) -> sqlite3.Connection:
        notes = sqlite3.connect(self._folder / "notes.sqlite", timeout=30)
        notes.execute("PRAGMA journal_mode = WAL")
        notes.execute("PRAGMA synchronous = FULL")
        return notes


_NUMBERS = (("longitude", None), ("latitude", None), ("value", 1))


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _in(notes: sqlite3.Connection, ids: list[str]) -> Iterator[tuple[str]]:
    wanted = "SELECT id FROM known WHERE id IN (SELECT value FROM json_each(?))"
    yield from notes.execute(wanted, (json.dumps(ids),))
