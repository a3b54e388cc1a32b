"""The HTTP API of datasets: list and declare them, hand in files, see what became of the files.

A file comes as the body itself, its format in ``Content-Type``, or as the part ``file`` of a form. Who hands
it in must be of the department that publishes the dataset; what is in quarantine shows only to who may read
that graph, and each reading of it is journalled. Pages of other sites cannot hand in anything: what they make
a browser send counts as a visitor's (:mod:`webapp.access`).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Blueprint, Response, abort, jsonify, request, url_for

from kb.errors import InputError
from kb.sharing import cells, quarantine
from kb.sharing.datasets import Dataset
from kb.sharing.incoming import Incoming
from kb.sharing.intake import Intake
from kb.sharing.reading import MEDIA_TYPES, STREAMED, SUFFIXES
from webapp import dataset_pages
from webapp.access import me, requires
from webapp.desk import desk
from webapp.i18n import language
from webapp.visibility import allowed, look_into_quarantine

MOST = 1_000
"""Records in quarantine, or deliveries, that one answer tells of."""
CSV = "text/csv"
TURTLE = "text/turtle"
MODES = {"snapshot": False, "increment": True}
blueprint = Blueprint("datasets_api", __name__, url_prefix="/api/datasets")


@blueprint.before_request
def allow_large_uploads() -> None:
    """Give a file more room than a report."""
    request.max_content_length = STREAMED


@blueprint.get("")
@requires("query")
def listed() -> Response:
    """Return the datasets that the sender may know of."""
    return jsonify({"datasets": dataset_pages.listed()})


@blueprint.get("/<path:path>")
@requires("query")
def show(path: str) -> Response:
    """Return all of one dataset that the sender may know."""
    return jsonify(dataset_pages.told(path))


@blueprint.post("")
@requires("administer")
def declare() -> tuple[Response, int]:
    """Enter declarations in Turtle, all or none: they say who may read and who may hand in."""
    if request.mimetype != TURTLE:
        abort(415, description=f"send {TURTLE}")
    found = _intake().declare(request.get_data(cache=False), actor=me().name)
    return jsonify({"datasets": [one.path for one in found]}), 201


@blueprint.get("/<path:path>/deliveries")
@requires("query")
def deliveries(path: str) -> Response:
    """Return the deliveries of a dataset, newest first."""
    found, (offset, limit) = _intake().deliveries(_dataset(path)), _page()
    shown = [one.as_json() for one in found[offset : offset + limit]]
    return jsonify({"total": len(found), "offset": offset, "deliveries": shown})


@blueprint.post("/<path:path>/deliveries")
def deliver(path: str) -> tuple[Response, int]:
    """Take in a file for a dataset; with ``judge=true`` say what would become of it and store nothing."""
    dataset = _dataset(path)
    allowed("submit", dataset.graph)
    mode = request.args.get("mode")
    if mode is not None and mode not in MODES:
        abort(400, description=f"mode: {', '.join(MODES)}")
    with received(request.args.get("format")) as file:
        if _flag("judge"):
            outcome = _intake().judge(dataset, file)
        else:
            outcome = _intake().submit(
                dataset,
                file,
                actor=me().name,
                increment=MODES[mode] if mode else None,
                again=_flag("again"),
            )
    response = jsonify(outcome.as_json())
    if outcome.delivery is None or outcome.duplicate:
        return response, 200
    response.headers["Location"] = url_for("datasets_api.deliveries", path=path)
    return response, 201


@blueprint.get("/<path:path>/quarantine")
def in_quarantine(path: str) -> Response:
    """Return the records of a dataset that broke their contract: JSON by the page, or all of them as CSV."""
    dataset = _dataset(path)
    look_into_quarantine(dataset)
    wanted = request.args.get("format") or request.accept_mimetypes.best_match(["application/json", CSV])
    if wanted in ("csv", CSV):
        found = (one.as_json() for one in _intake().quarantined(dataset))
        lines = cells.lines(quarantine.rows(found, language()))
        response = Response((line.encode() for line in lines), content_type=f"{CSV}; charset=utf-8")
        name = f"{dataset.slug}-quarantine.csv"
        response.headers.set("Content-Disposition", "attachment", filename=name)
    else:
        offset, limit = _page()
        records = [one.as_json() for one in _intake().quarantined(dataset, offset, limit)]
        total = _intake().in_quarantine(dataset)
        response = jsonify({"total": total, "offset": offset, "records": records})
    response.vary.add("Accept")
    return response


@blueprint.delete("/<path:path>/records")
def withdraw(path: str) -> Response:
    """Take all records of a dataset out of the store."""
    dataset = _dataset(path)
    allowed("submit", dataset.graph)
    gone = _intake().withdraw(dataset, actor=me().name, reason=request.args.get("reason", "")[:500])
    return jsonify({"removed": gone})


def _intake() -> Intake:
    return desk().workspace.intake


def _dataset(path: str) -> Dataset:
    return _intake().datasets.find(path)


@contextmanager
def received(format_: str | None) -> Iterator[Incoming]:
    """Yield the file that was sent, on disk; without *format_*, its type or its name tells the format."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        abort(415, description="send it as it is, without Content-Encoding")
    with tempfile.TemporaryDirectory(prefix="xiezhi-delivery-") as folder:
        target = Path(folder) / "file"
        if request.mimetype == "multipart/form-data":
            part = request.files.get("file")
            if part is None or not part.filename:
                raise InputError.of(
                    "delivery.no-file",
                    "表单中没有文件 file",
                    "the form has no part called file",
                    where="file",
                )
            part.save(target)
            name = part.filename or ""
            if format_ is None and Path(name).suffix.lower() not in SUFFIXES:
                format_ = MEDIA_TYPES.get(part.mimetype)
        else:
            with target.open("wb") as output:
                shutil.copyfileobj(request.stream, output, 1 << 20)
            format_ = format_ or MEDIA_TYPES.get(request.mimetype)
            name = request.args.get("name") or f"delivery.{format_ or request.mimetype}"
        yield Incoming.of(target, name, format_)


def _flag(name: str) -> bool:
    return request.args.get(name, "").lower() in ("true", "1", "yes")


def _page() -> tuple[int, int]:
    offset, limit = request.args.get("offset", 0, type=int), request.args.get("limit", 100, type=int)
    if offset < 0 or not 1 <= limit <= MOST:
        abort(400, description=f"offset: 0 or more; limit: 1 to {MOST}")
    return offset, limit
