"""Is this payload right? A report, an alert or records of a dataset, judged as they would be if sent.

Nothing is stored, and nobody learns that it was asked. Files of strangers are read in the same
processes, which may die, as those that are delivered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from kb.cap import process as cap
from kb.errors import Fault, InputError, Text
from kb.report.document import parse_json
from kb.services.workspace import Workspace
from kb.sharing.incoming import Incoming
from kb.sharing.problems import Rejected, located

REPORT, ALERT = "report", "cap"
"""The payloads that are no dataset: a report of an incident in JSON, an alert in CAP 1.2."""
_IDENTIFIER = "checked"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong: the *place* in the payload, the *field* and *value*, what, and what to do."""

    place: Text
    field: str
    value: str
    message: Text
    repair: Text | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: of so many *records* as many are *good*; the first *violations*."""

    records: int
    good: int
    violations: list[Violation]


def contracts(workspace: Workspace) -> dict[str, Text]:
    """Return what a payload can be judged by: the names and labels of the contracts."""
    found = {
        REPORT: Text("事件报告（JSON）", "Report of an incident (JSON)"),
        ALERT: Text("预警（CAP 1.2）", "Alert (CAP 1.2)"),
    }
    for name in workspace.intake.contracts.names():
        found[name] = workspace.intake.contracts.get(name).label
    return found


def validated(workspace: Workspace, contract: str, file: Incoming | bytes) -> Verdict:
    """Judge *file* by *contract*: the bytes of a report or an alert, a file of records for any other.

    :raises NotFound: ``contract.unknown``.
    :raises DeliveryBusy: while other files are read.
    """
    if isinstance(file, bytes):
        try:
            _judge(workspace, contract, file)
        except InputError as error:
            return Verdict(1, 0, [_of_fault(fault) for fault in error.faults])
        return Verdict(1, 1, [])
    outcome = workspace.intake.check(contract, file)
    violations = [one for rejected in outcome.problems for one in _of_record(rejected)]
    return Verdict(outcome.records, outcome.stored, violations)


def _judge(workspace: Workspace, contract: str, body: bytes) -> None:
    if contract == ALERT:
        cap.read(body)
        return
    read = workspace.reader.read(parse_json(body), incident_id=_IDENTIFIER, received=datetime.now(UTC))
    workspace.contract.require(read.facts)


def _of_fault(fault: Fault) -> Violation:
    return Violation(Text(fault.where, fault.where), "", "", fault.message, fault.repair)


def _of_record(rejected: Rejected) -> Iterator[Violation]:
    for problem in rejected.problems:
        field = problem.column or problem.path.rpartition("/")[2].rpartition("#")[2]
        place = located(rejected.position)
        yield Violation(place, field, problem.value, problem.message, problem.repair)
