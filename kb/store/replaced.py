"""A store of which some graphs are replaced in memory: other knowledge over the same cities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pyoxigraph
from pyoxigraph import NamedNode, Quad

from kb.srl.syntax import Term
from kb.store.protocol import Listener, Store, Subject


class ReplacedStore:
    """Reads *base*, but for the graphs that *replaces* names, which hold what was put here.

    What rules, names and descriptions need of a store; it cannot be written through.
    """

    def __init__(self, base: Store, replaces: Callable[[NamedNode], bool], quads: Iterable[Quad]) -> None:
        self._base = base
        self._replaces = replaces
        self._seen: dict[str, bool] = {}
        self._here = pyoxigraph.Store()
        self.add(quads)

    def add(self, quads: Iterable[Quad]) -> None:
        """Add quads of graphs that are replaced."""
        self._here.bulk_extend(quads)

    def match(
        self, s: Subject | None, p: NamedNode | None, o: Term | None, graph: NamedNode | None = None
    ) -> Iterator[Quad]:
        """Return the quads that fit, of both."""
        if graph is None or self._hides(graph):
            yield from self._here.quads_for_pattern(s, p, o, graph)
        if graph is None or not self._hides(graph):
            for quad in self._base.match(s, p, o, graph):
                if not self._hides(quad.graph_name):
                    yield quad

    def graphs(self) -> Iterator[NamedNode]:
        """Return the names of all graphs that hold something."""
        yield from (name for name in self._base.graphs() if not self._hides(name))
        yield from (name for name in self._here.named_graphs() if isinstance(name, NamedNode))

    def subscribe(self, listener: Listener) -> None:
        """Tell *listener* of changes of the base."""
        self._base.subscribe(listener)

    def _hides(self, graph: object) -> bool:
        if not isinstance(graph, NamedNode):
            return False
        name = graph.value
        known = self._seen.get(name)
        if known is None:
            known = self._seen[name] = self._replaces(graph)
        return known
