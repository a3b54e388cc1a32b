"""How our terms are said in CAP: by the alignments of the ontology, never by code."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode

from kb.cap.standard import WORDS
from kb.namespaces import ONTOLOGY, RDFS, SKOS, graph, xz
from kb.services.workspace import Workspace
from kb.store.protocol import Term

RELATED = NamedNode(SKOS + "relatedMatch")
_ALIGNMENTS = graph("alignments")
_SAME = tuple(NamedNode(SKOS + name) for name in ("closeMatch", "broadMatch"))
_NOTATION, _ABOVE = NamedNode(SKOS + "notation"), NamedNode(RDFS + "subClassOf")


def aligned(workspace: Workspace, term: Term, element: str, property_: NamedNode) -> Iterator[str]:
    """Yield the code values of *element* to which *term* is aligned."""
    if not isinstance(term, NamedNode):
        return
    for quad in workspace.store.match(term, property_, None, _ALIGNMENTS):
        if isinstance(quad.object, NamedNode):
            for word in workspace.store.match(quad.object, _NOTATION, None, _ALIGNMENTS):
                if isinstance(word.object, Literal) and word.object.value in WORDS[element]:
                    yield word.object.value


def severity(workspace: Workspace, level: NamedNode) -> str:
    """Return the severity that a warning of *level* has in CAP; ``Unknown`` where the ontology says none."""
    quads = workspace.store.match(level, xz("outSeverity"), None, ONTOLOGY)
    return next((q.object.value for q in quads if isinstance(q.object, Literal)), "Unknown")


def categories(workspace: Workspace, type_: NamedNode) -> tuple[str, ...]:
    """Return the categories of *type_*, or of the nearest wider type that has some."""
    waiting: list[Term] = [type_]
    for one in waiting:
        found = [word for property_ in _SAME for word in aligned(workspace, one, "category", property_)]
        if found:
            return tuple(sorted(set(found)))
        if isinstance(one, NamedNode):
            waiting += [q.object for q in workspace.store.match(one, _ABOVE, None) if q.object not in waiting]
    return ("Other",)
