"""The newest incidents, one line each: what the queue of the page and the list of the API show.

A line is a :func:`~kb.services.life.brief.brief` with ``directives``: how many are open, how many overdue.
"""

from __future__ import annotations

from typing import Any

from kb.services import incident
from kb.services.directives.reading import pressing
from kb.services.life.brief import brief
from kb.services.workspace import Workspace


def recent(workspace: Workspace, limit: int, *, merged: bool = True) -> list[dict[str, Any]]:
    """Return the newest incidents as they are stored; nothing is derived again.

    :param merged: also those that turned out to be another one.
    """
    found: list[dict[str, Any]] = []
    for identifier, *_ in incident.recent(workspace, limit if merged else 2 * limit):
        line = brief(workspace, identifier)
        if merged or line["mergedInto"] is None:
            found.append({**line, "directives": pressing(workspace, identifier)})
        if len(found) == limit:
            break
    return found
