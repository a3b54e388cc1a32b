"""The IRIs of Xiezhi and of the vocabularies that it reuses; one place, no version in any of them."""

from __future__ import annotations

from pyoxigraph import NamedNode

ROOT = "https://w3id.org/xiezhi/"
XZ = ROOT + "ns#"

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
DCTERMS = "http://purl.org/dc/terms/"
ORG = "http://www.w3.org/ns/org#"
PROV = "http://www.w3.org/ns/prov#"
SH = "http://www.w3.org/ns/shacl#"

PREFIXES = {
    "xz": XZ,
    "kb": ROOT + "kb/",
    "division": ROOT + "division/",
    "city": ROOT + "city/",
    "incident": ROOT + "incident/",
    "rule": ROOT + "rule/",
    "graph": ROOT + "graph/",
    "rdf": RDF,
    "rdfs": RDFS,
    "owl": OWL,
    "xsd": XSD,
    "skos": SKOS,
    "dcterms": DCTERMS,
    "org": ORG,
    "prov": PROV,
}

RDF_TYPE = NamedNode(RDF + "type")
RDFS_LABEL = NamedNode(RDFS + "label")
DCTERMS_SOURCE = NamedNode(DCTERMS + "source")


def xz(name: str) -> NamedNode:
    """Return the term *name* of Xiezhi's own vocabulary."""
    return NamedNode(XZ + name)


def graph(path: str) -> NamedNode:
    """Return the IRI of the named graph *path*, such as ``"incident/2026-001"``."""
    return NamedNode(f"{ROOT}graph/{path}")


ONTOLOGY, CATALOGUE = graph("ontology"), graph("catalogue")
"""The graphs of what is declared, which no delivery and no stranger can write."""
