"""The life of an edition of a plan or module, step by step; each is an event of the plan's timeline.

Whether an edition is in force, or superseded, follows from the dates of approvals: see
:mod:`kb.services.plans.listing`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

from pyoxigraph import Literal, NamedNode, Quad

from kb.access.principal import Principal
from kb.clock import CHINA_STANDARD_TIME
from kb.errors import NotFound
from kb.flow.event import Event, Values
from kb.flow.ledger import Taken
from kb.flow.machine import Actor, Life
from kb.namespaces import RDF_TYPE, ROOT, XSD, graph, xz
from kb.services.workspace import Workspace
from kb.store.protocol import Change, Term

FLOW = "plan"
EDITION, OF, DIGEST, RESTS, REVISES = (
    xz(name) for name in ("PlanEdition", "editionOf", "contentDigest", "rests", "revises")
)
EFFECTIVE, PUBLISHED = xz("effectiveFrom"), xz("publishedOn")
DATES = {"file": xz("filedOn"), "execute": xz("drilledOn"), "evaluate": xz("evaluatedOn")}
"""The date that a step records; today where none is given."""
EXECUTED_FOR = xz("executedFor")
KINDS = ("Plan", "PlanModule")


def find(workspace: Workspace, text: str) -> NamedNode:
    """Return the plan or module that *text*, a name, an IRI or the end of one, means.

    :raises NotFound: ``plan.unknown``.
    """
    for kind in KINDS:
        known = [q.subject for q in workspace.store.match(None, RDF_TYPE, xz(kind))]
        named = workspace.names.find(text, xz(kind))
        ends = [n for n in known if isinstance(n, NamedNode) and n.value.endswith(f"/{text}")]
        if found := [*named, *ends]:
            return found[0]
    near = [name for kind in KINDS for name in workspace.names.nearest(text, xz(kind))][:3]
    raise NotFound.of(
        "plan.unknown",
        f"没有预案或模块“{text}”",
        f"there is no plan or module {text}",
        where=text,
        repair=("是否指：" + "、".join(near), "did you mean: " + ", ".join(near)) if near else None,
    )


def slug_of(plan: NamedNode) -> str:
    """Return the name of a plan or module in timelines and addresses: ``gas``, ``module-medical``."""
    kind, _, name = plan.value.removeprefix(f"{ROOT}kb/").partition("/")
    return name if kind == "plan" else f"{kind}-{name}"


def timeline_of(plan: NamedNode) -> str:
    """Return the name of the timeline of a plan."""
    return f"plan-{slug_of(plan)}"


def states_of(plan: NamedNode) -> NamedNode:
    """Return the graph of the editions of a plan."""
    return graph(f"plans/{slug_of(plan)}")


def edition_iri(plan: NamedNode, number: int) -> NamedNode:
    """Return the IRI of edition *number* of a plan."""
    return NamedNode(f"{ROOT}plan-edition/{slug_of(plan)}/{number}")


def editions(workspace: Workspace, plan: NamedNode) -> list[Life]:
    """Return every edition of a plan in the order in which they were drafted."""
    machine = workspace.flows.machine(FLOW)
    events = workspace.flows.ledger.events(timeline_of(plan))
    abouts = dict.fromkeys(event.about for event in events)
    return [machine.replay(about, events) for about in abouts]


def draft(
    workspace: Workspace, plan: NamedNode, principal: Principal, *, now: datetime | None = None
) -> Event:
    """Draft a new edition of *plan*, with what the knowledge says of it today; it revises the last one.

    :raises Forbidden: ``access.action``.
    """
    with workspace.flows.ledger.lock(timeline_of(plan)):
        before = editions(workspace, plan)
        held = provisions(workspace, plan)
        values: dict[NamedNode, tuple[Term, ...]] = {
            OF: (plan,),
            DIGEST: (Literal(content_digest(workspace, plan, held)),),
            RESTS: tuple(held),
        }
        if before:
            values[REVISES] = (before[-1].about,)
        life = Life(edition_iri(plan, len(before) + 1))
        kept = {property_: terms for property_, terms in values.items() if terms}
        described = Quad(life.about, RDF_TYPE, EDITION, states_of(plan))
        return _write(workspace, plan, life, "draft", principal, "", kept, now, Change([described]))


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
    expected: int | None = None,
    now: datetime | None = None,
) -> Event:
    """Take *step* with an edition of *plan*: the last one, or that with *number*.

    :param on: the date that the step records (filed, executed, evaluated), or from which an approval holds.
    :param incident: the incident in which it was executed; ``None``: a drill.
    :raises NotFound: ``plan.no-edition``, ``flow.no-step``.
    :raises FlowRefused: see :meth:`kb.flow.machine.FlowMachine.check`.
    :raises Forbidden: ``access.action``, ``flow.four-eyes``.
    """
    with workspace.flows.ledger.lock(timeline_of(plan)):
        found = editions(workspace, plan)
        if not 0 < (number or len(found)) <= len(found):
            raise NotFound.of(
                "plan.no-edition",
                f"没有第 {number or 1} 版",
                f"there is no edition {number or 1}",
                where=slug_of(plan),
                repair=("先起草：xiezhi plan draft", "draft one first: xiezhi plan draft"),
            )
        life = found[(number or len(found)) - 1]
        moment = now or datetime.now(UTC)
        today = moment.astimezone(CHINA_STANDARD_TIME).date()
        values: dict[NamedNode, tuple[Term, ...]] = {}
        if step == "approve":
            values = {EFFECTIVE: (_day(on or today),), PUBLISHED: (_day(today),)}
        elif step in DATES:
            values = {DATES[step]: (_day(on or today),)}
        if incident is not None:
            values[EXECUTED_FOR] = (NamedNode(f"{ROOT}incident/{incident}"),)
        return _write(workspace, plan, life, step, principal, reason, values, moment, expected=expected)


def provisions(workspace: Workspace, plan: NamedNode) -> list[NamedNode]:
    """Return what *plan* holds: its level scheme, and for its types the uses of modules and duties."""
    store = workspace.store
    types = {q.object for q in store.match(plan, xz("appliesTo"), None)}
    found = {q.object for q in store.match(plan, xz("levelScheme"), None)}
    found |= {q.subject for q in store.match(None, xz("module"), plan)}
    found |= {
        q.subject for type_ in types for q in store.match(None, xz("appliesTo"), type_) if q.subject != plan
    }
    return sorted((node for node in found if isinstance(node, NamedNode)), key=lambda node: node.value)


def content_digest(workspace: Workspace, plan: NamedNode, held: list[NamedNode]) -> str:
    """Return the SHA-256 of all that knowledge says of *plan* and of what it holds."""
    lines = sorted(_lines(workspace, [plan, *held]))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _lines(workspace: Workspace, subjects: list[NamedNode]) -> Iterator[str]:
    for subject in subjects:
        for quad in workspace.store.match(subject, None, None):
            if "/graph/knowledge/" in str(quad.graph_name) or "/graph/ontology" in str(quad.graph_name):
                yield f"{quad.subject} {quad.predicate} {quad.object}"


def _write(
    workspace: Workspace,
    plan: NamedNode,
    life: Life,
    name: str,
    principal: Principal,
    reason: str,
    values: Mapping[NamedNode, tuple[Term, ...]] | Values,
    now: datetime | None,
    also: Change | None = None,
    expected: int | None = None,
) -> Event:
    machine = workspace.flows.machine(FLOW)
    step = machine.named(name, machine.flow.steps.values())
    machine.check(life, step, Actor(principal), reason=reason, values=values, expected=expected)
    body = None if principal.department is None else NamedNode(principal.department)
    taken = Taken(machine, life, states_of(plan), step.iri, principal.name, body, reason.strip(), values)
    at = now or datetime.now(UTC)
    ledger = workspace.flows.ledger
    return ledger.append(timeline_of(plan), [taken], at=at, action=f"plan {name}", also=also)[0]


def _day(day: date) -> Literal:
    return Literal(day.isoformat(), datatype=NamedNode(XSD + "date"))
