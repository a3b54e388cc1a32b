"""The catalogue for harvesters, and the datasets to download.

``/catalogue`` in DCAT 3, page by page: the next one is named in the graph (Hydra) and in the header ``Link``.
``/.well-known/void`` describes the whole in VoID. ``/download/<dataset>.<format>`` hands out records to those
who may see them, and the journal says to whom.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from threading import BoundedSemaphore
from typing import IO

from flask import Blueprint, Response, abort, render_template, request, send_file, url_for
from werkzeug.http import generate_etag

from kb.access.trail import EXPORT, READ
from kb.catalogue import download
from kb.catalogue.catalogue import LARGEST, SERIALIZED, SIZE, Page, serialize
from kb.catalogue.dcat import FORMATS, Addresses
from kb.catalogue.shelf import Entry
from kb.errors import Forbidden
from webapp.access import gatekeeper, me
from webapp.desk import desk
from webapp.visibility import visible_to

HTML = "text/html"
ENDINGS = {"ttl": "text/turtle", "jsonld": "application/ld+json", "rdf": "application/rdf+xml", "html": HTML}
"""What ``?format=`` may be, for links that a browser follows."""
FILES = {"ttl": "Turtle", "jsonld": "JSON-LD", "rdf": "RDF/XML"}
AT_ONCE = 4
"""Downloads that are prepared at the same time."""
PATIENCE = 20.0
"""Seconds that one more waits."""
blueprint = Blueprint("catalogue", __name__)
_places = BoundedSemaphore(AT_ONCE)


@blueprint.get("/catalogue")
def harvest() -> Response:
    """Return a page of the catalogue in the format that is asked for."""
    media = _chosen([*SERIALIZED, HTML])
    visible, addresses = visible_to(request), _addresses()
    size = request.args.get("size", SIZE, type=int)
    if not 1 <= size <= LARGEST:
        abort(400, description=f"size: 1 to {LARGEST}")
    desk().workspace.shared.quality.refresh()
    catalogue = desk().datasets.catalogue
    page = catalogue.page(visible, request.args.get("page", 1, type=int), size)
    if media == HTML:
        response = Response(render_template("datasets/harvest.html", page=page, formats=FILES))
    else:
        now = datetime.now(UTC)
        response = _graph(serialize(catalogue.triples(page, visible, addresses, now), media), media)
    for name, address in _neighbours(page, addresses).items():
        response.headers.add("Link", f'<{address}>; rel="{name}"')
    return response


@blueprint.get("/catalogue/shapes")
def shapes() -> Response:
    """Return the SHACL shapes that the catalogue keeps."""
    file = desk().workspace.knowledge.ontology / "shapes" / "catalogue.ttl"
    return Response(file.read_bytes(), content_type="text/turtle; charset=utf-8")


@blueprint.get("/.well-known/void")
def void() -> Response:
    """Return the VoID description of everything that the reader may query (VoID, section 7.2)."""
    media = _chosen(list(SERIALIZED))
    desk().workspace.shared.quality.refresh()
    triples = desk().datasets.catalogue.void(visible_to(request), _addresses())
    return _graph(serialize(triples, media), media)


@blueprint.get("/download/<path:path>.<ending>")
def records(path: str, ending: str) -> Response:
    """Return the records of a dataset, all of them or a page (``?offset=&limit=``)."""
    if ending not in FORMATS:
        abort(404)
    visible = visible_to(request)
    entry = desk().datasets.catalogue.entry(path, visible)
    if not visible(entry.graph):
        raise Forbidden.of(
            "access.dataset",
            f"没有权限下载数据集 {path}",
            f"not allowed to download the dataset {path}",
            where=path,
            repair=("联系其数据管理员", "ask its steward"),
        )
    part = download.Page(request.args.get("offset", 0, type=int), request.args.get("limit", type=int))
    if part.offset < 0 or (part.limit is not None and part.limit < 1):
        abort(400, description="offset: from 0; limit: from 1")
    media = FORMATS[ending][0]
    if request.method == "HEAD":  # nothing is handed out
        return Response(content_type=_typed(media))
    compartment = me().policy.compartment(entry.graph)
    restricted = compartment is not None and compartment.restricted
    window = "" if part.whole else f" from {part.offset}, {part.limit}"
    told = f"download dataset {path} as {ending}{window}"
    gatekeeper().trail.record(me().name, READ if restricted else EXPORT, told)
    file, more = _written(entry, ending, part)
    response = send_file(file, media, as_attachment=True, download_name=f"{path.replace('/', '-')}.{ending}")
    response.headers["Content-Type"] = _typed(media)
    if more and part.limit is not None:
        following = f"{request.base_url}?offset={part.offset + part.limit}&limit={part.limit}"
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response


def _written(entry: Entry, ending: str, part: download.Page) -> tuple[IO[bytes], bool]:
    """Return a file with the records, and whether others follow."""
    workspace = desk().workspace
    if not _places.acquire(timeout=PATIENCE):
        abort(503)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the response
    try:
        shelf = workspace.shared.shelf
        more = download.write(workspace.store, shelf, entry, ending, part, file)
    except BaseException:
        file.close()
        raise
    finally:
        _places.release()
    file.seek(0)
    return file, more


def _chosen(offers: list[str]) -> str:
    """Return the media type of *offers* that the request wants most; the first, if it does not mind."""
    wanted = ENDINGS.get(request.args.get("format", ""))
    if wanted in offers:
        return wanted
    if not request.accept_mimetypes:
        return offers[0]
    best = request.accept_mimetypes.best_match(offers)
    if best is None:
        abort(406, description=f"choose one of: {', '.join(offers)}")
    return best


def _graph(body: bytes, media: str) -> Response:
    """Return *body* so that whoever has it already is told so."""
    response = Response(body, content_type=_typed(media))
    response.vary.add("Accept")
    response.set_etag(generate_etag(body))
    # A harvester may keep it, and asks whether it is still so; what one may see is nobody else's.
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


def _neighbours(page: Page, addresses: Addresses) -> dict[str, str]:
    return {name: addresses.catalogue(number, page.size) for name, number in page.links().items()}


def _addresses() -> Addresses:
    return Addresses(url_for("pages.start", _external=True))


def _typed(media: str) -> str:
    return f"{media}; charset=utf-8" if media.startswith("text/") else media
