"""Do modules go together? An order, circles, and states that nobody provides (features.md, M6.1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import networkx
from pyoxigraph import NamedNode

from kb.namespaces import RDF_TYPE, xz
from kb.services.workspace import Workspace

NEEDS, ACHIEVES, MODULE = xz("needs"), xz("achieves"), xz("PlanModule")


@dataclass(frozen=True)
class Composition:
    """*order*: the modules in an order in which each finds what it needs, as far as there is one.

    *circles* wait for themselves. *missing*: states that a module needs and none of them achieves, each with
    the modules of the library that would.
    """

    order: tuple[NamedNode, ...]
    circles: tuple[tuple[NamedNode, ...], ...] = ()
    missing: dict[NamedNode, tuple[NamedNode, ...]] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether they can be carried out as they are."""
        return not self.circles and not self.missing


@dataclass(frozen=True, slots=True)
class Part:
    """A module as far as composing looks at it."""

    module: NamedNode
    needs: frozenset[NamedNode]
    achieves: frozenset[NamedNode]


def library(workspace: Workspace) -> dict[NamedNode, Part]:
    """Return every module that knowledge declares."""
    store = workspace.store

    def all_(subject: NamedNode, property_: NamedNode) -> frozenset[NamedNode]:
        found = (quad.object for quad in store.match(subject, property_, None))
        return frozenset(term for term in found if isinstance(term, NamedNode))

    modules = [q.subject for q in store.match(None, RDF_TYPE, MODULE)]
    return {m: Part(m, all_(m, NEEDS), all_(m, ACHIEVES)) for m in modules if isinstance(m, NamedNode)}


def compose(
    parts: Iterable[Part], known: Collection[Part] = (), given: Collection[NamedNode] = ()
) -> Composition:
    """Put *parts* in order; a module may start when each state that it needs is *given* or achieved before.

    :param known: the library, from which providers of missing states are named.
    """
    waiting = {part.module: part for part in sorted(parts, key=lambda part: part.module.value)}
    chosen = list(waiting.values())
    reached, order = set(given), list[NamedNode]()
    while ready := [part for part in waiting.values() if part.needs <= reached]:
        for part in ready:
            order.append(part.module)
            reached |= part.achieves
            del waiting[part.module]
    wanted = {state for part in waiting.values() for state in part.needs - reached}
    missing = {
        state: _achieving(known, state)
        for state in sorted(wanted, key=lambda state: state.value)
        if not any(state in part.achieves for part in chosen if state not in part.needs)
    }
    return Composition(tuple(order), _circles(list(waiting.values()), reached), missing)


def _circles(left: list[Part], reached: set[NamedNode]) -> tuple[tuple[NamedNode, ...], ...]:
    waits: networkx.DiGraph[str] = networkx.DiGraph()
    for part in left:
        for other in left:
            if other != part and other.achieves & (part.needs - reached):
                waits.add_edge(other.module.value, part.module.value)
    found = [sorted(members) for members in networkx.strongly_connected_components(waits) if len(members) > 1]
    return tuple(tuple(map(NamedNode, members)) for members in sorted(found))


def _achieving(parts: Iterable[Part], state: NamedNode) -> tuple[NamedNode, ...]:
    return tuple(sorted((p.module for p in parts if state in p.achieves), key=lambda module: module.value))
