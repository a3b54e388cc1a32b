"""What the modules of an incident need, and where it is nearest: stocks that departments share.

Needs are data (``ontology/resources.ttl``). Each need takes from the nearest stocks that still hold
something: modules in their order, never more than a stock has, none that has expired, nothing that another
incident has taken (:mod:`kb.services.reservations`). There is one destination, so nearest first gives the
least way in all. Distance is the great circle (haversine, mean radius 6,371 km) where incident and stock have
coordinates; those come first, the others by how narrow an area both lie in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil
from typing import Any

from pyoxigraph import Literal, NamedNode

from kb.access.principal import Principal
from kb.clock import today
from kb.namespaces import ONTOLOGY, RDF_TYPE, xz
from kb.services import incident, reservations
from kb.services.audience import Visible, everything
from kb.services.distance import distance
from kb.services.findings import Findings
from kb.services.incident import Answer
from kb.services.life import standing, terms
from kb.services.life.brief import brief
from kb.services.naming import named
from kb.services.recommendation.modules import in_order
from kb.services.reservations import Reservation, Wanted
from kb.services.workspace import Workspace
from kb.store.protocol import Term

FAR = 99
"""Steps up from a stock's area to one that holds the incident; so many: there is none."""


@dataclass(frozen=True, slots=True)
class Need:
    """A *quantity* of a *kind* for a *module*."""

    module: NamedNode
    kind: NamedNode
    quantity: int


@dataclass(frozen=True, slots=True)
class Stock:
    """A stock: how much of which *kind*, how far in *km* (``None``: unknown) and in *steps* of areas.

    *taken* is how much of it incidents have already.
    """

    iri: NamedNode
    kind: NamedNode
    quantity: int
    km: float | None = None
    steps: int = FAR
    taken: int = 0

    @property
    def free(self) -> int:
        """How much of it may be offered."""
        return max(self.quantity - self.taken, 0)


@dataclass(frozen=True, slots=True)
class Met:
    """A need, what is taken from which stock, and how much is *short*."""

    need: Need
    taken: tuple[tuple[Stock, int], ...]
    short: int


def allocate(needs: Iterable[Need], stocks: Iterable[Stock]) -> list[Met]:
    """Meet *needs*, in their order, from the nearest *stocks*."""
    by_kind: dict[NamedNode, list[Stock]] = defaultdict(list)
    for stock in sorted(stocks, key=_nearness):
        by_kind[stock.kind].append(stock)
    left = {stock.iri: stock.free for stocks_ in by_kind.values() for stock in stocks_}
    met = []
    for need in needs:
        open_, taken = need.quantity, []
        for stock in by_kind[need.kind]:
            amount = min(open_, left[stock.iri])
            if amount > 0:
                taken.append((stock, amount))
                left[stock.iri] -= amount
                open_ -= amount
        met.append(Met(need, tuple(taken), open_))
    return met


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


def needs(workspace: Workspace, found: Findings) -> Iterator[Need]:
    """Yield what the modules that are to be started need, in their order, counted by the reported facts."""
    store = workspace.store
    for module in in_order(found, found.all("activates")):
        if not isinstance(module, NamedNode):
            continue
        records = [q.subject for q in store.match(None, xz("neededBy"), module, ONTOLOGY)]
        for record in sorted((r for r in records if isinstance(r, NamedNode)), key=lambda r: r.value):
            kind, quantity, per = (
                _one(workspace, record, n) for n in ("neededKind", "neededQuantity", "perFact")
            )
            count = Decimal(_number(quantity))
            if isinstance(per, NamedNode):
                count *= max((Decimal(_number(term)) for term in found.reported(per)), default=Decimal(0))
            if isinstance(kind, NamedNode) and count > 0:
                yield Need(module, kind, ceil(count))


def stocks(workspace: Workspace, found: Findings, visible: Visible) -> Iterator[Stock]:
    """Yield the stocks that have not expired, each with how far it is."""
    here = _place(found.answer)
    areas, already = set(found.all("within")), reservations.taken(workspace)
    for quad in workspace.store.match(None, RDF_TYPE, xz("Stock")):
        graph = quad.graph_name
        if not isinstance(quad.subject, NamedNode) or not isinstance(graph, NamedNode) or not visible(graph):
            continue
        about = {q.predicate: q.object for q in workspace.store.match(quad.subject, None, None, graph)}
        kind, expires = about.get(xz("resourceKind")), about.get(xz("expiresOn"))
        if isinstance(expires, Literal) and date.fromisoformat(expires.value) < today():
            continue
        if isinstance(kind, NamedNode):
            there = _pair(about.get(xz("longitude")), about.get(xz("latitude")))
            km = None if here is None or there is None else distance(here, there)
            quantity = int(Decimal(_number(about.get(xz("quantity")))))
            steps = _steps(found, about.get(xz("locatedIn")), areas)
            yield Stock(quad.subject, kind, quantity, km, steps, already[quad.subject])


def _nearness(stock: Stock) -> tuple[bool, float, int, str]:
    return stock.km is None, stock.km or 0.0, stock.steps, stock.iri.value


def _steps(found: Findings, area: Term | None, areas: set[Term]) -> int:
    """Return how many areas up from *area* one of *areas* lies, in which the incident is."""
    for steps in range(FAR):
        if area is None:
            return FAR
        if area in areas:
            return steps
        area = found.one(area, "partOf")
    return FAR


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


def _place(answer: Answer) -> tuple[float, float] | None:
    facts = {t.predicate: t.object for t in answer.facts}
    return _pair(facts.get(xz("longitude")), facts.get(xz("latitude")))


def _pair(longitude: Term | None, latitude: Term | None) -> tuple[float, float] | None:
    if isinstance(longitude, Literal) and isinstance(latitude, Literal):
        return float(longitude.value), float(latitude.value)
    return None


def _one(workspace: Workspace, subject: NamedNode, name: str) -> Term | None:
    return next((q.object for q in workspace.store.match(subject, xz(name), None, ONTOLOGY)), None)


def _number(term: Term | None) -> str:
    return term.value if isinstance(term, Literal) else "0"
