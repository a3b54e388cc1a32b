"""Incidents made to ask what the knowledge says: each type, at each grade or warning, in each city.

A probe has just the facts that one criterion demands, at its bounds, so that it is graded by that criterion
and nothing else is known. Probes are derived and never stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from typing import Any

from pyoxigraph import Literal, NamedNode

from kb.errors import ReportRejected
from kb.inference.interactive.derivation import Derivation
from kb.namespaces import RDF_TYPE, xz
from kb.report.values import in_json, plain
from kb.services.incident import Answer, derive
from kb.services.workspace import Workspace
from kb.srl.syntax import Term

STEP = {"atLeast": 0, "moreThan": 1, "below": -1, "atMost": 0, "is": 0}
"""How far from its bound a value satisfies a comparison."""


@dataclass(frozen=True, slots=True)
class Probe:
    """An incident to ask about.

    :param value: the grade or warning that its facts should give; ``None``: nothing is known but the type.
    """

    type: NamedNode
    city: NamedNode
    place: str
    facts: dict[str, Any]
    value: NamedNode | None = None
    criterion: NamedNode | None = None


def types(workspace: Workspace) -> list[NamedNode]:
    """Return the incident types that a report may name, the wider before the narrower."""
    source = workspace.engine.source
    found = dict.fromkeys(m.iri for m in workspace.names.members(xz("IncidentType")))
    kept = [t for t in found if source.values(t, xz("subtypeOf"))]
    return sorted(kept, key=lambda t: (_path(workspace, t), t.value))


def cities(workspace: Workspace) -> list[tuple[NamedNode, str]]:
    """Return each city that is loaded, with the code of its first district that has a government."""
    source, result = workspace.engine.source, []
    for city in sorted(source.holders(xz("City"), RDF_TYPE), key=str):
        assert isinstance(city, NamedNode)
        districts = sorted(
            str(code.value)
            for area in source.holders(city, xz("partOf"))
            if isinstance(area, NamedNode) and source.values(area, xz("hasBodiesOf"))
            for code in source.values(area, xz("code"))
            if isinstance(code, Literal)
        )
        if districts:
            result.append((city, districts[0]))
    return result


def probes(workspace: Workspace, type_: NamedNode, city: NamedNode, place: str, on: date) -> Iterator[Probe]:
    """Yield the probe that knows nothing, and one for each criterion of the regimes that then apply."""
    nothing = Probe(type_, city, place, {})
    yield nothing
    answer = ask(workspace, nothing, on)
    if answer is None:
        return
    source = workspace.engine.source
    for regime in answer.derivation.objects(answer.incident, xz("applicable")):
        for criterion in sorted(source.holders(regime, xz("regime")), key=str):
            value = source.value(criterion, xz("setsGrade")) or source.value(criterion, xz("setsWarning"))
            if not isinstance(value, NamedNode) or not isinstance(criterion, NamedNode):
                continue
            for facts in _facts(workspace, criterion):
                yield Probe(type_, city, place, facts, value, criterion)
    for warning in sorted(source.holders(xz("WarningLevel"), RDF_TYPE), key=str):
        assert isinstance(warning, NamedNode)
        key = next(
            (f.key for f in workspace.vocabulary.fields.values() if f.range == xz("WarningLevel")), None
        )
        if key is not None:
            yield Probe(type_, city, place, {key: warning.value}, warning)


def ask(workspace: Workspace, probe: Probe, on: date) -> Answer | None:
    """Return what follows for *probe* on the day *on*; ``None`` where nobody may report such a thing."""
    moment = datetime(on.year, on.month, on.day, 4, tzinfo=UTC)
    data = {"type": probe.type.value, "grid": probe.place, **probe.facts}
    try:
        report = workspace.reader.read(data, incident_id="probe", received=moment)
        workspace.contract.require(report.facts)
    except ReportRejected:
        return None
    return Answer("probe", report.incident, report.facts, derive(workspace, report.incident, report.facts))


def objects(answer: Answer, relation: str) -> Sequence[Term]:
    """Return what *answer* concludes by the relation of this name."""
    derivation: Derivation = answer.derivation
    return derivation.objects(answer.incident, xz(relation))


def _facts(workspace: Workspace, criterion: NamedNode) -> Iterator[dict[str, Any]]:
    """Yield reports that meet all conditions of *criterion*: one, or one for each part of a total."""
    source, choices = workspace.engine.source, []
    for condition in source.values(criterion, xz("condition")):
        measure = source.value(condition, xz("measure"))
        if measure is None:
            return
        value = _value(workspace, condition)
        field = workspace.vocabulary.of_property(measure) if isinstance(measure, NamedNode) else None
        if field is not None:
            choices.append([{field.key: value}])
            continue
        parts = [
            f.key
            for part in source.values(measure, xz("totalOf"))
            if isinstance(part, NamedNode) and (f := workspace.vocabulary.of_property(part)) is not None
        ]
        choices.append([{part: value if part == one else 0 for part in parts} for one in sorted(parts)[:1]])
    for combination in product(*choices):
        yield {key: value for facts in combination for key, value in facts.items()}


def _value(workspace: Workspace, condition: Term) -> Any:
    source = workspace.engine.source
    for name, step in STEP.items():
        bound = source.value(condition, xz(name))
        if isinstance(bound, NamedNode):
            return bound.value
        if isinstance(bound, Literal):
            value = plain(bound)
            if isinstance(value, bool):
                return value
            if isinstance(value, int | Decimal):
                return in_json(max(value + step, 0) if value >= 0 else value + step)
            return value
    return None


def _path(workspace: Workspace, type_: NamedNode) -> tuple[str, ...]:
    """Return the labels from the widest type down: an order in which families stand together."""
    source = workspace.engine.source
    above = [t for t in source.values(type_, xz("subtypeOf")) if isinstance(t, NamedNode)]
    above.sort(key=lambda t: len(source.values(t, xz("subtypeOf"))))
    return tuple(t.value for t in (*above, type_))
