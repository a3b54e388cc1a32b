"""Columnar facts as rdflib graphs, for the peers written in Python."""

from __future__ import annotations

from collections.abc import Iterable

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.term import Node

from kb.namespaces import XSD


def add(graph: Graph, rows: Iterable[tuple[str, str, str]]) -> None:
    """Put triples of keys into *graph*."""
    for subject, predicate, object_ in rows:
        graph.add((node(subject), URIRef(predicate[1:-1]), node(object_)))


def node(key: str) -> Node:
    """Return the rdflib term of *key*, its literal as it is written."""
    if key[0] == "<":
        return URIRef(key[1:-1])
    if key[0] == "_":
        return BNode(key[2:])
    end = key.rindex('"')
    value, rest = key[1:end], key[end + 1 :]
    if rest.startswith("@"):
        return Literal(value, lang=rest[1:])
    return Literal(value, datatype=URIRef(rest[3:-1]), normalize=False) if rest else Literal(value)


def key_of(term: Node) -> str:
    """Return the key of *term*; the inverse of :func:`node`."""
    if isinstance(term, URIRef):
        return f"<{term}>"
    if isinstance(term, BNode):
        return f"_:{term}"
    assert isinstance(term, Literal)
    if term.language is not None:
        return f'"{term}"@{term.language}'
    if term.datatype is None or str(term.datatype) == XSD + "string":
        return f'"{term}"'
    return f'"{term}"^^<{term.datatype}>'
