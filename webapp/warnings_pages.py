"""The pages of warnings: those in force, one with what it supports; forms to receive and to issue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from kb.cap.process import BIGGEST
from kb.errors import InputError
from kb.namespaces import xz
from kb.services.life import centres
from kb.services.naming import named
from kb.services.warnings import meaning, requests, telling
from webapp.access import me, requires
from webapp.desk import desk
from webapp.problems import status_of

FIELDS = ("type", "level", "expires", "onset", "status", "incident", "reason", "to", "certainty", "urgency")
SPOKEN = ("headline", "description", "instruction")
blueprint = Blueprint("warnings", __name__, url_prefix="/warnings")


@blueprint.url_value_preprocessor
def allow_messages(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Give a message more room than a report, before the forgery check reads the form."""
    request.max_content_length = BIGGEST + (1 << 16)


@blueprint.get("")
@requires("explain")
def index() -> str:
    """List the warnings; arguments of the address stand in the form for a new one."""
    return _index(given=request.args)


@blueprint.post("")
@requires("explain")
def take() -> Response:
    """Receive the message that a form brings, or issue what it wishes."""
    file = request.files.get("message")
    workspace = desk().workspace
    try:
        if file is not None and file.filename:
            found = requests.receive(workspace, file.read(), me())
        else:
            found = requests.issue(workspace, _wish(request.form), me())
    except InputError as error:
        return make_response(_index(faults=error.faults, given=request.form), status_of(error))
    return redirect(url_for("warnings.show", key=found["warning"]["id"]), 303)


@blueprint.get("/<incident:key>")
@requires("explain")
def show(key: str) -> str:
    """Show one warning."""
    return _one(key)


@blueprint.post("/<incident:key>/<any(update, cancel, 'hand-over'):step>")
@requires("explain")
def act(key: str, step: str) -> Response:
    """Update, cancel or hand over a warning."""
    steps: dict[str, Callable[..., dict[str, Any]]] = {
        "update": requests.update,
        "cancel": requests.cancel,
        "hand-over": requests.hand_over,
    }
    try:
        found = steps[step](desk().workspace, key, _wish(request.form), me())
    except InputError as error:
        return make_response(_one(key, faults=error.faults, tried=step), status_of(error))
    new = found["warning"]["id"] if "warning" in found else found["id"]
    return redirect(url_for("warnings.show", key=new), 303)


def _index(**more: Any) -> str:
    workspace = desk().workspace
    all_ = request.args.get("all") == "1"
    return render_template(
        "warnings/index.html",
        warnings=telling.listed(workspace, all_=all_),
        all=all_,
        levels=_levels(),
        types=sorted({one.name for one in workspace.names.members(xz("IncidentType"))} - _iris()),
        **{"faults": [], "given": {}, **more},
    )


def _one(key: str, **more: Any) -> str:
    workspace = desk().workspace
    return render_template(
        "warnings/show.html",
        warning=telling.told(workspace, key, reader=me()),
        levels=_levels(),
        centres=[named(workspace, one) for one in centres.every(workspace.store)],
        **{"faults": [], "tried": "", **more},
    )


def _levels() -> list[dict[str, Any]]:
    workspace = desk().workspace
    found = dict.fromkeys(one.iri for one in workspace.names.members(xz("WarningLevel")))
    ranked = sorted(found, key=lambda one: meaning.rank(workspace, one))
    return [named(workspace, one) for one in ranked]


def _iris() -> set[str]:
    return {one.iri.value for one in desk().workspace.names.members(xz("IncidentType"))}


def _wish(form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the wish in *form* as JSON would say it."""
    data: dict[str, Any] = {key: form[key].strip() for key in FIELDS if form.get(key, "").strip()}
    for key in SPOKEN:
        spoken = {lang: form.get(f"{key}-{lang}", "").strip() for lang in ("zh", "en")}
        texts = {lang: text for lang, text in spoken.items() if text}
        if texts:
            data[key] = texts
    for key, separator in (("areas", None), ("polygons", "\n"), ("circles", "\n")):
        found = (
            form.get(key, "").replace("、", " ").replace("，", " ") if key == "areas" else form.get(key, "")
        )
        parts = [part.strip() for part in found.split(separator) if part.strip()]
        if parts:
            data[key] = parts
    return data
