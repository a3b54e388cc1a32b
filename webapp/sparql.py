"""The read-only half of the SPARQL 1.1 Protocol (W3C Recommendation, 2013) at ``/sparql``.

Programs get results in the format that they ask for; browsers get a page with a form and a table. The
dataset is the server's: every graph is named, the default graph is their union.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pyoxigraph
from flask import Blueprint, Response, request, url_for
from pyoxigraph import RdfFormat

from kb.errors import QueryRefused, QueryStopped, XiezhiError
from kb.namespaces import PREFIXES
from kb.store import formats
from kb.store.gate import SIZE
from kb.store.workers import Answer
from webapp import sparql_page
from webapp.desk import desk
from webapp.problems import answer as problem

QUERY, UPDATE, FORM = (
    "application/sparql-query",
    "application/sparql-update",
    "application/x-www-form-urlencoded",
)
ENVELOPE = 3 * SIZE + 4096
"""A query may triple in size when it is URL-encoded; the gate measures what it decodes to."""
TRUNCATED = "Xiezhi-Truncated"
blueprint = Blueprint("sparql", __name__, url_prefix="/sparql")


@blueprint.before_request
def allow_long_queries() -> None:
    """Give the encoded query more room than a report."""
    request.max_content_length = ENVELOPE
    request.max_form_memory_size = ENVELOPE


@blueprint.route("", methods=["GET", "POST"])
def endpoint() -> Response:
    """Answer a query; without one, describe the service."""
    page = "text/html" in request.accept_mimetypes.values()
    try:
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


def _query() -> str | None:
    """Return the query of the request in any of the three ways of the protocol."""
    values, kind = request.args, request.mimetype
    if request.method == "POST":
        if kind == UPDATE:
            raise _update_refused()
        if kind == QUERY:
            return _decoded(request.get_data())
        if kind != FORM:
            raise _refused(
                "media-type",
                "POST 须为 application/sparql-query 或 application/x-www-form-urlencoded",
                f"a POST must be {QUERY} or {FORM}",
            )
        values = request.form
    if "update" in values:
        raise _update_refused()
    if {"default-graph-uri", "named-graph-uri"} & {*request.args, *values}:
        raise _refused(
            "dataset", "数据集由服务器决定，不能指定", "the server decides the dataset; it cannot be chosen",
            ("改用 GRAPH <图> { … }", "use GRAPH <graph> { … } instead"),
        )  # fmt: skip
    queries = values.getlist("query")
    if len(queries) > 1:
        raise _refused(
            "several", "一次只能有一个 query 参数", "there must be one parameter query, not several"
        )
    if request.method == "POST" and not queries:
        raise _refused("missing", "缺少 query 参数", "the parameter query is missing")
    return queries[0] if queries else None


def _run(query: str, accept: str) -> Answer:
    service = desk().sparql
    if service is None:
        raise QueryStopped.of("query.off", "查询服务未启动", "the query service is not running")
    return service.select(query, accept)


def _description() -> Response:
    """The service description (W3C Recommendation, 2013) in the RDF format that is asked for."""
    media = request.accept_mimetypes.best_match(list(formats.GRAPHS), default="text/turtle")
    address = url_for("sparql.endpoint", _external=True)
    text = _template().replace("{endpoint}", address)
    triples = pyoxigraph.parse(text.encode(), format=RdfFormat.TURTLE)
    prefixes = {**PREFIXES, "sd": "http://www.w3.org/ns/sparql-service-description#"}
    body = pyoxigraph.serialize(triples, format=formats.GRAPHS[media], prefixes=prefixes)
    response = Response(body, content_type=f"{media}; charset=utf-8")
    response.vary.add("Accept")
    return response


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise _refused("encoding", "查询不是 UTF-8 文本", "the query is not UTF-8") from error


def _update_refused() -> XiezhiError:
    return _refused(
        "update", "此处只读，不接受更新", "this service is for reading; it takes no updates",
        ("通过接口提交更改", "submit changes through the API"),
    )  # fmt: skip


def _refused(code: str, zh: str, en: str, repair: tuple[str, str] | None = None) -> XiezhiError:
    return QueryRefused.of(f"query.{code}", zh, en, repair=repair)


def _with_charset(media: str) -> str:
    # XML and JSON name their encoding themselves; RFC 7111 and Turtle say UTF-8, old clients guess Latin-1.
    return f"{media}; charset=utf-8" if media.startswith("text/") else media


@cache
def _template() -> str:
    return (Path(__file__).parent / "service.ttl").read_text(encoding="utf-8")
