"""The statements of a Turtle document: where each begins and ends, and what it is about.

This is no parser: it divides a text so that one statement can be found, pointed at ("file:line") or rewritten
while every other byte stays. The pieces put together are the text, whatever the text is; broken Turtle is
divided as well as can be and never raises.

In Turtle a full stop that stands alone ends a statement wherever it stands: strings, IRIs, comments, numbers
and prefixed names hold theirs inside one token, and no bracket may hold one. So brackets need not be counted
to divide, and one that was never closed spoils one statement rather than the rest of the file.

Source: W3C RDF 1.2 Turtle, section 6.5 (grammar).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from urllib.parse import urljoin

from kb.namespaces import RDF

_PLAIN = r"""(?: [^\s\ufeff"'<>()\[\]{},;\#.\\^@|] | \\. )"""  # what a name consists of, but for full stops
_TOKEN = re.compile(
    rf"""
      (?P<space> [\s\ufeff]+ )
    | (?P<comment> \#[^\n\r]* )
    | (?P<string> \"{{3}} (?: [^\\] | \\. )*? (?: \"{{3}} | \Z )
                | '{{3}} (?: [^\\] | \\. )*? (?: '{{3}} | \Z )
                | " (?: [^"\\\n\r] | \\[^\n\r] )* "? | ' (?: [^'\\\n\r] | \\[^\n\r] )* '? )
    | (?P<iri> < [^\x00-\x20<>"{{}}|^`]* > )
    | (?P<number> [+-]? (?: \d+ (?: \.\d+ | \.(?=[eE]) )? | \.\d+ ) (?: [eE][+-]?\d+ )? )
    | (?P<at> @[A-Za-z]+ (?: -+[A-Za-z0-9]+ )* )
    | (?P<word> {_PLAIN} (?: {_PLAIN} | \.+ (?= {_PLAIN} ) )* )
    | (?P<stop> \. )
    | (?P<mark> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_OPENING, _CLOSING = "[({", "])}"
_DIRECTIVES = {"prefix", "base", "version"}
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_NEWLINE = re.compile(r"\r\n|\n|\r")


class Kind(Enum):
    """What a piece of a Turtle document is."""

    SPACE = "space"
    COMMENT = "comment"
    DIRECTIVE = "directive"
    TRIPLES = "triples"


@dataclass(frozen=True, slots=True)
class Statement:
    """One piece of a Turtle document: exact text, first line (from 1), and the IRI it is about.

    ``subject`` is the full IRI by the prefixes declared before; ``None`` for space, comments, directives,
    blank nodes and prefixes that nobody declared. ``prefixes`` are those in force at this piece.
    """

    text: str
    line: int
    subject: str | None = None
    kind: Kind = Kind.TRIPLES
    prefixes: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def line_of(self, predicate: str) -> int:
        """Return the line where the IRI *predicate* stands as a predicate of the subject, else the first."""
        for pair in self.pairs():
            if pair.predicate == predicate:
                return self.line + _newlines(self.text[: pair.start])
        return self.line

    def pairs(self) -> Iterator[Pair]:
        """Yield the predicates of the subject with the place of their objects, in order."""
        depth, place = 0, 0  # place counts the terms since the last ";": 0 the subject, 1 the predicate
        verb: tuple[str | None, int] | None = None
        objects: tuple[int, int] | None = None
        for token in _TOKEN.finditer(self.text):
            kind, text = token.lastgroup, token.group()
            if kind in ("space", "comment"):
                continue
            if depth == 0 and (kind == "stop" or text == ";"):
                if verb and objects:
                    yield Pair(*verb, *objects)
                verb, objects, place = None, None, 1
                continue
            if depth == 0 and place == 1 and text not in _OPENING:
                verb, place = (_resolve(kind, text, self.prefixes, verb=True), token.start()), 2
                continue
            if kind == "mark" and text in _OPENING:
                depth += 1
            elif kind == "mark" and text in _CLOSING:
                depth -= 1
            place += depth == 0
            if verb:
                objects = (objects[0] if objects else token.start(), token.end())
        if verb and objects:
            yield Pair(*verb, *objects)


@dataclass(frozen=True, slots=True)
class Pair:
    """A predicate in the text of a statement: where it starts, and where its objects start and end."""

    predicate: str | None
    start: int
    objects: int
    end: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is described: a file and a line, shown as ``file:line``."""

    path: Path
    line: int

    def __str__(self) -> str:
        """Return the place as editors and terminals open it."""
        return f"{self.path}:{self.line}"


class Places:
    """In which file and line each subject of some Turtle files is described first."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._statements: dict[str, list[tuple[Path, Statement]]] = {}
        for path in paths:
            for statement in split(read(path)):
                if statement.subject is not None:
                    self._statements.setdefault(statement.subject, []).append((path, statement))

    def of(self, subject: str, predicate: str | None = None) -> Place | None:
        """Return where the IRI *subject* is described, at the line of *predicate* where that can be told.

        ``None`` for what no file describes. Where several statements describe it, the first that has the
        predicate counts, else the first.
        """
        found = self._statements.get(subject)
        if not found:
            return None
        if predicate is not None:
            for path, statement in found:
                for pair in statement.pairs():
                    if pair.predicate == predicate:
                        return Place(path, statement.line + _newlines(statement.text[: pair.start]))
        path, statement = found[0]
        return Place(path, statement.line)

    def first(self) -> dict[str, Place]:
        """Return the first place of every subject."""
        return {iri: Place(found[0][0], found[0][1].line) for iri, found in self._statements.items()}


def places(paths: Iterable[Path]) -> dict[str, Place]:
    """Return in which file and line each IRI is described first."""
    return Places(paths).first()


def line_of(text: str, subject: str, predicate: str | None = None) -> int | None:
    """Return the line of the Turtle *text* where *subject* (or its *predicate*) stands; ``None``: nowhere."""
    first = None
    for statement in split(text):
        if statement.subject == subject:
            line = statement.line if predicate is None else statement.line_of(predicate)
            if predicate is None or line != statement.line:
                return line
            first = statement.line if first is None else first
    return first


def read(path: Path) -> str:
    """Return the text of a file with its line ends; bytes that are not UTF-8 survive :func:`encode`."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """Return the bytes of a text that :func:`read` returned."""
    return text.encode("utf-8", "surrogateescape")


def split(text: str, prefixes: Mapping[str, str] | None = None) -> list[Statement]:
    """Return the pieces of the Turtle *text*, in order; put together they are the text again.

    *prefixes* are those declared before, where the text is part of a greater one.
    """
    return list(_Splitter(text, dict(prefixes or {})).statements())


class _Splitter:
    def __init__(self, text: str, prefixes: dict[str, str]) -> None:
        self._text = text
        self._prefixes = prefixes
        self._line = 1
        self._start = 0

    def statements(self) -> Iterator[Statement]:
        """Yield the pieces."""
        head: list[tuple[str, str]] = []  # the first tokens of the statement that is open
        before = ""  # the kind of the token before this one
        for token in _TOKEN.finditer(self._text):
            kind, text = token.lastgroup or "", token.group()
            if kind in ("space", "comment"):
                if not head:
                    yield self._piece(token.end(), Kind(kind))
                continue
            if head and kind == "at" and before != "string" and text[1:] in _DIRECTIVES:
                yield from self._close(self._trimmed(token.start()), token.start(), head)
                head = []
            if len(head) < 4:
                head.append((kind, text))
            before = kind
            if kind == "stop" or _is_whole(head):
                yield from self._close(token.end(), token.end(), head)
                head = []
        if head:
            yield from self._close(self._trimmed(len(self._text)), len(self._text), head)

    def _close(self, end: int, rest: int, head: list[tuple[str, str]]) -> Iterator[Statement]:
        """Yield the open statement up to *end* and the space from there to *rest*."""
        if _directive(head):
            yield self._piece(end, Kind.DIRECTIVE)
            self._declare(head)
        else:
            kind, text = head[0]
            yield self._piece(end, Kind.TRIPLES, _resolve(kind, text, self._prefixes))
        if end < rest:
            yield self._piece(rest, Kind.SPACE)

    def _piece(self, end: int, kind: Kind, subject: str | None = None) -> Statement:
        piece = Statement(self._text[self._start : end], self._line, subject, kind, self._prefixes)
        self._line += _newlines(piece.text)
        self._start = end
        return piece

    def _trimmed(self, end: int) -> int:
        """Return where the open statement ends before *end* without the space behind it."""
        return self._start + len(self._text[self._start : end].rstrip())

    def _declare(self, head: list[tuple[str, str]]) -> None:
        """Note the prefix or base that a directive declares; the prefixes of earlier pieces stay theirs."""
        name = _directive(head)
        iris = [text for kind, text in head if kind == "iri"]
        if not iris:
            return
        iri = _join(self._prefixes.get("@base", ""), _unescaped(iris[0][1:-1]))
        if name == "base":
            self._prefixes = self._prefixes | {"@base": iri}
        elif name == "prefix" and head[1][0] == "word" and head[1][1].endswith(":"):
            self._prefixes = self._prefixes | {head[1][1][:-1]: iri}


def _directive(head: list[tuple[str, str]]) -> str:
    """Return which directive a statement is by its first tokens; empty where it is none."""
    kind, text = head[0]
    if kind == "at" and text[1:] in _DIRECTIVES:
        return text[1:]
    if kind == "word" and text.lower() in _DIRECTIVES:
        return text.lower()
    return ""


def _is_whole(head: list[tuple[str, str]]) -> bool:
    """Whether *head* is a directive as SPARQL writes it, which ends without a full stop."""
    if head[0][0] != "word":
        return False
    match _directive(head):
        case "prefix":
            return len(head) == 3
        case "base" | "version":
            return len(head) == 2
    return False


def _resolve(kind: str | None, text: str, prefixes: dict[str, str], *, verb: bool = False) -> str | None:
    """Return the full IRI of a token, ``None`` where it is none; ``a`` is one only as a *verb*."""
    if kind == "iri":
        return _join(prefixes.get("@base", ""), _unescaped(text[1:-1]))
    if kind != "word":
        return None
    if verb and text == "a":
        return RDF + "type"
    prefix, colon, local = text.partition(":")
    if not colon or prefix not in prefixes:
        return None
    return prefixes[prefix] + _unescaped(local)


def _join(base: str, iri: str) -> str:
    """Resolve *iri*; what cannot be resolved stays as it is written."""
    try:
        return urljoin(base, iri) if base else iri
    except ValueError:
        return iri


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        code = match.group(1) or match.group(2)
        if code is None:
            return str(match.group(3))
        return chr(int(code, 16)) if int(code, 16) <= 0x10FFFF else match.group()

    return _ESCAPE.sub(character, text) if "\\" in text else text


def _newlines(text: str) -> int:
    return sum(1 for _ in _NEWLINE.finditer(text))
