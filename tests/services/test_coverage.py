"""Where the knowledge has gaps: type by grade by city."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import pytest

from kb.ontology.knowledge import over
from kb.services import coverage_views as views
from kb.services import probes
from kb.services.coverage import Gap, Matrix, matrix
from kb.services.workspace import TrialWorkspace, Workspace

TODAY = date(2026, 11, 25)
PREFIXES = (
    "@prefix xz: <https://w3id.org/xiezhi/ns#> .\n@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
    "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
    "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
    "@prefix duty: <https://w3id.org/xiezhi/kb/duty/> .\n@prefix role: <https://w3id.org/xiezhi/kb/role/> .\n"
    "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
    "@prefix function: <https://w3id.org/xiezhi/kb/function/> .\n"
    "@prefix dcterms: <http://purl.org/dc/terms/> .\n"
    "@prefix clause: <https://w3id.org/xiezhi/kb/clause/> .\n"
    "@prefix division: <https://w3id.org/xiezhi/division/> .\n"
)


@pytest.fixture(scope="module")
def found(workspace: Workspace) -> Matrix:
    return matrix(workspace, TODAY)


def named(workspace: Workspace, label: str) -> probes.NamedNode:
    (iri,) = workspace.names.find(label, probes.xz("IncidentType"))
    return iri


def test_every_type_in_both_cities_has_one_lead_modules_and_a_plan_wherever_it_is_graded(
    found: Matrix,
) -> None:
    assert len(found.types) > 150
    assert len(found.cities) == 2
    lacking = {gap for cell in found.cells for gap in cell.gaps}
    assert lacking <= {Gap.NO_THRESHOLD}


def test_a_gas_explosion_is_complete_and_a_mass_incident_is_not_graded(
    workspace: Workspace, found: Matrix
) -> None:
    for rank in views.RANKS:
        cell = found.at(named(workspace, "燃气爆炸"), found.cities[0], rank)
        assert cell is not None
        assert cell.gaps == ()
        assert len(cell.leads) == 1
        assert cell.modules >= 6
    assert found.at(named(workspace, "群体性事件"), found.cities[0], 1) is None


def test_a_rainstorm_is_asked_by_warnings_not_by_grades(workspace: Workspace, found: Matrix) -> None:
    cells = [found.at(named(workspace, "暴雨"), found.cities[0], rank) for rank in views.RANKS]
    assert all(cell is not None and cell.scale == "WarningLevel" and not cell.gaps for cell in cells)


def test_a_type_without_a_lead_and_one_with_two_are_found(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "x.ttl").write_text(
        PREFIXES
        + """xz:MarsLanding a owl:Class, xz:IncidentType ; rdfs:subClassOf xz:NaturalDisaster ;
        rdfs:label "火星登陆"@zh, "Mars landing"@en ; skos:definition "甲。"@zh, "a."@en .
        duty:second a xz:Duty ; xz:appliesTo xz:GasExplosion ; xz:role role:lead ;
        xz:function function:health ; xz:task "甲"@zh, "a"@en ;
        xz:jurisdiction division:100000 ; xz:validFrom "2020-01-01"^^xsd:date ;
        dcterms:source clause:xiezhi-model-city-lead-functions ; xz:evidence "convention" .
        duty:third a xz:Duty ; xz:appliesTo xz:GasExplosion ; xz:role role:lead ;
        xz:function function:housing ; xz:task "甲"@zh, "a"@en ;
        xz:jurisdiction division:100000 ; xz:validFrom "2020-01-01"^^xsd:date ;
        dcterms:source clause:xiezhi-model-city-lead-functions ; xz:evidence "convention" .
        """,
        encoding="utf-8",
    )
    with over(tmp_path) as knowledge:
        trial = TrialWorkspace(workspace, knowledge)
        explosion, landing = named(trial, "燃气爆炸"), named(trial, "火星登陆")
        changed = matrix(trial, TODAY, [explosion, landing])
        two = changed.at(explosion, changed.cities[0], 1)
        assert two is not None
        assert two.gaps == (Gap.TWO_LEADS,)
        none = changed.at(landing, changed.cities[0], 1)
        assert none is not None
        assert none.gaps == (Gap.NO_THRESHOLD,)


def test_the_table_has_a_line_a_type_and_a_key(workspace: Workspace, found: Matrix) -> None:
    lines = list(views.lines(workspace, found, "en"))
    assert len(lines) == len(found.types) + 1
    assert any(line.startswith("✓✓✓✓  ✓✓✓✓") and line.endswith("Gas explosion") for line in lines)
    assert "no lead" in lines[-1]


def test_the_csv_has_a_line_a_cell(workspace: Workspace, found: Matrix) -> None:
    rows = list(csv.DictReader(io.StringIO(views.as_csv(workspace, found))))
    assert len(rows) == len(found.cells)
    row = next(
        r for r in rows if r["type_zh"] == "燃气爆炸" and r["value_zh"] == "重大" and r["city"] == "济南市"
    )
    assert row["leads"] == "济南市住房和城乡建设局"
    assert row["level"] == "Ⅱ级响应"
    assert row["gaps"] == ""


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_heat_map_is_a_page_of_its_own_that_loads_nothing(
    workspace: Workspace, found: Matrix, lang: str
) -> None:
    page = views.heat_map(workspace, found, lang)
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<tr>") == len(found.types) + 2
    assert "src=" not in page


def test_a_probe_has_just_the_facts_of_one_criterion(workspace: Workspace) -> None:
    city, place = probes.cities(workspace)[0]
    made = list(probes.probes(workspace, named(workspace, "燃气爆炸"), city, place, TODAY))
    assert made[0].facts == {}
    assert {"deaths": 30} in [probe.facts for probe in made]
    assert {"deaths": 2} in [probe.facts for probe in made], "below three: the grade ordinary"
    for probe in made:
        answer = probes.ask(workspace, probe, TODAY)
        if probe.criterion is not None:
            assert answer is not None
            assert probe.criterion in probes.objects(answer, "meets")
