"""The HTTP API of candidates: signals come in, candidates are shown with their reasons, an officer judges."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from kb.report.document import parse_json
from kb.services.candidates import board, judging, reading, signals
from webapp.access import me, requires
from webapp.desk import desk

JSON = "application/json"
blueprint = Blueprint("candidates_api", __name__, url_prefix="/api/candidates")


@blueprint.get("")
@requires("explain")
def listed() -> Response:
    """Return the candidates that wait for somebody to judge them."""
    return jsonify({"candidates": board.candidates(desk().workspace)})


@blueprint.post("/signals")
@requires("report")
def notice() -> tuple[Response, int]:
    """Take in signals: plain rows in ``signals``; those that are here already change nothing."""
    rows = _body().get("signals")
    if not isinstance(rows, list):
        abort(400, description="signals: a list of rows")
    workspace = desk().workspace
    new = signals.notice(workspace, reading.read(workspace, rows), me())
    return jsonify({"received": len(rows), "noticed": new}), 201 if new else 200


@blueprint.get("/<incident:identifier>")
@requires("explain")
def show(identifier: str) -> Response:
    """Return one candidate, by any of its signals."""
    return jsonify(board.candidate(desk().workspace, identifier))


@blueprint.post("/<incident:identifier>/<step>")
@requires("judge-candidate")
def judge(identifier: str, step: str) -> Response:
    """Confirm a candidate as an incident, attach it to one, or dismiss it."""
    return jsonify(judging.judge(desk().workspace, identifier, step, _body(), me()))


def _body() -> dict[str, Any]:
    if request.mimetype != JSON:
        abort(415, description=f"send {JSON}")
    return parse_json(request.get_data(cache=False))
