"""A step as somebody asks for it over HTTP, on a page or on the command line: read, taken, and told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kb.access.principal import Principal
from kb.errors import Fault, InputError, Text
from kb.services.audience import Visible, everything
from kb.services.life import terms
from kb.services.life.acting import Wish, take
from kb.services.life.merging import merge
from kb.services.life.timeline import timeline
from kb.services.workspace import Workspace

TEXTS = {"reason": 2000, "to": 300, "into": 64}
"""Keys that are text, and how long it may be."""
LISTS = ("wentWell", "toImprove")
KEYS = (*TEXTS, *LISTS, "choose", "expected")
MOST = 50
"""Points that a list of a review may have."""


def perform(
    workspace: Workspace,
    identifier: str,
    step: str,
    data: Mapping[str, Any],
    principal: Principal,
    *,
    visible: Visible = everything,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Let *principal* take *step* with an incident as *data* says; return the timeline afterwards.

    *data* has ``reason``; ``to`` (a body or a centre); ``into`` and ``choose`` to merge; ``wentWell`` and
    ``toImprove`` to review; ``expected``, the revision that was seen.

    :raises InputError: ``step.form``: *data* is something else.
    :raises NotFound: ``incident.unknown``, ``flow.no-step``.
    :raises FlowRefused, Conflict, Forbidden, MergeConflict: the step cannot be taken.
    """
    _require_form(data)
    reason, expected = str(data.get("reason", "")), data.get("expected")
    if step == terms.MERGE:
        into, choices = str(data.get("into", "")).strip(), dict(data.get("choose", {}))
        if not into:
            raise InputError.of(
                "step.form", "须指明并入哪一起事件", "say into which incident it is merged", where="into"
            )
        merge(
            workspace, identifier, into, principal, reason=reason, choices=choices, expected=expected, now=now
        )  # fmt: skip
    else:
        wish = Wish(
            step,
            reason,
            str(data.get("to", "")).strip(),
            tuple(data.get("wentWell", ())),
            tuple(data.get("toImprove", ())),
        )
        take(workspace, identifier, wish, principal, expected=expected, now=now)
    return timeline(workspace, identifier, reader=principal, visible=visible)


def _require_form(data: Mapping[str, Any]) -> None:
    faults = []
    for key, value in data.items():
        if key not in KEYS:
            faults.append(_fault(key, "未知字段", "unknown key"))
        elif key in TEXTS and not (isinstance(value, str) and len(value) <= TEXTS[key]):
            faults.append(
                _fault(key, f"应为至多 {TEXTS[key]} 字的文字", f"text of at most {TEXTS[key]} characters")
            )
        elif key in LISTS and not _texts(value):
            faults.append(_fault(key, f"应为至多 {MOST} 句话的列表", f"a list of at most {MOST} sentences"))
        elif key == "expected" and (not isinstance(value, int) or isinstance(value, bool)):
            faults.append(_fault(key, "应为整数", "a whole number"))
        elif key == "choose" and not (
            isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
        ):
            faults.append(_fault(key, "应为 {字段: kept 或 merged}", "{key: kept or merged}"))
    if faults:
        raise InputError(faults)


def _texts(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) <= MOST
        and all(isinstance(one, str) and len(one) <= TEXTS["reason"] for one in value)
    )


def _fault(key: str, zh: str, en: str) -> Fault:
    return Fault("step.form", Text(zh, en), str(key)[:60])
