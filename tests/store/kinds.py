"""The two kinds of store behind one opener, so that a test of the protocol is a test of both."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from sparql_server import SparqlServer, SparqlServers

from kb.store.admission import RESERVE
from kb.store.embedded import EmbeddedStore, open_store
from kb.store.quads import Quads
from kb.store.remote import RemoteStore, open_remote
from kb.store.remote_quads import RemoteQuads

AnyStore: TypeAlias = EmbeddedStore | RemoteStore


class Opener:
    """Opens stores of one kind: ``opener(folder)``; the same folder has the same server, each its own."""

    def __init__(self, kind: str, servers: SparqlServers) -> None:
        self.kind, self._servers = kind, servers
        self.used: dict[Path, SparqlServer] = {}

    def __call__(self, folder: Path, *, reserve: int = RESERVE) -> AnyStore:
        if self.kind == "embedded":
            return open_store(folder, reserve=reserve)
        return open_remote(folder, self.server(folder).url, reserve=reserve, timeout=10)

    @property
    def engine(self) -> type:
        """The class below the journal, to be disturbed."""
        return Quads if self.kind == "embedded" else RemoteQuads

    def server(self, folder: Path) -> SparqlServer:
        if folder not in self.used:
            self.used[folder] = self._servers.take()
        return self.used[folder]

    def give_back(self) -> None:
        for server in self.used.values():
            self._servers.give_back(server)
