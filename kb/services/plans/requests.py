"""What people and programs ask of plans, as JSON; the command line, the API and the pages use the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from kb.access.principal import Principal
from kb.clock import today
from kb.errors import InputError, both
from kb.services import incident
from kb.services.directives import reading
from kb.services.naming import named
from kb.services.plans import composing, desk, editions, listing
from kb.services.plans.clocks import Clocks
from kb.services.recommendation import recommend
from kb.services.workspace import Workspace

LONGEST = 2_000
"""Characters of a reason."""
KEYS = ("reason", "on", "incident", "exercise", "edition", "revision")


def plans(workspace: Workspace) -> dict[str, Any]:
    """Return every plan and module."""
    return {"plans": listing.plans(workspace, today())}


def show(workspace: Workspace, name: str) -> dict[str, Any]:
    """Return one plan with its editions and its course.

    :raises NotFound: ``plan.unknown``.
    """
    return listing.show(workspace, editions.find(workspace, name), today())


def step(
    workspace: Workspace, name: str, step_: str, data: Mapping[str, Any], principal: Principal
) -> dict[str, Any]:
    """Take a step with a plan and return it as it is then; ``draft`` makes a new edition.

    :raises InputError: ``plan.form``; all that :mod:`kb.services.plans.desk` raises.
    """
    for key in data:
        if key not in KEYS:
            raise _form(
                key, f"未知的字段；可用：{'、'.join(KEYS)}", f"is unknown; there are: {', '.join(KEYS)}"
            )
    plan = editions.find(workspace, name)
    if step_ == desk.DRAFT:
        desk.draft(workspace, plan, principal)
    else:
        desk.take(
            workspace,
            plan,
            step_,
            principal,
            number=_number(data, "edition"),
            reason=_text(data, "reason"),
            on=_day(data, "on"),
            incident=_text(data, "incident") or None,
            exercise=_text(data, "exercise") or None,
            expected=_number(data, "revision"),
        )
    return listing.show(workspace, plan, today())


def provisions(workspace: Workspace, name: str, edition: int | None) -> dict[str, Any]:
    """Return what an edition keeps, by kind; without *edition*, what the knowledge says of the plan today.

    :raises NotFound: ``plan.unknown``, ``plan.no-edition``.
    """
    return listing.provisions(workspace, editions.find(workspace, name), edition, today())


def difference(workspace: Workspace, name: str, before: int | None, after: int | None) -> dict[str, Any]:
    """Return how two editions differ; ``None`` stands for what the knowledge says today.

    :raises NotFound: ``plan.unknown``, ``plan.no-edition``.
    """
    return listing.difference(workspace, editions.find(workspace, name), before, after, today())


def due(clocks: Clocks) -> dict[str, Any]:
    """Return what is due for plans today."""
    found = clocks.findings(today())
    return {"due": [{"code": one.fault.code, "message": both(one.fault.message)} for one in found]}


def compose(workspace: Workspace, names: Iterable[str]) -> dict[str, Any]:
    """Return whether modules, by name, go together: their order, circles, and what is missing.

    :raises NotFound: ``plan.unknown``.
    """
    known = composing.library(workspace)
    chosen = [known[plan] for name in names if (plan := editions.find(workspace, name)) in known]
    found = composing.compose(chosen, list(known.values()))
    return {
        "sound": found.sound,
        "order": [named(workspace, module) for module in found.order],
        "circles": [[named(workspace, module) for module in circle] for circle in found.circles],
        "missing": [
            {"state": named(workspace, state), "providers": [named(workspace, one) for one in providers]}
            for state, providers in found.missing.items()
        ],
    }


def card(workspace: Workspace, identifier: str, department: str, lang: str) -> bytes:
    """Return the action card of a department for an incident, as PDF.

    :raises NotFound: ``incident.unknown``, ``card.department``.
    """
    from kb.services.plans import printing  # reportlab takes a tenth of a second that few need

    recommendation = recommend(workspace, incident.recall(workspace, identifier))
    lives = reading.standing(workspace, identifier)
    directives = [reading.view(workspace, life) for life in lives]
    return printing.card(recommendation, department, directives, lang, datetime.now(UTC))


def printed(workspace: Workspace, name: str, lang: str) -> bytes:
    """Return a plan as PDF.

    :raises NotFound: ``plan.unknown``.
    """
    from kb.services.plans import printing  # as above

    plan = editions.find(workspace, name)
    told = listing.show(workspace, plan, today())
    held = listing.provisions(workspace, plan, told["inForce"], today())
    return printing.plan(told, held["kinds"], lang, datetime.now(UTC))


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key) or ""
    if not isinstance(value, str) or len(value) > LONGEST or not value.isprintable():
        raise _form(key, f"应为文字，不超过 {LONGEST} 字", f"must be a text of {LONGEST} characters at most")
    return value


def _number(data: Mapping[str, Any], key: str) -> int | None:
    value = data.get(key)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 10**9):
        raise _form(key, "应为正整数", "must be a positive integer")
    return value


def _day(data: Mapping[str, Any], key: str) -> date | None:
    text = _text(data, key)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise _form(key, "应为日期，如 2026-12-01", "must be a date such as 2026-12-01") from error


def _form(where: str, zh: str, en: str) -> InputError:
    shown = where[:40].encode("utf-8", "replace").decode()
    return InputError.of("plan.form", f"“{shown}”{zh}", f"“{shown}” {en}", where=shown)
