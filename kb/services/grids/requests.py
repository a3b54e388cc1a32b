"""What is asked for about grids, as keys and values: the same words on the command line and over HTTP."""

from __future__ import annotations

from collections.abc import Mapping

from pyoxigraph import NamedNode
from shapely.geometry.base import BaseGeometry

from kb.errors import InputError
from kb.geo import geometry
from kb.geo.city import GOVERNANCE_GRID, UNIT_GRID
from kb.namespaces import xz

KINDS: dict[str, NamedNode] = {
    "unit": UNIT_GRID,
    "governance": GOVERNANCE_GRID,
    "community": xz("Community"),
    "street": xz("Street"),
    "district": xz("District"),
}
"""What a partition is called: the two kinds of grids, and the divisions above them."""
SHAPES = ("circle", "polygon", "wkt", "geojson")


def kind(name: str) -> NamedNode:
    """Return the class of the areas that *name* means; nothing means unit grids.

    :raises InputError: ``grid.kind``.
    """
    found = KINDS.get(name or "unit")
    if found is None:
        raise InputError.of(
            "grid.kind",
            f"没有名为 {name[:30]} 的划分",
            f"there is no partition {name[:30]}",
            where="kind",
            repair=(f"可用：{'、'.join(KINDS)}", f"there are: {', '.join(KINDS)}"),
        )
    return found


def shape(asked: Mapping[str, str]) -> BaseGeometry:
    """Return the shape that one of :data:`SHAPES` gives: a circle and a polygon as CAP writes them.

    :raises InputError: ``grid.shape``, where it is not just one; those of :mod:`kb.geo.geometry`.
    """
    given = [key for key in SHAPES if asked.get(key)]
    if len(given) != 1:
        raise InputError.of(
            "grid.shape",
            "请给出且只给出一种范围",
            "give one shape, and only one",
            repair=(f"可用：{'、'.join(SHAPES)}", f"one of {', '.join(SHAPES)}"),
        )
    (key,) = given
    readers = {
        "circle": geometry.cap_circle,
        "polygon": geometry.cap_polygon,
        "wkt": geometry.from_wkt,
        "geojson": geometry.from_geojson,
    }
    found: BaseGeometry = readers[key](asked[key])
    return found
