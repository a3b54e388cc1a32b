"""The suite of W3C: our wrapper gives the expected report, result for result, and pySHACL the same."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.validation import oracle
from tests.validation.differences import OF_SUITE, PYSHACL, SHACL
from tests.validation.oracle import REFUSED, Report
from tests.validation.suite import SUITE, Case, cases

pytestmark = [
    pytest.mark.skipif(not SUITE.is_dir(), reason="…/shared is not here"),
    pytest.mark.filterwarnings("ignore:Parsing weird boolean:UserWarning"),
    pytest.mark.filterwarnings("ignore::pyshacl.errors.ConstraintLoadWarning"),
]
CASES = list(cases())
KNOWN = {one.test: one for one in OF_SUITE}


def plain(case: Case, report: Report) -> Report:
    """Blank nodes of different files have nothing in common; each engine refuses in words of its own."""
    if isinstance(report, str):
        return REFUSED
    if not case.apart:
        return report
    plain: Counter[tuple[str, ...]] = Counter()
    for result, times in report.items():
        plain[tuple("_:" if part.startswith("_:") else part for part in result)] += times
    return plain  # type: ignore[return-value]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_engines_report_what_is_expected(case: Case) -> None:
    shapes, data = case.given("shapesGraph"), case.given("dataGraph")
    expected = plain(case, case.expected)
    known = KNOWN.get(case.name)
    mine, other = plain(case, oracle.ours(shapes, data)), plain(case, oracle.reference(shapes, data))
    assert (mine == expected) is (known is None or known.right == SHACL)
    assert (other == expected) is (known is None or known.right == PYSHACL)


def test_the_suite_is_whole_and_the_table_names_tests_of_it() -> None:
    kinds = Counter(case.name.partition("/")[0] for case in CASES)
    assert kinds == {"core": 98, "sparql": 23}
    assert KNOWN.keys() <= {case.name for case in CASES}
