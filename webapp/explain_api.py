"""The HTTP API of explanations: why, why not, what to ask next, what if. None of them stores anything."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from kb.errors import InputError, ReportRejected
from kb.report.document import parse_json
from kb.services import asking, drawing, explaining, proof_rdf, svg, telling, whatif, whynot
from webapp.access import requires
from webapp.desk import desk
from webapp.i18n import language
from webapp.visibility import visible_to

JSON, TEXT = "application/json", "text/plain"
FORMATS = {"json": JSON, "jsonld": proof_rdf.MEDIA_TYPE, "svg": svg.MEDIA_TYPE, "text": TEXT}
"""What the parameter ``format`` may say, and the media types that ``Accept`` may."""
blueprint = Blueprint("explain_api", __name__)


@blueprint.get("/api/incidents/<incident:identifier>/why")
@requires("explain")
def why(identifier: str) -> Response:
    """Return the proofs of a conclusion: as nested nodes, linked data, a drawing or text."""
    media = _media(list(FORMATS))
    found = explaining.why(
        desk().workspace, identifier, request.args.get("conclusion", ""), visible=visible_to(request)
    )
    match media:
        case proof_rdf.MEDIA_TYPE:
            response = Response(proof_rdf.to_jsonld(found), content_type=media)
        case svg.MEDIA_TYPE:
            response = Response(drawing.draw(found, language()), content_type=media)
        case "text/plain":
            response = Response(telling.proof(found, language()), content_type=f"{TEXT}; charset=utf-8")
        case _:
            response = jsonify(found)
    response.vary.add("Accept")
    return response


@blueprint.get("/api/incidents/<incident:identifier>/why-not")
@requires("explain")
def why_not(identifier: str) -> Response:
    """Return why a conclusion is missing, and the smallest change that would bring it about."""
    media, triple = _media(["json", "text"]), request.args.getlist("triple")
    target = request.args.get("target", "")
    if not target and not triple:
        raise InputError.of(
            "target.missing",
            "请给出 target 或三个 triple 参数",
            "give target, or triple three times",
            where="target",
        )
    found = whynot.why_not(
        desk().workspace,
        identifier,
        target,
        relation=request.args.get("relation") or None,
        triple=triple or None,
        visible=visible_to(request),
    )
    return _told(media, found, telling.why_not)


@blueprint.get("/api/incidents/<incident:identifier>/ask-next")
@requires("explain")
def ask_next(identifier: str) -> Response:
    """Return the unknown facts of an incident, those first that decide most of the answer."""
    media = _media(["json", "text"])
    return _told(
        media, asking.ask_next(desk().workspace, identifier, visible=visible_to(request)), telling.ask_next
    )


@blueprint.post("/api/incidents/<incident:identifier>/what-if")
@requires("explain")
def what_if(identifier: str) -> Response:
    """Return how the response would change with the facts of ``set`` and without those of ``unset``."""
    if request.mimetype != JSON:
        abort(415, description=f"send {JSON}")
    media = _media(["json", "text"])
    data = parse_json(request.get_data(cache=False))
    changes, removed = data.get("set", {}), data.get("unset", [])
    if not (
        data
        and data.keys() <= {"set", "unset"}
        and isinstance(changes, dict)
        and isinstance(removed, list)
        and all(isinstance(key, str) for key in removed)
    ):
        raise ReportRejected.of(
            "what-if.form",
            '应为 {"set": {字段: 值}, "unset": [字段]}',
            'must be {"set": {key: value}, "unset": [key]}',
        )
    found = whatif.what_if(
        desk().workspace, identifier, changes=changes, remove=removed, visible=visible_to(request)
    )
    return _told(media, found, telling.what_if)


def _media(formats: list[str]) -> str:
    """Return the media type that the request asks for: by ``format``, else by ``Accept``."""
    offers = {name: FORMATS[name] for name in formats}
    asked = request.args.get("format")
    if asked is not None:
        if asked not in offers:
            abort(400, description=f"format: {', '.join(offers)}")
        return offers[asked]
    found = request.accept_mimetypes.best_match(list(offers.values())) if request.accept_mimetypes else JSON
    if found is None:
        abort(406, description=f"choose one of: {', '.join(offers.values())}")
    return found


def _told(media: str, found: dict[str, Any], tell: Any) -> Response:
    if media == TEXT:
        response = Response(tell(found, language()), content_type=f"{TEXT}; charset=utf-8")
    else:
        response = jsonify(found)
    response.vary.add("Accept")
    return response
