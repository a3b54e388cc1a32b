"""The bodies of one city, as its graph describes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from pyoxigraph import Literal, NamedNode

from kb.city import terms
from kb.errors import NotFound, Text
from kb.namespaces import RDF_TYPE, RDFS_LABEL, graph, xz
from kb.ontology.names import did_you_mean, nearest
from kb.store.protocol import Store

CITY = graph("city/").value
GOVERNMENT = xz("Government")


@dataclass(frozen=True, slots=True)
class Body:
    """A government, headquarters or department, with everything that the city's graph says of it."""

    iri: NamedNode
    label: Text
    values: Mapping[NamedNode, tuple[NamedNode, ...]] = field(compare=False, repr=False)
    """The things that it is related to, by property; sorted."""

    def is_a(self, kind: NamedNode) -> bool:
        """Whether it is of the class *kind*."""
        return kind in self.values.get(RDF_TYPE, ())

    @property
    def area(self) -> NamedNode:
        """The area over which it has jurisdiction."""
        return self.values[terms.JURISDICTION][0]

    @property
    def tiers(self) -> frozenset[NamedNode]:
        """Its tiers: two where one division stands at two."""
        return frozenset(self.values.get(terms.TIER, ()))

    @property
    def functions(self) -> tuple[NamedNode, ...]:
        """What it performs."""
        return self.values.get(terms.PERFORMS, ())

    @property
    def superior(self) -> NamedNode | None:
        """The body above it; ``None`` at the top."""
        return next(iter(self.values.get(terms.SUPERIOR, ())), None)

    def shares(self, other: Body, property_: NamedNode) -> bool:
        """Whether both have a value of *property_* in common."""
        return not set(self.values.get(property_, ())).isdisjoint(other.values.get(property_, ()))


class Bodies(Mapping[NamedNode, Body]):
    """The bodies of a city by IRI, in the order of areas and then of IRIs.

    :param above: for each area the area that it is part of.
    """

    def __init__(self, city: str, bodies: Collection[Body], above: Mapping[NamedNode, NamedNode]) -> None:
        self.city = terms.area(city)
        self.above = above
        self._bodies = {
            body.iri: body for body in sorted(bodies, key=lambda body: (body.area.value, body.iri.value))
        }
        self._by_area: dict[NamedNode, list[Body]] = defaultdict(list)
        for body in self._bodies.values():
            self._by_area[body.area].append(body)

    def __getitem__(self, iri: NamedNode) -> Body:
        """Return the body *iri*."""
        return self._bodies[iri]

    def __iter__(self) -> Iterator[NamedNode]:
        """Yield their IRIs."""
        return iter(self._bodies)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._bodies)

    @property
    def areas(self) -> list[NamedNode]:
        """The areas that have bodies, sorted by IRI."""
        return list(self._by_area)

    def of(self, area: NamedNode) -> list[Body]:
        """Return the bodies with jurisdiction over exactly *area*."""
        return self._by_area.get(area, [])

    def performing(self, area: NamedNode, function: NamedNode) -> list[Body]:
        """Return the bodies of *area* that perform *function*."""
        return [body for body in self.of(area) if function in body.functions]

    def chain(self, area: NamedNode) -> Iterator[NamedNode]:
        """Yield *area* and every area that holds it, from small to large."""
        here: NamedNode | None = area
        while here is not None:
            yield here
            here = self.above.get(here)

    def find(self, name: str) -> Body:
        """Return the body that *name* means: its IRI, its label in either language, or how only its IRI ends.

        :raises NotFound: ``network.body``, naming the nearest.
        """
        wanted = name.strip()
        for body in self._bodies.values():
            if wanted in (body.label.zh, body.label.en, body.iri.value):
                return body
        tail = wanted.strip("/")
        ending = [body for body in self._bodies.values() if tail and body.iri.value.endswith(f"/{tail}")]
        if len(ending) == 1:
            return ending[0]
        labels = [label for body in self._bodies.values() for label in (body.label.zh, body.label.en)]
        raise NotFound.of(
            "network.body",
            f"这个城市没有机构 {wanted[:100]}",
            f"the city has no body {wanted[:100]}",
            repair=did_you_mean(nearest(wanted, labels)),
        )


def read(store: Store, city: str) -> Bodies:
    """Return the bodies that the graph of *city* (a division code such as ``370200``) describes.

    :raises NotFound: ``network.city``, where no such city is loaded.
    """
    home = graph(f"city/{city}")
    bodies = [
        _body(store, quad.subject, home)
        for quad in store.match(None, terms.JURISDICTION, None, home)
        if isinstance(quad.subject, NamedNode)
    ]
    if not bodies:
        known = loaded(store)
        raise NotFound.of(
            "network.city",
            f"没有载入城市 {city[:20]}",
            f"no city {city[:20]} is loaded",
            repair=Text(f"已载入：{'、'.join(known) or '无'}", f"loaded: {', '.join(known) or 'none'}"),
        )
    above: dict[NamedNode, NamedNode] = {}
    waiting = {body.area for body in bodies}
    while waiting:
        area = waiting.pop()
        for quad in store.match(area, terms.PART_OF, None):
            if area not in above and isinstance(quad.object, NamedNode):
                above[area] = quad.object
                waiting.add(quad.object)
    return Bodies(city, bodies, above)


def loaded(store: Store) -> list[str]:
    """Return the codes of the cities that *store* describes, sorted: a city has governments.

    Not by the names of all graphs, of which every incident adds four.
    """
    graphs = {quad.graph_name for quad in store.match(None, RDF_TYPE, GOVERNMENT)}
    names = (name.value for name in graphs if isinstance(name, NamedNode))
    return sorted(name.removeprefix(CITY) for name in names if name.startswith(CITY))


def _body(store: Store, iri: NamedNode, home: NamedNode) -> Body:
    values: dict[NamedNode, set[NamedNode]] = defaultdict(set)
    labels: dict[str | None, str] = {}
    for quad in store.match(iri, None, None, home):
        if isinstance(quad.object, NamedNode):
            values[quad.predicate].add(quad.object)
        elif quad.predicate == RDFS_LABEL and isinstance(quad.object, Literal):
            labels[quad.object.language] = quad.object.value
    name = iri.value.rpartition("/")[2]
    return Body(
        iri,
        Text(labels.get("zh", name), labels.get("en", name)),
        {key: tuple(sorted(found, key=lambda term: term.value)) for key, found in values.items()},
    )
