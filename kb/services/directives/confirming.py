"""Confirm a recommendation: what it asks of each department becomes a directive, in one commit.

The rules drafted it, so the system is the drafter; the officer who confirms is the reviewer, and issues at
once where he has the authority for the level. What he changes is kept beside what was recommended, with his
reason. Confirming again after a continued report adds what is newly asked for, and names what no longer is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad

from kb.access.principal import Principal
from kb.flow.event import event_iri
from kb.flow.ledger import Taken
from kb.flow.machine import Actor, Life
from kb.namespaces import DCTERMS, RDF_TYPE, graph, xz
from kb.services import incident
from kb.services.directives import acting, parties, reading, terms
from kb.services.directives.orders import Order, Override, changed, orders
from kb.services.life import standing as incidents
from kb.services.recommendation import recommend
from kb.services.workspace import Workspace
from kb.store.protocol import Change, Term

DECIDED = xz("decidedAddressee")


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a confirmation did: numbers of *new* directives, whether *issued*, and of those *obsolete* now.

    *repeated* says that nothing was written: it was confirmed before, and nothing has changed since.
    """

    new: tuple[int, ...]
    issued: bool
    obsolete: tuple[int, ...]
    repeated: bool = False


def confirm(
    workspace: Workspace,
    identifier: str,
    principal: Principal,
    *,
    overrides: Sequence[Override] = (),
    request_digest: str = "",
    now: datetime | None = None,
) -> Confirmed:
    """Confirm what is recommended for the incident *identifier*.

    :param request_digest: is kept with the event; the same one again does nothing and returns what it did.

    :raises NotFound: ``incident.unknown``.
    :raises Forbidden: ``access.action``.
    :raises OverrideFault: an override fits nothing or has no reason; nothing is stored.
    :raises FlowRefused: ``flow.step``: the incident has ended, or was merged or dismissed.
    """
    at = now or datetime.now(UTC)
    flows = workspace.flows
    with flows.ledger.lock(identifier):
        if (before := _before(workspace, identifier, request_digest)) is not None:
            return before
        recommendation = recommend(workspace, incident.recall(workspace, identifier), now=at)
        level = recommendation["response"]["level"]
        of_level = None if level is None else NamedNode(level["iri"])
        asked = _asked(workspace, identifier, recommendation, overrides)
        standing = reading.standing(workspace, identifier)
        wanted = {(order.addressee, order.module) for order in asked}
        new = _missing(workspace, identifier, asked)
        obsolete = _obsolete(standing, wanted)
        confirmed, change = _confirmed(workspace, identifier, principal, overrides, at, request_digest)
        if not new and not overrides and _is_confirmed(workspace, identifier):
            return Confirmed((), False, obsolete, repeated=True)
        issuer = issuer_of(recommendation)
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
    numbers = tuple(range(first, first + len(new)))
    return Confirmed(numbers, issue and bool(new), obsolete)


def outstanding(workspace: Workspace, identifier: str, recommendation: Mapping[str, Any]) -> list[Order]:
    """Return what *recommendation* asks for and nobody was told yet, after what was decided before."""
    return _missing(workspace, identifier, _asked(workspace, identifier, recommendation, ()))


def _asked(
    workspace: Workspace, identifier: str, recommendation: Mapping[str, Any], overrides: Sequence[Override]
) -> list[Order]:
    """Return what *recommendation* asks for, as it was decided before and as *overrides* decide now."""
    recommended = orders(recommendation)
    known = {(order.addressee, order.module) for order in recommended}
    before = _decided(workspace, identifier, overrides)
    kept = [one for one in before if (one.recommended, one.module) in known]
    return changed(recommended, [*kept, *overrides])


def _missing(workspace: Workspace, identifier: str, asked: Sequence[Order]) -> list[Order]:
    """Return those of *asked* that no directive is or was for, be it ended or gone to another department."""
    modules = {life.about: life.one(terms.MODULE) for life in reading.stored(workspace, identifier)}
    present = {
        (body, modules[event.about])
        for event in workspace.flows.ledger.events(identifier)
        if event.about in modules
        for body in event.values.get(terms.ADDRESSEE, ())
    }
    return [order for order in asked if (order.addressee, order.module) not in present]


