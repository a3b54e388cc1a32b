"""What the SPARQL editor completes: the classes and properties of the ontology, with their names."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from pyoxigraph import QuerySolutions

from kb.errors import Text
from kb.namespaces import PREFIXES, ROOT, XZ
from kb.store.protocol import Change, Store

DECLARED = """
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT DISTINCT ?term ?kind ?zh ?en WHERE {
  VALUES ?kind { owl:Class owl:ObjectProperty owl:DatatypeProperty owl:AnnotationProperty }
  ?term a ?kind .
  FILTER (ISIRI(?term))
  OPTIONAL { ?term rdfs:label ?zh FILTER (LANG(?zh) = "zh") }
  OPTIONAL { ?term rdfs:label ?en FILTER (LANG(?en) = "en") }
}
"""
USED = """
SELECT DISTINCT ?graph ?term WHERE { GRAPH ?graph { ?subject ?term ?object } }
"""
OPEN = tuple(f"{ROOT}graph/{part}" for part in ("ontology", "knowledge/", "city/"))
"""The graphs whose predicates of other vocabularies are offered, such as ``org:postIn``."""


@dataclass(frozen=True, slots=True)
class Term:
    """A class or a property; those of other vocabularies have no label here."""

    iri: str
    is_class: bool
    label: Text | None


class Terms:
    """Knows the terms; reads them once, and again after knowledge or a city has changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._terms: list[Term] = []
        store.subscribe(self._forget)

    def all(self) -> list[Term]:
        """Return every term, our own first, in the order of their IRIs."""
        with self._lock:
            if not self._terms:
                found = {term.iri: term for term in (*self._used(), *self._declared())}
                self._terms = sorted(found.values(), key=lambda term: (not term.iri.startswith(XZ), term.iri))
            return self._terms

    def _declared(self) -> Iterator[Term]:
        for row in self._rows(DECLARED):
            zh, en = row["zh"], row["en"]
            label = None if zh is None or en is None else Text(zh.value, en.value)
            yield Term(row["term"].value, row["kind"].value.endswith("#Class"), label)

    def _used(self) -> Iterator[Term]:
        for row in self._rows(USED):
            if row["graph"].value.startswith(OPEN):
                yield Term(row["term"].value, False, None)

    def _rows(self, query: str) -> QuerySolutions:
        graphs = [name for name in self._store.graphs() if name.value.startswith(OPEN)]
        result = self._store.query(query, default_graph=graphs, named_graphs=graphs)
        assert isinstance(result, QuerySolutions)
        return result

    def _forget(self, change: Change) -> None:
        if any(getattr(name, "value", "").startswith(OPEN) for name in change.graphs):
            self._terms = []


def prefixes() -> dict[str, str]:
    """Return the prefixes that the editor adds by itself: name to namespace."""
    return dict(PREFIXES)
