"""The solutions of a rule body so far: a table with a column of numbers for each variable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import ibis
import ibis.expr.types as ir
from pyoxigraph import Variable

from kb.inference.relational.families import EXOTIC

ANYTHING = frozenset(range(2 * EXOTIC))
"""The families of a term of which nothing is known."""


@dataclass(frozen=True)
class Solutions:
    """A table and what its columns are.

    *columns* are those of the variables' numbers, *families* say what terms those can be
    (:mod:`kb.inference.relational.families`), *values* are the typed columns already joined.
    """

    table: ir.Table
    columns: Mapping[Variable, str] = field(default_factory=dict)
    families: Mapping[Variable, frozenset[int]] = field(default_factory=dict)
    values: Mapping[tuple[Variable, str], str] = field(default_factory=dict)
    nothing_yet: bool = False
    """Whether this is the one solution of an empty body, which joins with anything."""

    def joined(
        self,
        rows: ir.Table,
        columns: Mapping[Variable, str],
        families: Mapping[Variable, frozenset[int]],
    ) -> Solutions:
        """Return the solutions that *rows* go on from; shared columns must be equal."""
        shared = [name for variable, name in columns.items() if variable in self.columns]
        if self.nothing_yet:
            table = rows
        else:
            table = self.table.join(rows, shared) if shared else self.table.cross_join(rows)
        return self.on(
            table,
            columns={**self.columns, **columns},
            families={**self.families, **{v: f & self.families.get(v, f) for v, f in families.items()}},
        )

    def without(self, others: Solutions, variables: Sequence[Variable]) -> Solutions:
        """Return the solutions that agree with none of *others* on *variables*."""
        rows = others._columns_of(variables)  # repetitions do an anti-join no harm
        shared = [self.columns[variable] for variable in variables]
        if shared:
            return self.on(self.table.anti_join(rows, shared))
        # A NOT about nothing outside holds for all solutions or for none.
        empty = rows.aggregate(n=rows.count()).filter(lambda t: t.n == 0)
        return self.on(self.table.cross_join(empty).drop("n"))

    def filtered(self, condition: ir.BooleanValue) -> Solutions:
        """Return the solutions for which *condition* is true."""
        return self.on(self.table.filter(condition))

    def with_values(self, terms: ir.Table, variable: Variable, columns: Iterable[str]) -> Solutions:
        """Join typed *columns* of a variable."""
        missing = [column for column in columns if (variable, column) not in self.values]
        if not missing:
            return self
        name = self.columns[variable]
        wanted = {column: f"{name}_{column}" for column in missing}
        rows = terms.filter(terms.family.isin(sorted(self.families[variable])))
        rows = rows.select(**{name: rows.id}, **{new: rows[column] for column, new in wanted.items()})
        return self.on(
            self.table.join(rows, name),
            values={**self.values, **{(variable, column): new for column, new in wanted.items()}},
        )

    def on(self, table: ir.Table, **changes: Any) -> Solutions:
        """Return solutions on another table, with other *changes*."""
        return replace(self, table=table, nothing_yet=False, **changes)

    def renamed(self, prefix: str) -> Solutions:
        """Return the same solutions with *prefix* before every column's name."""
        names = {f"{prefix}{name}": name for name in self.table.columns}
        columns = {variable: prefix + name for variable, name in self.columns.items()}
        values = {key: prefix + name for key, name in self.values.items()}
        return replace(self, table=self.table.rename(names), columns=columns, values=values)

    def only(self, variables: Sequence[Variable]) -> Solutions:
        """Return the distinct solutions of *variables* alone."""
        columns = {v: self.columns[v] for v in variables}
        return Solutions(self.projected(variables), columns, {v: self.families[v] for v in variables})

    def projected(self, variables: Iterable[Variable]) -> ir.Table:
        """Return the distinct values of *variables*."""
        return self._columns_of(variables).distinct()

    def _columns_of(self, variables: Iterable[Variable]) -> ir.Table:
        names = [self.columns[variable] for variable in variables]
        return self.table.select(*names) if names else self.table.select(one=ibis.literal(1))
