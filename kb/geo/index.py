"""The cells of a partition: in which a point falls, which a shape covers; and the nearest of some things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyoxigraph import NamedNode
from shapely.geometry.base import BaseGeometry

from kb.geo.distance import EARTH

NOWHERE = -1
"""The number of no cell."""


@dataclass(frozen=True, slots=True)
class Covered:
    """A cell that a shape touches, and which *share* (0 to 1) of the cell's area it covers."""

    cell: NamedNode
    share: float


class GridIndex:
    """The *cells* of a partition with their *shapes*, in the order of the cells' IRIs.

    A cell has a number: its place in :attr:`cells`. Reading is thread-safe.

    :param cells: IRIs, each once.
    :param shapes: a polygon or multipolygon for each, in degrees, longitude first.
    """

    def __init__(self, cells: Sequence[NamedNode], shapes: Sequence[BaseGeometry]) -> None:
        order = sorted(range(len(cells)), key=lambda number: cells[number].value)
        self.cells = [cells[number] for number in order]
        self.shapes: NDArray[Any] = np.array([shapes[number] for number in order], dtype=object)
        shapely.prepare(self.shapes)
        self._numbers = {cell: number for number, cell in enumerate(self.cells)}
        self._tree = shapely.STRtree(self.shapes)

    def __len__(self) -> int:
        """How many cells there are."""
        return len(self.cells)

    def shape(self, cell: NamedNode) -> BaseGeometry:
        """Return the shape of *cell*; ``KeyError`` where it is none of this partition."""
        shape: BaseGeometry = self.shapes[self._numbers[cell]]
        return shape

    def at(self, longitude: float, latitude: float) -> NamedNode | None:
        """Return the cell in which a point falls, or ``None`` outside of all.

        On a common boundary, and where cells overlap, it is the first of them by IRI: exactly one, always.
        """
        (number,) = self.numbers(np.array([longitude]), np.array([latitude]))
        return None if number == NOWHERE else self.cells[number]

    def numbers(self, longitudes: NDArray[Any], latitudes: NDArray[Any]) -> NDArray[np.int32]:
        """Return for each of many points the number of the cell in which it falls, or :data:`NOWHERE`."""
        found = np.full(len(longitudes), len(self.cells), dtype=np.int32)
        points, cells = self._tree.query(shapely.points(longitudes, latitudes), predicate="intersects")
        np.minimum.at(found, points, cells.astype(np.int32))
        found[found == len(self.cells)] = NOWHERE
        return found

    def covered(self, shape: BaseGeometry) -> list[Covered]:
        """Return the cells that *shape* touches, those of which most is covered first.

        A polygon must cover something of a cell: to touch its edge is not enough. A point falls in exactly
        one cell (:meth:`at`); of what a line passes through, the share is 0.
        """
        if isinstance(shape, shapely.Point):
            cell = self.at(shape.x, shape.y)
            return [] if cell is None else [Covered(cell, 0.0)]
        shapely.prepare(shape)
        found = self.touching(shape)
        cells = self.shapes[found]
        # Degrees of longitude are shorter than those of latitude by the same factor above and below the line.
        areas = shapely.area(shapely.intersection(cells, shape))
        shares = np.minimum(areas / shapely.area(cells), 1.0)
        flat = shapely.get_dimensions(shape) < 2
        touched = [
            Covered(self.cells[number], float(share))
            for number, share in zip(found, shares, strict=True)
            if flat or share > 0
        ]
        return sorted(touched, key=lambda one: (-one.share, one.cell.value))

    def touching(self, shape: BaseGeometry) -> NDArray[Any]:
        """Return the numbers of the cells that have a point in common with *shape*, in order."""
        return np.sort(self._tree.query(shape, predicate="intersects"))

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north of all cells together, in degrees."""
        west, south, east, north = map(float, shapely.total_bounds(self.shapes))
        return west, south, east, north

    @cached_property
    def outline(self) -> BaseGeometry:
        """The shape of all cells together."""
        outline: BaseGeometry = shapely.union_all(self.shapes)
        return outline

    @cached_property
    def centres(self) -> NDArray[np.float64]:
        """Longitude and latitude of each cell's middle, in the order of :attr:`cells`."""
        centres: NDArray[np.float64] = shapely.get_coordinates(shapely.centroid(self.shapes))
        return centres


class Sites:
    """Things at points, to ask for the nearest of them.

    :param things: their IRIs.
    :param longitudes: in degrees, one for each thing; *latitudes* likewise.
    """

    def __init__(
        self,
        things: Sequence[NamedNode],
        longitudes: Sequence[float] | NDArray[Any],
        latitudes: Sequence[float] | NDArray[Any],
    ) -> None:
        self._things = list(things)
        self._longitudes, self._latitudes = np.radians(longitudes), np.radians(latitudes)

    def nearest(self, longitude: float, latitude: float, number: int) -> list[tuple[NamedNode, float]]:
        """Return the *number* things nearest to a point, nearest first, each with its kilometres.

        Along a great circle (haversine); of two that are equally far, the first by IRI.
        """
        here, there = np.radians(longitude), np.radians(latitude)
        half = (
            np.sin((self._latitudes - there) / 2) ** 2
            + np.cos(there) * np.cos(self._latitudes) * np.sin((self._longitudes - here) / 2) ** 2
        )
        far = 2 * EARTH * np.arcsin(np.minimum(1, np.sqrt(half)))
        last = np.partition(far, number - 1)[number - 1] if number < len(far) else np.inf
        chosen = np.flatnonzero(far <= last)
        ordered = sorted((float(far[one]), self._things[one].value, int(one)) for one in chosen)
        return [(self._things[one], kilometres) for kilometres, _, one in ordered[:number]]
