"""What an edition keeps, arranged for readers: module by module with clauses, and the rest by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pyoxigraph import Literal, NamedNode

from kb.namespaces import xz
from kb.services import reservations
from kb.services.audience import Visible, everything
from kb.services.naming import named
from kb.services.plans import comparing, composing, editions
from kb.services.plans.composing import ACHIEVES, NEEDS, Composition, Part
from kb.services.plans.keeping import Kept
from kb.services.workspace import Workspace

USE, NEED = xz("ModuleUse"), xz("ResourceNeed")
OF_MODULE, NEEDED_BY = xz("module"), xz("neededBy")
NEEDED, PER, RESPONSIBLE = xz("neededKind"), xz("perFact"), xz("responsibleFunction")


def arranged(workspace: Workspace, kept: Mapping[NamedNode, Kept]) -> dict[str, Any]:
    """Return *kept*: ``modules`` in an order in which they can be carried out, and all else by ``kinds``.

    A module has its ``uses``, which say when it is started and by which clauses, the functions that are
    responsible, what it ``needs`` and ``achieves``, and its ``resources``.
    """
    modules = {node for node, one in kept.items() if one.kind == editions.MODULE}
    found = composition(kept)
    waiting = sorted(modules - set(found.order), key=lambda node: node.value)
    beside = _beside(kept)
    rest: dict[NamedNode | None, list[Kept]] = {}
    for one in kept.values():
        if one.kind not in (editions.MODULE, USE, NEED):
            rest.setdefault(one.kind, []).append(one)
    return {
        "modules": [
            _module(workspace, kept[node], beside.get(node, ())) for node in (*found.order, *waiting)
        ],
        "kinds": [
            {"kind": named(workspace, kind), "provisions": [comparing.told(workspace, one) for one in group]}
            for kind, group in sorted(rest.items(), key=lambda item: str(item[0]))
        ],
    }


def composition(kept: Mapping[NamedNode, Kept]) -> Composition:
    """Return whether the modules among *kept* go together, as they were when they were kept."""
    return composing.compose(parts(kept))


def parts(kept: Mapping[NamedNode, Kept]) -> list[Part]:
    """Return the modules among *kept* as composing looks at them."""
    return [
        Part(node, frozenset(one.provision.objects(NEEDS)), frozenset(one.provision.objects(ACHIEVES)))
        for node, one in kept.items()
        if one.kind == editions.MODULE
    ]


def stocked(
    workspace: Workspace, kept: Mapping[NamedNode, Kept], visible: Visible = everything
) -> list[dict[str, Any]]:
    """Return what the modules among *kept* need, and how much of it departments share and is free.

    :param visible: which graphs the reader may see: stocks in others are not counted.
    """
    total, free = _shared(workspace, visible)
    found = []
    for one in kept.values():
        if one.kind != NEED:
            continue
        kind = next(iter(one.provision.objects(NEEDED)), None)
        if kind is None:  # the contract of the knowledge forbids it
            continue
        amounts = [s.object for s in one.provision.statements if s.predicate == xz("neededQuantity")]
        needed = next((float(a.value) for a in amounts if isinstance(a, Literal)), 0.0)
        per = next(iter(one.provision.objects(PER)), None)
        found.append(
            {
                **comparing.told(workspace, one),
                "module": named(workspace, next(iter(one.provision.objects(NEEDED_BY)), None)),
                "resource": named(workspace, kind),
                "quantity": needed,
                "per": named(workspace, per),
                "total": total[kind],
                "free": free[kind],
                "short": per is None and free[kind] < needed,
            }
        )
    return found


def _shared(workspace: Workspace, visible: Visible) -> tuple[Counter[NamedNode], Counter[NamedNode]]:
    """Return how much of each kind of resource departments share, and how much of it is free."""
    total, free, already = Counter[NamedNode](), Counter[NamedNode](), reservations.taken(workspace)
    for quad in workspace.store.match(None, xz("resourceKind"), None):
        stock, kind, name = quad.subject, quad.object, quad.graph_name
        if isinstance(stock, NamedNode) and isinstance(kind, NamedNode) and isinstance(name, NamedNode):
            for amount in workspace.store.match(stock, xz("quantity"), None, name) if visible(name) else ():
                if isinstance(amount.object, Literal):
                    quantity = int(float(amount.object.value))
                    total[kind] += quantity
                    free[kind] += max(quantity - already[stock], 0)
    return total, free


def _beside(kept: Mapping[NamedNode, Kept]) -> dict[NamedNode, list[Kept]]:
    """Return the uses and needs of each module."""
    found: dict[NamedNode, list[Kept]] = {}
    for one in kept.values():
        if one.kind in (USE, NEED):
            for module in one.provision.objects(OF_MODULE if one.kind == USE else NEEDED_BY):
                found.setdefault(module, []).append(one)
    return found


def _module(workspace: Workspace, module: Kept, beside: Iterable[Kept]) -> dict[str, Any]:
    def things(property_: NamedNode) -> list[dict[str, Any]]:
        return [named(workspace, one) for one in module.provision.objects(property_)]

    return {
        **comparing.told(workspace, module),
        "slug": editions.slug_of(module.provision.node),
        "responsible": things(RESPONSIBLE),
        "needs": things(NEEDS),
        "achieves": things(ACHIEVES),
        "uses": [comparing.told(workspace, one) for one in beside if one.kind == USE],
        "resources": [comparing.told(workspace, one) for one in beside if one.kind == NEED],
    }
