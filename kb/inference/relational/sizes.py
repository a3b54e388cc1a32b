"""How big relations are: what the order of joins is chosen by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import ibis.expr.types as ir


@dataclass(frozen=True, slots=True)
class Statistics:
    """How many rows there are, and how many different terms at each place (``s``, ``p``, ``o``)."""

    rows: float
    distinct: tuple[float, float, float]


class Sizes:
    """The sizes of the base graph's predicates, counted once, and of derived tables, counted when asked for.

    Different terms are estimated (HyperLogLog in DuckDB and Spark): the order of joins needs no more.
    """

    def __init__(self, base: ir.Table) -> None:
        rows = base.group_by("p").agg(**_counted(base)).to_pyarrow().to_pylist()
        self.asserted = {row["p"]: Statistics(row["n"], (row["s"], 1, row["o"])) for row in rows}
        self._derived: dict[int, tuple[ir.Table, Statistics]] = {}

    def of(self, predicate: int | None, derived: Mapping[int, ir.Table]) -> Statistics:
        """Return the size of a predicate (``None``: of all) in the base graph and in *derived* together."""
        if predicate is None:
            parts = [*self.asserted.values(), *(self._size(p, table) for p, table in derived.items())]
            subjects = max((part.distinct[0] for part in parts), default=0)
            return Statistics(_total(parts), (subjects, len(parts), sum(part.distinct[2] for part in parts)))
        parts = [self.asserted[predicate]] if predicate in self.asserted else []
        parts += [self._size(predicate, derived[predicate])] if predicate in derived else []
        subjects, objects = (sum(part.distinct[place] for part in parts) for place in (0, 2))
        return Statistics(_total(parts), (subjects, 1, objects))

    def _size(self, predicate: int, table: ir.Table) -> Statistics:
        known = self._derived.get(predicate)
        if known is None or known[0] is not table:
            row = table.aggregate(**_counted(table)).to_pyarrow().to_pylist()[0]
            known = self._derived[predicate] = (table, Statistics(row["n"], (row["s"], 1, row["o"])))
        return known[1]


def _total(parts: Iterable[Statistics]) -> float:
    return sum(part.rows for part in parts)


def _counted(table: ir.Table) -> dict[str, ir.Value]:
    return {"n": table.count(), "s": table.s.approx_nunique(), "o": table.o.approx_nunique()}
