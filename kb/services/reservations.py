"""What incidents have taken of stocks: a reservation holds until it is released or its incident is over.

All reservations share one timeline, so the number of an event guards every stock: of two who take the last of
one, one is told that he comes too late.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pyoxigraph import Literal, NamedNode, Quad

from kb.access.principal import Principal
from kb.errors import NotFound
from kb.flow import Conflict, FlowRefused
from kb.flow.event import Values, integer
from kb.flow.ledger import STATE, Prepared, Taken
from kb.flow.machine import Actor, Life
from kb.namespaces import RDF_TYPE, ROOT, graph, xz
from kb.services.life import standing, terms
from kb.services.workspace import Workspace
from kb.store.protocol import Change

FLOW = TIMELINE = "reservation"
RESERVATION, STOCK_CLASS, TOTAL = xz("Reservation"), xz("Stock"), xz("quantity")
FOR, MODULE, STOCK, KIND, QUANTITY = (
    xz(name) for name in ("reservedFor", "forModule", "ofStock", "ofKind", "reservedQuantity")
)
RESERVE, MOVE, RELEASE = "reserve", "move", "release"
STATES = graph("reservation")
"""Where reservations stand."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A *quantity* of the *stock*, which holds that *kind*, for a *module*."""

    module: NamedNode
    kind: NamedNode
    stock: NamedNode
    quantity: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """What the *incident* (its identifier) has taken: *wanted*; the *life* of the reservation."""

    incident: str
    wanted: Wanted
    life: Life

    @property
    def number(self) -> int:
        """The number by which people call it."""
        return int(self.life.about.value.rpartition("/")[2])


def held(
    workspace: Workspace, *, incident: str | None = None, stock: NamedNode | None = None
) -> list[Reservation]:
    """Return what is taken now: all of it, that of one incident, or that of one stock; by number."""
    ledger, state = workspace.flows.ledger, workspace.flows.machine(FLOW).flow.start
    nodes = (q.subject for q in workspace.store.match(None, STATE, state, STATES))
    found = (_read(ledger.stored(node, STATES)) for node in nodes if isinstance(node, NamedNode))
    return sorted(
        (one for one in found if incident in (None, one.incident) and stock in (None, one.wanted.stock)),
        key=lambda one: one.number,
    )


def taken(workspace: Workspace) -> Counter[NamedNode]:
    """Return how much is taken of each stock now."""
    count: Counter[NamedNode] = Counter()
    for one in held(workspace):
        count[one.wanted.stock] += one.wanted.quantity
    return count


def reserve(
    workspace: Workspace,
    identifier: str,
    wanted: Callable[[], Sequence[Wanted]],
    principal: Principal,
    *,
    now: datetime | None = None,
) -> list[int]:
    """Take what *wanted* says for an incident, all or nothing; return the numbers of the reservations.

    :param wanted: is asked when nobody else can take anything any more.
    :raises NotFound: ``incident.unknown``, ``resource.stock``.
    :raises FlowRefused: ``resource.over``: the incident is over.
    :raises Conflict: ``resource.taken``: less is left of a stock.
    :raises Forbidden: ``access.action``.
    """
    at, run, ledger = now or datetime.now(UTC), workspace.flows.machine(FLOW), workspace.flows.ledger
    step = run.flow.first
    with ledger.lock(identifier, TIMELINE):
        life, _ = standing.life_of(workspace, identifier)
        if not standing.is_open(workspace, life):
            raise FlowRefused.of(
                "resource.over",
                "事件已结束，不能再占用资源",
                "the incident is over: it takes nothing any more",
                where=identifier,
            )
        asked = list(wanted())
        _require_left(workspace, asked)
        first, steps, described = ledger.length(TIMELINE) + 1, list[Taken](), list[Quad]()
        for number, one in enumerate(asked, first):
            new = Life(NamedNode(f"{ROOT}reservation/{identifier}/{number}"))
            values: Values = {
                FOR: (terms.incident_iri(identifier),),
                MODULE: (one.module,),
                STOCK: (one.stock,),
                KIND: (one.kind,),
                QUANTITY: (integer(one.quantity),),
            }
            run.check(new, step, Actor(principal), values=values)
            steps.append(_step(workspace, new, RESERVE, principal.name, values))
            described.append(Quad(new.about, RDF_TYPE, RESERVATION, STATES))
        if steps:
            ledger.append(TIMELINE, steps, at=at, action="reserve resources", also=Change(described))
        return list(range(first, first + len(steps)))


