"""The page of risk: a map by category and hour, the highest grids, one grid's factors, proposals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kb.city import terms
from kb.errors import NotFound, XiezhiError
from kb.services.naming import named
from webapp.access import me, requires
from webapp.desk import desk
from webapp.problems import status_of
from webapp.visibility import visible_to

FEW = 12
"""So many grids and proposals are shown at once."""
DAYS, HOURS = 7, 24
blueprint = Blueprint("risk", __name__)


@blueprint.get("/risk")
@requires("query")
def index() -> Response:
    """Show the map for a category, a day and hour, and a month; with ``grid``, the factors of that grid."""
    views, visible = desk().risks, visible_to(request)
    asked = {key: request.args.get(key, "") for key in ("category", "hour", "month")}
    page: dict[str, Any] = {"about": None, "faults": [], "profile": None, "city": None, "cities": []}
    status = 200
    try:
        city = views.city(request.args.get("city", ""), visible)
        page |= {"city": city, "cities": _named(views.cities(visible))}
        page |= {"about": views.about(city, visible), "found": views.map(city, **asked, visible=visible)}
        grid = request.args.get("grid", "").strip()
        page["profile"] = views.profile(city, grid, visible) if grid else None
        page["proposals"] = desk().proposals.listed(city, visible=visible)[:FEW]
    except XiezhiError as error:
        page["faults"] = error.faults
        if not isinstance(error, NotFound) or page["about"] is not None:
            status = status_of(error)
    text = render_template("risk/index.html", **page, asked=asked, few=FEW, hours=range(DAYS * HOURS))
    return make_response(text, status)


def _named(codes: Sequence[str]) -> list[dict[str, Any]]:
    workspace = desk().workspace
    return [{"code": code, **named(workspace, terms.area(code))} for code in codes]


@blueprint.post("/risk/proposals/<identifier>")
@requires("query")
def decide(identifier: str) -> Response:
    """Confirm or dismiss a proposal and go back to the page."""
    me().require("assess-risk")
    city, form = request.form.get("city", ""), request.form
    desk().proposals.decide(
        city, identifier, form.get("decision", ""), form.get("reason", ""), actor=me().name
    )
    return redirect(url_for("risk.index", city=city) + "#proposals", code=303)
