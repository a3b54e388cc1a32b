"""What is shown of directives: those of an incident, the inbox of a department, one with all its bases."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pyoxigraph import NamedNode

from kb.access.principal import Principal
from kb.city.profile import KINDS
from kb.errors import NotFound, both
from kb.flow import definition
from kb.flow.ledger import states_of
from kb.flow.machine import Life
from kb.namespaces import DCTERMS_SOURCE, RDF_TYPE, xz
from kb.services.directives import acting, fallback, parties, reading, terms, watching
from kb.services.directives.orders import Order
from kb.services.naming import named
from kb.services.workspace import Workspace
from kb.store.protocol import Term

UNIT_OF = NamedNode("http://www.w3.org/ns/org#unitOf")


def of_incident(
    workspace: Workspace, identifier: str, reader: Principal, now: datetime | None = None
) -> dict[str, Any]:
    """Return the directives of an incident by number, and how many are open, overdue and ended.

    :raises NotFound: ``incident.unknown``.
    """
    rows = [row(workspace, life, reader, now) for life in lives(workspace, identifier)]
    return {"incident": identifier, "counts": counts(rows), "directives": rows}


def inbox(
    workspace: Workspace,
    reader: Principal,
    *,
    department: NamedNode | None = None,
    overdue: bool = False,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Return the open directives of *department*, and those that it sent to others; overdue ones first.

    :param department: ``None``: that of *reader*, or if he handles none, all departments.
    """
    if department is None and reader.department is not None and reader.may("handle-directive"):
        department = NamedNode(reader.department)
    if department is None:
        found, sent = list(reading.everything_open(workspace)), []
    else:
        found = reading.of_department(workspace, department)
        sent = reading.requested_by(workspace, department)
    listed, requested = (
        sorted((row(workspace, life, reader, now) for life in each), key=_urgency) for each in (found, sent)
    )
    return {
        "department": None if department is None else named(workspace, department),
        "counts": counts(listed),
        "directives": [one for one in listed if one["overdue"] or not overdue],
        "requested": [one for one in requested if one["overdue"] or not overdue],
    }


def one(
    workspace: Workspace, identifier: str, number: int, reader: Principal, now: datetime | None = None
) -> dict[str, Any]:
    """Return a directive with its parts, its timeline, the clauses of its duties, and who would take it over.

    :raises NotFound: ``flow.unknown``.
    """
    life = acting.life_of(workspace, identifier, number)
    found = row(workspace, life, reader, now)
    for duty in found["duties"]:
        sources = workspace.store.match(NamedNode(duty["iri"]), DCTERMS_SOURCE, None)
        duty["clause"] = next((named(workspace, quad.object) for quad in sources), None)
    parts = [p for p in reading.stored(workspace, identifier) if p.one(terms.PARENT) == life.about]
    heirs = fallback.suggested(workspace, identifier, number) if found["returned"] else []
    return {
        **found,
        "parts": [row(workspace, part, None, now) for part in parts],
        "fallback": [named(workspace, body) for body in heirs],
        "timeline": reading.timeline(workspace, identifier, life.about),
    }


def row(
    workspace: Workspace, life: Life, reader: Principal | None, now: datetime | None = None
) -> dict[str, Any]:
    """Return *life* as JSON with whose turn it is, and whether its addressee has returned it."""
    machine = workspace.flows.machine(terms.FLOW)
    turn = None if life.state is None else watching.whose_turn(machine, life)
    found = reading.view(workspace, life, reader, now)
    ended = found["state"]["final"]
    return {
        **found,
        "turn": None if ended or turn is None else named(workspace, turn),
        "returned": not ended and life.one(terms.ADDRESSEE) in life.values.get(terms.REFUSED, ()),
    }


def lives(workspace: Workspace, identifier: str) -> list[Life]:
    """Return the directives of an incident by number, with who took their steps.

    :raises NotFound: ``incident.unknown``.
    """
    about = terms.incident_iri(identifier)
    if not any(True for _ in workspace.store.match(about, None, None)):
        raise NotFound.of(
            "incident.unknown",
            f"没有编号为 {identifier} 的事件",
            f"there is no incident {identifier}",
            where=identifier,
        )
    machine = workspace.flows.machine(terms.FLOW)
    steps = {step.iri for step in machine.flow.steps.values()}
    events = [event for event in workspace.flows.ledger.events(identifier) if event.step in steps]
    found = states_of({machine.flow.iri: machine}, events).values()
    return sorted(found, key=lambda life: terms.parts_of(life.about)[1])


def told(workspace: Workspace, found: Iterable[Order]) -> list[dict[str, Any]]:
    """Return orders as JSON: what confirming would ask of whom."""
    return [
        {
            "department": named(workspace, order.addressee),
            "module": named(workspace, order.module),
            "task": both(order.task),
        }
        for order in found
    ]


def issuers(workspace: Workspace, level: Term | None) -> list[dict[str, str]]:
    """Return the roles that may issue at *level* and at no lower one, by label."""
    action = parties.release_action(workspace, level)
    roles = workspace.policies.current.roles.values()
    return [both(role.label) for role in roles if action in role.actions]


def choices(workspace: Workspace, among: Iterable[NamedNode]) -> list[dict[str, Any]]:
    """Return the bodies to which a directive may be sent: those of the governments that *among* belong to."""
    store, kinds = workspace.store, [xz(kind) for kind in KINDS]
    governments = {q.object for body in set(among) for q in store.match(body, UNIT_OF, None)}
    bodies = {q.subject for government in governments for q in store.match(None, UNIT_OF, government)}
    found = (body for body in (*bodies, *governments) if isinstance(body, NamedNode))
    known = [b for b in found if any(True for kind in kinds for _ in store.match(b, RDF_TYPE, kind))]
    return [told for body in sorted(known, key=str) if (told := named(workspace, body))]


def diagram(workspace: Workspace, name: str, lang: str) -> str:
    """Return the flow *name* as a Mermaid state diagram.

    :raises NotFound: ``flow.no-flow``.
    """
    names = definition.names(workspace.store)
    if name not in names:
        raise NotFound.of(
            "flow.no-flow",
            f"没有流程 {name}",
            f"there is no flow {name}",
            where=name,
            repair=("可用：" + "、".join(names), "there are: " + ", ".join(names)),
        )
    return workspace.flows.machine(name).diagram(lang)


def counts(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Return how many of *rows* are open, of those overdue, and how many have ended."""
    every = list(rows)
    ended = sum(one["state"]["final"] for one in every)
    return {"open": len(every) - ended, "overdue": sum(one["overdue"] for one in every), "ended": ended}


def _urgency(one: dict[str, Any]) -> tuple[bool, str, str, int]:
    return not one["overdue"], one["due"] or "9", one["incident"], one["number"]
