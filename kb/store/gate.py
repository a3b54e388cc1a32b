"""The gate: which strangers' queries are run at all.

It reads tokens, not grammar: enough to count, and to spot keywords outside strings, IRIs and
comments. It tells honest people at once what to change. It is not what protects the server: a
query that slips through meets the deadline, the memory limit and the sandbox of a worker
(:mod:`kb.store.workers`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from kb.errors import QueryRefused, XiezhiError

SIZE = 64 * 1024
"""The longest query, in bytes of UTF-8."""

DEPTH = 64
"""How deep brackets may nest; deep in the hundreds, Oxigraph's parser overflows its stack."""

PATTERNS = 100
"""The most triple patterns, counted as ``.``, ``;``, ``,`` and ``{``: planning grows with them."""


TRIPLES = 5_000
"""The same of an update, whose data are patterns too."""


class Form(Enum):
    """What a query asks for; it decides the formats that its answer can have."""

    SELECT = "SELECT"
    ASK = "ASK"
    CONSTRUCT = "CONSTRUCT"
    DESCRIBE = "DESCRIBE"


@dataclass(frozen=True, slots=True)
class Gated:
    """A query that may be run: its *form*, and whether it *names* its *dataset* itself, by ``FROM``."""

    form: Form
    names_dataset: bool


# Strings, IRIs and comments first: they may hide keywords. Every quantifier that could run over
# the rest of the text is possessive or bounded by its own ending, so reading is linear whatever
# the text: an unclosed string, for one, reaches to its line's or the text's end.
TOKEN = re.compile(
    r'''
      (?: """ (?: [^"\\] | \\. | "(?!"") )*+ (?:""")?+
        | \'\'\' (?: [^'\\] | \\. | '(?!\'\') )*+ (?:\'\'\')?+
        | " (?: [^"\\\n\r] | \\. )*+ "?+
        | ' (?: [^'\\\n\r] | \\. )*+ '?+
        | < [^<>"{}|^`\\\x00-\x20]*+ >
        | \# [^\n\r]*+
        | [?$@] [\w\-]++
        | \s++ )
    | (?P<name> [\w.\-]*+ : (?: [\w.\-:%] | \\. )*+ )
    | (?P<words> [\w.\-]++ )
    | (?P<mark> [{}()\[\].;,] )
    | [^\w\s{}()\[\].;,"'<\#?$@:]++ | .
    ''',
    re.VERBOSE | re.DOTALL,
)
"""A token of SPARQL: group ``words`` is a bare word, ``name`` a prefixed name, ``mark`` punctuation."""
_FORMS = frozenset(Form.__members__)
_UPDATES = frozenset(
    ("INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH", "USING")
)
_CLOSING = {"{": "}", "(": ")", "[": "]"}


def check(text: str, *, service: bool = False) -> Gated:
    """Return what the query *text* is, or turn it away.

    :param service: let ``SERVICE`` through, for :mod:`kb.store.federation` to judge.

    :raises QueryRefused: ``query.too-large`` (HTTP 413); ``query.not-unicode``,
        ``query.too-deep``, ``query.too-many-patterns``, ``query.no-form`` (400);
        ``query.service``, ``query.update`` (403). Each says what to do instead.
    """
    _require_size(text)
    form: Form | None = None
    names_dataset = False
    for word in _words(text, PATTERNS):
        if word in _FORMS and form is None:
            form = Form[word]
        elif word == "SERVICE" and not service:
            raise _no_service()
        elif word in _UPDATES:
            raise _refused(
                "update",
                (f"不允许更新（{word}）：此处只读", f"updates ({word}) are not allowed: this is for reading"),
                ("改用 update 参数提交更新", "send updates with the parameter update"),
            )
        elif word == "FROM":
            names_dataset = True
    if form is None:
        raise _refused(
            "no-form",
            ("找不到 SELECT、ASK、CONSTRUCT 或 DESCRIBE", "there is no SELECT, ASK, CONSTRUCT or DESCRIBE"),
            ("写一个 SPARQL 查询", "write a SPARQL query"),
        )
    return Gated(form, names_dataset)


def check_update(text: str, *, service: bool = False) -> None:
    """Turn away an update that is too large, or that would reach other servers.

    :param service: let ``SERVICE`` and ``LOAD`` through, for :mod:`kb.store.federation` to judge.

    :raises QueryRefused: as :func:`check`; ``query.load`` (403) for ``LOAD``.
    """
    _require_size(text)
    for word in _words(text, TRIPLES):
        if word == "SERVICE" and not service:
            raise _no_service()
        if word == "LOAD" and not service:
            raise _refused(
                "load",
                ("不允许 LOAD：服务器不代为读取网址", "LOAD is not allowed: the server fetches no addresses"),
                ("把数据用图存储协议上传", "upload the data by the Graph Store Protocol"),
            )


def _require_size(text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:  # half a surrogate pair
        raise _refused(
            "not-unicode",
            ("查询不是有效的 Unicode 文字", "the query is not valid Unicode"),
            ("以 UTF-8 发送", "send it in UTF-8"),
        ) from None
    if size > SIZE:
        raise _refused(
            "too-large",
            (f"查询有 {size} 字节，上限为 {SIZE}", f"the query has {size} bytes, the limit is {SIZE}"),
            ("拆成几个较小的查询", "split it into smaller queries"),
        )


def _no_service() -> XiezhiError:
    return _refused(
        "service",
        ("不允许 SERVICE：查询不得访问其他服务器", "SERVICE is not allowed: no query reaches other servers"),
        ("先取得对方数据，再查询", "fetch the other data first, then query it"),
    )


def _words(text: str, most: int) -> Iterator[str]:
    """Yield the bare words of *text* in upper case; check its brackets, and that it has *most* patterns."""
    brackets: list[str] = []
    patterns = 0
    for token in TOKEN.finditer(text):
        kind, mark = token.lastgroup, token[0]
        if kind == "mark":
            if mark in _CLOSING:
                brackets.append(mark)
            elif brackets and mark == _CLOSING[brackets[-1]]:
                brackets.pop()
            # A comma between brackets separates the arguments of a function or the values of IN.
            patterns += mark in ".;{" or (mark == "," and brackets[-1:] != ["("])
        elif kind is not None:
            patterns += mark.endswith(".")
        if len(brackets) > DEPTH:
            raise _refused(
                "too-deep",
                (f"括号嵌套超过 {DEPTH} 层", f"brackets nest deeper than {DEPTH}"),
                ("把查询写得平一些", "write the query flatter"),
            )
        if patterns > most:
            raise _refused(
                "too-many-patterns",
                (f"三元组模式超过 {most} 个", f"there are more than {most} triple patterns"),
                ("拆成几个较小的查询，或用 VALUES", "split it into smaller queries, or use VALUES"),
            )
        if kind == "words":
            yield from re.split(r"[.\-]", mark.upper())


def _refused(code: str, message: tuple[str, str], repair: tuple[str, str]) -> XiezhiError:
    return QueryRefused.of(f"query.{code}", *message, repair=repair)
