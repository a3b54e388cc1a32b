"""What happens when bodies are down: who takes over, which incidents lose their lead, who must go round."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import networkx
from pyoxigraph import NamedNode

from kb.errors import NotFound
from kb.network.bodies import Bodies, Body
from kb.network.collaboration import Graph
from kb.network.duties import Duties, Duty
from kb.network.substitution import Substitute, Substitution


@dataclass(frozen=True, slots=True)
class Handover:
    """A function of a body that is down, and to whom it falls; to nobody: it is lost."""

    body: Body
    function: NamedNode
    to: Substitute | None
    duties: tuple[Duty, ...]
    """What the function has to do in that area."""

    @property
    def unperformed(self) -> bool:
        """Whether nobody does the work: it is lost, or a government only answers for it."""
        return self.to is None or not self.to.way.performs


@dataclass(frozen=True, slots=True)
class LostLead:
    """Types of incident in one area that nobody leads any more, who led them, and who takes over."""

    area: NamedNode
    types: tuple[NamedNode, ...]
    led_by: tuple[Body, ...]
    duties: tuple[Duty, ...]
    to: tuple[Substitute, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """How a body that lost its superior reaches the next one that stands."""

    body: Body
    to: Body | None
    path: tuple[Body, ...]
    """From the body to its new superior, both included; empty where no way is left."""


@dataclass(frozen=True, slots=True)
class Outage:
    """What follows when *down* are down."""

    down: tuple[Body, ...]
    handovers: tuple[Handover, ...]
    lost_leads: tuple[LostLead, ...]
    routes: tuple[Route, ...]
    cut_off: tuple[tuple[Body, ...], ...]
    """The parts that lose touch with the largest one."""

    @property
    def unperformed(self) -> tuple[Duty, ...]:
        """The duties that nobody performs, each once."""
        return tuple(dict.fromkeys(d for one in self.handovers if one.unperformed for d in one.duties))


class Outages:
    """Answers for one city: *graph* is its collaboration graph."""

    def __init__(self, bodies: Bodies, duties: Duties, graph: Graph, substitution: Substitution) -> None:
        self._bodies, self._duties, self._graph = bodies, duties, graph
        self._substitution = substitution

    def when(self, down: Collection[NamedNode]) -> Outage:
        """Return what follows when the bodies *down* are down.

        :raises NotFound: ``network.body``, for a body of another city.
        """
        out = [self._bodies.find(iri.value) for iri in dict.fromkeys(down)]
        gone = frozenset(body.iri for body in out)
        handovers = tuple(self._handover(body, one, gone) for body in out for one in body.functions)
        return Outage(
            tuple(out),
            handovers,
            tuple(self._lost_leads(handovers, gone)),
            tuple(self._routes(gone)),
            tuple(self._cut_off(gone)),
        )

    def path(self, start: NamedNode, end: NamedNode, down: Collection[NamedNode] = ()) -> tuple[Body, ...]:
        """Return the shortest way of coordination from *start* to *end* that avoids *down*.

        Of ways of one length the one between those who work together most closely.

        :raises NotFound: ``network.path``, where there is none.
        """
        rest = networkx.restricted_view(self._graph, [iri for iri in down if iri in self._graph], [])
        try:
            found = networkx.shortest_path(rest, start, end, weight=_distance)
        except (networkx.NetworkXNoPath, networkx.NodeNotFound) as error:
            raise NotFound.of(
                "network.path",
                "两个机构之间没有可用的协调路径",
                "no way of coordination leads from one to the other",
            ) from error
        return tuple(self._bodies[iri] for iri in found)

    def _handover(self, body: Body, function: NamedNode, gone: frozenset[NamedNode]) -> Handover:
        found = self._substitution.substitutes(self._bodies, body, function, gone)
        remit = self._duties.remit(self._bodies, body.area)
        return Handover(body, function, next(found, None), tuple(remit.borne(function)))

    def _lost_leads(self, handovers: tuple[Handover, ...], gone: frozenset[NamedNode]) -> Iterator[LostLead]:
        """Yield them by area. An area without a body for a function is led from the nearest area above."""
        falls_to = {(one.body.iri, one.function): one.to for one in handovers}
        functions = {function for _, function in falls_to}
        for area in self._bodies.areas:
            if not self._duties.leads(self._bodies, area):
                continue
            performers = {one: self._nearest(area, one) for one in functions}
            remit = self._duties.remit(self._bodies, area)
            lost: dict[tuple[Duty, ...], list[NamedNode]] = defaultdict(list)
            for type_, duties in remit.leads.items():
                standing = any(
                    body.iri not in gone
                    for duty in duties
                    for body in performers.get(duty.function) or self._nearest(area, duty.function)
                )
                if not standing and any(performers.get(duty.function) for duty in duties):
                    lost[duties].append(type_)
            for duties, types in lost.items():
                pairs = [
                    (body, duty.function) for duty in duties for body in self._nearest(area, duty.function)
                ]
                to = (falls_to.get((body.iri, function)) for body, function in pairs)
                yield LostLead(
                    area,
                    tuple(types),
                    tuple(dict.fromkeys(body for body, _ in pairs)),
                    duties,
                    tuple(dict.fromkeys(one for one in to if one is not None)),
                )

    def _nearest(self, area: NamedNode, function: NamedNode) -> list[Body]:
        """Return who performs *function* for *area*: its own bodies, else those of the nearest area above."""
        for place in self._bodies.chain(area):
            if found := self._bodies.performing(place, function):
                return found
        return []

    def _routes(self, gone: frozenset[NamedNode]) -> Iterator[Route]:
        for body in self._bodies.values():
            if body.superior not in gone or body.iri in gone:
                continue
            above = self._above(body)
            while above is not None and above.iri in gone:
                above = self._above(above)
            path: tuple[Body, ...] = ()
            if above is not None:
                try:
                    path = self.path(body.iri, above.iri, gone)
                except NotFound:
                    path = ()
            yield Route(body, above, path)

    def _above(self, body: Body) -> Body | None:
        return None if body.superior is None else self._bodies.get(body.superior)

    def _cut_off(self, gone: frozenset[NamedNode]) -> Iterator[tuple[Body, ...]]:
        """Yield the parts that were joined with the rest before, without the largest."""
        rest = networkx.restricted_view(self._graph, [iri for iri in gone if iri in self._graph], [])
        parts = sorted(map(frozenset, networkx.connected_components(rest)), key=lambda part: -len(part))
        before = list(networkx.connected_components(self._graph))
        for part in parts[1:]:
            if part not in before:
                yield tuple(body for iri, body in self._bodies.items() if iri in part)


def _distance(_: NamedNode, __: NamedNode, edge: dict[str, float]) -> float:
    """Return one step, and a little for who is not close: not enough to outweigh a step."""
    return 1 + (1 - edge["closeness"]) / 100
