"""Many directives through the whole loop by several threads, and the proof that nothing got lost or doubled.

Incidents are reported and confirmed first. Then threads walk over all directives, each with its share, and
some directives are walked by two threads at once: both see the same state and try the same step, and one is
told that the other was first. One directive in twenty is returned and dispatched to the fallback.

In the end the timelines are read back: events are numbered from 1 without gap or double, as many as steps
were acknowledged; replaying them gives the stored states; every directive is closed; the journal's chain of
hashes holds.
"""

from __future__ import annotations

import resource
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from pyoxigraph import Literal, NamedNode

from kb.errors import Text
from kb.flow import Conflict
from kb.flow.definition import SYSTEM, Step
from kb.flow.event import NUMBER, timeline_graph
from kb.flow.ledger import states_of
from kb.flow.machine import Life
from kb.services import incident
from kb.services.directives import acting, confirming, fallback, parties, reading, terms
from kb.services.exercise.people import People
from kb.services.exercise.running import DONE, PREFIX
from kb.services.latency import quantile
from kb.services.loading import Progress
from kb.services.workspace import Workspace

REPORT = {"type": "燃气爆炸", "grid": "370202", "deaths": 1, "seriousInjuries": 2, "leak": True}
CITY = "370200"
SHARED, RETURNED = 0.1, 0.05
"""The shares of directives that two threads walk, and that are returned."""
_WALKING = Text("指令闭环", "directives through the loop")


@dataclass
class Figures:
    """What was done and how long each step took, in milliseconds; *faults* is what the proof found wrong."""

    incidents: int = 0
    directives: int = 0
    threads: int = 0
    acknowledged: int = 0
    events: int = 0
    conflicts: int = 0
    journal: int = 0
    seconds: float = 0.0
    preparing: float = 0.0
    proving: float = 0.0
    memory_mb: float = 0.0
    times: list[float] = field(default_factory=list)
    steps: Counter[str] = field(default_factory=Counter)
    faults: list[Text] = field(default_factory=list)

    def render(self, lang: str) -> str:
        """Return the figures as lines in *lang*."""
        p50, p99 = quantile(self.times, 0.5), quantile(self.times, 0.99)
        rate = len(self.times) / self.seconds
        counts = ", ".join(f"{name} {count:,}" for name, count in self.steps.most_common())
        faults = "\n".join(f"  ✗ {fault.in_(lang)}" for fault in self.faults)
        proof = Text("无遗漏、无重复、全部办结", "nothing lost, nothing doubled, everything closed").in_(lang)
        return Text(
            f"{self.incidents:,} 起事件，{self.directives:,} 条指令，{self.threads} 个线程（准备 "
            f"{self.preparing:.0f} 秒）\n"
            f"  {len(self.times):,} 步：每秒 {rate:.0f} 步；一步（毫秒）p50 {p50:.2f}　p99 {p99:.2f}；"
            f"内存 {self.memory_mb:.0f} MB\n"
            f"  {counts}；同时抢办被拒 {self.conflicts:,} 次\n"
            f"  已确认 {self.acknowledged:,} 步，时间线 {self.events:,} 条，日志 {self.journal:,} 条"
            f"（核对 {self.proving:.0f} 秒）\n{faults or '  ✓ ' + proof}",
            f"{self.incidents:,} incidents, {self.directives:,} directives, {self.threads} threads "
            f"(prepared in {self.preparing:.0f} s)\n"
            f"  {len(self.times):,} steps: {rate:.0f} steps/s; a step (ms) p50 {p50:.2f}  p99 {p99:.2f}; "
            f"memory {self.memory_mb:.0f} MB\n"
            f"  {counts}; told that another was first {self.conflicts:,} times\n"
            f"  {self.acknowledged:,} steps acknowledged, {self.events:,} events in timelines, "
            f"{self.journal:,} entries in the journal (proved in {self.proving:.0f} s)\n"
            f"{faults or '  ✓ ' + proof}",
        ).in_(lang)


def measure(
    workspace: Workspace, count: int, threads: int = 4, seed: int = 1, progress: Progress | None = None
) -> Figures:
    """Take at least *count* directives through the loop by *threads* in *workspace*, and prove it.

    :param workspace: with the city 370200 and no such run before it.
    """
    figures = Figures(threads=threads)
    start = time.perf_counter()
    names = _prepare(workspace, count, figures, progress)
    figures.preparing = time.perf_counter() - start
    figures.acknowledged = sum(workspace.flows.ledger.length(name) for name in names)
    directives = [life.about for name in names for life in reading.stored(workspace, name)]
    figures.directives = len(directives)
    walk = _Walk(workspace, figures, seed, len(directives), progress)
    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        done = [pool.submit(walk.share, _share(directives, n, threads, seed)) for n in range(threads)]
        for one in done:
            one.result()
    figures.seconds = time.perf_counter() - start
    figures.acknowledged += len(figures.times)
    start = time.perf_counter()
    figures.faults = list(prove(workspace, names, figures.acknowledged))
    figures.events = sum(len(workspace.flows.ledger.events(name)) for name in names)
    figures.journal = workspace.store.verify()
    figures.proving = time.perf_counter() - start
    figures.memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def prove(workspace: Workspace, names: list[str], acknowledged: int) -> Iterator[Text]:
    """Yield what is wrong with the timelines *names*, of which *acknowledged* steps were told to be done.

    :raises StoreError: ``store.chain-broken``.
    """
    flows = workspace.flows
    machines = {m.flow.iri: m for m in map(flows.machine, (terms.FLOW, terms.INCIDENT_FLOW))}
    states, found = flows.machine(terms.FLOW).flow.states, 0
    for name in names:
        events = flows.ledger.events(name)
        found += len(events)
        said = [
            int(q.object.value)
            for q in workspace.store.match(None, NUMBER, None, timeline_graph(name))
            if isinstance(q.object, Literal)
        ]
        if sorted(said) != list(range(1, len(events) + 1)) or flows.ledger.length(name) != len(events):
            yield Text(f"{name} 的编号有缺漏或重复", f"the numbers of {name} have a gap or a double")
        stored = {life.about: life for life in reading.stored(workspace, name)}
        for about, life in states_of(machines, events).items():
            kept = flows.ledger.stored_state(about, terms.states_graph(name))
            if kept != (life.state, life.revision):
                yield Text(
                    f"{about.value} 的状态与事件不符", f"the state of {about.value} is not that of its events"
                )
            if about in stored:
                ended = life.state is not None and states[life.state].final
                if not ended:
                    yield Text(f"{about.value} 未办结", f"{about.value} is not closed")
                if _values(life) != _values(stored[about]):
                    yield Text(f"{about.value} 的内容与事件不符", f"{about.value} is not what its events say")
    if found != acknowledged:
        yield Text(
            f"已确认 {acknowledged} 步，时间线却有 {found} 条",
            f"{acknowledged} steps were acknowledged, the timelines have {found} events",
        )


