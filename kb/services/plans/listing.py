"""Which edition of a plan is in force, how it got there, and what is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from pyoxigraph import Literal, NamedNode
from rdflib import Literal as RdfLiteral
from rdflib import URIRef
from rdflib.namespace import XSD

from kb.errors import Text, both
from kb.flow.machine import Life
from kb.namespaces import RDF_TYPE, xz
from kb.ontology import reasoning
from kb.ontology.checks import plans as clocks
from kb.ontology.checks.finding import Finding
from kb.ontology.statements import Places
from kb.services.naming import named
from kb.services.plans import desk
from kb.services.workspace import Workspace

REGISTERED = ("publishedOn", "filedOn", "drilledOn", "evaluatedOn")
"""What the flow records and the clocks of plans look at."""
IN_FORCE, SUPERSEDED, PENDING = (
    Text("有效", "in force"),
    Text("已被取代", "superseded"),
    Text("待生效", "not yet in force"),
)


def plans(workspace: Workspace, on: date) -> list[dict[str, Any]]:
    """Return every plan and module by name, with its edition in force and how many there are."""
    found = {
        q.subject
        for kind in desk.KINDS
        for q in workspace.store.match(None, RDF_TYPE, xz(kind))
        if isinstance(q.subject, NamedNode)
    }
    return [_brief(workspace, plan, on) for plan in sorted(found, key=lambda plan: plan.value)]


def show(workspace: Workspace, plan: NamedNode, on: date) -> dict[str, Any]:
    """Return a plan with all its editions and its timeline."""
    machine = workspace.flows.machine(desk.FLOW)
    lives = desk.editions(workspace, plan)
    labels = {step.iri: step.label for step in machine.flow.steps.values()}
    return {
        **_brief(workspace, plan, on),
        "editions": [_edition(workspace, n, life, lives, on) for n, life in enumerate(lives, 1)],
        "timeline": [
            {
                "number": event.number,
                "at": event.at.isoformat(),
                "actor": event.actor,
                "step": both(labels[event.step]),
                "edition": int(event.about.value.rpartition("/")[2]),
                "reason": event.reason,
            }
            for event in workspace.flows.ledger.events(desk.timeline_of(plan))
        ],
    }


def in_force(lives: list[Life], on: date) -> Life | None:
    """Return the edition in force on a day: of those approved and not withdrawn, the one effective last."""
    found = [life for life in lives if (day := effective(life)) is not None and day <= on and _lives(life)]
    return max(found, key=lambda life: (effective(life) or on, life.about.value), default=None)


def effective(life: Life) -> date | None:
    """Return from which day an edition holds; ``None``: it was never approved."""
    day = life.one(desk.EFFECTIVE)
    return date.fromisoformat(day.value) if isinstance(day, Literal) else None


def due(workspace: Workspace, on: date) -> list[Finding]:
    """Return what is due on a day by the clocks of plans, and which plans rest on what has changed.

    The dates are those that the flow recorded, of the edition in force; a register of the city, if its
    knowledge has one, counts too.
    """
    base = workspace.knowledge
    shapes = base.ontology / "shapes"
    paths = [path for path in sorted(base.ontology.rglob("*.ttl")) if shapes not in path.parents]
    graph, places = reasoning.read(paths), Places(paths)
    for plan, property_, day in _registered(workspace, on):
        graph.add((URIRef(plan.value), URIRef(property_.value), RdfLiteral(day, datatype=XSD.date)))
    return [*clocks.due(graph, places, on), *clocks.revisions(graph, places, on)]


def _registered(workspace: Workspace, on: date) -> Iterator[tuple[NamedNode, NamedNode, str]]:
    for quad in workspace.store.match(None, RDF_TYPE, xz("Plan")):
        if isinstance(quad.subject, NamedNode):
            life = in_force(desk.editions(workspace, quad.subject), on)
            for name in REGISTERED if life is not None else ():
                for term in life.values.get(xz(name), ()) if life is not None else ():
                    if isinstance(term, Literal):
                        yield quad.subject, xz(name), term.value


def _brief(workspace: Workspace, plan: NamedNode, on: date) -> dict[str, Any]:
    lives = desk.editions(workspace, plan)
    now = in_force(lives, on)
    return {
        **(named(workspace, plan) or {}),
        "slug": desk.slug_of(plan),
        "editions": len(lives),
        "inForce": None if now is None else lives.index(now) + 1,
        "state": None if not lives else _state(workspace, lives[-1]),
    }


def _edition(workspace: Workspace, number: int, life: Life, lives: list[Life], on: date) -> dict[str, Any]:
    now, day = in_force(lives, on), effective(life)
    standing = None
    if day is not None and _lives(life):
        standing = PENDING if day > on else IN_FORCE if life == now else SUPERSEDED
    dates = {
        name: term.value
        for name in ("effectiveFrom", *REGISTERED)
        if isinstance(term := life.one(xz(name)), Literal)
    }
    digest = life.one(desk.DIGEST)
    plan = life.one(desk.OF)
    assert isinstance(plan, NamedNode)
    today = desk.content_digest(workspace, plan, desk.provisions(workspace, plan))
    return {
        "number": number,
        "iri": life.about.value,
        "state": _state(workspace, life),
        "standing": None if standing is None else both(standing),
        **dates,
        "digest": digest.value if isinstance(digest, Literal) else None,
        "changedSince": isinstance(digest, Literal) and digest.value != today,
        "provisions": len(life.values.get(desk.RESTS, ())),
    }


def _state(workspace: Workspace, life: Life) -> dict[str, Any]:
    state = workspace.flows.machine(desk.FLOW).state(life)
    assert state is not None
    return {"name": state.name, "label": both(state.label)}


def _lives(life: Life) -> bool:
    return life.state is not None and not life.state.value.endswith("/withdrawn")
