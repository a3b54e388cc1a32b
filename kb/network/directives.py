"""Who worked together before, as the directives of past incidents tell.

Directives lie in ``graph/directive/<incident>``: ``?d xz:addressee ?body ; xz:issuer ?body ; xz:directiveOf
?incident``. Two bodies that were told to act in one incident, or of which one told the other, worked together
in it. Where there is no directive, nobody did.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from typing import TypeAlias

from pyoxigraph import NamedNode

from kb.namespaces import graph, xz
from kb.store.protocol import Change, Store, Term

Past: TypeAlias = tuple[NamedNode, NamedNode, int]
"""Two bodies, and in how many incidents they worked together."""
Together: TypeAlias = Mapping[Term, frozenset[NamedNode]]
"""Who worked together, by incident."""
PARTIES = (xz("addressee"), xz("issuer"))
"""What makes a body take part in an incident."""
DIRECTIVES = graph("directive/").value


class Directives:
    """The past directives in *store*; each graph is read once, until it changes. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[NamedNode, Together] = {}
        self._told: dict[frozenset[NamedNode], tuple[Past, ...]] = {}
        store.subscribe(self._forget)

    def past(self, visible: Callable[[NamedNode], bool] = lambda _: True) -> tuple[Past, ...]:
        """Return who worked with whom, and in how many incidents; only from graphs that are *visible*."""
        read, told = self._read, self._told  # what is ready only after a change goes with the old ones
        names = frozenset(
            name for name in self._store.graphs() if name.value.startswith(DIRECTIVES) and visible(name)
        )
        if names not in told:
            read.update({name: _together(self._store, name) for name in names if name not in read})
            told[names] = _counted(read[name] for name in names)
        return told[names]

    def _forget(self, change: Change) -> None:
        changed = {name for name in change.graphs if str(name).startswith(f"<{DIRECTIVES}")}
        if changed:
            self._read = {name: found for name, found in self._read.copy().items() if name not in changed}
            self._told = {}


def _together(store: Store, name: NamedNode) -> Together:
    incidents = {quad.subject: quad.object for quad in store.match(None, xz("directiveOf"), None, name)}
    found: dict[Term, set[NamedNode]] = defaultdict(set)
    for party in PARTIES:
        for quad in store.match(None, party, None, name):
            if isinstance(quad.object, NamedNode):
                found[incidents.get(quad.subject, name)].add(quad.object)
    return {incident: frozenset(bodies) for incident, bodies in found.items()}


def _counted(graphs: Iterable[Together]) -> tuple[Past, ...]:
    together: dict[Term, frozenset[NamedNode]] = {}
    for found in graphs:
        for incident, bodies in found.items():
            together[incident] = together.get(incident, frozenset()) | bodies
    pairs = Counter(
        pair
        for bodies in together.values()
        for pair in combinations(sorted(bodies, key=lambda body: body.value), 2)
    )
    return tuple((one, other, count) for (one, other), count in sorted(pairs.items(), key=str))
