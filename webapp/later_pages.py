"""Parts of an answer that come after it: what is closed at first, or takes longer than to answer.

The first answer shows who acts and what to do; these follow when they are wanted, or at once but after it. A
whole page, which must work without scripts, holds them from the beginning.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from kb.services import incident
from kb.services.life import news
from webapp import forms
from webapp.access import requires
from webapp.desk import desk
from webapp.i18n import language
from webapp.life_pages import same as same_as
from webapp.pages import form
from webapp.visibility import recommended

blueprint = Blueprint("later", __name__)


@blueprint.get("/types")
@requires("explain")
def types() -> str:
    """Return every name of a type of incident as suggestions for the forms beside an answer."""
    return render_template("parts/types.html", types=forms.type_names(desk().workspace, language()))


@blueprint.get("/incident/<incident:identifier>/correct")
@requires("explain")
def correct(identifier: str) -> str:
    """Return the form that corrects a report, filled with what is known now; sending it needs more rights."""
    seen = news.last(desk().workspace, identifier)  # first: what happens from here on may not be in the form
    return render_template("parts/correcting.html", seen_report=seen, **_filled(identifier))


@blueprint.get("/incident/<incident:identifier>/suppose")
@requires("explain")
def suppose(identifier: str) -> str:
    """Return the form that asks what other facts would change."""
    return render_template("parts/supposing.html", **_filled(identifier))


@blueprint.get("/incident/<incident:identifier>/same")
@requires("explain")
def same(identifier: str) -> str:
    """Return the open incidents that may be the same: a line each, or (``list``) as suggestions."""
    part = "parts/same_list.html" if "list" in request.args else "parts/same.html"
    return render_template(part, same=same_as(identifier))


def _filled(identifier: str) -> dict[str, Any]:
    known = recommended(incident.recall(desk().workspace, identifier))
    return {"recommendation": known, **form(forms.filled(known, language()), named=False)}
