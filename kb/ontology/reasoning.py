"""Whether the ontology contradicts itself: two OWL 2 DL reasoners, which must agree.

``rustdl`` needs no Java and answers in a fraction of a second. HermiT, through owlready2, is asked too where
a Java is found. Neither is ever given an uploaded file. What an expert's draft may hold that owlready2 would
obey is taken out: ``python_module`` imports code, ``owl:imports`` is fetched (reliability.md, attack 21).
"""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import owlready2
import pyoxigraph
import rustdl
from pyoxigraph import NamedNode, RdfFormat
from rdflib import OWL, RDF, RDFS, XSD, BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from kb.errors import KnowledgeFault


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reasoner says: consistent or not, and the IRIs of classes that can have no member."""

    consistent: bool
    unsatisfiable: frozenset[str] = frozenset()


SOUND = Verdict(True)
OBEYED = "http://www.lesfleursdunormal.fr/static/_downloads/owlready_ontology.owl#"
"""The namespace of annotations by which a file tells owlready2 what to do."""


def read(paths: Iterable[Path]) -> Graph:
    """Return the union of Turtle files as one rdflib graph, without its imports: all parts are here.

    Oxigraph parses: it takes a tenth of the time.
    """
    union = Graph()
    for path in paths:
        for quad in pyoxigraph.parse(path=str(path), format=RdfFormat.TURTLE, rename_blank_nodes=True):
            union.add((_term(quad.subject), _term(quad.predicate), _term(quad.object)))
    union.remove((None, OWL.imports, None))
    return union


def _term(term: object) -> Node:
    """Return a term of Oxigraph as one of rdflib."""
    if isinstance(term, NamedNode):
        return URIRef(term.value)
    if isinstance(term, pyoxigraph.Literal):
        if term.language:
            return Literal(term.value, lang=term.language)
        plain = term.datatype.value == str(XSD.string)  # rdflib tells "a" from "a"^^xsd:string
        return Literal(term.value) if plain else Literal(term.value, datatype=URIRef(term.datatype.value))
    assert isinstance(term, pyoxigraph.BlankNode)
    return BNode(term.value)


def verdict(graph: Graph) -> Verdict:
    """Return what the reasoners say of *graph*.

    :raises KnowledgeFault: where they disagree; then neither is believed.
    """
    with tempfile.TemporaryDirectory(prefix="xiezhi-owl-") as folder:
        first = rustdl_says(graph, Path(folder))
        if has_java():
            second = hermit_says(graph, Path(folder))
            if second != first:
                raise KnowledgeFault.of(
                    "ontology.reasoners-disagree",
                    f"两个推理机结论不一致：rustdl {first}，HermiT {second}",
                    f"the reasoners disagree: rustdl says {first}, HermiT says {second}",
                )
    return first


def justifications(graph: Graph) -> dict[str, tuple[list[str], list[list[str]]]]:
    """Return why each impossible class is impossible: axioms in Manchester syntax, and minimal repairs.

    The key ``""`` stands for the ontology as a whole where it is inconsistent.
    """
    with tempfile.TemporaryDirectory(prefix="xiezhi-owl-") as folder:
        path = Path(folder) / "knowledge.rdf"
        pairwise(graph).serialize(path, format="xml")
        found = rustdl.debug(str(path)).to_dict()
    result = {root["iri"]: (root["justification"], root["repairs"]) for root in found["roots"]}
    if not found["consistent"]:
        result[""] = (found["inconsistency"]["justification"], found["inconsistency"]["repairs"])
    return result


def has_java() -> bool:
    """Whether HermiT can be asked."""
    return shutil.which("java") is not None


def rustdl_says(graph: Graph, folder: Path) -> Verdict:
    """Ask rustdl, handing it RDF/XML in *folder*."""
    path = folder / "knowledge.rdf"
    pairwise(graph).serialize(path, format="xml")
    if not rustdl.is_consistent(str(path)):
        return Verdict(False)
    return Verdict(True, frozenset(rustdl.classify(str(path), per_pair_timeout_ms=0).unsatisfiable))


def hermit_says(graph: Graph, folder: Path) -> Verdict:
    """Ask HermiT, handing owlready2 N-Triples in *folder*: it reads no Turtle."""
    path = folder / "knowledge.nt"
    unpunned(graph).serialize(path, format="nt", encoding="utf-8")
    world = owlready2.World()
    try:
        # It warns, partly on standard error, that a measure is a property and an individual: so it is meant.
        # HermiT wants a working folder that it can make an IRI of; "/" is none.
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()), contextlib.chdir(folder):
            warnings.simplefilter("ignore")
            ontology = world.get_ontology(path.as_uri()).load()
            with ontology:
                owlready2.sync_reasoner_hermit(world, debug=0)
        impossible = set(world.inconsistent_classes()) - {owlready2.Nothing}
        return Verdict(True, frozenset(cls.iri for cls in impossible))
    except owlready2.OwlReadyInconsistentOntologyError:
        return Verdict(False)
    finally:
        world.close()


def unpunned(graph: Graph) -> Graph:
    """Return *graph* with another IRI for the individual of a class or property that is one, too.

    What owlready2 would obey is left out.

    OWL 2 lets an IRI be a class and an individual and treats the two as strangers (Structural Specification,
    section 5.9). owlready2 makes one Python object of them, and then does not see that the class is
    impossible.
    """
    words = {OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty}
    terms = {term for word in words for term in graph.subjects(RDF.type, word)}
    links = set(graph.subjects(RDF.type, OWL.ObjectProperty))
    facts = links | set(graph.subjects(RDF.type, OWL.DatatypeProperty))
    copy = Graph()
    for subject, predicate, object_ in graph:
        if predicate == OWL.imports or str(predicate).startswith(OBEYED):
            continue
        typed = predicate == RDF.type and not str(object_).startswith((str(OWL), str(RDFS)))
        about = subject in terms and (typed or predicate in facts)
        of = object_ in terms and predicate in links
        copy.add(
            (
                URIRef(f"{subject}-individual") if about else subject,
                predicate,
                URIRef(f"{object_}-individual") if of else object_,
            )
        )
    return copy


def pairwise(graph: Graph) -> Graph:
    """Return *graph* with ``owl:AllDisjointClasses`` spelt out in pairs.

    rustdl 0.4.42 passes over that axiom in RDF/XML and does not list it among those it dropped.
    """
    copy = Graph()
    copy += graph
    for axiom in graph.subjects(RDF.type, OWL.AllDisjointClasses):
        head = graph.value(axiom, OWL.members)
        if head is not None:
            for one, other in combinations(Collection(graph, head), 2):
                copy.add((one, OWL.disjointWith, other))
    return copy
