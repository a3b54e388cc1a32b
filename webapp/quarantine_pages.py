"""The pages of the data steward: hand in a file, see what is in quarantine, mend a record or dismiss it.

Whoever delivers a dataset corrects it: the steward of the department that publishes it. Each look at records
in quarantine is journalled; mending goes the way of every delivery (:mod:`kb.sharing.mending`).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from kb.errors import Fault, Forbidden, InputError
from kb.sharing import mending, quarantine
from kb.sharing.datasets import Dataset
from kb.sharing.intake import Intake, Outcome
from kb.sharing.quarantine import Quarantined
from kb.sharing.reading import FORMATS, STREAMED, SUFFIXES, WHOLE
from webapp import dataset_pages
from webapp.access import me, requires
from webapp.datasets_api import received
from webapp.desk import desk
from webapp.problems import status_of
from webapp.visibility import allowed, look_into_quarantine, visible_to

PAGE = 50
"""Records in quarantine on one page."""
FILES = 10
"""Files of which the page says where their records went."""
LONGEST = 1_000
"""Characters of a reason for dismissing a record."""
blueprint = Blueprint("quarantine", __name__)


@blueprint.url_value_preprocessor
def allow_large_uploads(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Give a file as much room as the API does, before the forgery check reads the form."""
    if endpoint == "quarantine.deliver":
        request.max_content_length = STREAMED


@blueprint.get("/quarantine")
@requires("submit")
def index() -> str:
    """List the datasets whose quarantine the reader may see, those where records wait first."""
    visible = visible_to(request)
    rows = []
    for item in dataset_pages.listed():
        if item["department"] is None:
            continue
        declared = _dataset(item["path"])
        if visible(declared.quarantine):
            settled = sum(1 for _ in quarantine.dismissed(desk().workspace.store, declared))
            rows.append({**item, "waiting": _intake().in_quarantine(declared), "dismissed": settled})
    rows.sort(key=lambda row: -row["waiting"])
    return render_template("quarantine/index.html", rows=rows)


@blueprint.get("/datasets/<path:path>/quarantine")
def listed(path: str) -> str:
    """Show the records of one dataset that wait for somebody to mend them, and those that nobody will."""
    dataset = _seen(path)
    offset = max(0, request.args.get("offset", 0, type=int))
    total = _intake().in_quarantine(dataset)
    settled = list(quarantine.dismissed(desk().workspace.store, dataset))
    return render_template(
        "quarantine/list.html",
        dataset=dataset_pages.told(path),
        records=list(_intake().quarantined(dataset, offset, PAGE)),
        total=total,
        settled=settled,
        more=offset + PAGE if offset + PAGE < total else None,
        offset=offset,
        files=_files(dataset),
        may=_may(dataset),
    )


@blueprint.get("/datasets/<path:path>/quarantine/<name>")
def show(path: str, name: str) -> Response:
    """Show one record with its cells, ready to be mended."""
    dataset = _seen(path)
    return _form(path, dataset, quarantine.find(desk().workspace.store, dataset, name))


@blueprint.post("/datasets/<path:path>/quarantine/<name>")
def mend(path: str, name: str) -> BaseResponse:
    """Store the record as it was typed, or show what is still wrong with it."""
    dataset = _owned(path)
    found = quarantine.find(desk().workspace.store, dataset, name)
    typed = {key.removeprefix("cell-"): text[:5_000] for key, text in request.form.items()}
    try:
        outcome = mending.mend(_intake(), dataset, found, typed, actor=me().name)
    except InputError as error:
        return _form(path, dataset, found, typed=typed, faults=list(error.faults))
    if not outcome.stored:
        left = Quarantined(found.iri, found.delivery, outcome.problems[0])
        return _form(path, dataset, left, typed=typed)
    return redirect(url_for("quarantine.listed", path=path, mended=found.rejected.position), 303)


