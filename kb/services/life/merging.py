"""Two reports of one incident become one: what was known only of the one is taken into the other.

Figures that differ are shown, and whoever merges says which of the two holds; the larger one is not silently
taken. Types, place and time of the incident that is kept stand, and it counts as received when the first of
the two was: reporting deadlines run from there. A time that lies after that receipt was wrong or never told:
then the receipt is the time, as for any report without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyoxigraph import NamedNode

from kb.access.principal import Principal
from kb.errors import Fault, InputError, Text, both
from kb.flow.event import Event, Values
from kb.flow.machine import Actor
from kb.report.reading import TYPE_KEY
from kb.services import incident, reservations, whatif
from kb.services.incident import Answer
from kb.services.life import reporting, standing, terms
from kb.services.life.guards import guards
from kb.services.trials import label_of, report_of, shown
from kb.services.workspace import Workspace
from kb.store.protocol import Term

KEPT, MERGED = "kept", "merged"
"""What may be chosen for a fact of which both say something else."""
STANDING = (TYPE_KEY, "grid", "time")
"""Keys of a report of which the incident that is kept has the say."""


class MergeConflict(InputError):
    """Two incidents say different things of a fact, and nobody has chosen."""


@dataclass(frozen=True)
class Merger:
    """What becomes of two incidents that are one.

    *report* is that of the kept one afterwards; *taken* is what only the merged one knew; *conflicts* are, by
    key, what the kept and the merged one say of the same fact.
    """

    kept: Answer
    merged: Answer
    report: Mapping[str, Any]
    taken: Mapping[str, Any]
    conflicts: Mapping[str, tuple[Any, Any]]

    def as_json(self, workspace: Workspace) -> dict[str, Any]:
        """Return what would be taken over, and what has to be chosen."""

        def told(key: str, value: Any) -> dict[str, Any] | None:
            return shown(workspace, workspace.describer.text, key, value)

        return {
            "incident": self.merged.id,
            "into": self.kept.id,
            "taken": [
                {"key": key, "label": both(label_of(workspace, key)[0]), "value": told(key, value)}
                for key, value in self.taken.items()
            ],
            "conflicts": [
                {
                    "key": key,
                    "label": both(label_of(workspace, key)[0]),
                    "kept": told(key, ours),
                    "merged": told(key, theirs),
                }
                for key, (ours, theirs) in self.conflicts.items()
            ],
        }


def plan(
    workspace: Workspace, identifier: str, into: str, choices: Mapping[str, str] | None = None
) -> Merger:
    """Return what would become of merging the incident *identifier* into *into*; nothing is stored.

    :param choices: ``kept`` or ``merged`` for each key of which the two say different things.
    :raises NotFound: ``incident.unknown``.
    :raises InputError: ``merge.choice``: a choice is neither, or nothing has to be chosen there.
    """
    kept, merged = incident.recall(workspace, into), incident.recall(workspace, identifier)
    ours, theirs = report_of(workspace, kept), report_of(workspace, merged)
    chosen = dict(choices or {})
    taken = {key: value for key, value in theirs.items() if key not in ours}
    differing = {
        key: (ours[key], theirs[key])
        for key in ours
        if key in theirs and ours[key] != theirs[key] and key not in STANDING
    }
    for key, choice in chosen.items():
        if choice not in (KEPT, MERGED) or key not in differing:
            raise InputError.of(
                "merge.choice",
                f"{key}：只能对两起事件说法不同的事实选 {KEPT} 或 {MERGED}",
                f"{key}: choose {KEPT} or {MERGED}, for facts of which the two say different things",
                where=key,
            )
    decided = {key: differing[key][choice == MERGED] for key, choice in chosen.items()}
    conflicts = {key: pair for key, pair in differing.items() if key not in chosen}
    return Merger(kept, merged, {**ours, **taken, **decided}, taken, conflicts)


def merge(
    workspace: Workspace,
    identifier: str,
    into: str,
    principal: Principal,
    *,
    reason: str,
    choices: Mapping[str, str] | None = None,
    expected: int | None = None,
    now: datetime | None = None,
) -> tuple[Event, Event]:
    """Merge the incident *identifier* into *into*, in one commit; return the event of each, its own first.

    :raises MergeConflict: ``merge.conflict``: one fault for each fact that has to be chosen.
    :raises FlowRefused: one of the two is over, directives are still open, or the reason is missing.
    :raises Conflict: ``flow.changed``.
    :raises Forbidden: ``access.action``.
    """
    at, ledger, run = now or datetime.now(UTC), workspace.flows.ledger, standing.machine(workspace)
    with ledger.lock(identifier, into, reservations.TIMELINE):
        life, earlier = standing.life_of(workspace, identifier)
        other, before = standing.life_of(workspace, into)
        actor = Actor(principal, (), NamedNode(principal.department) if principal.department else None)
        values: Values = {terms.MERGED_INTO: (other.about,)}
        known = guards(workspace, identifier, principal, into)
        step = run.flow.steps[terms.MERGE]
        run.check(life, step, actor, reason=reason, values=values, guards=known, expected=expected)
        merger = plan(workspace, identifier, into, choices)
        _require_chosen(workspace, merger)
        change, taken_in = _kept(workspace, merger, life.about, at)
        run.check(other, run.flow.steps[terms.ABSORB], actor, reason=reason, values=taken_in)

        def taken(life_: Any, name: str, given: Values) -> Any:
            body = actor.body
            return standing.taken(
                workspace, life_, name, principal.name, body=body, reason=reason, values=given
            )

        gone = ledger.prepare(identifier, [*earlier, taken(life, terms.MERGE, values)], at=at)
        kept = ledger.prepare(into, [*before, taken(other, terms.ABSORB, taken_in)], at=at)
        handed = reservations.moved(workspace, identifier, into, principal.name, at)
        workspace.store.commit(
            incident.together(change, gone.change, kept.change, handed),
            actor=principal.name,
            action="merge incident",
            reason=into,
            key=gone.key,
        )
        return gone.events[-1], kept.events[-1]


def _kept(
    workspace: Workspace, merger: Merger, merged: NamedNode, at: datetime
) -> tuple[Any, dict[NamedNode, tuple[Term, ...]]]:
    """Return the change of the kept incident's facts and response, and what its event tells."""
    kept = merger.kept
    received = min(standing.received(kept.facts), standing.received(merger.merged.facts))
    report = dict(merger.report)
    if datetime.fromisoformat(report["time"]) > received:
        del report["time"]
    read = workspace.reader.read(report, incident_id=kept.id, received=received)
    workspace.contract.require(read.facts)
    derivation = incident.derive(workspace, kept.incident, read.facts, kept.context)
    change, grade = incident.revision(workspace, kept.id, kept.facts, read.facts, derivation, at)
    after = next(iter(derivation.objects(kept.incident, terms.GRADE)), None)
    told = reporting.changed(
        workspace, reporting.Known(kept.facts, grade), reporting.Known(read.facts, after)
    )
    return change, {terms.ABSORBED: (merged,), **told}


def _require_chosen(workspace: Workspace, merger: Merger) -> None:
    faults = []
    for key, (ours, theirs) in merger.conflicts.items():
        describe = workspace.describer.text
        said = whatif.said(
            label_of(workspace, key)[0],
            shown(workspace, describe, key, ours),
            shown(workspace, describe, key, theirs),
        )
        faults.append(
            Fault(
                "merge.conflict",
                Text(said.zh.replace("→", "≠"), said.en.replace("→", "≠")),
                key,
                Text(f"选定一个：{key}={KEPT} 或 {key}={MERGED}", f"choose: {key}={KEPT} or {key}={MERGED}"),
            )
        )
    if faults:
        raise MergeConflict(faults)
