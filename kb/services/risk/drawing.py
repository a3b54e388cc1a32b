"""A map of risk as SVG: the grids of each level in its colour over the outlines of the districts.

Colours are those of the four levels (red, orange, yellow; the lowest is the ground), and each grid's title
says its code and index, so that colour is not the only sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from kb.errors import Text
from kb.geo.index import GridIndex
from kb.risk.history import Floats
from kb.services import svg
from kb.services.svg import INK

COLOURS = ("#b3261e", "#e07b00", "#f2c744")
"""Of the thresholds, the highest level first; of more, the last colour."""
GROUND, LINE = "#e9f0f7", "#7d8793"
WIDTH, MARGIN, LEGEND = 960, 12, 30
MOST = 6_000
"""So many grids are drawn, those of the highest index first: more no browser draws at once."""


def draw(
    cells: GridIndex,
    values: Floats,
    levels: NDArray[np.int64],
    labels: Sequence[str],
    districts: GridIndex,
    names: Sequence[str],
    lang: str,
) -> bytes:
    """Return the map.

    :param levels: for each cell the number of the threshold that it reaches; ``len(labels)``: none.
    :param names: of the *districts*, in their order.
    """
    west, south, east, north = cells.bounds
    narrow = cos(radians((south + north) / 2))
    scale = (WIDTH - 2 * MARGIN) / ((east - west) * narrow)
    height = round((north - south) * scale) + 2 * MARGIN + LEGEND

    def at(longitude: float, latitude: float) -> tuple[float, float]:
        return MARGIN + (longitude - west) * narrow * scale, MARGIN + (north - latitude) * scale

    def path(shape: BaseGeometry) -> str:
        rings = []
        for part in shapely.get_parts(shape):
            for ring in (part.exterior, *part.interiors):
                points = (at(*point) for point in ring.coords[:-1])
                rings.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z")
        return "".join(rings)

    reached = [int((levels == level).sum()) for level in range(len(labels))]
    told = ", ".join(f"{label} {number}" for label, number in zip(labels, reached, strict=True))
    title = f"{Text('网格风险图', 'Map of grid risk').in_(lang)}: {told}"
    picture = svg.picture(WIDTH, height, title, lang, name="risk-title", size=12)
    svg.add(picture, "rect", {"width": str(WIDTH), "height": str(height), "fill": "#ffffff"})
    for shape in districts.shapes:
        svg.add(picture, "path", {"d": path(shape), "fill": GROUND})
    order = np.argsort(-values, kind="stable")
    drawn = [int(number) for number in order if levels[number] < len(labels)][:MOST]
    for number in reversed(drawn):
        cell = svg.add(
            picture,
            "path",
            {"d": path(cells.shapes[number]), "fill": COLOURS[min(int(levels[number]), len(COLOURS) - 1)]},
        )
        code = cells.cells[number].value.rpartition("/")[2]
        svg.add(cell, "title", {}, f"{code}: {values[number]:.2f} ({labels[int(levels[number])]})")
    for shape, name in zip(districts.shapes, names, strict=True):
        svg.add(picture, "path", {"d": path(shape), "fill": "none", "stroke": LINE, "stroke-width": "1"})
        x, y = at(*shape.centroid.coords[0])
        svg.add(
            picture,
            "text",
            {
                "x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": "middle", "fill": INK,
                "stroke": "#ffffff", "stroke-width": "3", "paint-order": "stroke",
            },
            name,
        )  # fmt: skip
    x = float(MARGIN)
    for level, (label, number) in enumerate(zip(labels, reached, strict=True)):
        top = height - LEGEND + 6
        colour = COLOURS[min(level, len(COLOURS) - 1)]
        svg.add(
            picture, "rect", {"x": f"{x:.0f}", "y": str(top), "width": "14", "height": "14", "fill": colour}
        )
        svg.add(picture, "text", {"x": f"{x + 20:.0f}", "y": str(top + 11), "fill": INK}, f"{label} {number}")
        x += 170
    return svg.written(picture)
