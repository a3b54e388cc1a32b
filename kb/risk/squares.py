"""A grid of squares, for events that lie in no city that is loaded."""

from __future__ import annotations

from math import ceil, cos, radians

import shapely
from pyoxigraph import NamedNode

from kb.errors import InputError
from kb.geo.index import GridIndex

MOST = 250_000
"""So many squares are made at most."""
DEGREE = 111.195
"""Kilometres of a degree of latitude."""


def squares(bounds: tuple[float, float, float, float], side: float) -> GridIndex:
    """Return squares of *side* kilometres that fill *bounds* (west, south, east, north in degrees).

    The last column and row reach beyond them.

    :raises InputError: ``risk.squares``, where they would be too many.
    """
    west, south, east, north = bounds
    high = side / DEGREE
    wide = high / max(cos(radians((south + north) / 2)), 0.01)
    columns, rows = max(1, ceil((east - west) / wide)), max(1, ceil((north - south) / high))
    if columns * rows > MOST:
        raise InputError.of(
            "risk.squares",
            f"需要 {columns * rows} 个方格，上限 {MOST}",
            f"this needs {columns * rows} squares, the limit is {MOST}",
            repair=("用更大的边长", "make them larger"),
        )
    cells, shapes = [], []
    for column in range(columns):
        for row in range(rows):
            cells.append(NamedNode(f"urn:square:{column:04}-{row:04}"))
            edges = (
                west + column * wide,
                south + row * high,
                west + (column + 1) * wide,
                south + (row + 1) * high,
            )
            shapes.append(shapely.box(*edges))
    return GridIndex(cells, shapes)
