"""Suggestions for the place of an incident while it is typed: by code or by any part of a name."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, QuerySolutions

from kb.errors import Text
from kb.namespaces import RDFS_LABEL, xz
from kb.store.protocol import Change, Store

CODE = xz("code")
PART_OF = xz("partOf")
GRID_LENGTH = 15
"""Digits of a unit grid; shorter codes are divisions."""
LIMIT = 12
LONGEST_SCATTERED = 12
"""Characters up to which a name may be typed with gaps; longer ones cost too much to search."""
DIVISIONS = """
PREFIX xz: <https://w3id.org/xiezhi/ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT DISTINCT ?area ?code ?zh ?en ?outer WHERE {
  VALUES ?kind { xz:Province xz:City xz:District xz:Street xz:Community }
  ?area a ?kind ; xz:code ?code ; rdfs:label ?zh, ?en .
  FILTER(LANG(?zh) = "zh" && LANG(?en) = "en")
  OPTIONAL { ?area xz:partOf ?outer }
}
"""


@dataclass(frozen=True, slots=True)
class Place:
    """An area that can be reported: its code and its full name in both languages."""

    code: str
    name: Text


class Places:
    """Finds places; remembers the divisions (some ten thousand), never the unit grids."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._divisions: dict[str, Place] = {}
        store.subscribe(self._forget)

    def suggest(self, text: str, limit: int = LIMIT) -> list[Place]:
        """Return the places that *text* may mean, the likeliest first."""
        wanted = " ".join(text.split()).casefold()[:60]
        if not wanted:
            return []
        if wanted.isascii() and wanted.isdigit():
            return self._by_code(wanted, limit)
        return self._by_name(wanted, limit)

    def name(self, code: str) -> Text | None:
        """Return the full name of the place with *code*, a unit grid too."""
        code = code.strip()
        found = self._known().get(code)
        if found is None and len(code) == GRID_LENGTH:
            found = next((place for place in self._grids(code) if place.code == code), None)
        return None if found is None else found.name

    def _by_code(self, digits: str, limit: int) -> list[Place]:
        divisions = [place for code, place in self._known().items() if code.startswith(digits)]
        found = sorted(divisions, key=lambda place: (len(place.code), place.code))
        if len(found) < limit:
            found += sorted(self._grids(digits), key=lambda place: place.code)
        return found[:limit]

    def _grids(self, digits: str) -> Iterator[Place]:
        """The unit grids whose code begins with *digits*, below the community that *digits* names."""
        community = self._known().get(digits[:12])
        if community is None:
            return
        for quad in self._store.match(None, CODE, Literal(community.code)):
            for inner in self._store.match(None, PART_OF, quad.subject):
                if isinstance(inner.subject, NamedNode):
                    place = self._grid(inner.subject, community)
                    if place.code.startswith(digits):
                        yield place

    def _grid(self, grid: NamedNode, community: Place) -> Place:
        codes, labels = self._store.match(grid, CODE, None), self._store.match(grid, RDFS_LABEL, None)
        code = next(q.object.value for q in codes if isinstance(q.object, Literal))
        names = {q.object.language: q.object.value for q in labels if isinstance(q.object, Literal)}
        return Place(code, Text(names.get("zh", code), f"{names.get('en', code)}, {community.name.en}"))

    def _by_name(self, wanted: str, limit: int) -> list[Place]:
        words, places = wanted.split(), self._known().values()
        found = [p for p in places if all(w in p.name.zh or w in p.name.en.casefold() for w in words)]
        if not found and len(wanted) <= LONGEST_SCATTERED:
            # "历下解放桥" leaves out what stands between: 历下[区…]解放桥.
            scattered = re.compile(".*?".join(map(re.escape, wanted.replace(" ", ""))))
            found = [p for p in places if scattered.search(p.name.zh)]

        def order(place: Place) -> tuple[int, int, str]:
            """Names that end with what was typed first: 历下区 before its streets."""
            return (len(place.code), len(place.name.zh), place.code)

        return sorted(found, key=order)[:limit]

    def _known(self) -> dict[str, Place]:
        with self._lock:
            if not self._divisions:
                self._divisions = self._read()
            return self._divisions

    def _read(self) -> dict[str, Place]:
        result = self._store.query(DIVISIONS)
        assert isinstance(result, QuerySolutions)
        rows = {row["area"].value: row for row in result}

        def chain(area: str) -> list[str]:
            outer = rows[area]["outer"]
            return [area, *(chain(outer.value) if outer is not None and outer.value in rows else [])]

        divisions = {}
        for area, row in rows.items():
            around = chain(area)
            # The nation is no row; the province goes without saying once there is a city.
            inner = around[:-1] or around
            divisions[row["code"].value] = Place(
                row["code"].value,
                Text(
                    "".join(rows[a]["zh"].value for a in reversed(inner)),
                    ", ".join(rows[a]["en"].value for a in inner),
                ),
            )
        return divisions

    def _forget(self, change: Change) -> None:
        if any(quad.predicate == CODE for quad in (*change.additions, *change.removals)):
            self._divisions = {}
