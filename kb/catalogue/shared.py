"""Shared data as one thing: which datasets there are, what lies in them, how good they are.

It remembers which terms datasets describe, until one of them changes: whoever asks of an answer what it
rests on asks for the same few hundred terms again and again.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from pyoxigraph import NamedNode, Triple

from kb.catalogue.kept import Kept
from kb.catalogue.quality import Quality
from kb.catalogue.shelf import SOURCE, Entry, Shelf
from kb.catalogue.trend import Trends
from kb.catalogue.void import Statistics
from kb.namespaces import CATALOGUE
from kb.ontology.names import Names
from kb.sharing import quarantine
from kb.sharing.quarantine import Quarantined
from kb.store.protocol import Change, Store, Term

MAX_REMEMBERED = 200_000
"""So many terms are remembered; then it starts anew."""


class Shared:
    """The shared data in *store*."""

    def __init__(self, store: Store, names: Names) -> None:
        self._store, self._names = store, names
        self.shelf = Shelf(store, names)
        self._graphs: Kept[dict[NamedNode, tuple[NamedNode, ...]]] = Kept(dict)
        self._entries = Kept(lambda: {entry.graph: entry for entry in self.shelf.shared()})
        store.subscribe(self._changed)

    @cached_property
    def trends(self) -> Trends:
        """What was measured over time."""
        return Trends(self._store)

    @cached_property
    def quality(self) -> Quality:
        """Measures."""
        return Quality(self._store, self._names, self.shelf, self.trends)

    @cached_property
    def statistics(self) -> Statistics:
        """How much there is."""
        return Statistics(self._store)

    @property
    def any(self) -> bool:
        """Whether a dataset is declared at all."""
        return bool(self._entries.get())

    def of_graph(self, graph: NamedNode) -> Entry | None:
        """Return the dataset whose records are in *graph*, or ``None`` where nobody declared one."""
        return self._entries.get().get(graph)

    def graphs_of(self, term: NamedNode) -> tuple[NamedNode, ...]:
        """Return the graphs of good records that say something of *term*."""
        known = self._graphs.get()
        found = known.get(term)
        if found is None:
            names = dict.fromkeys(quad.graph_name for quad in self._store.match(term, None, None))
            found = tuple(n for n in names if isinstance(n, NamedNode) and n.value.startswith(SOURCE))
            if len(known) >= MAX_REMEMBERED:
                known.clear()
            known[term] = found  # if a change came meanwhile, nobody asks this dictionary again
        return found

    def describes(self, term: Term) -> bool:
        """Whether some dataset says something of *term*."""
        return isinstance(term, NamedNode) and bool(self.graphs_of(term))

    def stating(self, triple: Triple) -> list[NamedNode]:
        """Return the graphs that hold *triple*."""
        if isinstance(triple.subject, Triple):
            return []
        quads = self._store.match(triple.subject, triple.predicate, triple.object)
        return [quad.graph_name for quad in quads if isinstance(quad.graph_name, NamedNode)]

    def failing(self, entry: Entry, record: NamedNode) -> Iterator[Quarantined]:
        """Yield what is in quarantine of *entry* and speaks of *record*."""
        if entry.declared is not None:
            yield from quarantine.about(self._store, entry.declared, record)

    def _changed(self, change: Change) -> None:
        if CATALOGUE in change.graphs:
            self._entries.forget()
        if any(isinstance(g, NamedNode) and g.value.startswith(SOURCE) for g in change.graphs):
            self._graphs.forget()
