"""How directives were carried out: times between states and counts of steps, by department and by rule.

What is measured stands in the ontology (``xz:FlowMeasure``). A directive that went to another department is
measured for each: a time runs from when that department got it. Median and 90 % are values that occurred.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from pyoxigraph import NamedNode

from kb.flow.event import Event
from kb.flow.machine import FlowMachine, Life
from kb.namespaces import ONTOLOGY, RDF_TYPE, graph, xz
from kb.services.directives import terms
from kb.services.naming import named
from kb.services.workspace import Workspace
from kb.store.protocol import Term

TIMELINES = graph("timeline/").value


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that is measured: a time from *start* to *end*, or how often *step* is taken."""

    iri: NamedNode
    start: NamedNode | None
    end: NamedNode | None
    step: NamedNode | None

    @property
    def name(self) -> str:
        """The last part of its IRI."""
        return self.iri.value.rpartition("/")[2]


@dataclass
class Turn:
    """A directive with one department: when it reached which state since that had it, and the steps taken."""

    directive: NamedNode
    body: Term | None
    rules: tuple[Term, ...]
    entered: dict[NamedNode, float] = field(default_factory=dict)
    steps: list[NamedNode] = field(default_factory=list)


def measures(workspace: Workspace, identifiers: Iterable[str] | None = None) -> dict[str, Any]:
    """Return the measures of the directives of some incidents as JSON; ``None``: of all.

    Times are in seconds. ``departments`` and ``rules`` are sorted by how many directives they had.
    """
    known = list(declared(workspace))
    turns = [t for name in (identifiers or timelines(workspace)) for t in turns_of(workspace, name)]
    by_body: dict[Term, list[Turn]] = defaultdict(list)
    by_rule: dict[Term, list[Turn]] = defaultdict(list)
    for turn in turns:
        if turn.body is not None:
            by_body[turn.body].append(turn)
        for rule in turn.rules:
            by_rule[rule].append(turn)
    return {
        "measures": [{"name": one.name, **named(workspace, one.iri)} for one in known],
        "all": _summary(known, turns),
        "departments": _grouped(workspace, known, by_body, "department"),
        "rules": _grouped(workspace, known, by_rule, "rule"),
    }


def declared(workspace: Workspace) -> Iterator[Measure]:
    """Yield what the ontology measures, by name."""
    store = workspace.store

    def one(subject: NamedNode, name: str) -> NamedNode | None:
        found = (q.object for q in store.match(subject, xz(name), None, ONTOLOGY))
        return next((term for term in found if isinstance(term, NamedNode)), None)

    subjects = [q.subject for q in store.match(None, RDF_TYPE, xz("FlowMeasure"), ONTOLOGY)]
    for subject in sorted((s for s in subjects if isinstance(s, NamedNode)), key=lambda s: s.value):
        start, end, step = (one(subject, name) for name in ("measuredFrom", "measuredTo", "countsStep"))
        yield Measure(subject, start, end, step)


def turns_of(workspace: Workspace, identifier: str) -> list[Turn]:
    """Return the turns of every directive of an incident: one for each department that had it."""
    machine = workspace.flows.machine(terms.FLOW)
    by_directive: dict[NamedNode, list[Event]] = defaultdict(list)
    for event in workspace.flows.ledger.events(identifier):
        if event.step in _steps(machine):
            by_directive[event.about].append(event)
    return [turn for about, events in by_directive.items() for turn in _turns(machine, about, events)]


def _turns(machine: FlowMachine, about: NamedNode, events: Iterable[Event]) -> Iterator[Turn]:
    life, turn = Life(about), None
    for event in events:
        before, life = life, machine.after(life, event)
        moved = life.one(terms.ADDRESSEE) != before.one(terms.ADDRESSEE)
        if turn is None or moved:
            if turn is not None:
                yield turn
            turn = Turn(about, life.one(terms.ADDRESSEE), life.values.get(terms.BECAUSE, ()))
        turn.steps.append(event.step)
        if life.state is not None and (moved or life.state != before.state):
            turn.entered.setdefault(life.state, event.at.timestamp())
    if turn is not None:
        yield turn


def _grouped(
    workspace: Workspace, known: list[Measure], groups: dict[Term, list[Turn]], what: str
) -> list[dict[str, Any]]:
    found = []
    for term, turns in sorted(groups.items(), key=lambda group: (-len(group[1]), str(group[0]))):
        found.append({what: named(workspace, term), **_summary(known, turns)})
    return found


def _summary(known: list[Measure], turns: list[Turn]) -> dict[str, Any]:
    times: dict[str, Any] = {}
    counts: dict[str, int] = {}
    for measure in known:
        if measure.step is not None:
            counts[measure.name] = sum(turn.steps.count(measure.step) for turn in turns)
        elif measure.start is not None and measure.end is not None:
            taken = sorted(
                turn.entered[measure.end] - turn.entered[measure.start]
                for turn in turns
                if measure.start in turn.entered and measure.end in turn.entered
            )
            times[measure.name] = {
                "count": len(taken),
                "median": _rank(taken, 0.5),
                "p90": _rank(taken, 0.9),
            }
    return {"directives": len({turn.directive for turn in turns}), "times": times, "counts": counts}


def _rank(sorted_: list[float], share: float) -> float | None:
    """Return the value of the nearest rank (Hyndman and Fan 1996, definition 1)."""
    return sorted_[max(0, ceil(share * len(sorted_)) - 1)] if sorted_ else None


def _steps(machine: FlowMachine) -> frozenset[NamedNode]:
    return frozenset(step.iri for step in machine.flow.steps.values())


def timelines(workspace: Workspace) -> list[str]:
    """Return the names of all timelines."""
    names = (name.value for name in workspace.store.graphs())
    return sorted(name.removeprefix(TIMELINES) for name in names if name.startswith(TIMELINES))
