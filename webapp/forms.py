"""The report as a form: its fields come from the vocabulary, so a new fact needs no template.

A field left empty is unknown, which is not zero: it is left out of the report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pyoxigraph import Literal, NamedNode
from werkzeug.datastructures import MultiDict

from kb.errors import Fault, Text, XiezhiError
from kb.namespaces import RDFS_LABEL, SKOS, XSD, xz
from kb.report.vocabulary import Field
from kb.services.workspace import Workspace
from webapp.filters import local, now
from webapp.i18n import Language

MAIN = ("type", "grid", "time", "deaths", "seriousInjuries")
"""The five fields that a first report has; the rest waits behind "more facts"."""
ALSO = "also"
"""The fields for the other types of a compound incident; in a report they are part of ``type``."""
INTEGERS = {XSD + name for name in ("integer", "nonNegativeInteger", "positiveInteger")}
TIME = "%Y-%m-%d %H:%M"
"""How a time is typed. Not ``datetime-local``, which shows a.m. and p.m. where the browser speaks English."""


class Kind(Enum):
    """The control that a field needs."""

    COUNT = "count"
    NUMBER = "number"
    YES_NO = "yes-no"
    CHOICE = "choice"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a field with a closed list."""

    value: str
    label: Text


@dataclass(frozen=True, slots=True)
class Control:
    """A field of the report and how it is asked for."""

    key: str
    kind: Kind
    label: Text
    question: Text | None
    unit: Text | None
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeName:
    """A name for an incident type, and the label of the type where the name is a synonym."""

    name: str
    label: str


def controls(workspace: Workspace) -> dict[str, Control]:
    """Return the controls of all facts, those of the vocabulary without place and time."""
    fields = workspace.vocabulary.fields
    return {key: _control(workspace, field) for key, field in fields.items() if key not in {"grid", "time"}}


def more(known: Mapping[str, Control]) -> list[list[Control]]:
    """Return those of :func:`controls` beyond the five in groups: people, measures, yes or no, the rest."""
    beyond = sorted((control for key, control in known.items() if key not in MAIN), key=_natural)
    kinds = [{Kind.COUNT}, {Kind.NUMBER}, {Kind.YES_NO}, {Kind.CHOICE, Kind.TEXT}]
    return [[control for control in beyond if control.kind in kind] for kind in kinds]


def type_names(workspace: Workspace, language: Language) -> list[TypeName]:
    """Return every name of every incident type in *language*, type by type, the label first."""
    store, names = workspace.store, []
    types = dict.fromkeys(member.iri for member in workspace.names.members(xz("IncidentType")))
    types.pop(xz("Incident"), None)  # "incident" says nothing, and no report may be of that type
    for type_ in sorted(types, key=lambda iri: workspace.names.label(iri).in_(language)):
        label = workspace.names.label(type_).in_(language)
        synonyms = (q.object for q in store.match(type_, NamedNode(SKOS + "altLabel"), None))
        words = sorted(s.value for s in synonyms if isinstance(s, Literal) and s.language == language)
        names += [TypeName(label, ""), *(TypeName(word, label) for word in words if word != label)]
    return names


def read(form: MultiDict[str, str], workspace: Workspace) -> dict[str, Any]:
    """Return the report in *form*: its known fields that are not empty.

    Other types (:data:`ALSO`) make the incident a compound one; the first is the main type.
    """
    known = {"type", *workspace.vocabulary.fields}
    data: dict[str, Any] = {k: v.strip() for k, v in form.items() if k in known and v.strip()}
    types = [text.strip() for text in (form.get("type", ""), *form.getlist(ALSO)) if text.strip()]
    if len(types) > 1:
        data["type"] = list(dict.fromkeys(types))
    return data


def typed(form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the values of *form* as they were typed, to show it again."""
    return {**form.to_dict(), ALSO: [text for text in form.getlist(ALSO) if text.strip()]}


def blank() -> dict[str, Any]:
    """Return the values of a new form: the time is now."""
    return {"time": now().strftime(TIME)}


def of_words(fields: Iterable[Mapping[str, Any]], language: Language) -> dict[str, Any]:
    """Return the values of a new form with what was read out of words (:mod:`kb.services.pasted.telling`)."""
    values = blank()
    for one in fields:
        value = one["value"]
        if one["key"] == "type":
            value = one["shown"][language]
        elif one["key"] == "time":
            value = local(value).strftime(TIME)
        values[one["key"]] = _written(value)
    return values


def filled(recommendation: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Return the values of a form that corrects the report behind *recommendation*."""
    report = as_report(recommendation)
    values: dict[str, Any] = {k: _written(v) for k, v in report.items() if k not in {"id", "type"}}
    values["type"], *values[ALSO] = (type_["label"][language] for type_ in recommendation["types"])
    values["grid"] = recommendation["incident"]["grid"]["code"]
    values["time"] = local(recommendation["incident"]["time"]).strftime(TIME)
    return values


def as_report(recommendation: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report behind *recommendation*, ready to be amended and sent again under its identifier."""
    incident = recommendation["incident"]
    facts = {fact["key"]: fact["value"] for fact in incident["facts"]}
    return {
        "id": incident["id"],
        "type": [type_["iri"] for type_ in recommendation["types"]],
        "grid": incident["grid"]["iri"],
        "time": incident["time"],
        **{key: value["iri"] if isinstance(value, Mapping) else value for key, value in facts.items()},
    }


def faults_by_field(error: XiezhiError) -> dict[str, list[Fault]]:
    """Return the faults of a rejected report by the field that they stand beside; ``""`` for the rest."""
    result: dict[str, list[Fault]] = {}
    for fault in error.faults:
        result.setdefault(fault.where, []).append(fault)
    return result


def _control(workspace: Workspace, field: Field) -> Control:
    range_ = field.range.value
    kind = Kind.TEXT
    choices: tuple[Choice, ...] = ()
    if range_ in INTEGERS:
        kind = Kind.COUNT
    elif range_ == XSD + "decimal":
        kind = Kind.NUMBER
    elif range_ == XSD + "boolean":
        kind = Kind.YES_NO
        choices = (Choice("true", Text("是", "yes")), Choice("false", Text("否", "no")))
    elif not range_.startswith(XSD):
        kind, choices = Kind.CHOICE, _choices(workspace, field.range)
    return Control(field.key, kind, field.label, field.question, field.unit, choices)


def _natural(control: Control) -> list[tuple[int, str]]:
    """Order keys as people count: rainfall in 3 hours comes before that in 12."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", control.key)]


def _choices(workspace: Workspace, kind: NamedNode) -> tuple[Choice, ...]:
    store = workspace.store

    def rank(iri: NamedNode) -> tuple[str, str]:
        ranks = [q.object.value for q in store.match(iri, xz("rank"), None) if isinstance(q.object, Literal)]
        return (min(ranks, default=""), iri.value)

    members = dict.fromkeys(member.iri for member in workspace.names.members(kind))
    labelled = [iri for iri in members if any(True for _ in store.match(iri, RDFS_LABEL, None))]
    return tuple(Choice(iri.value, workspace.names.label(iri)) for iri in sorted(labelled, key=rank))


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f").rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
