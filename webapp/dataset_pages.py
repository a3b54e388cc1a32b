"""The pages of shared data: which datasets there are, one of them, and how good they are."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Blueprint, Response, render_template, request

from kb.services.quality import as_csv
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


@blueprint.get("/quality.csv")
def quality_csv() -> Response:
    """Return the same as CSV: a row for each value."""
    response = Response(as_csv(measured(), language()), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="quality.csv"'
    return response


def listed() -> list[dict[str, Any]]:
    """Return the datasets that the sender of the request may know of, measured by now."""
    desk().workspace.shared.quality.refresh()
    return desk().datasets.listed(visible_to(request), department=request.args.get("department", ""))


def told(path: str) -> dict[str, Any]:
    """Return all of one dataset that he may know."""
    desk().workspace.shared.quality.refresh()
    offset = max(0, request.args.get("offset", 0, type=int))
    return desk().datasets.told(path, visible_to(request), offset=offset)


def measured() -> dict[str, Any]:
    """Return the quality of what he may know of."""
    desk().workspace.shared.quality.refresh()
    return desk().datasets.quality.report(visible_to(request), department=request.args.get("department", ""))
