"""The order of joins, by how many rows they are likely to give.

Selinger's estimate (System R, SIGMOD 1979): a pattern of *n* rows, joined on a column of *d* different
values, gives *n / d* rows for each row so far. Each pattern about what the rule concludes on is tried as the
first one, the others follow greedily, and the order whose intermediate results add up to least wins. To begin
elsewhere looks cheap only as long as values are taken for equally common: most provisions have one
jurisdiction, and every incident is within it. For the same reason DuckDB's own ordering is switched off
(:mod:`kb.inference.relational.connection`).
"""

from __future__ import annotations

from collections.abc import Callable, Set

from pyoxigraph import Variable

from kb.inference.planner import Step, order
from kb.inference.relational.sizes import Statistics
from kb.srl.syntax import Rule, TriplePattern, variables_of


def by_cost(
    rule: Rule,
    bound: Set[Variable],
    first: TriplePattern | None,
    statistics: Callable[[TriplePattern], Statistics],
) -> list[Step]:
    """Return the elements of the body of *rule* in the order of least estimated cost.

    :param bound: variables that have a value before.
    :param first: the pattern that has to be the first one, if any.
    """

    def fan_out(pattern: TriplePattern, known: Set[Variable]) -> float:
        found = statistics(pattern)
        rows = found.rows
        for term, different in zip(pattern.terms, found.distinct, strict=True):
            if not isinstance(term, Variable) or term in known:
                rows /= max(different, 1.0)
        return rows

    def total(steps: list[Step]) -> float:
        known, size, cost = set(bound), 1.0, 0.0
        for step in steps:
            if isinstance(step.element, TriplePattern):
                size *= fan_out(step.element, known)
                cost += size
                known.update(variables_of(step.element))
        return cost

    patterns = [element for element in rule.body if isinstance(element, TriplePattern)]
    about = {template.subject for template in rule.head}
    central = [pattern for pattern in patterns if about & set(pattern.terms)]
    starts = [first] if first is not None or not patterns or bound else central or patterns
    return min((order(rule, bound, start, fan_out) for start in starts), key=total)
