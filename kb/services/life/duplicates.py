"""Which open incidents may be the same, and why. Nothing is merged by itself.

When two may be the same says :mod:`kb.services.life.sameness`.
"""

from __future__ import annotations

from datetime import datetime
from itertools import combinations
from typing import Any

from pyoxigraph import Literal

from kb.errors import both
from kb.namespaces import xz
from kb.services.audience import Visible, everything
from kb.services.incident import types_of
from kb.services.life import standing, terms
from kb.services.life.brief import brief
from kb.services.life.sameness import Sameness, Sight
from kb.services.workspace import Workspace


def candidates(
    workspace: Workspace, identifier: str | None = None, *, visible: Visible = everything
) -> list[dict[str, Any]]:
    """Return pairs of open incidents that may be the same, those received closest together first.

    :param identifier: only pairs with this incident, which then stands first in each.
    :param visible: which graphs the reader may see; incidents in others are in no pair.
    """
    sameness = Sameness(workspace)
    seen = (one for one in standing.open_incidents(workspace) if visible(terms.facts_graph(one)))
    opened = {one: _received(workspace, one) for one in seen}
    if identifier is not None:  # of many open incidents, few came at about the same time
        if identifier not in opened:
            return []
        own = opened[identifier]
        opened = {one: at for one, at in opened.items() if abs(at - own) <= sameness.longest}
    sights = {one: _sight(workspace, one, at) for one, at in opened.items()}
    if identifier is None:
        pairs = list(combinations(sights.values(), 2))
    else:
        first = sights.pop(identifier)
        pairs = [(first, other) for other in sights.values()]
    found = []
    for one, two in pairs:
        reasons = sameness.reasons(one, two)
        if reasons:
            found.append((abs(one.received - two.received), one, two, reasons))
    found.sort(key=lambda row: (row[0], row[1].identifier, row[2].identifier))
    return [
        {
            "incident": brief(workspace, one.identifier),
            "other": brief(workspace, two.identifier),
            "reasons": [both(reason) for reason in reasons],
        }
        for _, one, two, reasons in found
    ]


def sights(workspace: Workspace) -> list[Sight]:
    """Return what is known of every open incident."""
    return [_sight(workspace, one, _received(workspace, one)) for one in standing.open_incidents(workspace)]


def _received(workspace: Workspace, identifier: str) -> datetime:
    about, within = terms.incident_iri(identifier), terms.facts_graph(identifier)
    quads = workspace.store.match(about, terms.RECEIVED_AT, None, within)
    return next(datetime.fromisoformat(q.object.value) for q in quads if isinstance(q.object, Literal))


def _sight(workspace: Workspace, identifier: str, received: datetime) -> Sight:
    known = standing.stored_facts(workspace, identifier)

    def number(name: str) -> float | None:
        found = (t.object.value for t in known if t.predicate == xz(name) and isinstance(t.object, Literal))
        return next(map(float, found), None)

    longitude, latitude = number("longitude"), number("latitude")
    return Sight(
        identifier,
        tuple(types_of(known)),
        next((t.object for t in known if t.predicate == xz("place")), None),
        None if longitude is None or latitude is None else (longitude, latitude),
        received,
    )
