"""FILTER and SET over solutions.

Comparisons whose terms compare as database values do become conditions of the query
(:mod:`kb.inference.relational.native`). Everything else is computed by :mod:`kb.srl.expressions`, as the
interactive executor does, once for each distinct input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from pyoxigraph import Literal, Variable

from kb.inference.bounds import weight
from kb.inference.planner import is_volatile
from kb.inference.relational import families as kinds
from kb.inference.relational.columns import NotNative, require_shallow
from kb.inference.relational.connection import Connection
from kb.inference.relational.guard import Guard
from kb.inference.relational.lexicon import Lexicon
from kb.inference.relational.making import Making
from kb.inference.relational.native import Native
from kb.inference.relational.solutions import Solutions
from kb.srl.expressions import ExpressionError, compile_condition, compile_expression
from kb.srl.syntax import Assignment, Expression, Term, variables_of


class Conditions:
    """Applies expressions to solutions."""

    def __init__(self, connection: Connection, lexicon: Lexicon, guard: Guard, now: Literal) -> None:
        self._connection = connection
        self._lexicon = lexicon
        self._guard = guard
        self._now = now

    def filter(self, solutions: Solutions, expression: Expression) -> Solutions:
        """Return the solutions for which *expression* is true."""
        try:
            needs = _needs(Native, expression, solutions)
        except NotNative:
            return self._filter_by_inputs(solutions, expression)
        solutions = self._with_values(solutions, needs)
        return solutions.filtered(Native(solutions).translated(expression))

    def without(
        self,
        solutions: Solutions,
        found: Solutions,
        shared: Sequence[Variable],
        expressions: Sequence[Expression],
    ) -> Solutions:
        """Return the solutions with no row of *found* that agrees on *shared* and makes *expressions* true.

        :raises NotNative: an expression cannot be a condition of the join.
        """
        for expression in expressions:
            needs = _needs(Native, expression, found, solutions)
            found = self._with_values(found, {v: c for v, c in needs.items() if v in found.columns})
            solutions = self._with_values(
                solutions, {v: c for v, c in needs.items() if v not in found.columns}
            )
        found = found.renamed("not_")
        same = [solutions.table[solutions.columns[v]] == found.table[found.columns[v]] for v in shared]
        tests = [Native(found, solutions).translated(expression) for expression in expressions]
        return solutions.on(solutions.table.anti_join(found.table, [*same, *tests]))

    def _with_values(self, solutions: Solutions, needs: Mapping[Variable, set[str]]) -> Solutions:
        for variable, columns in needs.items():
            solutions = solutions.with_values(self._lexicon.terms, variable, sorted(columns))
        return solutions

    def assign(self, solutions: Solutions, assignment: Assignment, column: str) -> Solutions:
        """Return the solutions with the variable bound; those for which there is an error are dropped."""
        try:
            return self._made(solutions, assignment, column)
        except NotNative:
            return self._assign_by_inputs(solutions, assignment, column)

    def _made(self, solutions: Solutions, assignment: Assignment, column: str) -> Solutions:
        """Have the database make the terms.

        :raises NotNative: it cannot, or not all of them.
        """
        valued = self._with_values(solutions, _needs(Making, assignment.expression, solutions))
        made = Making(valued).translated(assignment.expression)
        columns = {"made": made.value, "right": made.right.fill_null(False)}
        table = self._connection.stored(valued.table.select(*solutions.columns.values(), **columns))
        if table.filter(~table.right).limit(1).count().execute():
            raise NotNative
        self._guard.count_terms(self._lexicon.add_keys(table.made))
        return Solutions(
            table.drop("right").join(self._lexicon.numbers(column, "made"), "made").drop("made"),
            {**solutions.columns, assignment.variable: column},
            {**solutions.families, assignment.variable: frozenset({made.family})},
        )

    def _assign_by_inputs(self, solutions: Solutions, assignment: Assignment, column: str) -> Solutions:
        inputs = _inputs_of(assignment.expression, solutions)
        solutions = solutions.on(self._connection.stored(solutions.table))
        value = compile_expression(assignment.expression, now=self._now)
        results: list[tuple[tuple[int, ...], Term]] = []
        for row, binding in self._inputs(solutions, inputs):
            try:
                term = value(binding.__getitem__)
            except ExpressionError:
                continue
            self._guard.count_terms(weight(term))
            results.append((row, term))
        numbers = self._lexicon.add(term for _, term in results)
        table = self._mapping(
            solutions, inputs, [row for row, _ in results], {column: [numbers[term] for _, term in results]}
        )
        names = [solutions.columns[v] for v in inputs]
        joined = solutions.table.join(table, names) if names else solutions.table.cross_join(table)
        return solutions.on(
            joined,
            columns={**solutions.columns, assignment.variable: column},
            families={
                **solutions.families,
                assignment.variable: frozenset(kinds.family_of(term) for term in numbers),
            },
        )

    def _filter_by_inputs(self, solutions: Solutions, expression: Expression) -> Solutions:
        inputs = _inputs_of(expression, solutions)
        solutions = solutions.on(self._connection.stored(solutions.table))
        holds = compile_condition(expression, now=self._now)
        kept = [row for row, binding in self._inputs(solutions, inputs) if holds(binding.__getitem__)]
        table = self._mapping(solutions, inputs, kept, {})
        if inputs:
            names = [solutions.columns[v] for v in inputs]
            return solutions.on(solutions.table.join(table, names))
        return solutions.filtered(ibis.literal(bool(kept)))

    def _inputs(
        self, solutions: Solutions, variables: Sequence[Variable]
    ) -> list[tuple[tuple[int, ...], dict[Variable, Term]]]:
        """Return the distinct values of *variables*, as numbers and as terms."""
        if not variables:
            return [((), {})]
        table = solutions.projected(variables).limit(self._guard.bounds.inputs + 1).to_pyarrow()
        self._guard.count_inputs(table.num_rows)
        columns = [table.column(solutions.columns[v]).to_pylist() for v in variables]
        rows = list(zip(*columns, strict=True))
        terms = self._lexicon.terms_of({number for column in columns for number in column})
        return [(row, {v: terms[n] for v, n in zip(variables, row, strict=True)}) for row in rows]

    def _mapping(
        self,
        solutions: Solutions,
        inputs: Sequence[Variable],
        rows: Sequence[tuple[int, ...]],
        results: dict[str, list[int]],
    ) -> ir.Table:
        columns = {
            solutions.columns[variable]: pa.array([row[place] for row in rows], pa.int32())
            for place, variable in enumerate(inputs)
        }
        columns |= {name: pa.array(numbers, pa.int32()) for name, numbers in results.items()}
        return self._connection.table(pa.table(columns or {"one": pa.array([1] * len(rows), pa.int32())}))


def _inputs_of(expression: Expression, solutions: Solutions) -> list[Variable]:
    """Return the variables that the value depends on: all, where it is another one for each solution."""
    makes = is_volatile(expression)
    return sorted(set(solutions.columns if makes else variables_of(expression)), key=str)


def _needs(
    translator: type[Native | Making], expression: Expression, *sides: Solutions
) -> dict[Variable, set[str]]:
    """Return the typed columns that the translation of *expression* reads.

    :raises NotNative: there is none.
    """
    require_shallow(expression)
    rehearsal = translator(*sides, rehearsing=True)
    rehearsal.translated(expression)
    return rehearsal.needs
