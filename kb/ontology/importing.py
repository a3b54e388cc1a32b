"""A table back into the Turtle files: what changed is rewritten in its place, everything else stays.

Nothing is deleted: old incidents are replayed under old knowledge, so a row that is gone is reported with the
repair to give the record its last day in force. Nothing is written where any row is wrong. Before it is
written, the result is read again and compared with what the table wants.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pyoxigraph import NamedNode

from kb.errors import Fault, KnowledgeFault, Text
from kb.namespaces import RDF, XZ
from kb.ontology import sheets
from kb.ontology.conditions import CONDITION, Conditions, short, test_key
from kb.ontology.criteria import Criteria
from kb.ontology.drafts import Draft
from kb.ontology.duties import Duties
from kb.ontology.records import Records, shorten
from kb.ontology.rewriting import Document, statement
from kb.ontology.statements import encode
from kb.ontology.tables import SETS, SOURCE, TABLES, THRESHOLDS, Table, records, test_of
from kb.store.protocol import Term

_TYPE = RDF + "type"
_ENDS = Text("编号不可删除：用 xz:validUntil 写明失效日期", "do not delete it: give it xz:validUntil")


@dataclass(slots=True)
class Plan:
    """What an import would do: the changes, what it leaves alone and tells of, and the new texts by file."""

    table: Table
    changes: list[Text] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the new texts below *folder*, each file whole or not at all."""
        for path, text in self.texts.items():
            _replace(folder / path, encode(text))


def plan(knowledge: Records, path: Path) -> Plan:
    """Compare the table at *path* with *knowledge* and return what has to change.

    :raises KnowledgeFault: with every cell that is wrong.
    """
    keys = list(dict.fromkeys(column.key for table in TABLES.values() for column in table.columns))
    sheet = sheets.read(path, keys)
    table = next((t for t in TABLES.values() if t.key in sheet.columns), None)
    if table is None:
        raise KnowledgeFault.of(
            "table.kind",
            "看不出是哪种表格：缺少编号列",
            "it cannot be told which table this is: the column of the ids is missing",
            where=sheet.name,
            repair=("保留列 " + "、".join(t.key for t in TABLES.values()), "keep the headings of the export"),
        )
    drafter = (Criteria if table is THRESHOLDS else Duties)(knowledge, table, sheet)
    drafts = drafter.drafts()
    if drafter.reader.faults:
        raise KnowledgeFault(sorted(set(drafter.reader.faults), key=drafter.reader.faults.index))
    result = _Writer(knowledge, table).plan(drafts)
    present = {draft.iri for draft in drafts}
    result.notes += [
        Fault(
            "table.row-gone",
            Text(
                f"{shorten(iri)} 不在表中，知识中保留",
                f"{shorten(iri)} is not in the table; it stays in the knowledge",
            ),
            knowledge.home(iri) or "",
            _ENDS,
        )
        for iri in records(knowledge, table)
        if iri not in present
    ]
    return result


