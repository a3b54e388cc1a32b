"""The life of an edition of a plan or module, step by step; each is an event of the plan's timeline.

Whether an edition is in force, or superseded, follows from the dates of approvals: see
:mod:`kb.services.plans.editions`. Modules go with their plan: what approves a plan publishes, in the same
commit, each of its modules of which the edition in force says something else, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime

from pyoxigraph import Literal, NamedNode, Quad

from kb.access.principal import Principal
from kb.clock import CHINA_STANDARD_TIME
from kb.errors import NotFound
from kb.flow.definition import Step
from kb.flow.event import Event, Values
from kb.flow.ledger import Prepared, Taken, overtaken
from kb.flow.machine import Actor, Life
from kb.namespaces import RDF_TYPE, ROOT, XSD, xz
from kb.services import incident as incidents
from kb.services.plans import keeping
from kb.services.plans.content import content
from kb.services.plans.editions import (
    DIGEST,
    EDITION,
    EFFECTIVE,
    GOES_WITH,
    OF,
    PUBLISHED,
    REVISES,
    edition_iri,
    editions,
    in_force,
    machine,
    slug_of,
    states_of,
    timeline_of,
    with_authors,
)
from kb.services.plans.guards import Asked, guards, modules_of
from kb.services.workspace import Workspace
from kb.store.protocol import Change, Term

DRAFT, SUBMIT, APPROVE = "draft", "submit", "approve"
EXECUTED_FOR, DRILL_OF = xz("executedFor"), xz("drillOf")


def draft(
    workspace: Workspace, plan: NamedNode, principal: Principal, *, now: datetime | None = None
) -> Event:
    """Draft a new edition of *plan*, with all that the knowledge says of it today; it revises the last one.

    :raises Forbidden: ``access.action``.
    """
    at = now or datetime.now(UTC)
    with workspace.flows.ledger.lock(timeline_of(plan)):
        run, lives = machine(workspace), editions(workspace, plan)
        kept = keeping.kept_now(workspace, content(workspace, plan, _day(at)).values())
        life, values, also = _new(workspace, plan, lives, kept)
        run.check(life, run.flow.first, Actor(principal), values=values)
        taken = _taken(workspace, plan, life, run.flow.first, principal.name, _body(principal), "", values)
        ledger = workspace.flows.ledger
        return ledger.append(timeline_of(plan), [taken], at=at, action=f"plan {DRAFT}", also=also)[0]


def take(
    workspace: Workspace,
    plan: NamedNode,
    step: str,
    principal: Principal,
    *,
    number: int | None = None,
    reason: str = "",
    on: date | None = None,
    incident: str | None = None,
    exercise: str | None = None,
    expected: int | None = None,
    now: datetime | None = None,
) -> Event:
    """Let *principal* take *step* with an edition of *plan*: the last one, or that with *number*.

    :param on: the day that the step records (filed, drilled, executed, evaluated), or from which an approval
        holds; ``None``: today.
    :param incident: in which it was executed.
    :param exercise: by which scenario it was drilled, where there is one.
    :param expected: the revision that he saw.
    :raises NotFound: ``plan.no-edition``, ``flow.no-step``, ``incident.unknown``.
    :raises FlowRefused: see :meth:`kb.flow.machine.FlowMachine.check`.
    :raises Forbidden: ``access.action``, ``flow.four-eyes``.
    """
    at, run = now or datetime.now(UTC), machine(workspace)
    taking = run.named(step, run.flow.steps.values())
    with _locked(workspace, plan, taking, number) as lives:
        life = _chosen(plan, lives, number)
        if incident is not None:
            incidents.recall(workspace, incident)
        values = _values(taking, at, on, incident, exercise)
        records = next((one for one in values if _is_day(one) and one != PUBLISHED), None)
        asked = Asked(plan, life, taking.name, at, on, records, incident, exercise)
        run.check(
            with_authors(lives, life),
            taking,
            Actor(principal),
            reason=reason,
            values=values,
            guards=guards(workspace, asked),
            expected=expected,
        )
        taken = _taken(
            workspace, plan, life, taking, principal.name, _body(principal), reason.strip(), values
        )
        prepared = [workspace.flows.ledger.prepare(timeline_of(plan), [taken], at=at)]
        if taking.name == APPROVE:
            prepared += _modules(workspace, plan, life, taken, principal, at)
        return _commit(workspace, prepared, principal.name, f"plan {taking.name}")


@contextmanager
def _locked(workspace: Workspace, plan: NamedNode, step: Step, number: int | None) -> Iterator[list[Life]]:
    """Hold the timeline of *plan*, of an approval those of its modules too; yield its editions."""
    names = [timeline_of(plan)]
    if step.name == APPROVE:
        lives = editions(workspace, plan)
        held = modules_of(workspace, _chosen(plan, lives, number).about, plan)
        names += map(timeline_of, held)
    with workspace.flows.ledger.lock(*names):
        yield editions(workspace, plan)


def _modules(
    workspace: Workspace, plan: NamedNode, life: Life, approval: Taken, approver: Principal, at: datetime
) -> Iterator[Prepared]:
    """Yield what publishes the modules that go with an edition of *plan*, as it kept them when drafted.

    Its authors are theirs, and who approves it approves them: so he must not have written them before.
    """
    run, held = machine(workspace), keeping.kept(workspace, life.about, states_of(plan))
    start = approval.values[EFFECTIVE][0]
    assert isinstance(start, Literal)
    for module in modules_of(workspace, life.about, plan):
        kept = {node: held[node] for node in content(workspace, module, _day(at)) if node in held}
        lives = editions(workspace, module)
        new, values, also = _new(workspace, module, lives, kept)
        now = in_force(lives, date.fromisoformat(start.value))
        if now is not None and now.one(DIGEST) == values[DIGEST][0]:
            continue
        values[GOES_WITH] = (life.about,)
        steps, reviewed = list[Taken](), new
        for name, told in ((DRAFT, values), (SUBMIT, {}), (APPROVE, approval.values)):
            step = run.flow.steps[name]
            actor = approver.name if name == APPROVE else max(life.actors[step.iri])
            steps.append(_taken(workspace, module, new, step, actor, approval.body, "", told))
            if name == APPROVE:
                known = guards(workspace, Asked(module, reviewed, name, at, records=EFFECTIVE))
                whole = with_authors(lives, reviewed)
                run.check(whole, step, Actor(approver), values=told, guards=known)
            reviewed = run.after(reviewed, steps[-1].event(len(steps), at))
        yield workspace.flows.ledger.prepare(timeline_of(module), steps, at=at, also=also)


def _new(
    workspace: Workspace, plan: NamedNode, lives: list[Life], kept: Mapping[NamedNode, keeping.Kept]
) -> tuple[Life, dict[NamedNode, tuple[Term, ...]], Change]:
    """Return a new edition that keeps *kept*, the values of its draft, and what is written beside them."""
    life = Life(edition_iri(plan, len(lives) + 1))
    digest = keeping.content_digest(one.digest for one in kept.values())
    values: dict[NamedNode, tuple[Term, ...]] = {OF: (plan,), DIGEST: (Literal(digest),)}
    if lives:
        values[REVISES] = (lives[-1].about,)
    within = states_of(plan)
    quads = [Quad(life.about, RDF_TYPE, EDITION, within)]
    quads += keeping.keep(workspace, life.about, within, kept.values())
    return life, values, Change(quads)


def _chosen(plan: NamedNode, lives: list[Life], number: int | None) -> Life:
    if 0 < (number or len(lives)) <= len(lives):
        return lives[(number or len(lives)) - 1]
    raise NotFound.of(
        "plan.no-edition",
        f"没有第 {number or 1} 版",
        f"there is no edition {number or 1}",
        where=slug_of(plan),
        repair=("先起草：xiezhi plan take draft", "draft one first: xiezhi plan take draft"),
    )


def _values(
    step: Step, at: datetime, on: date | None, incident: str | None, exercise: str | None
) -> dict[NamedNode, tuple[Term, ...]]:
    """Return what *step* is to set: the days that it records, and where it was carried out."""
    values: dict[NamedNode, tuple[Term, ...]] = {}
    for property_ in filter(_is_day, step.sets):
        day = _day(at) if property_ == PUBLISHED else on or _day(at)
        values[property_] = (Literal(day.isoformat(), datatype=NamedNode(XSD + "date")),)
    if incident is not None:
        values[EXECUTED_FOR] = (NamedNode(f"{ROOT}incident/{incident}"),)
    if exercise is not None:
        values[DRILL_OF] = (Literal(exercise),)
    return values


def _is_day(property_: NamedNode) -> bool:
    """Whether *property_* holds a day, as those do whose names end so."""
    return property_.value.endswith(("On", "From"))


def _taken(
    workspace: Workspace,
    plan: NamedNode,
    life: Life,
    step: Step,
    actor: str,
    body: NamedNode | None,
    reason: str,
    values: Values,
) -> Taken:
    return Taken(machine(workspace), life, states_of(plan), step.iri, actor, body, reason, values)


def _commit(workspace: Workspace, prepared: Sequence[Prepared], actor: str, action: str) -> Event:
    """Write all of *prepared*, or nothing; return the first event."""
    receipt = workspace.store.commit(
        incidents.together(*(one.change for one in prepared)),
        actor=actor,
        action=action,
        reason=prepared[0].reason,
        key=prepared[0].key,
    )
    if receipt.duplicate:
        raise overtaken(prepared[0].reason)
    return prepared[0].events[0]


def _body(principal: Principal) -> NamedNode | None:
    return None if principal.department is None else NamedNode(principal.department)


def _day(at: datetime) -> date:
    return at.astimezone(CHINA_STANDARD_TIME).date()
