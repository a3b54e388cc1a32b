"""The HTTP API of releases: which there are, and an incident under the one of its day. Nothing is stored.

Drafting and approving is done on the command line (``xiezhi release``): it needs to be known who does it, and
there are no logins yet.
"""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, jsonify, request

from kb.clock import today
from kb.errors import InputError
from kb.services.releases import listing
from kb.services.releases.replay import replay as replay_incident
from webapp.access import requires
from webapp.desk import desk
from webapp.visibility import visible_to

blueprint = Blueprint("release_api", __name__)


@blueprint.get("/api/releases")
@requires("explain")
def releases() -> Response:
    """Return every release with its steps."""
    return jsonify({"releases": listing.listed(desk().workspace, today())})


@blueprint.get("/api/incidents/<incident:identifier>/replay")
@requires("explain")
def replay(identifier: str) -> Response:
    """Return what was recommended on the day ``at``, and what differs today."""
    given = request.args.get("at", "")
    try:
        at = date.fromisoformat(given)
    except ValueError as error:
        raise InputError.of(
            "replay.date", "at 应为 2026-11-25 这样的日期", "at must be a date such as 2026-11-25", where="at"
        ) from error
    return jsonify(replay_incident(desk().workspace, identifier, at, visible=visible_to(request)))
