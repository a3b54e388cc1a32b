"""From the JSON of a report to facts, or to a list of everything that is wrong with it.

Numbers, ranges and counts are the business of the SHACL contract (:mod:`kb.report.contract`); here keys and
names are understood. All faults are collected before any is raised: who reports under stress corrects once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyoxigraph import Literal, NamedNode, Triple

from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Fault, ReportRejected, Text
from kb.namespaces import RDF_TYPE, ROOT, XSD, xz
from kb.ontology.names import Names, did_you_mean, nearest
from kb.report.places import find_area
from kb.report.values import is_text, literal, not_text, short, wrong
from kb.report.vocabulary import Field, Vocabulary
from kb.store.protocol import Store

ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
TYPE_KEY, ID_KEY = "type", "id"


@dataclass(frozen=True, slots=True)
class Report:
    """A report as facts about one incident, not yet checked against the contract."""

    incident: NamedNode
    id: str
    types: tuple[NamedNode, ...]
    facts: tuple[Triple, ...]


class Reader:
    """Understands reports with the vocabulary of one store."""

    def __init__(self, store: Store, names: Names, vocabulary: Vocabulary) -> None:
        self._store = store
        self._names = names
        self._vocabulary = vocabulary

    def read(self, data: Mapping[str, Any], *, incident_id: str, received: datetime) -> Report:
        """Return the facts that *data* reports.

        :param incident_id: the identifier to use where the report does not carry one (``id``).
        :raises ReportRejected: with a fault for each key or value that cannot be understood.
        """
        faults: list[Fault] = []
        facts: list[Triple] = []
        identifier, given = incident_id, data.get(ID_KEY)
        if given is not None:
            if isinstance(given, str) and ID_PATTERN.fullmatch(given):
                identifier = given
            else:
                faults.append(
                    Fault(
                        "report.id",
                        Text("事件编号只能用字母、数字、点、下划线和连字符，最多 64 位",
                             "an id is made of letters, digits, dots, underscores and hyphens, 64 at most"),
                        ID_KEY,
                    )
                )  # fmt: skip
        incident = NamedNode(f"{ROOT}incident/{identifier}")
        types: list[NamedNode] = []
        for key, value in data.items():
            if value is None or key == ID_KEY:
                continue
            if not is_text(key) or (isinstance(value, str) and not is_text(value)):
                faults.append(not_text(key))
                continue
            if key == TYPE_KEY:
                for name in value if isinstance(value, list) else [value]:
                    found = self._type(name)
                    if isinstance(found, Fault):
                        faults.append(found)
                    else:
                        types.append(found)
                continue
            field = self._vocabulary.fields.get(key)
            if field is None:
                faults.append(unknown_key(key, self._vocabulary.fields))
                continue
            term = self._value(field, value)
            if isinstance(term, Fault):
                faults.append(term)
            else:
                facts.append(Triple(incident, field.property, term))
        if faults:
            raise ReportRejected(faults)
        facts += _given_by_system(incident, types, facts, received)
        return Report(incident, identifier, tuple(dict.fromkeys(types)), tuple(facts))

    def _type(self, value: object) -> NamedNode | Fault:
        if not isinstance(value, str):
            return wrong(TYPE_KEY, value, "事件类型的名称", "the name of an incident type")
        kind = xz("IncidentType")
        found = self._names.find(value, kind)
        if len(found) == 1:
            return found[0]
        names = self._names.nearest(value, kind)
        return Fault(
            "report.unknown-type",
            Text(f"未知事件类型“{short(value)}”", f"unknown incident type “{short(value)}”"),
            TYPE_KEY,
            did_you_mean(names),
        )

    def _value(self, field: Field, value: object) -> NamedNode | Literal | Fault:
        if field.range.value.startswith(XSD):
            return literal(field.range, field.key, value)
        if not isinstance(value, str):
            return wrong(field.key, value, "名称或代码", "a name or a code")
        if field.range == xz("Area"):
            return find_area(value, self._store, self._names, field.key)
        found = self._names.find(value, field.range)
        if len(found) == 1:
            return found[0]
        return Fault(
            "report.unknown-label",
            Text(
                f"“{short(value)}”不是已知的{field.label.zh}",
                f"“{short(value)}” is no known {field.label.en}",
            ),
            field.key,
            did_you_mean(self._names.nearest(value, field.range)),
        )


def _given_by_system(
    incident: NamedNode, types: Sequence[NamedNode], facts: list[Triple], received: datetime
) -> Iterator[Triple]:
    """What every report carries without being asked: its class, when it came, the local date."""
    for type_ in dict.fromkeys((xz("Incident"), *types)):
        yield Triple(incident, RDF_TYPE, type_)
    if len(set(types)) > 1:  # a graph keeps no order, so what the report names first is said
        yield Triple(incident, xz("mainType"), types[0])
    moment = NamedNode(XSD + "dateTime")
    yield Triple(incident, xz("receivedAt"), Literal(received.isoformat(), datatype=moment))
    when = [t.object for t in facts if t.predicate == xz("occurredAt")]
    occurred = datetime.fromisoformat(when[0].value) if when and isinstance(when[0], Literal) else received
    if not when:  # whoever gives no time is telling of now
        yield Triple(incident, xz("occurredAt"), Literal(received.isoformat(), datatype=moment))
    date = occurred.astimezone(CHINA_STANDARD_TIME).date().isoformat()
    yield Triple(incident, xz("occurredOn"), Literal(date, datatype=NamedNode(XSD + "date")))


def unknown_key(key: str, fields: Mapping[str, Field]) -> Fault:
    """Return the fault of a key that no report has, naming the nearest of those that there are."""
    by_label = {f.label.zh: k for k, f in fields.items()} | {f.label.en: k for k, f in fields.items()}
    choices = [*fields, *by_label, TYPE_KEY]
    names = list(dict.fromkeys(by_label.get(name, name) for name in nearest(key, choices, 4)))[:3]
    return Fault(
        "report.unknown-key",
        Text(f"未知字段“{short(key)}”", f"unknown key “{short(key)}”"),
        short(key),
        did_you_mean(names),
    )
