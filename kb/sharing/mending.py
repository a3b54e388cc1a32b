"""Mending one quarantined record in place: its cells are typed anew, judged, and stored if they are right.

The record is delivered like any other, as a file of one row, so the same worker reads it, the same contract
judges it and the same counts add up: what leaves quarantine is stored by a delivery that says which record it
mends. What is still wrong is told, and the record stays where it is.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kb.errors import Text
from kb.sharing.csvw import Column
from kb.sharing.datasets import Dataset
from kb.sharing.incoming import Incoming
from kb.sharing.intake import Intake, Outcome
from kb.sharing.problems import HIDDEN, Problem
from kb.sharing.quarantine import Quarantined


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a record: what stands in it, and what is wrong with it.

    *hidden*: it tells of a person, so what stood there is not shown and must be typed again. *separator*
    stands between several values.
    """

    name: str
    label: Text
    value: str
    required: bool
    hidden: bool
    separator: str
    problems: tuple[Problem, ...]


def cells(intake: Intake, dataset: Dataset, found: Quarantined) -> list[Cell]:
    """Return the cells of *found* in the order of its contract."""
    problems = found.rejected.problems
    return [
        Cell(
            column.name,
            column.label,
            _text(found.rejected.original.get(column.name, ""), column),
            column.required,
            found.rejected.original.get(column.name) == HIDDEN,
            column.separator,
            tuple(one for one in problems if _is_of(one, column)),
        )
        for column in _columns(intake, dataset)
    ]


def others(shown: list[Cell], found: Quarantined) -> list[Problem]:
    """Return what is wrong with the record as a whole, or with what is none of the cells *shown*."""
    told = {id(problem) for cell in shown for problem in cell.problems}
    return [problem for problem in found.rejected.problems if id(problem) not in told]


def mend(
    intake: Intake, dataset: Dataset, found: Quarantined, typed: Mapping[str, str], *, actor: str
) -> Outcome:
    """Put the record with the cells *typed* in the place of *found*, if nothing is wrong with it any more.

    The outcome says whether it is stored; if not, its problems are those that are left and nothing changed.

    :raises DeliveryRefused, DeliveryBusy, DatasetFault: as :meth:`kb.sharing.intake.Intake.submit`.
    """
    columns = _columns(intake, dataset)
    with tempfile.TemporaryDirectory(prefix="xiezhi-mending-") as folder:
        path = Path(folder) / "record.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([column.name for column in columns])
            writer.writerow([typed.get(column.name, "").replace("\0", "") for column in columns])
        incoming = Incoming.of(path, f"{found.iri.value.rpartition('/')[2]}.csv", "csv")
        judged = intake.judge(dataset, incoming)
        if (taken := _taken(intake, dataset, found, typed)) is not None and judged.stored:
            return Outcome(1, 0, 1, [replace(found.rejected, problems=(taken,))])
        if judged.quarantined or not judged.stored:
            return judged
        return intake.submit(dataset, incoming, actor=actor, increment=True, again=True, mends=found.iri)


def _taken(intake: Intake, dataset: Dataset, found: Quarantined, typed: Mapping[str, str]) -> Problem | None:
    """Return the fault of a code that another record has: it would be lost, overwritten by this one."""
    about = intake.contracts.get(dataset.contract).table.about
    path = about.fill({name: text.strip() for name, text in typed.items()})
    subject = dataset.base + (path or "")
    same = subject == found.rejected.subject
    twice = any(problem.component == "duplicate" for problem in found.rejected.problems)
    if path is None or (same and not twice) or not intake.holds(dataset, subject):
        return None
    return Problem(
        Text("另一条已入库的记录有此编号", "another record that is stored has this code"),
        Text("更改编号；若是重复记录，选择不予处理", "change the code; if it is the same record, dismiss it"),
        value=path,
        component="duplicate",
    )


def _columns(intake: Intake, dataset: Dataset) -> list[Column]:
    table = intake.contracts.get(dataset.contract).table
    return [column for column in table.columns if not column.virtual and not column.suppressed]


def _is_of(problem: Problem, column: Column) -> bool:
    if problem.column:
        return problem.column in (column.label.zh, column.name)
    return bool(problem.path) and problem.path == column.property


def _text(value: object, column: Column) -> str:
    """Return what stood in a cell as one text, as a file of the contract would have it."""
    if isinstance(value, list):
        return (column.separator or " ").join(str(one) for one in value)
    return "" if value == HIDDEN else str(value)
