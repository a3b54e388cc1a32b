"""Terms that are used and that no file defines: in Turtle, and in rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rdflib import RDF, Graph, Literal, URIRef

from kb.errors import Fault, Text
from kb.namespaces import ROOT, XZ
from kb.ontology.checks.finding import Finding, Severity, short
from kb.ontology.names import did_you_mean, nearest
from kb.ontology.statements import Places

OWN = (XZ, ROOT + "kb/")


def undefined(graph: Graph, places: Places) -> Iterator[Finding]:
    """Yield a finding for each of our terms that *graph* uses and gives no type, once for each user."""
    defined = {str(s) for s in graph.subjects(RDF.type) if isinstance(s, URIRef)}
    seen = set()
    for subject, predicate, object_ in graph:
        found = [predicate, object_]
        if isinstance(object_, Literal) and object_.datatype is not None:
            found.append(object_.datatype)
        for term in found:
            if isinstance(term, URIRef) and str(term).startswith(OWN) and str(term) not in defined:
                if (subject, term) in seen:
                    continue
                seen.add((subject, term))
                place = places.of(str(subject), str(predicate))
                yield unknown(str(term), str(place) if place else short(subject), defined)


def unknown(term: str, where: str, defined: Iterable[str]) -> Finding:
    """Return the finding of a *term* that nothing defines, naming those of *defined* that are like it."""
    base, kind = _split(term)
    near = nearest(kind, [_split(other)[1] for other in defined if _split(other)[0] == base])
    names = [short(base + name) for name in near]
    return Finding(
        Severity.ERROR,
        Fault(
            "knowledge.undefined",
            Text(f"没有任何文件定义 {short(term)}", f"no file defines {short(term)}"),
            where,
            did_you_mean(names) or Text("定义它，或改用已有的术语", "define it, or use a term that there is"),
        ),
    )


def _split(iri: str) -> tuple[str, str]:
    cut = max(iri.rfind("/"), iri.rfind("#")) + 1
    return iri[:cut], iri[cut:]
