"""Timelines in the store: events are appended together with the state that they lead to, in one commit.

The graph ``timeline/<name>`` holds the events and how many there are; another graph, which the caller names,
holds the present state of each thing. Appending takes the lock of the timeline, and the number of an event is
part of the idempotency key of its commit: the journal takes each number once, whoever tries.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from pyoxigraph import Literal, NamedNode, Quad

from kb.errors import NotFound
from kb.flow import Conflict, event
from kb.flow.event import Event, Values, integer, timeline_graph, timeline_iri
from kb.flow.machine import FlowMachine, Life
from kb.namespaces import xz
from kb.store.protocol import Change, Store, Term

STATE, REVISION, SINCE, LENGTH = xz("flowState"), xz("revision"), xz("since"), xz("length")
_STRIPES = 256


@dataclass(frozen=True)
class Taken:
    """A step to be written: of which machine, from which *life*, into which *graph* the state goes."""

    machine: FlowMachine
    life: Life
    graph: NamedNode
    step: NamedNode
    actor: str
    body: NamedNode | None = None
    reason: str = ""
    values: Values = field(default_factory=dict)
    request: str = ""

    def event(self, number: int, at: datetime) -> Event:
        """Return it as the event *number*."""
        about, step, values = self.life.about, self.step, self.values
        return Event(number, about, step, self.actor, at, self.body, self.reason, values, self.request)


@dataclass(frozen=True)
class Prepared:
    """Events that are ready to be written: the *change*, and by which *key* the journal takes it once."""

    change: Change
    events: tuple[Event, ...]
    reason: str

    @property
    def key(self) -> str:
        """The idempotency key: the number of the first event is part of it."""
        return f"timeline {self.reason}"


class Ledger:
    """The timelines in *store*. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._locks = [threading.RLock() for _ in range(_STRIPES)]

    @contextmanager
    def lock(self, *names: str) -> Iterator[None]:
        """Hold the timelines *names*: what is read within does not change until it is written.

        Whoever needs several holds them by one call: two calls could wait for each other for ever.
        """
        with ExitStack() as held:
            for place in sorted({hash(name) % _STRIPES for name in names}):
                held.enter_context(self._locks[place])
            yield

    def length(self, name: str) -> int:
        """Return how many events the timeline *name* has."""
        return next((int(n) for n in self._literals(timeline_iri(name), LENGTH, timeline_graph(name))), 0)

    def events(self, name: str, about: NamedNode | None = None) -> list[Event]:
        """Return the events of the timeline *name*, or those *about* one thing, in order."""
        within = timeline_graph(name)
        if about is not None:
            nodes = [q.subject for q in self._store.match(None, event.ABOUT, about, within)]
            named = (node for node in nodes if isinstance(node, NamedNode))
            found = [event.read(self._store.match(node, None, None, within)) for node in named]
        else:
            by_node: dict[object, list[Quad]] = {}
            for quad in self._store.match(None, None, None, within):
                by_node.setdefault(quad.subject, []).append(quad)
            by_node.pop(timeline_iri(name), None)
            found = [event.read(quads) for quads in by_node.values()]
        return sorted(found, key=lambda one: one.number)

    def life(self, machine: FlowMachine, name: str, about: NamedNode) -> Life:
        """Return where *about* is, from its events.

        :raises NotFound: ``flow.unknown``: nothing ever happened to it.
        """
        life = machine.replay(about, self.events(name, about))
        if life.state is None:
            raise NotFound.of(
                "flow.unknown",
                f"没有 {about.value.rpartition('/')[2]}",
                f"there is no {about.value.rpartition('/')[2]}",
                where=about.value,
            )
        return life

    def stored_state(self, about: NamedNode, graph: NamedNode) -> tuple[NamedNode | None, int]:
        """Return the state and revision of *about* as *graph* has them, without replaying."""
        states = [q.object for q in self._store.match(about, STATE, None, graph)]
        revision = next((int(n) for n in self._literals(about, REVISION, graph)), 0)
        return (states[0] if states and isinstance(states[0], NamedNode) else None), revision

    def stored(self, about: NamedNode, graph: NamedNode) -> Life:
        """Return where *about* is as *graph* has it, without replaying, and so without the actors."""
        return read_state(about, self._store.match(about, None, None, graph))

    def append(
        self,
        name: str,
        steps: Sequence[Taken],
        *,
        at: datetime,
        action: str,
        also: Change | None = None,
        seen: int | None = None,
    ) -> list[Event]:
        """Write *steps*, which were checked, with the states they lead to, and *also*; all or nothing.

        :param action: what the journal calls it.
        :param seen: the length of the timeline when the steps were checked, for callers without the lock.
        :raises Conflict: ``flow.changed``: the timeline has grown since.
        """
        with self.lock(name):
            prepared = self.prepare(name, steps, at=at, also=also, seen=seen)
            receipt = self._store.commit(
                prepared.change,
                actor=steps[0].actor,
                action=action,
                reason=prepared.reason,
                key=prepared.key,
            )
            if receipt.duplicate:
                raise overtaken(name)
            return list(prepared.events)

    def prepare(
        self,
        name: str,
        steps: Sequence[Taken],
        *,
        at: datetime,
        also: Change | None = None,
        seen: int | None = None,
        length: int | None = None,
    ) -> Prepared:
        """Return what :meth:`append` would write, for callers who commit it with more, holding the lock.

        :param length: how many events the timeline has, where the caller knows.
        :raises Conflict: ``flow.changed``.
        :raises FlowRefused: ``flow.step``: a state does not allow a step.
        """
        length = self.length(name) if length is None else length
        if seen is not None and seen != length:
            raise overtaken(name)
        additions: list[Quad] = list(also.additions) if also else []
        removals: list[Quad] = list(also.removals) if also else []
        lives: dict[NamedNode, tuple[Life, Life]] = {}
        events = []
        for number, taken in enumerate(steps, length + 1):
            one = taken.event(number, at)
            before, now = lives.get(one.about, (taken.life, taken.life))
            lives[one.about] = before, taken.machine.after(now, one)
            additions += event.quads(name, one)
            events.append(one)
        graphs = {taken.life.about: taken.graph for taken in steps}
        for about, (before, after) in lives.items():
            old, new = set(_state(before, graphs[about])), set(_state(after, graphs[about]))
            additions += new - old
            removals += old - new
        node, within = timeline_iri(name), timeline_graph(name)
        additions.append(Quad(node, LENGTH, integer(length + len(steps)), within))
        if length:
            removals.append(Quad(node, LENGTH, integer(length), within))
        return Prepared(Change(additions, removals), tuple(events), f"{name} {length + 1}")

    def _literals(self, subject: NamedNode, predicate: NamedNode, graph: NamedNode) -> Iterable[str]:
        for quad in self._store.match(subject, predicate, None, graph):
            if isinstance(quad.object, Literal):
                yield quad.object.value


