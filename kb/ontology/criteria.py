"""The rows of the table of thresholds: criteria, each with the tests of its conditions."""

from __future__ import annotations

from collections.abc import Sequence

from pyoxigraph import Literal, NamedNode

from kb.errors import Text
from kb.namespaces import XZ
from kb.ontology.cells import Reader, canonical, number_of, shown
from kb.ontology.drafts import Draft, Drafter, Test
from kb.ontology.names import did_you_mean, nearest
from kb.ontology.records import expand, shorten
from kb.ontology.sheets import Row
from kb.ontology.tables import COMPARISONS, SETS, SOURCE, of_regime, unit


class Criteria(Drafter):
    """Reads criteria."""

    def read(self, draft: Draft) -> None:
        """Fill *draft*: regime, value, clause, and one test from each row."""
        column, reader = self.table.column, self.reader
        regime = reader.reference(self.shared(draft, "regime"), "regime", column("regime").kinds)
        value = reader.reference(self.shared(draft, "sets"), "sets", column("sets").kinds)
        clause = reader.references(self.shared(draft, "clause"), "clause", column("clause").kinds)
        draft.properties = {XZ + "regime": [regime] if regime else [], SOURCE: clause}
        for kind, predicate in SETS.items():
            mine = value is not None and value.value in self.knowledge.members(kind)
            draft.properties[predicate] = [value] if mine and value else []
        for row in draft.rows:
            test = self._test(row)
            if test is not None:
                self._add_test(draft, row, test)
            self._refuse_read_only(row, regime, test)

    def _test(self, row: Row) -> Test | None:
        column, reader = self.table.column, self.reader
        reader.required(row, "measure")
        measure = reader.reference(row, "measure", column("measure").kinds)
        text = reader.required(row, "comparison")
        first = text.partition(" ")[0]
        how = next(
            (iri for iri in COMPARISONS if expand(first) == iri or text in self.knowledge.names(iri)), None
        )
        if text and how is None:
            names = [shown(self.knowledge, iri) for iri in COMPARISONS]
            reader.fault(
                row, "comparison", "table.unknown", (f"未知的比较：{text}", f"unknown comparison: {text}"),
                did_you_mean(nearest(text, names) or names),
            )  # fmt: skip
        if measure is None:
            return None
        bound = reader.value(row, "bound", measure.value)
        if bound is None or how is None:
            return None
        if how != COMPARISONS[-1] and number_of(bound) is None:
            reader.fault(
                row, "comparison", "table.comparison",
                ("该度量不是数，只能用“等于”", "this measure is no number; it can only be compared by xz:is"),
                Text(f"改为 {shown(self.knowledge, COMPARISONS[-1])}", f"write {shorten(COMPARISONS[-1])}"),
            )  # fmt: skip
            return None
        return measure.value, how, bound

    def _add_test(self, draft: Draft, row: Row, test: Test) -> None:
        for other, (measure, how, bound) in draft.tests:
            if (measure, how) == test[:2]:
                same = canonical(bound) == canonical(test[2])
                zh, en = ("重复", "repeats") if same else ("矛盾", "contradicts")
                self.reader.fault(
                    row, "bound", "table.contradiction",
                    (f"与第 {other.number} 行{zh}", f"{en} row {other.number}"),
                    Text("同一标准的各行须全部满足；“或者”写成另一标准",
                         "all rows of a criterion must hold; for “or” write another criterion"),
                )  # fmt: skip
        draft.tests.append((row, test))

    def _refuse_read_only(self, row: Row, regime: NamedNode | None, test: Test | None) -> None:
        """A read-only cell may be empty or as it was exported; a change in it would be lost in silence."""
        right = of_regime(self.knowledge, regime.value if regime else None) if regime else {}
        if test is not None:
            right["unit"] = unit(self.knowledge, test[0])
        for key, value in right.items():
            given = row.cells.get(key, "")
            if given in ("", value) or (key.startswith("valid") and _day(self.reader, row, key) == value):
                continue
            owner = shorten(test[0] if key == "unit" and test else regime.value if regime else "")
            self.reader.fault(
                row, key, "table.read-only",
                (f"此列只读，应为“{value}”", f"this column is read-only and says {value!r}"),
                Text(f"留空，或在 Turtle 文件中修改 {owner}",
                     f"leave it empty, or change {owner} in its Turtle file"),
            )  # fmt: skip

    def compare(self, drafts: Sequence[Draft]) -> None:
        """Two criteria of one regime with the same conditions cannot give two grades."""
        seen: dict[tuple[object, ...], Draft] = {}
        for draft in drafts:
            tests = frozenset((m, how, canonical(bound)) for _, (m, how, bound) in draft.tests)
            regime = tuple(draft.properties.get(XZ + "regime", ()))
            other = seen.setdefault((regime, tests), draft) if tests and regime else draft
            if other is not draft:
                same = all(other.properties[p] == draft.properties[p] for p in SETS.values())
                zh, en = ("重复", "repeats") if same else ("矛盾", "contradicts")
                self.reader.fault(
                    draft.rows[0], "sets", "table.contradiction",
                    (f"与第 {other.rows[0].number} 行（{shorten(other.iri)}）{zh}：条件相同",
                     f"{en} row {other.rows[0].number} ({shorten(other.iri)}): the conditions are the same"),
                )  # fmt: skip


def _day(reader: Reader, row: Row, key: str) -> str:
    """Return the date in a cell as it is exported, however Excel has written it."""
    found = reader.date(row, key)
    return found[0].value if found and isinstance(found[0], Literal) else ""
