"""A copy of the store that holds only what some readers may see.

The engine cannot be told which graphs to leave out, only which to take, and a list of thousands makes it
crawl (reliability.md, section 2). So rights are enforced below the engine: a query of somebody who may not
see a graph runs on files in which that graph is not. No form of query can get round that.

A replica begins as a checkpoint of the store from which the hidden graphs are removed. From then on it
follows the journal and takes from every entry what its readers may see. Reading the same entry twice does no
harm, for the reason given in :mod:`kb.store.quads`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from pyoxigraph import NamedNode, Quad
from pyoxigraph import Store as Oxigraph

from kb.store.protocol import GraphName, Store
from kb.store.quads import BULK

Sees: TypeAlias = Callable[[NamedNode], bool]
"""Says of a named graph whether the readers of a replica may see it; always the same of the same graph."""


class Replica:
    """What *sees* shows of *store*, kept in the new folder *folder*. One thread uses it at a time."""

    def __init__(self, store: Store, sees: Sees, folder: Path) -> None:
        """Do nothing yet: the first checkpoint makes it."""
        self._store, self._sees, self._folder = store, sees, folder
        self._seen: dict[GraphName, bool] = {}
        self._copy: Oxigraph | None = None
        self._read = 0  # the last entry of the journal that is in the copy

    @property
    def sequence(self) -> int:
        """The number of the last change of the store: what the next checkpoint will show."""
        return self._store.sequence

    def checkpoint(self, folder: Path) -> int:
        """Write a frozen copy into the new *folder*; return the number of the last change in it."""
        if self._copy is None:
            self._copy = self._made()
        for entry in self._store.entries(self._read):
            change = entry.change
            for quad in self._seen_of(change.removals):
                self._copy.remove(quad)
            added = self._seen_of(change.additions)
            if len(added) >= BULK:
                self._copy.bulk_extend(added)
            elif added:
                self._copy.extend(added)
            self._read = entry.sequence
        self._copy.backup(folder)
        return self._read

    def close(self) -> None:
        """Delete the copy."""
        self._copy = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def _made(self) -> Oxigraph:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._read = self._store.checkpoint(self._folder)
        copy = Oxigraph(self._folder)
        for name in list(copy.named_graphs()):
            if not self._shows(name):
                copy.remove_graph(name)
        return copy

    def _seen_of(self, quads: Sequence[Quad]) -> list[Quad]:
        return [quad for quad in quads if self._shows(quad.graph_name)]

    def _shows(self, name: GraphName) -> bool:
        if name not in self._seen:
            self._seen[name] = isinstance(name, NamedNode) and self._sees(name)
        return self._seen[name]
