"""Every step of a directive after its confirmation, and directives that departments make themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pyoxigraph import Literal, NamedNode, Quad

from kb.access.principal import Operator, Principal
from kb.errors import Forbidden, InputError, NotFound, Text
from kb.flow.event import Event, Values
from kb.flow.ledger import Taken
from kb.flow.machine import Actor, Life
from kb.namespaces import DCTERMS, RDF_TYPE, XSD
from kb.services.directives import parties, terms
from kb.services.workspace import Workspace
from kb.store.protocol import Change

TRUE = Literal("true", datatype=NamedNode(XSD + "boolean"))
_IDENTIFIER = NamedNode(DCTERMS + "identifier")


@dataclass(frozen=True, slots=True)
class Request:
    """A directive that somebody drafts: for *addressee*, in the name of *issuer*, saying *task*.

    With *parent* it is a part of that directive; with *lateral* a request from one department to another.
    """

    addressee: NamedNode
    issuer: NamedNode
    task: Text
    level: NamedNode | None = None
    parent: int | None = None
    lateral: bool = False
    module: NamedNode | None = None


def life_of(workspace: Workspace, identifier: str, number: int) -> Life:
    """Return where directive *number* of the incident *identifier* stands.

    :raises NotFound: ``flow.unknown``: there is none.
    """
    machine = workspace.flows.machine(terms.FLOW)
    return workspace.flows.ledger.life(machine, identifier, terms.directive_iri(identifier, number))


def take(
    workspace: Workspace,
    identifier: str,
    number: int,
    step: str,
    principal: Principal,
    *,
    reason: str = "",
    values: Values | None = None,
    expected: int | None = None,
    request_digest: str = "",
    now: datetime | None = None,
) -> Event:
    """Let *principal* take *step* (its name in the flow) with directive *number* of an incident.

    :param values: by property, as the flow asks for them (a new addressee, a score).
    :param expected: the revision that he saw; another one is a conflict.
    :param request_digest: is kept with the event, see :class:`kb.flow.event.Event`.
    :raises NotFound: ``flow.unknown``, ``flow.no-step``.
    :raises Conflict: ``flow.changed``.
    :raises FlowRefused: see :meth:`kb.flow.machine.FlowMachine.check`.
    :raises Forbidden: ``access.action``, ``flow.four-eyes``.
    """
    with workspace.flows.ledger.lock(identifier):
        life = life_of(workspace, identifier, number)
        actor = parties.actor_of(principal, life)
        return _write(workspace, identifier, life, step, actor, reason, values, expected, now, request_digest)


def take_as_system(
    workspace: Workspace,
    identifier: str,
    number: int,
    step: str,
    *,
    reason: str,
    values: Values | None = None,
    expected: int | None = None,
    now: datetime | None = None,
) -> Event:
    """Let the system take *step*, as a clock has run out. Errors as for :func:`take`."""
    with workspace.flows.ledger.lock(identifier):
        life = life_of(workspace, identifier, number)
        actor = parties.system(workspace)
        return _write(workspace, identifier, life, step, actor, reason, values, expected, now)


def draft(
    workspace: Workspace,
    identifier: str,
    request: Request,
    principal: Principal,
    *,
    reason: str = "",
    request_digest: str = "",
    now: datetime | None = None,
) -> Event:
    """Draft the directive *request* for an incident; what a department may send itself is sent at once.

    :raises NotFound: ``incident.unknown``; ``flow.unknown``: there is no such parent.
    :raises Forbidden: ``access.action``; ``directive.not-own``: a part of what another department was told,
        or a request in another's name.
    """
    within = terms.states_graph(identifier)
    incident = terms.incident_iri(identifier)
    machine, ledger = workspace.flows.machine(terms.FLOW), workspace.flows.ledger
    with ledger.lock(identifier):
        if not any(True for _ in workspace.store.match(incident, None, None)):
            raise NotFound.of(
                "incident.unknown",
                f"没有编号为 {identifier} 的事件",
                f"there is no incident {identifier}",
                where=identifier,
            )
        if request.parent is not None:
            _require_open_parent(workspace, identifier, request.parent, request.issuer)
        if request.parent is not None or request.lateral:
            _require_own(principal, request)
        number = next_number(workspace, identifier)
        life = Life(terms.directive_iri(identifier, number))
        values = values_of(incident, identifier, request)
        actor = Actor(principal, (parties.ISSUER,), request.issuer)
        machine.check(life, machine.flow.first, actor, values=values)
        first = machine.flow.first.name
        steps = [_taken(workspace, life, first, actor, within, reason, values, request_digest)]
        if request.parent is not None or request.lateral:
            drafted = machine.after(life, steps[0].event(1, now or datetime.now(UTC)))
            machine.check(
                drafted,
                machine.flow.steps["request"],
                actor,
                guards=parties.guards(workspace, principal, drafted, {}),
            )
            steps.append(_taken(workspace, drafted, "request", actor, within, "", {}))
        events = ledger.append(
            identifier,
            steps,
            at=now or datetime.now(UTC),
            action="draft directive",
            also=Change(list(described(life.about, number, within))),
        )
        return events[0]


def values_of(incident: NamedNode, identifier: str, request: Request) -> Values:
    """Return the values that the first step of *request* sets."""
    found: dict[NamedNode, tuple[NamedNode | Literal, ...]] = {
        terms.OF: (incident,),
        terms.ADDRESSEE: (request.addressee,),
        terms.ISSUER: (request.issuer,),
        terms.TASK: texts(request.task),
    }
    if request.level is not None:
        found[terms.LEVEL] = (request.level,)
    if request.module is not None:
        found[terms.MODULE] = (request.module,)
    if request.parent is not None:
        found[terms.PARENT] = (terms.directive_iri(identifier, request.parent),)
    if request.lateral:
        found[terms.LATERAL] = (TRUE,)
    return found


def next_number(workspace: Workspace, identifier: str) -> int:
    """Return the number that the next directive of the incident has; hold the lock of its timeline."""
    within = terms.states_graph(identifier)
    return 1 + sum(1 for _ in workspace.store.match(None, RDF_TYPE, terms.DIRECTIVE, within))


def described(directive: NamedNode, number: int, within: NamedNode) -> list[Quad]:
    """Return what is said of a new directive beside its state."""
    return [
        Quad(directive, RDF_TYPE, terms.DIRECTIVE, within),
        Quad(directive, _IDENTIFIER, Literal(str(number)), within),
    ]


def texts(text: Text) -> tuple[Literal, ...]:
    """Return *text* as terms in both languages."""
    return Literal(text.zh, language="zh"), Literal(text.en, language="en")


def _write(
    workspace: Workspace,
    identifier: str,
    life: Life,
    name: str,
    actor: Actor,
    reason: str,
    values: Values | None,
    expected: int | None,
    now: datetime | None,
    request_digest: str = "",
) -> Event:
    machine = workspace.flows.machine(terms.FLOW)
    step = machine.named(name, (step for step in machine.flow.steps.values() if step.sources))
    sides = {parties.ISSUER, parties.ADDRESSEE} & set(step.parties) & set(actor.parties)
    if actor.body is None and sides:  # the operator acts for that side
        side = life.one(terms.ADDRESSEE if parties.ADDRESSEE in step.parties else terms.ISSUER)
        actor = replace(actor, body=side if isinstance(side, NamedNode) else None)
    given: dict[NamedNode, tuple[NamedNode | Literal, ...]] = dict(values or {})  # type: ignore[arg-type]
    if terms.REFUSED in step.sets:
        addressee = life.one(terms.ADDRESSEE)
        refused = dict.fromkeys((*life.values.get(terms.REFUSED, ()), addressee))
        given[terms.REFUSED] = tuple(refused)  # type: ignore[arg-type]
    if terms.ADDRESSEE in step.sets and terms.ESCALATED_IN in life.values:
        given[terms.ESCALATED_IN] = ()  # who gets it now starts with his own superior
    machine.check(
        life,
        step,
        actor,
        reason=reason,
        values=given,
        guards=parties.guards(workspace, actor.principal, life, given),
        expected=expected,
    )
    within = terms.states_graph(identifier)
    taken = _taken(workspace, life, name, actor, within, reason, given, request_digest)
    at = now or datetime.now(UTC)
    return workspace.flows.ledger.append(identifier, [taken], at=at, action=f"directive {name}")[0]


def _taken(
    workspace: Workspace,
    life: Life,
    name: str,
    actor: Actor,
    within: NamedNode,
    reason: str,
    values: Mapping[NamedNode, tuple[NamedNode | Literal, ...]] | Values,
    request_digest: str = "",
) -> Taken:
    machine = workspace.flows.machine(terms.FLOW)
    step = machine.flow.steps[name].iri
    name, said = actor.principal.name, reason.strip()
    return Taken(machine, life, within, step, name, actor.body, said, values, request_digest)


def _require_open_parent(workspace: Workspace, identifier: str, number: int, issuer: NamedNode) -> None:
    machine = workspace.flows.machine(terms.FLOW)
    life = life_of(workspace, identifier, number)
    state = machine.state(life)
    if state is None or state.final:
        raise InputError.of(
            "directive.parent-ended",
            f"指令 {number} 已经结束，不能再分解",
            f"directive {number} has ended: it takes no more parts",
            where=str(number),
        )
    if life.one(terms.ADDRESSEE) != issuer:
        raise Forbidden.of(
            "directive.not-own",
            f"只有指令 {number} 的承办部门才能分解它",
            f"only the department that is to carry out directive {number} divides it",
            where=issuer.value,
            repair=("请承办部门分解", "let its addressee do it"),
        )


def _require_own(principal: Principal, request: Request) -> None:
    if isinstance(principal, Operator) or principal.department == request.issuer.value:
        return
    raise Forbidden.of(
        "directive.not-own",
        "只能以本部门的名义分解指令或请求协助",
        "parts of a directive and requests for help are sent in the name of the own department alone",
        where=request.issuer.value,
        repair=("请该部门的值守员处理", "let that department's officer do it"),
    )
