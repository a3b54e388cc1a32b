"""What people and programs ask of plans, as JSON; the command line, the API and the pages use the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from pyoxigraph import NamedNode

from kb.access.principal import Principal
from kb.clock import today
from kb.errors import InputError, NotFound, both
from kb.services import incident, reservations
from kb.services.audience import Visible, everything
from kb.services.directives import reading
from kb.services.exercise import reading as exercise
from kb.services.naming import named
from kb.services.plans import composing, desk, editions, listing, resources
from kb.services.plans.cards import of_plan
from kb.services.plans.clocks import Clocks
from kb.services.recommendation import recommend
from kb.services.workspace import Workspace

LONGEST = 2_000
"""Characters of a reason."""
KEYS = ("reason", "on", "incident", "exercise", "edition", "revision")
RESERVE_KEYS = ("module", "stock", "quantity")
IRI = re.compile(r"[a-z][a-z0-9+.-]*:[^\s<>\"{}|^`\\]{1,500}")
CODE = re.compile(r"\d{4,12}", re.ASCII)
"""The code of a division that is not a province."""
MOST = 1_000
"""Reservations that one request names."""


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
    _only(data, KEYS)
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
    return composed(workspace, composing.compose(chosen, list(known.values())))


def composed(workspace: Workspace, found: composing.Composition) -> dict[str, Any]:
    """Return a composition as JSON."""
    return {
        "sound": found.sound,
        "order": [named(workspace, module) for module in found.order],
        "circles": [[named(workspace, module) for module in circle] for circle in found.circles],
        "missing": [
            {"state": named(workspace, state), "providers": [named(workspace, one) for one in providers]}
            for state, providers in found.missing.items()
        ],
    }


def reserve(
    workspace: Workspace,
    identifier: str,
    data: Mapping[str, Any],
    principal: Principal,
    visible: Visible = everything,
) -> dict[str, Any]:
    """Take resources for an incident and return its resources as they are then.

    *data* is empty to take all that is offered, has ``module`` to take what is offered for that, and
    ``stock`` (an IRI) and ``quantity`` to take of that stock for the module.

    :raises InputError: ``plan.form``; all that :func:`kb.services.plans.resources.take_offer` raises.
    """
    _only(data, RESERVE_KEYS)
    name, stock, quantity = _text(data, "module"), _text(data, "stock"), _number(data, "quantity")
    module = editions.find(workspace, name) if name else None
    if not stock and quantity is None:
        resources.take_offer(workspace, identifier, principal, module, visible)
    elif module is None or not IRI.fullmatch(stock) or quantity is None:
        raise _form("stock", "须同时指明模块、储备和数量", "needs a module, a stock and a quantity")
    else:
        wish = module, NamedNode(stock), quantity
        resources.take_from(workspace, identifier, wish, principal, visible)
    return resources.resources(workspace, identifier, visible)


def release(
    workspace: Workspace,
    identifier: str,
    data: Mapping[str, Any],
    principal: Principal,
    visible: Visible = everything,
) -> dict[str, Any]:
    """Give back the reservations with ``numbers``, or all; return the resources as they are then.

    :raises InputError: ``plan.form``; all that :func:`kb.services.reservations.release` raises.
    """
    _only(data, ("numbers",))
    numbers = data.get("numbers")
    if numbers is not None and not (isinstance(numbers, list) and len(numbers) <= MOST):
        raise _form("numbers", "应为编号的列表", "must be a list of numbers")
    asked = None if numbers is None else [_number({"numbers": one}, "numbers") or 0 for one in numbers]
    reservations.release(workspace, identifier, asked, principal)
    return resources.resources(workspace, identifier, visible)


def exercises() -> list[str]:
    """Return the names of the scenarios by which plans may be drilled."""
    return [path.stem for path in exercise.shipped()]


def cards(workspace: Workspace, identifier: str, department: str | None, lang: str) -> bytes:
    """Return the action cards for an incident as PDF: of one *department*, or of all that are engaged.

    :raises NotFound: ``incident.unknown``, ``card.department``.
    """
    from kb.services.plans import printing  # reportlab takes a tenth of a second that few need

    recommendation = recommend(workspace, incident.recall(workspace, identifier))
    lives = reading.standing(workspace, identifier)
    directives = [reading.view(workspace, life) for life in lives]
    return printing.cards(recommendation, department, directives, lang, datetime.now(UTC))


def plan_cards(workspace: Workspace, name: str, area: str, lang: str) -> bytes:
    """Return the action cards of a plan for every department of *area*, a division's code, as PDF.

    :raises NotFound: ``plan.unknown``, ``network.city``, ``network.area``.
    """
    from kb.services.plans import printing  # as above

    plan = editions.find(workspace, name)
    told = plan_card_data(workspace, plan, area)
    return printing.plan_cards(told, lang, datetime.now(UTC))


def plan_card_data(workspace: Workspace, plan: NamedNode, area: str) -> dict[str, Any]:
    """Return the action cards of a plan as JSON; see :func:`kb.services.plans.cards.of_plan`.

    :raises NotFound: ``network.area``: no loaded city has departments there.
    """
    if not CODE.fullmatch(area):
        raise no_area(area)
    told = of_plan(workspace, plan, f"{area[:4]}00", area, today())
    if not any(card["department"] for card in told["cards"]):
        raise no_area(area)
    return told


def no_area(area: str) -> NotFound:
    """Return the error of whoever names an area without departments."""
    return NotFound.of(
        "network.area",
        f"{area[:12]} 没有已载入的部门",
        f"no departments of {area[:12]} are loaded",
        where="area",
        repair=(
            "用已载入城市的区划代码，如 370200",
            "use the code of a loaded city or district, such as 370200",
        ),
    )


def printed(workspace: Workspace, name: str, lang: str) -> bytes:
    """Return a plan as PDF.

    :raises NotFound: ``plan.unknown``.
    """
    from kb.services.plans import printing  # as above

    plan = editions.find(workspace, name)
    told = listing.show(workspace, plan, today())
    held = listing.provisions(workspace, plan, told["inForce"], today())
    return printing.plan(told, held["kinds"], lang, datetime.now(UTC))


def _only(data: Mapping[str, Any], keys: Sequence[str]) -> None:
    for key in data:
        if key not in keys:
            raise _form(
                key, f"未知的字段；可用：{'、'.join(keys)}", f"is unknown; there are: {', '.join(keys)}"
            )


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
