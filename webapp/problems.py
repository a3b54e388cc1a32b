"""Errors as answers: RFC 9457 problem details for programs, a readable page for people."""

from __future__ import annotations

import logging
from typing import Any, cast

from flask import Flask, Response, json, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from kb.errors import (
    Fault,
    Forbidden,
    InputError,
    NotFound,
    QueryRefused,
    QueryStopped,
    ReportRejected,
    StoreError,
    Text,
    XiezhiError,
)
from kb.flow import Conflict, FlowRefused
from kb.inference.bounds import InferenceStopped
from kb.namespaces import ROOT
from kb.sharing.errors import DeliveryBusy, DeliveryRefused
from kb.store.writing import FileRefused
from webapp.access import gatekeeper, me
from webapp.live import TooManyStreams

MEDIA_TYPE = "application/problem+json"
PROGRAMS = ("/api/", "/events", "/sparql", "/graphs", "/catalogue", "/download/", "/.well-known/")
"""What lies below these paths is called by programs."""

BY_CODE = {
    "report.too-large": 413,
    "query.too-large": 413,
    "query.service": 403,
    "query.service-address": 403,
    "query.service-store": 403,
    "query.load": 403,
    "query.update": 403,
    "delivery.too-large": 413,
    "cap.size": 413,
    "delivery.format": 415,
    "file.media-type": 415,
    "file.syntax": 400,
    "access.login": 403,
    "oidc.unreachable": 502,
    "query.media-type": 415,
    "query.not-acceptable": 406,
    "query.unwritable": 406,
    "query.timeout": 504,
    "store.refused": 422,
    "graph.name": 400,
    "graph.changed": 412,
    "flow.party": 403,
    "risk.decided": 409,
    "flow.reason": 422,
    "flow.value": 422,
}
"""Statuses of single faults; the class of the error decides for the others."""

