"""Around one incident: what is exposed, and stocks with how far they have to come."""

from __future__ import annotations

from typing import Any

import shapely
from pyoxigraph import NamedNode

from kb.services import incident
from kb.services.atlas.ground import Ground, collection, feature
from kb.services.atlas.stocks import layer_of
from kb.services.audience import Visible, everything
from kb.services.life import terms
from kb.services.life.brief import brief
from kb.services.plans.resources import resources
from kb.services.recommendation import recommend
from kb.services.workspace import Workspace


def around(workspace: Workspace, identifier: str, visible: Visible = everything) -> dict[str, Any]:
    """Return the incident, the records that it exposes, the stocks that it has or is offered, and their ways.

    ``within`` is the code of the city around it; ``layer`` of a feature is ``incident``, ``exposed``,
    ``force``, ``stock`` or ``way``.

    :raises NotFound: ``incident.unknown``.
    """
    ground, line = Ground(workspace, visible), brief(workspace, identifier)
    recommendation = recommend(workspace, incident.recall(workspace, identifier), visible=visible)
    place = NamedNode(line["grid"]["iri"]) if line["grid"] else None
    here = ground.point(terms.incident_iri(identifier)) or ground.middle(place)
    features = [feature(line["iri"], here, layer="incident", **line)]
    for kind in recommendation["exposed"]:
        for record in kind["records"]:
            where = ground.point(NamedNode(record["iri"]))
            features.append(
                feature(record["iri"], where, layer="exposed", label=record["label"], kind=_plain(kind))
            )
    found: dict[str, dict[str, Any]] = {}
    for need in resources(workspace, identifier, visible)["needs"]:
        for taken, committed in [(one, True) for one in need["reserved"]] + [
            (one, False) for one in need["from"]
        ]:
            stock = found.setdefault(
                taken["stock"],
                {"kind": need["kind"], "department": taken["department"], "km": taken.get("km"),
                 "address": taken["address"], "quantity": 0, "committed": 0},
            )  # fmt: skip
            stock["committed" if committed else "quantity"] += taken["quantity"]
    for iri, stock in found.items():
        where = ground.point(NamedNode(iri))
        layer = layer_of(workspace, NamedNode(stock["kind"]["iri"]))
        features.append(feature(iri, where, layer=layer, label=stock["kind"]["label"], **stock))
        if here is not None and where is not None and here != where:
            way = shapely.LineString([where, here])
            features.append(feature(f"{iri}#way", way, layer="way", km=stock["km"]))
    outermost = [one for one in ground.around(place) if ground.shape(one) is not None][-1:]
    within = ground.told(outermost[0])["code"] if outermost else None
    return collection(features, incident=identifier, within=within)


def _plain(thing: dict[str, Any]) -> dict[str, Any]:
    return {"iri": thing["iri"], "label": thing["label"]}
