"""Proofs drawn: boxes from the conclusion on the left to the facts on the right, as one SVG of its own.

Made from the nodes that a reader was given, so nothing that was withheld can be in it. Every box has its own
ground, so the drawing reads on light and dark pages alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from kb.services import svg
from kb.services.svg import INK, LINE, SIZE, wrap

LEADING, PAD = 18, 10
"""Of the lines, and around the text, in pixels."""
BOX, GAP, COLUMN = 250, 14, 320
"""Width of a box, space between boxes, distance between columns."""
MARGIN = 16
COLOURS = {
    "derived": ("#eaf2fb", "#1f4e79"),
    "fact": ("#eef6ea", "#2f6b2a"),
    "absence": ("#f4f1ea", "#6b6252"),
    "computation": ("#f4f1ea", "#6b6252"),
    "repeated": ("#ffffff", "#1f4e79"),
    "withheld": ("#3a3f46", "#3a3f46"),
}
"""Ground and edge of a box by its kind. Ink on light grounds is :data:`~kb.services.svg.INK`, on dark ones
white."""
KINDS = {
    "derived": ("结论", "conclusion"),
    "fact": ("事实", "fact"),
    "absence": ("没有", "absent"),
    "computation": ("计算", "computed"),
    "repeated": ("见他处", "shown elsewhere"),
    "withheld": ("不予显示", "withheld"),
}


@dataclass(slots=True)
class _Box:
    """A node with its place: the upper left corner, and the height that its text needs."""

    node: Mapping[str, Any]
    lines: list[tuple[str, bool]]
    depth: int
    children: list[_Box] = field(default_factory=list)
    top: float = 0

    @property
    def height(self) -> int:
        return len(self.lines) * LEADING + 2 * PAD - 4

    @property
    def left(self) -> int:
        return MARGIN + self.depth * COLUMN


def draw(answer: Mapping[str, Any], lang: str) -> bytes:
    """Return the proofs in *answer*, as :func:`kb.services.explaining.why` gives them, as SVG in *lang*."""
    roots = [_box(node, 0, lang) for node in answer["conclusions"]]
    bottom = float(MARGIN)
    for root in roots:
        bottom = _place(root, bottom) + 2 * GAP
    boxes = [box for root in roots for box in _all(root)]
    width = max((box.left for box in boxes), default=0) + BOX + MARGIN
    height = round(bottom - 2 * GAP + MARGIN)
    title = "；".join(root.node["statement"][lang] for root in roots)
    picture = svg.picture(width, height, f"为什么：{title}" if lang == "zh" else f"Why: {title}", lang)
    for box in boxes:
        for child in box.children:
            _edge(picture, box, child)
    for box in boxes:
        _draw(picture, box)
    return svg.written(picture)


def _box(node: Mapping[str, Any], depth: int, lang: str) -> _Box:
    caption = KINDS[node["kind"]][lang == "en"]
    rule = node.get("rule")
    if node["kind"] == "derived" and rule:
        caption = rule["label"][lang]
    if node["kind"] == "fact" and node["graphs"]:
        caption = "、".join(graph["label"][lang] for graph in node["graphs"])
    width = BOX - 2 * PAD
    lines = [(line, True) for line in wrap(caption, width)]
    lines += [(line, False) for line in wrap(node["statement"][lang], width)]
    # The small premises first: they stay beside the conclusion, the long one goes on below them.
    children = sorted((_box(premise, depth + 1, lang) for premise in node["premises"]), key=_count)
    return _Box(node, lines, depth, children)


def _place(box: _Box, top: float) -> float:
    """Give *box* and all behind it a place from *top* downwards; return where they end.

    A box stands level with its first premise, so that whoever opens the drawing sees the conclusion first.
    """
    box.top = below = top
    for child in box.children:
        below = _place(child, below) + GAP
    return max(below - GAP if box.children else top, top + box.height)


def _count(box: _Box) -> int:
    return sum(1 for _ in _all(box))


def _all(box: _Box) -> Iterator[_Box]:
    yield box
    for child in box.children:
        yield from _all(child)


def _edge(picture: Element, box: _Box, child: _Box) -> None:
    start = (box.left + BOX, box.top + box.height / 2)
    end = (child.left, child.top + child.height / 2)
    bend = (start[0] + end[0]) / 2
    path = f"M{start[0]} {start[1]:.1f}C{bend} {start[1]:.1f} {bend} {end[1]:.1f} {end[0]} {end[1]:.1f}"
    svg.add(picture, "path", {"d": path, "fill": "none", "stroke": LINE, "stroke-width": "1.5"})


def _draw(picture: Element, box: _Box) -> None:
    ground, edge = COLOURS[box.node["kind"]]
    group = svg.add(picture, "g")
    shape = {
        "x": str(box.left),
        "y": f"{box.top:.1f}",
        "width": str(BOX),
        "height": str(box.height),
        "rx": "6",
        "fill": ground,
        "stroke": edge,
        "stroke-width": "2.5" if not box.depth else "1.2",
    }
    if box.node["kind"] == "repeated":
        shape["stroke-dasharray"] = "4 3"
    svg.add(group, "rect", shape)
    ink = "#ffffff" if box.node["kind"] == "withheld" else INK
    for number, (line, caption) in enumerate(box.lines):
        style = {
            "x": str(box.left + PAD),
            "y": f"{box.top + PAD + SIZE - 2 + number * LEADING:.1f}",
            "fill": ink if not caption or ink != INK else edge,
        }
        if caption:
            style |= {"font-size": "11", "font-weight": "600"}
        elif not box.depth:
            style["font-weight"] = "700"
        svg.add(group, "text", style, line)
