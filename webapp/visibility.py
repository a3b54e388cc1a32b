"""Which named graphs a request may see: the one place that explanations ask."""

from __future__ import annotations

from flask import Request
from pyoxigraph import NamedNode

from kb.services.audience import Visible, everything
from webapp.access import me


def visible_to(request: Request) -> Visible:
    """Return what says of a graph whether the sender of *request*, the current one, may see it."""
    reader = me()
    return everything if reader.view is None else reader.sees


def allowed(action: str, graph: NamedNode | None = None) -> None:
    """Insist that the sender of the current request may take *action*, on *graph* of his department.

    :raises Forbidden: ``access.action``, ``access.department``.
    """
    reader = me()
    reader.require(action)
    if graph is not None:
        reader.require_own(graph)
