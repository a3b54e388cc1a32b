"""Every threshold of every regime has a case just below it, at it and above it, and one that does not know.

"Just below" is one less of what is counted in whole numbers, and less by at most one per cent (or a tenth) of
anything else. What is meant by "a case" is one in which the regime applies.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from pyoxigraph import Literal, NamedNode

from kb.namespaces import RDF_TYPE, RDFS, ROOT, XSD, xz
from kb.report.values import plain
from kb.resources import folder
from kb.services import cases
from kb.services.incident import derive
from kb.services.workspace import Workspace
from kb.srl.syntax import Term

COMPARISONS = ("atLeast", "moreThan", "below", "atMost")
WHOLE = {XSD + "nonNegativeInteger", XSD + "integer"}
RANGE = NamedNode(RDFS + "range")
Known = dict[Term, object]


@cache
def tried(workspace: Workspace) -> dict[Term, list[Known]]:
    """For each regime, what is known in each case to which it applies; totals are worked out."""
    source = workspace.engine.source
    found: dict[Term, list[Known]] = {}
    for case in (*cases.find(Path(folder("rules"))), *cases.find(Path(folder("ontology")))):
        report = workspace.reader.read(case.given, incident_id="case", received=datetime.now(UTC))
        known: Known = {
            t.predicate: plain(t.object) if isinstance(t.object, Literal) else t.object for t in report.facts
        }
        for total in source.holders(xz("Measure"), RDF_TYPE):
            parts = source.values(total, xz("totalOf"))
            values = [known[part] for part in parts if part in known]
            if values:
                known[total] = sum(int(str(value)) for value in values)
        derivation = derive(workspace, report.incident, report.facts)
        for condition in derivation.objects(report.incident, xz("satisfies")):  # also what a type entails
            for value in source.values(condition, xz("is")):
                known.setdefault(source.values(condition, xz("measure"))[0], value)
        for provision in derivation.objects(report.incident, xz("applicable")):
            found.setdefault(provision, []).append(known)
    return found


def thresholds(workspace: Workspace) -> Iterator[tuple[Term, Term, Term, object, bool]]:
    """Yield regime, condition, measure, bound, and whether it is a value rather than a bound."""
    source = workspace.engine.source
    for kind in ("GradingRegime", "WarningRegime"):
        for regime in source.holders(xz(kind), RDF_TYPE):
            for criterion in source.holders(regime, xz("regime")):
                for condition in source.values(criterion, xz("condition")):
                    measure = source.value(condition, xz("measure"))
                    assert measure is not None
                    for name in (*COMPARISONS, "is"):
                        bound = source.value(condition, xz(name))
                        if bound is not None:
                            value = plain(bound) if isinstance(bound, Literal) else bound
                            yield regime, condition, measure, value, name == "is"


def lacking(workspace: Workspace) -> list[str]:
    """Say of each threshold which of its cases there is not."""
    source, missing = workspace.engine.source, set[str]()
    for regime, condition, measure, bound, exact in thresholds(workspace):
        if regime not in tried(workspace):
            missing.add(f"{short(regime)}: no case at all")
            continue
        known = [case.get(measure) for case in tried(workspace)[regime]]
        values = [value for value in known if value is not None]
        wanted = {"unknown": None in known}
        if exact:
            wanted |= {"with it": bound in values, "with another": any(value != bound for value in values)}
        else:
            assert isinstance(bound, int | Decimal)
            whole = str(getattr(source.value(measure, RANGE), "value", "")) in WHOLE
            step = Decimal(1) if whole else max(abs(Decimal(bound)) / 100, Decimal("0.1"))
            numbers = [Decimal(str(value)) for value in values]
            wanted |= {
                "just below": any(0 < bound - number <= step for number in numbers),
                "at": any(number == bound for number in numbers),
                "above": any(number > bound for number in numbers),
            }
            if bound == 0:
                wanted.pop("just below")
        missing |= {
            f"{short(regime)} {short(condition)}: {case}" for case, there in wanted.items() if not there
        }
    return sorted(missing)


def short(term: Term) -> str:
    return str(term).removeprefix(f"<{ROOT}kb/").rstrip(">")


def test_there_are_thresholds_to_try(workspace: Workspace) -> None:
    assert len(list(thresholds(workspace))) > 150


def test_every_threshold_is_tried_below_at_above_and_unknown(workspace: Workspace) -> None:
    missing = lacking(workspace)
    assert not missing, "\n".join(missing)
