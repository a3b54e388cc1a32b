"""The page of integrators: the service, its examples, the API, tokens, a check of what they would send.

What is checked is not stored, and not kept on this server either.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from pyoxigraph import Literal, NamedNode

from kb.errors import Forbidden, InputError
from kb.namespaces import DCTERMS
from kb.services import validating
from kb.services.validating import Verdict
from kb.sharing.incoming import Incoming
from kb.sharing.reading import FORMATS, SUFFIXES
from webapp.access import me, requires
from webapp.desk import desk
from webapp.examples_api import vetted
from webapp.i18n import language
from webapp.problems import status_of
from webapp.sparql import SD, described

BIGGEST = 8 << 20
"""The most bytes of a payload that is checked on the page; larger files: ``xiezhi validate``."""
SHOWN = 200
"""Violations that the page shows."""
SENDERS = ("report", "submit")
"""Who may send payloads of one kind or the other may have them checked: each costs a process."""
blueprint = Blueprint("integrate", __name__)


@blueprint.url_value_preprocessor
def allow_files(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Give a payload room before the forgery check reads the form."""
    if endpoint == "integrate.validate":
        request.max_content_length = request.max_form_memory_size = BIGGEST + (1 << 16)


@blueprint.get("/integrate")
@requires("query")
def index() -> Response:
    """Show how programs work with this server."""
    return _page()


@blueprint.post("/integrate")
@requires("query")
def validate() -> Response:
    """Judge a payload, pasted or uploaded, and show what is wrong with it."""
    if not may_validate():
        raise Forbidden.of("access.action", "没有权限校验报文", "you may not have payloads checked")
    form = request.form
    try:
        return _page(verdict=_judged(form.get("contract", ""), form.get("format") or None))
    except Forbidden:
        raise
    except InputError as error:
        return _page(error=error)


def may_validate() -> bool:
    """Whether the reader sends payloads, so that he may have them checked."""
    return any(me().may(action) for action in SENDERS)


def _judged(contract: str, format_: str | None) -> Verdict:
    part, text = request.files.get("file"), request.form.get("text", "")
    body = part.read() if part is not None and part.filename else text.encode("utf-8", "replace")
    if not body.strip():
        raise InputError.of(
            "payload.empty",
            "没有要校验的内容",
            "there is nothing to check",
            repair=("粘贴报文，或选择一个文件", "paste the payload, or choose a file"),
        )
    if contract in (validating.REPORT, validating.ALERT):
        return validating.validated(desk().workspace, contract, body)
    with tempfile.TemporaryDirectory(prefix="xiezhi-check-") as folder:
        path = Path(folder) / "payload"
        path.write_bytes(body)
        name = part.filename if part is not None and part.filename else "payload"
        if Path(name).suffix.lower() not in SUFFIXES and format_ is None:
            format_ = "csv"  # what people paste out of a spreadsheet
        return validating.validated(desk().workspace, contract, Incoming.of(path, name, format_))


def _page(verdict: Verdict | None = None, error: InputError | None = None) -> Response:
    page = render_template(
        "integrate/index.html",
        service=_service(),
        examples=list(vetted()),
        contracts=validating.contracts(desk().workspace),
        formats=FORMATS,
        verdict=verdict,
        faults=error.faults if error else [],
        may_validate=may_validate(),
        limit=BIGGEST >> 20,
        shown=SHOWN,
    )
    return make_response(page, status_of(error) if error else 200)


def _service() -> dict[str, Any]:
    """Return the service description for people: what it says in words, and the names of what it lists."""
    found: dict[str, list[str]] = {}
    about = ""
    for triple in described():
        if triple.predicate == NamedNode(DCTERMS + "description") and isinstance(triple.object, Literal):
            about = triple.object.value if triple.object.language == language() else about
        elif isinstance(triple.object, NamedNode):
            name = triple.object.value.rpartition("#")[2].rpartition("/")[2]
            found.setdefault(triple.predicate.value.removeprefix(SD), []).append(name)
    lists = ("supportedLanguage", "resultFormat", "feature")
    return {"about": about, **{name: sorted(found.get(name, ())) for name in lists}}
