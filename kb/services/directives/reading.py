"""Directives and timelines as JSON: whose turn it is, until when, and what a reader may do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad

from kb.access.principal import Principal
from kb.errors import Text, both
from kb.flow.event import Event
from kb.flow.ledger import STATE, read_state
from kb.flow.machine import Life
from kb.namespaces import RDF_TYPE, graph
from kb.services.directives import parties, terms
from kb.services.naming import named
from kb.services.workspace import Workspace
from kb.store.protocol import Term

GRAPHS = graph("directive/").value
ASKED = {terms.ADDRESSEE: "to", terms.SCORE: "score"}
"""What people give with a step, as requests call it; everything else that a step sets follows from it."""


def stored(workspace: Workspace, identifier: str) -> list[Life]:
    """Return the directives of an incident as they are stored, by number; without who took their steps."""
    by_subject: dict[NamedNode, list[Quad]] = {}
    for quad in workspace.store.match(None, None, None, terms.states_graph(identifier)):
        if isinstance(quad.subject, NamedNode):
            by_subject.setdefault(quad.subject, []).append(quad)
    lives = [
        read_state(about, quads)
        for about, quads in by_subject.items()
        if any(q.predicate == RDF_TYPE and q.object == terms.DIRECTIVE for q in quads)
    ]
    return sorted(lives, key=lambda life: terms.parts_of(life.about)[1])


def standing(workspace: Workspace, identifier: str) -> list[Life]:
    """Return the directives of an incident that have not ended."""
    return [life for life in stored(workspace, identifier) if _is_open(workspace, life)]


def pressing(workspace: Workspace, identifier: str, now: datetime | None = None) -> dict[str, int]:
    """Return how many directives of an incident are ``open``, and how many of those ``overdue``."""
    at = now or datetime.now(UTC)
    until = [due(workspace, life) for life in standing(workspace, identifier)]
    return {"open": len(until), "overdue": sum(one is not None and at > one for one in until)}


def unfinished(workspace: Workspace, identifier: str) -> Text | None:
    """Say which directives of an incident have not ended; ``None``: all have."""
    left = [str(terms.parts_of(life.about)[1]) for life in standing(workspace, identifier)]
    if not left:
        return None
    return Text(f"指令 {'、'.join(left)} 尚未办结", f"directives {', '.join(left)} are still open")


def of_department(workspace: Workspace, department: NamedNode, *, ended: bool = False) -> list[Life]:
    """Return the directives that *department* is to carry out, the newest incident first."""
    return [
        life for life in _with(workspace, terms.ADDRESSEE, department) if ended or _is_open(workspace, life)
    ]


def requested_by(workspace: Workspace, department: NamedNode) -> list[Life]:
    """Return the open requests and parts that *department* sent to others."""
    found = _with(workspace, terms.ISSUER, department)
    return [life for life in found if parties.is_request(life) and _is_open(workspace, life)]


def everything_open(workspace: Workspace) -> Iterator[Life]:
    """Yield every directive that has not ended, of all incidents."""
    store, states = workspace.store, workspace.flows.machine(terms.FLOW).flow.states
    for state, declared in states.items():
        if not declared.final:
            for quad in store.match(None, STATE, state):
                if isinstance(quad.subject, NamedNode) and isinstance(quad.graph_name, NamedNode):
                    yield read_state(quad.subject, store.match(quad.subject, None, None, quad.graph_name))


def due(workspace: Workspace, life: Life) -> datetime | None:
    """Return until when *life* must have left its state; ``None``: whenever."""
    return workspace.flows.clocks.due(life.state, life.one(terms.LEVEL), life.since)


def view(
    workspace: Workspace, life: Life, reader: Principal | None = None, now: datetime | None = None
) -> dict[str, Any]:
    """Return *life* as JSON, with the steps that *reader* may take."""
    machine = workspace.flows.machine(terms.FLOW)
    identifier, number = terms.parts_of(life.about)
    state, until = machine.state(life), due(workspace, life)
    assert state is not None
    late = until is not None and (now or datetime.now(UTC)) > until
    parent = life.one(terms.PARENT)
    score = life.one(terms.SCORE)
    return {
        "incident": identifier,
        "number": number,
        "iri": life.about.value,
        "state": {
            "iri": state.iri.value,
            "name": state.name,
            "label": both(state.label),
            "final": state.final,
        },
        "revision": life.revision,
        "since": None if life.since is None else life.since.isoformat(),
        "due": None if until is None else until.isoformat(),
        "overdue": late,
        "addressee": named(workspace, life.one(terms.ADDRESSEE)),
        "issuer": named(workspace, life.one(terms.ISSUER)),
        "task": _texts(life.values.get(terms.TASK, ())),
        "module": named(workspace, life.one(terms.MODULE)),
        "duties": [named(workspace, duty) for duty in life.values.get(terms.DUTY, ())],
        "level": named(workspace, life.one(terms.LEVEL)),
        "partOf": terms.parts_of(parent)[1] if isinstance(parent, NamedNode) else None,
        "lateral": terms.LATERAL in life.values,
        "refusedBy": [named(workspace, body) for body in life.values.get(terms.REFUSED, ())],
        "escalatedTo": [named(workspace, body) for body in life.values.get(terms.ESCALATED, ())],
        "score": int(score.value) if isinstance(score, Literal) else None,
        "because": [named(workspace, rule) for rule in life.values.get(terms.BECAUSE, ())],
        "steps": [] if reader is None else steps(workspace, life, reader),
    }


def steps(workspace: Workspace, life: Life, reader: Principal) -> list[dict[str, Any]]:
    """Return the steps that *reader* may take with *life* now, with what each asks for."""
    machine = workspace.flows.machine(terms.FLOW)
    actor, known = parties.actor_of(reader, life), parties.guards(workspace, reader, life, {})
    found = []
    for step in machine.open_to(life, actor):
        if all(known[guard]() is None for guard in step.guards):
            found.append(
                {
                    "name": step.name,
                    "label": both(step.label),
                    "needsReason": step.needs_reason,
                    "needs": [ASKED[p] for p in step.sets if p in ASKED],
                    "may": [ASKED[p] for p in step.may_set if p in ASKED],
                }
            )
    return found


def timeline(workspace: Workspace, identifier: str, about: NamedNode | None = None) -> list[dict[str, Any]]:
    """Return the events of an incident's timeline as JSON, in order; *about* one thing of it."""
    steps_ = {
        step.iri: step
        for name in (terms.INCIDENT_FLOW, terms.FLOW)
        for step in workspace.flows.machine(name).flow.steps.values()
    }
    return [
        {
            "number": event.number,
            "at": event.at.isoformat(),
            "actor": event.actor,
            "body": named(workspace, event.body),
            "step": {
                "iri": event.step.value,
                "name": event.step.value.rpartition("/")[2],
                "label": both(steps_[event.step].label if event.step in steps_ else Text("", "")),
            },
            "about": _about(event),
            "reason": event.reason,
            "values": _values(workspace, event),
        }
        for event in workspace.flows.ledger.events(identifier, about)
    ]


