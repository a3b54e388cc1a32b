"""`xiezhi check` says of any folder what is wrong: file, line, what, why, and a repair."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest

from kb.ontology.checks.finding import Finding, Severity
from kb.ontology.knowledge import over
from kb.services.checking import Verdict, check
from kb.services.workspace import Workspace

TODAY = date(2026, 11, 25)
PREFIXES = """\
@prefix xz: <https://w3id.org/xiezhi/ns#> .
@prefix kb: <https://w3id.org/xiezhi/kb/> .
@prefix duty: <https://w3id.org/xiezhi/kb/duty/> .
@prefix use: <https://w3id.org/xiezhi/kb/use/> .
@prefix plan: <https://w3id.org/xiezhi/kb/plan/> .
@prefix criterion: <https://w3id.org/xiezhi/kb/criterion/> .
@prefix regime: <https://w3id.org/xiezhi/kb/regime/> .
@prefix grade: <https://w3id.org/xiezhi/kb/grade/> .
@prefix condition: <https://w3id.org/xiezhi/kb/condition/> .
@prefix module: <https://w3id.org/xiezhi/kb/module/> .
@prefix function: <https://w3id.org/xiezhi/kb/function/> .
@prefix role: <https://w3id.org/xiezhi/kb/role/> .
@prefix clause: <https://w3id.org/xiezhi/kb/clause/> .
@prefix scheme: <https://w3id.org/xiezhi/kb/scheme/> .
@prefix division: <https://w3id.org/xiezhi/division/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix dcterms: <http://purl.org/dc/terms/> .

