"""The map, and the table that says the same: for the keyboard, screen readers, and where nothing is drawn."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from kb.services.atlas import around as surroundings
from kb.services.atlas import layers, stocks
from webapp import map_api
from webapp.access import requires
from webapp.desk import desk
from webapp.visibility import visible_to

blueprint = Blueprint("map", __name__)


@blueprint.get("/map")
@requires("explain")
def index() -> str:
    """Show an area and its parts, open incidents, warnings in force, forces and stocks."""
    workspace, visible = desk().workspace, visible_to(request)
    if not desk().grids.cities(visible):
        return render_template("map/index.html", city=None)
    areas = layers.areas(workspace, map_api.asked_area(), visible)
    standing = stocks.stocks(workspace, areas["within"]["code"], visible)
    return render_template(
        "map/index.html",
        city=areas["around"][0],
        cities=[layers.area(workspace, code, visible) for code in desk().grids.cities(visible)],
        areas=areas,
        rows=_rows(areas),
        incidents=_rows(layers.incidents(workspace, visible)),
        warnings=_rows(layers.warnings(workspace, visible)),
        stocks=_rows(standing),
        places=standing["total"],
    )


@blueprint.get("/incident/<incident:identifier>/map")
@requires("explain")
def around(identifier: str) -> str:
    """Show one incident with what it exposes and what comes from where."""
    found = surroundings.around(desk().workspace, identifier, visible_to(request))
    rows = [row for row in _rows(found) if row["layer"] != "way"]
    return render_template("map/around.html", identifier=identifier, rows=rows, within=found["within"])


def _rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**one["properties"], "drawn": one["geometry"] is not None} for one in found["features"]]
