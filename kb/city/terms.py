"""The IRIs of a city's things, and the vocabulary that describes them."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode, Quad

from kb.errors import Text
from kb.namespaces import DCTERMS, ORG, RDF_TYPE, RDFS_LABEL, ROOT, xz

CODE = xz("code")
PART_OF = xz("partOf")
GRID_OFFICER = xz("gridOfficer")
TIER = xz("tier")
JURISDICTION = xz("jurisdiction")
PERFORMS = xz("performs")
SUPERIOR = xz("superior")

POST = NamedNode(ORG + "Post")
POST_IN = NamedNode(ORG + "postIn")
UNIT_OF = NamedNode(ORG + "unitOf")

DESCRIPTION = NamedNode(DCTERMS + "description")
LICENCE = NamedNode(DCTERMS + "license")


def area(code: str) -> NamedNode:
    """Return the IRI of the administrative division *code* (6, 9 or 12 digits)."""
    return NamedNode(f"{ROOT}division/{code}")


def tier(slug: str) -> NamedNode:
    """Return the IRI of the tier *slug*, such as ``"district"``."""
    return NamedNode(f"{ROOT}kb/tier/{slug}")


def function(slug: str) -> NamedNode:
    """Return the IRI of the function *slug*, such as ``"gas-authority"``."""
    return NamedNode(f"{ROOT}kb/function/{slug}")


def of_city(city: str, path: str) -> NamedNode:
    """Return the IRI of something that the city with the code *city* has made for itself."""
    return NamedNode(f"{ROOT}city/{city}/{path}")


def described(subject: NamedNode, kind: NamedNode, label: Text, graph: NamedNode) -> Iterator[Quad]:
    """Yield the three quads that everything has: its class and its label in both languages."""
    yield Quad(subject, RDF_TYPE, kind, graph)
    yield Quad(subject, RDFS_LABEL, Literal(label.zh, language="zh"), graph)
    yield Quad(subject, RDFS_LABEL, Literal(label.en, language="en"), graph)