def release(
    workspace: Workspace,
    identifier: str,
    numbers: Iterable[int] | None,
    principal: Principal,
    *,
    now: datetime | None = None,
) -> list[int]:
    """Give back what an incident has taken: the reservations with *numbers*, or all; return the numbers.

    :raises NotFound: ``resource.reservation``: the incident has no such reservation now.
    :raises Forbidden: ``access.action``.
    """
    at, run, ledger = now or datetime.now(UTC), workspace.flows.machine(FLOW), workspace.flows.ledger
    step = run.flow.steps[RELEASE]
    with ledger.lock(TIMELINE):
        own = {one.number: one for one in held(workspace, incident=identifier)}
        chosen = list(own) if numbers is None else list(dict.fromkeys(numbers))
        for number in chosen:
            if number not in own:
                raise NotFound.of(
                    "resource.reservation",
                    f"该事件没有第 {number} 号占用，或已归还",
                    f"the incident has no reservation {number}, or it was released",
                    where=str(number),
                )
            run.check(own[number].life, step, Actor(principal))
        steps = [_step(workspace, own[number].life, RELEASE, principal.name, {}) for number in chosen]
        if steps:
            ledger.append(TIMELINE, steps, at=at, action="release resources")
        return chosen


def released(workspace: Workspace, identifier: str, actor: str, at: datetime) -> Change:
    """Return what gives back all that an incident has; the caller holds :data:`TIMELINE` and commits it."""
    return _all(workspace, identifier, RELEASE, actor, {}, at)


def moved(workspace: Workspace, identifier: str, into: str, actor: str, at: datetime) -> Change:
    """Return what hands all that an incident has to that *into* which it is merged; as :func:`released`."""
    return _all(workspace, identifier, MOVE, actor, {FOR: (terms.incident_iri(into),)}, at)


def no_stock(stock: NamedNode) -> NotFound:
    """Return the error of whoever names a *stock* that is not there, or that he may not see."""
    return NotFound.of(
        "resource.stock", "没有这处储备", "there is no such stock", where=stock.value.rpartition("/")[2]
    )


def _all(
    workspace: Workspace, identifier: str, step: str, actor: str, values: Values, at: datetime
) -> Change:
    steps = [_step(workspace, one.life, step, actor, values) for one in held(workspace, incident=identifier)]
    if not steps:
        return Change([], [])
    prepared: Prepared = workspace.flows.ledger.prepare(TIMELINE, steps, at=at)
    return prepared.change


def _require_left(workspace: Workspace, asked: Iterable[Wanted]) -> None:
    already, now = taken(workspace), Counter[NamedNode]()
    for one in asked:
        now[one.stock] += one.quantity
        left = _total(workspace, one.stock) - already[one.stock]
        if not 0 < now[one.stock] <= left:
            name = workspace.describer.text(one.kind)
            raise Conflict.of(
                "resource.taken",
                f"该处{name.zh}仅剩 {max(left, 0)}，不够 {now[one.stock]}",
                f"of {name.en} there {max(left, 0)} is left: not enough for {now[one.stock]}",
                where=one.stock.value,
                repair=("重新查看资源，另选储备", "look at the resources again, choose another stock"),
            )


def _total(workspace: Workspace, stock: NamedNode) -> int:
    for quad in workspace.store.match(stock, TOTAL, None):
        if isinstance(quad.object, Literal):
            return int(float(quad.object.value))
    raise no_stock(stock)


def _step(workspace: Workspace, life: Life, name: str, actor: str, values: Values) -> Taken:
    run = workspace.flows.machine(FLOW)
    return Taken(run, life, STATES, run.flow.steps[name].iri, actor, values=values)


def _read(life: Life) -> Reservation:
    def node(property_: NamedNode) -> NamedNode:
        found = life.one(property_)
        assert isinstance(found, NamedNode)
        return found

    quantity = life.one(QUANTITY)
    assert isinstance(quantity, Literal)
    wanted = Wanted(node(MODULE), node(KIND), node(STOCK), int(quantity.value))
    return Reservation(terms.identifier_of(node(FOR)), wanted, life)
