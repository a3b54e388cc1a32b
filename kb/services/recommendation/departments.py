"""Who leads, supports, acts first and assists, with which duties; and what several parts contend for."""

from __future__ import annotations

from typing import Any

from kb.namespaces import DCTERMS_SOURCE, RDF_TYPE, xz
from kb.services.findings import Findings
from kb.services.incident import types_of
from kb.services.recommendation.bodies import Bodies
from kb.srl.syntax import Term


def lead(found: Findings, bodies: Bodies) -> list[dict[str, Any]]:
    """Return the lead departments; the parts of a compound incident may have one each."""
    return [_department(found, body, "leadDepartment", ["leadDuty"]) for body in bodies.lead]


def supporting(found: Findings, relation: str) -> list[dict[str, Any]]:
    """Return the departments of *relation* with their duties to support or to act first."""
    return _sorted([_department(found, body, relation, ["supportDuty"]) for body in found.all(relation)])


def assisting(found: Findings) -> list[dict[str, Any]]:
    """Return the departments of other tiers that perform the function of the lead."""
    relation = "assistingDepartment"
    return _sorted([_department(found, body, relation, []) for body in found.all(relation)])


def contention(found: Findings, bodies: Bodies) -> list[dict[str, Any]]:
    """Return the functions that several parts of a compound incident need, and by which duties."""
    types = types_of(found.answer.facts)
    covering = {type_: set(found.values(type_, "coveredBy")) for type_ in types}
    duties = [d for d in found.all("applicable") if xz("Duty") in set(found.values(d, RDF_TYPE))]
    result = []
    for function in found.all("contends"):
        demands = []
        for type_ in types:
            own = [
                duty
                for duty in duties
                if function in set(found.values(duty, "function"))
                and (wider := set(found.values(duty, "appliesTo"))) & covering[type_]
                and not all(wider & covering[other] for other in types)  # a duty to all parts is no rival
            ]
            if own:
                told = [
                    {**found.value(duty), "clause": found.clause(found.one(duty, DCTERMS_SOURCE))}
                    for duty in sorted(own, key=str)
                ]
                demands.append({"type": found.value(type_), "duties": told})
        result.append(
            {
                **found.conclusion("contends", function),
                "departments": [found.value(body) for body in bodies.performing(function)],
                "demands": demands,
            }
        )
    return sorted(result, key=lambda item: (-len(item["demands"]), item["iri"]))


def _department(found: Findings, department: Term, relation: str, duties: list[str]) -> dict[str, Any]:
    functions = set(found.values(department, "performs"))
    listed = [
        {
            **found.value(duty),
            "clause": found.clause(found.one(duty, DCTERMS_SOURCE)),
            "because": found.because(name, duty),
        }
        for name in duties
        for duty in found.all(name)
        if functions & set(found.values(duty, "function"))
    ]
    modules = [
        found.value(module)
        for module in found.all("activates")
        if duties and functions & set(found.values(module, "responsibleFunction"))
    ]
    return {
        **found.conclusion(relation, department),
        "tier": found.value(found.one(department, "tier")),
        "duties": listed,
        "modules": modules,
    }


def _sorted(departments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(departments, key=lambda d: (not d["duties"], -len(d["duties"]), d["iri"]))
