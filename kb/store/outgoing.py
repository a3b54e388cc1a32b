"""What in a query or an update goes to others: every ``SERVICE`` and ``LOAD``, found by its tokens.

All of them are read, and the whole text refused if one is not allowed, before anybody is asked: a variable
endpoint, one that is not on the list (:mod:`kb.store.endpoints`) letter for letter, one inside another. A
processor must not see another query than is read here, so keywords that are glued to something else and
``\\u`` escapes, which it would replace before it reads tokens, are refused beside them.

::

    InputError
    └── QueryRefused    query.service, query.load    (HTTP 403) names the list
                        query.syntax                 (400)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from kb.errors import QueryRefused, XiezhiError
from kb.store.endpoints import Endpoint
from kb.store.gate import TOKEN

SHOWN = 10
"""So many entries of the list are named in an error."""

_Tokens: TypeAlias = Sequence[re.Match[str]]
_OPENING = {"}": "{", ")": "(", "]": "["}
_DECLARATIONS = {"BASE": 2, "PREFIX": 3, "VERSION": 2}  # tokens that they have
_ESCAPE = re.compile(r"\\[uU]")


@dataclass(frozen=True, slots=True)
class Service:
    """A ``SERVICE`` from *start* to *end* of the text: *query* is what its *endpoint* is to be asked.

    *variables* are those that it may bind.
    """

    start: int
    end: int
    silent: bool
    endpoint: Endpoint
    query: str
    variables: frozenset[str]


@dataclass(frozen=True, slots=True)
class Load:
    """A ``LOAD`` from *start* to *end* of the text; *graph*, as written there, takes the document."""

    start: int
    end: int
    silent: bool
    endpoint: Endpoint
    graph: str | None


def find(text: str, endpoints: Mapping[str, Endpoint]) -> list[Service | Load]:
    """Return what in *text* is for others, in order.

    :raises QueryRefused: see above.
    """
    return list(_Reading(text, endpoints).found())


class _Reading:
    """One pass over the tokens of *text*."""

    def __init__(self, text: str, endpoints: Mapping[str, Endpoint]) -> None:
        self._text, self._endpoints = text, endpoints
        self._tokens: _Tokens = [token for token in TOKEN.finditer(text) if not _blank(token)]
        self._place = 0
        self._prologue: list[str] = []

    def found(self) -> Iterator[Service | Load]:
        while self._place < len(self._tokens):
            token = self._tokens[self._place]
            word = (token["words"] or "").upper()
            if word in _DECLARATIONS:
                self._declare(token, _DECLARATIONS[word])
            elif _is_keyword(token, "SERVICE"):
                yield self._service(self._begin(token))
            elif _is_keyword(token, "LOAD"):
                yield self._load(self._begin(token))
            else:
                self._place += 1

    def _begin(self, token: re.Match[str]) -> int:
        """Go past the keyword *token* and return where it stands."""
        if _ESCAPE.search(self._text):
            raise _refused(
                "service",
                ("含 SERVICE 或 LOAD 时不能用 \\u 转义", "with SERVICE or LOAD there must be no \\u escapes"),
                ("直接写出字符", "write the characters themselves"),
            )
        self._place += 1
        return token.start()

    def _declare(self, token: re.Match[str], length: int) -> None:
        last = self._tokens[min(self._place + length, len(self._tokens)) - 1]
        self._prologue.append(self._text[token.start() : last.end()])
        self._place += 1  # none of the others is a keyword, or all of it is no SPARQL

    def _service(self, start: int) -> Service:
        silent = self._skips("SILENT")
        endpoint = self._endpoint("service", document=False)
        opens, end, variables = self._block()
        query = "\n".join((*self._prologue, f"SELECT * {self._text[opens:end]}"))
        return Service(start, end, silent, endpoint, query, variables)

    def _load(self, start: int) -> Load:
        silent = self._skips("SILENT")
        endpoint = self._endpoint("load", document=True)
        end = self._tokens[self._place - 1].end()
        graph = None
        if self._skips("INTO"):
            if not self._skips("GRAPH"):
                raise _malformed()
            token = self._next()
            graph, end = token[0], token.end()
        return Load(start, end, silent, endpoint, graph)

    def _block(self) -> tuple[int, int, frozenset[str]]:
        """Go past a group in braces; return its ends, and the variables in it."""
        opening = self._next()
        if opening["mark"] != "{":
            raise _malformed()
        brackets = ["{"]
        variables: set[str] = set()
        while brackets:
            token = self._next()
            mark = token["mark"]
            if _is_keyword(token, "SERVICE"):
                raise _refused(
                    "service",
                    ("SERVICE 中不能再有 SERVICE", "there must be no SERVICE inside a SERVICE"),
                    ("把两者并列", "put the two side by side"),
                )
            if mark in _OPENING.values():
                brackets.append(mark)
            elif mark in _OPENING and brackets.pop() != _OPENING[mark]:
                raise _malformed()
            elif token[0][0] in "?$":
                variables.add(token[0][1:])
        return opening.start(), token.end(), frozenset(variables)

    def _endpoint(self, kind: str, *, document: bool) -> Endpoint:
        """Return the entry that the next token names, by its whole IRI."""
        token = self._next()[0]
        iri = token[1:-1] if token[0] == "<" and token[-1] == ">" else None
        endpoint = self._endpoints.get(iri or "")
        if endpoint is not None and endpoint.document is document:
            return endpoint
        raise _unlisted(
            kind, token, iri is not None, [e for e in self._endpoints.values() if e.document is document]
        )

    def _skips(self, word: str) -> bool:
        """Go past *word*, if it is next."""
        here = self._place < len(self._tokens) and _is_keyword(self._tokens[self._place], word)
        self._place += here
        return here

    def _next(self) -> re.Match[str]:
        if self._place >= len(self._tokens):
            raise _malformed()
        self._place += 1
        return self._tokens[self._place - 1]


def _blank(token: re.Match[str]) -> bool:
    return token[0].isspace() or token[0][0] == "#"


def _is_keyword(token: re.Match[str], word: str) -> bool:
    """Tell whether *token* is *word*; one that is glued to something else is not let through."""
    words = re.split(r"[.\-]", (token["words"] or "").upper())
    if word in words and len(words) > 1:
        raise _refused(
            "service",
            (f"{word} 前后须有空格", f"there must be a space before and after {word}"),
            ("加上空格", "put a space there"),
        )
    return words == [word]


# --- errors ----------------------------------------------------------------------------------


def _unlisted(kind: str, token: str, is_iri: bool, listed: Sequence[Endpoint]) -> XiezhiError:
    word = kind.upper()
    message = (f"{word} 的地址须是写全的 IRI", f"the address of {word} must be an IRI, written in full")
    if is_iri:
        message = (
            f"{word} 的地址不在允许的名单中",
            f"the address of {word} is not on the list of those allowed",
        )
    zh = "；".join(f"<{each.iri}> {each.label.zh}" for each in listed[:SHOWN])
    en = "; ".join(f"<{each.iri}> {each.label.en}" for each in listed[:SHOWN])
    shown = "".join(c if c.isprintable() else "?" for c in token[:200])
    return _refused(kind, message, (f"允许的地址：{zh or '无'}", f"addresses allowed: {en or 'none'}"), shown)


def _refused(kind: str, message: tuple[str, str], repair: tuple[str, str], where: str = "") -> XiezhiError:
    return QueryRefused.of(f"query.{kind}", *message, where=where, repair=repair)


def _malformed() -> XiezhiError:
    return QueryRefused.of(
        "query.syntax",
        "SERVICE 或 LOAD 写得不对：应为 SERVICE [SILENT] <端点> { … }，"
        "LOAD [SILENT] <地址> [INTO GRAPH <图>]",
        "SERVICE or LOAD is not well written; they go SERVICE [SILENT] <endpoint> { … } and "
        "LOAD [SILENT] <address> [INTO GRAPH <graph>]",
        repair=("检查地址和括号", "check the address and the brackets"),
    )
