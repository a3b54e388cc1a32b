"""The files of the ontology: where they are, what they import, what the catalogue says of them."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rdflib import OWL, RDF, RDFS, SKOS, Graph, Literal, Namespace, URIRef

from tests.ontology.conftest import imported

ROOT = Path(__file__).parents[2] / "ontology"
BASE = "https://w3id.org/xiezhi/ontology/"
XZ = Namespace("https://w3id.org/xiezhi/ns#")
ADMINISTRATION = (RDF.type, OWL.imports, RDFS.label, SKOS.definition)

PACKS = sorted(path.parent.name for path in ROOT.glob("packs/*/pack.ttl"))


def own_terms(graph: Graph) -> set[URIRef]:
    """Return the project's terms and records that *graph* uses."""
    prefixes = (str(XZ), "https://w3id.org/xiezhi/kb/")
    terms = {node for triple in graph for node in triple if isinstance(node, URIRef)}
    terms |= {
        node.datatype for node in graph.objects() if isinstance(node, Literal) and node.datatype is not None
    }
    return {term for term in terms if str(term).startswith(prefixes)}


def defined(graph: Graph) -> set[URIRef]:
    """Return what *graph* gives a type."""
    return {subject for subject in graph.subjects(RDF.type) if isinstance(subject, URIRef)}


def test_the_header_of_every_file_agrees_with_its_path(graphs: dict[URIRef, Graph]) -> None:
    for iri, graph in graphs.items():
        assert list(graph.subjects(RDF.type, OWL.Ontology)) == [iri]


def test_every_header_has_a_label_and_a_definition_in_both_languages(graphs: dict[URIRef, Graph]) -> None:
    for iri, graph in graphs.items():
        for predicate in (RDFS.label, SKOS.definition):
            languages = sorted(str(text.language) for text in graph.objects(iri, predicate))
            assert languages == ["en", "zh"], f"{iri} {predicate}"


def test_every_import_is_a_file(graphs: dict[URIRef, Graph]) -> None:
    targets = {target for graph in graphs.values() for target in graph.objects(None, OWL.imports)}
    assert targets
    assert targets <= set(graphs)


def test_the_catalogue_lists_every_file_that_is_not_a_contract(graphs: dict[URIRef, Graph]) -> None:
    entries = {
        entry.attrib["name"]: entry.attrib["uri"]
        for entry in ET.parse(ROOT / "catalog-v001.xml").iter(
            "{urn:oasis:names:tc:entity:xmlns:xml:catalog}uri"
        )
    }
    wanted = {str(iri): iri.removeprefix(BASE) + ".ttl" for iri in graphs if "/shapes/" not in iri}
    assert wanted
    assert {name: uri for name, uri in entries.items() if "/shapes/" not in name} == wanted


def test_no_record_is_described_in_two_files(graphs: dict[URIRef, Graph]) -> None:
    home: dict[URIRef, URIRef] = {}
    for iri, graph in graphs.items():
        for term in own_terms(graph) & defined(graph):
            assert home.setdefault(term, iri) == iri, f"{term} is in {home[term]} and {iri}"
    assert home


def test_no_term_is_used_that_no_file_defines(graphs: dict[URIRef, Graph]) -> None:
    union = Graph()
    for graph in graphs.values():
        union += graph
    used = own_terms(union)
    assert len(used) > 300
    assert sorted(used - defined(union)) == []


def test_every_file_imports_whatever_it_uses(graphs: dict[URIRef, Graph]) -> None:
    of = {iri: defined(graph) for iri, graph in graphs.items()}
    for iri in graphs:
        if str(iri).startswith((BASE + "shapes/", BASE + "core")):
            continue  # a contract stands alone; core cites clauses, which stand upon core
        known = set().union(*(of[other] for other in imported(graphs, iri)))
        assert sorted(own_terms(graphs[iri]) - known) == [], iri


def test_there_are_packs_to_test() -> None:
    assert {"production", "fire", "gas", "hazmat", "structure", "flood", "social"} <= set(PACKS)


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_loads_alone_with_what_it_requires(pack: str, closure) -> None:
    start = URIRef(f"{BASE}packs/{pack}/pack")
    loaded = closure(start)
    record = URIRef(f"https://w3id.org/xiezhi/kb/pack/{pack}")
    assert sorted(own_terms(loaded) - defined(loaded)) == []

    required, waiting = {record}, [record]
    while waiting:
        for other in loaded.objects(waiting.pop(), XZ.requires):
            if other not in required:
                required.add(other)
                waiting.append(other)
    assert set(loaded.subjects(RDF.type, XZ.Pack)) == required


@pytest.mark.parametrize("pack", PACKS)
def test_the_pack_file_imports_every_file_of_its_folder(pack: str, graphs: dict[URIRef, Graph]) -> None:
    start = URIRef(f"{BASE}packs/{pack}/pack")
    folder = {iri for iri in graphs if iri.startswith(f"{BASE}packs/{pack}/")} - {start}
    assert folder
    assert folder <= set(graphs[start].objects(start, OWL.imports))
