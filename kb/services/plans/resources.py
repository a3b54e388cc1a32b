"""What an incident needs, has taken, and is offered by departments; who has what it misses."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pyoxigraph import Literal, NamedNode

from kb.access.principal import Principal
from kb.namespaces import xz
from kb.services import incident, reservations
from kb.services.audience import Visible, everything
from kb.services.findings import Findings
from kb.services.life import standing, terms
from kb.services.life.brief import brief
from kb.services.naming import named
from kb.services.plans.matching import Met, Need, Stock, allocate, needs, stocks
from kb.services.reservations import Reservation, Wanted
from kb.services.workspace import Workspace


def resources(workspace: Workspace, identifier: str, visible: Visible = everything) -> dict[str, Any]:
    """Return what the modules of an incident need, what it has, and from where it may take the rest, as JSON.

    ``reserved`` is what it has taken, ``from`` what it is offered, ``short`` what nobody has left;
    ``takenBy`` names the other incidents that have something of the kind.

    :param visible: which graphs the reader may see: stocks in others are not counted, incidents not named.
    :raises NotFound: ``incident.unknown``.
    """
    matching = _Matching(workspace, identifier, visible)
    return {
        "incident": identifier,
        "open": standing.is_open(workspace, standing.life_of(workspace, identifier)[0]),
        "needs": [
            {
                "module": named(workspace, need.module),
                "kind": named(workspace, need.kind),
                "quantity": need.quantity,
                "reserved": [matching.reserved(one) for one in matching.own_for(need)],
                "from": [_taken(workspace, stock, amount) for stock, amount in met.taken],
                "short": met.short,
                "takenBy": matching.taken_by(need.kind) if met.short else [],
            }
            for need, met in matching.met()
        ],
        "reserved": [matching.reserved(one) for one in matching.own],
    }


def take_offer(
    workspace: Workspace,
    identifier: str,
    principal: Principal,
    module: NamedNode | None = None,
    visible: Visible = everything,
) -> list[int]:
    """Take for an incident all that it is offered, or what is offered for one *module*.

    :return: the numbers of the reservations; none where nothing was offered.
    :raises NotFound, FlowRefused, Conflict, Forbidden: see :func:`kb.services.reservations.reserve`.
    """

    def wanted() -> list[Wanted]:
        return [
            Wanted(need.module, need.kind, stock.iri, amount)
            for need, met in _Matching(workspace, identifier, visible).met()
            if module in (None, need.module)
            for stock, amount in met.taken
        ]

    return reservations.reserve(workspace, identifier, wanted, principal)


def take_from(
    workspace: Workspace,
    identifier: str,
    wish: tuple[NamedNode, NamedNode, int],
    principal: Principal,
    visible: Visible = everything,
) -> list[int]:
    """Take something of a stock of somebody's own choice: *wish* is the module, the stock and the quantity.

    :raises NotFound: ``resource.stock``: there is no such stock, or the reader may not see it; and all that
        :func:`take_offer` raises.
    """
    module, stock, quantity = wish
    kinds = [
        quad.object
        for quad in workspace.store.match(stock, xz("resourceKind"), None)
        if isinstance(quad.graph_name, NamedNode) and visible(quad.graph_name)
    ]
    if not kinds or not isinstance(kinds[0], NamedNode):
        raise reservations.no_stock(stock)
    asked = [Wanted(module, kinds[0], stock, quantity)]
    return reservations.reserve(workspace, identifier, lambda: asked, principal)


class _Matching:
    """The needs of one incident, what it has taken already, and the stocks that have something left."""

    def __init__(self, workspace: Workspace, identifier: str, visible: Visible) -> None:
        self._workspace, self._identifier, self._visible = workspace, identifier, visible
        self._found = Findings(workspace, incident.recall(workspace, identifier))
        self._held = reservations.held(workspace)
        self.own = [one for one in self._held if one.incident == identifier]

    def own_for(self, need: Need) -> list[Reservation]:
        """Return what the incident has taken for *need*."""
        return [one for one in self.own if (one.wanted.module, one.wanted.kind) == (need.module, need.kind)]

    def met(self) -> list[tuple[Need, Met]]:
        """Return each need, and how what is still open of it is met from what is left."""
        wanted = list(needs(self._workspace, self._found))
        has = [sum(one.wanted.quantity for one in self.own_for(need)) for need in wanted]
        still = [
            Need(need.module, need.kind, max(need.quantity - own, 0))
            for need, own in zip(wanted, has, strict=True)
        ]
        offered = stocks(self._workspace, self._found, self._visible)
        return list(zip(wanted, allocate(still, offered), strict=True))

    def taken_by(self, kind: NamedNode) -> list[dict[str, Any]]:
        """Return what other incidents have taken of *kind*; those that are hidden are not named."""
        by_incident: Counter[str] = Counter()
        for one in self._held:
            if one.wanted.kind == kind and one.incident != self._identifier:
                by_incident[one.incident] += one.wanted.quantity
        return [
            {
                "incident": brief(self._workspace, other)
                if self._visible(terms.facts_graph(other))
                else None,
                "quantity": quantity,
            }
            for other, quantity in by_incident.most_common()
        ]

    def reserved(self, one: Reservation) -> dict[str, Any]:
        """Return a reservation as JSON."""
        since = one.life.since
        return {
            "number": one.number,
            "module": named(self._workspace, one.wanted.module),
            "kind": named(self._workspace, one.wanted.kind),
            "quantity": one.wanted.quantity,
            "since": None if since is None else since.isoformat(),
            **_where(self._workspace, one.wanted.stock),
        }


def _taken(workspace: Workspace, stock: Stock, amount: int) -> dict[str, Any]:
    return {
        "quantity": amount,
        "of": stock.quantity,
        "free": stock.free,
        "km": None if stock.km is None else round(stock.km, 1),
        **_where(workspace, stock.iri),
    }


def _where(workspace: Workspace, stock: NamedNode) -> dict[str, Any]:
    """Return whose a stock is, and its address."""
    store = workspace.store
    departments = [q.object for q in store.match(stock, xz("responsibleDepartment"), None)]
    addresses = [q.object for q in store.match(stock, xz("address"), None)]
    return {
        "stock": stock.value,
        "department": named(workspace, next(iter(departments), None)),
        "address": next((a.value for a in addresses if isinstance(a, Literal)), None),
    }
