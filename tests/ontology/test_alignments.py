"""Alignments: mappings to other vocabularies name real things, contradict nothing and bind no reasoner."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rdflib import OWL, RDF, RDFS, SKOS, Graph, Literal, Namespace, URIRef

from kb.inference.engine import is_read
from kb.namespaces import graph
from kb.ontology import files
from kb.resources import folder

XZ = Namespace("https://w3id.org/xiezhi/ns#")
KB = "https://w3id.org/xiezhi/kb/"
BASE = "https://w3id.org/xiezhi/ontology/alignments/"
CAP = KB + "cap/"
HIP = "https://undrr-hip.org/"
HIP_CODES = URIRef(KB + "code-scheme/undrr-hip-2021")
SHARED = Path(__file__).parents[3] / "shared" / "data"
XSD_ELEMENT = "{http://www.w3.org/2001/XMLSchema}"

MAPPINGS = (SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch, SKOS.narrowMatch, SKOS.relatedMatch)
SOURCES = {
    "edxl": ("http://w3id.org/concorde/ontology/EDXL#", "onto/EDXL-EDXL.ttl"),
    "concorde": ("http://w3id.org/concorde/ontology/concorde#", "onto/COncORDE-concorde.ttl"),
    "beaware": (
        "https://raw.githubusercontent.com/beAWARE-project/ontology/master/beAWARE_ontology#",
        "onto/beAWARE_ontology.owl",
    ),
    "undrr": (HIP, "hazard/undrr-isc-hazard-classification.ttl"),
}
"""Of each alignment with an RDF vocabulary: the namespace of its targets, and the file that declares them."""


def mappings(source: Graph) -> Iterator[tuple[URIRef, URIRef, URIRef]]:
    """Yield subject, relation and target of every mapping in *source*."""
    for relation in MAPPINGS:
        for subject, target in source.subject_objects(relation):
            assert isinstance(subject, URIRef)
            assert isinstance(target, URIRef)
            yield subject, relation, target


@pytest.fixture(scope="module")
def alignments(graphs: dict[URIRef, Graph]) -> dict[str, Graph]:
    """The files of ``ontology/alignments/`` by name."""
    found = {iri.removeprefix(BASE): part for iri, part in graphs.items() if iri.startswith(BASE)}
    assert set(found) >= {"cap", *SOURCES}
    return found


@pytest.fixture(scope="module")
def aligned(knowledge: Graph) -> list[tuple[URIRef, URIRef, URIRef]]:
    """Every mapping of the knowledge."""
    found = list(mappings(knowledge))
    assert len(found) > 500
    return found


def test_mappings_stand_in_alignments_and_nowhere_else(graphs: dict[URIRef, Graph]) -> None:
    for iri, part in graphs.items():
        assert bool(next(mappings(part), None)) == iri.startswith(BASE), iri


def test_whatever_is_mapped_is_ours_and_exists(
    knowledge: Graph, aligned: list[tuple[URIRef, URIRef, URIRef]]
) -> None:
    for subject, _, _ in aligned:
        assert str(subject).startswith((XZ, KB)), subject
        assert (subject, RDF.type, None) in knowledge, subject


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_target_is_declared_by_the_vocabulary_it_is_of(name: str, alignments: dict[str, Graph]) -> None:
    namespace, path = SOURCES[name]
    found = list(mappings(alignments[name]))
    assert found
    for subject, _, target in found:
        assert target.startswith(namespace), f"{subject} -> {target}"
    if not (SHARED / path).is_file():
        pytest.skip(f"whether the targets of {name} exist was not checked: ../shared/data/{path} is absent")
    source = Graph().parse(SHARED / path, format="turtle" if path.endswith(".ttl") else "xml")
    missing = {target for _, _, target in found if (target, RDF.type, None) not in source}
    assert missing == set()


def cap_values(alignment: Graph) -> dict[str, set[str]]:
    """Return the code values of every element of CAP that *alignment* has concepts for."""
    return {
        str(alignment.value(scheme, SKOS.notation)): {
            str(alignment.value(concept, SKOS.notation))
            for concept in alignment.subjects(SKOS.inScheme, scheme)
        }
        for scheme in alignment.subjects(RDF.type, SKOS.ConceptScheme)
    }


def test_the_concepts_of_cap_are_the_code_values_of_its_schema(alignments: dict[str, Graph]) -> None:
    ours = cap_values(alignments["cap"])
    assert set(ours) == {
        "category", "severity", "urgency", "certainty", "responseType", "msgType", "status"
    }  # fmt: skip
    path = SHARED / "cap" / "schema" / "cap12.xsd"
    if not path.is_file():
        pytest.skip(f"the code values were not compared: ../shared/data/cap/schema/{path.name} is absent")
    schema = {
        element.get("name"): {value.get("value") for value in element.iter(XSD_ELEMENT + "enumeration")}
        for element in ET.parse(path).iter(XSD_ELEMENT + "element")
        if element.get("name") in ours
    }
    assert ours == schema


def test_every_target_in_cap_is_one_of_its_concepts(alignments: dict[str, Graph]) -> None:
    cap = alignments["cap"]
    for subject, _, target in mappings(cap):
        assert target.startswith(CAP), f"{subject} -> {target}"
        assert {SKOS.Concept, SKOS.ConceptScheme} & set(cap.objects(target, RDF.type)), target


def test_exact_matches_are_one_to_one_within_a_vocabulary(alignments: dict[str, Graph]) -> None:
    for name, part in alignments.items():
        exact = [(s, t) for s, relation, t in mappings(part) if relation == SKOS.exactMatch]
        for side in (Counter(s for s, _ in exact), Counter(t for _, t in exact)):
            assert [term for term, count in side.items() if count > 1] == [], name


def test_no_two_relations_are_claimed_of_the_same_pair(
    aligned: list[tuple[URIRef, URIRef, URIRef]],
) -> None:
    pairs = Counter((subject, target) for subject, _, target in aligned)
    assert [pair for pair, count in pairs.items() if count > 1] == []


def test_no_type_is_wider_than_what_a_wider_type_is_narrower_than(knowledge: Graph) -> None:
    """If a type falls under a concept, none of its subtypes may hold that concept, and the reverse."""
    for kind in knowledge.subjects(RDF.type, XZ.IncidentType):
        wider = set(knowledge.transitive_objects(kind, RDFS.subClassOf))
        above = {
            target
            for w in wider
            for r in (SKOS.broadMatch, SKOS.exactMatch)
            for target in knowledge.objects(w, r)
        }
        assert above.isdisjoint(knowledge.objects(kind, SKOS.narrowMatch)), kind


def cap_category(knowledge: Graph, kind: URIRef) -> list[URIRef]:
    """Return the categories of CAP of *kind*: its own, or those of the nearest wider type that has any."""
    while kind != XZ.Incident:
        own = [
            target
            for relation in (SKOS.broadMatch, SKOS.closeMatch, SKOS.exactMatch, SKOS.narrowMatch)
            for target in knowledge.objects(kind, relation)
            if target.startswith(CAP + "category/")
        ]
        if own:
            return own
        kind = URIRef(str(knowledge.value(kind, RDFS.subClassOf)))
    return []


def test_every_type_of_incident_has_a_category_of_cap(knowledge: Graph) -> None:
    kinds = set(knowledge.subjects(RDF.type, XZ.IncidentType)) - {XZ.Incident}
    assert len(kinds) > 20
    for kind in sorted(kinds):
        assert cap_category(knowledge, kind), kind
    assert cap_category(knowledge, XZ.BuildingFire) == [URIRef(CAP + "category/fire")]


@pytest.mark.parametrize(
    ("kind", "category"),
    [
        ("MetroPowerFailure", "transport"),
        ("MetroFire", "fire"),
        ("LiftTrapping", "rescue"),
        ("WaterMainBurst", "infra"),
        ("ForestFire", "fire"),
        ("Tornado", "met"),
        ("Aftershock", "geo"),
        ("RadioactiveSourceLoss", "safety"),
        ("RabiesEpidemic", "health"),
    ],
)
def test_a_category_of_cap_is_who_answers_and_not_where_the_law_files_a_type(
    kind: str, category: str, knowledge: Graph
) -> None:
    assert cap_category(knowledge, XZ[kind]) == [URIRef(f"{CAP}category/{category}")]


def hazard_profiles(knowledge: Graph, kind: URIRef) -> set[str]:
    """Return the codes of the hazard profiles or clusters that *kind*, or a type above it, corresponds to."""
    return {
        str(target).removeprefix(HIP)
        for wider in knowledge.transitive_objects(kind, RDFS.subClassOf)
        if wider not in {XZ.NaturalDisaster, XZ.Incident}
        for relation in MAPPINGS
        for target in knowledge.objects(wider, relation)
        if target.startswith(HIP)
    }


def test_every_natural_disaster_corresponds_to_a_hazard_of_undrr(knowledge: Graph) -> None:
    kinds = set(knowledge.transitive_subjects(RDFS.subClassOf, XZ.NaturalDisaster)) - {XZ.NaturalDisaster}
    assert len(kinds) > 20
    assert [kind for kind in sorted(kinds) if not hazard_profiles(knowledge, kind)] == []


def test_a_type_has_the_code_of_a_hazard_profile_exactly_if_it_is_close_to_it(knowledge: Graph) -> None:
    coded = {
        (kind, str(code))
        for kind, code in knowledge.subject_objects(SKOS.notation)
        if isinstance(code, Literal) and code.datatype == HIP_CODES
    }
    close = {
        (kind, target.removeprefix(HIP))
        for kind, target in knowledge.subject_objects(SKOS.closeMatch)
        if re.fullmatch(HIP + r"[A-Z]{2}\d{4}", target)
    }
    assert len(coded) > 50
    assert coded == close


def test_no_code_of_a_hazard_profile_is_given_to_two_types(knowledge: Graph) -> None:
    codes = Counter(
        code
        for code in knowledge.objects(None, SKOS.notation)
        if getattr(code, "datatype", None) == HIP_CODES
    )
    assert [code for code, count in codes.items() if count > 1] == []


def test_a_colour_of_a_warning_is_close_to_a_severity_and_never_the_same(knowledge: Graph) -> None:
    severities = []
    for level in sorted(
        knowledge.subjects(RDF.type, XZ.WarningLevel), key=lambda level: int(knowledge.value(level, XZ.rank))
    ):
        assert not list(knowledge.objects(level, SKOS.exactMatch)), level
        severities += [t for t in knowledge.objects(level, SKOS.closeMatch) if t.startswith(CAP)]
    assert [knowledge.value(severity, SKOS.notation) for severity in severities] == [
        Literal(word) for word in ("Extreme", "Severe", "Moderate", "Minor")
    ]


def test_no_alignment_imports_what_it_is_aligned_with(alignments: dict[str, Graph]) -> None:
    for name, part in alignments.items():
        for target in part.objects(None, OWL.imports):
            assert target.startswith("https://w3id.org/xiezhi/ontology/"), name


@pytest.mark.parametrize("relation", [*MAPPINGS, SKOS.inScheme], ids=lambda iri: iri.fragment)
def test_a_mapping_is_an_annotation_that_no_reasoner_takes_for_an_axiom(
    relation: URIRef, knowledge: Graph
) -> None:
    assert set(knowledge.objects(relation, RDF.type)) == {OWL.AnnotationProperty}


def test_alignments_go_into_a_graph_of_their_own_that_rules_do_not_read(
    closure: Callable[[URIRef], Graph],
) -> None:
    found = files.scan(folder("ontology"), folder("rules"))
    own = {file.path.stem for file in found if file.graph == graph("alignments")}
    assert own >= {"cap", *SOURCES}
    assert not is_read(graph("alignments"))
    assert not list(mappings(closure(URIRef("https://w3id.org/xiezhi/ontology/packs/gas/pack"))))