class _Writer:
    def __init__(self, knowledge: Records, table: Table) -> None:
        self._knowledge = knowledge
        self._table = table
        self._documents: dict[str, Document] = {}
        self._plan = Plan(table)
        self._conditions = Conditions(knowledge, self._document)
        self._touched = self._conditions.touched

    def plan(self, drafts: Sequence[Draft]) -> Plan:
        """Work out the new texts for *drafts* and prove them right."""
        if self._table is THRESHOLDS:
            self._conditions.choose(drafts)
            self._plan.changes += self._conditions.changes
            self._plan.notes += self._conditions.notes
        for draft in drafts:
            if draft.new:
                self._add(draft)
            else:
                self._change(draft)
        texts = {path: document.text for path, document in self._documents.items()}
        self._plan.texts = {p: text for p, text in texts.items() if text != self._knowledge.texts[p]}
        self._prove(drafts)
        return self._plan

    def _document(self, path: str) -> Document:
        return self._documents.setdefault(path, Document(self._knowledge.texts[path]))

    def _change(self, draft: Draft) -> None:
        document, changed = self._document(draft.file), False
        for predicate, terms in draft.properties.items():
            now = self._knowledge.values(draft.iri, predicate)
            if _same(now, terms):
                continue
            after = XZ + "validFrom" if predicate == XZ + "validUntil" else None
            document.set(draft.iri, predicate, terms, after=after or _neighbour(predicate))
            self._tell(draft, predicate, now, terms)
            changed = True
        if changed:
            self._touched.add(draft.iri)

    def _add(self, draft: Draft) -> None:
        document = self._document(draft.file)
        written: dict[str, list[Term]] = {**draft.properties, _TYPE: [NamedNode(self._table.kind)]}
        first = [_TYPE, XZ + "regime", *SETS.values(), XZ + "appliesTo", XZ + "role", XZ + "function"]
        if self._table is THRESHOLDS:
            lines = [first, [CONDITION, SOURCE]]
        else:
            when = [XZ + "jurisdiction", XZ + "validFrom", XZ + "validUntil"]
            lines = [first, [XZ + "task"], [CONDITION], when, [SOURCE, XZ + "evidence"]]
        text = statement(draft.iri, [[(p, written.get(p, [])) for p in line] for line in lines], document)
        text = document.newline.join([*self._conditions.ahead.get(draft.iri, []), text])
        kin = records(self._knowledge, self._table)
        if self._table is THRESHOLDS:
            regime = draft.properties[XZ + "regime"]
            near = [iri for iri in kin if self._knowledge.values(iri, XZ + "regime") == regime]
            document.add(text, after=document.last(near) or document.last(kin))
        else:
            document.add(text, after=document.last(kin))
        self._touched.add(draft.iri)
        self._plan.changes.append(
            Text(f"新增 {shorten(draft.iri)}（{draft.file}）", f"new: {shorten(draft.iri)} ({draft.file})")
        )

    def _tell(self, draft: Draft, predicate: str, now: Sequence[Term], then: Sequence[Term]) -> None:
        if predicate == CONDITION and self._table is THRESHOLDS:
            return  # told as tests, which people understand
        before, behind = (" ".join(map(short, terms)) or "∅" for terms in (now, then))
        what = f"{shorten(draft.iri)} {shorten(predicate)}: {before} → {behind}"
        self._plan.changes.append(Text(what, what))

    def _prove(self, drafts: Sequence[Draft]) -> None:
        """Read the new texts again: the drafts must be what they say, and nothing else may have changed."""
        after = self._knowledge.with_texts(self._plan.texts)
        wrong = [
            draft.iri
            for draft in drafts
            if any(not _same(after.values(draft.iri, p), terms) for p, terms in draft.properties.items())
            or not {test_key(test) for _, test in draft.tests}
            <= {
                test_key(test)
                for term in after.values(draft.iri, CONDITION)
                if isinstance(term, NamedNode) and (test := test_of(after, term.value))
            }
        ]
        wrong += sorted(self._knowledge.differences(after) - self._touched)
        if wrong:
            names = "、".join(map(shorten, wrong[:5]))
            raise KnowledgeFault.of(
                "table.rewrite",
                f"无法就地改写 {names}；没有写入任何文件",
                f"{names} cannot be rewritten in place; nothing was written",
                repair=("请在 Turtle 文件中修改", "change it in its Turtle file"),
            )


def _neighbour(predicate: str) -> str | None:
    """Return behind which predicate a new one is put: a criterion's value where the other value stood."""
    return XZ + "regime" if predicate in SETS.values() else None


def _same(now: Sequence[Term], then: Sequence[Term]) -> bool:
    return set(now) == set(then)


def _replace(path: Path, content: bytes) -> None:
    """Put *content* in the place of the file at *path* in one step, with the rights that it had."""
    mode = path.stat().st_mode
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(mode)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
