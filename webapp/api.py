"""The HTTP API: reports in, recommendations out (described in ``openapi.yaml``).

It takes only ``application/json``, which no cross-site form can send, and sends no CORS headers.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from flask import Blueprint, Response, abort, json, jsonify, render_template, request, url_for

from kb.access.trail import EXPORT
from kb.errors import ReportRejected
from kb.report.document import parse_json
from kb.services import export, incident
from kb.services.network.views import when
from kb.services.pasted import telling
from webapp import forms, listing
from webapp.access import gatekeeper, me, requires
from webapp.desk import desk
from webapp.filters import now
from webapp.problems import both
from webapp.visibility import recommended
from webapp.watch import watch

MOST = 500
"""Incidents that one list may have."""
JSON = "application/json"
blueprint = Blueprint("api", __name__)


@blueprint.get("/api")
def index() -> str:
    """Show the API to people."""
    return render_template("api/index.html", openapi=_openapi())


@blueprint.post("/api/recommend")
@requires("report")
def report() -> tuple[Response, int]:
    """Store a report and return the recommendation for it."""
    if request.mimetype != JSON:
        abort(415, description=f"send {JSON}")
    body = request.get_data(cache=False)
    data = parse_json(body)
    _require_unicode(data)
    answer = incident.report(desk().workspace, data, **watch(), key=_key(body))
    response = jsonify(recommended(answer))
    response.headers["Location"] = url_for("api.show", identifier=answer.id)
    return response, 200 if answer.duplicate else 201


@blueprint.post("/api/words")
@requires("report")
def words() -> Response:
    """Return what a text proposes for a report; nothing is stored."""
    if request.mimetype != JSON:
        abort(415, description=f"send {JSON}")
    data = parse_json(request.get_data(cache=False))
    text, at = data.get("text"), data.get("reported")
    if not isinstance(text, str) or not isinstance(at, str | None):
        abort(400, description="text, reported: strings")
    return jsonify(telling.read_words(desk().workspace, text, now(), when(at, "reported") if at else None))


@blueprint.get("/api/incidents")
@requires("explain")
def incidents() -> Response:
    """List the newest incidents, newest first."""
    limit = request.args.get("limit", 50, type=int)
    if not 1 <= limit <= MOST:
        abort(400, description=f"limit: 1 to {MOST}")
    return jsonify({"incidents": listing.recent(desk().workspace, limit)})


@blueprint.get("/api/incidents/<incident:identifier>")
@requires("explain")
def show(identifier: str) -> Response:
    """Return what is recommended for an incident: as JSON, or as the stored graphs in an RDF format."""
    offers = [JSON, *export.FORMATS]
    media = request.accept_mimetypes.best_match(offers) if request.accept_mimetypes else JSON
    if media is None:
        abort(406, description=f"choose one of: {', '.join(offers)}")
    if media in export.FORMATS:
        gatekeeper().trail.record(me().name, EXPORT, f"incident {identifier}")
        body = export.serialize(desk().workspace, identifier, media)
        response = Response(body, content_type=f"{media}; charset=utf-8")
    else:
        response = jsonify(recommended(incident.recall(desk().workspace, identifier)))
    response.vary.add("Accept")
    return response


@blueprint.get("/api/vocabulary")
def vocabulary() -> Response:
    """Return the keys of a report, with the values of closed lists, and the names of the incident types."""
    workspace = desk().workspace
    fields = workspace.vocabulary.fields
    controls = forms.controls(workspace)
    return jsonify(
        {
            "fields": [
                {
                    "key": field.key,
                    "iri": field.property.value,
                    "range": field.range.value,
                    "label": both(field.label),
                    "question": both(field.question),
                    "unit": both(field.unit),
                    "choices": [
                        {"value": choice.value, "label": both(choice.label)}
                        for choice in (controls[key].choices if key in controls else ())
                    ],
                }
                for key, field in fields.items()
            ],
            "types": {language: _type_names(language) for language in ("zh", "en")},
        }
    )


@blueprint.get("/api/openapi.json")
def openapi() -> Response:
    """Return the OpenAPI description."""
    return jsonify(_openapi())


def _type_names(language: Any) -> list[dict[str, str]]:
    names = forms.type_names(desk().workspace, language)
    return [{"name": name.name, "type": name.label or name.name} for name in names]


def _key(body: bytes) -> str | None:
    """The idempotency key: of the header *and* the body.

    A client that by mistake uses a key again for another report must not have that report swallowed.
    """
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return None
    return "api:" + hashlib.sha256(given.encode("utf-8", "replace") + b"\n" + body).hexdigest()


def _require_unicode(data: dict[str, Any]) -> None:
    """JSON can spell half a character (``"\\ud800"``), which no graph can hold."""
    try:
        json.dumps(data, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as error:
        raise ReportRejected.of(
            "report.json", "含有不完整的 Unicode 字符", "there is half a Unicode character"
        ) from error


@cache
def _openapi() -> dict[str, Any]:
    text = (Path(__file__).parent / "openapi.yaml").read_text(encoding="utf-8")
    description: dict[str, Any] = yaml.safe_load(text)
    return description
