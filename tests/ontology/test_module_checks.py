"""The order of modules follows from what they need and achieve; what spoils it is found beforehand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rdflib import Graph

from kb.ontology.checks import modules
from kb.ontology.checks.finding import Finding, Severity
from kb.ontology.statements import Places

PREFIXES = """\
@prefix xz: <https://w3id.org/xiezhi/ns#> .
@prefix module: <https://w3id.org/xiezhi/kb/module/> .
@prefix state: <https://w3id.org/xiezhi/kb/state/> .
@prefix use: <https://w3id.org/xiezhi/kb/use/> .
"""
LINE = PREFIXES.count("\n") + 1
CIRCLE = """\
module:pump a xz:PlanModule ; xz:needs state:open ; xz:achieves state:dry .
module:clear a xz:PlanModule ; xz:needs state:dry ; xz:achieves state:open .
"""
Check = Callable[..., list[Finding]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """``check(modules.circles, turtle)``: what that check finds in a file with *turtle*."""

    def run(of: Callable[..., object], turtle: str) -> list[Finding]:
        path = tmp_path / "mine.ttl"
        path.write_text(PREFIXES + turtle, encoding="utf-8")
        return list(of(Graph().parse(path, format="turtle"), Places([path])))  # type: ignore[call-overload]

    return run


def test_modules_that_wait_for_one_another_are_an_error_that_names_the_circle(check: Check) -> None:
    (finding,) = check(modules.circles, CIRCLE)
    assert finding.severity is Severity.ERROR
    for text in (finding.fault.message.zh, finding.fault.message.en):
        assert "module:clear → module:pump → module:clear" in text
    assert finding.fault.where.endswith(f"mine.ttl:{LINE}")
    assert finding.fault.repair is not None


def test_a_longer_circle_is_one_finding(check: Check) -> None:
    a, b, c = (f"module:{n} xz:needs state:{n} ; xz:achieves state:{m} ." for n, m in ("ab", "bc", "ca"))
    (finding,) = check(modules.circles, "\n".join((a, b, c)))
    assert finding.fault.message.en.count("→") == 3


def test_what_one_module_needs_and_achieves_itself_is_no_circle_but_nobody_brings_it_about(
    check: Check,
) -> None:
    alone = "module:pump xz:needs state:dry ; xz:achieves state:dry ."
    assert check(modules.circles, alone) == []
    (finding,) = check(modules.unachieved, alone)
    assert "module:pump needs state:dry" in finding.fault.message.en


def test_a_state_that_no_module_achieves_is_an_error_of_who_needs_it(check: Check) -> None:
    (finding,) = check(modules.unachieved, "\nmodule:pump a xz:PlanModule ;\n    xz:needs state:dry .")
    assert finding.severity is Severity.ERROR
    assert finding.fault.code == "modules.unachieved"
    assert finding.fault.where.endswith(f"mine.ttl:{LINE + 2}")
    assert check(modules.unachieved, CIRCLE) == []


def test_a_module_that_nothing_uses_is_a_warning(check: Check) -> None:
    (finding,) = check(modules.unused, CIRCLE + "use:pump xz:module module:pump .")
    assert finding.severity is Severity.WARNING
    assert "module:clear" in finding.fault.message.en


def test_the_modules_of_the_product_have_an_order_and_are_used(knowledge: Graph) -> None:
    nowhere = Places([])
    for of in (modules.circles, modules.unachieved, modules.unused):
        assert list(of(knowledge, nowhere)) == []
