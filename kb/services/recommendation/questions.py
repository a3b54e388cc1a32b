"""What to find out: unknown facts, those first that could raise the grade."""

from __future__ import annotations

from typing import Any

from pyoxigraph import NamedNode

from kb.errors import both
from kb.services.findings import Findings
from kb.services.workspace import Workspace
from kb.srl.syntax import Term


def questions(workspace: Workspace, found: Findings) -> list[dict[str, Any]]:
    """Return the facts to ask for, with the grades and modules that they could bring about."""
    criteria, uses = (
        [*found.all("openCriterion"), *found.all("openIfMissingDied")],
        found.all("openUse"),
    )
    result = []
    for measure in found.all("asks"):
        grades = [found.one(c, "setsGrade") for c in criteria if _tests(found, c, measure)]
        modules = [found.one(u, "module") for u in uses if _tests(found, u, measure)]
        decided = [g for g in dict.fromkeys(grades) if g is not None]
        field = workspace.vocabulary.of_property(measure) if isinstance(measure, NamedNode) else None
        best = min((found.rank(g) for g in decided), default=9)
        result.append(
            {
                **found.conclusion("asks", measure),
                "key": field.key if field else None,
                "question": both(field.question) if field and field.question else None,
                "couldRaiseTo": [found.value(g) for g in sorted(decided, key=found.rank)],
                "couldBringIn": [found.value(m) for m in dict.fromkeys(modules) if m is not None],
                "weight": best,
            }
        )
    result.sort(key=lambda q: (q["weight"], -len(q["couldRaiseTo"]), -len(q["couldBringIn"]), q["iri"]))
    return [{key: value for key, value in question.items() if key != "weight"} for question in result]


def _tests(found: Findings, record: Term, measure: Term) -> bool:
    """Whether a condition of *record* tests *measure*, or a total into which it is counted."""
    for condition in found.values(record, "condition"):
        for tested in found.values(condition, "measure"):
            totals = [tested, *found.values(tested, "countedWith")]
            if tested == measure or any(measure in found.values(total, "totalOf") for total in totals):
                return True
    return False