def _obsolete(standing: Sequence[Life], wanted: set[tuple[NamedNode, NamedNode | None]]) -> tuple[int, ...]:
    found = [
        terms.parts_of(life.about)[1]
        for life in standing
        if terms.BECAUSE in life.values
        and (life.one(terms.ADDRESSEE), life.one(terms.MODULE)) not in wanted
        and terms.REFUSED not in life.values
    ]
    return tuple(sorted(found))


def _decided(workspace: Workspace, identifier: str, unless: Sequence[Override]) -> list[Override]:
    """Return the overrides of earlier confirmations, but for those that *unless* decides anew.

    The latest one counts. What has been dropped or moved once must not come back with the next report.
    """
    anew = {(one.recommended, one.module) for one in unless}
    events = workspace.flows.ledger.events(identifier, terms.incident_iri(identifier))
    nodes = [node for event in events for node in event.values.get(terms.OVERRIDE, ())]
    found = {}
    for node in sorted(nodes, key=_place):
        one = _kept(workspace, node, terms.states_graph(identifier))
        found[one.recommended, one.module] = one
    return [one for key, one in found.items() if key not in anew]


def _place(node: Term) -> tuple[int, int]:
    """Return which event an override belongs to, and its place there: its IRI says so."""
    event, _, place = str(node)[1:-1].rpartition("/override/")
    return int(event.rpartition("/")[2]), int(place)


def _kept(workspace: Workspace, node: Term, within: NamedNode) -> Override:
    def one(property_: NamedNode) -> Term | None:
        assert isinstance(node, NamedNode)
        return next((q.object for q in workspace.store.match(node, property_, None, within)), None)

    recommended, module, decided = (one(p) for p in (xz("recommendedAddressee"), terms.MODULE, DECIDED))
    reason = one(NamedNode(DCTERMS + "description"))
    assert isinstance(recommended, NamedNode)
    return Override(
        recommended,
        module if isinstance(module, NamedNode) else None,
        decided if isinstance(decided, NamedNode) else None,
        reason.value if isinstance(reason, Literal) else "",
    )


def _before(workspace: Workspace, identifier: str, request_digest: str) -> Confirmed | None:
    """Return what the same request did when it came first."""
    events = workspace.flows.ledger.events(identifier) if request_digest else []
    first = next((event for event in events if event.request == request_digest), None)
    if first is None:
        return None
    machine = workspace.flows.machine(terms.FLOW)
    then = [event for event in events if event.at == first.at and event.number > first.number]
    new = [terms.parts_of(event.about)[1] for event in then if event.step == machine.flow.first.iri]
    issued = any(event.step == machine.flow.steps["issue"].iri for event in then)
    return Confirmed(tuple(new), issued, (), repeated=True)


def _is_confirmed(workspace: Workspace, identifier: str) -> bool:
    """Whether the response as it is stored was confirmed."""
    digest = Literal(response_digest(workspace, identifier))
    about, within = terms.incident_iri(identifier), terms.states_graph(identifier)
    return any(True for _ in workspace.store.match(about, terms.CONFIRMED, digest, within))


def _confirmed(
    workspace: Workspace,
    identifier: str,
    principal: Principal,
    overrides: Sequence[Override],
    at: datetime,
    request_digest: str,
) -> tuple[list[Taken], Change]:
    """Return the incident's own step, and the overrides as they are kept."""
    machine = incidents.machine(workspace)
    life, before = incidents.life_of(workspace, identifier)
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
    taken = Taken(machine, life, within, step.iri, principal.name, None, "", values, request_digest)
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


def _override(node: NamedNode, override: Override, within: NamedNode) -> list[Quad]:
    quads = [
        Quad(node, RDF_TYPE, xz("Override"), within),
        Quad(node, xz("recommendedAddressee"), override.recommended, within),
        Quad(node, NamedNode(DCTERMS + "description"), Literal(override.reason.strip()), within),
    ]
    if override.module is not None:
        quads.append(Quad(node, terms.MODULE, override.module, within))
    if override.decided is not None:
        quads.append(Quad(node, DECIDED, override.decided, within))
    return quads


def issuer_of(recommendation: Mapping[str, Any]) -> NamedNode:
    """Return in whose name directives go out: who commands now, until the higher command arrives."""
    response = recommendation["response"]
    for key in ("advanceCommand", "commandedBy", "activatedBy"):
        if response[key] is not None:
            return NamedNode(response[key]["iri"])
    return NamedNode(recommendation["lead"][0]["iri"])
