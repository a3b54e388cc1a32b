"""The physical limit for one incident: the response as a Python function that somebody wrote by hand.

    python tests/bench/peers/hand.py rules BASE.parquet INCIDENTS.parquet [--limit N] [--output OUT]

It reads dicts made for just this purpose and returns just what people see (all but the working properties):
no rules, no proofs, no query language; an incident has one type here. Whoever changes a rule would have to
change this program; it exists to show how far the executors are from what the machine can do. *derive_s* over
*incidents* is the time of one. With --output it writes its conclusions, which must equal those of the executor but for working
properties.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import ge, lt
from platform import python_version
from typing import Any

from hand_knowledge import Binding, Body, Condition, Criterion, Knowledge, Provision, Report, reports
from harness import Clock, Facts, Figures, arguments, memory_mb, write

from kb.namespaces import XZ

KB = "<https://w3id.org/xiezhi/kb/"
CITY, STREET = f"{KB}tier/city>", f"{KB}tier/street>"
LEAD, SUPPORT, FIRST = f"{KB}role/lead>", f"{KB}role/support>", f"{KB}role/first-response>"
COMMAND, GOVERNMENT = f"{KB}function/emergency-command>", f"{KB}function/government>"
TOTALS = (("deathsOrMissing", "deaths", "missing"), ("seriousOrPoisoned", "seriousInjuries", "poisoned"))
DEAD, MISSING, DEAD_OR_MISSING = (f"<{XZ}{name}>" for name in ("deaths", "missing", "deathsOrMissing"))


class Answers:
    """Answers reports from *knowledge*."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._known = knowledge

    def respond(self, report: Report) -> list[tuple[str, Iterable[str]]]:
        """Return the conclusions: property and values."""
        areas, bodies, departments = self._known.around(report.place)
        kinds = self._known.kinds[report.type]
        date, measures, ranks = report.date, report.measures, self._known.ranks
        satisfied, known = self._look(measures)
        satisfied |= self._known.entailed[report.type]
        known |= self._known.told[report.type]
        applicable, lacking = [], []
        for p in self._known.provisions[report.type]:
            if p.since <= date <= p.until and not p.areas.isdisjoint(areas):
                (applicable if p.named <= satisfied else lacking).append(p)

        # Grade, warning and plan.
        met: list[Criterion] = []
        decided: list[Criterion] = []
        open_: list[Criterion] = []
        regimes = [p for p in applicable if p.criteria]
        for regime in regimes:
            here = [c for c in regime.criteria if c.conditions and c.named <= satisfied]
            met += here
            best = min((c.rank for c in here if c.rank is not None), default=None)
            decided += [c for c in here if c.rank is not None and c.rank == best]
        rank = min((c.rank for c in decided if c.rank is not None), default=99)
        grades = {c.grade for c in decided if c.rank == rank and c.grade is not None}
        candidates = {c.warning for c in met if c.warning is not None}
        if report.warning is not None:
            candidates.add(report.warning)
        warnings = _first(candidates, ranks)
        plans = self._most_specific([p for p in applicable if f"<{XZ}Plan>" in p.classes], kinds)
        chosen = [
            b
            for plan in plans
            for b in self._known.bindings[plan.scheme or ""]
            if b.initial or b.grade in grades or b.warning in warnings
        ]
        least = min((b.order for b in chosen), default=None)
        active = {b.iri: b for b in chosen if b.order == least}.values()

        # Who leads, who supports.
        lead_duties = self._most_specific([p for p in applicable if p.role == LEAD], kinds)
        support_duties = [p for p in applicable if p.role in (SUPPORT, FIRST)]
        uses = [p for p in applicable if p.module is not None]
        modules = {p.module for p in uses if p.module is not None}
        led = {p.function for p in lead_duties}
        involved = led | {p.function for p in support_duties if p.role == SUPPORT}
        for module in modules:
            involved.update(self._known.responsible.get(module, ()))
        tiers = {b.lead for b in active if b.lead is not None}
        served = {f for f in involved for tier in tiers if (tier, f) in bodies}
        leaders: set[str] = set()
        supporters: set[str] = set()
        for functions, names, only in ((led, leaders, False), (involved, supporters, True)):
            for function in functions:
                for tier in tiers if function in served else (CITY,):
                    names.update(b.iri for b in bodies.get((tier, function), ()) if b.department or not only)
        supporters -= leaders
        first = {
            b.iri for p in support_duties if p.role == FIRST for b in bodies.get((STREET, p.function), ())
        }
        assisting = {body for function in led for body in departments.get(function, ())}
        assisting -= leaders | supporters | first

        # Who must be told, what may follow, what to ask.
        told = [
            p.iri
            for p in applicable
            if f"<{XZ}ReportingRule>" in p.classes and (p.from_rank is None or rank <= p.from_rank)
        ]
        causes = {t for p in applicable for t in p.causes if f"<{XZ}Cascade>" in p.classes} - kinds
        asks: set[str] = set()
        for regime in regimes:
            for c in regime.criteria:
                if c.rank is None or c.rank >= rank:
                    continue
                refuted = [x for x in c.conditions if x[1] in known and x[0] not in satisfied]
                if not refuted and c not in met:
                    open_.append(c)
                    asks.update(self._unknown(c.conditions, known))
                    asks.update(
                        part
                        for x in c.conditions
                        for part in self._known.parts.get(x[1], ())
                        if part not in known
                    )
                elif (
                    refuted
                    and MISSING not in known
                    and any(x[1] == DEAD and x[2] is ge for x in c.conditions)
                ):
                    asks.add(MISSING)
        for p in lacking:
            if p.module is None or p.module in modules:
                continue
            if not any(x[1] in known and x[0] not in satisfied for x in p.conditions):
                asks.update(self._unknown(p.conditions, known))
        return [
            ("meets", {c.iri for c in met}),
            ("decidedBy", {c.iri for c in decided}),
            ("grade", grades),
            ("gradeIfMissingDied", self._if_missing_died(regimes, measures, rank)),
            ("gradeNotApplicable", self._known.not_graded[report.type]),
            ("warningLevel", warnings),
            ("underPlan", [p.iri for p in plans]),
            ("activatedUnder", [b.iri for b in active]),
            ("responseLevel", {b.level for b in active if b.level is not None}),
            ("activatedBy", self._acting(bodies, active, "activation", COMMAND)),
            ("commandedBy", self._acting(bodies, active, "command", GOVERNMENT)),
            ("advanceCommandedBy", self._acting(bodies, active, "advance", GOVERNMENT)),
            ("leadDuty", [p.iri for p in lead_duties]),
            ("supportDuty", [p.iri for p in support_duties]),
            ("leadDepartment", leaders),
            ("supportDepartment", supporters),
            ("firstResponder", first),
            ("assistingDepartment", assisting),
            ("activates", modules),
            ("reportingDuty", told),
            ("mayLeadTo", causes),
            ("openCriterion", {c.iri for c in open_}),
            ("asks", asks),
        ]

    def _look(self, measures: dict[str, Any]) -> tuple[set[str], set[str]]:
        """Return the conditions satisfied and the measures known, totals of two measures included."""
        known = {m for m in measures if m in self._known.measures}
        satisfied = {
            name
            for measure, value in measures.items()
            for name, operator, bound in self._known.tests.get(measure, ())
            if operator(value, bound)
        }
        for total, one, other in TOTALS:
            values = [measures[f"<{XZ}{part}>"] for part in (one, other) if f"<{XZ}{part}>" in measures]
            if values:
                name = f"<{XZ}{total}>"
                if len(values) == 2:
                    known.add(name)
                tests = self._known.tests.get(name, ())
                satisfied.update(c for c, op, bound in tests if op in (ge, lt) and op(sum(values), bound))
        return satisfied, known

    def _if_missing_died(self, regimes: list[Provision], measures: dict[str, Any], rank: int) -> set[str]:
        if MISSING not in measures:
            return set()
        dead = measures.get(DEAD, 0) + measures[MISSING]
        met = [
            (c.rank, c.grade)
            for regime in regimes
            for c in regime.criteria
            if c.grade is not None
            and c.rank is not None
            and any(x[1] == DEAD and x[2] is ge and dead >= x[3] for x in c.conditions)
        ]
        best = min((r for r, _ in met), default=99)
        return {g for r, g in met if r == best and r < rank}

    def _most_specific(self, provisions: list[Provision], kinds: frozenset[str]) -> list[Provision]:
        """Leave out what another one is for a narrower kind of the incident."""
        types = {t for p in provisions for t in p.types if t in kinds}
        wide = {t for t in types if any((other, t) in self._known.narrower for other in types)}
        return [p for p in provisions if any(t in kinds and t not in wide for t in p.types)]

    def _unknown(self, conditions: list[Condition], known: set[str]) -> set[str]:
        return {x[1] for x in conditions if x[1] in self._known.asked and x[1] not in known}

    @staticmethod
    def _acting(
        bodies: dict[tuple[str, str], list[Body]], active: Iterable[Binding], who: str, function: str
    ) -> set[str]:
        return {b.iri for binding in active for b in bodies.get((getattr(binding, who), function), ())}


