"""What is overdue goes up the hierarchy; what was returned and nobody dispatches goes to the fallback.

A server looks every few seconds, an exercise whenever its clock moves on. Each step restarts the clock of its
state, so what stays overdue goes one level higher each time, until nobody is above.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pyoxigraph import NamedNode

from kb.flow import FlowRefused
from kb.flow.event import Event
from kb.flow.machine import FlowMachine, Life
from kb.namespaces import xz
from kb.services.directives import fallback, parties, reading, terms
from kb.services.directives.acting import take_as_system
from kb.services.workspace import Workspace
from kb.store.protocol import Term

SUPERIOR = xz("superior")


def tick(workspace: Workspace, now: datetime | None = None) -> list[Event]:
    """Escalate what is overdue at *now*; return what was done. Doing it twice does it once."""
    moment = now or datetime.now(UTC)
    done = []
    for life in list(reading.everything_open(workspace)):
        until = reading.due(workspace, life)
        if until is not None and until < moment:
            event = _act(workspace, life, until, moment)
            if event is not None:
                done.append(event)
    return done


def _act(workspace: Workspace, life: Life, until: datetime, now: datetime) -> Event | None:
    """Do what *life* is overdue for; ``None`` where nobody is left to tell, or somebody acted meanwhile."""
    machine = workspace.flows.machine(terms.FLOW)
    identifier, number = terms.parts_of(life.about)
    state = machine.state(life)
    assert state is not None
    reason = (
        f"“{state.label.zh}”超时，应于 {until:%Y-%m-%d %H:%M} UTC 前处理 / "
        f"{state.label.en} too long, due by {until:%Y-%m-%d %H:%M} UTC"
    )
    values: dict[NamedNode, tuple[Term, ...]]
    # Whoever returned it waits for another: it goes to the fallback, and only then upwards.
    heirs = (
        fallback.suggested(workspace, identifier, number) if life.state == parties.state("returned") else []
    )
    if heirs:
        name, values = "redispatch", {terms.ADDRESSEE: (heirs[0],)}
    else:
        above = _above(workspace, machine, life)
        if above is None:
            return None
        assert life.state is not None
        name, values = "escalate", {terms.ESCALATED: (above,), terms.ESCALATED_IN: (life.state,)}
    try:
        return take_as_system(
            workspace, identifier, number, name, reason=reason, values=values, expected=life.revision, now=now
        )
    except FlowRefused:
        return None  # somebody acted since it was read: it is not overdue any more, or the next look finds it


def _above(workspace: Workspace, machine: FlowMachine, life: Life) -> NamedNode | None:
    """Return who is above whom the last look told, or else above whose turn it is."""
    last = life.one(terms.ESCALATED)
    below = last if last is not None and _told_here(life) else whose_turn(machine, life)
    for quad in () if not isinstance(below, NamedNode) else workspace.store.match(below, SUPERIOR, None):
        if isinstance(quad.object, NamedNode):
            return quad.object
    return None


def whose_turn(machine: FlowMachine, life: Life) -> Term | None:
    """Return the body that has to act in the state of *life*: the addressee, or else the issuer."""
    forward = [step for step in machine.possible(life) if step.target not in (None, life.state)]
    theirs = any(parties.ADDRESSEE in step.parties for step in forward)
    return life.one(terms.ADDRESSEE if theirs else terms.ISSUER)


def _told_here(life: Life) -> bool:
    """Whether the last escalation was in the present state: each state starts with its own superior."""
    return terms.ESCALATED_IN in life.values and life.one(terms.ESCALATED_IN) == life.state
