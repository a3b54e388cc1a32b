"""The network of one area drawn: bodies on a circle, neighbours of one community side by side, links as bows.

The place of everything follows from the graph alone, so the same network is always the same drawing. As in
:mod:`kb.services.svg`, colours are presentation attributes and every part has a ground of its own.
"""

from __future__ import annotations

import math
from xml.etree.ElementTree import Element

from pyoxigraph import NamedNode

from kb.errors import Text
from kb.network.analysis import Analysis
from kb.network.bodies import Bodies
from kb.network.collaboration import Graph
from kb.services import svg
from kb.services.svg import INK, text_width

GROUND = "#fffdf8"
COLOURS = ("#1f4e79", "#a8322a", "#2f6b2a", "#8a5a00", "#6a3d8f", "#0b6e6e", "#8f3d68", "#4a5560")
"""Of communities, one after the other; the last for whoever is in none."""
LINK, STRONG = "#7d8793", 0.5
"""Links of two communities are grey; those at least so close are drawn thick."""
SIZE = 12
RADIUS, SPACE, MARGIN = 180, 17, 18
"""Of the smallest circle; along the circle for each body; around the drawing, in pixels."""


def draw(graph: Graph, found: Analysis, bodies: Bodies, area: Text, lang: str) -> bytes:
    """Return *graph*, about which *found* was found, as SVG with the words of *lang*."""
    order = [iri for group in found.communities for iri in group]
    groups = [group for group in found.communities if len(group) > 1]
    group_of = {iri: number for number, group in enumerate(groups) for iri in group}
    labels = {iri: bodies[iri].label.in_(lang) for iri in order}
    radius = max(RADIUS, len(order) * SPACE / (2 * math.pi))
    half = radius + MARGIN + 14 + max((text_width(label) for label in labels.values()), default=0) * SIZE / 13
    at = {iri: (2 * math.pi * place / max(len(order), 1)) - math.pi / 2 for place, iri in enumerate(order)}
    picture = _picture(half, area, found, lang)
    for one, other, reasons in sorted(graph.edges(data=True), key=lambda edge: edge[2]["closeness"]):
        same = group_of.get(one, -1) == group_of.get(other, -2)
        _link(
            picture, half, radius, at[one], at[other], reasons, _colour(group_of.get(one)) if same else LINK
        )
    busy = dict(found.bottlenecks)
    highest = max(busy.values(), default=0) or 1
    for iri in order:
        size = 3.5 + 6 * busy.get(iri, 0) / highest
        _body(picture, half, radius, at[iri], labels[iri], size, _colour(group_of.get(iri)), iri)
    return svg.written(picture)


def _picture(half: float, area: Text, found: Analysis, lang: str) -> Element:
    title = Text(
        f"{area.zh}协同网络：{found.bodies} 个机构，{found.links} 条联系",
        f"Collaboration network of {area.en}: {found.bodies} bodies, {found.links} links",
    )
    picture = svg.picture(2 * half, 2 * half, title.in_(lang), lang, name="network-title", size=SIZE)
    side = str(round(2 * half))
    svg.add(picture, "rect", {"width": side, "height": side, "fill": GROUND})
    return picture


def _link(
    picture: Element,
    half: float,
    radius: float,
    start: float,
    end: float,
    reasons: dict[str, float],
    colour: str,
) -> None:
    """Draw a bow through a point between the middle of the chord and that of the circle."""
    (x1, y1), (x2, y2) = _point(half, radius, start), _point(half, radius, end)
    bend_x, bend_y = half + ((x1 + x2) / 2 - half) * 0.4, half + ((y1 + y2) / 2 - half) * 0.4
    near = reasons["closeness"]
    style = {
        "d": f"M{x1:.1f} {y1:.1f}Q{bend_x:.1f} {bend_y:.1f} {x2:.1f} {y2:.1f}",
        "fill": "none",
        "stroke": colour,
        "stroke-opacity": f"{0.12 + 0.6 * near:.2f}",
        "stroke-width": "2" if near >= STRONG else "1",
    }
    if not reasons["joint"] and not reasons["directives"]:
        style["stroke-dasharray"] = "3 3"
    svg.add(picture, "path", style)


def _body(
    picture: Element,
    half: float,
    radius: float,
    angle: float,
    label: str,
    size: float,
    colour: str,
    iri: NamedNode,
) -> None:
    """Draw a body as a dot, larger the more it is a bottleneck, with its name written outwards."""
    group = svg.add(picture, "g", {"data-body": iri.value})
    x, y = _point(half, radius, angle)
    svg.add(group, "circle", {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{size:.1f}", "fill": colour})
    left = math.cos(angle) < -1e-9
    x, y = _point(half, radius + 14, angle)
    turned = math.degrees(angle) + (180 if left else 0)
    svg.add(
        group,
        "text",
        {
            "x": f"{x:.1f}",
            "y": f"{y:.1f}",
            "dy": "0.35em",
            "fill": INK,
            "text-anchor": "end" if left else "start",
            "transform": f"rotate({turned:.2f} {x:.1f} {y:.1f})",
        },
        label,
    )


def _point(half: float, radius: float, angle: float) -> tuple[float, float]:
    return half + radius * math.cos(angle), half + radius * math.sin(angle)


def _colour(number: int | None) -> str:
    return COLOURS[-1] if number is None else COLOURS[min(number, len(COLOURS) - 1)]
