"""The first report of an incident and each continued one as events of its timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pyoxigraph import Literal, NamedNode, Triple

from kb.flow.ledger import Prepared
from kb.flow.machine import Life
from kb.services.life import facts, standing, terms
from kb.services.workspace import Workspace
from kb.store.protocol import Term


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports: what the journal calls him, his department, and the centre where he is on watch.

    *words* are those from which values of the report were read.
    """

    name: str
    body: NamedNode | None = None
    centre: NamedNode | None = None
    words: tuple[Literal, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an incident, and how it is graded."""

    facts: tuple[Triple, ...] = ()
    grade: Term | None = None


def prepare(
    workspace: Workspace,
    identifier: str,
    before: Known | None,
    after: Known,
    reporter: Reporter,
    at: datetime,
) -> Prepared:
    """Return the event of a report, ready to be committed with what it changes; hold the timeline's lock.

    :param before: what was known; ``None`` for the first report.
    :raises FlowRefused: ``flow.step``: the incident has ended, or was merged or dismissed.
    """
    ledger = workspace.flows.ledger
    read = {terms.WORDS_READ: reporter.words} if reporter.words else {}
    if before is None:
        first = standing.machine(workspace).flow.first.name
        values = changed(workspace, Known(), after) | read
        values.pop(terms.CHANGED, None)
        if reporter.centre is not None:
            values[terms.AT_CENTRE] = (reporter.centre,)
        life = Life(terms.incident_iri(identifier))
        step = standing.taken(workspace, life, first, reporter.name, body=reporter.body, values=values)
        return ledger.prepare(identifier, [step], at=at, length=0)
    life, earlier = standing.life_of(workspace, identifier)
    values = changed(workspace, before, after) | read
    step = standing.taken(workspace, life, terms.CONTINUE, reporter.name, body=reporter.body, values=values)
    return ledger.prepare(identifier, [*earlier, step], at=at)


def changed(workspace: Workspace, before: Known, after: Known) -> dict[NamedNode, tuple[Term, ...]]:
    """Return the values by which an event tells how facts and grade changed, and under which release."""
    values = facts.recorded(before.facts, after.facts)
    if after.grade != before.grade:
        if before.grade is not None:
            values[terms.WAS_GRADE] = (before.grade,)
        if after.grade is not None:
            values[terms.NOW_GRADE] = (after.grade,)
    values[terms.RELEASE] = (Literal(workspace.release),)
    return values
