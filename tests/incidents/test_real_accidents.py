"""Real accidents: the rules must give the grade that the State published, from the facts alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from pyoxigraph import Literal, NamedNode

from kb.inference.interactive.derivation import Derivation
from kb.namespaces import xz
from kb.report.document import parse_json
from kb.report.reading import Report
from kb.resources import folder
from kb.services.incident import derive
from kb.services.workspace import Workspace

FOLDER = Path(str(folder("examples"))) / "incidents"
GRADES = {"特别重大", "重大", "较大", "一般"}


def accidents() -> list[ParameterSet]:
    """Every accident, under its Chinese name."""
    found = [(path, parse_json(path.read_bytes())) for path in sorted(FOLDER.glob("*.json"))]
    return [pytest.param(path, data, id=data["official"]["name"]["zh"]) for path, data in found]


ACCIDENTS = accidents()
each = pytest.mark.parametrize(("path", "accident"), ACCIDENTS)


def judged(workspace: Workspace, accident: dict[str, Any]) -> tuple[Report, Derivation]:
    report = workspace.reader.read(accident["report"], incident_id="accident", received=datetime.now(UTC))
    workspace.contract.require(report.facts)
    return report, derive(workspace, report.incident, report.facts)


def test_there_are_enough_accidents_of_every_grade() -> None:
    grades = [param.values[1]["official"]["grade"] for param in ACCIDENTS]  # type: ignore[index]
    assert len(grades) >= 25
    assert set(grades) == GRADES


@each
def test_the_derived_grade_is_the_official_one(
    path: Path, accident: dict[str, Any], workspace: Workspace
) -> None:
    report, derivation = judged(workspace, accident)
    grades = [workspace.describer.text(g).zh for g in derivation.objects(report.incident, xz("grade"))]
    assert grades == [accident["official"]["grade"]]


@each
def test_the_grade_rests_on_decree_493_as_in_force_on_the_day(
    path: Path, accident: dict[str, Any], workspace: Workspace
) -> None:
    report, derivation = judged(workspace, accident)
    deciding = derivation.objects(report.incident, xz("decidedBy"))
    regimes = {regime for c in deciding for regime in workspace.engine.source.values(c, xz("regime"))}
    assert [workspace.describer.text(regime).zh for regime in regimes] == ["生产安全事故分级"]


@each
def test_every_accident_has_a_plan_a_level_and_a_duty_to_lead(
    path: Path, accident: dict[str, Any], workspace: Workspace
) -> None:
    report, derivation = judged(workspace, accident)
    for relation in ("underPlan", "responseLevel", "leadDuty"):
        assert len(derivation.objects(report.incident, xz(relation))) == 1, relation


@each
def test_provisions_that_apply_were_in_force_on_the_day(
    path: Path, accident: dict[str, Any], workspace: Workspace
) -> None:
    report, derivation = judged(workspace, accident)
    on = date.fromisoformat(accident["report"]["time"][:10])
    applicable = derivation.objects(report.incident, xz("applicable"))
    assert applicable
    for provision in applicable:
        for start in workspace.engine.source.values(provision, xz("validFrom")):
            assert isinstance(start, Literal)
            assert date.fromisoformat(start.value) <= on
        for end in workspace.engine.source.values(provision, xz("validUntil")):
            assert isinstance(end, Literal)
            assert on <= date.fromisoformat(end.value)


@each
def test_the_place_is_a_division_of_the_national_table(
    path: Path, accident: dict[str, Any], workspace: Workspace
) -> None:
    code = accident["report"]["grid"]
    areas = {quad.subject for quad in workspace.store.match(None, xz("code"), Literal(code))}
    assert len(areas) == 1
    (area,) = areas
    assert isinstance(area, NamedNode)
    assert workspace.engine.source.values(area, xz("partOf"))


@each
def test_the_record_says_where_it_was_found(path: Path, accident: dict[str, Any]) -> None:
    official = accident["official"]
    assert set(accident) == {"report", "official"}
    assert path.name.startswith(accident["report"]["time"][:10])
    assert official["verified"] in {"search", "memory"}
    assert official["report"]
    assert official["source"]
    assert official["name"]["en"]