@blueprint.post("/datasets/<path:path>/quarantine/<name>/dismiss")
def dismiss(path: str, name: str) -> BaseResponse:
    """Note that nobody will mend the record, and why."""
    dataset = _owned(path)
    found = quarantine.find(desk().workspace.store, dataset, name)
    reason = request.form.get("reason", "").strip()[:LONGEST]
    if not reason:
        fault = InputError.of("quarantine.reason", "请写明理由", "say why", where="reason").faults[0]
        return _form(path, dataset, found, faults=[fault])
    _intake().dismiss(dataset, found, reason, actor=me().name)
    return redirect(url_for("quarantine.listed", path=path, dismissed=found.rejected.position), 303)


@blueprint.get("/datasets/<path:path>/deliver")
def deliver_form(path: str) -> Response:
    """Show the form that takes a file."""
    _owned(path)
    return _upload(path)


@blueprint.post("/datasets/<path:path>/deliver")
def deliver(path: str) -> Response:
    """Take in a file, or say what would become of it; either way, show the outcome."""
    dataset = _owned(path)
    form = request.form
    try:
        with received(form.get("format") or None) as file:
            if "judge" in form:
                return _upload(path, _intake().judge(dataset, file))
            mode = {"increment": True, "snapshot": False}.get(form.get("mode", ""))
            again = "again" in form
            outcome = _intake().submit(dataset, file, actor=me().name, increment=mode, again=again)
            return _upload(path, outcome)
    except Forbidden:
        raise
    except InputError as error:
        return _upload(path, error=error)


def _upload(path: str, outcome: Outcome | None = None, error: InputError | None = None) -> Response:
    page = render_template(
        "quarantine/deliver.html",
        dataset=dataset_pages.told(path),
        outcome=outcome,
        faults=error.faults if error else [],
        formats=FORMATS,
        suffixes=",".join(SUFFIXES),
        limits={"csv": STREAMED >> 20, "other": WHOLE >> 20},
        judged="judge" in request.form,
    )
    return make_response(page, status_of(error) if error else 200)


def _form(
    path: str,
    dataset: Dataset,
    found: Quarantined,
    *,
    typed: dict[str, str] | None = None,
    faults: list[Fault] | None = None,
) -> Response:
    cells = mending.cells(_intake(), dataset, found)
    page = render_template(
        "quarantine/record.html",
        dataset=dataset_pages.told(path),
        name=found.iri.value.rpartition("/")[2],
        found=found.rejected,
        cells=cells,
        others=mending.others(cells, found),
        typed=typed,
        faults=faults or [],
        may=_may(dataset),
        longest=LONGEST,
    )
    return make_response(page, 200 if typed is None and not faults else 422)


def _files(dataset: Dataset) -> list[dict[str, Any]]:
    """Return where the quarantined records of the newest files have gone: the numbers of a file add up."""
    store, all_ = desk().workspace.store, _intake().deliveries(dataset)
    waiting = Counter(one.delivery for one in _intake().quarantined(dataset))
    settled = Counter(one.delivery for one, _, _ in quarantine.dismissed(store, dataset))
    rows = []
    for file in [one for one in all_ if not one.mends][:FILES]:
        own = quarantine.prefix(dataset, file.iri)
        mended = sum(1 for one in all_ if one.mends and one.mends.value.startswith(own))
        here = waiting[file.iri] + settled[file.iri] + mended
        replaced = file.quarantined - here
        row = {"waiting": waiting[file.iri], "mended": mended, "dismissed": settled[file.iri]}
        rows.append({"file": file, **row, "replaced": replaced})
    return rows


def _may(dataset: Dataset) -> bool:
    try:
        _insist(dataset)
    except Forbidden:
        return False
    return True


def _insist(dataset: Dataset) -> None:
    allowed("submit", dataset.graph)


def _owned(path: str) -> Dataset:
    """Return the dataset at *path*, which the reader may deliver and whose quarantine he may see."""
    dataset = _dataset(path)
    _insist(dataset)
    return dataset


def _seen(path: str) -> Dataset:
    """Return the dataset at *path*; that the reader looks at its quarantine is recorded."""
    dataset = _dataset(path)
    look_into_quarantine(dataset)
    return dataset


def _dataset(path: str) -> Dataset:
    return _intake().datasets.find(path)


def _intake() -> Intake:
    return desk().workspace.intake
