"""One thing that breaks a shape, as an object that explains itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode

from kb.errors import Text

Term: TypeAlias = NamedNode | BlankNode | Literal
Shape: TypeAlias = NamedNode | BlankNode

_IRI = re.compile(r"<([^<>]*)>")
_LITERAL = re.compile(r'"(.*)"(?:@([A-Za-z0-9-]+)|\^\^<([^<>]*)>)?', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Violation:
    """A result of validation (SHACL, section 3.6.2).

    *path* is the path of the property shape in SPARQL's syntax (``<iri>``, ``^<iri>``, ``(<a>/<b>)``).
    *component* and *severity* are IRIs. *root* is the nearest shape with an IRI around *shape*. *message* is
    the ``sh:message`` of the shape in both languages, or a plain sentence where it has none; *repair* its
    ``xz:repair``.
    """

    focus: Term
    path: str | None
    value: Term | None
    component: str
    shape: Shape
    root: NamedNode | None
    severity: str
    message: Text
    repair: Text | None = None

    @property
    def predicate(self) -> NamedNode | None:
        """The property, where the path is nothing more."""
        whole = _IRI.fullmatch(self.path or "")
        return NamedNode(whole[1]) if whole else None

    @property
    def kind(self) -> str:
        """The component's short name, such as ``MinCount``."""
        return self.component.rpartition("#")[2].rpartition("/")[2].removesuffix("ConstraintComponent")


@lru_cache(maxsize=65_536)
def term(text: str) -> Term:
    """Return the term that *text* writes in N-Triples.

    :raises ValueError: if it writes none.
    """
    if (iri := _IRI.fullmatch(text)) is not None:
        return NamedNode(_plain(iri[1]))
    if text.startswith("_:"):
        return BlankNode(text[2:])
    if (literal := _LITERAL.fullmatch(text)) is not None:
        value, language, datatype = _plain(literal[1]), literal[2], literal[3]
        if language:
            return Literal(value, language=language)
        return Literal(value, datatype=NamedNode(datatype)) if datatype else Literal(value)
    raise ValueError(f"no term: {text[:80]}")


def _plain(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(
        lambda m: _LETTERS.get(m[3], m[3]) if m[3] else chr(int(m[1] or m[2], 16)),
        text,
    )
