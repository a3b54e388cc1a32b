"""The SPARQL 1.1 Graph Store HTTP Protocol (W3C Recommendation, 2013) at ``/graphs``.

A graph is named by ``?graph=<IRI>``, by ``?default``, or by the address itself (``/graphs/…``, direct
identification). Who may not see a graph gets the same 404 as for one that is not there. Uploads are parsed in
a process apart (:mod:`kb.store.writing`); downloads come from a frozen copy that holds only what the reader
may see. ``GET /graphs``, which the protocol leaves open, gives all of that copy as N-Quads or TriG.

A download has a strong ``ETag``, so it can be taken in pieces (``Range`` with ``If-Range``: the pieces are of
one state or it begins anew), asked for again at no cost (``If-None-Match``), and written back only if nobody
else did meanwhile (``If-Match``; RFC 9110).
"""

from __future__ import annotations

import hashlib
import secrets
import tempfile
import time
from collections.abc import Callable
from typing import IO, cast

import pyoxigraph
from flask import Blueprint, Response, request, send_file, url_for
from pyoxigraph import NamedNode, Quad, RdfFormat, Triple

from kb.access.trail import EXPORT, READ
from kb.errors import InputError, NotFound, QueryStopped, Text, XiezhiError
from kb.namespaces import PREFIXES, RDF_TYPE, graph
from kb.store import formats
from kb.store.protocol import Change
from kb.store.turns import Turns
from kb.store.workers import Service
from kb.store.writing import DEFAULT, PARSED, Writes
from webapp.access import gatekeeper, me, requires
from webapp.desk import desk

LARGEST = 64 << 20
"""The most bytes of an upload."""
EMPTY = NamedNode("http://www.w3.org/ns/sparql-service-description#Graph")
"""The class of a graph that exists although it is empty: the store itself knows only graphs with quads."""
STATE = graph("state")
LONGEST, WAIT = 300.0, 5.0
"""Seconds that a download may take to be written down, and that one waits for another of the same reader."""
METHODS = ["GET", "PUT", "POST", "DELETE"]  # Flask adds HEAD and OPTIONS
blueprint = Blueprint("graphs", __name__, url_prefix="/graphs")
_turns = Turns(running=1, waiting=8)


@blueprint.before_request
def allow_large_uploads() -> None:
    """Give a graph more room than a report."""
    request.max_content_length = LARGEST
    request.max_form_memory_size = LARGEST


@blueprint.route("", methods=METHODS)
@blueprint.route("/<path:path>", methods=METHODS)
def store(path: str | None = None) -> Response:
    """Read, replace, extend or delete a graph."""
    name = _named(path)
    match request.method:
        case "PUT":
            return _put(_required(name))
        case "POST":
            return _post(name)
        case "DELETE":
            return _delete(_required(name))
        case _:
            return _get_all() if name is None else _get(name)


# --- reading -----------------------------------------------------------------------------------


def _get(name: NamedNode) -> Response:
    media = formats.pick(request.headers.get("Accept", ""), formats.GRAPHS, Text("图", "a graph"))
    if not me().sees(name) or not _exists(name):
        raise _unknown(name)
    compartment = me().policy.compartment(name)
    if compartment is not None and compartment.restricted:
        gatekeeper().trail.record(me().name, READ, f"graph {name.value}")
    elif not me().is_visitor:
        gatekeeper().trail.record(me().name, EXPORT, f"graph {name.value}")
    return _download(media, formats.GRAPHS[media], name)


def _get_all() -> Response:
    """Everything that the reader may see."""
    media = formats.pick(request.headers.get("Accept", ""), formats.DATASETS, Text("全部图", "all graphs"))
    if not me().is_visitor:
        gatekeeper().trail.record(me().name, READ if me().reads_restricted else EXPORT, "all graphs")
    return _download(media, formats.DATASETS[media])


def _download(media: str, form: RdfFormat, name: NamedNode | None = None) -> Response:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the response
    try:
        with _turns.of(me().name, WAIT):
            tag = _dump(file, form, name)
    except TimeoutError:
        raise _busy() from None
    size = file.tell()
    file.seek(0)
    response = send_file(file, mimetype=media, etag=tag)
    response.content_length = size
    response.make_conditional(request, accept_ranges=True, complete_length=size)
    if media.startswith("text/") and response.status_code != 304:
        response.headers["Content-Type"] = f"{media}; charset=utf-8"
    response.headers["Cache-Control"] = "no-store"  # the tag is for programs that keep what they fetched
    response.vary.add("Accept")
    return response


