"""Personal fields as people and programs are told of them; a thing is ``{"iri", "label": {"zh", "en"}}``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyoxigraph import NamedNode

from kb.errors import InputError, both
from kb.services.workspace import Workspace
from kb.sharing.personal.vault import Field, Held


def record(iri: object) -> NamedNode:
    """Return the record *iri*, which somebody typed.

    :raises InputError: ``personal.record``, it is no IRI.
    """
    try:
        return NamedNode(str(iri).strip())
    except ValueError as error:
        zh, en = "请写记录的 IRI", "give the IRI of a record"
        raise InputError.of("personal.record", zh, en, where=str(iri)[:200]) from error


def told(workspace: Workspace, iri: NamedNode, fields: Iterable[Field]) -> dict[str, Any]:
    """Return the *fields* of the record *iri*: what all see of each, and the values where they were told."""
    return {
        "record": iri.value,
        "fields": [
            {
                "property": {
                    "iri": field.property.value,
                    "label": both(workspace.describer.text(field.property)),
                },
                "masked": [getattr(term, "value", "") for term in field.masked],
                "values": [getattr(term, "value", "") for term in field.values],
            }
            for field in fields
        ],
    }


def listed(held: Iterable[Held]) -> list[dict[str, Any]]:
    """Return which datasets have personal fields, and until when the oldest is kept."""
    return [
        {"dataset": one.path, "records": one.records, "until": one.until.isoformat() if one.until else None}
        for one in held
    ]
