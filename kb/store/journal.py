"""The journal: the truth of the store and its audit chain, in one SQLite file.

An entry is durable when :meth:`Journal.append` returns: SQLite writes ahead (WAL) and syncs the
disk at every commit (``synchronous=FULL``). Each entry carries the hash of the one before, so an
entry edited, removed or slipped in breaks the chain at a known number. A chain cut off at its
end, or rewritten to the end, is intact in itself; the marker in Oxigraph (:mod:`kb.store.quads`)
and the head hash in every backup's manifest (:mod:`kb.store.backup`) tell.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path

from kb.errors import StoreError, XiezhiError
from kb.store import delta
from kb.store.protocol import Change, Entry

GENESIS = bytes(32)
"""The hash before the first entry."""

TAIL = 1000
"""How many entries opening checks, from the end."""

_FIELDS = attrgetter(*(field.name for field in fields(Entry)))
_APPLICATION = 0x78696568  # "xieh"
_CREATE = (
    "PRAGMA application_id = 0x78696568",
    """
    CREATE TABLE entry (
        sequence INTEGER PRIMARY KEY,
        time     TEXT NOT NULL,
        actor    TEXT NOT NULL,
        action   TEXT NOT NULL,
        reason   TEXT NOT NULL,
        key      TEXT UNIQUE,
        delta    BLOB NOT NULL,
        previous BLOB NOT NULL,
        hash     BLOB NOT NULL
    ) STRICT
    """,
)


class Journal:
    """An append-only, hash-chained list of changes in the SQLite file *path*.

    Opening creates the file if need be and checks the last :data:`TAIL` entries, which takes
    some milliseconds however long the journal is. :meth:`verify` checks all of them; the server
    calls it at start. Appends wait for one another; any number of threads may read meanwhile.

    :raises StoreError: ``store.chain-broken``, or ``store.journal`` where the file is no journal.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the file."""
        self.path = path
        self.sequence, self.head = 0, GENESIS
        self._lock = threading.Lock()
        with ExitStack() as undo:
            undo.enter_context(self._explained("日志文件无法读取", "the journal cannot be read"))
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._connection = undo.enter_context(closing(connection))
            self._prepare()
            self.reread()
            undo.pop_all()

    def reread(self) -> None:
        """Look how far the file has come: Ctrl-C may strike between an entry and its being counted."""
        with self._lock, self._explained("日志文件无法读取", "the journal cannot be read"):
            last = self._connection.execute("SELECT max(sequence) FROM entry").fetchone()[0]
            self.sequence = last or 0
        self.verify(after=max(0, self.sequence - TAIL))
        for entry in self.entries(self.sequence - 1):
            self.head = entry.hash

    def append(
        self, change: Change, *, actor: str, action: str, reason: str = "", key: str | None = None
    ) -> Entry:
        """Write *change* as the next entry, sync the disk and return the entry.

        :raises StoreError: ``store.journal`` where the disk refuses; nothing was written then.
        """
        blob = delta.pack(change.additions, change.removals)
        with self._lock:
            time = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
            entry = Entry(self.sequence + 1, time, actor, action, reason, key, blob, self.head, b"")
            entry = replace(entry, hash=_digest(entry))
            self._write(entry)
            self.sequence, self.head = entry.sequence, entry.hash
        return entry

    def find(self, key: str) -> Entry | None:
        """Return the entry with the idempotency *key*, if there is one."""
        with self._lock, self._explained("日志文件无法读取", "the journal cannot be read"):
            row = self._connection.execute("SELECT * FROM entry WHERE key = ?", (key,)).fetchone()
        return Entry(*row) if row else None

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """Yield the entries after number *after* in order, unchecked, as they are now."""
        with (
            self._explained("日志文件无法读取", "the journal cannot be read"),
            # A connection of its own: WAL then gives it a frozen view beside the writer.
            closing(sqlite3.connect(self.path, check_same_thread=False)) as connection,
        ):
            for row in connection.execute(
                "SELECT * FROM entry WHERE sequence > ? ORDER BY sequence", (after,)
            ):
                yield Entry(*row)

    def verify(self, after: int = 0) -> int:
        """Check the entries after number *after*; return how many there are.

        Every field, the link to the entry before and gaps are checked. A million entries
        take some ten seconds, so a whole journal can be checked at every start.

        :raises StoreError: ``store.chain-broken``, naming the first bad sequence number.
        """
        previous, expected = GENESIS, after + 1
        for entry in self.entries(max(0, after - 1)):
            if entry.sequence > after:
                if entry.sequence != expected:
                    raise self._broken(expected, "缺失", "is missing")
                if entry.hash != _digest(entry):
                    raise self._broken(expected, "被改动", "was altered")
                if entry.previous != previous:
                    raise self._broken(expected, "与前一条不衔接", "does not follow from the one before")
                expected += 1
            previous = entry.hash
        return expected - after - 1

    def backup(self, path: Path) -> None:
        """Write a consistent copy of the journal to the new file *path*; appends go on."""
        with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(path)) as target:
            source.backup(target)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _write(self, entry: Entry) -> None:
        """Hand *entry* to the disk and wait until it has it."""
        with self._explained(
            "日志无法写入，未做任何更改", "the journal cannot be written, nothing was changed"
        ):
            self._connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _FIELDS(entry))

    def _prepare(self) -> None:
        execute = self._connection.execute
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        execute("PRAGMA fullfsync = ON")  # macOS: fsync alone does not reach the disk
        if execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,):
            for statement in ("BEGIN", *_CREATE, "COMMIT"):
                execute(statement)
        elif execute("PRAGMA application_id").fetchone() != (_APPLICATION,):
            raise sqlite3.DatabaseError("not a journal of Xiezhi")

    @contextmanager
    def _explained(self, zh: str, en: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError.of(
                "store.journal",
                f"{zh}：{error}",
                f"{en}: {error}",
                where=str(self.path),
                repair=("检查磁盘空间和权限", "check the disk's space and permissions"),
            ) from error

    def _broken(self, sequence: int, zh: str, en: str) -> XiezhiError:
        return StoreError.of(
            "store.chain-broken",
            f"审计链断裂：第 {sequence} 条{zh}",
            f"the audit chain is broken: entry {sequence} {en}",
            where=str(self.path),
            repair=(
                "停用此目录，查明何人改动，再从备份恢复",
                "stop using this folder, find out who changed it, then restore a backup",
            ),
        )


def _digest(entry: Entry) -> bytes:
    """Hash all fields but the hash itself, each behind its length, so no two entries look alike."""
    digest = hashlib.sha256()
    for value in _FIELDS(entry)[:-1]:
        data = value if isinstance(value, bytes) else b"" if value is None else str(value).encode()
        length = -1 if value is None else len(data)
        digest.update(length.to_bytes(8, "big", signed=True) + data)
    return digest.digest()
