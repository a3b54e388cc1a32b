"""What others did since somebody looked: the events of a timeline after the last one that he saw.

A page shows it before its reader acts on what he sees, and again where he acted on what is no longer so.
"""

from __future__ import annotations

from typing import Any

from kb.services.audience import Visible, everything
from kb.services.life.timeline import timeline
from kb.services.workspace import Workspace

REPORT, COURSE, DIRECTIVES = "report", "course", "directives"
PARTS = (REPORT, COURSE, DIRECTIVES)
"""What events are about: what was reported, where the incident stands, its directives."""


def news(
    workspace: Workspace, identifier: str, part: str, since: int, *, visible: Visible = everything
) -> list[dict[str, Any]]:
    """Return the events about *part* after event number *since*, in order.

    :param part: one of :data:`PARTS`, or the number of a directive.
    :raises NotFound: ``incident.unknown``.
    :raises Forbidden: ``incident.withheld``.
    """
    events = timeline(workspace, identifier, visible=visible)["events"]
    return [event for event in events if event["number"] > since and _is_about(event, part)]


def _is_about(event: dict[str, Any], part: str) -> bool:
    about = event["about"]
    if part == REPORT:
        return bool(event["changes"])
    if part == COURSE:
        return bool(about["kind"] == "incident")
    return bool(about["kind"] == "directive" and part in (DIRECTIVES, str(about["number"])))


def last(workspace: Workspace, identifier: str) -> int:
    """Return the number of the last event, after which whoever looks now will want to hear more."""
    return workspace.flows.ledger.length(identifier)
