"""Shared data as one thing: which datasets there are, what lies in them, how good they are.

It remembers which terms datasets describe, until one of them changes: whoever asks of an answer what it
rests on asks for the same few hundred terms again and again.
"""

from __future__ import annotations

from functools import cached_property

from pyoxigraph import NamedNode, Triple

from kb.ontology.names import Names
from kb.sharing.datasets import CATALOGUE
from kb.sharing.failing import Failing
from kb.sharing.quality import Quality
from kb.sharing.shelf import SOURCE, Entry, Shelf
from kb.sharing.trend import Trends
from kb.store.protocol import Change, Store, Term

MAX_REMEMBERED = 200_000
"""So many terms are remembered; then it starts anew."""


class Shared:
    """The shared data in *store*."""

    def __init__(self, store: Store, names: Names) -> None:
        self._store, self._names = store, names
        self.shelf = Shelf(store, names)
        self.failing = Failing(store)
        self._graphs: dict[NamedNode, tuple[NamedNode, ...]] = {}
        self._entries: dict[NamedNode, Entry] | None = None
        self._version = 0
        store.subscribe(self._changed)

    @cached_property
    def trends(self) -> Trends:
        """What was measured over time."""
        return Trends(self._store)

    @cached_property
    def quality(self) -> Quality:
        """Measures."""
        return Quality(self._store, self._names, self.shelf, self.trends)

    @property
    def any(self) -> bool:
        """Whether a dataset is declared at all."""
        return bool(self._by_graph())

    def of_graph(self, graph: NamedNode) -> Entry | None:
        """Return the dataset whose records are in *graph*, or ``None`` where nobody declared one."""
        return self._by_graph().get(graph)

    def graphs_of(self, term: NamedNode) -> tuple[NamedNode, ...]:
        """Return the graphs of good records that say something of *term*."""
        found = self._graphs.get(term)
        if found is None:
            version = self._version
            names = dict.fromkeys(quad.graph_name for quad in self._store.match(term, None, None))
            found = tuple(n for n in names if isinstance(n, NamedNode) and n.value.startswith(SOURCE))
            if version == self._version:
                if len(self._graphs) >= MAX_REMEMBERED:
                    self._graphs.clear()
                self._graphs[term] = found
        return found

    def describes(self, term: Term) -> bool:
        """Whether some dataset says something of *term*."""
        return isinstance(term, NamedNode) and bool(self.graphs_of(term))

    def states(self, triple: Triple, graph: NamedNode) -> bool:
        """Whether *graph* holds *triple*."""
        subject = triple.subject
        if isinstance(subject, Triple):
            return False
        return next(self._store.match(subject, triple.predicate, triple.object, graph), None) is not None

    def _by_graph(self) -> dict[NamedNode, Entry]:
        entries, version = self._entries, self._version
        if entries is None:
            entries = {entry.graph: entry for entry in self.shelf.shared()}
            if version == self._version:
                self._entries = entries
        return entries

    def _changed(self, change: Change) -> None:
        if CATALOGUE in change.graphs:
            self._version += 1
            self._entries = None
        if any(isinstance(g, NamedNode) and g.value.startswith(SOURCE) for g in change.graphs):
            self._version += 1
            self._graphs = {}
