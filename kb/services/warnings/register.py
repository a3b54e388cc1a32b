"""The warnings that support something, in memory: an incident is reported in two milliseconds, and asks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pyoxigraph import Literal, NamedNode, Quad

from kb.namespaces import xz
from kb.services.warnings import terms
from kb.store.protocol import Change, Store, Term

PART_OF = xz("partOf")


@dataclass(frozen=True, slots=True)
class Support:
    """What one message supports, and when: of which *types* it warns, where, at which *level*.

    *areas* are those that it affects, *around* those that these are part of; *incidents* are those that are
    linked to it already.
    """

    key: str
    start: datetime
    end: datetime
    areas: frozenset[Term]
    around: frozenset[Term]
    types: tuple[NamedNode, ...] = ()
    level: NamedNode | None = None
    incidents: frozenset[Term] = frozenset()

    def holds(self, now: datetime) -> bool:
        """Whether it is in force at *now*."""
        return self.start <= now < self.end

    def reaches(self, place: Term, wider: Iterable[Term]) -> bool:
        """Whether it affects *place*, something that *place* is in (*wider*), or a part of it."""
        return place in self.areas or place in self.around or any(area in self.areas for area in wider)

    def link(self, incident: NamedNode) -> Quad:
        """Return the quad which says that it reaches *incident*."""
        return Quad(incident, terms.WARNED_BY, terms.iri(self.key), terms.support_graph(self.key))

    def context(self, incident: NamedNode) -> Iterator[Quad]:
        """Yield what rules may know of it for *incident*."""
        about, within = terms.iri(self.key), terms.support_graph(self.key)
        yield self.link(incident)
        for type_ in self.types:
            yield Quad(about, terms.WARNS_OF, type_, within)
        if self.level is not None:
            yield Quad(about, terms.AT_LEVEL, self.level, within)


class Register:
    """The supports of all messages in *store* that were not taken back. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._known: dict[str, Support] = {}
        self._stale: set[str] | None = None  # nothing was read yet
        store.subscribe(self._changed)

    def in_force(self, now: datetime) -> list[Support]:
        """Return what is in force at *now*, in the order of the keys."""
        return [one for one in self.all() if one.holds(now)]

    def all(self) -> list[Support]:
        """Return all, those too that are not yet or no longer in force."""
        if self._stale is None or self._stale:
            self._read()
        return [self._known[key] for key in sorted(self._known)] if self._known else []

    def reaching(self, place: Term | None, now: datetime) -> list[Support]:
        """Return what is in force at *place* at *now*."""
        found = self.in_force(now)
        if not found or place is None:
            return []
        wider = set(outwards(self._outer, place))
        return [one for one in found if one.reaches(place, wider)]

    def linked(self, incident: Term, now: datetime) -> list[Support]:
        """Return what is in force at *now* of what *incident* is linked to."""
        return [one for one in self.in_force(now) if incident in one.incidents]

    def of_quads(self, key: str, quads: Iterable[Quad]) -> Support | None:
        """Return the support that *quads*, of the graph of *key*, say; ``None`` where they say no time."""
        found: dict[NamedNode, list[Term]] = {}
        incidents = []
        for quad in quads:
            if quad.predicate == terms.WARNED_BY:
                incidents.append(quad.subject)
            else:
                found.setdefault(quad.predicate, []).append(quad.object)
        times = [
            datetime.fromisoformat(term.value)
            for property_ in (terms.FROM, terms.UNTIL)
            for term in found.get(property_, ())
            if isinstance(term, Literal)
        ]
        if len(times) != 2:
            return None
        areas = found.get(terms.AFFECTS, [])
        types = (term for term in found.get(terms.WARNS_OF, ()) if isinstance(term, NamedNode))
        levels = (term for term in found.get(terms.AT_LEVEL, ()) if isinstance(term, NamedNode))
        return Support(
            key,
            times[0],
            times[1],
            frozenset(areas),
            frozenset(wide for area in areas for wide in outwards(self._outer, area)),
            tuple(sorted(types, key=lambda type_: type_.value)),
            next(levels, None),
            frozenset(incidents),
        )

    def _read(self) -> None:
        with self._lock:
            if self._stale is None:
                quads = self._store.match(None, terms.UNTIL, None)
                names = {q.graph_name.value for q in quads if isinstance(q.graph_name, NamedNode)}
                stale = {n.removeprefix(terms.WARNED) for n in names if n.startswith(terms.WARNED)}
            else:
                stale = self._stale
            self._stale = set()
            known = dict(self._known)
            for key in stale:
                quads = self._store.match(None, None, None, terms.support_graph(key))
                support = self.of_quads(key, quads)
                if support is None:
                    known.pop(key, None)
                else:
                    known[key] = support
            self._known = known

    def _outer(self, area: Term) -> Term | None:
        if not isinstance(area, NamedNode):
            return None
        return next((q.object for q in self._store.match(area, PART_OF, None)), None)

    def _changed(self, change: Change) -> None:
        touched = {
            name.value.removeprefix(terms.WARNED)
            for name in change.graphs
            if isinstance(name, NamedNode) and name.value.startswith(terms.WARNED)
        }
        if touched and self._stale is not None:
            with self._lock:
                self._stale |= touched


def outwards(outer: Callable[[Term], Term | None], area: Term) -> Iterator[Term]:
    """Yield the areas that *area* is part of, the smallest first."""
    seen = {area}
    while (wider := outer(area)) is not None and wider not in seen:
        yield wider
        seen.add(wider)
        area = wider
