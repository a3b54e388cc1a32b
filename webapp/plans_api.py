"""The HTTP API of plans: editions, steps, clocks, composition of modules, action cards."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, request

from kb.access.trail import EXPORT
from kb.report.document import parse_json
from kb.services.plans import requests, resources
from webapp.access import gatekeeper, me, requires
from webapp.desk import desk
from webapp.i18n import language
from webapp.visibility import visible_to

JSON, PDF = "application/json", "application/pdf"
MOST = 40
"""Modules of one composition."""
blueprint = Blueprint("plans_api", __name__)


@blueprint.get("/api/plans")
@requires("explain")
def plans() -> Response:
    """List plans and modules, with the edition in force of each."""
    return jsonify(requests.plans(desk().workspace))


@blueprint.get("/api/plans/due")
@requires("explain")
def due() -> Response:
    """Return what is due by the clocks of plans."""
    return jsonify(requests.due(desk().clocks))


@blueprint.get("/api/plans/compose")
@requires("explain")
def compose() -> Response:
    """Say whether some modules go together."""
    names = request.args.getlist("module")
    if not 0 < len(names) <= MOST:
        abort(400, description=f"module: 1 to {MOST} times")
    return jsonify(requests.compose(desk().workspace, names))


@blueprint.get("/api/plans/<name>")
@requires("explain")
def show(name: str) -> Response:
    """Return one plan with its editions and its course; as PDF, printed."""
    if request.accept_mimetypes.best_match([JSON, PDF]) == PDF:
        return _pdf(requests.printed(desk().workspace, name, language()), f"plan {name}")
    return jsonify(requests.show(desk().workspace, name))


@blueprint.get("/api/plans/<name>/provisions")
@requires("explain")
def provisions(name: str) -> Response:
    """Return what an edition keeps; without ``edition``, what the knowledge says of the plan today."""
    return jsonify(requests.provisions(desk().workspace, name, _edition("edition")))


@blueprint.get("/api/plans/<name>/difference")
@requires("explain")
def difference(name: str) -> Response:
    """Return how the edition ``to`` differs from ``from``; one left out is what holds today."""
    return jsonify(requests.difference(desk().workspace, name, _edition("from"), _edition("to")))


@blueprint.post("/api/plans/<name>/<step>")
@requires("explain")
def take(name: str, step: str) -> Response:
    """Take a step with a plan; each step has its own right."""
    if request.mimetype != JSON:
        abort(415, description=f"send {JSON}")
    data = parse_json(request.get_data(cache=False))
    return jsonify(requests.step(desk().workspace, name, step, data, me()))


@blueprint.get("/api/incidents/<incident:identifier>/card")
@requires("explain")
def card(identifier: str) -> Response:
    """Return the action card of a department for an incident, as PDF."""
    body = requests.cards(desk().workspace, identifier, request.args.get("department", ""), language())
    return _pdf(body, f"card {identifier}")


@blueprint.get("/api/incidents/<incident:identifier>/cards")
@requires("explain")
def cards(identifier: str) -> Response:
    """Return the action cards of all departments that an incident engages, in one PDF."""
    return _pdf(requests.cards(desk().workspace, identifier, None, language()), f"cards {identifier}")


@blueprint.get("/api/plans/<name>/cards")
@requires("explain")
def plan_cards(name: str) -> Response:
    """Return the action cards of a plan for all departments of an area, in one PDF."""
    area = request.args.get("area", "")
    return _pdf(requests.plan_cards(desk().workspace, name, area, language()), f"cards {name} {area}")


@blueprint.get("/api/incidents/<incident:identifier>/resources")
@requires("explain")
def needed(identifier: str) -> Response:
    """Return what the modules of an incident need, and the nearest stocks that the reader may see."""
    return jsonify(resources.resources(desk().workspace, identifier, visible_to(request)))


@blueprint.post("/api/incidents/<incident:identifier>/resources/<step>")
@requires("explain")
def taken(identifier: str, step: str) -> Response:
    """Take what is offered to an incident, or give it back."""
    if request.mimetype != JSON:
        abort(415, description=f"send {JSON}")
    act = {"reserve": requests.reserve, "release": requests.release}.get(step)
    if act is None:
        abort(404)
    data = parse_json(request.get_data(cache=False))
    return jsonify(act(desk().workspace, identifier, data, me(), visible_to(request)))


def _edition(key: str) -> int | None:
    """Return the number of an edition that the request names with *key*."""
    text = request.args.get(key, "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 6):
        abort(400, description=f"{key}: the number of an edition")
    return int(text) if text else None


def _pdf(body: bytes, what: str) -> Response:
    gatekeeper().trail.record(me().name, EXPORT, what)
    return Response(body, content_type=PDF)
