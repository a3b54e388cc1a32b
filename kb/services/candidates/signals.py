"""Signals: what may be an incident waits in the store, or as a warning in force, until somebody judges it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad
from rdflib.xsd_datetime import parse_xsd_duration

from kb.access.principal import Principal
from kb.errors import NotFound
from kb.flow.event import moment
from kb.flow.ledger import STATE, Taken
from kb.flow.machine import Actor, Life
from kb.geo.city import grid_index
from kb.namespaces import ONTOLOGY, RDF_TYPE, ROOT, XSD, graph, xz
from kb.report.places import code_of
from kb.services.incident import together
from kb.services.life.sameness import Sight
from kb.services.warnings import quads as warning_quads
from kb.services.warnings.meaning import common
from kb.services.warnings.quads import code
from kb.services.workspace import Workspace
from kb.store.protocol import Change, Term

FLOW, NOTICE = "candidate", "notice"
OBSERVATION, REPORT, WARNING = "observation", "report", "warning"
SIGNAL = xz("Signal")
_KINDS = f"{ROOT}kb/signal-kind/"
_SIGNALS = f"{ROOT}signal/"
_SMALL = (xz("UnitGrid"), xz("GovernanceGrid"), xz("Community"))
"""Areas so small that their middle stands for a place in them."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal. *point* is (longitude, latitude); *confidence* from 0 to 1."""

    id: str
    kind: str
    source: str
    at: datetime
    type: NamedNode
    place: NamedNode | None = None
    point: tuple[float, float] | None = None
    text: str = ""
    confidence: float = 0.5

    @property
    def iri(self) -> NamedNode:
        """Its IRI."""
        return NamedNode(_SIGNALS + self.id)

    def sight(self, middle: tuple[float, float] | None = None) -> Sight:
        """Return it as it is compared with others; *middle* is that of its grid, where it has no point."""
        return Sight(self.id, (self.type,), self.place, self.point or middle, self.at)


def notice(
    workspace: Workspace, signals: Iterable[Signal], principal: Principal, *, now: datetime | None = None
) -> list[str]:
    """Store *signals* that are not here yet, in one commit; return their identifiers.

    :raises Forbidden: ``access.action``.
    """
    at, ledger, run = now or datetime.now(UTC), workspace.flows.ledger, workspace.flows.machine(FLOW)
    new = {one.id: one for one in signals if life_of(workspace, one.id).state is None}
    if not new:
        return []
    step = run.flow.steps[NOTICE]
    with ledger.lock(*map(timeline, new)):
        changes, key = [], ""
        for one in new.values():
            run.check(Life(one.iri), step, Actor(principal))
            first = taken(workspace, Life(one.iri), NOTICE, principal)
            prepared = ledger.prepare(timeline(one.id), [first], at=at)
            changes += [prepared.change, Change(list(_quads(one)))]
            key = key or prepared.key
        workspace.store.commit(
            together(*changes), actor=principal.name, action="notice signals", reason=str(len(new)), key=key
        )
    return list(new)


def waiting(workspace: Workspace, now: datetime) -> list[Signal]:
    """Return the signals that nobody has judged: those stored, and the warnings in force."""
    kept = _policy(workspace, "keptFor", timedelta(days=1))
    start = workspace.flows.machine(FLOW).flow.start
    found = []
    for quad in workspace.store.match(None, STATE, start):
        if isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(_SIGNALS):
            one = stored(workspace, quad.subject.value.removeprefix(_SIGNALS))
            if one is not None and now - kept <= one.at <= now + timedelta(hours=1):
                found.append(one)
    for one in of_warnings(workspace, now):
        if life_of(workspace, one.id).state in (None, start):
            found.append(one)
    return sorted(found, key=lambda one: (one.at, one.id))


def of_warnings(workspace: Workspace, now: datetime) -> Iterator[Signal]:
    """Yield a signal for each warning in force: where all that it affects lies, of what it warns."""
    for one in workspace.warned.in_force(now):
        alert = warning_quads.stored(workspace.store, one.key)
        if alert is None or not one.types or not one.areas:
            continue
        places = [area for area in one.areas if isinstance(area, NamedNode)]
        info = alert.said(True)
        text = "" if info is None else info.headline or info.event
        yield Signal(
            f"warning-{one.key}", WARNING, alert.sender, alert.sent, one.types[0], common(workspace, places),
            text=text, confidence=_likelihood(workspace, "Unknown" if info is None else info.certainty),
        )  # fmt: skip


