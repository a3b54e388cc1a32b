"""The HTTP API of the audit journal, for auditors."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, request

from kb.services.auditing import Wanted, listed, verified
from webapp.access import gatekeeper, requires
from webapp.desk import desk

MOST = 10_000
"""Entries that one list may have."""
blueprint = Blueprint("audit_api", __name__)


@blueprint.get("/api/audit")
@requires("audit")
def entries() -> Response:
    """List entries, oldest first."""
    gatekeeper().trail.adopt(gatekeeper().accounts)
    asked = request.args
    limit = asked.get("limit", 100, type=int)
    if not 1 <= limit <= MOST:
        abort(400, description=f"limit: 1 to {MOST}")
    names = ("actor", "action", "since", "until", "about", "graph")
    wanted = Wanted(**{name: asked.get(name, "") for name in names})
    after = asked.get("after", 0, type=int)
    return jsonify({"entries": list(listed(desk().workspace.store, wanted, after=after, limit=limit))})


@blueprint.get("/api/audit/verify")
@requires("audit")
def verify() -> Response:
    """Check every entry of the chain and return how many there are and the hash of the last."""
    return jsonify(verified(desk().workspace.store))
