"""The pages of releases: which there are, what one changes, review with notes, approval, and the way back."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from pyoxigraph import NamedNode
from werkzeug.wrappers import Response

from kb.clock import today
from kb.errors import Fault, Forbidden, InputError, XiezhiError
from kb.ontology.knowledge import Knowledge
from kb.services.browsing import rules as rule_book
from kb.services.drafting.jobs import fault_of, found
from kb.services.releases import desk as steps
from kb.services.releases import life, listing, notes
from kb.services.releases.archive import SHORT, Archive
from kb.services.releases.calendar import in_force
from kb.services.releases.changes import changes
from kb.services.releases.life import Release
from webapp.access import me, requires
from webapp.desk import desk
from webapp.draft_pages import APPROVE, WRITE, writer
from webapp.problems import status_of

MOST_LINES = 400
"""Lines of the difference of one file."""
LOOKS = ("difference", "impact")
"""What a worker finds out about a release beside the one in force."""
blueprint = Blueprint("releases", __name__)


@blueprint.get("/knowledge/releases")
@requires("explain")
def index() -> str:
    """List every release with how it stands; the form below compares two."""
    workspace = desk().workspace
    every = listing.listed(workspace, today())
    now = in_force(life.read(workspace.store).values(), today())
    return render_template(
        "knowledge/releases.html",
        releases=every[::-1],
        current=now.id if now else "",
        loaded=workspace.release,
    )


@blueprint.get("/knowledge/releases/compare")
@requires("explain")
def compare() -> str:
    """Compare two releases in words: records, and conclusions by type."""
    before, after = (_find(request.args.get(key, "")) for key in ("before", "after"))
    return render_template(
        "knowledge/compare.html",
        before=before,
        after=after,
        files=changes(_open(before), _open(after)),
        most=MOST_LINES,
        looks=_looks(before, after)[:1],
        again=url_for("releases.compared", before=before.id, after=after.id),
    )


@blueprint.get("/knowledge/releases/compared")
@requires("explain")
def compared() -> str:
    """Return what the comparison found so far."""
    before, after = (_find(request.args.get(key, "")) for key in ("before", "after"))
    return _looked(before, after, url_for("releases.compared", before=before.id, after=after.id), LOOKS[:1])


@blueprint.get("/knowledge/releases/<name>")
@requires("explain")
def show(name: str) -> str:
    """Show a release: its steps, what it changes, notes, and what the reader may do with it."""
    return _page(_find(name))


@blueprint.get("/knowledge/releases/<name>/looked")
@requires("explain")
def looked(name: str) -> str:
    """Return what was found of a release so far; the page asks again while something runs."""
    release = _find(name)
    return _looked(_current(), release, url_for("releases.looked", name=release.id), LOOKS)


@blueprint.post("/knowledge/releases/look/<any(difference, impact):task>")
@requires("explain")
def look(task: str) -> Response:
    """Let a worker compare two releases; the same comparison is kept for ever."""
    if not (me().may(WRITE) or me().may(APPROVE)):
        me().require(APPROVE)
    before, after = (_find(request.form.get(key, "")) for key in ("before", "after"))
    keep = _keep(before, after, task)
    if found(keep) is None or "result" not in (found(keep) or {}):
        desk().jobs.start(task, keep, after.digest, base=_open(before), other=_open(after))
    again = request.form.get("again", "")
    if "HX-Request" in request.headers and again.startswith("/knowledge/releases/"):
        return make_response(_looked(before, after, again, LOOKS if again.endswith("/looked") else LOOKS[:1]))
    return redirect(url_for("releases.show", name=after.id), 303)


@blueprint.post("/knowledge/releases/<name>/<any(approve, return, withdraw, restore):action>")
@requires("explain")
def take(name: str, action: str) -> Response:
    """Take a step: approve from a day on, return to the author, withdraw, or put in force again."""
    release = _find(name)
    own = action == "withdraw" and release.events[0].actor == writer()
    me().require(WRITE if own else APPROVE)
    try:
        steps.step(
            desk().workspace,
            release.digest,
            action,
            writer(),
            effective=_day(request.form.get("from", "")),
            reason=_reason(action, request.form.get("reason", "")),
        )
    except XiezhiError as error:
        if status_of(error) >= 500 or (
            isinstance(error, Forbidden) and error.faults[0].code.startswith("access")
        ):
            raise
        return make_response(_page(release, refused=error.faults), status_of(error))
    return redirect(url_for("releases.show", name=release.id), 303)


@blueprint.post("/knowledge/releases/<name>/notes")
@requires("explain")
def note(name: str) -> Response:
    """Write a note of a reviewer or the author, linked to the rule or term that it concerns."""
    if not (me().may(WRITE) or me().may(APPROVE)):
        me().require(APPROVE)
    release, about = _find(name), request.form.get("about", "").strip()
    try:
        notes.add(desk().workspace.store, release, request.form.get("text", ""), writer(), _meant(about))
    except InputError as error:
        return make_response(_page(release, refused=error.faults), 422)
    return redirect(url_for("releases.show", name=release.id, _anchor="notes"), 303)


def _page(release: Release, refused: list[Fault] | None = None) -> str:
    workspace = desk().workspace
    every = life.read(workspace.store)
    current = _current()
    told = listing.told(release, every.values(), today())
    said = notes.of_release(workspace.store, release)
    return render_template(
        "knowledge/release.html",
        release=release,
        told=told,
        current=current,
        refused=refused or [],
        given=request.form if refused else {},
        files=changes(_open(current), _open(release)) if release.digest != current.digest else [],
        most=MOST_LINES,
        looks=_looks(current, release),
        again=url_for("releases.looked", name=release.id),
        notes=[
            {"note": one, "label": workspace.describer.text(one.about) if one.about else None} for one in said
        ],
        rules=rule_book.rows(desk().library),
        today=today().isoformat(),
        loaded=workspace.release == release.id,
        may_approve=me().may(APPROVE),
        own=release.events[0].actor == writer(),
        had_a_hand=writer() in {event.actor for event in release.events if event.action in life.WRITERS},
        before=current,
        after=release,
    )


def _looked(before: Release, after: Release, again: str, tasks: tuple[str, ...]) -> str:
    looks = [one for one in _looks(before, after) if one["task"] in tasks]
    return render_template("knowledge/looked.html", looks=looks, before=before, after=after, again=again)


def _looks(before: Release, after: Release) -> list[dict[str, Any]]:
    looks = []
    for task in LOOKS:
        keep = _keep(before, after, task)
        result = found(keep)
        faults = [fault_of(fault) for fault in (result or {}).get("faults", [])]
        looks.append({"task": task, "found": result, "faults": faults, "job": desk().jobs.running(keep)})
    return looks


def _keep(before: Release, after: Release, task: str) -> Path:
    return desk().workspace.home / "drafts" / ".releases" / f"{before.id}-{after.id}" / f"{task}.json"


def _find(name: str) -> Release:
    return life.find(life.read(desk().workspace.store).values(), name)


def _current() -> Release:
    """Return the release that this server works with."""
    return _find(desk().workspace.release[:SHORT])


def _open(release: Release) -> Knowledge:
    return Archive(desk().workspace.home).open(release.digest)


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError.of(
            "release.day",
            "生效日期应为 2026-11-25 这样的日期",
            "the day must be a date such as 2026-11-25",
            where="from",
        ) from error


def _reason(action: str, text: str) -> str:
    if action in ("return", "restore") and not text.strip():
        raise InputError.of(
            "release.reason",
            "退回或恢复生效需要说明理由",
            "to return a release or put it in force again needs a reason",
            where="reason",
        )
    return text.strip()[:500]


def _meant(about: str) -> NamedNode | None:
    """Return the rule or term that a note is about: by its label, its IRI, or its name."""
    if not about:
        return None
    entries = desk().library.index.search(about, limit=2).entries
    exact = [entry for entry in entries if about in (entry.iri.value, entry.label.zh, entry.label.en)]
    if not exact:
        try:
            exact = [entry] if (entry := desk().library.index.entry(NamedNode(about))) else []
        except ValueError:
            exact = []
    if not exact:
        raise InputError.of(
            "release.note-about",
            f"没有叫“{about[:80]}”的规则或术语",
            f"no rule or term is called “{about[:80]}”",
            where="about",
            repair=("从列表中选择，或留空", "choose one of the list, or leave it empty"),
        )
    return exact[0].iri
