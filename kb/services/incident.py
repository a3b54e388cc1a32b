"""From a report to a durable response: read, check, derive, commit in one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad, Triple

from kb.errors import NotFound
from kb.inference.interactive.derivation import Derivation
from kb.namespaces import DCTERMS, PROV, RDF_TYPE, ROOT, XSD, graph, xz
from kb.report.reading import ID_KEY, ID_PATTERN
from kb.services.life import reporting, standing
from kb.services.warnings import context as warned
from kb.services.workspace import Workspace
from kb.store.protocol import Change, Term

OCCURRED_ON = xz("occurredOn")
INCIDENT_CLASS, MAIN_TYPE = xz("Incident"), xz("mainType")
GRADE, AT_CENTRE = xz("grade"), xz("atCentre")
WORKING = xz("workingProperty")
TRUE = Literal("true", datatype=NamedNode(XSD + "boolean"))


@dataclass(frozen=True, slots=True)
class Answer:
    """An incident with the facts reported of it and what follows from them.

    *context* is what nobody reported but rules may use, with the graph that holds it: which centre has the
    incident, and which warnings reach it.
    """

    id: str
    incident: NamedNode
    facts: tuple[Triple, ...]
    derivation: Derivation
    duplicate: bool = False
    context: tuple[Quad, ...] = ()


def report(
    workspace: Workspace,
    data: Mapping[str, Any],
    *,
    actor: str,
    key: str | None = None,
    now: datetime | None = None,
    body: NamedNode | None = None,
    centre: NamedNode | None = None,
    words: tuple[Literal, ...] = (),
) -> Answer:
    """Store the report *data*, the response derived from it and the event of its timeline; all or nothing.

    A report with the ``id`` of a known incident replaces its facts and its response (a continued report). The
    time of receipt stays that of the first one: reporting deadlines run from there and do not move.

    :param key: an idempotency key: the same key again stores nothing and returns what is stored.
    :param body: the department for which *actor* reports.
    :param centre: the centre where he is on watch, which then has the incident.
    :param words: those from which values were read (:mod:`kb.services.pasted`); the timeline keeps them.
    :raises ReportRejected: the report breaks its contract; nothing was stored.
    :raises FlowRefused: ``flow.step``: the incident has ended, or was merged or dismissed.
    """
    moment = now or datetime.now(UTC)
    given = data.get(ID_KEY)
    identifier = given if isinstance(given, str) and ID_PATTERN.fullmatch(given) else _new_id(moment)
    with workspace.flows.ledger.lock(identifier):
        # A new identifier has nothing in the store.
        known = standing.stored_facts(workspace, identifier) if identifier == given else ()
        first = standing.received(known) if known else moment
        read = workspace.reader.read(data, incident_id=identifier, received=first)
        workspace.contract.require(read.facts)
        if known:
            around = standing.context(workspace.store, identifier)
        else:
            states = graph(f"directive/{identifier}")
            around = () if centre is None else (Quad(read.incident, AT_CENTRE, centre, states),)
        around += warned.reaching(workspace, read.incident, read.facts, moment)
        derivation = derive(workspace, read.incident, read.facts, around)
        change, grade = revision(workspace, identifier, known, read.facts, derivation, moment)
        prepared = reporting.prepare(
            workspace,
            identifier,
            reporting.Known(known, grade) if known else None,
            reporting.Known(read.facts, _grade(derivation, read.incident)),
            reporting.Reporter(actor, body, centre, words),
            moment,
        )
        receipt = workspace.store.commit(
            together(change, prepared.change, warned.relinked(workspace, read.incident, around)),
            actor=actor,
            action="report incident",
            reason=identifier,
            key=key or prepared.key,
        )
    if receipt.duplicate:
        return _first(workspace, receipt.sequence)
    return Answer(identifier, read.incident, read.facts, derivation, context=around)


def revision(
    workspace: Workspace,
    identifier: str,
    known: Iterable[Triple],
    facts: Iterable[Triple],
    derivation: Derivation,
    moment: datetime,
) -> tuple[Change, Term | None]:
    """Return the change that makes *facts* and *derivation* the stored ones, and the grade that was stored.

    :param known: the facts stored so far; none for a new incident.
    """
    facts_graph, response_graph = graph(f"incident/{identifier}"), graph(f"response/{identifier}")
    incident = NamedNode(f"{ROOT}incident/{identifier}")
    wanted = {Quad(t.subject, t.predicate, t.object, facts_graph) for t in facts}
    wanted.update(_response(workspace, identifier, incident, derivation, response_graph, moment))
    present = {Quad(t.subject, t.predicate, t.object, facts_graph) for t in known}
    grade: Term | None = None
    if present:  # a new incident has nothing in the store
        for quad in workspace.store.match(None, None, None, response_graph):
            present.add(quad)
            if quad.predicate == GRADE and quad.subject == incident:
                grade = quad.object
    return Change(list(wanted - present), list(present - wanted)), grade


def together(*changes: Change) -> Change:
    """Return *changes* as one."""
    return Change(
        [quad for change in changes for quad in change.additions],
        [quad for change in changes for quad in change.removals],
    )


def recall(workspace: Workspace, identifier: str, *, now: datetime | None = None) -> Answer:
    """Return a stored incident with what follows from its facts under the knowledge of today.

    :param now: when it is asked: what warnings say that have expired by then no longer holds.

    :raises NotFound: for an incident that was never reported.
    """
    incident = NamedNode(f"{ROOT}incident/{identifier}")
    facts = standing.stored_facts(workspace, identifier)
    if not facts:
        raise NotFound.of(
            "incident.unknown",
            f"没有编号为 {identifier} 的事件",
            f"there is no incident {identifier}",
            where=identifier,
        )
    around = standing.context(workspace.store, identifier)
    around += warned.recalled(workspace, incident, now or datetime.now(UTC))
    return Answer(identifier, incident, facts, derive(workspace, incident, facts, around), context=around)


def derive(
    workspace: Workspace, incident: NamedNode, facts: Iterable[Triple], context: Iterable[Quad] = ()
) -> Derivation:
    """Return what follows from *facts* about *incident*, and from its *context*; nothing is stored."""
    facts = tuple(facts)
    # In a fixed order: the same incident is told the same way, first reasons too, whenever it is asked.
    known = sorted((*facts, *(quad.triple for quad in context)), key=str)
    return workspace.engine.derive(incident, known, on=day_of(facts))


def day_of(facts: Iterable[Triple]) -> date:
    """Return the local date of the incident that *facts* report, which says what was in force."""
    days = (t.object for t in facts if t.predicate == OCCURRED_ON)
    return next(date.fromisoformat(day.value) for day in days if isinstance(day, Literal))


def types_of(facts: Iterable[Triple]) -> list[NamedNode]:
    """Return the types that *facts* report, the main one first; the class of all incidents is none."""
    types: set[NamedNode] = set()
    main: set[NamedNode] = set()
    for triple in facts:
        kept = types if triple.predicate == RDF_TYPE else main if triple.predicate == MAIN_TYPE else None
        if kept is not None and isinstance(triple.object, NamedNode) and triple.object != INCIDENT_CLASS:
            kept.add(triple.object)
    return sorted(types, key=lambda type_: (type_ not in main, type_.value))


def recent(workspace: Workspace, limit: int = 50) -> list[tuple[str, list[NamedNode], str]]:
    """Return identifier, types (the main one first) and time of receipt of the newest incidents."""
    received = sorted(
        (
            (q.object.value, q.subject)
            for q in workspace.store.match(None, xz("receivedAt"), None)
            if isinstance(q.object, Literal) and isinstance(q.subject, NamedNode)
        ),
        key=lambda pair: datetime.fromisoformat(pair[0]),
        reverse=True,
    )
    return [
        (subject.value.rsplit("/", 1)[-1], _types(workspace, subject), time)
        for time, subject in received[:limit]
    ]


def _response(
    workspace: Workspace,
    identifier: str,
    incident: NamedNode,
    derivation: Derivation,
    name: NamedNode,
    received: datetime,
) -> Iterable[Quad]:
    """The response graph: what was derived, but for working properties, and where it comes from."""
    working = frozenset(workspace.engine.source.holders(TRUE, WORKING))
    yield from derivation.quads(name, unless=working.__contains__)
    node = NamedNode(f"{ROOT}response/{identifier}")
    time = Literal(received.isoformat(), datatype=NamedNode(XSD + "dateTime"))
    yield Quad(node, RDF_TYPE, xz("Response"), name)
    yield Quad(node, NamedNode(DCTERMS + "subject"), incident, name)
    yield Quad(node, NamedNode(PROV + "generatedAtTime"), time, name)
    yield Quad(node, xz("release"), Literal(workspace.release), name)


def _types(workspace: Workspace, incident: NamedNode) -> list[NamedNode]:
    quads = (q for p in (RDF_TYPE, MAIN_TYPE) for q in workspace.store.match(incident, p, None))
    return types_of(Triple(q.subject, q.predicate, q.object) for q in quads) or [INCIDENT_CLASS]


def _grade(derivation: Derivation, incident: NamedNode) -> Term | None:
    return next(iter(derivation.objects(incident, GRADE)), None)


def _first(workspace: Workspace, sequence: int) -> Answer:
    """Return the incident that the first commit with the same key stored."""
    entry = next(iter(workspace.store.entries(after=sequence - 1)))
    answer = recall(workspace, entry.reason)
    return replace(answer, duplicate=True)


def _new_id(received: datetime) -> str:
    """A new identifier: the day, and enough chance that two officers never collide."""
    return f"{received:%Y%m%d}-{secrets.token_hex(4)}"
