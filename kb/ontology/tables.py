"""Thresholds and duties as tables for those who live in Excel: what the columns are, and the export.

One row is one record. A criterion with several conditions takes several rows with the same id. Columns marked
read-only belong to another record and are there to be read; what a change in the others does to the Turtle
files says :mod:`kb.ontology.importing`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pyoxigraph import NamedNode

from kb.errors import KnowledgeFault
from kb.namespaces import DCTERMS, SH, XZ
from kb.ontology import sheets
from kb.ontology.cells import listed, number_of, shown
from kb.ontology.names import did_you_mean, nearest
from kb.ontology.records import Records, shorten, words
from kb.store.protocol import Term

COMPARISONS = tuple(XZ + name for name in ("atLeast", "moreThan", "below", "atMost", "is"))
"""How a condition may compare (``shape:condition`` in ``ontology/shapes/knowledge.ttl``)."""

SOURCE = DCTERMS + "source"
SETS = {XZ + "EventGrade": XZ + "setsGrade", XZ + "WarningLevel": XZ + "setsWarning"}
"""By which property a criterion sets a value, by the class of the value."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key, its Chinese heading, and the class (IRI) whose members are its choices."""

    key: str
    zh: str
    width: int = 16
    editable: bool = True
    kinds: Sequence[str] = ()
    several: bool = False

    @property
    def heading(self) -> str:
        """What stands on top of the column."""
        return f"{self.zh} {self.key}" + ("" if self.editable else "（只读 read-only）")


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of table: its name, the class of its records, the prefix of their ids, and its columns."""

    name: str
    kind: str
    prefix: str
    columns: Sequence[Column]

    @property
    def key(self) -> str:
        """The column of the id."""
        return self.columns[0].key

    def column(self, key: str) -> Column:
        """Return the column *key*."""
        return next(column for column in self.columns if column.key == key)


THRESHOLDS = Table(
    "thresholds",
    XZ + "Criterion",
    "criterion",
    (
        Column("criterion", "标准", 44),
        Column("regime", "分级制度", 36, kinds=(XZ + "Regime",)),
        Column("sets", "等级或预警", 30, kinds=tuple(SETS)),
        Column("measure", "度量", 34, kinds=(XZ + "Measure",)),
        Column("comparison", "比较", 22),
        Column("bound", "界限", 16),
        Column("unit", "单位", 10, editable=False),
        Column("clause", "条款", 44, kinds=(XZ + "Clause",), several=True),
        Column("evidence", "证据", 14, editable=False),
        Column("valid-from", "生效日期", 14, editable=False),
        Column("valid-until", "失效日期", 14, editable=False),
        Column("jurisdiction", "适用区域", 24, editable=False),
        Column("file", "文件", 32),
    ),
)
DUTIES = Table(
    "duties",
    XZ + "Duty",
    "duty",
    (
        Column("duty", "职责", 30),
        Column("applies-to", "适用类型", 30, kinds=(XZ + "IncidentType",), several=True),
        Column("role", "角色", 24, kinds=(XZ + "DutyRole",)),
        Column("function", "职能", 34, kinds=(XZ + "Function",)),
        Column("task-zh", "任务·中文", 44),
        Column("task-en", "任务·英文", 44),
        Column("conditions", "条件", 30, kinds=(XZ + "Condition",), several=True),
        Column("jurisdiction", "适用区域", 24),
        Column("valid-from", "生效日期", 14),
        Column("valid-until", "失效日期", 14),
        Column("clause", "条款", 44, kinds=(XZ + "Clause",), several=True),
        Column("evidence", "证据", 14),
        Column("file", "文件", 32),
    ),
)
TABLES = {table.name: table for table in (THRESHOLDS, DUTIES)}

Cells = dict[str, str | Decimal]


def export(knowledge: Records, table: Table, path: Path) -> int:
    """Write *table* out of *knowledge* to *path* (``.xlsx`` or ``.csv``); return how many rows it has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [[row[c.key] for c in table.columns] for row in rows_of(knowledge, table)]
    headings = [
        sheets.Heading(c.heading, c.width, choices(knowledge, c), c.editable, closed=not c.several)
        for c in table.columns
    ]
    sheets.write(path, table.name, headings, rows)
    return len(rows)


def rows_of(knowledge: Records, table: Table) -> list[Cells]:
    """Return the rows of *table*, in the order of the files."""
    row: Callable[[Records, str], list[Cells]] = _threshold if table is THRESHOLDS else _duty
    return [cells for iri in records(knowledge, table) for cells in row(knowledge, iri)]


