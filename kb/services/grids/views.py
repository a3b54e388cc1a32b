"""What the grids of a city say, in JSON; only from graphs that the reader may see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyoxigraph import NamedNode
from shapely import Point

from kb.city.terms import PART_OF
from kb.errors import NotFound, both
from kb.geo import geometry, partition
from kb.geo.city import GOVERNANCE_GRID, UNIT_GRID, grid_index
from kb.geo.index import GridIndex, Sites
from kb.namespaces import graph, xz
from kb.network.bodies import loaded
from kb.services.audience import Visible, everything
from kb.services.grids import requests
from kb.services.workspace import Workspace

FEW = 1_000
"""So many grids that a shape covers, gaps or overlaps are told one by one; the number is of all."""
NEAREST = 3
"""So many grids are named where a point falls in none."""


class GridViews:
    """Tells of the grids of the cities in *workspace*."""

    def __init__(self, workspace: Workspace) -> None:
        self._store = workspace.store
        self._describer = workspace.describer

    def cities(self, visible: Visible = everything) -> list[str]:
        """Return the codes of the cities that the reader sees."""
        return [code for code in loaded(self._store) if visible(graph(f"city/{code}"))]

    def city(self, asked: str, visible: Visible = everything) -> str:
        """Return *asked*, or the first city that the reader sees where nothing is asked.

        :raises NotFound: ``grid.city``.
        """
        seen = self.cities(visible)
        if asked and asked not in seen:
            raise NotFound.of("grid.city", f"没有载入城市 {asked[:20]}", f"no city {asked[:20]} is loaded")
        if not seen:
            raise NotFound.of("grid.city", "没有载入任何城市", "no city is loaded")
        return asked or seen[0]

    def index(self, city: str, kind: str = "", visible: Visible = everything) -> GridIndex:
        """Return the cells of the partition *kind* (:data:`kb.services.grids.requests.KINDS`) of *city*.

        :raises NotFound: ``grid.city``; ``geo.no-shapes``. InputError: ``grid.kind``.
        """
        return grid_index(self._store, self.city(city, visible), requests.kind(kind))

    def locate(
        self, city: str, longitude: float, latitude: float, visible: Visible = everything
    ) -> dict[str, Any]:
        """Return the unit grid and the governance grid in which a point falls, and the areas around them.

        Where it falls in none, the nearest unit grids are named, with kilometres to their middles. Without
        *city*, every city that the reader sees is tried.

        :raises GeometryRefused: ``geometry.range``. NotFound: ``grid.city``.
        """
        point = geometry.point(longitude, latitude)
        first = self.city(city, visible)
        found = {code: self._at(code, point) for code in ([city] if city else self.cities(visible))}
        code = next((code for code, (unit, _) in found.items() if unit is not None), first)
        unit, governance = found[code]
        return {
            "city": code,
            "longitude": longitude,
            "latitude": latitude,
            "unitGrid": None if unit is None else self._area(unit),
            "governanceGrid": None if governance is None else self._area(governance),
            "within": [] if unit is None else [self._area(area) for area in self._around(unit)],
            "nearest": self._nearest(code, longitude, latitude) if unit is None else [],
        }

    def covered(
        self, city: str, asked: dict[str, str], kind: str = "", visible: Visible = everything
    ) -> dict[str, Any]:
        """Return the areas that a shape covers, with the share of each, and the shape as it was understood.

        :param asked: the shape, as :func:`kb.services.grids.requests.shape` takes it.
        :raises InputError: what is asked for is no shape. NotFound: ``grid.city``.
        """
        shape = requests.shape(asked)
        code = self.city(city, visible)
        found = self.index(code, kind, visible).covered(shape)
        return {
            "city": code,
            "kind": kind or "unit",
            "shape": geometry.to_geojson(shape),
            "squareKilometres": round(geometry.square_kilometres(shape), 6),
            "number": len(found),
            "areas": [{**self._area(one.cell), "share": round(one.share, 6)} for one in found[:FEW]],
        }

    def partition(self, city: str, kind: str = "", visible: Visible = everything) -> dict[str, Any]:
        """Return whether the areas of one kind divide the city: gaps and overlaps, the largest first.

        :raises NotFound: ``grid.city``, ``geo.no-shapes``. InputError: ``grid.kind``.
        """
        code = self.city(city, visible)
        whole = grid_index(self._store, code, xz("City")).outline
        found = partition.report(self.index(code, kind, visible), whole)
        return {
            "city": code,
            "kind": kind or "unit",
            "whole": found.whole,
            "areas": found.cells,
            "squareKilometres": round(found.area, 3),
            "gaps": [
                {
                    "squareKilometres": round(gap.area, 6),
                    "shape": geometry.to_geojson(gap.shape),
                    "beside": [self._area(area) for area in gap.beside[:NEAREST]],
                }
                for gap in found.gaps[:FEW]
            ],
            "overlaps": [
                {
                    "squareKilometres": round(overlap.area, 6),
                    "shape": geometry.to_geojson(overlap.shape),
                    "areas": [self._area(overlap.one), self._area(overlap.other)],
                }
                for overlap in found.overlaps[:FEW]
            ],
        }

    def _at(self, city: str, point: Point) -> tuple[NamedNode | None, NamedNode | None]:
        """Return the unit grid and the governance grid of *city* at *point*."""
        unit, governance = (grid_index(self._store, city, kind) for kind in (UNIT_GRID, GOVERNANCE_GRID))
        return unit.at(point.x, point.y), governance.at(point.x, point.y)

    def _nearest(self, city: str, longitude: float, latitude: float) -> list[dict[str, Any]]:
        index = grid_index(self._store, city, UNIT_GRID)
        sites = Sites(index.cells, index.centres[:, 0], index.centres[:, 1])
        return [
            {**self._area(cell), "kilometres": round(far, 3)}
            for cell, far in sites.nearest(longitude, latitude, NEAREST)
        ]

    def _around(self, area: NamedNode) -> Iterable[NamedNode]:
        """Yield what holds *area*, the smallest first."""
        seen = {area}
        while True:
            outer = next((q.object for q in self._store.match(area, PART_OF, None)), None)
            if (
                not isinstance(outer, NamedNode)
                or outer in seen
                or not any(self._store.match(outer, None, None))
            ):
                return
            seen.add(area := outer)
            yield area

    def _area(self, area: NamedNode) -> dict[str, Any]:
        """Return *area* as JSON: IRI, label and code."""
        return {
            "iri": area.value,
            "code": area.value.rpartition("/")[2],
            "label": both(self._describer.text(area)),
        }
