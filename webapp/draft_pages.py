"""The pages of drafts: what an expert adds, edits, tries and submits. All of it works without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kb.access.principal import THROUGH
from kb.errors import Fault, Forbidden, Text, XiezhiError
from kb.namespaces import XZ
from kb.ontology.scaffolding import Wanted
from kb.services.drafting import submitting
from kb.services.drafting.adding import add
from kb.services.drafting.jobs import fault_of
from kb.services.drafting.shelf import MAX_TEXT, Draft, place
from kb.services.releases import life
from webapp.access import me, requires
from webapp.desk import desk
from webapp.problems import status_of

WRITE, APPROVE = "draft-release", "approve-release"
TASKS = ("check", "test", "impact")
"""What can be done with a draft, in the order in which one does it."""
MOST_FAULTS = 50
"""Faults beside a text."""
blueprint = Blueprint("drafts", __name__)


@blueprint.url_value_preprocessor
def _allow_files(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Let a form of these pages hold a file of knowledge, each byte of which a form may write as three."""
    request.max_content_length = request.max_form_memory_size = 3 * MAX_TEXT + 4096


@blueprint.get("/knowledge/drafts")
@requires("explain")
def index() -> str:
    """List the drafts, the reader's own first."""
    _require_reader()
    drafts = desk().shelf.drafts()
    releases = life.read(desk().workspace.store)
    return render_template(
        "knowledge/drafts.html",
        mine=[draft for draft in drafts if draft.author == writer()],
        others=[draft for draft in drafts if draft.author != writer()],
        releases=releases,
        states=life.STATES,
    )


@blueprint.post("/knowledge/drafts")
@requires(WRITE)
def create() -> Response:
    """Make a draft; with ``path``, copy that file into it (or into ``draft``), and open it in the editor."""
    if chosen := request.form.get("draft", ""):
        return _copied(desk().shelf.find(chosen))
    draft = desk().shelf.create(request.form.get("title", ""), writer())
    return _copied(draft) if request.form.get("path") else redirect(_address(draft), 303)


@blueprint.get("/knowledge/drafts/<identifier>")
@requires("explain")
def show(identifier: str) -> str:
    """Show a draft: its files, what can be added, what was found, whether it can be submitted."""
    _require_reader()
    return _page(desk().shelf.find(identifier))


@blueprint.get("/knowledge/drafts/<identifier>/found")
@requires("explain")
def found(identifier: str) -> str:
    """Return what was found so far; the page asks again while something runs."""
    _require_reader()
    return render_template("knowledge/found.html", **_standing(desk().shelf.find(identifier)))


@blueprint.post("/knowledge/drafts/<identifier>/add")
@requires(WRITE)
def add_thing(identifier: str) -> Response:
    """Add what the form describes: a type of incident, a module, a duty, a rule."""
    draft, form = desk().shelf.find(identifier), request.form
    desk().shelf.require_author(draft, writer())
    definition = Text(form.get("definition_zh", "").strip(), form.get("definition_en", "").strip())
    wanted = Wanted(
        kind=form.get("kind", ""),
        name=form.get("name", "").strip(),
        zh=form.get("label_zh", "").strip(),
        en=form.get("label_en", "").strip(),
        pack=form.get("pack", "").strip(),
        parent=form.get("parent", "").strip(),
        topic=form.get("topic", "").strip(),
        definition=definition if definition.zh and definition.en else None,
        spoken=tuple(
            word.strip() for word in form.get("spoken", "").replace(",", "、").split("、") if word.strip()
        ),
        function=form.get("function", "").strip(),
        role=form.get("role", "").strip(),
        clause=form.get("clause", "").strip(),
    )
    made: list[str] = []

    def write() -> None:
        made.extend(add(desk().shelf, draft, desk().workspace.knowledge, wanted, writer())[1])

    refused = _tried(draft, write)
    return refused or redirect(_address(draft, made[0]), 303)


@blueprint.post("/knowledge/drafts/<identifier>/copy")
@requires(WRITE)
def copy(identifier: str) -> Response:
    """Take a copy of a file of the knowledge in force into the draft, to be edited."""
    return _copied(desk().shelf.find(identifier))