BY_CLASS: list[tuple[type[XiezhiError], int, Text]] = [
    (Conflict, 409, Text("别人已先行处理", "Somebody else was faster")),
    (FlowRefused, 409, Text("现在不能这样做", "Not possible now")),
    (ReportRejected, 422, Text("报告未被接受", "Report rejected")),
    (Forbidden, 403, Text("无权查看", "Not allowed")),
    (NotFound, 404, Text("未找到", "Not found")),
    (FileRefused, 422, Text("文件被拒绝", "File refused")),
    (DeliveryRefused, 422, Text("文件被拒绝", "File refused")),
    (DeliveryBusy, 503, Text("正在处理的文件太多", "Too many files at once")),
    (TooManyStreams, 503, Text("实时连接已满", "Too many live connections")),
    (QueryRefused, 400, Text("查询被拒绝", "Query refused")),
    (QueryStopped, 503, Text("查询已停止", "Query stopped")),
    (InferenceStopped, 503, Text("推理已停止", "Inference stopped")),
    (InputError, 422, Text("输入有误", "Input rejected")),
    (StoreError, 503, Text("存储不可用", "Store unavailable")),
    (XiezhiError, 500, Text("系统错误", "Internal error")),
]
HTTP_TITLES = {
    400: Text("请求有误", "Bad request"),
    401: Text("令牌无效", "Invalid token"),
    404: Text("未找到", "Not found"),
    405: Text("不支持该方法", "Method not allowed"),
    406: Text("没有所要求的格式", "Not acceptable"),
    413: Text("内容过大", "Content too large"),
    415: Text("不支持该内容类型", "Unsupported media type"),
    500: Text("系统内部错误", "Internal error"),
    503: Text("服务不可用", "Service unavailable"),
}
_log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Answer every error of *app* here."""
    app.register_error_handler(XiezhiError, answer)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def answer(error: XiezhiError) -> Response:
    """Return the answer to a request that *error* ended."""
    status, title = status_of(error), title_of(error)
    if status >= 500 and not isinstance(error, TooManyStreams):  # pages ask again and again
        _log.error("%s %s: %s", request.method, request.path, error)
    if isinstance(error, Forbidden):
        return _refused(error, title)
    return _respond(status, title, error.faults)


def _refused(error: Forbidden, title: Text) -> Response:
    """Write into the journal that somebody was refused; ask whoever is not logged in to do so."""
    reader = me()
    told = f"{request.method} {request.path}: {', '.join(fault.code for fault in error.faults)}"
    gatekeeper().trail.refused(reader.name, told, stranger=reader.is_visitor)
    if not reader.is_visitor:
        return _respond(403, title, error.faults)
    if _is_page() and request.method == "GET":
        return cast(Response, redirect(url_for("accounts.form", next=request.full_path.rstrip("?"))))
    response = _respond(401, Text("需要登录", "Log in first"), error.faults)
    response.headers["WWW-Authenticate"] = 'Bearer realm="Xiezhi"'
    return response


def status_of(error: XiezhiError) -> int:
    """Return the HTTP status for *error*."""
    for fault in error.faults:
        if fault.code in BY_CODE:
            return BY_CODE[fault.code]
    return next(status for kind, status, _ in BY_CLASS if isinstance(error, kind))


def title_of(error: XiezhiError) -> Text:
    """Return in two words what *error* is."""
    return next(title for kind, _, title in BY_CLASS if isinstance(error, kind))


def both(text: Text | None) -> dict[str, str] | None:
    """Return *text* as JSON."""
    return None if text is None else {"zh": text.zh, "en": text.en}


def _http(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]  # a redirect of the router
    status = error.code
    title = HTTP_TITLES.get(status, Text(error.name, error.name))
    response = _respond(status, title, [Fault(f"http.{status}", _http_message(status, error))])
    for name, value in error.get_headers():
        if name.lower() in ("allow", "www-authenticate"):
            response.headers[name] = value
    return response


def _http_message(status: int, error: HTTPException) -> Text:
    match status:
        case 404:
            return Text("没有这个页面或事件", "there is no such page or incident")
        case 401:
            return Text("令牌不对、已过期或已吊销", "the token is wrong, expired or revoked")
        case 413:
            return Text("请求内容超过上限", "the request is larger than allowed")
        case 415:
            return Text("不支持这种内容类型或压缩方式", "the content's type or encoding is not supported")
        case 405:
            return Text("此地址不支持该方法", "this address does not support the method")
        case _:
            return Text("服务器不接受此请求", error.description or error.name)


def _unexpected(error: Exception) -> Response:
    _log.exception("%s %s", request.method, request.path, exc_info=error)
    text = Text("系统出错，已记入日志；请重试", "something went wrong and was logged; please try again")
    return _respond(500, HTTP_TITLES[500], [Fault("http.500", text)])


def _respond(status: int, title: Text, faults: list[Fault]) -> Response:
    if not _is_page():
        return _problem(status, title, faults)
    html = render_template("pages/error.html", status=status, title=title, faults=faults)
    return Response(html, status, content_type="text/html; charset=utf-8")


def _is_page() -> bool:
    """Whether a person is to read the answer."""
    return not request.path.startswith(PROGRAMS) or "text/html" in request.accept_mimetypes.values()


def _problem(status: int, title: Text, faults: list[Fault]) -> Response:
    code = faults[0].code if faults else f"http.{status}"
    body: dict[str, Any] = {
        "type": f"{ROOT}problem/{code}",
        "title": f"{title.en} / {title.zh}",
        "status": status,
        "detail": " ".join(f"{fault.render('en')} / {fault.render('zh')}" for fault in faults),
        "faults": [
            {
                "code": fault.code,
                "where": fault.where,
                "message": both(fault.message),
                "repair": both(fault.repair),
            }
            for fault in faults
        ],
    }
    response = Response(json.dumps(body), status, content_type=MEDIA_TYPE)
    if status == 503:
        response.headers["Retry-After"] = "2"
    return response
