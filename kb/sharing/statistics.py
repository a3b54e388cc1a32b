"""What a dataset holds, in numbers: counted by the store, written as VoID (W3C Interest Group Note, 2011).

Counting goes over every quad, so it is done when a delivery is in, not when somebody looks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, QuerySolutions, Triple, Variable

from kb.namespaces import RDF_TYPE, XSD
from kb.store.protocol import Store

VOID = "http://rdfs.org/ns/void#"
_SIZES = """
SELECT (COUNT(*) AS ?triples) (COUNT(DISTINCT ?s) AS ?subjects) { ?s ?p ?o }
"""
_CLASSES = """
SELECT ?class (COUNT(DISTINCT ?s) AS ?n) { ?s a ?class } GROUP BY ?class
"""
_PROPERTIES = """
SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p
"""
_FILLED = """
SELECT ?class ?p (COUNT(DISTINCT ?s) AS ?n) { ?s a ?class ; ?p ?o } GROUP BY ?class ?p
"""


@dataclass(frozen=True, slots=True)
class Census:
    """How many triples, subjects, members of each class and triples of each property a graph has."""

    triples: int
    subjects: int
    classes: Mapping[NamedNode, int] = field(default_factory=dict)
    properties: Mapping[NamedNode, int] = field(default_factory=dict)


def census(store: Store, name: NamedNode) -> Census:
    """Count the graph *name*."""
    sizes = next(iter(_rows(store, _SIZES, name)))
    return Census(
        int(sizes["triples"].value),
        int(sizes["subjects"].value),
        {row["class"]: int(row["n"].value) for row in _rows(store, _CLASSES, name)},
        {row["p"]: int(row["n"].value) for row in _rows(store, _PROPERTIES, name)},
    )


def filled(store: Store, name: NamedNode, kind: NamedNode) -> dict[NamedNode, int]:
    """Return for each property how many members of the class *kind* in *name* have a value."""
    rows = _rows(store, _FILLED, name, {Variable("class"): kind})
    return {row["p"]: int(row["n"].value) for row in rows}


def void(subject: NamedNode, counted: Census) -> Iterator[Triple]:
    """Yield what VoID says of a dataset that was *counted*."""
    yield Triple(subject, RDF_TYPE, _void("Dataset"))
    yield Triple(subject, _void("triples"), _number(counted.triples))
    yield Triple(subject, _void("distinctSubjects"), _number(counted.subjects))
    yield Triple(subject, _void("classes"), _number(len(counted.classes)))
    yield Triple(subject, _void("properties"), _number(len(counted.properties)))
    parts = (
        ("classPartition", "class", "entities", counted.classes),
        ("propertyPartition", "property", "triples", counted.properties),
    )
    for link, key, count, found in parts:
        for term in sorted((t for t in found if isinstance(t, NamedNode)), key=str):
            # A name that follows from the term: counting again changes a number, not a node.
            part = NamedNode(f"{subject.value}#{key}-{hashlib.sha256(term.value.encode()).hexdigest()[:12]}")
            yield Triple(subject, _void(link), part)
            yield Triple(part, _void(key), term)
            yield Triple(part, _void(count), _number(found[term]))


def recorded(store: Store, subject: NamedNode, graph: NamedNode) -> Iterator[Quad]:
    """Yield what *graph* says in VoID of *subject* and its partitions."""
    for quad in store.match(subject, None, None, graph):
        if isinstance(quad.predicate, NamedNode) and quad.predicate.value.startswith(VOID):
            yield quad
            if quad.predicate.value.endswith("Partition") and isinstance(quad.object, NamedNode | BlankNode):
                yield from store.match(quad.object, None, None, graph)
    yield from store.match(subject, RDF_TYPE, _void("Dataset"), graph)


def _rows(
    store: Store, text: str, name: NamedNode, values: Mapping[Variable, NamedNode] | None = None
) -> QuerySolutions:
    result = store.query(text, substitutions=values, default_graph=[name])
    assert isinstance(result, QuerySolutions)
    return result


def _void(local: str) -> NamedNode:
    return NamedNode(VOID + local)


def _number(value: int) -> Literal:
    return Literal(str(value), datatype=NamedNode(XSD + "integer"))
