"""What rules may know of warnings for one incident; below :mod:`kb.services.incident`, which asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from pyoxigraph import NamedNode, Quad, Triple

from kb.namespaces import xz
from kb.services.warnings import terms
from kb.services.workspace import Workspace
from kb.store.protocol import Change

PLACE = xz("place")


def reaching(
    workspace: Workspace, incident: NamedNode, facts: Iterable[Triple], now: datetime
) -> tuple[Quad, ...]:
    """Return what warnings in force at *now* say where *facts* put *incident*."""
    register = workspace.warned
    if not register.all():
        return ()
    place = next((t.object for t in facts if t.predicate == PLACE), None)
    return tuple(quad for one in register.reaching(place, now) for quad in one.context(incident))


def recalled(workspace: Workspace, incident: NamedNode, now: datetime) -> tuple[Quad, ...]:
    """Return what warnings say to which *incident* was linked and that are still in force at *now*."""
    linked = workspace.warned.linked(incident, now)
    return tuple(quad for one in linked for quad in one.context(incident))


def relinked(workspace: Workspace, incident: NamedNode, context: Iterable[Quad]) -> Change:
    """Return the change that links *incident* to just the warnings that its *context* names."""
    wanted = {quad for quad in context if quad.predicate == terms.WARNED_BY}
    present = {one.link(incident) for one in workspace.warned.all() if incident in one.incidents}
    return Change(list(wanted - present), list(present - wanted))


def of_warnings(quads: Iterable[Quad]) -> Iterator[Quad]:
    """Yield those of *quads* that come from warnings."""
    for quad in quads:
        if isinstance(quad.graph_name, NamedNode) and quad.graph_name.value.startswith(terms.WARNED):
            yield quad
