"""The facts of one evaluation, in memory, beside the base graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

Row: TypeAlias = tuple[int, int, int]


class Overlay:
    """A growing set of triples of identifiers.

    The two indexes that rules live on, ``(s, p) → o`` and ``(o, p) → s``, are always there. The others are
    made when a pattern first asks for one and kept from then on: few rule sets ever do.

    Emptied, not replaced, between evaluations: compiled rules hold on to ``rows`` and the two indexes.
    """

    def __init__(self) -> None:
        self.rows: dict[Row, None] = {}
        self.objects: dict[tuple[int, int], list[int]] = {}
        self.subjects: dict[tuple[int, int], list[int]] = {}
        self._by_place: dict[int, dict[int, list[Row]]] = {}

    def add(self, row: Row) -> None:
        """Add *row*, which must be new."""
        self.rows[row] = None
        s, p, o = row
        key = (s, p)
        found = self.objects.get(key)
        if found is None:
            self.objects[key] = [o]
        else:
            found.append(o)
        key = (o, p)
        found = self.subjects.get(key)
        if found is None:
            self.subjects[key] = [s]
        else:
            found.append(s)
        for place, index in self._by_place.items():
            index.setdefault(row[place], []).append(row)

    def clear(self) -> None:
        """Forget everything."""
        self.rows.clear()
        self.objects.clear()
        self.subjects.clear()
        self._by_place.clear()

    def match(self, s: int | None, p: int | None, o: int | None) -> Iterable[Row]:
        """Return the rows that fit a pattern; ``None`` is a wildcard."""
        if s is not None and p is not None:
            return [(s, p, value) for value in self.objects.get((s, p), ()) if o is None or o == value]
        if p is not None and o is not None:
            return [(value, p, o) for value in self.subjects.get((o, p), ())]
        for place, wanted in enumerate((s, p, o)):
            if wanted is not None:
                rows = self._index(place).get(wanted, ())
                return [row for row in rows if o is None or row[2] == o]
        return list(self.rows)

    def _index(self, place: int) -> dict[int, list[Row]]:
        """Return the index of rows by their term at *place*: 0 subject, 1 predicate, 2 object."""
        index = self._by_place.get(place)
        if index is None:
            index = self._by_place[place] = {}
            for row in self.rows:
                index.setdefault(row[place], []).append(row)
        return index
