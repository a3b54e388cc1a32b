"""The steps of an incident beside reports, confirmation and merger: each is one event of its timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pyoxigraph import Literal, NamedNode, Quad

from kb.access.principal import Principal
from kb.city.profile import KINDS
from kb.errors import InputError
from kb.flow.definition import Step
from kb.flow.event import Event, Values
from kb.flow.machine import Actor, Life
from kb.namespaces import xz
from kb.services import incident, reservations
from kb.services.life import centres, standing, terms
from kb.services.life.guards import guards, tier_above
from kb.services.warnings import context as warned
from kb.services.workspace import Workspace
from kb.store.protocol import Change, Term

OWN = (terms.ESCALATED_TO, terms.AT_CENTRE, terms.WENT_WELL, terms.TO_IMPROVE)
"""What a step of this module may set; steps that set anything else have modules of their own."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants done: the *step* by its name, and what it asks for.

    *to* names a body (escalate) or a centre (hand over) by IRI or label; without it the rules say which.
    *well* and *better* are what a review found.
    """

    step: str
    reason: str = ""
    to: str = ""
    well: Sequence[str] = ()
    better: Sequence[str] = ()


def take(
    workspace: Workspace,
    identifier: str,
    wish: Wish,
    principal: Principal,
    *,
    expected: int | None = None,
    now: datetime | None = None,
) -> Event:
    """Let *principal* take a step with an incident.

    :param expected: the revision that he saw; another one is a conflict.
    :raises NotFound: ``incident.unknown``; ``flow.no-step``.
    :raises InputError: ``centre.unknown``, ``body.unknown``, ``escalate.nobody``.
    :raises Conflict: ``flow.changed``.
    :raises FlowRefused: see :meth:`kb.flow.machine.FlowMachine.check`.
    :raises Forbidden: ``access.action``.
    """
    step = _step(workspace, wish.step)
    at = now or datetime.now(UTC)
    ledger, run = workspace.flows.ledger, standing.machine(workspace)
    with ledger.lock(identifier, reservations.TIMELINE):
        life, earlier = standing.life_of(workspace, identifier)
        actor = Actor(principal, (), _body(principal))
        if step.action is not None:  # who may not take it learns that before he is asked where it is to go
            principal.require(step.action)
        values = _values(workspace, identifier, wish, step)
        run.check(
            life,
            step,
            actor,
            reason=wish.reason,
            values=values,
            guards=guards(workspace, identifier, principal),
            expected=expected,
        )
        also = _moved(workspace, identifier, values, at) if terms.AT_CENTRE in values else Change([], [])
        if step.target is not None and step.target not in standing.open_states(workspace):
            freed = reservations.released(workspace, identifier, principal.name, at)
            also = incident.together(also, freed)
        taken = standing.taken(
            workspace, life, step.name, principal.name, body=actor.body, reason=wish.reason, values=values
        )
        steps = [*earlier, taken]
        return ledger.append(identifier, steps, at=at, action=f"incident {step.name}", also=also)[-1]


def steps_open_to(workspace: Workspace, life: Life, principal: Principal) -> list[Step]:
    """Return the steps that *principal* may take with the incident of *life* now, in the order of the flow.

    Reports are left out, which have their own form, and so is what another step brings about.
    """
    run = standing.machine(workspace)
    known = guards(workspace, terms.identifier_of(life.about), principal)
    found = []
    for step in run.open_to(life, Actor(principal)):
        if step.name in (terms.CONTINUE, terms.ABSORB):
            continue
        if all(known[guard]() is None for guard in step.guards):
            found.append(step)
    return found


def _step(workspace: Workspace, name: str) -> Step:
    run = standing.machine(workspace)
    own = (s for s in run.flow.steps.values() if s.sources and not s.tells and set(s.sets) <= set(OWN))
    return run.named(name, own)


def _values(workspace: Workspace, identifier: str, wish: Wish, step: Step) -> Values:
    values: dict[NamedNode, tuple[Term, ...]] = {}
    if terms.ESCALATED_TO in step.sets:
        values[terms.ESCALATED_TO] = (_escalated(workspace, identifier, wish, step),)
    elif terms.AT_CENTRE in step.sets:
        values[terms.AT_CENTRE] = (_centre(workspace, identifier, wish),)
    elif wish.to:
        raise InputError.of(
            "step.to", f"“{step.label.zh}”不需要去向", f"to {step.label.en} takes no addressee", where="to"
        )
    for property_, texts in ((terms.WENT_WELL, wish.well), (terms.TO_IMPROVE, wish.better)):
        told = tuple(Literal(text.strip()) for text in texts if text.strip())
        if told:
            values[property_] = told
    return values


def _escalated(workspace: Workspace, identifier: str, wish: Wish, step: Step) -> NamedNode:
    if not wish.to:
        return tier_above(workspace, incident.recall(workspace, identifier), step)
    found = {body for kind in KINDS for body in workspace.names.find(wish.to, xz(kind))}
    if len(found) == 1:
        return found.pop()
    raise InputError.of(
        "body.unknown",
        f"没有名为“{wish.to}”的单位",
        f"there is no body “{wish.to}”",
        where="to",
        repair=("用单位的 IRI，或留空由规则得出", "give its IRI, or leave it to the rules"),
    )


def _centre(workspace: Workspace, identifier: str, wish: Wish) -> NamedNode:
    """Return the centre that takes over: the one named, else the one that the rules say."""
    present = [t.object for t in standing.context(workspace.store, identifier)]
    if wish.to:
        centre = centres.find(workspace, wish.to)
    else:
        answer = incident.recall(workspace, identifier)
        due = answer.derivation.objects(answer.incident, xz("handOverTo"))
        others = [one for one in centres.every(workspace.store) if one not in present]
        chosen = next((one for one in (*due, *others) if isinstance(one, NamedNode)), None)
        if chosen is None:
            return centres.find(workspace, wish.to)
        centre = chosen
    if centre in present:
        label = workspace.describer.text(centre)
        raise InputError.of(
            "centre.same", f"事件已在{label.zh}", f"the incident is at the {label.en} already", where="to"
        )
    return centre


def _moved(workspace: Workspace, identifier: str, values: Values, at: datetime) -> Change:
    """Return the change of the response of an incident that another centre has from now on."""
    about = terms.incident_iri(identifier)
    known = standing.stored_facts(workspace, identifier)
    within = terms.states_graph(identifier)
    around = [Quad(about, terms.AT_CENTRE, centre, within) for centre in values[terms.AT_CENTRE]]
    around += warned.recalled(workspace, about, at)
    derivation = incident.derive(workspace, about, known, around)
    return incident.revision(workspace, identifier, known, known, derivation, at)[0]


def _body(principal: Principal) -> NamedNode | None:
    return None if principal.department is None else NamedNode(principal.department)
