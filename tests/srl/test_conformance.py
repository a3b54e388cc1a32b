"""The language does what the suites of W3C say, as far as they are at hand.

``conftest.py`` prints the table of what passed, by suite and by what was tested.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pyoxigraph import Triple

from kb.errors import SyntaxFault
from kb.srl.parser import parse
from kb.srl.strata import stratify
from kb.srl.syntax import RuleSet
from kb.srl.wellformed import require_wellformed
from tests.srl.evaluators import Infer, evaluators, names
from tests.srl.suites import SHARED, Case, canonical, cases, namesake, read_graph

CASES = cases()
EVALUATION = [case for case in CASES if case.kind == "RulesEvalTest"]
OTHERS = [case for case in CASES if case.kind != "RulesEvalTest"]


def prepared(case: Case) -> RuleSet:
    """Read the document, or skip aloud."""
    if (obstacle := case.obstacle()) is not None:
        pytest.skip(obstacle)
    return parse(case.rules.read_text(encoding="utf-8"), source=str(case.rules), base=case.base)


def refused(step: Callable[[], object]) -> list[str]:
    """Return the codes of the faults that *step* raises; there has to be one."""
    with pytest.raises(SyntaxFault) as caught:
        step()
    return [fault.code for fault in caught.value.faults]


def test_the_suites_are_there() -> None:
    if not SHARED.is_dir():
        pytest.skip(f"the W3C suites are not beside the checkout ({SHARED})")
    assert len(CASES) > 300


def test_files_that_both_suites_have_are_the_same_so_one_may_stand_in_for_the_other() -> None:
    if not SHARED.is_dir():
        pytest.skip(f"the W3C suites are not beside the checkout ({SHARED})")
    files = [file for file in (SHARED / "sparql-rl").rglob("*") if file.suffix in (".srl", ".ttl")]
    pairs = [(file, other) for file in files if file.stem != "manifest" and (other := namesake(file))]
    assert len(pairs) >= 40
    assert [file.name for file, other in pairs if _content(file) != _content(other)] == []


def _content(file: Path) -> list[str]:
    """Return the lines without their ends and without the comments (one suite has the licence there)."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("case", OTHERS, ids=lambda case: case.name)
def test_syntax_wellformedness_and_stratification(case: Case) -> None:
    match case.kind:
        case "RulesPositiveSyntaxTest":
            prepared(case)
        case "RulesNegativeSyntaxTest":
            refused(lambda: prepared(case))
        case "RulesPositiveWellFormednessTest":
            require_wellformed(prepared(case))
        case "RulesNegativeWellFormednessTest":
            ruleset = prepared(case)
            refused(lambda: require_wellformed(ruleset))
        case "RulesPositiveStratificationTest":
            ruleset = prepared(case)
            require_wellformed(ruleset)
            stratify(ruleset.rules)
        case "RulesNegativeStratificationTest":
            ruleset = prepared(case)
            require_wellformed(ruleset)
            assert refused(lambda: stratify(ruleset.rules)) == ["srl.stratification"]
        case _:
            prepared(case)
            pytest.fail(f"nobody runs tests of kind {case.kind}")


@pytest.mark.parametrize("infer", evaluators, ids=names)
@pytest.mark.parametrize("case", EVALUATION, ids=lambda case: case.name)
def test_evaluation(case: Case, infer: Infer) -> None:
    ruleset = prepared(case)
    assert case.data is not None
    assert case.result is not None
    inferred = infer(ruleset, read_graph(case.data))
    expected = read_graph(case.result)
    assert canonical(inferred) == canonical(expected), _difference(inferred, expected)


def _difference(inferred: set[Triple], expected: set[Triple]) -> str:
    lines = [f"  too much: {triple}" for triple in sorted(map(str, inferred - expected))]
    lines += [f"  missing:  {triple}" for triple in sorted(map(str, expected - inferred))]
    return "\n".join(["the graphs differ", *lines])
