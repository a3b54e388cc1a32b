"""The typed columns of variables, where an expression is translated into one of the database.

An expression is walked twice: once to find out which typed columns it needs, without a table that has them,
and once to build it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import ibis
import ibis.expr.types as ir
from pyoxigraph import Variable

from kb.inference.relational.solutions import Solutions
from kb.srl.syntax import Call, Expression

MAX_DEPTH = 64
"""Expressions that nest deeper are not translated."""


class NotNative(Exception):
    """The expression needs :mod:`kb.srl.expressions`."""


Value = TypeVar("Value", bound=ir.Value)


def folded(operator: Callable[[Value, Value], Value], parts: Sequence[Value]) -> Value:
    """Combine *parts* as a balanced tree: what writes queries goes down a tree by calling itself."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return operator(folded(operator, parts[:middle]), folded(operator, parts[middle:]))


def require_shallow(expression: Expression) -> None:
    """Leave expressions that nest deeper than :data:`MAX_DEPTH` to those who can evaluate them.

    :raises NotNative: it does.
    """
    level = [expression]
    for _ in range(MAX_DEPTH):
        level = [argument for one in level if isinstance(one, Call) for argument in one.arguments]
        if not level:
            return
    raise NotNative


class Columns:
    """Looks up the columns of variables in one table or two.

    :param sides: where variables are looked up, the first that has one counts.
    :param rehearsing: only note in :attr:`needs` the typed columns that would be used.
    """

    def __init__(self, *sides: Solutions, rehearsing: bool = False) -> None:
        self.needs: dict[Variable, set[str]] = {}
        self._sides = sides
        self._rehearsing = rehearsing

    def families(self, variable: Variable) -> frozenset[int]:
        """Return what kinds of terms the variable may be."""
        return self._side(variable).families[variable]

    def typed(self, variable: Variable, column: str) -> ir.Value:
        """Return a typed column of the variable (:func:`kb.inference.relational.families.typed`)."""
        self.needs.setdefault(variable, set()).add(column)
        if self._rehearsing:
            return _PLACEHOLDER[column]
        side = self._side(variable)
        return side.table[side.values[variable, column]]

    def number(self, variable: Variable) -> ir.Value:
        """Return the column of the variable's numbers in the lexicon."""
        side = self._side(variable)
        return side.table[side.columns[variable]]

    def _side(self, variable: Variable) -> Solutions:
        return next(side for side in self._sides if variable in side.columns)


_PLACEHOLDER: dict[str, ir.Value] = {
    "family": ibis.literal(0, "int8"),
    "key": ibis.literal(""),
    "exact": ibis.literal(0).cast("decimal(38, 18)"),
    "real": ibis.literal(0.0),
    "lexical": ibis.literal(""),
    "truth": ibis.literal(True),
    "day": ibis.literal("2000-01-01").cast("date"),
    "moment": ibis.literal(0, "int64"),
}
"""What stands for a typed column while only the need for it is noted."""
