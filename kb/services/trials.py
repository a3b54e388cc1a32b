"""An incident with other facts: read, checked and derived like a report, and never stored.

All of it with what one reader may see (:mod:`kb.services.audience`), names included.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from pyoxigraph import Literal, NamedNode

from kb.errors import ReportRejected, Text, both
from kb.namespaces import xz
from kb.report.reading import ID_KEY, TYPE_KEY, unknown_key
from kb.report.values import Value, in_json, plain
from kb.report.vocabulary import Field
from kb.services.incident import Answer, types_of
from kb.services.views import View
from kb.services.workspace import Workspace

RECEIVED_AT = xz("receivedAt")
Changes: TypeAlias = Mapping[str, Any]
"""New values by key of a report; ``None`` takes a fact away."""


class Trial:
    """Derives one incident again and again with changed facts.

    :attr:`tried` counts the derivations.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        received = next(t.object for t in view.answer.facts if t.predicate == RECEIVED_AT)
        assert isinstance(received, Literal)
        self._received = datetime.fromisoformat(received.value)
        self.data = report_of(view.workspace, view.seen)
        self.tried = 0

    def derive(self, changes: Changes) -> Answer:
        """Return what would follow with *changes*, as far as the reader may see.

        The time of receipt stays that of the incident; without a time of its own, it happened then.

        :raises ReportRejected: the changed report breaks its contract.
        """
        data = {**self.data, **changes}
        data.pop(ID_KEY, None)
        view = self._view
        read = view.audience.reports.read(data, incident_id=view.answer.id, received=self._received)
        view.workspace.contract.require(read.facts)
        self.tried += 1
        return view.supposing(read.facts)

    def attempt(self, changes: Changes) -> Answer | None:
        """Return what would follow with *changes*, or ``None`` where nobody may report that."""
        try:
            return self.derive(changes)
        except ReportRejected:
            return None


def report_of(workspace: Workspace, answer: Answer) -> dict[str, Any]:
    """Return the report that says what is known of the incident of *answer*, by the keys of a report."""
    data: dict[str, Any] = {}
    types = [type_.value for type_ in types_of(answer.facts)]
    if types:
        data[TYPE_KEY] = types[0] if len(types) == 1 else types
    for triple in answer.facts:
        field = workspace.vocabulary.of_property(triple.predicate)
        if field is not None:
            data[field.key] = plain(triple.object)
    return data


def require_known(workspace: Workspace, keys: set[str]) -> None:
    """Refuse keys that no report has: to take a misspelt fact away would otherwise do nothing, silently.

    :raises ReportRejected: naming the nearest keys.
    """
    known = {TYPE_KEY, *workspace.vocabulary.fields}
    faults = [unknown_key(key, workspace.vocabulary.fields) for key in sorted(keys - known)]
    if faults:
        raise ReportRejected(faults)


def label_of(workspace: Workspace, key: str) -> tuple[Text, Field | None]:
    """Return what a key of a report is called, and its field; the type of an incident has none."""
    field = workspace.vocabulary.fields.get(key)
    if field is None:
        return Text("事件类型", "type of incident"), None
    return field.label, field


def shown(
    workspace: Workspace, describe: Any, key: str, value: Value | list[str] | None
) -> dict[str, Any] | None:
    """Return a value as it stands in JSON: the value and its words.

    :param describe: gives the words of a term.
    """
    if value is None:
        return None
    if isinstance(value, list):  # the types of a compound incident
        told = [describe(NamedNode(one)) for one in value]
        label = Text("、".join(text.zh for text in told), ", ".join(text.en for text in told))
        return {"value": value, "label": both(label)}
    if isinstance(value, bool):
        label = Text("是", "yes") if value else Text("否", "no")
    elif isinstance(value, str) and value.startswith("http"):
        label = describe(NamedNode(value))
    else:
        unit = field.unit if (field := label_of(workspace, key)[1]) is not None and field.unit else None
        number = f"{value:,}" if isinstance(value, int | Decimal) else str(value)
        label = Text(f"{number} {unit.zh}", f"{number} {unit.en}") if unit else Text(number, number)
    return {"value": in_json(value), "label": both(label)}
