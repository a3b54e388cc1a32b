"""What a worker does with a body of knowledge, as JSON: nothing here is stored.

Each gets a checkpoint of the store, the knowledge in force, and mostly a folder of changes to lay over it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from pyoxigraph import NamedNode

from kb.clock import today
from kb.errors import Fault, KnowledgeFault, Text, both
from kb.inference.program import mentions_incident
from kb.namespaces import RDF_TYPE, xz
from kb.ontology import knowledge as bodies
from kb.ontology.knowledge import Knowledge
from kb.services import case_reasons, cases, coverage, firing, incident
from kb.services.cases import Case
from kb.services.checking import check as check_knowledge
from kb.services.drafting.frozen import FrozenWorkspace
from kb.services.drafting.reading import told
from kb.services.naming import named
from kb.services.releases.difference import difference as conclusions
from kb.services.releases.difference import records
from kb.services.workspace import TrialWorkspace, Workspace

FAILURES, REASONS, OWN, RECORDS = 100, 20, 300, 400
"""How many failing cases are told, and with reasons; how many of the draft's own cases, and records."""
INCIDENTS = 1_000
"""Of the archive, so many newest incidents are derived again to count which rules fire."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a task looks at: *files*, changes laid over *base*, or *other* knowledge in their place."""

    checkpoint: Path
    home: Path
    base: Knowledge
    files: Path | None = None
    other: Knowledge | None = None


def check(given: Given) -> dict[str, Any]:
    """Return everything that can be said about the knowledge, and of which rules the cases show nothing."""
    with _laid(given) as (workspace, base):
        verdict = check_knowledge(base, workspace, today())
        return {
            "sound": verdict.sound,
            "counts": {
                "files": verdict.files,
                "triples": verdict.triples,
                "rules": verdict.rules,
                "cases": verdict.cases,
            },
            "findings": [
                {"severity": finding.severity.value, **told(_placed(finding.fault, given, base))}
                for finding in verdict.findings
            ],
        }


def test(given: Given) -> dict[str, Any]:
    """Run all cases: the draft's own one by one, and of the others those that fail, with the reasons.

    A case that fails as it is under the knowledge in force, mostly for want of its city, is no fault of the
    draft: such cases are counted as ``before``.
    """
    with _laid(given) as (workspace, base):
        trial = TrialWorkspace(workspace, base)
        results = cases.run(trial, base.rules, base.ontology)
        every = [result for result in results if result.differences]
        failed = [result for result in every if not _failed_before(workspace, result.case, given, base)]
        own = [result for result in results if base.changes and result.case.file in base.changes]
        return {
            "cases": len(results),
            "failed": len(failed),
            "before": len(every) - len(failed),
            "own": [_tried(trial, result, base, False) for result in own[:OWN]],
            "failures": [
                _tried(trial, result, base, number < REASONS)
                for number, result in enumerate(failed[:FAILURES])
            ],
        }


def impact(given: Given) -> dict[str, Any]:
    """Return which conclusions incidents of the archive would gain and lose."""
    from kb.services.impact import report  # Ibis and DuckDB take a second to load
    from kb.services.impact.comparing import compare

    with _laid(given) as (workspace, base):
        found = compare(workspace, base, memory="1GB")
        return report.as_json(found, report.Words.under(workspace, base))


def difference(given: Given) -> dict[str, Any]:
    """Return how records and conclusions change from *base* to the knowledge."""
    with _laid(given) as (workspace, base):
        old, new = TrialWorkspace(workspace, given.base), TrialWorkspace(workspace, base)
        found = {
            kind: {"total": len(iris), "first": [_record(old, new, iri) for iri in iris[:RECORDS]]}
            for kind, iris in records(given.base, base).items()
        }
        return {"records": found, **conclusions(old, new, today())}


def cover(given: Given) -> dict[str, Any]:
    """Return the coverage matrix: types with their packs, cities, and a cell for each grade."""
    with _laid(given) as (workspace, base):
        trial = workspace if base == given.base else TrialWorkspace(workspace, base)
        found = coverage.matrix(trial, today())
        return {
            "types": [{**named(trial, t), "pack": _pack(trial, t)} for t in found.types],
            "cities": [named(trial, city) for city in found.cities],
            "gaps": [{"name": gap.value, "label": both(gap.label)} for gap in coverage.Gap],
            "cells": [
                {
                    "type": cell.type.value,
                    "city": cell.city.value,
                    "scale": cell.scale,
                    "rank": cell.rank,
                    "value": both(trial.names.label(cell.value)),
                    "leads": [both(trial.names.label(lead)) for lead in cell.leads],
                    "modules": cell.modules,
                    "level": both(trial.names.label(cell.level)) if cell.level else None,
                    "gaps": [gap.value for gap in cell.gaps],
                }
                for cell in found.cells
            ],
        }


