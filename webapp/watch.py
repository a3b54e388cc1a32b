"""In whose name, and at which centre, the sender of a request reports."""

from __future__ import annotations

from typing import TypedDict

from pyoxigraph import NamedNode

from kb.services.life import centres
from webapp.access import me
from webapp.desk import desk


class Watch(TypedDict):
    """What :func:`kb.services.incident.report` asks of who reports."""

    actor: str
    body: NamedNode | None
    centre: NamedNode | None


def watch() -> Watch:
    """Return who sent the current request, his department, and the centre that has what he reports."""
    reporter = me()
    body = None if reporter.department is None else NamedNode(reporter.department)
    return {"actor": reporter.name, "body": body, "centre": centres.of(desk().workspace, reporter)}