@blueprint.get("/knowledge/drafts/<identifier>/edit")
@requires("explain")
def edit(identifier: str) -> Response:
    """Show one file of the draft in the editor."""
    _require_reader()
    draft, path = desk().shelf.find(identifier), request.args.get("path", "")
    return make_response(_editor(draft, path, desk().shelf.text(draft, path)))


@blueprint.post("/knowledge/drafts/<identifier>/edit")
@requires(WRITE)
def save(identifier: str) -> Response:
    """Store the text of a file, whatever is wrong in it, and say what is."""
    draft, path = desk().shelf.find(identifier), request.args.get("path", "")
    text = request.form.get("text", "")
    try:
        draft = desk().shelf.write(draft, path, text, writer())
    except XiezhiError as error:
        if status_of(error) >= 500 or isinstance(error, Forbidden):
            raise
        return make_response(_editor(draft, path, text, refused=error.faults), status_of(error))
    return make_response(_editor(draft, path, text, saved=True))


@blueprint.post("/knowledge/drafts/<identifier>/faults")
@requires(WRITE)
def faults(identifier: str) -> str:
    """Return what is wrong in a text that is being written; nothing is stored."""
    draft, path = desk().shelf.find(identifier), request.args.get("path", "")
    desk().shelf.require_author(draft, writer())
    read = desk().jobs.read(path, request.form.get("text", "")[:MAX_TEXT])
    return render_template("knowledge/faults.html", faults=_placed(read, path), draft=draft)


@blueprint.post("/knowledge/drafts/<identifier>/remove")
@requires(WRITE)
def remove(identifier: str) -> Response:
    """Take a file out of the draft."""
    draft = desk().shelf.find(identifier)
    return redirect(_address(desk().shelf.remove(draft, request.form.get("path", ""), writer())), 303)


@blueprint.post("/knowledge/drafts/<identifier>/keep")
@requires(WRITE)
def keep(identifier: str) -> Response:
    """Say that a file of the draft stands although the knowledge in force has another by now."""
    draft, base = desk().shelf.find(identifier), desk().workspace.knowledge
    return redirect(_address(desk().shelf.keep(draft, request.form.get("path", ""), base, writer())), 303)


@blueprint.post("/knowledge/drafts/<identifier>/run/<any(check, test, impact):task>")
@requires(WRITE)
def run(identifier: str, task: str) -> Response:
    """Check the draft, run the cases, or compare it with the archive, in the background."""
    shelf, base = desk().shelf, desk().workspace.knowledge
    draft = shelf.find(identifier)
    shelf.require_author(draft, writer())
    if draft.origins:
        desk().jobs.start(
            task, shelf.results(draft, task), shelf.content(draft, base), files=shelf.files(draft)
        )
    if "HX-Request" in request.headers:
        return make_response(render_template("knowledge/found.html", **_standing(draft)))
    return redirect(_address(draft), 303)


@blueprint.post("/knowledge/drafts/<identifier>/submit")
@requires(WRITE)
def submit(identifier: str) -> Response:
    """Hand the draft in for review."""
    draft, reason = desk().shelf.find(identifier), request.form.get("reason", "").strip()
    made: list[str] = []

    def hand_in() -> None:
        made.append(submitting.submit(desk().workspace, desk().shelf, draft, writer(), reason).id)

    refused = _tried(draft, hand_in)
    return refused or redirect(url_for("releases.show", name=made[0]), 303)


@blueprint.post("/knowledge/drafts/<identifier>/discard")
@requires(WRITE)
def discard(identifier: str) -> Response:
    """Delete the draft."""
    desk().shelf.discard(desk().shelf.find(identifier), writer())
    return redirect(url_for("drafts.index"), 303)


def writer() -> str:
    """Return who acts, whether he came by password or by token: whoever drafts must not approve."""
    return me().name.partition(THROUGH)[0]


def own_drafts() -> list[Draft]:
    """Return the reader's own drafts; none for whoever may not have any."""
    return [d for d in desk().shelf.drafts() if d.author == writer()] if me().may(WRITE) else []


def _require_reader() -> None:
    if not (me().may(WRITE) or me().may(APPROVE)):
        me().require(WRITE)


