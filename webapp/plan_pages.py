"""The pages of plans: which there are, one with its life, provisions and steps; resources of an incident."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from kb.access.trail import EXPORT
from kb.clock import today
from kb.errors import InputError
from kb.services.life import brief, standing, terms
from kb.services.plans import arranging, composing, drawing, editions, listing, requests, resources
from kb.services.plans.clocks import Told
from kb.services.svg import MEDIA_TYPE
from webapp import plans_api
from webapp.access import gatekeeper, me, requires
from webapp.desk import desk
from webapp.i18n import language
from webapp.life_pages import status_shown
from webapp.visibility import visible_to

TODAY = "today"
"""Stands in an address for what the knowledge says today, beside the numbers of editions."""
MANY = 40
"""So many open incidents a form suggests."""
blueprint = Blueprint("plans", __name__)


@blueprint.get("/plans")
@requires("explain")
def index() -> str:
    """Show all plans and modules: where each stands, what is due and when."""
    day, workspace = today(), desk().workspace
    told = desk().clocks.told(day)
    rows = listing.plans(workspace, day)
    for row in rows:
        row["due"] = told.get(editions.find(workspace, row["iri"]), Told())
    return render_template(
        "plans/index.html",
        plans=[row for row in rows if not row["slug"].startswith("module-")],
        modules=[row for row in rows if row["slug"].startswith("module-")],
    )


@blueprint.get("/plan/<name>")
@requires("explain")
def show(name: str) -> str:
    """Show one plan or module."""
    return _page(name)


@blueprint.get("/plan/<name>/print")
@requires("explain")
def printed(name: str) -> Response:
    """Return a plan as PDF."""
    gatekeeper().trail.record(me().name, EXPORT, f"plan {name}")
    body = requests.printed(desk().workspace, name, language())
    return make_response(body, 200, {"Content-Type": plans_api.PDF})


@blueprint.get("/plan/<name>/composition")
@requires("explain")
def composition(name: str) -> Response:
    """Draw how the modules of a plan go together."""
    workspace = desk().workspace
    plan = editions.find(workspace, name)
    kept = listing.of_edition(workspace, plan, _number("edition"), today())
    drawn = drawing.draw(
        arranging.parts(kept), arranging.composition(kept), workspace.describer.text, language()
    )
    return make_response(drawn, 200, {"Content-Type": MEDIA_TYPE})


@blueprint.post("/plan/<name>/steps/<step>")
@requires("explain")
def take(name: str, step: str) -> Response:
    """Take a step with a plan; show it afterwards, or what stands in the way."""
    try:
        requests.step(desk().workspace, name, step, _asked(request.form), me())
    except InputError as error:
        page = _page(name, faults=error.faults, tried=step, given=request.form)
        return make_response(page, status_shown(error))
    return redirect(url_for("plans.show", name=name), 303)


@blueprint.get("/incident/<incident:identifier>/resources")
@requires("explain")
def needed(identifier: str) -> str:
    """Show what the modules of an incident need, what it has, what it is offered, and who has the rest."""
    return _resources(identifier)


@blueprint.post("/incident/<incident:identifier>/resources/<any(reserve, release):step>")
@requires("explain")
def taken(identifier: str, step: str) -> Response:
    """Take what is offered to an incident, or give something back."""
    workspace, form, visible = desk().workspace, request.form, visible_to(request)
    try:
        if step == "reserve":
            data: dict[str, Any] = {"module": form["module"]} if form.get("module") else {}
            requests.reserve(workspace, identifier, data, me(), visible)
        else:
            numbers = [int(n) for n in form.getlist("number") if n.isdigit()]
            requests.release(workspace, identifier, {"numbers": numbers} if numbers else {}, me(), visible)
    except InputError as error:
        return make_response(_resources(identifier, faults=error.faults), status_shown(error))
    return redirect(url_for("plans.needed", identifier=identifier), 303)


def _page(name: str, **more: Any) -> str:
    workspace, day = desk().workspace, today()
    plan = editions.find(workspace, name)
    told = listing.show(workspace, plan, day)
    lives = editions.editions(workspace, plan)
    number = _number("edition") or told["inForce"] or (len(lives) or None)
    shown = None if request.args.get("edition") == TODAY else number
    kept = listing.of_edition(workspace, plan, shown, day)
    known = composing.library(workspace)
    whole = composing.compose(arranging.parts(kept), list(known.values()))
    before, after = _number("from"), _number("to")
    return render_template(
        "plans/show.html",
        plan={**told, "editions": len(lives)},
        life=told["editions"],
        shown=shown,
        today=TODAY,
        due=desk().clocks.told(day).get(plan),
        provisions=arranging.arranged(workspace, kept),
        composition=requests.composed(workspace, whole),
        stocks=arranging.stocked(workspace, kept, visible_to(request)),
        difference=listing.difference(workspace, plan, before, after, day) if before or after else None,
        desks=listing.steps(workspace, plan, me(), day),
        may_draft=me().may("draft-plan"),
        flow=listing.flow(workspace, lives),
        incidents=_incidents() if lives else [],
        exercises=requests.exercises(),
        cities=_cities(),
        **{"faults": [], "tried": "", "given": {}, **more},
    )


def _incidents() -> list[dict[str, Any]]:
    """Return the open incidents that the reader may see, a line each."""
    workspace, visible = desk().workspace, visible_to(request)
    found = list(standing.open_incidents(workspace))[-MANY:]
    return [brief.brief(workspace, one) for one in found if visible(terms.facts_graph(one))]


def _cities() -> list[dict[str, Any]]:
    """Return the loaded cities that the reader may see."""
    views, visible = desk().networks, visible_to(request)
    return [views.places(code, visible)[0] for code in views.cities(visible)]


def _resources(identifier: str, **more: Any) -> str:
    found = resources.resources(desk().workspace, identifier, visible_to(request))
    page = {"faults": [], **more}
    return render_template("plans/resources.html", found=found, identifier=identifier, **page)


def _asked(form: MultiDict[str, str]) -> Mapping[str, Any]:
    """Return the wish in *form* as JSON would say it."""
    data: dict[str, Any] = {
        key: " ".join(form[key].split())
        for key in ("reason", "on", "incident", "exercise")
        if form.get(key, "").strip()
    }
    for key in ("edition", "revision"):
        if form.get(key, "").isdigit():
            data[key] = int(form[key])
    return data


def _number(key: str) -> int | None:
    """Return the number of an edition in the address; none where it says today's."""
    text = request.args.get(key, "")
    if text in ("", TODAY):
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        abort(400, description=f"{key}: the number of an edition")
    return int(text)
