"""Synthetic shapes for a city's areas: one rectangle, divided again and again.

No table of real boundaries may be shipped with the product, and unit grids are invented here anyway. So that
points fall into grids and warnings cover them, a city that states an extent gets a *treemap* of it: districts
by the number of their communities, in these the streets, the communities, and the grids of both partitions.
Neighbours in the tables become neighbours on the ground. Every level fills the one above it without gap or
overlap: sides are whole millionths of a degree, and whatever shares a side shares its number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import Self

from pyoxigraph import Literal, NamedNode, Quad

from kb.city import terms
from kb.geo.terms import AS_WKT, HAS_GEOMETRY, WKT_LITERAL

MILLION = 1_000_000
"""Sides are counted in millionths of a degree: a tenth of a metre."""


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle along the lines of longitude and latitude, in millionths of a degree."""

    west: int
    south: int
    east: int
    north: int

    @classmethod
    def of(cls, west: float, south: float, east: float, north: float) -> Self:
        """Return the rectangle between these degrees."""
        return cls(*(round(side * MILLION) for side in (west, south, east, north)))

    @property
    def wkt(self) -> str:
        """The rectangle as well-known text in degrees."""
        west, south, east, north = (side / MILLION for side in (self.west, self.south, self.east, self.north))
        return f"POLYGON (({west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}))"


def divide(whole: Rectangle, weights: Sequence[int]) -> list[Rectangle]:
    """Return parts of *whole*, one for each of *weights* and as large in proportion, in their order.

    The list is halved by weight and so is the rectangle, across its longer side; then each half.
    """
    if len(weights) < 2:
        return [whole] * len(weights)
    total, first, middle = sum(weights), 0, 0
    while middle < len(weights) - 1 and (middle == 0 or 2 * first + weights[middle] <= total):
        first += weights[middle]
        middle += 1
    wide = (whole.east - whole.west) * cos(radians((whole.south + whole.north) / 2 / MILLION))
    if wide >= whole.north - whole.south:
        cut = whole.west + (whole.east - whole.west) * first // total
        halves = (
            Rectangle(whole.west, whole.south, cut, whole.north),
            Rectangle(cut, whole.south, whole.east, whole.north),
        )
    else:  # from the north, as one reads
        cut = whole.north - (whole.north - whole.south) * first // total
        halves = (
            Rectangle(whole.west, cut, whole.east, whole.north),
            Rectangle(whole.west, whole.south, whole.east, cut),
        )
    return divide(halves[0], weights[:middle]) + divide(halves[1], weights[middle:])


def shapes(top: str, extent: Rectangle, below: Mapping[str, Sequence[str]]) -> dict[str, Rectangle]:
    """Return the rectangle of *top* and of every division in it.

    :param below: the codes of the divisions in each; one without an entry, or with an empty one, has none.
    """
    weights: dict[str, int] = {}

    def weigh(code: str) -> int:
        weights[code] = sum(map(weigh, below.get(code, ()))) or 1
        return weights[code]

    weigh(top)
    found = {top: extent}
    for outer in _outer_first(top, below):
        inner = below.get(outer, ())
        found |= zip(inner, divide(found[outer], [weights[code] for code in inner]), strict=True)
    return found


def _outer_first(top: str, below: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield *top* and all that is in it, each before what is in it."""
    yield top
    for code in below.get(top, ()):
        yield from _outer_first(code, below)


def shaped(city: str, code: str, area: NamedNode, shape: Rectangle, graph: NamedNode) -> Iterator[Quad]:
    """Yield what says, as GeoSPARQL does, that *area* with the *code* has the *shape*."""
    geometry = terms.of_city(city, f"shape/{code}")
    yield Quad(area, HAS_GEOMETRY, geometry, graph)
    yield Quad(geometry, AS_WKT, Literal(shape.wkt, datatype=WKT_LITERAL), graph)
