"""The page of candidates: signals that belong together and why, and what an officer makes of them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kb.errors import InputError
from kb.services.candidates import board, judging
from webapp.access import me, requires
from webapp.desk import desk
from webapp.problems import status_of

blueprint = Blueprint("candidates", __name__, url_prefix="/candidates")


@blueprint.get("")
@requires("explain")
def index() -> str:
    """List the candidates."""
    return _page()


@blueprint.post("/<incident:identifier>/<any(confirm, attach, dismiss):step>")
@requires("judge-candidate")
def judge(identifier: str, step: str) -> Response:
    """Judge a candidate; a confirmed one is an incident from then on."""
    data = {key: request.form[key] for key in judging.KEYS[step] if request.form.get(key, "").strip()}
    try:
        found = judging.judge(desk().workspace, identifier, step, data, me())
    except InputError as error:
        return make_response(_page(faults=error.faults, tried=identifier), status_of(error))
    if found["incident"] is not None:
        return redirect(url_for("pages.show", identifier=found["incident"]), 303)
    return redirect(url_for("candidates.index"), 303)


def _page(**more: Any) -> str:
    found = board.candidates(desk().workspace)
    return render_template("candidates/index.html", candidates=found, **{"faults": [], "tried": "", **more})
