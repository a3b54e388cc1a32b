"""Whether the knowledge keeps its own SHACL contract (``ontology/shapes/knowledge.ttl``).

pySHACL checks here, not the fast engine: knowledge is small, it is checked when it is written, and pySHACL is
the reference implementation.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyshacl import validate
from rdflib import RDF, SH, Graph, Literal, URIRef
from rdflib.term import Node

from kb.errors import Fault, Text
from kb.namespaces import XZ
from kb.ontology.checks.finding import Finding, Severity, short
from kb.ontology.statements import Places

REPAIR = URIRef(XZ + "repair")


def violations(graph: Graph, shapes: Graph, places: Places) -> Iterator[Finding]:
    """Yield a finding for every result of the contract, in the words of the shape that is violated."""
    _, report, _ = validate(graph, shacl_graph=shapes, inference="none", advanced=False)
    for result in sorted(
        report.subjects(RDF.type, SH.ValidationResult), key=lambda r: str(report.value(r, SH.focusNode))
    ):
        focus, path = report.value(result, SH.focusNode), report.value(result, SH.resultPath)
        shape, value = report.value(result, SH.sourceShape), report.value(result, SH.value)
        message = _words(report, result, SH.resultMessage) or Text("违反契约", "breaks the contract")
        shown = "" if value is None else short(value)
        place = places.of(str(focus), str(path) if isinstance(path, URIRef) else None)
        yield Finding(
            Severity.ERROR,
            Fault(
                "knowledge.contract",
                Text(
                    f"{short(focus)} {message.zh}" + (f"（{shown}）" if shown else ""),
                    f"{short(focus)}: {message.en}" + (f" ({shown})" if shown else ""),
                ),
                str(place) if place else short(focus),
                None if shape is None else _words(shapes, shape, REPAIR),
            ),
        )


def _words(graph: Graph, subject: Node, predicate: URIRef) -> Text | None:
    found = {t.language: str(t) for t in graph.objects(subject, predicate) if isinstance(t, Literal)}
    if not found:
        return None
    return Text(found.get("zh") or next(iter(found.values())), found.get("en") or next(iter(found.values())))
