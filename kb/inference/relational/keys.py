"""Terms as text: what a column of facts holds.

The key of an IRI is ``<iri>``, of a blank node ``_:label``, of a triple term its N-Triples form. The key of a
literal is its lexical form as it is, between quotation marks, then ``@language`` or ``^^<datatype>``
(nothing for ``xsd:string``). Nothing is escaped: the last quotation mark ends the lexical form, as neither a
language tag nor an IRI can hold one. So a database takes keys apart with two string functions.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
from pyoxigraph import BaseDirection, BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from kb.srl.syntax import Term

XSD_STRING = "http://www.w3.org/2001/XMLSchema#string"
COLUMNS = ("subject", "predicate", "object")
"""The columns of a table of facts, each a key."""


def key(term: Term) -> str:
    """Return the key of *term*."""
    if isinstance(term, Triple):
        return f"<<( {term} )>>"
    if not isinstance(term, Literal):
        return str(term)
    if term.direction is not None:
        return f'"{term.value}"@{term.language}--{"ltr" if term.direction == BaseDirection.LTR else "rtl"}'
    if term.language is not None:
        return f'"{term.value}"@{term.language}'
    datatype = term.datatype.value
    return f'"{term.value}"' if datatype == XSD_STRING else f'"{term.value}"^^<{datatype}>'


def term(text: str) -> Term:
    """Return the term whose key is *text*."""
    if text.startswith("<<("):
        return _triple_term(text)
    if text.startswith("<"):
        return NamedNode(text[1:-1])
    if text.startswith("_:"):
        return BlankNode(text[2:])
    end = text.rindex('"')
    lexical, suffix = text[1:end], text[end + 1 :]
    if suffix.startswith("^^"):
        return Literal(lexical, datatype=NamedNode(suffix[3:-1]))
    language, _, direction = suffix[1:].partition("--")
    if direction:
        way = BaseDirection.LTR if direction == "ltr" else BaseDirection.RTL
        return Literal(lexical, language=language, direction=way)
    return Literal(lexical, language=language) if language else Literal(lexical)


def facts(triples: Iterable[Triple]) -> pa.Table:
    """Return *triples* as a table of facts: three columns of keys."""
    rows = [(key(t.subject), key(t.predicate), key(t.object)) for t in triples]
    columns = [pa.array([row[place] for row in rows], pa.string()) for place in range(3)]
    return pa.table(dict(zip(COLUMNS, columns, strict=True)))


def _triple_term(text: str) -> Triple:
    document = f"<urn:s> <urn:p> {text} ."
    found = next(iter(parse(document, format=RdfFormat.N_TRIPLES))).object
    assert isinstance(found, Triple)
    return found
