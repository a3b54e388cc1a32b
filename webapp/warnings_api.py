"""The HTTP API of warnings: receive messages in CAP 1.2, issue, update and cancel our own, hand them over.

A message comes as the body itself (``application/cap+xml``); a wish to warn as JSON. Answers are JSON, one
warning also CAP.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from kb.cap.process import BIGGEST
from kb.report.document import parse_json
from kb.services.warnings import requests, telling
from webapp.access import me, requires
from webapp.desk import desk

JSON, CAP = "application/json", "application/cap+xml"
XML = (CAP, "application/xml", "text/xml")
blueprint = Blueprint("warnings_api", __name__, url_prefix="/api/warnings")


@blueprint.before_request
def allow_messages() -> None:
    """Give a message more room than a report."""
    request.max_content_length = BIGGEST + 4096


@blueprint.get("")
@requires("explain")
def listed() -> Response:
    """Return the warnings that are in force or will be; with ``all=true`` every message."""
    all_ = request.args.get("all") == "true"
    return jsonify({"warnings": telling.listed(desk().workspace, all_=all_)})


@blueprint.post("")
@requires("explain")
def take() -> tuple[Response, int]:
    """Receive a message in CAP 1.2, or issue a warning as JSON wishes; each has its own right."""
    workspace, body = desk().workspace, request.get_data(cache=False)
    if request.mimetype in XML:
        found = requests.receive(workspace, body, me())
    elif request.mimetype == JSON:
        found = requests.issue(workspace, parse_json(body), me())
    else:
        abort(415, description=f"send {CAP} or {JSON}")
    return jsonify(found), 200 if found["duplicate"] else 201


@blueprint.get("/<incident:key>")
@requires("explain")
def show(key: str) -> Response:
    """Return a warning as JSON, or as the message in CAP that it is."""
    wanted = request.accept_mimetypes.best_match([JSON, *XML], JSON)
    if request.args.get("format") == "cap" or wanted in XML:
        response = Response(requests.document(desk().workspace, key), content_type=CAP)
    else:
        response = jsonify(telling.told(desk().workspace, key, reader=me()))
    response.vary.add("Accept")
    return response


@blueprint.post("/<incident:key>/update")
@requires("issue-warning")
def update(key: str) -> tuple[Response, int]:
    """Issue an update of a warning of ours."""
    return jsonify(requests.update(desk().workspace, key, _body(), me())), 201


@blueprint.post("/<incident:key>/cancel")
@requires("issue-warning")
def cancel(key: str) -> tuple[Response, int]:
    """Cancel a warning of ours."""
    return jsonify(requests.cancel(desk().workspace, key, _body(), me())), 201


@blueprint.post("/<incident:key>/hand-over")
@requires("hand-over")
def hand_over(key: str) -> Response:
    """Hand a warning over to another centre."""
    return jsonify(requests.hand_over(desk().workspace, key, _body(), me()))


def _body() -> dict[str, Any]:
    if request.mimetype != JSON:
        abort(415, description=f"send {JSON}")
    return parse_json(request.get_data(cache=False))