def fire(given: Given) -> dict[str, Any]:
    """Count in how many cases and incidents of the archive each rule gives a reason for something."""
    with _laid(given) as (workspace, base):
        found = [*cases.find(base.rules), *cases.find(base.ontology)]
        in_cases = Counter(
            rule.iri.value
            for result in firing.tried(workspace, found)
            for rule in result.derivation.rules()
            if rule.iri is not None
        )
        identifiers = [name for name, _, _ in incident.recent(workspace, INCIDENTS)]
        in_incidents = Counter(
            rule.iri.value
            for name in identifiers
            for rule in incident.recall(workspace, name).derivation.rules()
            if rule.iri is not None
        )
        background = {r.iri.value for r in workspace.engine.background().rules() if r.iri is not None}
        program = workspace.engine.program
        return {
            "cases": len(found),
            "incidents": len(identifiers),
            "rules": {
                rule.iri.value: {
                    "cases": in_cases[rule.iri.value],
                    "incidents": in_incidents[rule.iri.value],
                    "background": not mentions_incident(rule) and rule.iri.value in background,
                }
                for rule in (*program.background, *program.response)
                if rule.iri is not None
            },
        }


TASKS: Mapping[str, Callable[[Given], dict[str, Any]]] = {
    "check": check,
    "test": test,
    "impact": impact,
    "difference": difference,
    "coverage": cover,
    "firing": fire,
}


@contextmanager
def _laid(given: Given) -> Iterator[tuple[Workspace, Knowledge]]:
    """Yield the workspace under the knowledge in force, and the knowledge to look at.

    :raises KnowledgeFault: for files that cannot be read, at the places that people know.
    """
    workspace = FrozenWorkspace(given.checkpoint, given.home, given.base)
    with bodies.over(given.files, given.base) as laid:
        base = given.other or laid
        try:
            yield workspace, base
        except KnowledgeFault as error:
            raise KnowledgeFault([_placed(fault, given, base) for fault in error.faults]) from error


def _placed(fault: Fault, given: Given, base: Knowledge) -> Fault:
    """Return *fault* with its places named as files of knowledge are: from ``ontology/`` or ``rules/`` on."""
    folders: list[tuple[str, str]] = []
    for body in (base, given.base):
        folders += [(str(body.ontology), "ontology"), (str(body.rules), "rules")]
    if given.files is not None:
        folders.append((f"{given.files}/", ""))

    def shortened(text: str) -> str:
        for folder, name in folders:
            text = text.replace(folder, name)
        return text

    message = Text(shortened(fault.message.zh), shortened(fault.message.en))
    where = shortened(fault.where)
    if where and not where.startswith(("ontology", "rules")) and (base.rules / where.split(":")[0]).is_file():
        where = f"rules/{where}"
    return replace(fault, message=message, where=where)


def _failed_before(workspace: Workspace, case: Case, given: Given, base: Knowledge) -> bool:
    """Whether the knowledge in force has the very same *case*, and it fails there, too."""
    part, path = _relative(case.file, base)
    file = (given.base.rules if part == "rules" else given.base.ontology) / path
    if not file.is_file():
        return False
    said = (case.title, case.given, case.expect, case.absent)
    same = (old for old in _cases_in(file) if (old.title, old.given, old.expect, old.absent) == said)
    return any(True for old in same for _ in cases.differences(workspace, old))


@cache  # the process does one task; each file is read once, however many of its cases fail
def _cases_in(file: Path) -> tuple[Case, ...]:
    return tuple(cases.find(file))


def _relative(file: Path, base: Knowledge) -> tuple[str, str]:
    part, folder = ("rules", base.rules) if file.is_relative_to(base.rules) else ("ontology", base.ontology)
    return part, file.relative_to(folder).as_posix()


def _tried(trial: Workspace, result: cases.Result, base: Knowledge, reasons: bool) -> dict[str, Any]:
    return {
        "file": "/".join(_relative(result.case.file, base)),
        "title": result.case.title,
        "differences": [
            {**both(d), "reasons": [both(r) for r in _reasons(trial, result, d)] if reasons else []}
            for d in result.differences
        ],
    }


def _reasons(trial: Workspace, result: cases.Result, difference_: cases.Difference) -> Sequence[Text]:
    return list(case_reasons.reasons(trial, result.case, difference_))


def _record(old: Workspace, new: Workspace, iri: str) -> dict[str, Any]:
    """Return a record by the words of the knowledge that has it."""
    node = NamedNode(iri)
    workspace = new if next(iter(new.store.match(node, None, None)), None) is not None else old
    return named(workspace, node)


def _pack(workspace: Workspace, type_: NamedNode) -> str:
    """Return the pack that declares a type of incident."""
    declared = workspace.store.match(type_, RDF_TYPE, xz("IncidentType"))
    graphs = (quad.graph_name for quad in declared)
    return next((name.value.rsplit("/", 1)[-1] for name in graphs if isinstance(name, NamedNode)), "")
