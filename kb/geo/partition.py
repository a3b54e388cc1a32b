"""Whether cells are a partition: gaps between them, and places that belong to two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyoxigraph import NamedNode
from shapely.geometry.base import BaseGeometry

from kb.geo.geometry import square_kilometres
from kb.geo.index import GridIndex

SLIVER = 1e-6
"""Square kilometres (one square metre) up to which a finding is rounding, not a gap or an overlap."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A place in no cell: its shape and size in square kilometres, and the cells around it."""

    shape: BaseGeometry
    area: float
    beside: tuple[NamedNode, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """A place in two cells at once: its shape and size in square kilometres."""

    one: NamedNode
    other: NamedNode
    shape: BaseGeometry
    area: float


@dataclass(frozen=True, slots=True)
class Report:
    """What is wrong with a partition, the largest first."""

    cells: int
    area: float
    """Of all cells together, in square kilometres."""
    gaps: list[Gap]
    overlaps: list[Overlap]

    @property
    def whole(self) -> bool:
        """Whether each point lies in exactly one cell."""
        return not self.gaps and not self.overlaps


def report(index: GridIndex, within: BaseGeometry | None = None, sliver: float = SLIVER) -> Report:
    """Return gaps and overlaps of the cells of *index*.

    :param within: what the cells should fill; ``None``: gaps are only the holes that they enclose.
    :param sliver: findings up to so many square kilometres are left out.
    """
    missing = _holes(index.outline) if within is None else within.difference(index.outline)
    gaps = [
        Gap(shape, area, tuple(_beside(index, shape)))
        for shape in _polygons(missing)
        if (area := square_kilometres(shape)) > sliver
    ]
    overlaps = list(_overlaps(index, sliver))
    return Report(
        len(index),
        square_kilometres(index.outline),
        sorted(gaps, key=lambda gap: -gap.area),
        sorted(overlaps, key=lambda overlap: -overlap.area),
    )


def _overlaps(index: GridIndex, sliver: float) -> list[Overlap]:
    tree = shapely.STRtree(index.shapes)
    one, other = tree.query(index.shapes)  # whose bounding boxes meet
    pairs = one < other
    one, other = one[pairs], other[pairs]
    common: NDArray[Any] = shapely.intersection(index.shapes[one], index.shapes[other])
    found = []
    for number in np.flatnonzero(shapely.area(common) > 0):
        area = square_kilometres(common[number])
        if area > sliver:
            cells = index.cells[one[number]], index.cells[other[number]]
            found.append(Overlap(*cells, common[number], area))
    return found


def _holes(outline: BaseGeometry) -> BaseGeometry:
    holes = [shapely.Polygon(ring) for part in _polygons(outline) for ring in part.interiors]
    return shapely.union_all(holes).difference(outline)  # a hole may hold an island


def _polygons(shape: BaseGeometry) -> list[shapely.Polygon]:
    return [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)]


def _beside(index: GridIndex, shape: BaseGeometry) -> list[NamedNode]:
    around = shape.buffer(1e-7)  # a centimetre, so that rounding parts no neighbours
    return [index.cells[number] for number in index.touching(around)]