def _state(life: Life, graph: NamedNode) -> Iterator[Quad]:
    if life.state is None:
        return
    yield Quad(life.about, STATE, life.state, graph)
    yield Quad(life.about, REVISION, integer(life.revision), graph)
    if life.since is not None:
        yield Quad(life.about, SINCE, event.moment(life.since), graph)
    for property_, terms in life.values.items():
        for term in terms:
            yield Quad(life.about, property_, term, graph)


def read_state(about: NamedNode, quads: Iterable[Quad]) -> Life:
    """Return where *about* is as *quads* of it say, which are those of its graph of states."""
    values: dict[NamedNode, list[Term]] = {}
    for quad in quads:
        values.setdefault(quad.predicate, []).append(quad.object)
    state, revision, since = (values.pop(p, [None])[0] for p in (STATE, REVISION, SINCE))
    return Life(
        about,
        state if isinstance(state, NamedNode) else None,
        int(revision.value) if isinstance(revision, Literal) else 0,
        datetime.fromisoformat(since.value) if isinstance(since, Literal) else None,
        {property_: tuple(sorted(terms, key=str)) for property_, terms in values.items()},
    )


def states_of(machines: Mapping[NamedNode, FlowMachine], events: Iterable[Event]) -> dict[NamedNode, Life]:
    """Return the life of everything that *events*, in order, are about.

    :param machines: the machine of each flow.
    """
    by_step = {step.iri: machine for machine in machines.values() for step in machine.flow.steps.values()}
    lives: dict[NamedNode, Life] = {}
    for one in events:
        lives[one.about] = by_step[one.step].after(lives.get(one.about, Life(one.about)), one)
    return lives


def overtaken(name: str) -> Conflict:
    """Return the conflict of whoever found the timeline *name* grown."""
    return Conflict.of(
        "flow.changed",
        f"时间线 {name} 上别人已先行处理",
        f"somebody else acted first on the timeline {name}",
        where=name,
        repair=("看过最新情况再决定", "look at it again, then decide"),
    )
