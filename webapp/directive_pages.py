"""The pages of directives: confirm a response, the board of an incident, the inbox of a department.

Every step is a small form that works without JavaScript; with htmx the list or the directive that is shown
is drawn anew, with what stood in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from pyoxigraph import NamedNode
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from kb.errors import Fault, InputError, XiezhiError
from kb.services.directives import board, measures, requests
from kb.services.directives.prospect import prospect
from kb.services.life import news
from webapp.access import me, requires
from webapp.desk import desk
from webapp.problems import status_of

CHANGED = "acted"
"""The event by which the other parts of a page learn that a step was taken."""
MOST = 100
"""Rows of a table of measures."""
blueprint = Blueprint("directives", __name__)


def of_incident(
    identifier: str, recommendation: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """Return what ``parts/directives.html`` needs: the board, and what confirming would send.

    :param recommendation: what the reader is shown, if that was made already.
    """
    workspace = desk().workspace
    seen = news.last(workspace, identifier)  # first: what happens from here on may not be in the board
    found = board.of_incident(workspace, identifier, me())
    waiting = [one for one in found["directives"] if any(s["name"] == "issue" for s in one["steps"])]
    return {
        "board": found,
        "seen_directives": seen,
        "prospect": prospect(workspace, identifier, me(), recommendation if me().view is None else None),
        "waiting": waiting,
        "bodies": _choices(found["directives"]) if me().may("draft-directive") else [],
        **more,
    }


@blueprint.get("/directives")
@requires("explain")
def inbox() -> str:
    """Show the open directives of a department: of the one named, the reader's own, or of all."""
    return render_template("directives/index.html", **_inbox())


@blueprint.get("/directives/measures")
@requires("explain")
def measured() -> str:
    """Show how fast departments act and what they return, by department and by rule."""
    found = measures.measures(desk().workspace)
    return render_template("directives/measures.html", measured=found, most=MOST)


@blueprint.get("/incident/<incident:identifier>/directives")
@requires("explain")
def of(identifier: str) -> str:
    """Return the list of an incident's directives, which its page asks for again and again."""
    if "HX-Request" in request.headers:
        return _list(identifier)
    return render_template("pages/directives.html", identifier=identifier, **of_incident(identifier))


@blueprint.get("/incident/<incident:identifier>/directives/<int:number>")
@requires("explain")
def show(identifier: str, number: int) -> str:
    """Show one directive with its bases, its parts, its timeline and the steps the reader may take."""
    return render_template("directives/show.html", **_one(identifier, number))


@blueprint.post("/incident/<incident:identifier>/confirm")
@requires("confirm-response")
def confirm(identifier: str) -> Response:
    """Confirm what is recommended, with the changes that the form makes."""
    data = {"overrides": _overrides(request.form)}
    return _acted(
        identifier,
        lambda: requests.confirm(desk().workspace, identifier, me(), data),
        lambda **more: render_template("parts/directives.html", **of_incident(identifier, **more)),
    )


@blueprint.post("/incident/<incident:identifier>/issue")
@requires("explain")
def issue(identifier: str) -> Response:
    """Issue every reviewed directive, as far as the reader may."""
    return _acted(
        identifier,
        lambda: requests.issue(desk().workspace, identifier, me()),
        lambda **more: render_template("parts/directives.html", **of_incident(identifier, **more)),
    )


@blueprint.post("/incident/<incident:identifier>/directives")
@requires("draft-directive")
def draft(identifier: str) -> Response:
    """Draft a directive, a part of one, or a request to another department."""
    part, number = "partOf" in request.form, request.form.get("partOf", 0, type=int)

    def again(**more: Any) -> str:
        if part:
            return render_template("directives/detail.html", **_one(identifier, number, **more))
        return render_template("parts/directives.html", **of_incident(identifier, **more))

    return _acted(
        identifier, lambda: requests.draft(desk().workspace, identifier, me(), _drafted(request.form)), again
    )


