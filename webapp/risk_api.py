"""The HTTP API of risk: observations in; maps, profiles, checks and proposals out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from kb.clock import CHINA_STANDARD_TIME
from kb.report.document import parse_json
from kb.sensing.inbox import SIZE
from kb.services.network.views import when
from kb.services.svg import MEDIA_TYPE as SVG
from webapp.access import me, requires
from webapp.desk import desk
from webapp.i18n import language
from webapp.visibility import visible_to

JSON = "application/json"
LINES = ("application/x-ndjson", "application/jsonl", JSON)
blueprint = Blueprint("risk_api", __name__)


@blueprint.post("/api/observations")
@requires("observe")
def push() -> tuple[Response, int]:
    """Take observations as JSON lines, each once by its id."""
    request.max_content_length = SIZE
    if request.mimetype not in LINES:
        abort(415, description=f"send {LINES[0]}")
    taken = desk().risks.inbox.push(request.get_data(cache=False))
    return jsonify({"stored": taken.stored, "duplicates": taken.duplicates}), 201 if taken.stored else 200


@blueprint.get("/api/risk")
@requires("query")
def show() -> Response:
    """Return the grids of the highest risk for a category, an hour and a month; or a map of all as SVG."""
    asked = {key: request.args.get(key, "") for key in ("category", "hour", "month")}
    views, city, visible = desk().risks, request.args.get("city", ""), visible_to(request)
    accepted = request.accept_mimetypes
    media = request.args.get("format") or (accepted.best_match([JSON, SVG]) if accepted else JSON)
    if media in ("svg", SVG):
        response = Response(views.svg(city, **asked, lang=language(), visible=visible), content_type=SVG)
    elif media in ("json", JSON):
        response = jsonify(views.map(city, **asked, visible=visible))
    else:
        abort(406, description="json, svg")
    response.vary.add("Accept")
    return response


@blueprint.get("/api/risk/assessment")
@requires("query")
def about() -> Response:
    """Return when and from what risk was assessed, and how the index does on held-back events."""
    return jsonify(desk().risks.about(request.args.get("city", ""), visible_to(request)))


@blueprint.post("/api/risk/assessment")
@requires("assess-risk")
def assess() -> Response:
    """Assess the risk of a city anew from what was pushed."""
    data = _body()
    views = desk().risks
    inbox = views.inbox
    return jsonify(views.assess(str(data.get("city", "")), inbox.source, inbox.files(), actor=me().name))


@blueprint.get("/api/risk/grids/<code>")
@requires("query")
def profile(code: str) -> Response:
    """Return the profile of a unit grid: for each category, every factor."""
    return jsonify(desk().risks.profile(request.args.get("city", ""), code, visible_to(request)))


@blueprint.get("/api/risk/proposals")
@requires("query")
def proposals() -> Response:
    """Return the warnings that were proposed."""
    asked = request.args
    found = desk().proposals.listed(asked.get("city", ""), asked.get("state", ""), visible_to(request))
    return jsonify({"proposals": found})


@blueprint.post("/api/risk/proposals")
@requires("assess-risk")
def propose() -> Response:
    """Propose warnings for an hour."""
    data = _body()
    at = when(str(data["at"]), "at") if data.get("at") else datetime.now(CHINA_STANDARD_TIME)
    return jsonify(desk().proposals.propose(str(data.get("city", "")), at, actor=me().name))


@blueprint.post("/api/risk/proposals/<identifier>/<decision>")
@requires("assess-risk")
def decide(identifier: str, decision: str) -> Response:
    """Confirm or dismiss a proposal."""
    data = _body()
    told = desk().proposals.decide(
        str(data.get("city", "")), identifier, decision, str(data.get("reason", "")), actor=me().name
    )
    return jsonify(told)


def _body() -> dict[str, Any]:
    if request.mimetype != JSON:
        abort(415, description=f"send {JSON}")
    data = parse_json(request.get_data(cache=False) or b"{}")
    return data if isinstance(data, dict) else {}
