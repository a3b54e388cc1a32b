"""Confirm a recommendation: what it asks of each department becomes a directive, in one commit.

The rules drafted it, so the system is the drafter; the officer who confirms is the reviewer, and issues at
once where he has the authority for the level. What he changes is kept beside what was recommended, with his
reason. Confirming again after a continued report adds what is newly asked for, and names what no longer is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad

from kb.access.principal import Principal
from kb.flow.event import event_iri
from kb.flow.ledger import Taken
from kb.flow.machine import Actor, FlowMachine, Life
from kb.namespaces import DCTERMS, RDF_TYPE, graph, xz
from kb.services import incident
from kb.services.directives import acting, parties, reading, terms
from kb.services.directives.orders import Order, Override, changed, orders
from kb.services.recommendation import recommend
from kb.services.workspace import Workspace
from kb.store.protocol import Change


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a confirmation did: numbers of *new* directives, whether *issued*, and of those *obsolete* now."""

    new: tuple[int, ...]
    issued: bool
    obsolete: tuple[int, ...]


def confirm(
    workspace: Workspace,
    identifier: str,
    principal: Principal,
    *,
    overrides: Sequence[Override] = (),
    now: datetime | None = None,
) -> Confirmed:
    """Confirm what is recommended for the incident *identifier*.

    :raises NotFound: ``incident.unknown``.
    :raises Forbidden: ``access.action``.
    :raises OverrideFault: an override fits nothing or has no reason; nothing is stored.
    :raises FlowRefused: ``flow.step``: the incident has ended, or was merged or dismissed.
    """
    at = now or datetime.now(UTC)
    flows = workspace.flows
    with flows.ledger.lock(identifier):
        recommendation = recommend(workspace, incident.recall(workspace, identifier), now=at)
        level = recommendation["response"]["level"]
        of_level = None if level is None else NamedNode(level["iri"])
        asked = changed(orders(recommendation), overrides)
        standing = reading.standing(workspace, identifier)
        present = {(life.one(terms.ADDRESSEE), life.one(terms.MODULE)) for life in standing}
        wanted = {(order.addressee, order.module) for order in asked}
        new = [order for order in asked if (order.addressee, order.module) not in present]
        confirmed, change = _confirmed(workspace, identifier, principal, overrides, at)
        issuer = _issuer(recommendation)
        first = acting.next_number(workspace, identifier)
        issue = parties.may_release(workspace, principal, of_level)
        steps, additions = [*confirmed], list(change.additions)
        for number, order in enumerate(new, first):
            drafted = _drafted(workspace, identifier, number, order, issuer, of_level)
            steps += _on_the_way(workspace, identifier, drafted, principal, at, issue=issue)
            additions += acting.described(drafted.life.about, number, drafted.graph)
        flows.ledger.append(
            identifier, steps, at=at, action="confirm response", also=Change(additions, change.removals)
        )
    obsolete = [
        terms.parts_of(life.about)[1]
        for life in standing
        if terms.BECAUSE in life.values
        and (life.one(terms.ADDRESSEE), life.one(terms.MODULE)) not in wanted
        and terms.REFUSED not in life.values
    ]
    numbers = tuple(range(first, first + len(new)))
    return Confirmed(numbers, issue and bool(new), tuple(sorted(obsolete)))


def incident_life(workspace: Workspace, identifier: str, at: datetime) -> tuple[Life, list[Taken]]:
    """Return where the incident stands, and the first step of those that came before timelines were kept."""
    machine = workspace.flows.machine(terms.INCIDENT_FLOW)
    about = terms.incident_iri(identifier)
    life = machine.replay(about, workspace.flows.ledger.events(identifier, about))
    if life.state is not None:
        return life, []
    first = _of_incident(machine, life, identifier, machine.flow.first.name, terms.SYSTEM_NAME)
    return machine.after(life, first.event(1, at)), [first]


