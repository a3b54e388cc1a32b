"""OWL 2 DL: two reasoners, one in Rust and one in Java, find no fault and find the faults planted."""

from __future__ import annotations

from pathlib import Path

import pytest
from rdflib import OWL, RDF, RDFS, XSD, Graph, Literal, Namespace, URIRef

from kb.ontology.reasoning import OBEYED, SOUND, Verdict, has_java, hermit_says, rustdl_says

XZ = Namespace("https://w3id.org/xiezhi/ns#")
KB = Namespace("https://w3id.org/xiezhi/kb/")
IMPOSSIBLE = URIRef("https://example.org/Impossible")

needs_java = pytest.mark.skipif(not has_java(), reason="HermiT was not asked: there is no java here")


def without_imports(graph: Graph) -> Graph:
    copy = Graph()
    copy += graph
    copy.remove((None, OWL.imports, None))
    return copy


@pytest.fixture
def with_an_impossible_class(knowledge: Graph) -> Graph:
    """The knowledge with a class below two families of incidents that are disjoint."""
    graph = without_imports(knowledge)
    graph.add((IMPOSSIBLE, RDF.type, OWL.Class))
    graph.add((IMPOSSIBLE, RDFS.subClassOf, XZ.NaturalDisaster))
    graph.add((IMPOSSIBLE, RDFS.subClassOf, XZ.SocialSecurityEvent))
    return graph


@pytest.fixture
def with_a_colour_for_a_grade(knowledge: Graph) -> Graph:
    """The knowledge with a binding that takes a warning for a grade: two of the three scales mixed."""
    graph = without_imports(knowledge)
    graph.add((KB["binding/grade-major"], XZ.onGrade, KB["warning/red"]))
    return graph


def test_every_property_and_class_is_declared_as_owl_wants_it(knowledge: Graph) -> None:
    own = {term for term in knowledge.predicates() if term.startswith(str(XZ))}
    assert len(own) > 40
    properties = {OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty}
    for term in own:
        assert len(properties & set(knowledge.objects(term, RDF.type))) == 1, term
    for term in knowledge.subjects(RDF.type, RDF.Property):
        pytest.fail(f"{term} is a bare rdf:Property, which OWL 2 DL does not know")
    for kind in knowledge.objects(None, RDF.type):
        if isinstance(kind, URIRef) and kind.startswith(str(XZ)):
            assert (kind, RDF.type, OWL.Class) in knowledge, kind


def test_dates_and_durations_sit_on_annotations_only(knowledge: Graph) -> None:
    outside = {XSD.date, XSD.duration}  # not in the OWL 2 datatype map
    carriers = {p for p, o in knowledge.predicate_objects() if getattr(o, "datatype", None) in outside}
    assert carriers
    for predicate in carriers:
        assert (predicate, RDF.type, OWL.AnnotationProperty) in knowledge, predicate


def test_rustdl_finds_no_contradiction_and_no_impossible_class(knowledge: Graph, tmp_path: Path) -> None:
    assert rustdl_says(without_imports(knowledge), tmp_path) == SOUND


def test_rustdl_finds_the_faults_that_are_planted(
    with_an_impossible_class: Graph, with_a_colour_for_a_grade: Graph, tmp_path: Path
) -> None:
    assert rustdl_says(with_an_impossible_class, tmp_path) == Verdict(True, frozenset({str(IMPOSSIBLE)}))
    assert not rustdl_says(with_a_colour_for_a_grade, tmp_path).consistent


@needs_java
def test_hermit_agrees_with_rustdl(knowledge: Graph, tmp_path: Path) -> None:
    graph = without_imports(knowledge)
    assert hermit_says(graph, tmp_path) == rustdl_says(graph, tmp_path) == SOUND


@needs_java
def test_hermit_agrees_with_rustdl_on_the_faults_that_are_planted(
    with_an_impossible_class: Graph, with_a_colour_for_a_grade: Graph, tmp_path: Path
) -> None:
    for graph in (with_an_impossible_class, with_a_colour_for_a_grade):
        assert hermit_says(graph, tmp_path) == rustdl_says(graph, tmp_path) != SOUND


@needs_java
def test_no_file_makes_the_reasoner_import_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack 21 of reliability.md."""
    module = f"from pathlib import Path\nPath({str(tmp_path / 'done')!r}).touch()\n"
    (tmp_path / "planted.py").write_text(module, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    planted = Graph()
    ontology = URIRef("urn:planted")
    planted.add((ontology, RDF.type, OWL.Ontology))
    planted.add((URIRef("urn:planted#C"), RDF.type, OWL.Class))
    planted.add((ontology, URIRef(f"{OBEYED}python_module"), Literal("planted")))
    assert hermit_says(planted, tmp_path) == SOUND
    assert not (tmp_path / "done").exists()
