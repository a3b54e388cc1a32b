"""The knowledge and the incidents as `hand.py` wants them: dicts and small objects, made once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import eq, ge, gt, le, lt
from typing import Any

from harness import Facts

from kb.namespaces import RDF, XZ

OPERATORS = {"atLeast": ge, "moreThan": gt, "below": lt, "atMost": le, "is": eq}
USED = """
    appliesTo atLeast moreThan below atMost is measure condition rank jsonKey totalOf subtypeOf validFrom
    validUntil jurisdiction role function module mayCause levelScheme regime setsGrade setsWarning fromGrade
    scheme onGrade onWarning initial level leadTier activationTier commandTier advanceTier notGradedUnder
    partOf tier performs responsibleFunction entails exemptFrom
""".split()  # noqa: SIM905 - a list of strings would take a line for each
"""The properties that are read."""
SEEN = frozenset(f"<{XZ}{name}>" for name in ("Plan", "ReportingRule", "Cascade"))
"""Provisions that count by their class; others do by their role, module or criteria."""
Condition = tuple[str, str, Callable[[Any, Any], bool], Any]
"""Its name, its measure, a comparison and a bound."""


@dataclass(slots=True, eq=False)
class Provision:
    """Anything that applies to a type of incident, somewhere, for some time."""

    iri: str
    since: str
    until: str
    areas: frozenset[str]
    types: list[str]
    conditions: list[Condition]
    named: frozenset[str]
    classes: frozenset[str]
    role: str | None
    function: str | None
    module: str | None
    causes: list[str]
    scheme: str | None
    criteria: list[Criterion]
    from_rank: int | None

    @property
    def matters(self) -> bool:
        """Whether anything that people see follows from it, as far as this peer knows."""
        return not self.classes.isdisjoint(SEEN) or bool(self.role or self.module or self.criteria)


@dataclass(slots=True, eq=False)
class Criterion:
    """What a regime asks for a grade or a warning."""

    iri: str
    conditions: list[Condition]
    named: frozenset[str]
    grade: str | None
    rank: int | None
    warning: str | None


@dataclass(slots=True, eq=False)
class Binding:
    """A response level and who then acts; the least *order*, by level and then by tier of command, counts."""

    iri: str
    order: tuple[int, int]
    grade: str | None
    warning: str | None
    initial: bool
    level: str | None
    lead: str | None
    activation: str | None
    command: str | None
    advance: str | None


@dataclass(slots=True, eq=False)
class Body:
    """A department or another body."""

    iri: str
    tiers: frozenset[str]
    functions: frozenset[str]
    department: bool


Around = tuple[frozenset[str], dict[tuple[str, str], list[Body]], dict[str, set[str]]]


@dataclass(slots=True)
class Report:
    """One incident: IRIs as keys, numbers as numbers, true and false as they are written."""

    type: str
    place: str
    date: str
    measures: dict[str, Any] = field(default_factory=dict)
    warning: str | None = None


class Knowledge:
    """The base graph as the dicts that `hand.Answers` wants."""

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        self._o: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._s: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        wanted = {RDF + "type"} | {XZ + name for name in USED}
        for s, p, o in rows:
            if p[1:-1] in wanted:
                name = p[1:-1].rsplit("#", 1)[1]
                self._o[name][s].append(o)
                self._s[name][o].append(s)
        is_type = set(self._s["type"][f"<{XZ}IncidentType>"])
        self.responsible = self._o["responsibleFunction"]
        self.measures = set(self._s["type"][f"<{XZ}Measure>"])
        self.asked = set(self._o["jsonKey"])
        self.parts = dict(self._o["totalOf"])
        self.ranks = {s: number(o[0]) for s, o in self._o["rank"].items()}
        self.narrower = {(s, o) for s, wider in self._o["subtypeOf"].items() for o in wider}
        self.tests: dict[str, list[tuple[str, Callable[[Any, Any], bool], Any]]] = defaultdict(list)
        for condition, measures in self._o["measure"].items():
            for name, _, operator, bound in self._conditions([condition]):
                self.tests[measures[0]].append((name, operator, bound))
        self.kinds = {t: frozenset([t, *self._o["subtypeOf"][t]]) for t in is_type}
        self.not_graded = self._of_kinds("notGradedUnder")
        self.entailed = self._of_kinds("entails")
        """By type: the conditions that it entails."""
        self.told = {
            t: {self._o["measure"][c][0] for c in conditions if c in self._o["is"]}
            for t, conditions in self.entailed.items()
        }
        """By type: the measures whose value it entails."""
        exempt = self._of_kinds("exemptFrom")
        provisions = [p for p in map(self._provision, list(self._o["appliesTo"])) if p.matters]
        self.provisions = {
            t: [p for p in provisions if p.iri not in exempt[t] and not kinds.isdisjoint(p.types)]
            for t, kinds in self.kinds.items()
        }
        self.bindings: dict[str, list[Binding]] = defaultdict(list)
        for iri, schemes in self._o["scheme"].items():
            self.bindings[schemes[0]].append(self._binding(iri))
        self._bodies: dict[str, list[Body]] = defaultdict(list)
        for iri in self._o["tier"]:
            for area in self._o["jurisdiction"][iri]:
                self._bodies[area].append(self._body(iri))
        self._around: dict[str, Around] = {}

    def around(self, place: str) -> Around:
        """Return the areas around *place*, their bodies by tier and function, and their departments by
        function."""
        found = self._around.get(place)
        if found is None:
            outer = self._o["partOf"].get(place, [])
            if len(outer) == 1 and place not in self._bodies:
                areas, *bodies = self.around(outer[0])
                found = (areas | {place}, *bodies)
            else:
                waiting, seen = [place], {place}
                while waiting:
                    for area in self._o["partOf"].get(waiting.pop(), ()):
                        if area not in seen:
                            seen.add(area)
                            waiting.append(area)
                found = (frozenset(seen), *self._by_role(seen))
            self._around[place] = found
        return found

    def _of_kinds(self, name: str) -> dict[str, set[str]]:
        """Return by type what the property *name* says of it and of its wider types."""
        return {
            t: {o for kind in kinds for o in self._o[name].get(kind, ())} for t, kinds in self.kinds.items()
        }

    def _one(self, name: str, subject: str) -> str | None:
        return next(iter(self._o[name].get(subject, ())), None)

    def _provision(self, iri: str) -> Provision:
        since, until = self._one("validFrom", iri), self._one("validUntil", iri)
        from_grade, conditions = self._one("fromGrade", iri), self._conditions(self._o["condition"][iri])
        return Provision(
            iri,
            since[1:11] if since else "9999",
            until[1:11] if until else "9999",
            frozenset(self._o["jurisdiction"][iri]),
            self._o["appliesTo"][iri],
            conditions,
            frozenset(c[0] for c in conditions),
            frozenset(self._o["type"][iri]),
            self._one("role", iri),
            self._one("function", iri),
            self._one("module", iri),
            self._o["mayCause"][iri],
            self._one("levelScheme", iri),
            [self._criterion(c) for c in self._s["regime"][iri]],
            None if from_grade is None else self.ranks[from_grade],
        )

    def _criterion(self, iri: str) -> Criterion:
        conditions, grade = self._conditions(self._o["condition"][iri]), self._one("setsGrade", iri)
        return Criterion(
            iri,
            conditions,
            frozenset(c[0] for c in conditions),
            grade,
            None if grade is None else self.ranks[grade],
            self._one("setsWarning", iri),
        )

    def _conditions(self, iris: Iterable[str]) -> list[Condition]:
        return [
            (iri, self._o["measure"][iri][0], operator, number(bound))
            for iri in iris
            for name, operator in OPERATORS.items()
            for bound in self._o[name].get(iri, ())
        ]

    def _binding(self, iri: str) -> Binding:
        names = ("onGrade", "onWarning", "level", "leadTier", "activationTier", "commandTier", "advanceTier")
        grade, warning, *rest = (self._one(name, iri) for name in names)
        initial = (self._one("initial", iri) or "").startswith('"true"')
        order = (self.ranks[iri], self.ranks[self._o["commandTier"][iri][0]])
        return Binding(iri, order, grade, warning, initial, *rest)

    def _body(self, iri: str) -> Body:
        department = f"<{XZ}Department>" in self._o["type"][iri]
        return Body(iri, frozenset(self._o["tier"][iri]), frozenset(self._o["performs"][iri]), department)

    def _by_role(self, areas: Iterable[str]) -> tuple[dict[tuple[str, str], list[Body]], dict[str, set[str]]]:
        found: dict[tuple[str, str], list[Body]] = defaultdict(list)
        departments: dict[str, set[str]] = defaultdict(set)
        for body in (body for area in areas for body in self._bodies.get(area, ())):
            for function in body.functions:
                for tier in body.tiers:
                    found[tier, function].append(body)
                if body.department:
                    departments[function].add(body.iri)
        return dict(found), dict(departments)


def number(key: str) -> Any:
    """Return a number as a number, anything else as its key."""
    text = key[1 : key.rindex('"')] if key.startswith('"') else ""
    return int(text) if text.isdigit() else key


def reports(facts: Facts) -> dict[str, Report]:
    """Return the incidents by IRI."""
    found: dict[str, Report] = defaultdict(lambda: Report("", "", ""))
    for s, p, o in facts.rows("incidents"):
        report, name = found[s], p[1:-1].rsplit("#", 1)[1]
        match name:
            case "type":
                report.type = report.type if o == f"<{XZ}Incident>" else o
            case "place":
                report.place = o
            case "occurredOn":
                report.date = o[1:11]
            case "warningSignal":
                report.warning = report.measures[p] = o
            case "receivedAt" | "occurredAt":
                pass
            case _:
                report.measures[p] = number(o)
    return found
