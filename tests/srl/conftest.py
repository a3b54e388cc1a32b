"""The table of conformance: after the W3C suites have run, what passed, failed and was skipped, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.srl.evaluators import names
from tests.srl.suites import Case

MARK = "conformance"
OUTCOMES = ("passed", "failed", "skipped")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note on every case of the suites where it belongs; the note travels with the report."""
    for item in items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        if isinstance(case := params.get("case"), Case):
            tested = names(params["infer"]) if "infer" in params else "parser"
            item.user_properties.append((MARK, (case.suite, tested)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table if the suites were among the tests."""
    counts: Counter[tuple[str, str, str]] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    for outcome in OUTCOMES:
        for report in terminalreporter.stats.get(outcome, ()):
            for suite, tested in _notes(report):
                counts[suite, tested, outcome] += 1
                if outcome == "skipped":
                    reasons[tested, _kind(report)] += 1
    if not counts:
        return
    terminalreporter.section("W3C SPARQL-RL suites")
    for line in _table(counts):
        terminalreporter.write_line(line)
    terminalreporter.write_line("")
    for (tested, reason), number in sorted(reasons.items()):
        terminalreporter.write_line(f"{number:4} skipped ({tested}): {reason}")


def _notes(report: pytest.TestReport) -> Iterator[tuple[str, str]]:
    for name, value in report.user_properties:
        if name == MARK:
            suite, tested = value  # type: ignore[misc]
            yield suite, tested


def _kind(report: pytest.TestReport) -> str:
    """Return the kind of obstacle: what a skip says before the colon."""
    assert isinstance(report.longrepr, tuple)
    return str(report.longrepr[2]).removeprefix("Skipped: ").partition(": ")[0]


def _table(counts: Counter[tuple[str, str, str]]) -> Iterator[str]:
    rows = sorted({(suite, tested) for suite, tested, _ in counts})
    width = max(len(suite) for suite, _ in rows)
    yield f"{'suite':{width}}  {'tested':12} {'passed':>7} {'failed':>7} {'skipped':>7}"
    for suite, tested in rows:
        yield _row(suite, tested, [counts[suite, tested, outcome] for outcome in OUTCOMES], width)
    for tested in sorted({tested for _, tested in rows}):
        totals = [sum(counts[s, t, o] for s, t in rows if t == tested) for o in OUTCOMES]
        yield _row("all", tested, totals, width)


def _row(suite: str, tested: str, numbers: list[int], width: int) -> str:
    passed, failed, skipped = numbers
    return f"{suite:{width}}  {tested:12} {passed:7} {failed:7} {skipped:7}"
