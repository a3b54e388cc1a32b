"""An incident in one line: what lists show of it. Nothing is derived again."""

from __future__ import annotations

from typing import Any

from pyoxigraph import Literal, NamedNode, Triple

from kb.errors import both
from kb.flow.ledger import STATE
from kb.namespaces import RDF_TYPE, xz
from kb.report.places import code_of, full_name
from kb.services.incident import INCIDENT_CLASS, MAIN_TYPE, types_of
from kb.services.life import standing, terms
from kb.services.naming import named
from kb.services.workspace import Workspace
from kb.store.protocol import Term


def brief(workspace: Workspace, identifier: str) -> dict[str, Any]:
    """Return types, place, times, stored grade and level of an incident, and where it stands."""
    incident = terms.incident_iri(identifier)
    facts, response = terms.facts_graph(identifier), terms.response_graph(identifier)
    states = terms.states_graph(identifier)

    def one(property_: NamedNode, graph: NamedNode) -> Term | None:
        return next((q.object for q in workspace.store.match(incident, property_, None, graph)), None)

    def thing(term: Term | None) -> dict[str, Any] | None:
        return named(workspace, term) if isinstance(term, NamedNode) else None

    types = types_of(
        Triple(q.subject, q.predicate, q.object)
        for property_ in (RDF_TYPE, MAIN_TYPE)
        for q in workspace.store.match(incident, property_, None, facts)
    ) or [INCIDENT_CLASS]
    told = [named(workspace, type_) for type_ in types]
    place, merged = one(xz("place"), facts), one(terms.MERGED_INTO, states)
    return {
        "id": identifier,
        "iri": incident.value,
        "type": told[0],
        "types": told,
        "grid": None
        if not isinstance(place, NamedNode)
        else {
            "iri": place.value,
            "code": code_of(place, workspace.store),
            "label": both(full_name(place, workspace.store, workspace.names)),
        },
        "time": _text(one(xz("occurredAt"), facts)),
        "received": _text(one(terms.RECEIVED_AT, facts)),
        "grade": thing(one(terms.GRADE, response)),
        "level": thing(one(xz("responseLevel"), response)),
        "state": state(workspace, one(STATE, states)),
        "centre": thing(one(terms.AT_CENTRE, states)),
        "mergedInto": terms.identifier_of(merged) if isinstance(merged, NamedNode) else None,
    }


def state(workspace: Workspace, term: Term | None) -> dict[str, Any]:
    """Return a state of the flow as it stands in JSON; what has no timeline was only reported.

    *open* says whether the incident is not over.
    """
    flow = standing.machine(workspace).flow
    found = flow.states[term if isinstance(term, NamedNode) else flow.start]
    return {
        "iri": found.iri.value,
        "name": found.name,
        "label": both(found.label),
        "final": found.final,
        "open": found.iri in standing.open_states(workspace),
    }


def _text(term: Term | None) -> str | None:
    return term.value if isinstance(term, Literal) else None
