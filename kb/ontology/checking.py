"""What is wrong with the knowledge: its own SHACL contract, and the reasoners' verdict.

pySHACL checks here, not the fast engine: knowledge is small, it is checked when it is written, and
pySHACL is the reference implementation.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pyshacl import validate
from rdflib import RDF, SH, Graph, Literal, URIRef
from rdflib.term import Node

from kb.errors import Fault, Text
from kb.namespaces import PREFIXES
from kb.ontology import reasoning


def check(ontology: Path) -> list[Fault]:
    """Return everything that is wrong with the Turtle files below *ontology*."""
    shapes = ontology / "shapes" / "knowledge.ttl"
    graph = reasoning.read(p for p in sorted(ontology.rglob("*.ttl")) if p.parent != shapes.parent)
    return [*_violations(graph, reasoning.read([shapes])), *_contradictions(graph)]


def _violations(graph: Graph, shapes: Graph) -> Iterator[Fault]:
    """Yield a fault for every result of the contract of the knowledge (``ontology/shapes/knowledge.ttl``)."""
    _, report, _ = validate(graph, shacl_graph=shapes, inference="none", advanced=False)
    for result in sorted(
        report.subjects(RDF.type, SH.ValidationResult), key=lambda r: str(report.value(r, SH.focusNode))
    ):
        words = {
            message.language: str(message)
            for message in report.objects(result, SH.resultMessage)
            if isinstance(message, Literal)
        }
        value = report.value(result, SH.value)
        shown = f"（{_short(value)}）" if value is not None else ""
        zh = words.get("zh") or next(iter(words.values()), "")
        yield Fault(
            "knowledge.contract",
            Text(zh + shown, words.get("en", zh) + shown.replace("（", " (").replace("）", ")")),
            _short(report.value(result, SH.focusNode)),
        )


def _contradictions(graph: Graph) -> Iterator[Fault]:
    verdict = reasoning.verdict(graph)
    if not verdict.consistent:
        yield Fault(
            "ontology.inconsistent",
            Text(
                "本体自相矛盾：没有任何世界能同时满足全部公理",
                "the ontology contradicts itself: no world satisfies all its axioms",
            ),
        )
    for iri in sorted(verdict.unsatisfiable):
        yield Fault(
            "ontology.unsatisfiable",
            Text("该类不可能有任何成员", "this class can have no member"),
            _short(URIRef(iri)),
            Text("检查它的上位类是否互斥", "see whether its superclasses are disjoint"),
        )


def _short(term: Node | None) -> str:
    """Return an IRI with its prefix, anything else as it is."""
    text = str(term)
    if isinstance(term, URIRef):
        for prefix, namespace in sorted(PREFIXES.items(), key=lambda item: -len(item[1])):
            if text.startswith(namespace):
                return f"{prefix}:{text.removeprefix(namespace)}"
    return text
