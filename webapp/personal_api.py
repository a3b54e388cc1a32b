"""The HTTP API of personal fields: told only by POST, with a reason, to who may, after it was journalled."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from kb.errors import InputError
from kb.services import personal
from kb.sharing.personal.vault import MAY
from webapp.access import me, requires
from webapp.desk import desk

MOST = 1_000
"""Records that one request may erase."""
blueprint = Blueprint("personal_api", __name__, url_prefix="/api/personal")


@blueprint.get("")
@requires("administer")
def held() -> Response:
    """Say which datasets have personal fields, of how many records, and until when."""
    return jsonify({"datasets": personal.listed(desk().workspace.vault.held())})


@blueprint.post("/read")
@requires(MAY)
def read() -> Response:
    """Tell the personal fields of one record."""
    body = _body()
    iri = personal.record(body.get("record", ""))
    found = desk().workspace.vault.read(iri, me(), _text(body, "reason"))
    return jsonify(personal.told(desk().workspace, iri, found))


@blueprint.post("/erase")
@requires("administer")
def erase() -> Response:
    """Erase the personal fields of records, as a person may ask; who does so sees none of them."""
    body = _body()
    records, reason = body.get("records"), _text(body, "reason").strip()
    if not isinstance(records, list) or not 1 <= len(records) <= MOST:
        abort(400, description=f"records: a list of 1 to {MOST} IRIs")
    if not reason:
        raise InputError.of("personal.reason", "请写明删除理由", "say why it is erased", where="reason")
    iris = [personal.record(one) for one in records]
    return jsonify({"records": desk().workspace.vault.erase(iris, actor=me().name, reason=reason)})


@blueprint.post("/expire")
@requires("administer")
def expire() -> Response:
    """Erase what is older than the retention of its dataset."""
    _body()
    return jsonify({"records": desk().workspace.vault.expire()})


def _body() -> dict[str, Any]:
    if request.mimetype != "application/json":  # which no form of another site can send
        abort(415, description="send application/json")
    body = request.get_json()
    if not isinstance(body, dict):
        abort(400, description="send a JSON object")
    return body


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        abort(400, description=f"{name}: a text")
    return value[:2_000].encode("utf-8", "replace").decode()
