"""What was reported: the types of the incident, where, when, and the facts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyoxigraph import Literal, NamedNode

from kb.errors import both
from kb.namespaces import xz
from kb.report.places import code_of, full_name
from kb.report.values import in_json, plain
from kb.services.findings import Findings
from kb.services.incident import Answer, types_of
from kb.services.workspace import Workspace
from kb.srl.syntax import Term


def incident(workspace: Workspace, answer: Answer, found: Findings) -> dict[str, Any]:
    """Return the incident as it was reported; a fact that is not there is unknown."""
    (place,) = found.reported("place")
    assert isinstance(place, NamedNode)
    store, names = workspace.store, workspace.names
    facts = [
        {
            "key": field.key,
            "label": both(field.label),
            "value": in_json(plain(term)) if isinstance(term, Literal) else found.value(term),
            "unit": both(field.unit) if field.unit else None,
        }
        for key, field in workspace.vocabulary.fields.items()
        if key not in {"grid", "time"}
        for term in found.reported(field.property)
    ]
    return {
        "id": answer.id,
        "iri": answer.incident.value,
        "grid": {
            "iri": place.value,
            "code": code_of(place, store),
            "label": both(full_name(place, store, names)),
        },
        "time": plain(found.reported("occurredAt")[0]),
        "received": plain(found.reported("receivedAt")[0]),
        "facts": facts,
    }


def types(found: Findings) -> list[dict[str, Any]]:
    """Return the types of the incident, the main one first; a compound incident has several."""
    return [found.value(type_) for type_ in types_of(found.answer.facts)] or [found.value(xz("Incident"))]


def main_first(found: Findings, provisions: Iterable[Term]) -> list[Term]:
    """Return *provisions* of a compound incident with those first that apply to its main type."""
    main = types_of(found.answer.facts)[:1]
    covering = {wider for type_ in main for wider in found.values(type_, "coveredBy")}
    return sorted(provisions, key=lambda p: not covering & set(found.values(p, "appliesTo")))