def stored(workspace: Workspace, identifier: str) -> Signal | None:
    """Return the signal *identifier* as it was noticed, or ``None``."""
    values: dict[str, Term] = {}
    for quad in workspace.store.match(NamedNode(_SIGNALS + identifier), None, None, signal_graph(identifier)):
        values[quad.predicate.value.rpartition("#")[2]] = quad.object
    type_, place = values.get("signalType"), values.get("place")
    if not isinstance(type_, NamedNode):
        return None

    def text(name: str) -> str:
        found = values.get(name)
        return found.value if isinstance(found, Literal | NamedNode) else ""

    point = (float(text("longitude")), float(text("latitude"))) if "longitude" in values else None
    return Signal(
        identifier,
        text("signalKind").rpartition("/")[2],
        text("signalSource"),
        datetime.fromisoformat(text("signalAt")),
        type_,
        place if isinstance(place, NamedNode) else None,
        point,
        text("signalText"),
        float(text("confidence") or 0.5),
    )


def life_of(workspace: Workspace, identifier: str) -> Life:
    """Return where the signal *identifier* stands."""
    return workspace.flows.ledger.stored(NamedNode(_SIGNALS + identifier), states_graph(identifier))


def taken(workspace: Workspace, life: Life, step: str, principal: Principal, **more: Any) -> Taken:
    """Return *step* of the signal of *life* as it is to be written."""
    run = workspace.flows.machine(FLOW)
    identifier = life.about.value.removeprefix(_SIGNALS)
    body = None if principal.department is None else NamedNode(principal.department)
    within = states_graph(identifier)
    return Taken(run, life, within, run.flow.steps[step].iri, principal.name, body, **more)


def timeline(identifier: str) -> str:
    """Return the name of the timeline of a signal."""
    return f"signal-{identifier}"


def signal_graph(identifier: str) -> NamedNode:
    """Return the graph of what a signal says."""
    return graph(f"signal/{identifier}")


def states_graph(identifier: str) -> NamedNode:
    """Return the graph that says where a signal stands."""
    return graph(f"candidate/{identifier}")


def middle(workspace: Workspace, place: NamedNode | None) -> tuple[float, float] | None:
    """Return the middle of a small area, as longitude and latitude; ``None`` for large ones."""
    if place is None:
        return None
    code = code_of(place, workspace.store)
    kinds = {q.object for q in workspace.store.match(place, RDF_TYPE, None)}
    for kind in _SMALL:
        if kind in kinds and code[:4].isdigit():
            try:
                centre = grid_index(workspace.store, f"{code[:4]}00", kind).shape(place).centroid
            except (NotFound, KeyError):
                return None
            return float(centre.x), float(centre.y)
    return None


def least_confidence(workspace: Workspace) -> float:
    """Return below which joint confidence candidates are not shown."""
    for quad in workspace.store.match(None, xz("leastConfidence"), None, ONTOLOGY):
        if isinstance(quad.object, Literal):
            return float(quad.object.value)
    return 0.0


def _policy(workspace: Workspace, name: str, default: timedelta) -> timedelta:
    for quad in workspace.store.match(None, xz(name), None, ONTOLOGY):
        if isinstance(quad.object, Literal):
            found = parse_xsd_duration(quad.object.value)
            assert isinstance(found, timedelta)
            return found
    return default


def _likelihood(workspace: Workspace, certainty: str) -> float:
    """Return how likely it is that there is an incident, where a warning is of *certainty*."""
    quads = workspace.store.match(code("certainty", certainty), xz("likelihood"), None)
    return next((float(q.object.value) for q in quads if isinstance(q.object, Literal)), 0.0)


def _quads(one: Signal) -> Iterator[Quad]:
    about, within = one.iri, signal_graph(one.id)
    yield Quad(about, RDF_TYPE, SIGNAL, within)
    yield Quad(about, xz("signalKind"), NamedNode(_KINDS + one.kind), within)
    yield Quad(about, xz("signalSource"), Literal(one.source), within)
    yield Quad(about, xz("signalAt"), moment(one.at), within)
    yield Quad(about, xz("signalType"), one.type, within)
    yield Quad(about, xz("confidence"), _decimal(one.confidence), within)
    if one.place is not None:
        yield Quad(about, xz("place"), one.place, within)
    if one.point is not None:
        yield Quad(about, xz("longitude"), _decimal(one.point[0]), within)
        yield Quad(about, xz("latitude"), _decimal(one.point[1]), within)
    if one.text:
        yield Quad(about, xz("signalText"), Literal(one.text), within)


def _decimal(value: float) -> Literal:
    return Literal(f"{value:.6f}", datatype=NamedNode(XSD + "decimal"))
