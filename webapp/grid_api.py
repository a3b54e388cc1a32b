"""The HTTP API of grids: where a point falls, what a shape covers, gaps and overlaps of a partition."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from kb.geo.geometry import numbers
from kb.services.grids.requests import SHAPES
from webapp.access import requires
from webapp.desk import desk
from webapp.visibility import visible_to

LARGEST = 2 << 20
"""The most bytes of a request with a shape; :mod:`kb.geo.geometry` has limits of its own."""
blueprint = Blueprint("grid_api", __name__)


@blueprint.get("/api/grid/locate")
@requires("query")
def locate() -> Response:
    """Return the grids in which a point falls."""
    asked = request.args
    longitude, latitude = numbers([asked.get("longitude", ""), asked.get("latitude", "")])
    return jsonify(desk().grids.locate(asked.get("city", ""), longitude, latitude, visible_to(request)))


@blueprint.route("/api/grid/covered", methods=["GET", "POST"])
@requires("query")
def covered() -> Response:
    """Return the areas that a shape covers; a long shape comes as a form."""
    request.max_content_length = request.max_form_memory_size = LARGEST
    asked = request.values
    shape = {key: asked[key] for key in SHAPES if key in asked}
    return jsonify(
        desk().grids.covered(asked.get("city", ""), shape, asked.get("kind", ""), visible_to(request))
    )


@blueprint.get("/api/grid/partition")
@requires("query")
def partition() -> Response:
    """Return gaps and overlaps of a partition."""
    asked = request.args
    return jsonify(desk().grids.partition(asked.get("city", ""), asked.get("kind", ""), visible_to(request)))
