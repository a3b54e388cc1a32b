"""The HTTP API of directives: confirm a response, read boards, take steps.

Bodies are small JSON objects. The same step that comes again (by the same person who saw the same revision,
or with the same ``Idempotency-Key``) is answered with 200 and what it did first; who has seen an older state
gets 409.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from kb.report.document import parse_json
from kb.services.directives import board, measures, requests, returns
from kb.services.directives import prospect as prospects
from webapp.access import me, requires
from webapp.desk import desk
from webapp.i18n import language

JSON, YAML, MERMAID = "application/json", "application/yaml", "text/vnd.mermaid"
MOST = 64 * 1024
"""Bytes of a request: a reason has 2,000 characters at most, overrides one for each department and module."""
blueprint = Blueprint("directives_api", __name__)


@blueprint.before_request
def allow_small_bodies_only() -> None:
    """Take no more than a decision needs."""
    request.max_content_length = MOST


@blueprint.post("/api/incidents/<incident:identifier>/confirm")
@requires("confirm-response")
def confirm(identifier: str) -> tuple[Response, int]:
    """Confirm what is recommended; each department gets its directives."""
    done = requests.confirm(desk().workspace, identifier, me(), _body(), key=_key())
    return jsonify(done), 200 if done["repeated"] else 201


@blueprint.post("/api/incidents/<incident:identifier>/issue")
@requires("explain")
def issue(identifier: str) -> Response:
    """Issue every reviewed directive of an incident; the level says who may."""
    return jsonify(requests.issue(desk().workspace, identifier, me()))


@blueprint.get("/api/incidents/<incident:identifier>/prospect")
@requires("explain")
def prospect(identifier: str) -> Response:
    """Return what confirming would send now, or nothing."""
    return jsonify(
        {"incident": identifier, "prospect": prospects.prospect(desk().workspace, identifier, me())}
    )


@blueprint.get("/api/incidents/<incident:identifier>/directives")
@requires("explain")
def of_incident(identifier: str) -> Response:
    """Return the directives of an incident, with the steps that the sender may take."""
    return jsonify(board.of_incident(desk().workspace, identifier, me()))


@blueprint.post("/api/incidents/<incident:identifier>/directives")
@requires("draft-directive")
def draft(identifier: str) -> tuple[Response, int]:
    """Draft a directive, a part of one, or a request to another department."""
    done = requests.draft(desk().workspace, identifier, me(), _body(), key=_key())
    return jsonify(done), 200 if done["repeated"] else 201


@blueprint.get("/api/incidents/<incident:identifier>/directives/<int:number>")
@requires("explain")
def one(identifier: str, number: int) -> Response:
    """Return a directive with its parts, its timeline and the clauses of its duties."""
    return jsonify(board.one(desk().workspace, identifier, number, me()))


@blueprint.post("/api/incidents/<incident:identifier>/directives/<int:number>/<step>")
@requires("explain")
def take(identifier: str, number: int, step: str) -> Response:
    """Take a step; the flow says who may."""
    return jsonify(requests.take(desk().workspace, identifier, number, step, me(), _body(), key=_key()))


@blueprint.get("/api/directives")
@requires("explain")
def inbox() -> Response:
    """Return the open directives of a department: of the one named, the sender's own, or of all."""
    workspace, name = desk().workspace, request.args.get("department", "")
    body = requests.find_body(workspace, name, "department") if name else None
    overdue = request.args.get("overdue", "") in ("1", "true")
    return jsonify(board.inbox(workspace, me(), department=body, overdue=overdue))


@blueprint.get("/api/directives/measures")
@requires("explain")
def measured() -> Response:
    """Return times and counts by department and by rule."""
    return jsonify(measures.measures(desk().workspace))


@blueprint.get("/api/directives/returns")
@requires("explain")
def returned() -> Response:
    """Return what departments returned, as cases for the experts."""
    workspace = desk().workspace
    text = returns.cases(workspace, returns.returned(workspace))
    return Response(text, content_type=f"{YAML}; charset=utf-8")


@blueprint.get("/api/directives/diagram")
@requires("query")
def diagram() -> Response:
    """Return a flow as a Mermaid state diagram."""
    text = board.diagram(desk().workspace, request.args.get("flow", "directive"), language())
    return Response(text, content_type=f"{MERMAID}; charset=utf-8")


def _body() -> dict[str, Any]:
    if request.mimetype != JSON:
        abort(415, description=f"send {JSON}")
    return parse_json(request.get_data(cache=False) or b"{}")


def _key() -> str:
    return request.headers.get("Idempotency-Key", "")
