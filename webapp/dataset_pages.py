"""The pages of shared data: which datasets there are, one of them, and how good they are, also as files."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from kb.access.trail import READ
from kb.services.quality import as_csv
from webapp.access import gatekeeper, me
from webapp.desk import desk
from webapp.i18n import language
from webapp.visibility import visible_to

blueprint = Blueprint("datasets", __name__)


@blueprint.get("/datasets")
def index() -> str:
    """List the datasets by department, then those of the system."""
    found = listed()
    shared = [item for item in found if item["department"] is not None]
    groups = groupby(shared, key=lambda item: item["path"].rpartition("/")[0])
    return render_template(
        "datasets/index.html",
        departments=[list(items) for _, items in groups],
        own=[item for item in found if item["department"] is None],
        overdue=[item for item in shared if item["freshness"]["overdue"]],
        metrics=desk().datasets.quality.metrics(),
    )


@blueprint.get("/datasets/<path:path>")
def show(path: str) -> str:
    """Show one dataset: terms, quality, deliveries, quarantine, downloads."""
    return render_template("datasets/show.html", dataset=told(path))


@blueprint.get("/quality")
def quality() -> str:
    """Show the quality of every department and dataset, and its trend."""
    return render_template("datasets/quality.html", report=measured())


@blueprint.get("/api/quality")
def quality_json() -> Response:
    """Return the newest values and the trend of every department and dataset."""
    return jsonify(measured())


@blueprint.get("/quality.csv")
def quality_csv() -> Response:
    """Return the same as CSV: a row for each value."""
    response = Response(as_csv(measured(), language()), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="quality.csv"'
    return response


def listed() -> list[dict[str, Any]]:
    """Return the datasets that the sender of the request may know of."""
    return desk().datasets.listed(visible_to(request), department=request.args.get("department", ""))


def told(path: str) -> dict[str, Any]:
    """Return all of one dataset that he may know; that he sees what is in quarantine is recorded."""
    visible, offset = visible_to(request), max(0, request.args.get("offset", 0, type=int))
    found = desk().datasets.told(path, visible, quarantine=offset)
    if found["quarantine"]["records"]:
        gatekeeper().trail.record(me().name, READ, f"quarantine of dataset {path}")
    return found


def measured() -> dict[str, Any]:
    """Return the quality of what he may know of."""
    department = request.args.get("department", "")
    return desk().datasets.quality.report(visible_to(request), department=department)
