"""How far two places are from each other."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

EARTH = 6371.0088
"""The mean radius of the earth, in kilometres (IUGG)."""


def distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the kilometres between two places (longitude, latitude in degrees) along a great circle.

    By the haversine formula on a sphere; of many places at once, see :class:`kb.geo.index.Sites`.
    """
    (a, b), (c, d) = ((radians(x), radians(y)) for x, y in (one, other))
    half = sin((d - b) / 2) ** 2 + cos(b) * cos(d) * sin((c - a) / 2) ** 2
    return 2 * EARTH * asin(min(1.0, sqrt(half)))
