"""The facts of a run, by predicate: the base graph, and what rules derived.

Derived rows of a predicate gather as expressions and become one table, without duplicates and without what
the base graph holds, when a rule first reads them: the components of a layer come in the order of their
dependencies, so by then all of them are there. A rule with a variable for a predicate in its head adds rows
of any predicate; these are kept as triples beside the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from kb.inference.relational.connection import Connection
from kb.inference.relational.guard import Guard
from kb.inference.relational.lexicon import ID
from kb.inference.relational.sizes import Sizes, Statistics
from kb.srl.syntax import Rule

PAIR = ("s", "o")
TRIPLE = ("s", "p", "o")
MANY = 200
"""A query that reads more tables than these needs all of them in memory at once."""


@dataclass(frozen=True)
class Conclusion:
    """Derived rows: ``s``, ``o`` of *predicate*; ``s``, ``p``, ``o`` where that is ``None``.

    *families* are those of the objects, or more; *rule* drew the conclusion, unless it stood in a DATA block.
    """

    predicate: int | None
    rows: ir.Table
    families: frozenset[int]
    rule: Rule | None = None


@dataclass
class Delta:
    """The newest rows of one round: by predicate, and of any predicate."""

    pairs: dict[int, ir.Table] = field(default_factory=dict)
    triples: ir.Table | None = None

    def __bool__(self) -> bool:
        """Whether anything is new."""
        return bool(self.pairs) or self.triples is not None

    def of(self, predicate: int) -> ir.Table | None:
        """Return the newest rows (``s``, ``o``) of *predicate*."""
        parts = [self.pairs[predicate]] if predicate in self.pairs else []
        return _union([*parts, *([] if self.triples is None else [_of(self.triples, predicate)])])

    def all(self) -> ir.Table | None:
        """Return the newest rows (``s``, ``p``, ``o``)."""
        parts = [_triples(predicate, pairs) for predicate, pairs in self.pairs.items()]
        return _union([*parts, *([] if self.triples is None else [self.triples])])


class Relations:
    """Base and derived rows.

    :param base: the tables of the base graph as numbers (columns ``s``, ``p``, ``o``).
    :param terms: the lexicon's terms with their families.
    :param guard: is told what is added.
    """

    def __init__(
        self, connection: Connection, base: Sequence[ir.Table], terms: ir.Table, guard: Guard
    ) -> None:
        self._store = connection.stored
        self._guard = guard
        self.base = self._store(base[0].distinct() if len(base) == 1 else ibis.union(*base, distinct=True))
        self._sizes = Sizes(self.base)
        self._asserted: dict[int, ir.Table] = {}
        self._derived: dict[int, ir.Table] = {}
        self._pending: dict[int, list[Conclusion]] = {}
        self._any: ir.Table | None = None
        self._any_pending: list[Conclusion] = []
        self._families: dict[int, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
        kinds = terms.select(o=terms.id, family=terms.family)
        found = self.base.select("p", "o").distinct().join(kinds, "o").select("p", "family").distinct()
        for row in found.to_pyarrow().to_pylist():
            self._families[row["p"]][0].add(row["family"])
        self._any_families: frozenset[int] = frozenset()

    # ── reading ──────────────────────────────────────────────────────────────────────────────

    def pairs(self, predicate: int, *, derived: bool = True) -> ir.Table | None:
        """Return the rows (``s``, ``o``) of *predicate*, or ``None`` where there are none."""
        asserted = self._asserted_pairs(predicate)
        parts = [] if asserted is None else [asserted]
        if derived:
            self.settle(predicate)
            parts += [self._derived[predicate]] if predicate in self._derived else []
            parts += [] if self._any is None else [_of(self._any, predicate)]
        return _union(parts)

    def triples(self, *, derived: bool = True) -> ir.Table:
        """Return all rows (``s``, ``p``, ``o``)."""
        result = self._together([self.base, *(self._derived_triples() if derived else ())])
        assert result is not None
        return result

    def derived(self) -> ir.Table | None:
        """Return the derived rows (``s``, ``p``, ``o``)."""
        return self._together(list(self._derived_triples()))

    def counts(self) -> dict[int, int]:
        """Return how many rows were derived of each predicate."""
        self.settle_all()
        found = {predicate: int(table.count().execute()) for predicate, table in self._derived.items()}
        if self._any is not None:
            for row in self._any.group_by("p").agg(n=self._any.count()).to_pyarrow().to_pylist():
                found[row["p"]] = found.get(row["p"], 0) + row["n"]
        return found

    def families(self, predicate: int | None, *, derived: bool = True) -> frozenset[int]:
        """Return the families of the objects of *predicate* (``None``: of all), or more than those."""
        chosen = self._families.values() if predicate is None else [self._families[predicate]]
        found = {family for asserted, _ in chosen for family in asserted}
        if derived:
            found |= {family for _, concluded in chosen for family in concluded} | self._any_families
        return frozenset(found)

    def statistics(self, predicate: int | None, *, derived: bool = True) -> Statistics:
        """Return the sizes of what :meth:`pairs` (``None``: :meth:`triples`) gives."""
        if not derived:
            return self._sizes.of(predicate, {})
        if predicate is not None:
            self.settle(predicate)
        return self._sizes.of(predicate, self._derived)

    # ── adding ───────────────────────────────────────────────────────────────────────────────

    def add(self, conclusion: Conclusion) -> None:
        """Add what was concluded; repetitions do no harm."""
        self._note(conclusion)
        if conclusion.predicate is None:
            self._any_pending.append(conclusion)
        else:
            self._pending.setdefault(conclusion.predicate, []).append(conclusion)

    def newest(self, found: Iterable[Conclusion]) -> Delta:
        """Add what was concluded, and return which rows are new."""
        delta = Delta()
        pairs: dict[int, list[Conclusion]] = {}
        triples: list[Conclusion] = []
        for conclusion in found:
            self._note(conclusion)
            if conclusion.predicate is None:
                triples.append(conclusion)
            else:
                pairs.setdefault(conclusion.predicate, []).append(conclusion)
        for predicate, concluded in pairs.items():
            new, count = self._new_pairs(predicate, concluded)
            if count:
                delta.pairs[predicate] = new
                self._extend(predicate, new)
        if triples:
            new, count = self._new_triples(triples)
            if count:
                delta.triples = new
                self._extend_any(new)
        return delta

    def settle(self, predicate: int) -> None:
        """Make one table of what was added of *predicate*."""
        self._settle_any()
        pending = self._pending.pop(predicate, None)
        if pending:
            self._extend(predicate, self._new_pairs(predicate, pending)[0])

    def settle_all(self) -> None:
        """Make tables of everything that was added."""
        for predicate in list(self._pending):
            self.settle(predicate)
        self._settle_any()

    def _settle_any(self) -> None:
        pending, self._any_pending = self._any_pending, []
        if pending:
            self._extend_any(self._new_triples(pending)[0])

    def _note(self, conclusion: Conclusion) -> None:
        if conclusion.predicate is None:
            self._any_families |= conclusion.families
        else:
            self._families[conclusion.predicate][1].update(conclusion.families)

    def _extend(self, predicate: int, new: ir.Table) -> None:
        """Add stored rows, none of which is there yet."""
        known = self._derived.get(predicate)
        self._derived[predicate] = new if known is None else self._store(known.union(new))

    def _extend_any(self, new: ir.Table) -> None:
        self._any = new if self._any is None else self._store(self._any.union(new))

    def _new_pairs(self, predicate: int, concluded: Sequence[Conclusion]) -> tuple[ir.Table, int]:
        """Return the rows that are neither asserted nor derived yet, and how many they are."""
        self.settle(predicate)
        new = _union(c.rows for c in concluded).distinct()  # type: ignore[union-attr]
        known = (self._asserted_pairs(predicate), self._derived.get(predicate))
        for old in (*known, None if self._any is None else _of(self._any, predicate)):
            new = new if old is None else new.anti_join(old, PAIR)
        return self._counted(new, concluded)

    def _new_triples(self, concluded: Sequence[Conclusion]) -> tuple[ir.Table, int]:
        known = self.triples()
        rows = _union(c.rows for c in concluded)
        return self._counted(rows.distinct().anti_join(known, TRIPLE), concluded)  # type: ignore[union-attr]

    def _counted(self, new: ir.Table, concluded: Sequence[Conclusion]) -> tuple[ir.Table, int]:
        """Compute *new* now, within the bounds for it."""
        with self._guard.at_work(*dict.fromkeys(c.rule for c in concluded)):
            stored = self._store(self._guard.at_most(new))
            count = int(stored.count().execute())
            self._guard.count_facts(count)
        return stored, count

    def _asserted_pairs(self, predicate: int) -> ir.Table | None:
        if predicate not in self._sizes.asserted:
            return None
        if predicate not in self._asserted:
            self._asserted[predicate] = self._store(_of(self.base, predicate))
        return self._asserted[predicate]

    def _together(self, tables: list[ir.Table]) -> ir.Table | None:
        """Return the union of many tables, of which no query reads more than a few at once."""
        while len(tables) > MANY:
            chunks = [tables[start : start + MANY] for start in range(0, len(tables), MANY)]
            tables = [chunk[0] if len(chunk) == 1 else self._store(ibis.union(*chunk)) for chunk in chunks]
        return _union(tables)

    def _derived_triples(self) -> Iterator[ir.Table]:
        self.settle_all()
        for predicate, pairs in self._derived.items():
            yield _triples(predicate, pairs)
        if self._any is not None:
            yield self._any


def _of(triples: ir.Table, predicate: int) -> ir.Table:
    return triples.filter(triples.p == predicate).select(*PAIR)


def _triples(predicate: int, pairs: ir.Table) -> ir.Table:
    return pairs.mutate(p=ibis.literal(predicate, ID)).select(*TRIPLE)


def _union(parts: Iterable[ir.Table]) -> ir.Table | None:
    tables = list(parts)
    if not tables:
        return None
    return tables[0] if len(tables) == 1 else ibis.union(*tables)