class _Walk:
    """Threads that take directives through the loop. *figures* get what each step took."""

    def __init__(
        self, workspace: Workspace, figures: Figures, seed: int, count: int, progress: Progress | None
    ) -> None:
        self._workspace, self._figures, self._seed, self._count = workspace, figures, seed, count
        self._machine = workspace.flows.machine(terms.FLOW)
        self._people = People(workspace)
        self._progress = progress
        self._lock = threading.Lock()
        self._closed = 0

    def share(self, directives: list[NamedNode]) -> None:
        """Take *directives* to their ends, one after the other."""
        for about in directives:
            while self._next(about):
                pass
            with self._lock:
                self._closed += 1
            if self._progress is not None and self._closed % 100 == 0:
                self._progress(_WALKING, self._closed, self._count)

    def _next(self, about: NamedNode) -> bool:
        """Take the next step of *about*; say whether there was one."""
        identifier, number = terms.parts_of(about)
        life = acting.life_of(self._workspace, identifier, number)
        step = self._choice(life)
        if step is None:
            return False
        values: dict[NamedNode, Any] = {}
        if terms.ADDRESSEE in step.sets:
            values[terms.ADDRESSEE] = tuple(fallback.suggested(self._workspace, identifier, number)[:1])
        somebody, start = self._people.for_step(step, life), time.perf_counter()
        try:
            acting.take(
                self._workspace,
                identifier,
                number,
                step.name,
                somebody,
                reason=DONE.zh if step.needs_reason else "",
                values=values,
                expected=life.revision,
            )
        except Conflict:
            with self._lock:
                self._figures.conflicts += 1
            return True
        took = (time.perf_counter() - start) * 1000
        with self._lock:
            self._figures.times.append(took)
            self._figures.steps[step.name] += 1
        return True

    def _choice(self, life: Life) -> Step | None:
        """Return the step of the addressee, else of the issuer, that leads on; one in some is returned."""
        ahead = [
            step
            for step in self._machine.possible(life)
            if step.target not in (None, life.state) and step.parties != (SYSTEM,) and step.name != "cancel"
        ]
        theirs = [step for step in ahead if parties.ADDRESSEE in step.parties] or [
            step for step in ahead if not step.needs_reason
        ]
        back = [step for step in theirs if terms.REFUSED in step.sets]
        on = [step for step in theirs if terms.REFUSED not in step.sets]
        chance = Random(f"{self._seed} {life.about.value}").random()  # noqa: S311 - a simulation
        if back and terms.REFUSED not in life.values and chance < RETURNED:
            return back[0]
        return on[0] if on else None


def _prepare(workspace: Workspace, count: int, figures: Figures, progress: Progress | None) -> list[str]:
    """Report and confirm incidents until there are *count* directives; return their names."""
    people, made = People(workspace), 0
    names: list[str] = []
    issuing = people.commander()
    while made < count:
        name = f"{PREFIX}many-{len(names) + 1}"
        now = datetime.now(UTC)
        incident.report(workspace, {**REPORT, "id": name}, actor=issuing.name, now=now)
        made += len(confirming.confirm(workspace, name, issuing, now=now).new)
        names.append(name)
        if progress is not None:
            progress(Text("准备指令", "preparing directives"), min(made, count), count)
    figures.incidents = len(names)
    return names


def _share(directives: list[NamedNode], thread: int, threads: int, seed: int) -> list[NamedNode]:
    """Return what *thread* walks: its own directives, and beside it some of its neighbour's."""
    chance = Random(seed)  # noqa: S311 - a simulation
    shared = [chance.random() < SHARED for _ in directives]
    before = (thread - 1) % threads
    return [
        about
        for place, about in enumerate(directives)
        if place % threads == thread or (shared[place] and place % threads == before)
    ]


def _values(life: Life) -> dict[NamedNode, frozenset[object]]:
    known = {terms.OF, terms.ADDRESSEE, terms.ISSUER, terms.TASK, terms.MODULE, terms.LEVEL, terms.REFUSED}
    return {property_: frozenset(life.values.get(property_, ())) for property_ in known}
