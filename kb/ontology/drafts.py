"""What the rows of a table want the records to be: read, checked, and brought together by record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pyoxigraph import NamedNode
from rapidfuzz import fuzz

from kb.errors import Text
from kb.namespaces import XZ
from kb.ontology.cells import Reader
from kb.ontology.names import did_you_mean, nearest
from kb.ontology.records import Records, expand, shorten
from kb.ontology.sheets import Row, Sheet
from kb.ontology.tables import SETS, SOURCE, Table, records
from kb.store.protocol import Term

Test = tuple[str, str, Term]
"""What a condition tests: measure, comparison, bound."""

_LOCAL = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_RENAMED = 85
"""From this likeness on (of 100), a new id beside a record that is gone is taken for a renamed one."""


@dataclass(slots=True)
class Draft:
    """One record as the table wants it: its properties, and for a criterion the tests of its conditions."""

    iri: str
    file: str
    new: bool
    rows: list[Row]
    properties: dict[str, list[Term]] = field(default_factory=dict)
    tests: list[tuple[Row, Test]] = field(default_factory=list)


class Drafter:
    """Reads the drafts out of a sheet; what is wrong is in :attr:`reader`. Each table adds how it is read."""

    def __init__(self, knowledge: Records, table: Table, sheet: Sheet) -> None:
        self.knowledge = knowledge
        self.table = table
        self.sheet = sheet
        self.reader = Reader(knowledge, sheet)

    def drafts(self) -> list[Draft]:
        """Return a draft for every id of the sheet, in the order of the rows."""
        for column in self.table.columns:
            if column.editable and column.key not in self.sheet.columns:
                self.reader.fault(
                    1, column.key, "table.column-missing",
                    (f"缺少列：{column.heading}", f"the column {column.key!r} is missing"),
                    Text("保留导出时的全部列", "keep every column of the export"),
                )  # fmt: skip
        if self.reader.faults:
            return []
        grouped: dict[str, list[Row]] = {}
        for row in self.sheet.rows:
            iri = self._identity(row)
            if iri is not None:
                grouped.setdefault(iri, []).append(row)
        self._refuse_renamed(grouped)
        drafts = [self._draft(iri, rows) for iri, rows in grouped.items()]
        for draft in drafts:
            self.read(draft)
            self._refuse_unseen(draft)
        self.compare(drafts)
        return drafts

    def read(self, draft: Draft) -> None:
        """Fill *draft* from its rows."""
        raise NotImplementedError

    def compare(self, drafts: Sequence[Draft]) -> None:
        """Note what is wrong with the drafts side by side; nothing, where a table knows of no such thing."""

    def _identity(self, row: Row) -> str | None:
        key, prefix = self.table.key, self.table.prefix
        text = self.reader.required(row, key).partition(" ")[0]
        if not text:
            return None
        iri = expand(text) if ":" in text else None
        if iri is not None and iri in self.knowledge.members(self.table.kind):
            return iri
        local = text.removeprefix(prefix + ":")
        if text.startswith(prefix + ":") and _LOCAL.fullmatch(local) and not self.knowledge.known(iri or ""):
            return iri
        known = [shorten(known) for known in records(self.knowledge, self.table)]
        self.reader.fault(
            row, key, "table.unknown", (f"未知的编号：{text}", f"unknown id: {text}"),
            did_you_mean(nearest(text, known)) or Text(
                f"新记录写 {prefix}: 加小写英文和连字符",
                f"for a new record write {prefix}: and lower-case words with hyphens",
            ),
        )  # fmt: skip
        return None

    def _refuse_renamed(self, grouped: dict[str, list[Row]]) -> None:
        """An id that is new and much like one that is gone is a typing error, or a change of an id."""
        gone = [iri for iri in records(self.knowledge, self.table) if iri not in grouped]
        for iri, rows in grouped.items():
            if self.knowledge.known(iri):
                continue
            like = [shorten(old) for old in gone if fuzz.ratio(shorten(old), shorten(iri)) >= _RENAMED]
            if like:
                self.reader.fault(
                    rows[0], self.table.key, "table.unknown",
                    (f"未知的编号：{shorten(iri)}；编号不可更改",
                     f"unknown id: {shorten(iri)}; ids do not change"),
                    did_you_mean(like),
                )  # fmt: skip

    def _draft(self, iri: str, rows: list[Row]) -> Draft:
        home = self.knowledge.home(iri)
        given = self.same(rows, "file")
        draft = Draft(iri, home or given, not self.knowledge.known(iri), rows)
        if home is None and not given:
            self.reader.required(rows[0], "file")
        elif home is not None and given not in ("", home):
            self._wrong_file(rows[0], (f"该记录在 {home}", f"this record is in {home}"), [home])
        elif home is None and (given not in self.knowledge.texts or given.startswith("shapes/")):
            message = (f"没有这个知识文件：{given}", f"there is no such file of knowledge: {given}")
            self._wrong_file(rows[0], message, nearest(given, list(self.knowledge.texts)))
        return draft

    def _wrong_file(self, row: Row, message: tuple[str, str], names: list[str]) -> None:
        self.reader.fault(row, "file", "table.file", message, did_you_mean(names))

    def same(self, rows: Sequence[Row], key: str) -> str:
        """Return what *rows* of one record say in a column that they share; empty cells follow the others."""
        said = {row.cells.get(key, ""): row for row in reversed(rows) if row.cells.get(key, "")}
        if len(said) > 1:
            first, *others = sorted(said.values(), key=lambda row: row.number)
            for row in others:
                self.reader.fault(
                    row, key, "table.contradiction",
                    (f"与第 {first.number} 行矛盾：同一记录只能有一个值",
                     f"contradicts row {first.number}: one record, one value"),
                )  # fmt: skip
        return min(said, key=lambda text: said[text].number, default="")

    def shared(self, draft: Draft, key: str, *, required: bool = True) -> Row:
        """Return a row that has the value which all rows of *draft* share in a column."""
        text = self.same(draft.rows, key)
        row = next((row for row in draft.rows if row.cells.get(key, "") == text), draft.rows[0])
        if required:
            self.reader.required(row, key)
        return row

    def _refuse_unseen(self, draft: Draft) -> None:
        """A file may use only what it imports; who adds an import decides what a pack depends on."""
        columns = {SOURCE: "clause", XZ + "appliesTo": "applies-to", XZ + "condition": "conditions"}
        terms = [(p, term) for p, terms in draft.properties.items() for term in terms]
        terms += [(XZ + "measure", NamedNode(measure)) for _, (measure, _, _) in draft.tests]
        for predicate, term in terms:
            if not isinstance(term, NamedNode) or self.knowledge.sees(draft.file, term.value):
                continue
            if term in self.knowledge.values(draft.iri, predicate):
                continue
            ontology = self.knowledge.ontology_iri(term.value)
            key = columns.get(predicate, predicate.removeprefix(XZ))
            self.reader.fault(
                draft.rows[0], "sets" if predicate in SETS.values() else key, "table.not-imported",
                (f"{draft.file} 没有导入 {shorten(term.value)} 所在的文件",
                 f"{draft.file} does not import the file that describes {shorten(term.value)}"),
                Text(f"在该文件头加 owl:imports <{ontology}>，或写入别的文件",
                     f"add owl:imports <{ontology}> to the header of the file, or name another file"),
            )  # fmt: skip