"""
FIRST = PREFIXES.count("\n") + 1
"""The line on which what a test writes begins."""
FORCE = """\
xz:jurisdiction division:100000 ; xz:validFrom "2025-01-01"^^xsd:date ;
    dcterms:source clause:xiezhi-model-city-module-conditions ; xz:evidence "convention" ."""


def checked(tmp_path: Path, turtle: str = "", workspace: Workspace | None = None, **rules: str) -> Verdict:
    """Check a folder with one Turtle file and some rules."""
    folder = tmp_path / "mine"
    folder.mkdir(exist_ok=True)
    if turtle:
        (folder / "mine.ttl").write_text(PREFIXES + dedent(turtle), encoding="utf-8")
    for name, text in rules.items():
        (folder / f"{name}.srl").write_text(
            "PREFIX xz: <https://w3id.org/xiezhi/ns#>\nPREFIX rule: <https://w3id.org/xiezhi/rule/>\n" + text,
            encoding="utf-8",
        )
        (folder / f"{name}.ttl").write_text(
            "@prefix xz: <https://w3id.org/xiezhi/ns#> .\n@prefix rule: <https://w3id.org/xiezhi/rule/> .\n"
            "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
            f'rule:{name} a xz:Rule ; rdfs:label "甲"@zh, "one"@en ; '
            'xz:sentence "{incident}。"@zh, "{incident}."@en .\n',
            encoding="utf-8",
        )
    with over(folder) as base:
        return check(base, workspace, TODAY)


def one(verdict: Verdict, code: str) -> Finding:
    (found,) = [finding for finding in verdict.findings if finding.fault.code == code]
    return found


def test_the_knowledge_of_the_product_has_no_error(workspace: Workspace) -> None:
    with over(None) as base:
        verdict = check(base, workspace, TODAY)
    assert verdict.of(Severity.ERROR) == []
    assert verdict.files > 60
    assert verdict.cases > 300
    assert all(f.fault.repair for f in verdict.findings), "every finding says what to do"


def test_turtle_that_is_none_is_told_with_line_and_column(tmp_path: Path) -> None:
    fault = one(checked(tmp_path, "xz:Tram a owl:Class ; ."), "knowledge.turtle").fault
    assert fault.where.split(":")[0].endswith("mine.ttl")
    assert int(fault.where.split(":")[1]) >= FIRST


def test_a_term_that_nobody_defines_is_told_with_its_line_and_the_nearest(tmp_path: Path) -> None:
    verdict = checked(tmp_path, "\ncondition:x a xz:Condition ;\n    xz:measure xz:deathz ; xz:atLeast 3 .")
    fault = one(verdict, "knowledge.undefined").fault
    assert fault.where.endswith(f"mine.ttl:{FIRST + 2}")
    assert "xz:deathz" in fault.message.en
    assert fault.repair is not None
    assert "xz:deaths" in fault.repair.en


def test_a_missing_label_is_told_with_the_line_of_the_class(tmp_path: Path) -> None:
    verdict = checked(
        tmp_path,
        '\nxz:Tram a owl:Class, xz:IncidentType ; rdfs:subClassOf xz:AccidentDisaster ; rdfs:label "电车"@zh ;\n'
        '    skos:definition "电车。"@zh, "A tram."@en .',
    )
    fault = one(verdict, "knowledge.contract").fault
    assert fault.where.endswith(f"mine.ttl:{FIRST + 1}")
    assert "xz:Tram" in fault.message.zh
    assert "rdfs:label" in fault.message.en


def test_an_impossible_class_is_told_with_the_axioms_that_make_it_so_and_a_way_out(tmp_path: Path) -> None:
    verdict = checked(
        tmp_path,
        """
        xz:GasRain a owl:Class, xz:IncidentType ;
            rdfs:subClassOf xz:GasExplosion, xz:Rainstorm ;
            rdfs:label "燃气雨"@zh, "Gas rain"@en ; skos:definition "没有。"@zh, "There is none."@en .
        """,
    )
    fault = one(verdict, "ontology.unsatisfiable").fault
    assert fault.where.endswith(f"mine.ttl:{FIRST + 1}")
    assert "xz:NaturalDisaster DisjointWith xz:AccidentDisaster" in fault.message.en
    assert fault.repair is not None
    first = fault.repair.en.removeprefix("take out: ").split(";")[0]
    assert first.startswith("xz:GasRain SubClassOf"), "what is in the expert's own file comes first"
    assert "mine.ttl" in first


def test_two_leads_for_one_type_are_a_conflict(tmp_path: Path) -> None:
    verdict = checked(
        tmp_path,
        f"""
        duty:another a xz:Duty ; xz:appliesTo xz:FireAccident ; xz:role role:lead ; xz:function function:health ;
            xz:task "牵头"@zh, "Lead"@en ; {FORCE}
        """,
    )
    fault = one(verdict, "knowledge.conflict").fault
    assert "duty:another" in fault.message.en
    assert "duty:fire-lead" in fault.message.en


def test_two_grades_on_the_same_conditions_are_a_conflict(tmp_path: Path) -> None:
    verdict = checked(
        tmp_path,
        """
        criterion:again a xz:Criterion ; xz:regime regime:production ; xz:setsGrade grade:major ;
            xz:condition condition:deaths-at-least-3 ; dcterms:source clause:decree-493-2007-3 .
        """,
    )
    assert "criterion:again" in one(verdict, "knowledge.conflict").fault.message.en


def test_what_a_wider_provision_says_already_is_a_warning(tmp_path: Path) -> None:
    verdict = checked(
        tmp_path,
        f"\nuse:again a xz:ModuleUse ; xz:appliesTo xz:GasLeak ; xz:module module:resources ; {FORCE}",
    )
    finding = one(verdict, "knowledge.repeated")
    assert finding.severity is Severity.WARNING
    assert "use:base-resources" in finding.fault.message.en
    assert verdict.sound


def test_a_condition_that_there_is_already_is_a_warning(tmp_path: Path) -> None:
    verdict = checked(tmp_path, "\ncondition:zz-three a xz:Condition ; xz:measure xz:deaths ; xz:atLeast 3 .")
    repair = one(verdict, "knowledge.repeated").fault.repair
    assert repair is not None
    assert "condition:deaths-at-least-3" in repair.en


def test_a_provision_in_force_on_law_that_has_ended_is_a_warning(tmp_path: Path) -> None:
    verdict = checked(
        tmp_path,
        """
        use:old a xz:ModuleUse ; xz:appliesTo xz:GasLeak ; xz:module module:epidemiology ;
            xz:jurisdiction division:100000 ; xz:validFrom "2008-01-01"^^xsd:date ;
            dcterms:source clause:emergency-response-law-2007-49 ; xz:evidence "primary" .
        """,
    )
    fault = one(verdict, "knowledge.superseded").fault
    assert "law:emergency-response-law-2024" in (fault.repair.en if fault.repair else "")


def test_background_knowledge_is_listed_as_notes(tmp_path: Path) -> None:
    verdict = checked(
        tmp_path,
        f"\nuse:guess a xz:ModuleUse ; xz:appliesTo xz:GasLeak ; xz:module module:epidemiology ; "
        f"{FORCE.replace('convention', 'background')}",
    )
    finding = one(verdict, "knowledge.background")
    assert finding.severity is Severity.NOTE
    assert verdict.sound


PLAN = f"""
plan:trams a xz:Plan ; xz:appliesTo xz:MineAccident ; xz:levelScheme scheme:by-grade ;
    rdfs:label "电车预案"@zh, "Tram plan"@en ; skos:definition "电车。"@zh, "Trams."@en ;
    {{dates}}
    {FORCE.replace("module-conditions", "plans")}
