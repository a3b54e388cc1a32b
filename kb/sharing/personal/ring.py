"""Data keys in ``personal-keys.sqlite``: each wrapped by the master key, each for one record of one dataset.

This file is not the journal: a row deleted here is gone (SQLite overwrites it, ``secure_delete``), and with
it whatever journal, checkpoints and backups of the store still hold in ciphertext.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kb.errors import StoreError
from kb.sharing.personal import PersonalFault
from kb.sharing.personal.ciphertext import bound
from kb.sharing.personal.master import BYTES, Master

NAME = "personal-keys.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY, graph TEXT NOT NULL, subject TEXT NOT NULL, master TEXT NOT NULL,
    wrapped BLOB NOT NULL, delivered REAL NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS keys_of ON keys (graph, delivered);
"""


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key for the record *subject* (IRI) in *graph*; *delivered* is in POSIX seconds."""

    id: str
    graph: str
    subject: str
    delivered: float
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls, graph: str, subject: str, delivered: float | None = None) -> DataKey:
        """Return a new key."""
        moment = time.time() if delivered is None else delivered
        return cls(os.urandom(12).hex(), graph, subject, moment, os.urandom(BYTES))

    @property
    def place(self) -> bytes:
        """What the wrapped key is bound to."""
        return bound(self.id, self.graph, self.subject)


class Ring:
    """The data keys in the folder *home*; thread-safe."""

    def __init__(self, home: Path) -> None:
        """Open the file, which is made, for its owner alone, if need be."""
        self._path = home / NAME
        self._lock = threading.Lock()
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        with self._open() as database:
            database.executescript(_SCHEMA)

    def add(self, keys: Iterable[DataKey], master: Master) -> None:
        """Keep *keys*, wrapped by *master*: durable when it returns."""
        rows = [
            (key.id, key.graph, key.subject, master.id, master.wrap(key.secret, key.place), key.delivered)
            for key in keys
        ]
        with self._open() as database:
            database.executemany("INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?)", rows)

    def get(self, key_id: str, master: Master) -> DataKey:
        """Return the key *key_id*.

        :raises PersonalFault: ``personal.erased``, ``personal.other-key``, ``personal.unreadable``.
        """
        with self._open() as database:
            row = database.execute("SELECT * FROM keys WHERE id = ?", (key_id,)).fetchone()
        if row is None:
            zh, en = "此项已删除，无法恢复", "this was erased and cannot be had back"
            raise PersonalFault.of("personal.erased", zh, en)
        _, graph, subject, needed, wrapped, delivered = row
        if needed != master.id:
            raise PersonalFault.of(
                "personal.other-key",
                f"需要主密钥 {needed}，配置的是 {master.id}",
                f"this takes the master key {needed}, the one configured is {master.id}",
                repair=("配置当时的密钥", "configure the key that was used"),
            )
        secret = master.unwrap(wrapped, bound(key_id, graph, subject))
        return DataKey(key_id, graph, subject, delivered, secret)

    def renew(self, key_ids: Iterable[str], moment: float) -> None:
        """Note that what the keys encrypt was delivered again at *moment*."""
        with self._open() as database:
            database.executemany(
                "UPDATE keys SET delivered = ? WHERE id = ?", [(moment, one) for one in key_ids]
            )

    def forget(self, key_ids: Iterable[str]) -> None:
        """Erase keys; what they encrypt is lost, wherever copies of it are."""
        with self._open() as database:
            database.executemany("DELETE FROM keys WHERE id = ?", [(one,) for one in key_ids])

    def delivered(self, graph: str) -> list[tuple[str, float]]:
        """Return the records of *graph*, each with when it was delivered last, oldest first."""
        with self._open() as database:
            return database.execute(
                "SELECT subject, max(delivered) FROM keys WHERE graph = ? GROUP BY 1 ORDER BY 2",
                (graph,),
            ).fetchall()

    def ids(self) -> list[str]:
        """Return the ids of all keys."""
        with self._open() as database:
            return [one for (one,) in database.execute("SELECT id FROM keys ORDER BY id")]

    def masters(self) -> set[str]:
        """Return the ids of the master keys that data keys are wrapped with."""
        with self._open() as database:
            return {one for (one,) in database.execute("SELECT DISTINCT master FROM keys")}

    def held(self) -> list[tuple[str, int, float]]:
        """Return for each graph how many records it has, and when the oldest was delivered."""
        with self._open() as database:
            return database.execute(
                "SELECT graph, count(DISTINCT subject), min(delivered) FROM keys GROUP BY graph ORDER BY 1"
            ).fetchall()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection whose transaction is committed, durably, at the end."""
        with self._lock:
            try:
                database = sqlite3.connect(self._path, timeout=10)
                try:
                    database.execute("PRAGMA secure_delete = ON")
                    database.execute("PRAGMA synchronous = EXTRA")
                    with database:
                        yield database
                finally:
                    database.close()
            except sqlite3.Error as error:
                zh, en = f"数据密钥文件有误：{error}", f"the file of data keys is faulty: {error}"
                raise StoreError.of("store.keys", zh, en, where=str(self._path)) from error