def _first(names: set[str], ranks: dict[str, Any]) -> set[str]:
    """Return those of the least rank."""
    least = min((ranks[name] for name in names), default=None)
    return {name for name in names if ranks[name] == least}


def main() -> None:
    """Answer the incidents of the command line."""
    given = arguments("a hand-written function")
    clock, derived, rows = Clock(), 0, []
    facts = Facts(given.base, given.incidents, given.limit)
    incidents, facts_in = facts.count()
    with clock("load"):
        knowledge = Knowledge(facts.rows("base"))
        found = reports(facts)
    respond = Answers(knowledge).respond
    for report in found.values():  # so that the timed pass knows every place: it is the limit, not the start
        respond(report)
    with clock("derive"):
        for report in found.values():
            respond(report)
    for iri, report in found.items():
        for name, values in respond(report):
            values = set(values)
            derived += len(values)
            if given.output is not None:
                rows += [(iri, f"<{XZ}{name}>", value) for value in values]
    if given.output is not None:
        write(given.output, rows)
    load, derive = clock.seconds["load"], clock.seconds["derive"]
    Figures(
        "hand",
        python_version(),
        incidents,
        facts_in,
        derived,
        load,
        derive,
        load + derive,
        sum(clock.cpu.values()),
        memory_mb(),
        f"{clock.cpu['derive'] / incidents * 1e6:.0f} µs of processor an incident; what people see only",
    ).show()


if __name__ == "__main__":
    main()
