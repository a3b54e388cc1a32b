"""The page of the network: a drawing, what it tells, and the form "this department is down"."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from kb.errors import XiezhiError
from webapp import network_api
from webapp.access import requires
from webapp.desk import desk
from webapp.problems import status_of
from webapp.visibility import visible_to

FEW = 12
"""So many rows of a table are shown at once; the rest opens."""
blueprint = Blueprint("network", __name__)


@blueprint.get("/network")
@requires("query")
def index() -> Response:
    """Show the network of one area of a city; with ``body``, what follows when that body is down."""
    views, visible = desk().networks, visible_to(request)
    if not views.cities(visible):
        return make_response(render_template("network/index.html", city=None))
    city = network_api.asked_city()
    area, down = (
        request.args.get("area") or city,
        [one for one in request.args.getlist("body") if one.strip()],
    )
    page: dict[str, Any] = {"faults": [], "outage": None}
    status = 200
    found = views.network(city, area, visible)
    if down:
        try:
            page["outage"] = views.outage(city, down, visible)
        except XiezhiError as error:
            page["faults"], status = error.faults, status_of(error)
    on_call = [] if page["faults"] else down
    text = render_template(
        "network/index.html",
        **page,
        city=city,
        area=area,
        down=down,
        cities=[{**views.places(code, visible)[0]} for code in views.cities(visible)],
        places=views.places(city, visible),
        bodies=views.names(city, area, visible),
        found=found,
        conflicts=views.conflicts(city, area, visible),
        roster=network_api.on_duty(on_call) if views.roster_sources(visible) else None,
        few=FEW,
    )
    return make_response(text, status)
