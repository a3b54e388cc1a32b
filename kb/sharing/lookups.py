"""What the names and codes in a file may mean: tables out of the graphs that people answer for.

A name is looked up among the members of the classes or concept schemes that the mapping gives, in the
knowledge and in the city of the dataset's publisher. Delivered data is not asked: no delivery can change
what another one means.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyoxigraph import Literal, NamedNode

from kb.city.builder import NATION
from kb.namespaces import RDF_TYPE, RDFS_LABEL, ROOT, SKOS, graph, xz
from kb.ontology.names import ALT_LABEL, NOTATION
from kb.sharing.csvw import Table
from kb.store.protocol import Change, Store

IN_SCHEME = NamedNode(SKOS + "inScheme")
NAMING = (RDFS_LABEL, ALT_LABEL, NOTATION, xz("code"))
_KNOWLEDGE = (graph("ontology").value, graph("knowledge/").value, graph("alignments").value)
_CITIES = graph("city/").value
_READ = tuple(f"<{part}" for part in (*_KNOWLEDGE, _CITIES))
"""How the graphs begin, as text, that are asked."""
_DIVISION = ROOT + "division/"


Meanings = dict[str, list[str]]
"""What every name means, in IRIs: more than one where it is ambiguous."""


class Lookups:
    """The tables of *store*, made when they are needed, until a graph changes that they come from."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[tuple[str, ...], str | None], Meanings] = {}
        store.subscribe(self._forget)

    def of(self, table: Table, city: str | None) -> dict[str, Meanings]:
        """Return for each column of *table* with a lookup what every name means.

        :param city: the code of a city; ``None``: every city that is loaded.
        """
        return {column.name: self._meanings(column.lookup, city) for column in table.columns if column.lookup}

    def _meanings(self, classes: tuple[str, ...], city: str | None) -> Meanings:
        known, key = self._known, (classes, city)  # what is ready only after a change goes with the old ones
        found = known.get(key)
        if found is None:  # a second for the 60,000 areas of a large city
            found = known[key] = _names(self._store, classes, city)
        return found

    def _forget(self, change: Change) -> None:
        if any(str(name).startswith(_READ) for name in change.graphs):
            self._known = {}


def _names(store: Store, classes: Iterable[str], city: str | None) -> Meanings:
    names: Meanings = {}
    for name in _graphs(store, city):
        members = {
            quad.subject.value
            for kind in classes
            for relation in (RDF_TYPE, IN_SCHEME)
            for quad in store.match(None, relation, NamedNode(kind), name)
            if isinstance(quad.subject, NamedNode)
        }
        if city and name == NATION:
            # Of the country's divisions, those of the city alone: districts elsewhere have the same names.
            own = f"{_DIVISION}{city.rstrip('0')}"
            members = {iri for iri in members if iri.startswith(own)}
        if not members:
            continue
        nameless = set(members)
        for predicate in NAMING:
            for quad in store.match(None, predicate, None, name):
                subject = quad.subject
                if (
                    isinstance(subject, NamedNode)
                    and subject.value in members
                    and isinstance(quad.object, Literal)
                ):
                    nameless.discard(subject.value)
                    known = names.setdefault(quad.object.value, [])
                    if subject.value not in known:
                        known.append(subject.value)
        names.update({iri: [iri] for iri in nameless})
    return names


def _graphs(store: Store, city: str | None) -> list[NamedNode]:
    own = f"{_CITIES}{city}" if city else _CITIES
    return [
        name
        for name in store.graphs()
        if name.value.startswith(_KNOWLEDGE) or (name.value == own if city else name.value.startswith(own))
    ]
