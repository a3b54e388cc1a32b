"""Where forces and stocks stand: teams, equipment and material that departments share, by place."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pyoxigraph import Literal, NamedNode

from kb.namespaces import RDF_TYPE, xz
from kb.services import reservations
from kb.services.atlas.ground import Ground, collection, feature
from kb.services.audience import Visible, everything
from kb.services.naming import named
from kb.services.plans.matching import shared
from kb.services.workspace import Workspace
from kb.store.protocol import Term

FORCE, STOCK = "force", "stock"
"""The two layers of a map: rescue teams; equipment and material."""
MOST = 500
"""So many places are drawn; how many there are is said."""
_KIND, _FORCE_KIND = xz("resourceKind"), xz("ForceKind")


def layer_of(workspace: Workspace, kind: Term | None) -> str:
    """Return the layer of what is of *kind*: :data:`FORCE` for a kind of rescue team."""
    force = isinstance(kind, NamedNode) and any(
        True for _ in workspace.store.match(kind, RDF_TYPE, _FORCE_KIND)
    )
    return FORCE if force else STOCK


def stocks(workspace: Workspace, within: str, visible: Visible = everything) -> dict[str, Any]:
    """Return the places in the area with the code *within* where teams or stocks stand, as GeoJSON.

    A place is one point for each layer and department, with what stands there (``holds``): kind, quantity,
    unit, and how much of it incidents have (``committed``). What has expired is not there. ``total`` counts
    all places.

    :raises NotFound: ``map.area``.
    """
    ground, taken = Ground(workspace, visible), reservations.taken(workspace)
    here = ground.area(within)
    places: dict[tuple[Any, ...], list[tuple[NamedNode, dict[str, Any]]]] = defaultdict(list)
    for stock, about in shared(workspace, visible):
        if here not in ground.around(about.get(xz("locatedIn"))):
            continue
        kind = about.get(_KIND)
        key = (
            layer_of(workspace, kind),
            ground.point(stock),
            about.get(xz("responsibleDepartment")),
            _text(about.get(xz("address"))),
        )
        held = {
            "kind": named(workspace, kind),
            "quantity": float(_text(about.get(xz("quantity"))) or 0),
            "unit": _text(about.get(xz("unitOfQuantity"))),
            "committed": taken[stock],
        }
        places[key].append((stock, held))
    for found in places.values():
        found.sort(key=lambda one: one[0].value)
    ordered = sorted(places.items(), key=lambda item: (item[0][0], item[1][0][0].value))
    features = [
        feature(
            found[0][0].value,
            point,
            layer=layer,
            label=_label([held for _, held in found]),
            department=named(workspace, department),
            address=address,
            holds=[held for _, held in found],
        )
        for (layer, point, department, address), found in ordered[:MOST]
    ]
    return collection(features, within=ground.told(here), total=len(ordered))


def _label(holds: list[dict[str, Any]]) -> dict[str, str]:
    """Return what stands at a place in words, each kind once."""
    kinds = {one["kind"]["iri"]: one["kind"]["label"] for one in holds}.values()
    return {"zh": "、".join(kind["zh"] for kind in kinds), "en": ", ".join(kind["en"] for kind in kinds)}


def _text(term: Term | None) -> str:
    return term.value if isinstance(term, Literal) else ""