def _confirmed(
    workspace: Workspace,
    identifier: str,
    principal: Principal,
    overrides: Sequence[Override],
    at: datetime,
) -> tuple[list[Taken], Change]:
    """Return the incident's own step, and the overrides as they are kept."""
    machine = workspace.flows.machine(terms.INCIDENT_FLOW)
    life, before = incident_life(workspace, identifier, at)
    within = terms.states_graph(identifier)
    number = workspace.flows.ledger.length(identifier) + len(before) + 1
    nodes, quads = [], []
    for place, override in enumerate(overrides, 1):
        node = NamedNode(f"{event_iri(identifier, number).value}/override/{place}")
        nodes.append(node)
        quads += _override(node, override, within)
    values: dict[NamedNode, tuple[NamedNode | Literal, ...]] = {
        terms.CONFIRMED: (Literal(response_digest(workspace, identifier)),),
        **({terms.OVERRIDE: tuple(nodes)} if nodes else {}),
    }
    step = machine.flow.steps["confirm"]
    actor = Actor(principal)
    machine.check(life, step, actor, values=values)
    taken = Taken(machine, life, within, step.iri, principal.name, None, "", values)
    return [*before, taken], Change(quads)


def response_digest(workspace: Workspace, identifier: str) -> str:
    """Return the SHA-256 of the stored response, by which one can check later what was confirmed."""
    within = graph(f"response/{identifier}")
    lines = sorted(
        f"{q.subject} {q.predicate} {q.object}" for q in workspace.store.match(None, None, None, within)
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _drafted(
    workspace: Workspace,
    identifier: str,
    number: int,
    order: Order,
    issuer: NamedNode,
    level: NamedNode | None,
) -> Taken:
    machine = workspace.flows.machine(terms.FLOW)
    request = acting.Request(order.addressee, issuer, order.task, level, module=order.module)
    values = {
        **acting.values_of(terms.incident_iri(identifier), identifier, request),
        terms.DUTY: order.duties,
        terms.BECAUSE: order.rules,
    }
    kept = {property_: terms_ for property_, terms_ in values.items() if terms_}
    life = Life(terms.directive_iri(identifier, number))
    within = terms.states_graph(identifier)
    return Taken(machine, life, within, machine.flow.first.iri, terms.SYSTEM_NAME, issuer, "", kept)


def _on_the_way(
    workspace: Workspace, identifier: str, drafted: Taken, principal: Principal, at: datetime, *, issue: bool
) -> list[Taken]:
    """Return *drafted* with its review, and with its issue where the reviewer may."""
    machine, steps = drafted.machine, [drafted]
    life = machine.after(drafted.life, drafted.event(1, at))
    for name in ("review", "issue") if issue else ("review",):
        step = machine.flow.steps[name]
        actor = parties.actor_of(principal, life)
        machine.check(life, step, actor, guards=parties.guards(workspace, principal, life, {}))
        taken = Taken(machine, life, drafted.graph, step.iri, principal.name, drafted.body)
        life = machine.after(life, taken.event(1, at))
        steps.append(taken)
    return steps


def _of_incident(machine: FlowMachine, life: Life, identifier: str, name: str, actor: str) -> Taken:
    return Taken(machine, life, terms.states_graph(identifier), machine.flow.steps[name].iri, actor)


def _override(node: NamedNode, override: Override, within: NamedNode) -> list[Quad]:
    quads = [
        Quad(node, RDF_TYPE, xz("Override"), within),
        Quad(node, xz("recommendedAddressee"), override.recommended, within),
        Quad(node, NamedNode(DCTERMS + "description"), Literal(override.reason.strip()), within),
    ]
    if override.module is not None:
        quads.append(Quad(node, terms.MODULE, override.module, within))
    if override.decided is not None:
        quads.append(Quad(node, xz("decidedAddressee"), override.decided, within))
    return quads


def _issuer(recommendation: dict[str, Any]) -> NamedNode:
    """Return in whose name directives go out: who commands now, until the higher command arrives."""
    response = recommendation["response"]
    for key in ("advanceCommand", "commandedBy", "activatedBy"):
        if response[key] is not None:
            return NamedNode(response[key]["iri"])
    return NamedNode(recommendation["lead"][0]["iri"])
