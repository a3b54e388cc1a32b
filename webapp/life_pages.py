"""The course of an incident on its page: timeline, steps, what changed, what it contends for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from kb.errors import InputError
from kb.services.life import centres, changes, duplicates, merging, requests, terms
from kb.services.life import news as noticing
from kb.services.life.timeline import timeline
from kb.services.naming import named
from webapp.access import me, requires
from webapp.desk import desk
from webapp.problems import status_of
from webapp.visibility import visible_to

CHOICE = "choose-"
"""How the fields begin that say which of two figures holds."""
ASKED = {"escalatedTo", "atCentre", "mergedInto", "wentWell", "toImprove"}
"""What the forms of steps can ask for; a step that needs more has a page of its own."""
NEAREST = 12
"""Pairs that the page of an incident shows; the page of all contention shows the others."""
blueprint = Blueprint("life", __name__)


def course(identifier: str, *, lean: bool = False, **more: Any) -> dict[str, Any]:
    """Return what ``parts/life.html`` needs: the timeline, and what the forms of steps offer.

    :param lean: without what may be the same incident, for which the page asks afterwards.
    """
    workspace = desk().workspace
    life = timeline(workspace, identifier, reader=me(), visible=visible_to(request))
    life["steps"] = [step for step in life["steps"] if set(step["sets"]) <= ASKED]
    return {
        "life": life,
        "centres": [named(workspace, one) for one in centres.every(workspace.store)],
        "same": None if lean else same(identifier) if life["state"]["open"] else [],
        **more,
    }


def same(identifier: str) -> list[dict[str, Any]]:
    """Return the open incidents that may be the same as this one."""
    return duplicates.candidates(desk().workspace, identifier, visible=visible_to(request))


@blueprint.get("/incident/<incident:identifier>/timeline")
@requires("explain")
def show(identifier: str) -> str:
    """Return the timeline, which the incident's page asks for again and again."""
    if "HX-Request" in request.headers:
        life = timeline(desk().workspace, identifier, visible=visible_to(request))
        return render_template("parts/timeline.html", life=life)
    return render_template("pages/timeline.html", **course(identifier))


@blueprint.get("/incident/<incident:identifier>/news")
@requires("explain")
def news(identifier: str) -> Response:
    """Return what was done since the reader looked at a *part* of the page; nothing (204) if nothing was."""
    part, since = request.args.get("part", ""), request.args.get("since", 0, type=int)
    found = noticing.news(desk().workspace, identifier, part, since, visible=visible_to(request))
    if not found:
        return Response(status=204)
    number = int(part) if part.isascii() and part.isdigit() else None
    address = url_for(
        "pages.show" if number is None else "directives.show", identifier=identifier, number=number
    )
    return make_response(
        render_template("parts/news.html", news=found, address=address, part=part, **_where(part))
    )


@blueprint.get("/incident/<incident:identifier>/changes")
@requires("explain")
def changed(identifier: str) -> str:
    """Show what changed since an earlier report, and because of which facts."""
    since = request.args.get("since", type=int)
    found = changes.changes(desk().workspace, identifier, since, visible=visible_to(request))
    return _page("changed", "changed", difference=found, identifier=identifier)


@blueprint.get("/incident/<incident:identifier>/contention")
@requires("explain")
def contending(identifier: str) -> str:
    """Show with which open incidents this one contends."""
    pairs = desk().contention.pairs(identifier, visible=visible_to(request))
    first = sum(pair["first"]["id"] == identifier for pair in pairs)
    goes = {"first": first, "then": len(pairs) - first}
    return _page("contending", "contending", pairs=pairs[:NEAREST], identifier=identifier, goes=goes)


@blueprint.get("/contention")
@requires("explain")
def contention() -> str:
    """Show all open incidents that contend, and which may be one and the same."""
    return render_template(
        "pages/contending.html",
        pairs=desk().contention.pairs(visible=visible_to(request)),
        same=duplicates.candidates(desk().workspace, visible=visible_to(request)),
        identifier=None,
    )


@blueprint.post("/incident/<incident:identifier>/steps/<step>")
@requires("explain")
def take(identifier: str, step: str) -> Response:
    """Take a step with an incident; show its course, or what stands in the way."""
    data = _asked(request.form)
    try:
        requests.perform(desk().workspace, identifier, step, data, me(), visible=visible_to(request))
    except InputError as error:
        if "HX-Request" not in request.headers and step != terms.MERGE:
            raise
        more: dict[str, Any] = {"life_faults": error.faults, "tried": step, "given": request.form}
        if isinstance(error, merging.MergeConflict):
            plan = merging.plan(desk().workspace, identifier, data["into"])
            more["merger"] = plan.as_json(desk().workspace)
        page = _page("timeline", "life", **course(identifier, **more))
        return make_response(page, status_shown(error))
    if "HX-Request" not in request.headers:
        return redirect(url_for("pages.show", identifier=identifier), 303)
    return make_response(render_template("parts/life.html", **course(identifier, lean=True)))


def _where(part: str) -> dict[str, str]:
    """Return which region of a page shows *part*, and how the new one takes its place."""
    if part == noticing.REPORT:
        return {"region": ".answer", "target": "#screen", "swap": "innerHTML"}
    region = {noticing.COURSE: "#life", noticing.DIRECTIVES: "#directives"}.get(part, "#directive")
    return {"region": region, "target": region, "swap": "outerHTML"}


def status_shown(error: InputError) -> int:
    """Return the status of a page that shows *error* beside its form.

    htmx shows 422 like an answer; any other error it would take for a server in trouble.
    """
    return 422 if status_of(error) < 500 else status_of(error)


def _asked(form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the wish in *form* as JSON would say it."""
    data: dict[str, Any] = {key: form[key] for key in ("reason", "to", "into") if form.get(key, "").strip()}
    for key in ("wentWell", "toImprove"):
        if form.get(key, "").strip():
            data[key] = form[key].splitlines()
    choices: Mapping[str, str] = {
        key.removeprefix(CHOICE): value for key, value in form.items() if key.startswith(CHOICE) and value
    }
    if choices:
        data["choose"] = choices
    if form.get("expected", "").isdigit():
        data["expected"] = int(form["expected"])
    return data


def _page(page: str, part: str, **context: Any) -> str:
    """Return *part* for htmx, which puts it into the page that is open; else the whole *page*."""
    name = f"parts/{part}.html" if "HX-Request" in request.headers else f"pages/{page}.html"
    return render_template(name, **context)
