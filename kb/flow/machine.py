"""Runs a flow: what may be done, what a step leads to, and how it looks drawn (library ``transitions``).

The machine is built from the same definition that stands in the graph; nothing of it is written in Python.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pyoxigraph import NamedNode
from transitions import Machine, MachineError

from kb.access.principal import Principal, person
from kb.errors import Fault, Forbidden, NotFound, Text
from kb.flow import Conflict, FlowRefused
from kb.flow.definition import Flow, State, Step
from kb.flow.event import Event, Values
from kb.store.protocol import Term

Guard = Callable[[], Text | None]
"""Says why the step cannot be taken now; ``None``: it can."""


@dataclass(frozen=True)
class Life:
    """Where a thing is: its *state*, the values that its steps set, and the number of its last event.

    *since* is when the clock of the state started: when it was entered, unless a step restarted the clock.
    *actors* are those who took each step, for the four-eyes principle. State ``None``: it does not exist yet.
    """

    about: NamedNode
    state: NamedNode | None = None
    revision: int = 0
    since: datetime | None = None
    values: Mapping[NamedNode, tuple[Term, ...]] = field(default_factory=dict)
    actors: Mapping[NamedNode, frozenset[str]] = field(default_factory=dict)

    def one(self, property_: NamedNode) -> Term | None:
        """Return the value of *property_*, the first if it has several."""
        return next(iter(self.values.get(property_, ())), None)


@dataclass(frozen=True)
class Actor:
    """Who acts: a principal, in the name of *body*, as one of the *parties* (the caller knows which)."""

    principal: Principal
    parties: Collection[NamedNode] = ()
    body: NamedNode | None = None


class FlowMachine:
    """The state machine of *flow*. Thread-safe."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self._lock = threading.Lock()
        self._leads_to: dict[tuple[NamedNode, str], NamedNode | None] = {}
        self._machine = Machine(
            None,
            states=[state.value for state in flow.states],
            transitions=_transitions(flow),
            initial=flow.start.value,
            auto_transitions=False,
        )

    def named(self, name: str, usable: Iterable[Step]) -> Step:
        """Return the one of the *usable* steps that is called *name*.

        :raises NotFound: ``flow.no-step``, with the names that there are.
        """
        known = {step.name: step for step in usable}
        if name in known:
            return known[name]
        raise NotFound.of(
            "flow.no-step",
            f"没有“{name}”这一步",
            f"there is no step {name}",
            where=name,
            repair=("可用：" + "、".join(known), "there are: " + ", ".join(known)),
        )

    def possible(self, life: Life) -> list[Step]:
        """Return the steps that the state allows, whoever may take them."""
        if life.state is None:
            return [self.flow.first]
        names = self._machine.get_triggers(life.state.value)
        return [step for name, step in self.flow.steps.items() if name in names]

    def state(self, life: Life) -> State | None:
        """Return the state of *life* as the flow declares it."""
        return None if life.state is None else self.flow.states[life.state]

    def open_to(self, life: Life, actor: Actor) -> list[Step]:
        """Return the steps that *actor* may take now, leaving out what only guards can tell."""
        found = []
        for step in self.possible(life):
            try:
                _require_actor(step, life, actor)
            except (Forbidden, FlowRefused):
                continue
            found.append(step)
        return found

    def after(self, life: Life, event: Event) -> Life:
        """Return *life* after *event*: the one place where a state changes, live or in a replay.

        :raises FlowRefused: ``flow.step``: the state does not allow it.
        """
        step = self.flow.step(event.step)
        state = self._next(life, step)
        actors = {**life.actors, step.iri: life.actors.get(step.iri, frozenset()) | {event.actor}}
        values = {**life.values, **{p: v for p, v in event.values.items() if p not in step.tells}}
        since = event.at if state != life.state or step.restarts_clock else life.since
        kept = {p: v for p, v in values.items() if v}
        return Life(life.about, state, event.number, since, kept, actors)

    def replay(self, about: NamedNode, events: Iterable[Event]) -> Life:
        """Return the life of *about* that *events*, in order, give."""
        life = Life(about)
        for event in events:
            if event.about == about:
                life = self.after(life, event)
        return life

    def check(
        self,
        life: Life,
        step: Step,
        actor: Actor,
        *,
        reason: str = "",
        values: Values | None = None,
        guards: Mapping[NamedNode, Guard] | None = None,
        expected: int | None = None,
    ) -> None:
        """Insist that *actor* may take *step* now.

        :param expected: the revision that the actor saw, if he said.
        :raises Conflict: ``flow.changed``: it was changed since.
        :raises FlowRefused: ``flow.step``, ``flow.party``, ``flow.reason``, ``flow.value``, ``flow.guard``.
        :raises Forbidden: ``access.action``, ``flow.four-eyes``.
        """
        if expected is not None and expected != life.revision:
            raise self._changed(life)
        self._next(life, step)
        _require_actor(step, life, actor)
        if step.needs_reason and not reason.strip():
            raise FlowRefused.of(
                "flow.reason",
                f"“{step.label.zh}”须说明理由",
                f"a reason is needed to {step.label.en}",
                where="reason",
                repair=("用一句话说明为什么", "say why in a sentence"),
            )
        given = set(values or {})
        allowed = {*step.sets, *step.may_set, *step.tells}
        for property_ in (*(p for p in step.sets if p not in given), *(given - allowed)):
            raise _value(step, property_, missing=property_ not in given)
        for name in step.guards:
            why = (guards or {})[name]()
            if why is not None:
                raise FlowRefused([Fault("flow.guard", why, life.about.value)])

    def diagram(self, lang: str) -> str:
        """Return the flow as a Mermaid state diagram with labels in *lang*, drawn from the machine."""
        from transitions.extensions import GraphMachine  # 12 ms that only drawings need

        flow = self.flow
        name = {state: one.label.in_(lang) for state, one in flow.states.items()}
        model: Any = _Model()  # the library adds get_graph to it
        GraphMachine(
            model,
            states=[*name.values()],
            transitions=[
                {
                    "trigger": step.label.in_(lang),
                    "source": [name[s] for s in step.sources],
                    "dest": "=" if step.target is None else name[step.target],
                }
                for step in flow.steps.values()
                if step.sources
            ],
            initial=name[flow.start],
            auto_transitions=False,
            graph_engine="mermaid",
            title=flow.label.in_(lang),
        )
        return str(model.get_graph().source)

    def _next(self, life: Life, step: Step) -> NamedNode:
        if life.state is None or not step.sources:
            if life.state is None and not step.sources:
                return self.flow.start
            raise self._impossible(life, step)
        key = life.state, step.name
        if key not in self._leads_to:
            self._leads_to[key] = self._run(life.state, step)
        target = self._leads_to[key]
        if target is None:
            raise self._impossible(life, step)
        return target

    def _run(self, state: NamedNode, step: Step) -> NamedNode | None:
        """Let the library take *step* in *state*; ``None``: it cannot be taken there.

        Transitions have no conditions, so the answer never changes. A replay asks for it thousands of times,
        and to make a model known to the library and forgotten again takes a tenth of a millisecond.
        """
        model = _Model()
        with self._lock:
            self._machine.add_model(model, initial=state.value)
            try:
                model.trigger(step.name)
            except MachineError:
                return None
            finally:
                self._machine.remove_model(model)
        return NamedNode(model.state)

    def _impossible(self, life: Life, step: Step) -> FlowRefused:
        state = self.state(life)
        now = state.label if state else Text("尚不存在", "not there yet")
        may = [one.label for one in self.possible(life)]
        return FlowRefused.of(
            "flow.step",
            f"现在是“{now.zh}”，不能{step.label.zh}",
            f"it is {now.en}: impossible to {step.label.en}",
            where=life.about.value,
            repair=(
                f"现在可以：{'、'.join(one.zh for one in may) or '无'}",
                f"possible now: {', '.join(one.en for one in may) or 'nothing'}",
            ),
        )

    def _changed(self, life: Life) -> Conflict:
        state = self.state(life)
        now = state.label if state else Text("尚不存在", "not there yet")
        return Conflict.of(
            "flow.changed",
            f"别人已先行处理：现在是“{now.zh}”，第 {life.revision} 号记录",
            f"somebody else acted first: it is {now.en} now, event {life.revision}",
            where=life.about.value,
            repair=("看过最新情况再决定", "look at it again, then decide"),
        )


