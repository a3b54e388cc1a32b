"""Changing single statements of a Turtle document, so that every other byte stays as its author wrote it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pyoxigraph import Literal, NamedNode

from kb.namespaces import RDF, XSD
from kb.ontology.statements import Kind, Statement, split
from kb.store.protocol import Term

_LOCAL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?")
_BARE = {
    XSD + "integer": re.compile(r"[+-]?\d+"),
    XSD + "decimal": re.compile(r"[+-]?\d*\.\d+"),
    XSD + "boolean": re.compile("true|false"),
}
"""Literals that Turtle writes without quotation marks, by datatype."""


class Document:
    """A Turtle text whose statements can be changed, exchanged and added."""

    def __init__(self, text: str) -> None:
        self._pieces = split(text)
        self.newline = "\r\n" if "\r\n" in text else "\n"

    @property
    def text(self) -> str:
        """The text as it stands now."""
        return "".join(piece.text for piece in self._pieces)

    def prefixes(self) -> dict[str, str]:
        """Return the prefixes that hold at the end of the text."""
        return self._pieces[-1].prefixes if self._pieces else {}

    def set(self, subject: str, predicate: str, terms: Sequence[Term], *, after: str | None = None) -> None:
        """Let *subject* have *terms* as its only objects of *predicate*; with none, the predicate goes.

        A predicate that is new is put behind the objects of the predicate *after*, else behind the last one.

        :raises LookupError: where no statement of the text is about *subject*.
        """
        indexes = self._about(subject)
        written = False
        for index in indexes:
            piece = self._pieces[index]
            for pair in reversed([p for p in piece.pairs() if p.predicate == predicate]):
                first = not written and pair == next(p for p in piece.pairs() if p.predicate == predicate)
                if first and terms:
                    objects = ", ".join(turtle(term, piece.prefixes) for term in terms)
                    piece = _spliced(piece, pair.objects, pair.end, objects)
                    written = True
                else:
                    piece = _without(piece, pair.start)
            self._pieces[index] = piece
        if terms and not written:
            self._insert(indexes, predicate, terms, after)

    def append(self, subject: str, predicate: str, iri: str) -> None:
        """Add the IRI *iri* behind the objects that *subject* has by *predicate*, on a line of its own.

        :raises LookupError: where no statement of the text gives it any.
        """
        for index in self._about(subject):
            piece = self._pieces[index]
            for pair in piece.pairs():
                if pair.predicate == predicate:
                    addition = f",{self.newline}        {NamedNode(iri)}"
                    self._pieces[index] = _spliced(piece, pair.end, pair.end, addition)
                    return
        raise LookupError(predicate)

    def exchange(self, subject: str, text: str) -> None:
        """Put the statement *text* in the place of the only one about *subject*.

        :raises LookupError: where not exactly one statement is about *subject*.
        """
        (index,) = self._about(subject)
        self._pieces[index] = replace(self._pieces[index], text=text)

    def add(self, text: str, *, after: str | None = None, before: str | None = None) -> None:
        """Add the statement *text* behind or in front of what is said about a subject, else at the end."""
        if after is not None:
            index = self._line_end(self._about(after)[-1])
            self._pieces[index:index] = split(self.newline + text, self._pieces[index - 1].prefixes)
        elif before is not None:
            index = self._about(before)[0]
            self._pieces[index:index] = split(text + self.newline, self._pieces[index].prefixes)
        else:
            gap = "" if self.text.endswith("\n") or not self._pieces else self.newline
            self._pieces += split(gap + text + self.newline, self.prefixes())

    def has(self, subject: str) -> int:
        """Return how many statements are about *subject*."""
        return sum(piece.subject == subject for piece in self._pieces)

    def last(self, subjects: Sequence[str]) -> str | None:
        """Return that of *subjects* which the text describes last; ``None`` where it describes none."""
        wanted = set(subjects)
        return next((p.subject for p in reversed(self._pieces) if p.subject in wanted), None)

    def _line_end(self, index: int) -> int:
        """Return where to insert behind piece *index*: after the comment on its line, if there is one."""
        for follower in range(index + 1, len(self._pieces)):
            piece = self._pieces[follower]
            if piece.kind is Kind.COMMENT:
                return follower + 1
            if piece.kind is not Kind.SPACE or "\n" in piece.text:
                break
        return index + 1

    def _about(self, subject: str) -> list[int]:
        found = [index for index, piece in enumerate(self._pieces) if piece.subject == subject]
        if not found:
            raise LookupError(subject)
        return found

    def _insert(self, indexes: list[int], predicate: str, terms: Sequence[Term], after: str | None) -> None:
        pairs = [(index, pair) for index in indexes for pair in self._pieces[index].pairs()]
        last = [(index, pair) for index, pair in pairs if index == indexes[0]]
        index, pair = next((found for found in pairs if found[1].predicate == after), last[-1])
        piece = self._pieces[index]
        objects = ", ".join(turtle(term, piece.prefixes) for term in terms)
        verb = turtle(NamedNode(predicate), piece.prefixes)
        self._pieces[index] = _spliced(piece, pair.end, pair.end, f" ; {verb} {objects}")


def turtle(term: Term, prefixes: Mapping[str, str]) -> str:
    """Return *term* as Turtle, short where *prefixes* (or plain numbers and booleans) allow."""
    if isinstance(term, NamedNode):
        if term.value == RDF + "type":
            return "a"
        for prefix, namespace in sorted(prefixes.items(), key=lambda item: -len(item[1])):
            local = term.value.removeprefix(namespace)
            if not prefix.startswith("@") and term.value.startswith(namespace) and _LOCAL.fullmatch(local):
                return f"{prefix}:{local}"
        return str(term)
    if isinstance(term, Literal) and term.language is None:
        datatype = term.datatype.value
        if datatype in _BARE and _BARE[datatype].fullmatch(term.value):
            return term.value
        if datatype != XSD + "string":
            return f"{Literal(term.value)}^^{turtle(term.datatype, prefixes)}"
    return str(term)


def statement(subject: str, lines: Sequence[Sequence[tuple[str, Sequence[Term]]]], document: Document) -> str:
    """Return a new statement, each of *lines* (predicates with their objects) on a line of its own."""
    prefixes = document.prefixes()
    written = [
        " ; ".join(
            f"{turtle(NamedNode(p), prefixes)} {', '.join(turtle(o, prefixes) for o in objects)}"
            for p, objects in line
            if objects
        )
        for line in lines
    ]
    body = f" ;{document.newline}    ".join(line for line in written if line)
    return f"{turtle(NamedNode(subject), prefixes)} {body} ."


def _spliced(piece: Statement, start: int, end: int, text: str) -> Statement:
    return replace(piece, text=piece.text[:start] + text + piece.text[end:])


def _without(piece: Statement, start: int) -> Statement:
    """Return *piece* without the pair that starts at *start*; the comments in front of it go with it."""
    pairs = list(piece.pairs())
    at = next(i for i, pair in enumerate(pairs) if pair.start == start)
    if at > 0:
        return _spliced(piece, pairs[at - 1].end, pairs[at].end, "")
    if len(pairs) > 1:
        return _spliced(piece, start, pairs[1].start, "")
    raise LookupError(piece.subject)
