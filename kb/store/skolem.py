"""Blank nodes under names, for servers that would rename them; and terms as the text of a query.

A SPARQL server gives every blank node of an update a new label, so the same node could never be added to or
removed again. Below the journal they therefore travel as IRIs, as RDF 1.1 (section 3.5) proposes, and come
back as the blank nodes that they are.
"""

from __future__ import annotations

from typing import TypeVar, overload
from urllib.parse import quote, unquote

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Triple, parse, serialize

from kb.errors import StoreError
from kb.namespaces import ROOT
from kb.store.protocol import Term

GENID = ROOT + ".well-known/genid/"
"""Where the names of blank nodes begin. No change may hold an IRI from here."""

T = TypeVar("T", bound=Term | DefaultGraph)


@overload
def named(term: BlankNode) -> NamedNode: ...
@overload
def named(term: T) -> T: ...
def named(term: Term | DefaultGraph) -> Term | DefaultGraph:
    """Return *term* with an IRI for every blank node in it."""
    if isinstance(term, BlankNode):
        return NamedNode(GENID + quote(term.value, safe=""))
    if isinstance(term, Triple):
        return Triple(named(term.subject), term.predicate, named(term.object))
    return term


def blank(term: Term | DefaultGraph) -> Term | DefaultGraph:
    """Return *term* with the blank nodes that :func:`named` gave names."""
    if isinstance(term, NamedNode) and term.value.startswith(GENID):
        return BlankNode(label(term.value))
    if isinstance(term, Triple):
        return Triple(blank(term.subject), term.predicate, blank(term.object))  # type: ignore[arg-type]
    return term


def label(iri: str) -> str:
    """Return the label of the blank node that has the name *iri*."""
    return unquote(iri[len(GENID) :])


def named_quad(quad: Quad) -> Quad:
    """Return *quad* without blank nodes."""
    subject, object_ = quad.subject, quad.object
    if isinstance(subject, NamedNode) and not isinstance(object_, BlankNode | Triple):
        return quad
    return Quad(named(subject), quad.predicate, named(object_), quad.graph_name)


def text(term: Term) -> str:
    """Return *term*, blank nodes named, as it stands in N-Triples and so in SPARQL.

    :raises ValueError: where it would not be read as that term. Lenient parsers let IRIs through that hold
        ``>`` or a space; in a query they would say something else.
    """
    object_ = named(term)
    example = NamedNode("urn:x")
    if not readable([Quad(example, example, object_, example)]):
        raise ValueError(f"{term} cannot be written down")
    return str(object_)


def lines(quads: list[Quad]) -> str:
    """Return *quads*, which :func:`named_quad` made, as triples in N-Triples, whatever their graph.

    :raises StoreError: ``store.refused`` where that would be read as something else.
    """
    if not readable(quads):
        raise StoreError.of(
            "store.refused",
            "有 IRI 或文字无法写成 N-Triples",
            "an IRI or a literal cannot be written as N-Triples",
        )
    written = serialize((quad.triple for quad in quads), format=RdfFormat.N_TRIPLES)
    assert written is not None
    return written.decode()


def readable(quads: list[Quad]) -> bool:
    """Tell whether *quads*, written down, are read as the same again by whoever is strict."""
    written = serialize(quads, format=RdfFormat.N_QUADS)
    assert written is not None
    try:
        return list(parse(input=written, format=RdfFormat.N_QUADS)) == quads
    except SyntaxError:
        return False


def reserved(quad: Quad) -> bool:
    """Tell whether *quad* holds an IRI that :func:`blank` would take for a blank node."""
    terms: list[Term | DefaultGraph] = [quad.subject, quad.predicate, quad.object, quad.graph_name]
    while terms:
        term = terms.pop()
        if isinstance(term, Triple):
            terms += [term.subject, term.predicate, term.object]
        elif isinstance(term, NamedNode) and term.value.startswith(GENID):
            return True
    return False


def modern(quad: Quad) -> bool:
    """Tell whether *quad* says something that only RDF 1.2 can: a triple term, or a direction of writing."""
    object_ = quad.object
    return isinstance(object_, Triple) or (isinstance(object_, Literal) and object_.direction is not None)
