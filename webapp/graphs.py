"""The SPARQL 1.1 Graph Store HTTP Protocol (W3C Recommendation, 2013) at ``/graphs``.

A graph is named by ``?graph=<IRI>``, by ``?default``, or by the address itself (``/graphs/…``, direct
identification). Who may not see a graph gets the same 404 as for one that is not there. Uploads are parsed in
a process apart (:mod:`kb.store.writing`); downloads come from a frozen copy that holds only what the reader
may see.
"""

from __future__ import annotations

import secrets
import tempfile

import pyoxigraph
from flask import Blueprint, Response, abort, request, send_file, url_for
from pyoxigraph import NamedNode, Quad, Triple

from kb.access.trail import EXPORT, READ
from kb.errors import InputError
from kb.namespaces import PREFIXES, RDF_TYPE, graph
from kb.store import formats
from kb.store.gate import Form
from kb.store.protocol import Change
from kb.store.writing import DEFAULT, PARSED, Writes
from webapp.access import gatekeeper, me, requires
from webapp.desk import desk

LARGEST = 64 << 20
"""The most bytes of an upload."""
EMPTY = NamedNode("http://www.w3.org/ns/sparql-service-description#Graph")
"""The class of a graph that exists although it is empty: the store itself knows only graphs with quads."""
STATE = graph("state")
METHODS = ["GET", "PUT", "POST", "DELETE"]  # Flask adds HEAD and OPTIONS
blueprint = Blueprint("graphs", __name__, url_prefix="/graphs")


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
            return _get(_required(name))


def _get(name: NamedNode) -> Response:
    media = formats.choose(request.headers.get("Accept", ""), Form.CONSTRUCT)
    if not me().sees(name) or not _exists(name):
        abort(404)
    compartment = me().policy.compartment(name)
    if compartment is not None and compartment.restricted:
        gatekeeper().trail.record(me().name, READ, f"graph {name.value}")
    elif not me().is_visitor:
        gatekeeper().trail.record(me().name, EXPORT, f"graph {name.value}")
    service = desk().sparql
    if service is None:
        abort(503)
    checkpoint, release = service.views.acquire(me())
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the response
    try:
        frozen = pyoxigraph.Store.read_only(str(checkpoint))
        frozen.dump(file, formats.GRAPHS[media], from_graph=name, prefixes=PREFIXES)
    finally:
        release()
    file.seek(0)
    response = send_file(file, mimetype=media)
    response.headers["Content-Type"] = f"{media}; charset=utf-8" if media.startswith("text/") else media
    response.vary.add("Accept")
    return response


@requires("update")
def _put(name: NamedNode) -> Response:
    existed, triples = _exists(name), _uploaded(name)
    _writes().put(name, triples, me())
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
    _writes().post(name, triples, me())
    if not existed and not triples:
        _mark_empty(name, empty=True)
    return Response(status=204 if existed else 201)


@requires("update")
def _delete(name: NamedNode) -> Response:
    if not me().sees(name) or not _exists(name):
        abort(404)
    _writes().put(name, [], me())
    _mark_empty(name, empty=False)
    return Response(status=204)


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
        abort(400, description="name the graph: ?graph=IRI, ?default, or /graphs/PATH")
    return name


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


def _writes() -> Writes:
    writes = desk().writes
    if writes is None:
        abort(503)
    return writes
