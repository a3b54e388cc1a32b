"""What the rules promise to experts who write knowledge that nobody has written yet.

The knowledge of today has no condition with “more than”, no criterion with two conditions, no use of a module
that has ended. The rules are ready for them. Here such knowledge is given beside the facts of an incident:
to the rules it is no different from knowledge in the store.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pyoxigraph import RdfFormat, Triple, parse

from kb.inference.interactive.derivation import Derivation
from kb.namespaces import PREFIXES, ROOT, xz
from kb.services.incident import derive
from kb.services.workspace import Workspace

Conclude = Callable[..., Callable[[str], set[str]]]
KINDS = "clause condition criterion regime duty use module grade function tier role cascade department"
TURTLE = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items() if name != "kb") + "".join(
    f"@prefix {kind}: <{ROOT}kb/{kind}/> .\n" for kind in KINDS.split()
)
PROVISION = 'xz:jurisdiction division:100000 ; xz:validFrom "2007-06-01"^^xsd:date'


@pytest.fixture
def conclude(workspace: Workspace) -> Conclude:
    """``conclude(knowledge, **report)("grade")``: the ends of the IRIs concluded, or the text of literals."""

    def run(knowledge: str, **report: Any) -> Callable[[str], set[str]]:
        read = workspace.reader.read(
            {"grid": "370102", **report}, incident_id="case", received=datetime.now(UTC)
        )
        extra = [
            Triple(q.subject, q.predicate, q.object) for q in parse(TURTLE + knowledge, RdfFormat.TURTLE)
        ]
        derivation: Derivation = derive(workspace, read.incident, (*read.facts, *extra))

        def concluded(relation: str) -> set[str]:
            return {
                str(getattr(term, "value", term)).replace(ROOT + "kb/", "").replace(ROOT + "ns#", "")
                for term in derivation.objects(read.incident, xz(relation))
            }

        return concluded

    return run


@pytest.mark.parametrize(
    ("comparison", "holds", "fails"),
    [("moreThan", 6, 5), ("atMost", 5, 6), ("atLeast", 5, 4), ("below", 4, 5)],
)
def test_a_condition_may_compare_in_four_ways(
    conclude: Conclude, comparison: str, holds: int, fails: int
) -> None:
    knowledge = f"condition:test a xz:Condition ; xz:measure xz:trapped ; xz:{comparison} 5 ."
    assert "condition/test" in conclude(knowledge, type="火灾", trapped=holds)("satisfies")
    assert "condition/test" not in conclude(knowledge, type="火灾", trapped=fails)("satisfies")
    assert "condition/test" not in conclude(knowledge, type="火灾")("satisfies")


def test_a_comparison_may_be_with_a_fraction(conclude: Conclude) -> None:
    knowledge = "condition:test a xz:Condition ; xz:measure xz:rainfall1h ; xz:moreThan 19.5 ."
    assert "condition/test" in conclude(knowledge, type="暴雨", rainfall1h=20)("satisfies")
    assert "condition/test" not in conclude(knowledge, type="暴雨", rainfall1h=19.5)("satisfies")


TWO = """
criterion:test a xz:Criterion ; xz:regime regime:production ; xz:setsGrade grade:particularly-major ;
    xz:condition condition:deaths-at-least-3, condition:trapped-at-least-1 .
"""
"""A criterion that asks for three dead and somebody trapped."""


@pytest.mark.parametrize(
    ("facts", "met"),
    [
        ({"deaths": 3, "trapped": 1}, True),
        ({"deaths": 3, "trapped": 0}, False),
        ({"deaths": 2, "trapped": 1}, False),
        ({"deaths": 3}, False),
        ({"trapped": 1}, False),
    ],
)
def test_a_criterion_of_two_conditions_asks_for_both(
    conclude: Conclude, facts: dict[str, int], met: bool
) -> None:
    concluded = conclude(TWO, type="火灾", **facts)
    assert ("criterion/test" in concluded("meets")) is met
    assert ("grade/particularly-major" in concluded("grade")) is met


def test_of_a_half_met_criterion_only_the_unknown_half_is_asked(conclude: Conclude) -> None:
    facts = {"seriousInjuries": 0, "poisoned": 0, "directLoss": 0, "missing": 0, "fire": True}
    concluded = conclude(TWO, type="火灾", deaths=3, **facts)
    assert "criterion/test" in concluded("openCriterion")
    assert "trapped" in concluded("asks")
    assert "deaths" not in concluded("asks")


def test_a_criterion_of_which_one_condition_is_known_to_fail_is_not_asked_about(conclude: Conclude) -> None:
    concluded = conclude(TWO, type="火灾", deaths=2)
    assert "criterion/test" in concluded("refutes")
    assert "trapped" not in concluded("asks")


USE = f"""
use:test a xz:ModuleUse ; xz:appliesTo xz:FireAccident ; xz:module module:epidemiology ; {PROVISION} ;
    xz:condition condition:poisoned-at-least-1, condition:leak-is-true .
