"""The HTTP API of networks: the network of a city, outages, duties in conflict, the roster.

What a reader may not see is not in the answer: past directives and rosters are read from visible graphs only,
and that a restricted roster was read goes into the journal.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from kb.access.trail import READ
from kb.clock import CHINA_STANDARD_TIME
from kb.services.network.views import when
from kb.services.svg import MEDIA_TYPE as SVG
from webapp.access import gatekeeper, me, requires
from webapp.desk import desk
from webapp.i18n import language
from webapp.visibility import visible_to

JSON, GRAPHML = "application/json", "application/graphml+xml"
FORMATS = {"json": JSON, "svg": SVG, "graphml": GRAPHML}
"""What the parameter ``format`` may say, and the media types that ``Accept`` may."""
blueprint = Blueprint("network_api", __name__)


@blueprint.get("/api/network")
@requires("query")
def show() -> Response:
    """Return the network of a city, or of an area of it: findings, a drawing, or GraphML."""
    named = request.args.get("format")
    media = FORMATS.get(named) if named else request.accept_mimetypes.best_match(list(FORMATS.values()))
    if media is None:
        abort(406, description=", ".join(FORMATS))
    views, visible, area = desk().networks, visible_to(request), request.args.get("area") or None
    city = asked_city()
    if media == SVG:
        response = Response(views.svg(city, area, language(), visible), content_type=SVG)
    elif media == GRAPHML:
        response = Response(views.graphml(city, area, visible), content_type=GRAPHML)
    else:
        response = jsonify(views.network(city, area, visible))
    response.vary.add("Accept")
    return response


@blueprint.get("/api/network/link")
@requires("query")
def link() -> Response:
    """Return why two bodies work together: types of incident and duties, and the way between them."""
    one, other = request.args.get("from", ""), request.args.get("to", "")
    return jsonify(desk().networks.link(asked_city(), one, other, visible_to(request)))


@blueprint.get("/api/network/outage")
@requires("query")
def outage() -> Response:
    """Return what follows when the bodies named by ``body`` are down."""
    down = request.args.getlist("body")
    return jsonify(desk().networks.outage(asked_city(), down, visible_to(request)))


@blueprint.get("/api/network/conflicts")
@requires("query")
def conflicts() -> Response:
    """Return the duties that contradict or repeat one another."""
    area = request.args.get("area") or None
    return jsonify(desk().networks.conflicts(asked_city(), area, visible_to(request)))


@blueprint.get("/api/roster")
@requires("query")
def roster() -> Response:
    """Return who is on duty at a moment, who comes in where nobody is, and gaps and overlaps."""
    return jsonify(on_duty(request.args.getlist("body")))


def asked_city() -> str:
    """Return the city that the request names, or the first that its sender sees.

    :raises NotFound: ``network.city``.
    """
    return desk().networks.city(request.args.get("city", ""), visible_to(request))


def on_duty(bodies: Sequence[str]) -> dict[str, Any]:
    """Return the roster of *bodies*, or of all, at the time that the request asks for.

    That restricted data was read is recorded first.

    :raises InputError: ``roster.time``, ``roster.span``.
    """
    at, until = request.args.get("at"), request.args.get("until")
    begin = when(at, "at") if at else datetime.now(CHINA_STANDARD_TIME).replace(microsecond=0)
    end = when(until, "until") if until else None
    visible, views = visible_to(request), desk().networks
    restricted = set(me().policy.restricted)
    for name in views.roster_sources(visible):
        if name in restricted:
            gatekeeper().trail.record(me().name, READ, f"graph {name.value}")
    return views.roster(asked_city(), begin, end, bodies, visible)
