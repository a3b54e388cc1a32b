"""The simulation: an agenda of moments, people who act when their turn comes, and a clock that jumps.

Whoever's turn it is with a directive decides once how long he takes; the next moment of the agenda is then
simply the next one. Chances are drawn by seed, incident, directive, department and step: the same seed gives
the same events, and another department's conduct does not change what the rest draw.
"""

from __future__ import annotations

import heapq
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from pyoxigraph import NamedNode

from kb.errors import InputError, Text
from kb.flow import FlowRefused
from kb.flow.definition import SYSTEM, Step
from kb.flow.event import Values
from kb.flow.machine import Life
from kb.services import incident
from kb.services.directives import acting, confirming, fallback, orders, parties, reading, terms, watching
from kb.services.exercise import people
from kb.services.exercise.people import People
from kb.services.exercise.scenario import Another, Asking, Conduct, Continued, Down, Name, Scenario
from kb.services.workspace import Workspace
from kb.store.protocol import Term

PREFIX = "exercise-"
"""How the identifiers of simulated incidents begin."""
DONE = Text("演练：已按要求完成", "exercise: done as asked")
OBSOLETE = Text("演练：续报后不再需要", "exercise: no longer needed after the continued report")
_AFTER_DUE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an exercise.

    *ended* is the simulated moment of the last event, *seconds* how long it really took; *missed* are injects
    that could not happen.
    """

    scenario: Scenario
    seed: int
    incidents: tuple[str, ...]
    ended: datetime
    seconds: float
    missed: tuple[Text, ...] = ()


@dataclass
class _Turn:
    """Whose turn it is with a directive; *asleep*: he does nothing until it is escalated."""

    state: NamedNode | None
    body: Term | None
    asleep: bool = False


@dataclass
class Exercise:
    """One run of *scenario* in *workspace*, which has the city and no real incident.

    :raises KnowledgeFault: ``exercise.unknown-body``.
    :raises InputError: ``exercise.live``, ``exercise.again``.
    """

    workspace: Workspace
    scenario: Scenario
    seed: int
    incidents: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Look whether names and store are right before anything is reported."""
        self._agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self._turns: dict[NamedNode, _Turn] = {}
        self._down: list[tuple[Name, datetime]] = []
        self._reports: list[dict[str, Any]] = []
        self._missed: list[Text] = []
        self._people = People(self.workspace)
        self._machine = self.workspace.flows.machine(terms.FLOW)
        self._now = self._last = self.scenario.start
        for name, _ in self.scenario.departments:
            people.require_meaning(self.workspace, name)
        _require_own_store(self.workspace, self._named(1))

    def run(self) -> Outcome:
        """Play the scenario to its end: nothing is left to do, or its limit is reached."""
        began = time.perf_counter()
        self._at(self.scenario.start, partial(self._report_new, self.scenario.report))
        for inject in self.scenario.injects:
            self._at(self.scenario.start + inject.after, partial(self._inject, inject))
        until = self.scenario.start + self.scenario.limit
        while self._agenda and self._agenda[0][0] <= until:
            self._now, _, act = heapq.heappop(self._agenda)
            act()
        seconds = time.perf_counter() - began
        names = tuple(self.incidents)
        return Outcome(self.scenario, self.seed, names, self._last, seconds, tuple(self._missed))

    # Reports and injects

    def _inject(self, inject: Continued | Another | Down | Asking) -> None:
        match inject:
            case Another():
                self._report_new(inject.report)
            case Continued():
                self._report(inject.of, inject.facts)
            case Down():
                people.require_meaning(self.workspace, inject.body)
                self._down.append((inject.body, self._now + inject.until - inject.after))
            case Asking():
                self._ask(inject)

    def _report_new(self, facts: Any) -> None:
        self._reports.append({})
        self.incidents.append(self._named(len(self._reports)))
        self._report(len(self._reports), facts)

    def _report(self, of: int, facts: Any) -> None:
        """Report the incident with the number *of* with *facts* beside those that were known."""
        if not 1 <= of <= len(self._reports):
            self._missed.append(Text(f"没有第 {of} 起事件可续报", f"there is no incident {of} to continue"))
            return
        known, identifier = self._reports[of - 1], self.incidents[of - 1]
        known.update(facts)
        known.setdefault("time", self._now.isoformat())
        actor = self._people.reporter().name
        incident.report(self.workspace, {**known, "id": identifier}, actor=actor, now=self._now)
        wait = self.scenario.command.confirm.draw(self._chance(identifier, len(known), "confirm"))
        self._at(self._now + wait, partial(self._confirm, identifier))

    def _confirm(self, identifier: str) -> None:
        first = identifier == self.incidents[0] and not reading.stored(self.workspace, identifier)
        given = self.scenario.command.overrides if first else ()
        done = confirming.confirm(
            self.workspace,
            identifier,
            self._people.commander(),
            overrides=orders.read_overrides(self.workspace, given),
            now=self._now,
        )
        self._last = self._now
        self._turn_to(terms.directive_iri(identifier, number) for number in done.new)
        if self.scenario.command.cancel is not None:
            for number in done.obsolete:
                about = terms.directive_iri(identifier, number)
                wait = self.scenario.command.cancel.draw(self._chance(about.value, "cancel"))
                self._at(self._now + wait, partial(self._cancel, about))

    def _cancel(self, about: NamedNode) -> None:
        step = self._machine.flow.steps["cancel"]
        life = acting.life_of(self.workspace, *terms.parts_of(about))
        if step in self._machine.possible(life):
            self._take(life, step, OBSOLETE.zh, {})

    def _ask(self, inject: Asking) -> None:
        identifier = self.incidents[inject.of - 1] if inject.of <= len(self.incidents) else ""
        to = people.body(self.workspace, inject.to)
        for life in reading.standing(self.workspace, identifier) if identifier else ():
            sender = life.one(terms.ADDRESSEE)
            if isinstance(sender, NamedNode) and people.meant(self.workspace, sender, inject.sender):
                parent = terms.parts_of(life.about)[1] if inject.part else None
                request = acting.Request(
                    to, sender, inject.task, people.node(life.one(terms.LEVEL)), parent, not inject.part
                )
                officer = self._people.officer(sender, self._machine.flow.first)
                event = acting.draft(self.workspace, identifier, request, officer, now=self._now)
                self._last = self._now
                self._turn_to([event.about])
                return
        name = inject.sender.text
        self._missed.append(
            Text(f"“{name}”没有在办指令，无法请求协助", f"{name} has no open directive from which to ask")
        )

    # Whose turn it is

    def _turn_to(self, directives: Iterable[NamedNode]) -> None:
        """Let whoever's turn it is with each of *directives* decide what he does and when."""
        for about in directives:
            life = acting.life_of(self.workspace, *terms.parts_of(about))
            state = self._machine.state(life)
            if state is None or state.final:
                self._turns.pop(about, None)
                parent = life.one(terms.PARENT)
                if isinstance(parent, NamedNode) and parent in self._turns:
                    del self._turns[parent]  # it may have waited for this part
                    self._turn_to([parent])
                continue
            due = reading.due(self.workspace, life)
            if due is not None:
                self._at(due + _AFTER_DUE, self._watch)
            self._decide(life)

    def _decide(self, life: Life) -> None:
        body = watching.whose_turn(self._machine, life)
        turn = self._turns.get(life.about)
        if turn is None or (turn.state, turn.body) != (life.state, body):
            turn = self._turns[life.about] = _Turn(life.state, body)
            conduct = self._conduct(life, body)
            chance = self._chance(life.about.value, body, "silent").random()
            turn.asleep = chance < conduct.silent and terms.ESCALATED not in life.values
        elif not turn.asleep or terms.ESCALATED not in life.values:
            return  # he has decided already, or still sleeps
        else:
            turn.asleep = False
        found = None if turn.asleep else self._choice(life, body)
        if found is not None:
            step, wait = found
            self._at(self._now + wait, partial(self._act, life.about, turn, step, wait))

    def _choice(self, life: Life, body: Term | None) -> tuple[Step, timedelta] | None:
        """Return which step comes next, and after which wait; ``None``: nobody does anything."""
        conduct = self._conduct(life, body)
        possible = [step for step in self._machine.possible(life) if step.parties != (SYSTEM,)]
        theirs = [step for step in possible if parties.ADDRESSEE in step.parties]
        ahead = [s for s in theirs or possible if s.name in conduct.waits and terms.REFUSED not in s.sets]
        back = next((step for step in theirs if terms.REFUSED in step.sets), None)
        step = ahead[0] if ahead else None
        likely = conduct.passes_on if terms.REFUSED in life.values else conduct.returns
        if back and self._chance(life.about.value, body, "returns").random() < likely:
            step = back
        if step is None:
            return None
        wait = conduct.waits[step.name if step.name in conduct.waits or not ahead else ahead[0].name]
        return step, wait.draw(self._chance(life.about.value, body, step.name, life.revision))

    def _act(self, about: NamedNode, turn: _Turn, step: Step, wait: timedelta) -> None:
        if self._turns.get(about) is not turn:
            return  # the turn has passed to somebody else
        up = self._up_again(turn.body)
        if up > self._now:
            self._at(up + wait, partial(self._act, about, turn, step, wait))
            return
        identifier, number = terms.parts_of(about)
        life = acting.life_of(self.workspace, identifier, number)
        values: dict[NamedNode, tuple[Term, ...]] = {}
        if terms.ADDRESSEE in step.sets:
            heirs = fallback.suggested(self.workspace, identifier, number)
            if not heirs:
                return
            values[terms.ADDRESSEE] = (heirs[0],)
        reason = self._conduct(life, turn.body).reason if terms.REFUSED in step.sets else DONE.zh
        self._take(life, step, reason if step.needs_reason else "", values)

    def _take(self, life: Life, step: Step, reason: str, values: Values) -> None:
        identifier, number = terms.parts_of(life.about)
        somebody = self._people.for_step(step, life)
        try:
            acting.take(
                self.workspace,
                identifier,
                number,
                step.name,
                somebody,
                reason=reason,
                values=values,
                now=self._now,
            )
        except FlowRefused as refused:
            if refused.faults[0].code != "flow.guard":
                raise
            return  # its parts are open: when the last one ends, it is their turn again
        self._last = self._now
        self._turn_to([life.about])

    def _watch(self) -> None:
        events = watching.tick(self.workspace, self._now)
        if events:
            self._last = self._now
        self._turn_to([event.about for event in events])

    def _conduct(self, life: Life, body: Term | None) -> Conduct:
        """Return how *body* behaves: the command for its own directives, else what the scenario says."""
        addressee = life.one(terms.ADDRESSEE)
        if body != addressee and not parties.is_request(life):
            return Conduct(self.scenario.command.waits)
        named = (one for name, one in self.scenario.departments if self._meant(body, name))
        conduct = next(named, self.scenario.default)
        if body != addressee:  # it supervises its own request as the command does
            return Conduct({**self.scenario.command.waits, **conduct.waits})
        return conduct

    def _up_again(self, body: Term | None) -> datetime:
        """Return until when *body* can do nothing; a moment in the past: it can."""
        ends = (until for name, until in self._down if self._meant(body, name))
        return max(ends, default=self.scenario.start)

    def _meant(self, body: Term | None, name: Name) -> bool:
        return isinstance(body, NamedNode) and people.meant(self.workspace, body, name)

    # Time and chance

    def _at(self, moment: datetime, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (max(moment, self._now), next(self._order), act))

    def _chance(self, *of: object) -> Random:
        return Random(" ".join(map(str, (self.seed, *of))))  # noqa: S311 - a simulation, no secret

    def _named(self, number: int) -> str:
        return f"{PREFIX}{self.scenario.name}-{self.seed}" + (f"-{number}" if number > 1 else "")


def _require_own_store(workspace: Workspace, first: str) -> None:
    """Insist that *workspace* is made for exercises: clocks run in simulated time for all that is open."""
    known = [name for name, _, _ in incident.recent(workspace, sys.maxsize)]
    strangers = [name for name in known if not name.startswith(PREFIX)]
    if strangers:
        raise live(workspace.home, strangers[0])
    if first in known or any(True for _ in reading.everything_open(workspace)):
        raise InputError.of(
            "exercise.again",
            f"这里已推演过 {first}，或有未办结的指令",
            f"{first} was played here before, or a directive is open here",
            where=str(workspace.home),
            repair=("换一个种子或目录", "use another seed or folder"),
        )


def live(home: Path, what: str) -> InputError:
    """Return the error that *home* is no place for an exercise, as it holds *what*."""
    return InputError.of(
        "exercise.live",
        f"这里有真实数据（{what}），不能推演",
        f"there are real data here ({what}): no exercise can run",
        where=str(home),
        repair=("换一个目录，或不指定目录", "use another folder, or name none"),
    )
