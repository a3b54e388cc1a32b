"""The collaboration graph of an incident: drawn, as a list that unfolds with the keyboard, and as JSON."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from kb.services.network.unfolding import Unfolding
from webapp.access import requires
from webapp.desk import desk
from webapp.visibility import visible_to

blueprint = Blueprint("collaboration", __name__)


@blueprint.get("/api/incidents/<incident:identifier>/graph")
@requires("explain")
def links(identifier: str) -> Response:
    """Return what is around the incident, or around one thing (``node``) of its graph."""
    return jsonify(_around(identifier))


@blueprint.get("/incident/<incident:identifier>/graph")
@requires("explain")
def show(identifier: str) -> str:
    """Show the graph; for htmx the links of one thing alone, which the list unfolds."""
    found = _around(identifier)
    page = "parts/links.html" if "HX-Request" in request.headers else "pages/graph.html"
    return render_template(page, graph=found, nodes={one["iri"]: one for one in found["nodes"]})


def _around(identifier: str) -> dict[str, Any]:
    unfolding = Unfolding(desk().workspace, desk().networks, identifier, visible_to(request))
    node = request.args.get("node", "")
    return unfolding.grow(node) if node else unfolding.start()
