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
FORCE = """\
xz:jurisdiction division:100000 ; xz:validFrom "2025-01-01"^^xsd:date ;
    dcterms:source clause:xiezhi-model-city-module-conditions ; xz:evidence "convention" ."""


def folder_of(tmp_path: Path, turtle: str = "", **rules: str) -> Path:
    """Make a folder with one Turtle file and some rules."""
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
    return folder


def one(verdict: Verdict, code: str, about: str = "") -> Finding:
    """Return the one finding of a code whose English words hold *about*."""
    found = [f for f in verdict.findings if f.fault.code == code and about in f.fault.message.en]
    assert len(found) == 1, [f.render("en") for f in verdict.findings]
    return found[0]


def line(text: str) -> int:
    """Return the line on which *text* stands first in the planted file."""
    return (PREFIXES + PLANTED)[: (PREFIXES + PLANTED).index(text)].count("\n") + 1


def plan(name: str, dates: dict[str, str]) -> str:
    given = " ".join(f'xz:{key} "{value}"^^xsd:date ;' for key, value in dates.items())
    return f"""
plan:{name} a xz:Plan ; xz:appliesTo xz:MineAccident ; xz:levelScheme scheme:by-grade ;
    rdfs:label "{name}"@zh, "{name}"@en ; skos:definition "预案。"@zh, "A plan."@en ;
    {given}
    {FORCE.replace("module-conditions", "plans")}
"""


PLANS = {
    "new": ({"publishedOn": "2026-11-20"}, set()),
    "unfiled": ({"publishedOn": "2026-10-01"}, {"filing after publication"}),
    "filed": ({"publishedOn": "2026-10-01", "filedOn": "2026-10-20"}, set()),
    "undrilled": (
        {"publishedOn": "2024-02-01", "filedOn": "2024-02-10"},
        {"drill of work-safety plans every two years"},
    ),
    "unevaluated": (
        {"publishedOn": "2023-02-01", "filedOn": "2023-02-10", "drilledOn": "2026-01-01"},
        {"evaluation every three years"},
    ),
}

PLANTED = f"""
condition:x a xz:Condition ;
    xz:measure xz:deathz ; xz:atLeast 3 .

xz:Tram a owl:Class, xz:IncidentType ; rdfs:subClassOf xz:AccidentDisaster ; rdfs:label "电车"@zh ;
    skos:definition "电车。"@zh, "A tram."@en .

duty:another a xz:Duty ; xz:appliesTo xz:FireAccident ; xz:role role:lead ; xz:function function:health ;
    xz:task "牵头"@zh, "Lead"@en ; {FORCE}

criterion:again a xz:Criterion ; xz:regime regime:production ; xz:setsGrade grade:major ;
    xz:condition condition:deaths-at-least-3 ; dcterms:source clause:decree-493-2007-3 .

use:again a xz:ModuleUse ; xz:appliesTo xz:GasLeak ; xz:module module:resources ; {FORCE}

condition:zz-three a xz:Condition ; xz:measure xz:deaths ; xz:atLeast 3 .

use:old a xz:ModuleUse ; xz:appliesTo xz:GasLeak ; xz:module module:epidemiology ;
    xz:jurisdiction division:100000 ; xz:validFrom "2008-01-01"^^xsd:date ;
    dcterms:source clause:emergency-response-law-2007-49 ; xz:evidence "primary" .

use:guess a xz:ModuleUse ; xz:appliesTo xz:GasExplosion ; xz:module module:epidemiology ;
    {FORCE.replace("convention", "background")}
""" + "".join(plan(name, dates | {"revisedOn": "2026-11-01"}) for name, (dates, _) in PLANS.items())


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    """What is found in a folder with one of each fault, but for those that end the check."""
    folder = folder_of(
        tmp_path_factory.mktemp("planted"),
        PLANTED,
        undefined="RULE rule:undefined { ?incident xz:activates ?m } WHERE { ?incident xz:activatez ?m }",
        needless="RULE rule:needless { ?incident xz:activates ?m } WHERE { ?incident xz:applicable ?u . "
        "?u a xz:ModuleUse ; xz:module ?m . ?incident xz:grade ?g }",
    )
    with over(folder) as base:
        return check(base, None, TODAY, reasoning_too=False)


@pytest.mark.slow  # the command of the README does the same in every run
def test_the_knowledge_of_the_product_has_no_error(workspace: Workspace) -> None:
    with over(None) as base:
        verdict = check(base, workspace, TODAY)
    assert verdict.of(Severity.ERROR) == []
    assert verdict.files > 150
    assert verdict.cases > 2000
    assert all(f.fault.repair for f in verdict.findings), "every finding says what to do"


def test_turtle_that_is_none_is_told_with_line_and_column(tmp_path: Path) -> None:
    with over(folder_of(tmp_path, "xz:Tram a owl:Class ; . .")) as base:
        fault = one(check(base, None, TODAY, reasoning_too=False), "knowledge.turtle").fault
    assert fault.where.split(":")[0].endswith("mine.ttl")
    assert int(fault.where.split(":")[1]) >= PREFIXES.count("\n") + 1


def test_a_term_that_nobody_defines_is_told_with_its_line_and_the_nearest(planted: Verdict) -> None:
    fault = one(planted, "knowledge.undefined", "deathz").fault
    assert fault.where.endswith(f"mine.ttl:{line('    xz:measure xz:deathz')}")
    assert fault.repair is not None
    assert "xz:deaths" in fault.repair.en


def test_a_missing_label_is_told_with_the_line_of_the_class(planted: Verdict) -> None:
    fault = one(planted, "knowledge.contract", "xz:Tram").fault
    assert fault.where.endswith(f"mine.ttl:{line('xz:Tram a')}")
    assert "rdfs:label" in fault.message.en


