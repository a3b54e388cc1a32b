"""The HTTP API of the map: layers as GeoJSON (RFC 7946), which any map program reads too."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, json, request

from kb.services.atlas import around as surroundings
from kb.services.atlas import layers, stocks
from webapp.access import requires
from webapp.desk import desk
from webapp.visibility import visible_to

MEDIA_TYPE = "application/geo+json"
blueprint = Blueprint("map_api", __name__)


@blueprint.get("/api/map/areas")
@requires("explain")
def areas() -> Response:
    """Return the parts of an area (``within``; else of the city), each with its open incidents."""
    return _geojson(layers.areas(desk().workspace, asked_area(), visible_to(request)))


@blueprint.get("/api/map/incidents")
@requires("explain")
def incidents() -> Response:
    """Return all open incidents."""
    return _geojson(layers.incidents(desk().workspace, visible_to(request)))


@blueprint.get("/api/map/warnings")
@requires("explain")
def warnings() -> Response:
    """Return the warnings in force."""
    return _geojson(layers.warnings(desk().workspace, visible_to(request)))


@blueprint.get("/api/map/stocks")
@requires("explain")
def standing() -> Response:
    """Return where forces and stocks stand in an area (``within``; else in the city)."""
    return _geojson(stocks.stocks(desk().workspace, asked_area(), visible_to(request)))


@blueprint.get("/api/map/around/<incident:identifier>")
@requires("explain")
def around(identifier: str) -> Response:
    """Return one incident, what it exposes, and the stocks that it has or is offered."""
    return _geojson(surroundings.around(desk().workspace, identifier, visible_to(request)))


def asked_area() -> str:
    """Return the code of the area that the request asks for, or else of the first city that is seen.

    :raises NotFound: ``grid.city``: no city is loaded.
    """
    return request.args.get("within", "").strip() or desk().grids.city("", visible_to(request))


def _geojson(data: dict[str, Any]) -> Response:
    return Response(json.dumps(data), content_type=MEDIA_TYPE)
