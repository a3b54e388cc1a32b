"""The collaboration graph: bodies, and why two of them work together.

An edge has up to three reasons: *joint*, the number of types of incident in which both have duties, for
bodies of one area and tier; *vertical*, that one is the superior of the other; *directives*, the number of
past incidents in which both were told to act. Its *weight* is their sum, a superior counting as one.

Some duties hold in every type of incident, so the weight says who works much, not who belongs together. That
is what *closeness* tells, from 0 to 1: of the types in which either has duties, the share in which both have;
or more, where past directives say so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias

import networkx
from pyoxigraph import NamedNode

from kb.city import terms
from kb.errors import NotFound
from kb.network.bodies import Bodies, Body
from kb.network.directives import Past
from kb.network.duties import Duties, Duty

if TYPE_CHECKING:
    Graph: TypeAlias = networkx.Graph[NamedNode]
else:
    Graph = networkx.Graph


VERTICAL = 0.1
"""The closeness of a body and its superior: enough to hold together who has nobody else."""


@dataclass(frozen=True, slots=True)
class Joint:
    """A type of incident in which two bodies have duties, and which ones."""

    type: NamedNode
    duties: tuple[Duty, ...]


def build(bodies: Bodies, duties: Duties, directives: Iterable[Past] = ()) -> Graph:
    """Return the graph of *bodies*; directives to bodies of other cities are left out."""
    graph: Graph = networkx.Graph()
    graph.add_nodes_from(bodies)
    for area in bodies.areas:
        remit = duties.remit(bodies, area)
        types = {body: remit.types(*body.functions) for body in bodies.of(area)}
        for one, other in combinations(bodies.of(area), 2):
            if (count := len(types[one] & types[other])) and one.shares(other, terms.TIER):
                _add(graph, one.iri, other.iri, count / len(types[one] | types[other]), joint=count)
    for body in bodies.values():
        if body.superior is not None and body.superior in bodies:
            _add(graph, body.iri, body.superior, VERTICAL, vertical=1)
    for first, second, number in directives:
        if first in bodies and second in bodies and first != second:
            _add(graph, first, second, number / (number + 1), directives=number)
    return graph


def evidence(bodies: Bodies, duties: Duties, one: Body, other: Body) -> list[Joint]:
    """Return the types in which both bodies have duties, with those duties; sorted by type.

    Of an edge of 200 types this is long, so it is made when somebody asks.
    """
    if one.area != other.area:
        return []
    remit = duties.remit(bodies, one.area)
    shared = remit.types(*one.functions) & remit.types(*other.functions)
    able = {*one.functions, *other.functions}
    return [
        Joint(type_, tuple(duty for duty in remit.of(type_) if duty.function in able))
        for type_ in sorted(shared, key=lambda term: term.value)
    ]


def within(graph: Graph, bodies: Bodies, area: NamedNode) -> Graph:
    """Return the part of *graph* that the bodies of exactly *area* make.

    :raises NotFound: ``network.area``, where the city has no bodies there.
    """
    inside = [body.iri for body in bodies.of(area)]
    if not inside:
        code = area.value.rpartition("/")[2][:20]
        raise NotFound.of(
            "network.area",
            f"这个城市在区划 {code} 没有机构",
            f"the city has no bodies in the division {code}",
            where="area",
        )
    part: Graph = networkx.Graph()  # not a subgraph: its order would follow a set
    part.add_nodes_from(inside)
    pairs = ((one, other) for one, other in combinations(inside, 2) if graph.has_edge(one, other))
    part.add_edges_from((one, other, graph[one][other]) for one, other in pairs)
    return part


def _add(graph: Graph, one: NamedNode, other: NamedNode, closeness: float, **reasons: int) -> None:
    old = graph.get_edge_data(one, other, {"joint": 0, "vertical": 0, "directives": 0, "closeness": 0.0})
    parts = {key: old[key] + reasons.get(key, 0) for key in ("joint", "vertical", "directives")}
    near = max(old["closeness"], closeness)
    graph.add_edge(one, other, **parts, weight=sum(parts.values()), closeness=near)