def records(knowledge: Records, table: Table) -> list[str]:
    """Return the records of *table* that the folder itself describes."""
    return [iri for iri in knowledge.members(table.kind) if knowledge.home(iri) is not None]


def choices(knowledge: Records, column: Column) -> list[str]:
    """Return what the drop-down list of a column offers; nothing where the column is free."""
    match column.key:
        case "comparison":
            return [shown(knowledge, iri) for iri in COMPARISONS]
        case "evidence" if column.editable:
            return evidence(knowledge)
        case "file":
            return [path for path in sorted(knowledge.texts) if not path.startswith("shapes/")]
    return [shown(knowledge, iri) for kind in column.kinds for iri in knowledge.members(kind)]


def evidence(knowledge: Records) -> list[str]:
    """Return the grades of evidence that the contract of the knowledge allows, else those in use."""
    for shape in knowledge.subjects_of(SH + "path", XZ + "evidence"):
        if found := knowledge.list_of(shape, SH + "in"):
            return found
    used = (
        listed(knowledge, knowledge.values(iri, XZ + "evidence")) for iri in knowledge.members(XZ + "Duty")
    )
    return sorted(set(used))


def test_of(knowledge: Records, condition: str) -> tuple[str, str, Term] | None:
    """Return measure, comparison and bound of a *condition*; ``None`` where it has not just one of each."""
    measures = knowledge.values(condition, XZ + "measure")
    bounds = [(how, term) for how in COMPARISONS for term in knowledge.values(condition, how)]
    if len(measures) != 1 or len(bounds) != 1 or not isinstance(measures[0], NamedNode):
        return None
    return measures[0].value, *bounds[0]


def of_regime(knowledge: Records, regime: str | None) -> Cells:
    """Return the read-only cells that come from a regime."""
    names = {
        "evidence": "evidence",
        "valid-from": "validFrom",
        "valid-until": "validUntil",
        "jurisdiction": "jurisdiction",
    }
    return {
        key: listed(knowledge, knowledge.values(regime, XZ + name)) if regime else ""
        for key, name in names.items()
    }


def unit(knowledge: Records, measure: str) -> str:
    """Return the Chinese unit of a measure; empty where it has none."""
    return next(words(knowledge.values(measure, XZ + "unit"), "zh"), "")


def table_of(name: str) -> Table:
    """Return the table called *name*.

    :raises KnowledgeFault: where there is none of that name.
    """
    if name in TABLES:
        return TABLES[name]
    raise KnowledgeFault.of(
        "table.kind",
        f"没有名为 {name} 的表格",
        f"there is no table {name!r}",
        repair=did_you_mean(nearest(name, list(TABLES)) or list(TABLES)),
    )


def _threshold(knowledge: Records, iri: str) -> list[Cells]:
    def said(predicate: str) -> str:
        return listed(knowledge, knowledge.values(iri, predicate))

    regimes = [t.value for t in knowledge.values(iri, XZ + "regime") if isinstance(t, NamedNode)]
    common: Cells = {
        "criterion": shorten(iri),
        "regime": said(XZ + "regime"),
        "sets": "; ".join(filter(None, (said(predicate) for predicate in SETS.values()))),
        "clause": said(SOURCE),
        "file": knowledge.home(iri) or "",
        **of_regime(knowledge, regimes[0] if regimes else None),
    }
    rows: list[Cells] = []
    for condition in knowledge.values(iri, XZ + "condition"):
        test = test_of(knowledge, condition.value) if isinstance(condition, NamedNode) else None
        if test is None:
            continue
        measure, how, bound = test
        number = number_of(bound)
        rows.append(
            common
            | {
                "measure": shown(knowledge, measure),
                "comparison": shown(knowledge, how),
                "bound": listed(knowledge, [bound]) if number is None else number,
                "unit": unit(knowledge, measure),
            }
        )
    return rows


def _duty(knowledge: Records, iri: str) -> list[Cells]:
    def said(predicate: str) -> str:
        return listed(knowledge, knowledge.values(iri, predicate))

    tasks = knowledge.values(iri, XZ + "task")
    return [
        {
            "duty": shorten(iri),
            "applies-to": said(XZ + "appliesTo"),
            "role": said(XZ + "role"),
            "function": said(XZ + "function"),
            "task-zh": next(words(tasks, "zh"), ""),
            "task-en": next(words(tasks, "en"), ""),
            "conditions": said(XZ + "condition"),
            "jurisdiction": said(XZ + "jurisdiction"),
            "valid-from": said(XZ + "validFrom"),
            "valid-until": said(XZ + "validUntil"),
            "clause": said(SOURCE),
            "evidence": said(XZ + "evidence"),
            "file": knowledge.home(iri) or "",
        }
    ]
