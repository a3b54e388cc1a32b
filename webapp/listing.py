"""The newest incidents, one line each: what the queue of the page and the list of the API show."""

from __future__ import annotations

from typing import Any

from pyoxigraph import Literal, NamedNode

from kb.namespaces import ROOT, graph, xz
from kb.report.places import code_of, full_name
from kb.services import incident
from kb.services.workspace import Workspace
from webapp.problems import both


def recent(workspace: Workspace, limit: int) -> list[dict[str, Any]]:
    """Return the newest incidents with their stored grade and response level; nothing is derived again."""
    return [_line(workspace, *row) for row in incident.recent(workspace, limit)]


def _line(workspace: Workspace, identifier: str, types: list[NamedNode], received: str) -> dict[str, Any]:
    node = NamedNode(f"{ROOT}incident/{identifier}")
    facts, response = graph(f"incident/{identifier}"), graph(f"response/{identifier}")

    def one(relation: str, name: NamedNode) -> NamedNode | Literal | None:
        quads = workspace.store.match(node, xz(relation), None, name)
        return next((q.object for q in quads if isinstance(q.object, NamedNode | Literal)), None)

    def named(term: NamedNode) -> dict[str, Any]:
        return {"iri": term.value, "label": both(workspace.describer.text(term))}

    def thing(term: NamedNode | Literal | None) -> dict[str, Any] | None:
        return named(term) if isinstance(term, NamedNode) else None

    place, occurred = one("place", facts), one("occurredAt", facts)
    told = [named(type_) for type_ in types]
    return {
        "id": identifier,
        "iri": node.value,
        "type": told[0],
        "types": told,
        "grid": None
        if not isinstance(place, NamedNode)
        else {
            "iri": place.value,
            "code": code_of(place, workspace.store),
            "label": both(full_name(place, workspace.store, workspace.names)),
        },
        "time": None if occurred is None else occurred.value,
        "received": received,
        "grade": thing(one("grade", response)),
        "level": thing(one("responseLevel", response)),
    }
