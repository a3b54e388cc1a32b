"""What a dataset holds, in numbers: counted by the store, written as VoID (W3C Interest Group Note, 2011).

Counting goes over every quad. A department's dataset is counted when a delivery is measured, and the counts
are stored; what the system publishes itself is counted when somebody first asks after a change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pyoxigraph import Literal, NamedNode, Quad, QuerySolutions, Triple, Variable

from kb.catalogue.shelf import Entry
from kb.namespaces import CATALOGUE, RDF_TYPE, ROOT, XSD
from kb.store.protocol import Change, Store

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


class Statistics:
    """The counts of datasets: what was stored at a delivery, else what is counted now and remembered."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counted: dict[NamedNode, Census] = {}
        store.subscribe(self._changed)

    def of(self, entry: Entry) -> Census | None:
        """Return the counts of *entry*; ``None``: nothing was delivered or measured yet."""
        if entry.declared is not None:
            return _read(self._store, node_of(entry))
        found = self._counted.get(entry.graph)
        if found is None:
            found = self._counted[entry.graph] = census(self._store, entry.graph)
        return found

    def _changed(self, change: Change) -> None:
        for name in change.graphs:
            if isinstance(name, NamedNode):
                self._counted.pop(name, None)


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


def node_of(entry: Entry) -> NamedNode:
    """Return the node that holds the counts of *entry*: declaring it anew does not touch them."""
    return NamedNode(f"{ROOT}statistics/{entry.path}")


def recorded(store: Store, subject: NamedNode) -> Iterator[Quad]:
    """Yield what the catalogue says of *subject*, a :func:`node_of`, and of its partitions."""
    for quad in store.match(subject, None, None, CATALOGUE):
        yield quad
        if quad.predicate in (_void("classPartition"), _void("propertyPartition")):
            assert isinstance(quad.object, NamedNode)
            yield from store.match(quad.object, None, None, CATALOGUE)


def _read(store: Store, subject: NamedNode) -> Census | None:
    """Return what :func:`void` wrote of *subject* into the catalogue."""
    said: dict[NamedNode, dict[NamedNode, NamedNode | Literal]] = {}
    for quad in recorded(store, subject):
        if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode | Literal):
            said.setdefault(quad.subject, {})[quad.predicate] = quad.object
    sizes = said.pop(subject, {})
    if not sizes:
        return None
    parts: dict[str, dict[NamedNode, int]] = {"class": {}, "property": {}}
    for key, count in (("class", "entities"), ("property", "triples")):
        for part in said.values():
            if isinstance(term := part.get(_void(key)), NamedNode):
                parts[key][term] = int(part[_void(count)].value)
    return Census(
        int(sizes[_void("triples")].value),
        int(sizes[_void("distinctSubjects")].value),
        parts["class"],
        parts["property"],
    )


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
