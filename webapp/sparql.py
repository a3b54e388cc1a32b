"""The SPARQL 1.1 Protocol (W3C Recommendation, 2013) at ``/sparql``: queries, and updates for those who may.

Programs get results in the format that they ask for; browsers get a page with a form and a table. Every graph
is named, and the default graph is the union of those that the reader may see, unless the request or the query
names its dataset. What is not visible does not exist.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pyoxigraph
from flask import Blueprint, Response, request, url_for
from pyoxigraph import NamedNode, Quad, RdfFormat
from werkzeug.datastructures import MultiDict

from kb.access.trail import FEDERATE, READ
from kb.errors import QueryRefused, QueryStopped, XiezhiError
from kb.namespaces import PREFIXES
from kb.store import formats
from kb.store.gate import SIZE
from kb.store.workers import Answer, Dataset
from webapp import sparql_page
from webapp.access import gatekeeper, me
from webapp.desk import desk
from webapp.problems import answer as problem

QUERY, UPDATE, FORM = (
    "application/sparql-query",
    "application/sparql-update",
    "application/x-www-form-urlencoded",
)
ENVELOPE = 3 * SIZE + 4096
"""A query may triple in size when it is URL-encoded; the gate measures what it decodes to."""
SD = "http://www.w3.org/ns/sparql-service-description#"
TRUNCATED = "Xiezhi-Truncated"
blueprint = Blueprint("sparql", __name__, url_prefix="/sparql")


@blueprint.before_request
def allow_long_queries() -> None:
    """Give the encoded query more room than a report."""
    request.max_content_length = ENVELOPE
    request.max_form_memory_size = ENVELOPE


@blueprint.route("", methods=["GET", "POST"])
def endpoint() -> Response:
    """Answer a query, or run an update; without either, describe the service."""
    page = "text/html" in request.accept_mimetypes.values()
    try:
        _require_utf8()
        update = _update()
        if update is not None:
            return _updated(update)
        query = _query()
        if query is None:
            return sparql_page.form() if page else _description()
        if page:
            return sparql_page.results(query, _run(query, sparql_page.ACCEPT))
        answer = _run(query, request.headers.get("Accept", ""))
    except XiezhiError as error:
        if page:
            return sparql_page.form(request.values.get("query", ""), error)
        return problem(error)
    response = Response(answer.body, content_type=_with_charset(answer.media_type))
    response.vary.add("Accept")
    if answer.truncated:
        response.headers[TRUNCATED] = "true"
    return response


def _require_utf8() -> None:
    """Insist that what is sent is UTF-8, where Flask would put in signs that say only that it was not."""
    encoded = request.get_data() if request.mimetype == FORM else b""
    for text in (request.query_string, encoded):
        _decoded(unquote_to_bytes(text.replace(b"+", b" ")))
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "us-ascii"):
        raise _not_utf8()


def _query() -> str | None:
    """Return the query of the request in any of the three ways of the protocol."""
    values, kind = request.args, request.mimetype
    if request.method == "POST":
        if kind == QUERY:
            return _decoded(request.get_data())
        if kind != FORM:
            raise _refused(
                "media-type",
                f"POST 须为 {QUERY}、{UPDATE} 或 {FORM}",
                f"a POST must be {QUERY}, {UPDATE} or {FORM}",
            )
        values = request.form
    query = _only(values, "query")
    if request.method == "POST" and query is None:
        raise _refused("missing", "缺少 query 参数", "the parameter query is missing")
    return query


def _update() -> str | None:
    """Return the update of the request; only a POST can have one."""
    if request.method == "POST" and request.mimetype == UPDATE:
        return _decoded(request.get_data())
    if "update" in request.args:
        raise _refused("update", "更新须用 POST 发送", "an update must be sent by POST")
    return _only(request.form, "update") if request.method == "POST" else None


def _only(values: MultiDict[str, str], name: str) -> str | None:
    """Return the one value of the parameter *name*, if it is there."""
    given = values.getlist(name)
    if len(given) > 1:
        raise _refused(
            "several", f"一次只能有一个 {name} 参数", f"there must be one parameter {name}, not several"
        )
    return given[0] if given else None


def _dataset(default: str, named: str) -> Dataset:
    """Return the graphs that the request names.

    In a form they may stand beside the query or in the address.
    """
    values = [*request.args.items(multi=True), *request.form.items(multi=True)]
    for name, iri in values:
        if name in (default, named) and not _is_iri(iri):
            raise _refused("iri", f"不是绝对 IRI：{iri}", f"not an absolute IRI: {iri}")
    return Dataset(
        [iri for name, iri in values if name == default], [iri for name, iri in values if name == named]
    )


def _is_iri(text: str) -> bool:
    try:
        pyoxigraph.NamedNode(text)
    except ValueError:
        return False
    return True


def _run(query: str, accept: str) -> Answer:
    service = desk().sparql
    if service is None:
        raise QueryStopped.of("query.off", "查询服务未启动", "the query service is not running")
    me().require("query")
    if me().reads_restricted:
        gatekeeper().trail.record(me().name, READ, query)
    dataset = _dataset("default-graph-uri", "named-graph-uri")
    return service.select(
        query,
        accept,
        reader=me(),
        dataset=dataset,
        base=_address(),
        asker=me().name,
        before_asking=lambda: _asks_others(query),
    )


def _updated(update: str) -> Response:
    me().require("update")
    writes = desk().writes
    if writes is None:
        raise QueryStopped.of("query.off", "更新服务未启动", "the update service is not running")
    dataset = _dataset("using-graph-uri", "using-named-graph-uri")
    writes.update(update, me(), dataset, _address(), before_asking=lambda: _asks_others(update))
    return Response(status=204)


def _asks_others(text: str) -> None:
    """Let only those send a question to other agencies who may; what is sent stands in the journal."""
    me().require("federate")
    gatekeeper().trail.record(me().name, FEDERATE, text)


def _address() -> str:
    """The IRI of the service; relative IRIs in queries and updates are relative to it."""
    return url_for("sparql.endpoint", _external=True)


def _description() -> Response:
    """The service description (W3C Recommendation, 2013) in the RDF format that is asked for."""
    media = request.accept_mimetypes.best_match(list(formats.GRAPHS), default="text/turtle")
    prefixes = {**PREFIXES, "sd": SD}
    body = pyoxigraph.serialize(described(), format=formats.GRAPHS[media], prefixes=prefixes)
    response = Response(body, content_type=f"{media}; charset=utf-8")
    response.vary.add("Accept")
    return response


def described() -> list[Quad]:
    """Return what the service description says of the service at its address."""
    address = _address()
    text = _template().replace("{endpoint}", address)
    triples = list(pyoxigraph.parse(text.encode(), format=RdfFormat.TURTLE))
    service = desk().sparql
    if service is not None and service.federation is not None:
        triples.append(
            Quad(NamedNode(address), NamedNode(SD + "feature"), NamedNode(SD + "BasicFederatedQuery"))
        )
    return triples


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise _not_utf8() from error


def _not_utf8() -> XiezhiError:
    return _refused("encoding", "查询不是 UTF-8 文本", "the query is not UTF-8")


def _refused(code: str, zh: str, en: str, repair: tuple[str, str] | None = None) -> XiezhiError:
    return QueryRefused.of(f"query.{code}", zh, en, repair=repair)


def _with_charset(media: str) -> str:
    # XML and JSON name their encoding themselves; RFC 7111 and Turtle say UTF-8, old clients guess Latin-1.
    return f"{media}; charset=utf-8" if media.startswith("text/") else media


@cache
def _template() -> str:
    return (Path(__file__).parent / "service.ttl").read_text(encoding="utf-8")
