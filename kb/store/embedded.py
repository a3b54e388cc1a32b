"""The store on one machine: the journal first, then Oxigraph.

Layout of the folder::

    lock              held while the store is open
    journal.sqlite    the truth, with SQLite's -wal and -shm beside it
    quads-<n>/        Oxigraph; a rebuild makes the next n, the highest counts
    quads-<n>.broken  one that would not open, kept for inspection
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kb.store.admission import RESERVE
from kb.store.journalled import JournalledStore
from kb.store.quads import Quads, explained
from kb.store.recovery import open_quads, rebuild_quads


def open_store(folder: Path, *, reserve: int = RESERVE) -> EmbeddedStore:
    """Open the store in *folder*, which is made if need be; *reserve* is in bytes.

    What was committed before a crash or power cut is there. Oxigraph's files are a cache of the
    journal: where they lag, they catch up; where they are missing or damaged, they are made
    again, which takes minutes for ten million quads and is logged as an error.

    :raises StoreError: ``store.locked``, ``store.chain-broken``, ``store.journal``, ``store.engine``.
    """
    return EmbeddedStore(folder, reserve=reserve)


class EmbeddedStore(JournalledStore[Quads]):
    """A :class:`kb.store.protocol.Store` of a journal and Oxigraph; see :func:`open_store`."""

    def _open(self) -> Quads:
        with explained(self.folder, "无法打开", "the store cannot be opened"):
            return open_quads(self.folder, self._journal)

    @contextmanager
    def _frozen(self) -> Iterator[Quads]:
        self._settle()
        yield self._quads

    def rebuild(self) -> None:
        """Make Oxigraph's files again from the journal; reads go on, commits wait.

        For damage that shows while running. The old files go when the store is next opened.
        """
        with self._writing, explained(self.folder, "无法重建", "the files cannot be made again"):
            self._behind.close()
            self._opened = rebuild_quads(self.folder, self._journal)
            self._renewed()
