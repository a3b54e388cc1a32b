"""Under which plans and levels the response runs, who commands it, and which working groups there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kb.namespaces import DCTERMS_SOURCE
from kb.services.findings import Findings
from kb.services.recommendation.bodies import Bodies
from kb.services.recommendation.situation import main_first
from kb.srl.syntax import Term


def response(found: Findings) -> dict[str, Any]:
    """Return the plans (that of the main type first), the level and who activates and commands."""
    binding = next(iter(found.all("activatedUnder")), None)
    plans = [found.conclusion("underPlan", plan) for plan in main_first(found, found.all("underPlan"))]
    return {
        "plan": plans[0] if plans else None,
        "plans": plans,
        "level": found.first("responseLevel"),
        "binding": None if binding is None else found.conclusion("activatedUnder", binding),
        "activatedBy": found.first("activatedBy"),
        "commandedBy": found.first("commandedBy"),
        "advanceCommand": found.first("advanceCommandedBy"),
    }


def groups(found: Findings, bodies: Bodies) -> list[dict[str, Any]]:
    """Return the working groups of the command: who heads each, and who is in it."""

    def place(use: Term) -> tuple[int, str]:
        group = found.one(use, "group")
        return (9 if group is None else found.rank(group)), str(use)

    return [_group(found, bodies, use) for use in sorted(found.all("formsGroup"), key=place)]


def _group(found: Findings, bodies: Bodies, use: Term) -> dict[str, Any]:
    by_lead = any(True for _ in found.values(use, "ledByLead"))
    heads = bodies.lead if by_lead else _performing(bodies, found.values(use, "headedBy"))
    members = _performing(bodies, found.values(use, "memberFunction"))
    return {
        **found.conclusion("formsGroup", use),
        "group": found.value(found.one(use, "group")),
        "head": [found.value(body) for body in heads],
        "members": [found.value(body) for body in members if body not in heads],
        "clause": found.clause(found.one(use, DCTERMS_SOURCE)),
    }


def _performing(bodies: Bodies, functions: Iterable[Term]) -> list[Term]:
    return list(dict.fromkeys(body for function in functions for body in bodies.performing(function)))
