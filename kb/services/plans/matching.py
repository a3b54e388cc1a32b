"""Needs met from stocks: nearest first, never more than is left.

Each need takes from the nearest stocks that still hold something: modules in their order, never more than a
stock has, none that has expired, nothing that an incident has taken (:mod:`kb.services.reservations`). There
is one destination, so nearest first gives the least way in all. Distance is the great circle (haversine, mean
radius 6,371 km) where incident and stock have coordinates; those come first, the others by how narrow an area
both lie in. Needs are data (``ontology/resources.ttl``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil

from pyoxigraph import Literal, NamedNode

from kb.clock import today
from kb.geo.distance import distance
from kb.namespaces import ONTOLOGY, RDF_TYPE, xz
from kb.services import reservations
from kb.services.audience import Visible
from kb.services.findings import Findings
from kb.services.incident import Answer
from kb.services.recommendation.modules import in_order
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
    for iri, about in shared(workspace, visible):
        kind = about.get(xz("resourceKind"))
        if isinstance(kind, NamedNode):
            there = _pair(about.get(xz("longitude")), about.get(xz("latitude")))
            km = None if here is None or there is None else distance(here, there)
            quantity = int(Decimal(_number(about.get(xz("quantity")))))
            steps = _steps(found, about.get(xz("locatedIn")), areas)
            yield Stock(iri, kind, quantity, km, steps, already[iri])


def shared(workspace: Workspace, visible: Visible) -> Iterator[tuple[NamedNode, dict[NamedNode, Term]]]:
    """Yield the stocks that the reader may see and that have not expired, with their values by property."""
    for quad in workspace.store.match(None, RDF_TYPE, xz("Stock")):
        graph = quad.graph_name
        if not isinstance(quad.subject, NamedNode) or not isinstance(graph, NamedNode) or not visible(graph):
            continue
        about = {q.predicate: q.object for q in workspace.store.match(quad.subject, None, None, graph)}
        expires = about.get(xz("expiresOn"))
        if isinstance(expires, Literal) and date.fromisoformat(expires.value) < today():
            continue
        yield quad.subject, about


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