"""


def dates(**given: str) -> str:
    return PLAN.replace("{dates}", " ".join(f'xz:{k} "{v}"^^xsd:date ;' for k, v in given.items()))


@pytest.mark.parametrize(
    ("given", "due"),
    [
        ({"publishedOn": "2026-11-20"}, set()),
        ({"publishedOn": "2026-10-01"}, {"filing after publication"}),
        ({"publishedOn": "2026-10-01", "filedOn": "2026-10-20"}, set()),
        (
            {"publishedOn": "2024-02-01", "filedOn": "2024-02-10"},
            {"drill of work-safety plans every two years"},
        ),
        (
            {"publishedOn": "2023-02-01", "filedOn": "2023-02-10", "drilledOn": "2026-01-01"},
            {"evaluation every three years"},
        ),
    ],
    ids=["new", "not filed in 20 working days", "filed", "no drill in two years", "no evaluation in three"],
)
def test_what_is_due_for_a_plan_is_computed_from_its_dates(
    tmp_path: Path, given: dict[str, str], due: set[str]
) -> None:
    verdict = checked(tmp_path, dates(**given, revisedOn="2026-11-01"))
    told = [f.fault.message.en for f in verdict.findings if f.fault.code == "plan.due"]
    assert {text.split(": ")[1].split(", by")[0] for text in told} == due


def test_a_plan_is_to_be_revised_when_what_it_rests_on_changed_since(tmp_path: Path) -> None:
    verdict = checked(
        tmp_path,
        dates(publishedOn="2024-12-01", filedOn="2024-12-05")
        + f"""
use:newer a xz:ModuleUse ; xz:appliesTo xz:MineAccident ; xz:module module:epidemiology ; {FORCE}
""",
    )
    fault = one(verdict, "plan.revision").fault
    assert "use:newer (2025-01-01)" in fault.message.en
    assert "Tram plan was last revised on 2024-12-01" in fault.message.en


def test_a_rule_fault_is_told_with_line_and_column(tmp_path: Path) -> None:
    verdict = checked(
        tmp_path, bad="RULE rule:bad { ?incident xz:grade ?grade } WHERE { FILTER (?grade > 3) }"
    )
    assert not verdict.sound
    assert any("bad.srl:3" in f.fault.where for f in verdict.of(Severity.ERROR))


def test_a_rule_that_names_what_nobody_defines_is_told(tmp_path: Path) -> None:
    verdict = checked(
        tmp_path, mine="RULE rule:mine { ?incident xz:activates ?m } WHERE { ?incident xz:activatez ?m }"
    )
    fault = one(verdict, "knowledge.undefined").fault
    assert "mine.srl:3:" in fault.where
    assert fault.repair is not None
    assert "xz:activates" in fault.repair.en


def test_a_rule_that_another_makes_needless_is_told(tmp_path: Path) -> None:
    verdict = checked(
        tmp_path,
        mine="RULE rule:mine { ?incident xz:activates ?m } WHERE { ?incident xz:applicable ?u . "
        "?u a xz:ModuleUse ; xz:module ?m . ?incident xz:grade ?g }",
    )
    finding = one(verdict, "rules.overlap")
    assert finding.severity is Severity.WARNING
    assert "rule:module concludes too" in finding.fault.message.en


def test_a_rule_that_no_case_makes_fire_is_told_and_why(tmp_path: Path, workspace: Workspace) -> None:
    verdict = checked(
        tmp_path,
        workspace=workspace,
        mine="RULE rule:mine { ?incident xz:activates ?m } WHERE { ?incident xz:targetKind ?m }",
    )
    fault = one(verdict, "rules.never-fires").fault
    assert fault.repair is not None
    assert "can never fire" in fault.repair.en


def test_rules_that_give_an_incident_two_grades_are_a_conflict_with_the_case_that_shows_it(
    tmp_path: Path, workspace: Workspace
) -> None:
    verdict = checked(
        tmp_path,
        workspace=workspace,
        mine="RULE rule:mine { ?incident xz:grade ?grade } WHERE { ?incident xz:meets ?criterion . "
        "?criterion xz:setsGrade ?grade . ?grade xz:rank ?rank . FILTER (?rank >= 4) }",
    )
    found = [f for f in verdict.findings if f.fault.code == "rules.conflict"]
    assert found
    assert "rule:mine" in found[0].fault.message.en


def test_only_what_concerns_the_expert_s_own_files_is_told_of_warnings(tmp_path: Path) -> None:
    verdict = checked(tmp_path, "\ncondition:zz-three a xz:Condition ; xz:measure xz:deaths ; xz:atLeast 3 .")
    assert all("mine" in f.fault.where for f in verdict.findings)