class _Model:
    """What the library moves from state to state."""

    state: str
    trigger: Callable[[str], bool]


def _transitions(flow: Flow) -> list[dict[str, Any]]:
    return [
        {
            "trigger": step.name,
            "source": [state.value for state in step.sources],
            "dest": "=" if step.target is None else step.target.value,
        }
        for step in flow.steps.values()
        if step.sources
    ]


def _require_actor(step: Step, life: Life, actor: Actor) -> None:
    if step.action is not None:
        actor.principal.require(step.action)
    if step.parties and not set(step.parties) & set(actor.parties):
        raise FlowRefused.of(
            "flow.party",
            f"不是应当{step.label.zh}的一方",
            f"this side may not {step.label.en}",
            where=life.about.value,
            repair=("由流程规定的一方处理", "let the side that the flow names do it"),
        )
    for other in step.not_by:
        if person(actor.principal.name) in map(person, life.actors.get(other, ())):
            raise Forbidden.of(
                "flow.four-eyes",
                f"{actor.principal.name} 做过前一步，不能自己{step.label.zh}",
                f"{actor.principal.name} took the step before and may not {step.label.en} too",
                where=life.about.value,
                repair=("请另一人处理", "let somebody else do it"),
            )


def _value(step: Step, property_: NamedNode, *, missing: bool) -> FlowRefused:
    name = property_.value.rpartition("#")[2].rpartition("/")[2]
    return FlowRefused.of(
        "flow.value",
        f"“{step.label.zh}”{'缺少' if missing else '不能设定'} {name}",
        f"to {step.label.en}, {name} {'is missing' if missing else 'cannot be set'}",
        where=name,
    )