def _about(event: Event) -> dict[str, Any]:
    kind = "directive" if "/directive/" in event.about.value else "incident"
    return {
        "iri": event.about.value,
        "kind": kind,
        "number": terms.parts_of(event.about)[1] if kind == "directive" else None,
    }


def _values(workspace: Workspace, event: Event) -> list[dict[str, Any]]:
    shown = {terms.ADDRESSEE, terms.ESCALATED, terms.MODULE, terms.SCORE}
    return [
        {"property": both(workspace.describer.text(property_)), "value": named(workspace, value)}
        for property_, values in event.values.items()
        if property_ in shown
        for value in values
    ]


def _with(workspace: Workspace, property_: NamedNode, body: NamedNode) -> list[Life]:
    found = []
    for quad in workspace.store.match(None, property_, body):
        name = quad.graph_name
        if (
            isinstance(quad.subject, NamedNode)
            and isinstance(name, NamedNode)
            and name.value.startswith(GRAPHS)
        ):
            found.append(read_state(quad.subject, workspace.store.match(quad.subject, None, None, name)))
    return sorted(found, key=lambda life: life.since or datetime.min.replace(tzinfo=UTC), reverse=True)


def _is_open(workspace: Workspace, life: Life) -> bool:
    states = workspace.flows.machine(terms.FLOW).flow.states
    return life.state is not None and not states[life.state].final


def _texts(texts: Iterable[Term]) -> dict[str, str]:
    said = {text.language: text.value for text in texts if isinstance(text, Literal)}
    zh, en = said.get("zh"), said.get("en")
    return {"zh": zh or en or "", "en": en or zh or ""}
