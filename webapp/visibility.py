"""Which named graphs a request may see: the one place that explanations and recommendations ask."""

from __future__ import annotations

from typing import Any

from flask import Request, request
from pyoxigraph import NamedNode

from kb.access.trail import READ
from kb.errors import Forbidden
from kb.services.audience import Visible, everything
from kb.services.incident import Answer
from kb.services.recommendation import recommend
from kb.sharing.datasets import Dataset
from webapp.access import gatekeeper, me
from webapp.desk import desk


def visible_to(request: Request) -> Visible:
    """Return what says of a graph whether the sender of *request*, the current one, may see it."""
    reader = me()
    return everything if reader.view is None else reader.sees


def recommended(answer: Answer) -> dict[str, Any]:
    """Return what is recommended for *answer*, as the sender of the current request may see it."""
    return recommend(desk().workspace, answer, visible=visible_to(request))


def allowed(action: str, graph: NamedNode | None = None) -> None:
    """Insist that the sender of the current request may take *action*, on *graph* of his department.

    :raises Forbidden: ``access.action``, ``access.department``.
    """
    reader = me()
    reader.require(action)
    if graph is not None:
        reader.require_own(graph)


def look_into_quarantine(dataset: Dataset) -> None:
    """Let the sender of the current request see the quarantine of *dataset*, and record that he looked.

    :raises Forbidden: ``access.graph``.
    """
    reader = me()
    if not reader.sees(dataset.quarantine):
        raise Forbidden.of(
            "access.graph",
            "没有权限查看隔离区",
            "you may not see what is in quarantine",
            where=dataset.path,
            repair=("请该部门的数据管理员查看", "ask the steward of its department"),
        )
    gatekeeper().trail.record(reader.name, READ, f"graph {dataset.quarantine.value}")
