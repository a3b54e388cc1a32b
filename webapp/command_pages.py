"""The commander's overview: a page that follows what changes, and the same as JSON."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from kb.services.overview import overview
from webapp.access import me, requires
from webapp.desk import desk
from webapp.visibility import visible_to

blueprint = Blueprint("command", __name__)


@blueprint.get("/command")
@requires("explain")
def show() -> str:
    """Show everything that is open on one screen; for htmx the panels alone."""
    page = "parts/overview.html" if "HX-Request" in request.headers else "pages/command.html"
    return render_template(page, overview=_overview())


@blueprint.get("/api/overview")
@requires("explain")
def told() -> Response:
    """Return open incidents, what changed and why, overdue directives, contention, committed forces."""
    return jsonify(_overview())


def _overview() -> dict[str, Any]:
    return overview(desk().workspace, desk().contention, me(), visible=visible_to(request))
