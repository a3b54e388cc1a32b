"""The rows of the table of duties."""

from __future__ import annotations

from pyoxigraph import Literal

from kb.errors import Text
from kb.namespaces import XZ
from kb.ontology.drafts import Draft, Drafter
from kb.ontology.names import did_you_mean
from kb.ontology.tables import SOURCE, evidence


class Duties(Drafter):
    """Reads duties."""

    def read(self, draft: Draft) -> None:
        """Fill *draft* from its only row."""
        row, reader, column = draft.rows[0], self.reader, self.table.column
        for other in draft.rows[1:]:
            reader.fault(
                other, self.table.key, "table.contradiction",
                (f"与第 {row.number} 行是同一职责", f"is the same duty as row {row.number}"),
                Text("一项职责一行", "one row for one duty"),
            )  # fmt: skip
        for key in ("applies-to", "role", "function", "jurisdiction", "valid-from", "clause", "evidence"):
            reader.required(row, key)
        one = {key: reader.reference(row, key, column(key).kinds) for key in ("role", "function")}
        grade = row.cells.get("evidence", "")
        allowed = evidence(self.knowledge)
        if grade and grade not in allowed:
            reader.fault(
                row, "evidence", "table.unknown", (f"未知的证据等级：{grade}", f"unknown evidence: {grade}"),
                did_you_mean(allowed),
            )  # fmt: skip
        tasks = [Literal(reader.required(row, f"task-{lang}"), language=lang) for lang in ("zh", "en")]
        others = [
            term
            for term in self.knowledge.values(draft.iri, XZ + "task")
            if not (isinstance(term, Literal) and term.language in ("zh", "en"))
        ]
        draft.properties = {
            XZ + "appliesTo": reader.references(row, "applies-to", column("applies-to").kinds),
            **{XZ + key: [value] if value else [] for key, value in one.items()},
            XZ + "task": [*tasks, *others],
            XZ + "condition": reader.references(row, "conditions", column("conditions").kinds),
            XZ + "jurisdiction": reader.divisions(row, "jurisdiction"),
            XZ + "validFrom": (begin := reader.date(row, "valid-from")),
            XZ + "validUntil": (end := reader.date(row, "valid-until")),
            SOURCE: reader.references(row, "clause", column("clause").kinds),
            XZ + "evidence": [Literal(grade)] if grade else [],
        }
        if begin and end and str(end[0]) < str(begin[0]):
            reader.fault(
                row, "valid-until", "table.contradiction", ("失效早于生效", "it ends before it begins"),
            )  # fmt: skip