def _address(draft: Draft, path: str = "") -> str:
    if path:
        return url_for("drafts.edit", identifier=draft.id, path=path)
    return url_for("drafts.show", identifier=draft.id)


def _copied(draft: Draft) -> Response:
    path = request.form.get("path", "").strip()
    refused = _tried(draft, lambda: desk().shelf.copy(draft, path, desk().workspace.knowledge, writer()))
    return refused or redirect(_address(draft, path), 303)


def _tried(draft: Draft, act: Callable[[], object]) -> Response | None:
    """Do something with *draft*; return the page with what stood in the way, if anything did."""
    try:
        act()
    except XiezhiError as error:
        if status_of(error) >= 500 or isinstance(error, Forbidden):
            raise
        return make_response(_page(desk().shelf.find(draft.id), refused=error.faults), 422)
    return None


def _page(draft: Draft, refused: list[Fault] | None = None) -> str:
    shelf, workspace, index_ = desk().shelf, desk().workspace, desk().library.index
    choices = {
        name: [entry.label for entry in index_.search("", kind=XZ + kind, limit=500).entries]
        for name, kind in (
            ("types", "IncidentType"),
            ("functions", "Function"),
            ("roles", "DutyRole"),
            ("clauses", "Clause"),
        )
    }
    return render_template(
        "knowledge/draft.html",
        refused=refused or [],
        given=request.form if refused else {},
        choices=choices,
        packs=[pack for pack in index_.packs() if not pack.isdigit()],
        topics=sorted({path.parent.name for path in workspace.knowledge.rules.rglob("*.srl")}),
        overtaken=shelf.overtaken(draft, workspace.knowledge),
        release=life.read(workspace.store).get(draft.release),
        states=life.STATES,
        **_standing(draft),
    )


def _standing(draft: Draft) -> dict[str, Any]:
    """Return what was found of *draft* and what runs, and whether that is about what it is now."""
    shelf, workspace, jobs = desk().shelf, desk().workspace, desk().jobs
    content = shelf.content(draft, workspace.knowledge)
    rows = []
    for task in TASKS:
        result, job = shelf.result(draft, task), jobs.running(shelf.results(draft, task))
        refused = [fault_of(fault) for fault in (result or {}).get("faults", [])]
        rows.append(
            {
                "task": task,
                "found": result,
                "faults": refused,
                "fresh": result is not None and result["about"] == content,
                "job": job,
            }
        )
    return {
        "draft": draft,
        "rows": rows,
        "busy": any(row["job"] for row in rows),
        "mine": draft.author == writer() and me().may(WRITE),
        "in_the_way": submitting.in_the_way(workspace, shelf, draft),
    }


def _editor(
    draft: Draft, path: str, text: str, *, saved: bool = False, refused: list[Fault] | None = None
) -> str:
    shelf, workspace = desk().shelf, desk().workspace
    found = refused or desk().jobs.read(path, text)
    checked = shelf.result(draft, "check")
    if not found and checked and checked["about"] == shelf.content(draft, workspace.knowledge):
        findings = checked.get("result", {}).get("findings", [])
        found = [
            fault_of(one)
            for one in findings
            if one["severity"] != "note" and one["where"].startswith(f"{path}:")
        ]
    origin = place(workspace.knowledge, path)
    template = "knowledge/editing.html" if "HX-Request" in request.headers else "knowledge/edit.html"
    return render_template(
        template,
        draft=draft,
        path=path,
        text=text,
        saved=saved and not refused,
        faults=_placed(found, path),
        mine=draft.author == writer() and me().may(WRITE),
        origin=origin.read_text(encoding="utf-8") if origin is not None else None,
        language_of=path.rsplit(".", 1)[-1],
    )


def _placed(found: list[Fault], path: str) -> list[dict[str, Any]]:
    """Return faults with line and column (0: not told), in their order."""
    placed = []
    for fault in found[:MOST_FAULTS]:
        parts = fault.where.removeprefix(path).split(":")[1:] if fault.where.startswith(f"{path}:") else []
        line, column = ([int(part) for part in parts if part.isdigit()] + [0, 0])[:2]
        placed.append({"line": line, "column": column, "message": fault.message, "repair": fault.repair})
    return sorted(placed, key=lambda fault: (fault["line"], fault["column"]))
