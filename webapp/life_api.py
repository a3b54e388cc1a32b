"""The HTTP API of an incident's life: its timeline, what changed, steps, duplicates, contention."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, request

from kb.report.document import parse_json
from kb.services.life import changes, duplicates, merging, requests, timeline
from webapp.access import me, requires
from webapp.desk import desk
from webapp.visibility import visible_to

JSON = "application/json"
blueprint = Blueprint("life_api", __name__)


@blueprint.get("/api/incidents/<incident:identifier>/timeline")
@requires("explain")
def show(identifier: str) -> Response:
    """Return where an incident stands, every event of its timeline, and what the reader may do."""
    return jsonify(timeline.timeline(desk().workspace, identifier, reader=me(), visible=visible_to(request)))


@blueprint.get("/api/incidents/<incident:identifier>/changes")
@requires("explain")
def changed(identifier: str) -> Response:
    """Return what changed in the recommendation since an earlier report, and because of which facts."""
    since = request.args.get("since")
    if since is not None and not (since.isascii() and since.isdigit() and len(since) < 10):
        abort(400, description="since: the number of an event")
    number = None if since is None else int(since)
    return jsonify(changes.changes(desk().workspace, identifier, number, visible=visible_to(request)))


@blueprint.get("/api/incidents/<incident:identifier>/merger")
@requires("explain")
def merger(identifier: str) -> Response:
    """Return what merging the incident into another would take over, and what has to be chosen."""
    into = request.args.get("into", "")
    workspace = desk().workspace
    return jsonify(merging.plan(workspace, identifier, into).as_json(workspace))


@blueprint.post("/api/incidents/<incident:identifier>/steps/<step>")
@requires("explain")
def take(identifier: str, step: str) -> Response:
    """Take a step with an incident and return its timeline; each step has its own right."""
    if request.mimetype != JSON:
        abort(415, description=f"send {JSON}")
    data = parse_json(request.get_data(cache=False))
    workspace = desk().workspace
    return jsonify(requests.perform(workspace, identifier, step, data, me(), visible=visible_to(request)))


@blueprint.get("/api/duplicates")
@requires("explain")
def same() -> Response:
    """Return pairs of open incidents that may be one, all or those with one incident."""
    identifier = request.args.get("incident")
    found = duplicates.candidates(desk().workspace, identifier, visible=visible_to(request))
    return jsonify({"pairs": found})


@blueprint.get("/api/contention")
@requires("explain")
def contending() -> Response:
    """Return the open incidents that call upon the same departments, with who goes first and why."""
    identifier, proofs = request.args.get("incident"), request.args.get("proof") == "true"
    found = desk().contention.pairs(identifier, visible=visible_to(request), proofs=proofs)
    return jsonify({"pairs": found})
