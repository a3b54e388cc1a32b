"""The officer explores the answer: why not something else, what if, what decides most. Nothing is stored.

All forms are GET: they change nothing, work without JavaScript and may be kept as a bookmark.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from kb.errors import InputError, XiezhiError
from kb.services import asking, drawing, explaining, incident, svg, targets, whatif, whynot
from kb.services.recommendation import recommend
from webapp import forms
from webapp.access import requires
from webapp.desk import desk
from webapp.i18n import language
from webapp.problems import status_of
from webapp.visibility import visible_to

blueprint = Blueprint("explain", __name__)


@blueprint.get("/incident/<incident:identifier>/why")
@requires("explain")
def why(identifier: str) -> str:
    """Show the proofs of one conclusion; ``rule`` leaves only those that it drew."""
    asked = request.args.get("conclusion", "")
    found = explaining.why(desk().workspace, identifier, asked, visible=visible_to(request))
    conclusions, rule = found["conclusions"], request.args.get("rule")
    drawn = [proof for proof in conclusions if (proof.get("rule") or {}).get("iri") == rule]
    return _page("why", "proofs", conclusions=drawn or conclusions, identifier=identifier, asked=asked)


@blueprint.get("/incident/<incident:identifier>/why-not")
@requires("explain")
def why_not(identifier: str) -> Response:
    """Show why a conclusion is missing, and what would bring it about."""
    target = request.args.get("target", "").strip()
    try:
        found = whynot.why_not(desk().workspace, identifier, target, visible=visible_to(request))
    except InputError as error:
        return _refused("whynot", error, identifier, target=target)
    return make_response(_page("whynot", "whynot", found=found, identifier=identifier, target=target))


@blueprint.get("/incident/<incident:identifier>/what-if")
@requires("explain")
def what_if(identifier: str) -> Response:
    """Show how the response would change with the facts of the form; an emptied field is unknown."""
    workspace = desk().workspace
    try:
        known = recommend(workspace, incident.recall(workspace, identifier))
        before = forms.read(MultiDict(forms.filled(known, language())), workspace)
        given = forms.read(request.args, workspace)
        changes = {key: value for key, value in given.items() if value != before.get(key)}
        removed = [key for key in before if key in request.args and not request.args[key].strip()]
        found = whatif.what_if(
            workspace, identifier, changes=changes, remove=removed, visible=visible_to(request)
        )
    except InputError as error:
        return _refused("whatif", error, identifier)
    return make_response(_page("whatif", "whatif", difference=found, identifier=identifier))


@blueprint.get("/incident/<incident:identifier>/ask-next")
@requires("explain")
def ask_next(identifier: str) -> str:
    """Show which unknown facts decide most of the answer."""
    found = asking.ask_next(desk().workspace, identifier, visible=visible_to(request))
    return _page("asknext", "asknext", asking=found, identifier=identifier)


@blueprint.get("/incident/<incident:identifier>/targets")
@requires("explain")
def suggestions(identifier: str) -> str:
    """Return what one may ask "why not" about, as suggestions."""
    return render_template("parts/targets.html", targets=targets.suggestions(desk().workspace, identifier))


@blueprint.get("/incident/<incident:identifier>/why.svg")
@requires("explain")
def drawing_of(identifier: str) -> Response:
    """Return the proof of one conclusion as a drawing."""
    asked = request.args.get("conclusion", "")
    found = explaining.why(desk().workspace, identifier, asked, visible=visible_to(request))
    return Response(drawing.draw(found, language()), content_type=svg.MEDIA_TYPE)


def _refused(page: str, error: XiezhiError, identifier: str, **context: Any) -> Response:
    """Say what was wrong with the question where its answer would have stood."""
    if "HX-Request" not in request.headers:
        raise error
    html = render_template(f"parts/{page}.html", faults=error.faults, identifier=identifier, **context)
    # htmx shows 422 like an answer; any other error it would take for a server in trouble.
    return make_response(html, 422 if status_of(error) < 500 else status_of(error))


def _page(page: str, part: str, **context: Any) -> str:
    """Return *part* for htmx, which puts it into the page that is open; else the whole *page*."""
    name = f"parts/{part}.html" if "HX-Request" in request.headers else f"pages/{page}.html"
    return render_template(name, **context)
