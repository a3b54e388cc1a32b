"""Which keys a report may have and what their values mean, read from the ontology (``xz:jsonKey``)."""

from __future__ import annotations

from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from kb.errors import Text
from kb.namespaces import RDFS, xz
from kb.ontology.names import Names, about_incidents
from kb.store.protocol import Change, Store

JSON_KEY = xz("jsonKey")
RANGE = NamedNode(RDFS + "range")


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a report: the property that it sets and the range of its values."""

    key: str
    property: NamedNode
    range: NamedNode
    label: Text
    question: Text | None = None
    unit: Text | None = None


MANY = 1_000
"""A larger change is not searched: reading the vocabulary again takes milliseconds, a search seconds."""


class Vocabulary:
    """The keys of an incident report: the same on the command line, over HTTP and in rule cases."""

    def __init__(self, store: Store, names: Names) -> None:
        self._store = store
        self._names = names
        self._fields: dict[str, Field] = {}
        store.subscribe(self._forget)

    @property
    def fields(self) -> dict[str, Field]:
        """Every field by its key."""
        if not self._fields:
            self._fields = {
                field.key: field for field in map(self._field, self._store.match(None, JSON_KEY, None))
            }
        return self._fields

    def of_property(self, property_: NamedNode) -> Field | None:
        """Return the field that sets *property_*."""
        return next((field for field in self.fields.values() if field.property == property_), None)

    def _field(self, quad: object) -> Field:
        property_, key = quad.subject, quad.object  # type: ignore[attr-defined]
        assert isinstance(property_, NamedNode)
        assert isinstance(key, Literal)
        ranges = [q.object for q in self._store.match(property_, RANGE, None)]
        assert len(ranges) == 1, f"{property_} needs one rdfs:range"
        assert isinstance(ranges[0], NamedNode)
        names = self._names
        return Field(
            key.value,
            property_,
            ranges[0],
            names.label(property_),
            names.texts(property_, xz("question")),
            names.texts(property_, xz("unit")),
        )

    def _forget(self, change: Change) -> None:
        if about_incidents(change):
            return
        quads = (*change.additions, *change.removals)
        if len(quads) > MANY or any(quad.predicate == JSON_KEY for quad in quads):
            self._fields = {}
