"""The knowledge as graphs: one a file, and all of it together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from rdflib import OWL, Graph, URIRef

FOLDER = Path(__file__).parents[2] / "ontology"
BASE = "https://w3id.org/xiezhi/ontology/"


def iri_of(path: Path) -> URIRef:
    """Return the ontology IRI that the file at *path* must have."""
    return URIRef(BASE + path.relative_to(FOLDER).with_suffix("").as_posix())


@pytest.fixture(scope="session")
def graphs() -> dict[URIRef, Graph]:
    """Every Turtle file below ``ontology/``, by the ontology IRI that its path demands."""
    found = {iri_of(path): Graph().parse(path, format="turtle") for path in sorted(FOLDER.rglob("*.ttl"))}
    assert len(found) > 20, "the scan of ontology/ found too little"
    return found


@pytest.fixture(scope="session")
def knowledge(graphs: dict[URIRef, Graph]) -> Graph:
    """All files together, without the contracts in ``shapes/``."""
    union = Graph()
    for iri, graph in graphs.items():
        if not iri.startswith(BASE + "shapes/"):
            union += graph
    return union


@pytest.fixture(scope="session")
def closure(graphs: dict[URIRef, Graph]) -> Callable[[URIRef], Graph]:
    """A function from an ontology IRI to that ontology with all that it imports."""

    def load(start: URIRef) -> Graph:
        union = Graph()
        for iri in imported(graphs, start):
            union += graphs[iri]
        return union

    return load


def imported(graphs: Mapping[URIRef, Graph], start: URIRef) -> set[URIRef]:
    """Return *start* and all that it imports."""
    waiting, seen = [start], set()
    while waiting:
        iri = waiting.pop()
        if iri not in seen:
            seen.add(iri)
            waiting += [URIRef(str(target)) for target in graphs[iri].objects(None, OWL.imports)]
    return seen