@blueprint.post("/incident/<incident:identifier>/directives/<int:number>/<step>")
@requires("explain")
def take(identifier: str, number: int, step: str) -> Response:
    """Take a step with a directive; the flow says who may. ``shown`` says what the reader looks at."""
    shown, form = request.form.get("shown"), request.form

    def again(**more: Any) -> str:
        if shown == "inbox":
            return render_template("directives/list.html", **_inbox(form), **more)
        if shown == "board":
            return _list(identifier, **more)
        return render_template("directives/detail.html", **_one(identifier, number, **more))

    return _acted(
        identifier,
        lambda: requests.take(desk().workspace, identifier, number, step, me(), _asked(form)),
        again,
        number=number,
        tried=step,
    )


def _acted(
    identifier: str,
    act: Callable[[], Any],
    again: Callable[..., str],
    *,
    number: int | None = None,
    tried: str = "",
) -> Response:
    """Do what was asked and show it, or what stands in the way.

    htmx shows 422 like an answer, any other error it would take for a server in trouble.
    """
    asked_by_htmx = "HX-Request" in request.headers
    faults: list[Fault] = []
    try:
        act()
    except XiezhiError as error:
        if not asked_by_htmx or status_of(error) >= 500:
            raise
        faults = list(error.faults)
    if not asked_by_htmx:
        page = "pages.show" if number is None else "directives.show"
        return redirect(url_for(page, identifier=identifier, number=number), 303)
    text = again(directive_faults=faults, tried=tried, given=request.form if faults else {})
    response: Response = make_response(text, 422 if faults else 200)
    response.headers["HX-Trigger"] = CHANGED
    return response


def _list(identifier: str, **more: Any) -> str:
    found = board.of_incident(desk().workspace, identifier, me())
    return render_template("directives/list.html", rows=found["directives"], shown="board", **more)


def _inbox(form: MultiDict[str, str] | None = None) -> dict[str, Any]:
    asked = request.args if form is None else form
    name, overdue = asked.get("department", "").strip(), asked.get("overdue", "") in ("1", "true")
    workspace, faults = desk().workspace, []
    body = None
    if name:
        try:
            body = requests.find_body(workspace, name, "department")
        except InputError as error:
            faults = error.faults
    found = board.inbox(workspace, me(), department=body, overdue=overdue)
    rows = [*found["directives"], *found["requested"]]
    return {
        "inbox": found,
        "rows": rows,
        "shown": "inbox",
        "department": name,
        "overdue": overdue,
        "inbox_faults": faults,
        "bodies": _choices(rows),
    }


def _one(identifier: str, number: int, **more: Any) -> dict[str, Any]:
    one = board.one(desk().workspace, identifier, number, me())
    return {"one": one, "bodies": _choices([one]), "identifier": identifier, **more}


def _choices(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the bodies that directives may be sent to, as those of *rows* are."""
    among = {NamedNode(one["addressee"]["iri"]) for one in rows if one["addressee"]}
    return board.choices(desk().workspace, among)


def _asked(form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the wish in *form* as JSON would say it."""
    data: dict[str, Any] = {key: form[key] for key in ("reason", "to") if form.get(key, "").strip()}
    for key in ("score", "revision"):
        if form.get(key, "").isdigit():
            data[key] = int(form[key])
    return data


def _drafted(form: MultiDict[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {key: form[key] for key in ("to", "task", "module") if form.get(key, "").strip()}
    if form.get("partOf", "").isdigit():
        data["partOf"] = int(form["partOf"])
    elif form.get("lateral"):
        data["lateral"] = True
    return data


def _overrides(form: MultiDict[str, str]) -> list[dict[str, Any]]:
    """Return the changes in the form: ``change-N`` is empty (as recommended), ``drop`` or ``to``."""
    found = []
    for name, choice in form.items():
        place = name.removeprefix("change-")
        if place != name and choice in ("drop", "to"):
            found.append(
                {
                    "department": form.get(f"department-{place}", ""),
                    "module": form.get(f"module-{place}") or None,
                    "to": form.get(f"to-{place}", "") if choice == "to" else None,
                    "reason": form.get(f"reason-{place}", ""),
                }
            )
    return found
