"""Federated queries: what other agencies know enters a query as plain values, before it is run.

Workers have no network, so the server asks in their place. Every ``SERVICE`` whose endpoint is on the
administrator's list (:mod:`kb.store.endpoints`) is cut out of the query by its tokens and sent there as
``SELECT * { … }``; the rows that come back stand in its place as ``VALUES``, and the worker joins them: a
``SERVICE`` is evaluated by itself and joined (SPARQL 1.1 Federated Query, section 4). Any other ``SERVICE``
refuses the whole query before a single socket is opened: a variable endpoint, one that is not on the list,
one inside another. The address that is connected to is the list's, never one from the query.

What is sent is the reader's own text and the query's prologue, no data of ours: rows of the query do not
travel to the endpoint, so a block should be selective by itself. Its blank nodes come as IRIs.

::

    InputError
    └── QueryRefused    query.service        (HTTP 403) names the list
    QueryStopped        query.service-failed (503) the endpoint does not answer, or answers too much
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from kb.errors import QueryRefused, QueryStopped, XiezhiError
from kb.store import endpoint_rows
from kb.store.endpoint_rows import Unreadable
from kb.store.endpoints import Endpoint
from kb.store.gate import TOKEN, Form
from kb.store.http import Client, Unanswered

SHOWN = 10
"""So many endpoints of the list are named in an error."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the ``SERVICE`` blocks of one query may use together.

    *deadline* in seconds for all of them; *blocks*; *rows* and bytes (*size*) of each answer; *text*, the
    characters of the query with all values in it. Too much is an error: with a part of the rows the answer
    would be wrong.
    """

    deadline: float = 5.0
    blocks: int = 4
    rows: int = 10_000
    size: int = 8 << 20
    text: int = 768 << 10


@dataclass(frozen=True, slots=True)
class _Block:
    """One ``SERVICE`` in the text: from *start* to *end*, with its braces from *opens* on."""

    start: int
    opens: int
    end: int
    silent: bool
    endpoint: Endpoint
    variables: frozenset[str]


def federate(text: str, endpoints: Mapping[str, Endpoint], limits: Limits = Limits()) -> str:
    """Return the query *text* with what the *endpoints*, by IRI, answer in the place of each ``SERVICE``.

    A text without one is returned as it is. The text has passed the gate; the result is not to pass it again,
    as the values may be more than a query may hold.

    :raises QueryRefused: ``query.service`` (HTTP 403), with no socket opened; ``query.syntax`` (400).
    :raises QueryStopped: ``query.service-failed`` (503). ``SERVICE SILENT`` has no solution but the empty one
        then, as the specification says, whatever went wrong.
    """
    start, blocks = _blocks(text, endpoints)
    if len(blocks) > limits.blocks:
        raise _refused(
            (f"SERVICE 多于 {limits.blocks} 个", f"there are more than {limits.blocks} SERVICE blocks"),
            ("拆成几个查询", "split the query"),
        )
    until = time.monotonic() + limits.deadline
    parts, done = [], 0
    length = len(text)
    for number, block in enumerate(blocks, 1):
        query = f"{text[:start]}\nSELECT * {text[block.opens : block.end]}"
        try:
            values = _ask(block, query, number, until - time.monotonic(), limits)
            length += len(values)
            if length > limits.text:
                raise Unreadable("too-large")
        except (Unanswered, Unreadable) as error:
            if not block.silent:
                raise _failed(block.endpoint, error) from error
            values = "{ }"
        parts += [text[done : block.start], " ", values, " "]
        done = block.end
    return "".join((*parts, text[done:]))


def _ask(block: _Block, query: str, number: int, seconds: float, limits: Limits) -> str:
    """Return the answer of an endpoint as ``VALUES``."""
    address = block.endpoint.address
    target = address.path + (f"?{address.query}" if address.query else "")
    body = urlencode({"query": query}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": endpoint_rows.MEDIA_TYPE}
    client = Client(address, timeout=limits.deadline)
    answer = bytearray()
    try:
        # Without time left there is no answer; a deadline of zero would be none at all to some.
        with client.open("POST", target, body, headers, deadline=max(seconds, 0.001)) as reply:
            for piece in reply.pieces():
                answer += piece
                if len(answer) > limits.size:
                    raise Unreadable("too-large")
            endpoint_rows.require_media(reply.media)
    finally:
        client.close()
    return endpoint_rows.values(bytes(answer), block.variables, number, limits.rows)


# --- finding the blocks ----------------------------------------------------------------------

_OPENING = {"}": "{", ")": "(", "]": "["}
_FORMS = frozenset(Form.__members__)
_ESCAPE = re.compile(r"\\[uU]")


def _blocks(text: str, endpoints: Mapping[str, Endpoint]) -> tuple[int, list[_Block]]:
    """Return where the prologue ends, and the blocks in order; refuse the query if one is not allowed."""
    tokens = [token for token in TOKEN.finditer(text) if not _blank(token)]
    prologue = next((t.start() for t in tokens if t["words"] and t["words"].upper() in _FORMS), 0)
    blocks: list[_Block] = []
    place = 0
    while place < len(tokens):
        if not _is_service(tokens[place]):
            place += 1
            continue
        if not blocks and _ESCAPE.search(text):
            # A processor replaces \u0022 before it reads tokens, so it might see another query than we do.
            raise _refused(
                ("含 SERVICE 的查询不能用 \\u 转义", "a query with SERVICE must not hold \\u escapes"),
                ("直接写出字符", "write the characters themselves"),
            )
        block, place = _block(tokens, place, endpoints)
        blocks.append(block)
    return prologue, blocks


def _block(tokens: list[re.Match[str]], place: int, endpoints: Mapping[str, Endpoint]) -> tuple[_Block, int]:
    """Read the block whose ``SERVICE`` stands at *place*; return it and the place after it."""
    start = tokens[place].start()
    rest = iter(range(place + 1, len(tokens)))
    here = _next(tokens, rest)
    silent = (tokens[here]["words"] or "").upper() == "SILENT"
    if silent:
        here = _next(tokens, rest)
    endpoint = _endpoint(tokens[here][0], endpoints)
    opens = _next(tokens, rest)
    if tokens[opens]["mark"] != "{":
        raise _malformed()
    brackets: list[str] = []
    variables: set[str] = set()
    for here in (opens, *rest):
        token = tokens[here]
        mark = token["mark"]
        if _is_service(token):
            raise _refused(
                ("SERVICE 中不能再有 SERVICE", "there must be no SERVICE inside a SERVICE"),
                ("把两者并列", "put the two side by side"),
            )
        if mark in _OPENING.values():
            brackets.append(mark)
        elif mark in _OPENING and (not brackets or brackets.pop() != _OPENING[mark]):
            raise _malformed()
        elif token[0][0] in "?$":
            variables.add(token[0][1:])
        if not brackets:
            end = token.end()
            return (
                _Block(start, tokens[opens].start(), end, silent, endpoint, frozenset(variables)),
                here + 1,
            )
    raise _malformed()


def _next(tokens: list[re.Match[str]], rest: Iterator[int]) -> int:
    here = next(rest, None)
    if here is None:
        raise _malformed()
    return here


def _blank(token: re.Match[str]) -> bool:
    return token[0].isspace() or token[0][0] == "#"


def _is_service(token: re.Match[str]) -> bool:
    """Tell whether *token* is the keyword; one that is glued to something else is not let through."""
    words = re.split(r"[.\-]", (token["words"] or "").upper())
    if "SERVICE" in words and len(words) > 1:
        raise _refused(
            ("SERVICE 前后须有空格", "there must be a space before and after SERVICE"),
            ("加上空格", "put a space there"),
        )
    return words == ["SERVICE"]


def _endpoint(token: str, endpoints: Mapping[str, Endpoint]) -> Endpoint:
    """Return the endpoint that *token* names, by its whole IRI, letter for letter."""
    iri = token[1:-1] if token[0] == "<" and token[-1] == ">" else None
    if iri is not None and iri in endpoints:
        return endpoints[iri]
    message = ("SERVICE 的端点须是写全的 IRI", "the endpoint of SERVICE must be an IRI, written in full")
    if iri is not None:
        message = (
            "SERVICE 的端点不在允许的名单中",
            "the endpoint of SERVICE is not on the list of those allowed",
        )
    allowed = list(endpoints.values())[:SHOWN]
    zh = "；".join(f"<{each.iri}> {each.label.zh}" for each in allowed)
    en = "; ".join(f"<{each.iri}> {each.label.en}" for each in allowed)
    shown = "".join(c if c.isprintable() else "?" for c in token[:200])
    raise _refused(message, (f"允许的端点：{zh or '无'}", f"endpoints allowed: {en or 'none'}"), shown)


# --- errors ----------------------------------------------------------------------------------


def _refused(message: tuple[str, str], repair: tuple[str, str], where: str = "") -> XiezhiError:
    return QueryRefused.of("query.service", *message, where=where, repair=repair)


def _malformed() -> XiezhiError:
    return QueryRefused.of(
        "query.syntax",
        "SERVICE 写得不对：应为 SERVICE [SILENT] <端点> { … }",
        "SERVICE is not well written; it goes SERVICE [SILENT] <endpoint> { … }",
        repair=("检查端点和括号", "check the endpoint and the brackets"),
    )


def _failed(endpoint: Endpoint, error: Unanswered | Unreadable) -> XiezhiError:
    return QueryStopped.of(
        "query.service-failed",
        f"{endpoint.label.zh}：{error.zh}",
        f"{endpoint.label.en}: {error.en}",
        where=endpoint.iri,
        repair=(
            "缩小 SERVICE 中的查询，或用 SERVICE SILENT，或稍后再试",
            "narrow the query inside SERVICE, use SERVICE SILENT, or try again later",
        ),
    )
