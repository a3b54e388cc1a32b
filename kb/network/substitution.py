"""Who comes in for a body that is down, by the ways that ``ontology/network.ttl`` lays down.

A way says where to look (bodies that share something with the absent one, or those along a property) and what
is asked of them (the same function, one that may stand in, or nothing). Ways are tried by rank.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from kb.namespaces import RDF_TYPE, xz
from kb.network.bodies import Bodies, Body
from kb.store.protocol import Store, Term

SAME, RELATED, NOTHING = "same", "related", "none"
"""What a way asks of a substitute (``xz:performing``)."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of finding a substitute."""

    iri: NamedNode
    rank: int
    shares: tuple[NamedNode, ...]
    follows: tuple[NamedNode, ...]
    performing: str
    classes: tuple[NamedNode, ...]

    @property
    def performs(self) -> bool:
        """Whether who is found this way does the work itself; else it only answers for it."""
        return self.performing != NOTHING


@dataclass(frozen=True, slots=True)
class Substitute:
    """Who comes in, in which way, and with which function of its own; ``None``: with none."""

    body: Body
    way: Way
    function: NamedNode | None


class Substitution:
    """The ways and the related functions that *store* describes."""

    def __init__(self, store: Store) -> None:
        found = (_way(store, iri) for iri in _members(store, xz("Substitution")))
        self.ways = sorted(found, key=lambda way: (way.rank, way.iri.value))
        stand_ins: dict[NamedNode, list[tuple[int, str, NamedNode]]] = defaultdict(list)
        for record in _members(store, xz("RelatedFunction")):
            for function in _named(store, record, "function"):
                for other in _named(store, record, "standIn"):
                    stand_ins[function].append((_rank(store, record), other.value, other))
        self._stand_ins = {key: [item[2] for item in sorted(found)] for key, found in stand_ins.items()}

    def substitutes(
        self, bodies: Bodies, body: Body, function: NamedNode | None, down: Container[NamedNode] = ()
    ) -> Iterator[Substitute]:
        """Yield who may take over *function* from *body*, first choice first; nobody twice, none of *down*.

        Without a function (some bodies have none that a rule calls) those above it come in.
        """
        told = {body.iri}
        for way in self.ways:
            for wanted in self._wanted(way, function):
                for other in _candidates(way, bodies, body):
                    able = wanted is None or wanted in other.functions
                    fits = not way.classes or any(other.is_a(kind) for kind in way.classes)
                    if able and fits and other.iri not in told and other.iri not in down:
                        told.add(other.iri)
                        yield Substitute(other, way, wanted)

    def _wanted(self, way: Way, function: NamedNode | None) -> list[NamedNode | None]:
        if function is None:
            return [None] if way.follows else []
        if way.performing == SAME:
            return [function]
        return [*self._stand_ins.get(function, [])] if way.performing == RELATED else [None]


def _candidates(way: Way, bodies: Bodies, body: Body) -> Iterator[Body]:
    """Yield the bodies where *way* looks, the nearest first."""
    if way.shares:
        # Whoever shares the area is asked first; bodies of one area are few, those of a city thousands.
        for other in bodies.of(body.area):
            if other.iri != body.iri and all(body.shares(other, property_) for property_ in way.shares):
                yield other
        return
    reached, waiting = {body.iri}, [body]
    while waiting:
        here = waiting.pop(0)
        for property_ in way.follows:
            for iri in here.values.get(property_, ()):
                if iri in bodies and iri not in reached:
                    reached.add(iri)
                    waiting.append(bodies[iri])
                    yield bodies[iri]


def _way(store: Store, iri: NamedNode) -> Way:
    texts = {
        q.object.value for q in store.match(iri, xz("performing"), None) if isinstance(q.object, Literal)
    }
    return Way(
        iri,
        _rank(store, iri),
        tuple(_named(store, iri, "shares")),
        tuple(_named(store, iri, "follows")),
        next(iter(texts & {SAME, RELATED, NOTHING}), NOTHING),
        tuple(_named(store, iri, "ofClass")),
    )


def _members(store: Store, kind: NamedNode) -> Iterator[NamedNode]:
    for quad in store.match(None, RDF_TYPE, kind):
        if isinstance(quad.subject, NamedNode):
            yield quad.subject


def _named(store: Store, subject: NamedNode, name: str) -> list[NamedNode]:
    found = (quad.object for quad in store.match(subject, xz(name), None))
    return sorted((term for term in found if isinstance(term, NamedNode)), key=lambda term: term.value)


def _rank(store: Store, subject: NamedNode) -> int:
    found: list[Term] = [quad.object for quad in store.match(subject, xz("rank"), None)]
    return min((int(term.value) for term in found if isinstance(term, Literal)), default=99)
