"""The grade of the incident: which, by which criteria, or why there is none."""

from __future__ import annotations

from typing import Any

from kb.namespaces import DCTERMS_SOURCE, RDF_TYPE, xz
from kb.services.findings import Findings


def grade(found: Findings) -> dict[str, Any]:
    """Return the grade, how each regime grades, and what it would be if the missing had died."""
    result: dict[str, Any] = {"status": _status(found), "value": found.first("grade")}
    if result["status"] == "notApplicable":
        result["because"] = found.because("gradeNotApplicable", found.all("gradeNotApplicable")[0])
    result["regimes"] = [
        {
            "regime": found.value(found.one(criterion, "regime")),
            "value": found.value(found.one(criterion, "setsGrade")),
            "criterion": found.value(criterion),
            "clause": found.clause(found.one(criterion, DCTERMS_SOURCE)),
            "because": found.because("decidedBy", criterion),
        }
        for criterion in sorted(found.all("decidedBy"), key=str)
    ]
    result["ifMissingDied"] = found.first("gradeIfMissingDied")
    return result


def _status(found: Findings) -> str:
    """Say what kind of answer the grade is; an absent grade has three different reasons."""
    if found.all("grade"):  # a compound incident may have a part that is graded and one that is not
        return "preliminary"
    if found.all("gradeNotApplicable"):
        return "notApplicable"
    graded = any(xz("GradingRegime") in found.values(r, RDF_TYPE) for r in found.all("applicable"))
    return "undetermined" if graded else "noRegime"
