"""The layers of the whole map: areas with their open incidents, incidents, warnings in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import shapely
from pyoxigraph import NamedNode

from kb.services.atlas.ground import Ground, collection, feature
from kb.services.audience import Visible, everything
from kb.services.life import standing, terms
from kb.services.life.brief import brief
from kb.services.naming import named
from kb.services.warnings import terms as warning_terms
from kb.services.warnings.meaning import rank
from kb.services.workspace import Workspace

MOST = 500
"""So many open incidents are drawn; how many there are is said."""


def areas(workspace: Workspace, within: str, visible: Visible = everything) -> dict[str, Any]:
    """Return what the area with the code *within* is divided into, each part with its open incidents.

    ``around`` names the areas from the city down to it.

    :raises NotFound: ``map.area``.
    """
    ground = Ground(workspace, visible)
    here = ground.area(within)
    at: dict[NamedNode, list[dict[str, Any]]] = defaultdict(list)
    for line in opened(workspace, visible):
        for area in ground.around(_place(line)):
            at[area].append(line)
    features = [
        feature(
            part.value,
            ground.shape(part),
            **ground.told(part),
            incidents=len(at[part]),
            worst=worst(workspace, at[part]),
        )
        for part in ground.parts(here)
    ]
    around = [one for one in ground.around(here) if one == here or ground.shape(one) is not None]
    return collection(
        features, within=ground.told(here), around=[ground.told(one) for one in reversed(around)]
    )


def area(workspace: Workspace, code: str, visible: Visible = everything) -> dict[str, Any]:
    """Return the area with *code* as JSON.

    :raises NotFound: ``map.area``.
    """
    ground = Ground(workspace, visible)
    return ground.told(ground.area(code))


def incidents(workspace: Workspace, visible: Visible = everything) -> dict[str, Any]:
    """Return open incidents as points: where they were reported, or the middle of their area."""
    ground, lines = Ground(workspace, visible), list(opened(workspace, visible))
    features = []
    for line in lines[:MOST]:
        about = terms.incident_iri(line["id"])
        where = ground.point(about) or ground.middle(_place(line))
        features.append(feature(about.value, where, **line))
    return collection(features, total=len(lines))


def warnings(
    workspace: Workspace, visible: Visible = everything, now: datetime | None = None
) -> dict[str, Any]:
    """Return the warnings in force, each with the shape of all areas that it affects."""
    ground, features = Ground(workspace, visible), []
    for one in workspace.warned.in_force(now or datetime.now(UTC)):
        if not visible(warning_terms.message_graph(one.key)):
            continue
        shapes = [shape for area in sorted(one.areas, key=str) if (shape := ground.shape(area)) is not None]
        features.append(
            feature(
                warning_terms.iri(one.key).value,
                shapely.union_all(shapes) if shapes else None,
                id=one.key,
                label=named(workspace, warning_terms.iri(one.key))["label"],
                types=[named(workspace, type_) for type_ in one.types],
                level=named(workspace, one.level),
                until=one.end.isoformat(),
            )
        )
    return collection(features)


def opened(workspace: Workspace, visible: Visible) -> Iterator[dict[str, Any]]:
    """Yield each open incident that the reader may see, in one line."""
    for identifier in standing.open_incidents(workspace):
        if visible(terms.facts_graph(identifier)):
            yield brief(workspace, identifier)


def worst(workspace: Workspace, lines: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the highest grade of *lines*; of those without one, the highest response level."""
    for key in ("grade", "level"):
        found: list[dict[str, Any]] = [line[key] for line in lines if line[key] is not None]
        if found:
            return min(found, key=lambda one: rank(workspace, NamedNode(one["iri"])))
    return None


def _place(line: dict[str, Any]) -> NamedNode | None:
    return None if line["grid"] is None else NamedNode(line["grid"]["iri"])
