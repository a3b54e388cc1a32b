"""Both engines' reports in one form: what our wrapper finds, what pySHACL finds, what a report in RDF says.

A result is a tuple of strings: focus node, path, value, component, severity, source shape; terms in N-Triples
and paths in SPARQL's syntax. A report is a multiset of them, without messages: each engine has its own words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pyshacl
import rdflib
from pyoxigraph import BlankNode, Literal, NamedNode, Triple
from rdflib import RDF, SH

from kb.errors import InputError
from kb.validation.shapes import Shapes
from kb.validation.violation import Violation

Result = tuple[str, str, str, str, str, str]
Report = Mapping[Result, int] | str
"""The results, or ``"refused: …"`` where the engine said that it cannot."""
REFUSED = "refused"


def ours(shapes: Iterable[Triple], data: Iterable[Triple]) -> Report:
    """Return what our wrapper finds."""
    try:
        return Counter(map(result, Shapes(shapes).validate(data)))
    except InputError as error:
        return f"{REFUSED}: {error}"


def result(found: Violation) -> Result:
    """Return a violation in the common form."""
    value = "" if found.value is None else str(found.value)
    return (
        *(str(found.focus), found.path or "", value),
        *(found.component, found.severity, str(found.shape)),
    )


def reference(shapes: Iterable[Triple], data: Iterable[Triple], *, advanced: bool = False) -> Report:
    """Return what pySHACL finds."""
    try:
        _, report, _ = pyshacl.validate(
            graph(data), shacl_graph=graph(shapes), inference="none", advanced=advanced, do_owl_imports=False
        )
    except Exception as error:  # noqa: BLE001 - it raises whatever goes wrong inside
        return f"{REFUSED}: {error}"
    if not isinstance(report, rdflib.Graph):
        return f"{REFUSED}: {report}"
    return of_graph(report)


def of_graph(report: rdflib.Graph, node: Any = None) -> Counter[Result]:
    """Return the results of the validation report *node*, by default the only one, in a graph."""
    if node is None:
        (node,) = report.subjects(RDF.type, SH.ValidationReport)
    found: Counter[Result] = Counter()
    for one in report.objects(node, SH.result):
        get = report.value
        path, value = get(one, SH.resultPath), get(one, SH.value)
        found[
            *(_text(get(one, SH.focusNode)), "" if path is None else _path(report, path)),
            "" if value is None else _text(value),
            *(str(get(one, SH.sourceConstraintComponent)), str(get(one, SH.resultSeverity))),
            _text(get(one, SH.sourceShape)),
        ] += 1
    return found


def graph(triples: Iterable[Triple]) -> rdflib.Graph:
    """Return the same triples, labels and lexical forms, for rdflib."""
    made = rdflib.Graph()
    for triple in triples:
        made.add((_rdflib(triple.subject), _rdflib(triple.predicate), _rdflib(triple.object)))
    return made


def _rdflib(term: Any) -> Any:
    if isinstance(term, NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, BlankNode):
        return rdflib.BNode(term.value)
    if term.language:
        return rdflib.Literal(term.value, lang=term.language)
    if term.datatype.value.endswith("#string"):
        return rdflib.Literal(term.value)
    return rdflib.Literal(term.value, datatype=rdflib.URIRef(term.datatype.value), normalize=False)


def _text(term: Any) -> str:
    if isinstance(term, rdflib.URIRef):
        return str(NamedNode(str(term)))
    if isinstance(term, rdflib.BNode):
        return str(BlankNode(str(term)))
    if isinstance(term, rdflib.Literal):
        if term.language:
            return str(Literal(str(term), language=term.language))
        datatype = NamedNode(str(term.datatype)) if term.datatype else None
        return str(Literal(str(term), datatype=datatype))
    return ""


def _path(report: rdflib.Graph, node: Any) -> str:
    if isinstance(node, rdflib.URIRef):
        return f"<{node}>"
    items = list(report.items(node))
    if items:
        return "(" + "/".join(_path(report, item) for item in items) + ")"
    for term, before, after in (
        (SH.inversePath, "^", ""),
        (SH.zeroOrMorePath, "(", ")*"),
        (SH.oneOrMorePath, "(", ")+"),
        (SH.zeroOrOnePath, "(", ")?"),
    ):
        if (inner := report.value(node, term)) is not None:
            return before + _path(report, inner) + after
    choices = report.value(node, SH.alternativePath)
    return "(" + "|".join(_path(report, item) for item in report.items(choices)) + ")"
