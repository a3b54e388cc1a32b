"""A workspace on a frozen copy of the store: for a process of its own, which writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pyoxigraph
from pyoxigraph import NamedNode, Quad

from kb.inference.program import read
from kb.ontology.knowledge import Knowledge
from kb.services.workspace import Workspace
from kb.srl.syntax import Term
from kb.store.protocol import Listener, Store, Subject


class FrozenStore:
    """What rules, names and descriptions need of a store: read from a checkpoint, which never changes."""

    def __init__(self, checkpoint: Path) -> None:
        self._quads = pyoxigraph.Store.read_only(str(checkpoint))

    def match(
        self, s: Subject | None, p: NamedNode | None, o: Term | None, graph: NamedNode | None = None
    ) -> Iterator[Quad]:
        """Return the quads that fit."""
        return self._quads.quads_for_pattern(s, p, o, graph)

    def graphs(self) -> Iterator[NamedNode]:
        """Return the names of all graphs."""
        return (name for name in self._quads.named_graphs() if isinstance(name, NamedNode))

    def subscribe(self, listener: Listener) -> None:
        """Do nothing: there will be no change."""


class FrozenWorkspace(Workspace):
    """The cities, incidents and knowledge of a *checkpoint*, to try things on; *home* is not touched."""

    def __init__(self, checkpoint: Path, home: Path, base: Knowledge) -> None:
        self.home, self.knowledge = home, base
        self.store = cast(Store, FrozenStore(checkpoint))
        self._assemble(base, read(base.rules))

    def close(self) -> None:
        """Do nothing: nothing is held."""
