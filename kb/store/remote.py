"""The store of a city that outgrew one machine: the journal here, the quads in a SPARQL 1.1 server.

The folder is that of an embedded store (:mod:`kb.store.embedded`), so a backup of either restores as the
other; but Oxigraph's files are made only when somebody wants a frozen copy: what strangers query, a backup.
They come from the journal, not from the server, so they cost no minutes of HTTP and hold nothing that was
not committed here, whoever else may have written to the server.

**Outages.** A commit is durable when the journal has it, whether the server answers or not. Reads, and
commits after a change that could not be applied, catch up first, or say that the server is unreachable;
nobody has to open the store again. How a change is applied: :mod:`kb.store.remote_quads`.

Only this store may write to the server, and nobody else should reach it: it knows no rights.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pyoxigraph import NamedNode, Quad

from kb.store import server
from kb.store.admission import RESERVE
from kb.store.journalled import JournalledStore
from kb.store.protocol import Subject, Term
from kb.store.quads import Quads
from kb.store.recovery import catch_up, open_quads
from kb.store.remote_quads import RemoteQuads
from kb.store.server import Server


def open_remote(
    folder: Path,
    url: str,
    token: str | None = None,
    *,
    reserve: int = RESERVE,
    timeout: float = server.TIMEOUT,
) -> RemoteStore:
    """Open the store whose journal is in *folder* and whose quads are at *url*; see :class:`Server`.

    An empty server is filled from the journal, one that lags catches up.

    :param timeout: seconds without a sign of the server after which it counts as lost.
    :raises StoreError: ``store.locked``, ``store.chain-broken``, ``store.journal``; ``store.unreachable``,
        ``store.timeout``, ``store.incomplete``, ``store.remote`` (what is wrong with the server),
        ``store.foreign`` (it holds data that is not ours).
    :raises InputError: ``address.invalid``.
    """
    return RemoteStore(folder, Server(url, token, timeout=timeout), reserve=reserve)


class RemoteStore(JournalledStore[RemoteQuads]):
    """A :class:`kb.store.protocol.Store` of a journal here and quads elsewhere; see :func:`open_remote`."""

    def __init__(self, folder: Path, sparql: Server, *, reserve: int = RESERVE) -> None:
        """Open the folder; see :func:`open_remote`."""
        self._server = sparql
        self._freezing = threading.Lock()
        self._copy: Quads | None = None
        super().__init__(folder, reserve=reserve)

    @property
    def server(self) -> Server:
        """The server with the quads."""
        return self._server

    def rebuild(self) -> None:
        """Empty the server and fill it from the journal; who reads meanwhile sees it grow."""
        with self._writing, server.explained(self._server.shown):
            self._behind.close()
            self._quads.empty()
            self._catch_up(self._quads)

    def match(
        self, s: Subject | None, p: NamedNode | None, o: Term | None, graph: NamedNode | None = None
    ) -> Iterator[Quad]:
        """Return the quads that fit; ``None`` fits everything."""
        if self._failure:  # a load that an outage cut short
            self._recover()
        return super().match(s, p, o, graph)

    def close(self) -> None:
        """Release the folder and the server, once the results still in use are dropped."""
        with self._freezing:
            if self._copy is not None:
                self._copy.close()
                self._copy = None
        super().close()

    @contextmanager
    def _frozen(self) -> Iterator[Quads]:
        with self._freezing:
            _ = self._quads  # of a closed store there is no copy
            if self._copy is None:
                self._copy = open_quads(self.folder, self._journal)
            self._copy.replay(self._journal.entries(self._copy.marker.sequence))
            yield self._copy

    def _settle(self) -> None:
        if self._failure:
            self._recover()
        super()._settle()

    def _open(self) -> RemoteQuads:
        with ExitStack() as undo:
            undo.callback(self._server.close)
            undo.enter_context(server.explained(self._server.shown))
            quads = RemoteQuads(self._server)
            catch_up(quads, self._journal, self._server.shown)
            undo.pop_all()
        return quads

    def _recover(self) -> None:
        """Catch up with the journal, if the server answers again."""
        with self._writing:
            if self._failure or self._behind.failure:
                self._behind.close()
                self._journal.reread()
                with server.explained(self._server.shown):
                    self._quads.reread()
                    self._catch_up(self._quads)

    def _catch_up(self, quads: RemoteQuads) -> None:
        catch_up(quads, self._journal, self._server.shown)
        self._renewed()
