"""The facts of one evaluation, in memory, beside the base graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeAlias

Row: TypeAlias = tuple[int, int, int]
Index: TypeAlias = dict[int, list[int]]


class Rows:
    """A growing set of triples of identifiers, found by any one of their terms.

    Emptied, not replaced, between evaluations: compiled rules hold on to what they look into. A row may be
    put into :attr:`rows` at once, with the reason for it; patterns find it after :meth:`index`.
    """

    def __init__(self) -> None:
        self.rows: dict[Row, object] = {}
        self._by_place: dict[int, dict[int, list[Row]]] = {}

    def extend(self, rows: Iterable[Row]) -> None:
        """Add *rows*, which must be new."""
        rows = list(rows)
        self.rows.update(dict.fromkeys(rows))
        self.index(rows)

    def index(self, rows: Iterable[Row]) -> None:
        """Let patterns find *rows*, which are in :attr:`rows` since they were last told."""
        for place, index in self._by_place.items():
            for row in rows:
                index.setdefault(row[place], []).append(row)

    def clear(self) -> None:
        """Forget everything."""
        self.rows.clear()
        self._by_place.clear()

    def match(self, s: int | None, p: int | None, o: int | None) -> list[Row]:
        """Return the rows that fit a pattern; ``None`` is a wildcard."""
        for place, wanted in ((0, s), (2, o), (1, p)):
            if wanted is not None:
                rows = self._index_of(place).get(wanted, ())
                return [row for row in rows if (p is None or row[1] == p) and (o is None or row[2] == o)]
        return list(self.rows)

    def _index_of(self, place: int) -> dict[int, list[Row]]:
        """Return the index of rows by their term at *place*: 0 subject, 1 predicate, 2 object."""
        index = self._by_place.get(place)
        if index is None:  # made when a pattern first asks for it: few rule sets ever do
            index = self._by_place[place] = {}
            for row in self.rows:
                index.setdefault(row[place], []).append(row)
        return index


class Overlay(Rows):
    """Rows with the two indexes that rules live on: for each predicate, subject → objects, object → subjects.

    The second is kept only for predicates that some rule walks backwards along.
    """

    def __init__(self) -> None:
        super().__init__()
        self.objects: defaultdict[int, Index] = defaultdict(dict)
        self.subjects: defaultdict[int, Index] = defaultdict(dict)
        self._every_subject = False

    def keep_subjects(self, predicate: int | None) -> None:
        """Keep :attr:`subjects` for *predicate*, or for all; said before there are rows."""
        if predicate is None:
            self._every_subject = True
        else:
            self.subjects[predicate].clear()

    def index(self, rows: Iterable[Row]) -> None:
        """Let patterns find *rows*, which are in :attr:`rows` since they were last told."""
        if self._by_place:
            super().index(rows)
        objects, subjects, every = self.objects, self.subjects, self._every_subject
        for s, p, o in rows:
            index = objects[p]
            if s in index:
                index[s].append(o)
            else:
                index[s] = [o]
            if every or p in subjects:
                subjects[p].setdefault(o, []).append(s)

    def clear(self) -> None:
        """Forget everything but which indexes are kept."""
        super().clear()
        for indexes in (self.objects, self.subjects):
            for index in indexes.values():
                if index:
                    index.clear()
