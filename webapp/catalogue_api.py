"""The HTTP API of shared data: the list, one dataset, and the quality, as the pages show them."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from webapp.dataset_pages import listed, measured, told

blueprint = Blueprint("catalogue_api", __name__)


@blueprint.get("/api/datasets")
def datasets() -> Response:
    """List the datasets."""
    return jsonify({"datasets": listed()})


@blueprint.get("/api/datasets/<path:path>")
def dataset(path: str) -> Response:
    """Return one dataset with its trend, deliveries and quarantine."""
    return jsonify(told(path))


@blueprint.get("/api/quality")
def quality() -> Response:
    """Return newest values and trend of every department and dataset."""
    return jsonify(measured())