class _Tagged:
    """A file that takes the hash of what is written to it, and takes nothing after :data:`LONGEST`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._until = file, time.monotonic() + LONGEST
        self.hash = hashlib.blake2b(digest_size=16)

    def write(self, data: bytes) -> int:
        if time.monotonic() > self._until:
            raise _busy()
        self.hash.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def _dump(file: IO[bytes], form: RdfFormat, name: NamedNode | None) -> str:
    """Write the graph *name*, or all graphs that the reader may see, into *file*; return the entity tag."""
    target = _Tagged(file)
    checkpoint, release = _service().views.acquire(me())
    try:
        frozen = pyoxigraph.Store.read_only(str(checkpoint))
        frozen.dump(cast(IO[bytes], target), form, from_graph=name, prefixes=PREFIXES)
    finally:
        release()
    return target.hash.hexdigest()


# --- writing -----------------------------------------------------------------------------------


@requires("update")
def _put(name: NamedNode) -> Response:
    existed, triples = _exists(name), _uploaded(name)
    _writes().put(name, triples, me(), _condition(name))
    _mark_empty(name, empty=not triples)
    return Response(status=204 if existed else 201)


@requires("update")
def _post(name: NamedNode | None) -> Response:
    if name is None:  # to the store itself: it chooses the name
        name = NamedNode(url_for("graphs.store", path=secrets.token_hex(8), _external=True))
        _put(name)
        return Response(status=201, headers={"Location": name.value})
    existed = _exists(name)
    triples = _uploaded(name)
    _writes().post(name, triples, me(), _condition(name))
    if not existed and not triples:
        _mark_empty(name, empty=True)
    return Response(status=204 if existed else 201)


@requires("update")
def _delete(name: NamedNode) -> Response:
    if not me().sees(name) or not _exists(name):
        raise _unknown(name)
    _writes().put(name, [], me(), _condition(name))
    _mark_empty(name, empty=False)
    return Response(status=204)


def _condition(name: NamedNode) -> Callable[[], None]:
    """Return what insists, in the moment of writing, on the request's ``If-Match`` and ``If-None-Match``."""
    wanted, unwanted = request.if_match, request.if_none_match

    def check() -> None:
        if not wanted and not unwanted:
            return
        tags = _tags(name)
        # Weakly: the tag of a packed answer is weak, but stands for the same bytes once it is unpacked.
        known = bool(tags) and (wanted.star_tag or any(map(wanted.contains_weak, tags)))
        clash = bool(tags) and (unwanted.star_tag or any(map(unwanted.contains_weak, tags)))
        if (wanted and not known) or clash:
            raise InputError.of(
                "graph.changed",
                "图已不是请求所说的样子；什么都没有改",
                "the graph is no longer what the request says; nothing was changed",
                where=name.value,
                repair=("重新下载，合并后再提交", "fetch it again, merge, and send it once more"),
            )

    return check


def _tags(name: NamedNode) -> list[str]:
    """Return the entity tags of the graph in all formats; none where there is no such graph."""
    if not me().sees(name) or not _exists(name):
        return []
    tags = []
    for form in formats.GRAPHS.values():
        with tempfile.TemporaryFile() as file:
            tags.append(_dump(file, form, name))
    return tags


# --- what both need ----------------------------------------------------------------------------


def _named(path: str | None) -> NamedNode | None:
    """Return the graph that the request names."""
    if path is not None:
        return NamedNode(request.base_url)
    if "default" in request.args:
        return DEFAULT
    given = request.args.getlist("graph")
    if not given:
        return None
    try:
        if len(given) == 1:
            return NamedNode(given[0])
    except ValueError:
        pass
    raise InputError.of(
        "graph.name", f"不是绝对 IRI：{given[0]}", f"not one absolute IRI: {given[0]}", where="graph"
    )


def _required(name: NamedNode | None) -> NamedNode:
    if name is None:
        raise InputError.of(
            "graph.name",
            "没有说明是哪个图",
            "the request names no graph",
            repair=("用 ?graph=IRI、?default 或 /graphs/路径", "say ?graph=IRI, ?default, or /graphs/PATH"),
        )
    return name


def _unknown(name: NamedNode) -> XiezhiError:
    return NotFound.of("graph.unknown", "没有这个图", "there is no such graph", where=name.value)


def _uploaded(name: NamedNode) -> list[Triple]:
    """Return the triples of the request's body, or of all files of a form."""
    if request.mimetype == "multipart/form-data":
        files = [(file.read(), file.mimetype) for file in request.files.values()]
    else:
        files = [(request.get_data(), request.mimetype or next(iter(PARSED)))]
    writes = _writes()
    return [triple for body, media in files for triple in writes.parse(body, media, name.value)]


def _exists(name: NamedNode) -> bool:
    store = desk().workspace.store
    return (
        next(store.match(None, None, None, name), None) is not None
        or next(store.match(name, RDF_TYPE, EMPTY, STATE), None) is not None
    )


def _mark_empty(name: NamedNode, *, empty: bool) -> None:
    """Remember that a graph exists although it has no quads, or that it no longer does."""
    mark = Quad(name, RDF_TYPE, EMPTY, STATE)
    store = desk().workspace.store
    if empty != (next(store.match(name, RDF_TYPE, EMPTY, STATE), None) is not None):
        change = Change([mark]) if empty else Change((), [mark])
        store.commit(change, actor=me().name, action="graph put", reason=name.value)


def _busy() -> XiezhiError:
    return QueryStopped.of(
        "query.busy",
        "下载太多或太大，暂时无法完成",
        "there are too many downloads, or this one is too large",
        repair=("稍后再试，或逐图下载", "try again in a moment, or take one graph after the other"),
    )


def _service() -> Service:
    service = desk().sparql
    if service is None:
        raise QueryStopped.of("query.off", "查询服务未启动", "the query service is not running")
    return service


def _writes() -> Writes:
    writes = desk().writes
    if writes is None:
        raise QueryStopped.of("query.off", "更新服务未启动", "the update service is not running")
    return writes
