"""Where incidents stand: their state, the centre that has them, which of them are open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pyoxigraph import Literal, NamedNode, Quad, Triple

from kb.errors import NotFound
from kb.flow.event import Values
from kb.flow.ledger import STATE, Taken
from kb.flow.machine import FlowMachine, Life
from kb.services.life import facts, terms
from kb.services.workspace import Workspace
from kb.store.protocol import Store


def machine(workspace: Workspace) -> FlowMachine:
    """Return the machine that incidents run on."""
    return workspace.flows.machine(terms.FLOW)


def life_of(workspace: Workspace, identifier: str) -> tuple[Life, list[Taken]]:
    """Return where the incident *identifier* stands, and the steps that must be written before the next one.

    An incident that was reported before timelines were kept has none: then its report is written first.

    :raises NotFound: ``incident.unknown``.
    """
    about = terms.incident_iri(identifier)
    life = workspace.flows.ledger.stored(about, terms.states_graph(identifier))
    if life.state is not None:
        return life, []
    known = stored_facts(workspace, identifier)
    if not known:
        raise NotFound.of(
            "incident.unknown",
            f"没有编号为 {identifier} 的事件",
            f"there is no incident {identifier}",
            where=identifier,
        )
    run = machine(workspace)
    values = {**facts.recorded((), known), terms.RELEASE: (Literal(workspace.release),)}
    del values[terms.CHANGED]
    first = taken(workspace, life, run.flow.first.name, terms.SYSTEM_NAME, values=values)
    return run.after(life, first.event(1, received(known))), [first]


def taken(
    workspace: Workspace,
    life: Life,
    step: str,
    actor: str,
    *,
    body: NamedNode | None = None,
    reason: str = "",
    values: Values | None = None,
) -> Taken:
    """Return *step* (its name) of the incident of *life* as it is to be written."""
    run, identifier = machine(workspace), terms.identifier_of(life.about)
    iri = run.flow.steps[step].iri
    return Taken(run, life, terms.states_graph(identifier), iri, actor, body, reason.strip(), values or {})


def stored_facts(workspace: Workspace, identifier: str) -> tuple[Triple, ...]:
    """Return what is known of an incident; nothing where it was never reported."""
    quads = workspace.store.match(None, None, None, terms.facts_graph(identifier))
    return tuple(Triple(q.subject, q.predicate, q.object) for q in quads)


def context(store: Store, identifier: str) -> tuple[Quad, ...]:
    """Return what rules may know of an incident beside its report: the centre that has it."""
    about = terms.incident_iri(identifier)
    return tuple(store.match(about, terms.AT_CENTRE, None, terms.states_graph(identifier)))


def open_states(workspace: Workspace) -> tuple[NamedNode, ...]:
    """Return the states of incidents that are not over: those in which the report can be continued."""
    return machine(workspace).flow.steps[terms.CONTINUE].sources


def is_open(workspace: Workspace, life: Life) -> bool:
    """Whether the incident of *life* is not over."""
    return life.state in open_states(workspace)


def open_incidents(workspace: Workspace) -> Iterator[str]:
    """Yield the identifiers of all incidents that are not over, in the order of their names."""
    found = set()
    for state in open_states(workspace):
        for quad in workspace.store.match(None, STATE, state):
            if isinstance(quad.subject, NamedNode) and terms.is_incident(quad.subject):
                found.add(terms.identifier_of(quad.subject))
    yield from sorted(found)


def received(known: tuple[Triple, ...]) -> datetime:
    """Return when the incident that *known* tells of was received."""
    found = (t.object for t in known if t.predicate == terms.RECEIVED_AT)
    return next(datetime.fromisoformat(time.value) for time in found if isinstance(time, Literal))
