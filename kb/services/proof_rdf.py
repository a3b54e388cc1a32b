"""Proofs as linked data: derived triples as PROV entities, rule applications as activities.

Made from the nodes that a reader was given, so nothing that was withheld can be in it. A triple is an
``rdf:Statement``, which RDF 1.1 tools read as well; its premises are what its generating activity used.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from typing import Any

import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

from kb.namespaces import DCTERMS_SOURCE, PREFIXES, PROV, RDF, RDF_TYPE, RDFS_LABEL, ROOT
from kb.srl.syntax import Term

MEDIA_TYPE = "application/ld+json"
SOFTWARE = NamedNode(ROOT + "kb/agent/rules")
"""The agent that applies rules: the software, not a person."""
STATEMENT = NamedNode(RDF + "Statement")
ENTITY, ACTIVITY, PLAN = (NamedNode(PROV + name) for name in ("Entity", "Activity", "Plan"))


def to_jsonld(answer: Mapping[str, Any]) -> bytes:
    """Return the proofs in *answer*, as :func:`kb.services.explaining.why` gives them, as JSON-LD."""
    triples = dict.fromkeys(_Writer(str(answer["incident"])).triples(answer["conclusions"]))
    output = io.BytesIO()
    pyoxigraph.serialize(triples, output, format=RdfFormat.JSON_LD, prefixes=PREFIXES)
    return output.getvalue()


class _Writer:
    def __init__(self, identifier: str) -> None:
        self._base = f"{ROOT}proof/{identifier}/"

    def triples(self, nodes: list[dict[str, Any]]) -> Iterator[Triple]:
        """Yield what *nodes* say; a node that is repeated has said it already."""
        yield Triple(SOFTWARE, RDF_TYPE, NamedNode(PROV + "SoftwareAgent"))
        for node in nodes:
            yield from self._node(node)

    def _node(self, node: Mapping[str, Any]) -> Iterator[Triple]:
        if node["kind"] == "repeated":
            return
        entity = self._name(node)
        yield Triple(entity, RDF_TYPE, ENTITY)
        for language, text in node["statement"].items():
            yield Triple(entity, RDFS_LABEL, Literal(text, language=language))
        if node.get("triple"):
            yield Triple(entity, RDF_TYPE, STATEMENT)
            for part, written in node["triple"].items():
                yield Triple(entity, NamedNode(RDF + part), _parsed(written))
        for name in node.get("graphs", ()):
            yield from self._graph(entity, name)
        if node["kind"] == "derived":
            yield from self._application(entity, node)

    def _graph(self, entity: NamedNode, graph: Mapping[str, Any]) -> Iterator[Triple]:
        name = NamedNode(graph["iri"])
        yield Triple(entity, NamedNode(PROV + "wasDerivedFrom"), name)
        yield Triple(name, RDF_TYPE, ENTITY)
        for language, text in graph["label"].items():
            yield Triple(name, RDFS_LABEL, Literal(text, language=language))

    def _application(self, entity: NamedNode, node: Mapping[str, Any]) -> Iterator[Triple]:
        activity, association = (
            NamedNode(entity.value + "/application"),
            NamedNode(entity.value + "/association"),
        )
        rule = NamedNode(node["rule"]["iri"])
        yield Triple(entity, NamedNode(PROV + "wasGeneratedBy"), activity)
        yield Triple(activity, RDF_TYPE, ACTIVITY)
        for language, text in node["sentence"].items():
            yield Triple(activity, RDFS_LABEL, Literal(text, language=language))
        # PROV-O has a plan stand in the association of an activity with who carried the plan out.
        yield Triple(activity, NamedNode(PROV + "qualifiedAssociation"), association)
        yield Triple(association, RDF_TYPE, NamedNode(PROV + "Association"))
        yield Triple(association, NamedNode(PROV + "agent"), SOFTWARE)
        yield Triple(association, NamedNode(PROV + "hadPlan"), rule)
        yield Triple(rule, RDF_TYPE, PLAN)
        if node["clause"] and node["clause"]["iri"]:
            yield Triple(entity, DCTERMS_SOURCE, NamedNode(node["clause"]["iri"]))
        for premise in node["premises"]:
            yield Triple(activity, NamedNode(PROV + "used"), self._name(premise))
            yield from self._node(premise)

    def _name(self, node: Mapping[str, Any]) -> NamedNode:
        """Name a node by what it says, so that the same premise of two proofs is one entity.

        Conditions and what is withheld are told apart by their place in the answer.
        """
        triple = node.get("triple")
        said = " ".join(triple.values()) if triple else f"{node['id']} {node['statement']['en']}"
        return NamedNode(self._base + hashlib.sha256(said.encode()).hexdigest()[:16])


def _parsed(written: str) -> Term:
    """Return a term from the way in which N-Triples writes it."""
    quads = pyoxigraph.parse(f"<urn:s> <urn:p> {written} .", format=RdfFormat.N_TRIPLES)
    term = next(iter(quads)).object
    assert isinstance(term, NamedNode | BlankNode | Literal)
    return term