"""
"""A use of a module that asks for somebody poisoned and a leak."""


def test_a_use_of_two_conditions_starts_its_module_when_both_hold(conclude: Conclude) -> None:
    assert "module/epidemiology" in conclude(USE, type="火灾", poisoned=1, leak=True)("activates")
    assert "module/epidemiology" not in conclude(USE, type="火灾", poisoned=1, leak=False)("activates")
    assert "module/epidemiology" not in conclude(USE, type="火灾", poisoned=1)("activates")


def test_a_use_of_two_conditions_is_ruled_out_by_one_that_fails_but_not_by_one_that_holds(
    conclude: Conclude,
) -> None:
    half = conclude(USE, type="火灾", poisoned=1)
    assert "use/test" in half("openUse")
    assert "use/test" not in half("refutes")
    assert "leak" in half("asks")
    assert "poisoned" not in half("asks")
    assert "use/test" in conclude(USE, type="火灾", leak=False)("refutes")


@pytest.mark.parametrize(("day", "asked"), [("2015-12-31", True), ("2016-01-01", False)])
def test_nothing_is_asked_for_a_use_that_has_ended(conclude: Conclude, day: str, asked: bool) -> None:
    ended = USE.rstrip(" .\n") + ' ; xz:validUntil "2015-12-31"^^xsd:date .'
    concluded = conclude(ended, type="火灾", time=day)
    assert ("use/test" in concluded("openUse")) is asked


def test_nothing_is_asked_for_a_use_of_another_city(conclude: Conclude) -> None:
    abroad = USE.replace("division:100000", "division:370200")
    assert "use/test" not in conclude(abroad, type="火灾")("openUse")
    assert "use/test" in conclude(abroad, type="火灾", grid="370202")("openUse")


def test_a_regime_of_one_city_grades_there_and_nowhere_else(conclude: Conclude) -> None:
    """Thresholds are bound to a jurisdiction: a city may be stricter."""
    local = """
    regime:test a xz:GradingRegime ; xz:appliesTo xz:FireAccident ; xz:jurisdiction division:370200 ;
        xz:validFrom "2020-01-01"^^xsd:date .
    criterion:test a xz:Criterion ; xz:regime regime:test ; xz:setsGrade grade:larger ;
        xz:condition condition:trapped-at-least-1 .
    """
    assert conclude(local, type="火灾", grid="370202", deaths=1, trapped=1)("grade") == {"grade/larger"}
    assert conclude(local, type="火灾", grid="370102", deaths=1, trapped=1)("grade") == {"grade/ordinary"}


def test_an_incident_does_not_lead_to_what_it_is(conclude: Conclude) -> None:
    what = "a xz:Cascade ; xz:appliesTo xz:FireAccident ; xz:mayCause xz:BuildingFire"
    cascade = f"cascade:test {what} ; {PROVISION} ."
    assert "BuildingFire" in conclude(cascade, type="工厂仓库火灾")("mayLeadTo")
    assert "BuildingFire" not in conclude(cascade, type="建筑火灾")("mayLeadTo")


def test_who_supports_or_acts_first_is_not_listed_as_assisting_too(conclude: Conclude) -> None:
    """A sub-district office that also fights fires; a city bureau that supports, and does so too."""
    office, division = (
        "<https://w3id.org/xiezhi/city/370100/dept/370102001/street-office>",
        "<https://w3id.org/xiezhi/city/370100/dept/370100/water-supply>",
    )
    knowledge = f"{office} xz:performs function:fire-rescue . {division} xz:performs function:fire-rescue ."
    concluded = conclude(knowledge, type="火灾", grid="370102001002", deaths=1)
    assert any("370102001/street-office" in body for body in concluded("firstResponder"))
    assert not any("street-office" in body for body in concluded("assistingDepartment"))
    assert any("water-supply" in body for body in concluded("supportDepartment"))
    assert not any("water-supply" in body for body in concluded("assistingDepartment"))
    assert concluded("assistingDepartment")


@pytest.mark.parametrize(("day", "listed"), [("2015-12-31", True), ("2016-01-01", False)])
def test_a_transition_that_has_ended_is_not_awaited(conclude: Conclude, day: str, listed: bool) -> None:
    ended = f"""
    <{ROOT}kb/transition/test> a xz:Transition ; xz:appliesTo xz:FireAccident ; {PROVISION} ;
        xz:validUntil "2015-12-31"^^xsd:date ; xz:condition condition:leak-is-true .
    """
    assert ("transition/test" in conclude(ended, type="火灾", time=day)("awaits")) is listed