def test_an_impossible_class_is_told_with_the_axioms_that_make_it_so_and_a_way_out(tmp_path: Path) -> None:
    turtle = """
        xz:GasRain a owl:Class, xz:IncidentType ;
            rdfs:subClassOf xz:GasExplosion, xz:Rainstorm ;
            rdfs:label "燃气雨"@zh, "Gas rain"@en ; skos:definition "没有。"@zh, "There is none."@en .
        """
    with over(folder_of(tmp_path, turtle)) as base:
        fault = one(check(base, None, TODAY), "ontology.unsatisfiable").fault
    assert fault.where.endswith(f"mine.ttl:{PREFIXES.count(chr(10)) + 2}")
    assert "xz:NaturalDisaster DisjointWith xz:AccidentDisaster" in fault.message.en
    assert fault.repair is not None
    first = fault.repair.en.removeprefix("take out: ").split(";")[0]
    assert first.startswith("xz:GasRain SubClassOf"), "what is in the expert's own file comes first"
    assert "mine.ttl" in first


def test_two_leads_for_one_type_are_a_conflict(planted: Verdict) -> None:
    assert "duty:fire-lead" in one(planted, "knowledge.conflict", "duty:another").fault.message.en


def test_two_grades_on_the_same_conditions_are_a_conflict(planted: Verdict) -> None:
    found = one(planted, "knowledge.conflict", "criterion:again")
    assert "criterion:production-larger-deaths" in found.fault.message.en


def test_what_a_wider_provision_says_already_is_a_warning(planted: Verdict) -> None:
    finding = one(planted, "knowledge.repeated", "use:again")
    assert finding.severity is Severity.WARNING
    assert "use:base-resources" in finding.fault.message.en


def test_a_condition_that_there_is_already_is_a_warning(planted: Verdict) -> None:
    repair = one(planted, "knowledge.repeated", "condition:zz-three").fault.repair
    assert repair is not None
    assert "condition:deaths-at-least-3" in repair.en


def test_a_provision_in_force_on_law_that_has_ended_is_a_warning(planted: Verdict) -> None:
    repair = one(planted, "knowledge.superseded", "use:old").fault.repair
    assert repair is not None
    assert "law:emergency-response-law-2024" in repair.en


def test_background_knowledge_is_listed_as_notes(planted: Verdict) -> None:
    assert one(planted, "knowledge.background", "use:guess").severity is Severity.NOTE


@pytest.mark.parametrize("name", PLANS)
def test_what_is_due_for_a_plan_is_computed_from_its_dates(planted: Verdict, name: str) -> None:
    told = [f.fault.message.en for f in planted.findings if f.fault.code == "plan.due"]
    due = {text.split(": ")[1].split(", by")[0] for text in told if text.startswith(f"{name}:")}
    assert due == PLANS[name][1]


def test_a_plan_is_to_be_revised_when_what_it_rests_on_changed_since(tmp_path: Path) -> None:
    turtle = plan("filed", {"publishedOn": "2024-12-01", "filedOn": "2024-12-05"}) + (
        "use:newer a xz:ModuleUse ; xz:appliesTo xz:MineAccident ; xz:module module:epidemiology ; " + FORCE
    )
    with over(folder_of(tmp_path, turtle)) as base:
        fault = one(check(base, None, TODAY, reasoning_too=False), "plan.revision").fault
    assert "use:newer (2025-01-01)" in fault.message.en
    assert "filed was last revised on 2024-12-01" in fault.message.en


def test_a_rule_fault_is_told_with_line_and_column(tmp_path: Path) -> None:
    bad = "RULE rule:bad { ?incident xz:grade ?grade } WHERE { FILTER (?grade > 3) }"
    with over(folder_of(tmp_path, bad=bad)) as base:
        verdict = check(base, None, TODAY, reasoning_too=False)
    assert any("bad.srl:3" in f.fault.where for f in verdict.of(Severity.ERROR))


def test_a_rule_that_names_what_nobody_defines_is_told(planted: Verdict) -> None:
    fault = one(planted, "knowledge.undefined", "activatez").fault
    assert "undefined.srl:3:" in fault.where
    assert fault.repair is not None
    assert "xz:activates" in fault.repair.en


def test_a_rule_that_another_makes_needless_is_told(planted: Verdict) -> None:
    finding = one(planted, "rules.overlap", "rule:needless")
    assert finding.severity is Severity.WARNING
    assert "rule:module concludes too" in finding.fault.message.en


def test_only_what_concerns_the_expert_s_own_files_is_told_of_warnings(planted: Verdict) -> None:
    assert all("mine" in f.fault.where for f in planted.findings if f.severity is not Severity.ERROR)


def test_rules_that_never_fire_and_rules_that_contradict_are_told(
    tmp_path: Path, workspace: Workspace
) -> None:
    folder = folder_of(
        tmp_path,
        silent="RULE rule:silent { ?incident xz:activates ?m } WHERE { ?incident xz:targetKind ?m }",
        double="RULE rule:double { ?incident xz:grade ?grade } WHERE { ?incident xz:meets ?criterion . "
        "?criterion xz:setsGrade ?grade . ?grade xz:rank ?rank . FILTER (?rank >= 4) }",
    )
    with over(folder) as base:
        verdict = check(base, workspace, TODAY, reasoning_too=False)
    repair = one(verdict, "rules.never-fires").fault.repair
    assert repair is not None
    assert "can never fire" in repair.en
    conflicts = [f for f in verdict.findings if f.fault.code == "rules.conflict"]
    assert any("rule:double" in f.fault.message.en for f in conflicts)
