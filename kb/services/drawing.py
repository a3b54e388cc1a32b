"""Proofs drawn: boxes from the conclusion on the left to the facts on the right, as one SVG of its own.

Made from the nodes that a reader was given, so nothing that was withheld can be in it. Colours are
presentation attributes, which a strict content security policy lets through; every box has its own ground,
so the drawing reads on light and dark pages alike.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

MEDIA_TYPE = "image/svg+xml"
NAMESPACE = "http://www.w3.org/2000/svg"
FONT = "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
SIZE, LEADING, PAD = 13, 18, 10
"""Of the letters, of the lines, and around the text, in pixels."""
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
"""Ground and edge of a box by its kind. Ink on light grounds is :data:`INK`, on dark ones white."""
INK, LINE = "#1b2430", "#7d8793"
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
    ElementTree.register_namespace("", NAMESPACE)
    picture = ElementTree.Element(
        _tag("svg"),
        {
            "viewBox": f"0 0 {width} {height}",
            "width": str(width),
            "height": str(height),
            "role": "img",
            "aria-labelledby": "title",
            "lang": "zh-CN" if lang == "zh" else "en",
            "font-family": FONT,
            "font-size": str(SIZE),
        },
    )
    ElementTree.SubElement(picture, _tag("title"), {"id": "title"}).text = (
        f"为什么：{title}" if lang == "zh" else f"Why: {title}"
    )
    for box in boxes:
        for child in box.children:
            _edge(picture, box, child)
    for box in boxes:
        _draw(picture, box)
    output = io.BytesIO()
    ElementTree.ElementTree(picture).write(output, encoding="utf-8", xml_declaration=True)
    return output.getvalue()


def wrap(text: str, width: float) -> list[str]:
    """Break *text* into lines of at most *width* pixels: Chinese anywhere, other words at spaces."""
    lines, line, used = [], "", 0.0
    for word in _words(text):
        length = text_width(word)
        if used + length > width and line:
            lines.append(line.rstrip())
            line, used, word = "", 0.0, word.lstrip()
            length = text_width(word)
        while length > width:  # one word wider than a line
            cut = next(n for n in range(len(word), 0, -1) if n == 1 or text_width(word[:n]) <= width)
            lines.append(word[:cut])
            word = word[cut:]
            length = text_width(word)
        line, used = line + word, used + length
    return [*lines, line.rstrip()] if line.strip() else lines


def _words(text: str) -> Iterator[str]:
    """Yield pieces that must not be broken; a piece ends with the space after it."""
    piece = ""
    for character in text:
        if _is_wide(character):
            if piece:
                yield piece
            piece = ""
            yield character
        else:
            piece += character
            if character == " ":
                yield piece
                piece = ""
    if piece:
        yield piece


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def text_width(text: str) -> float:
    """Return about how wide *text* is in letters of :data:`SIZE`, in pixels."""
    return sum(SIZE if _is_wide(c) else SIZE * 0.58 for c in text)


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


def _edge(picture: ElementTree.Element, box: _Box, child: _Box) -> None:
    start = (box.left + BOX, box.top + box.height / 2)
    end = (child.left, child.top + child.height / 2)
    bend = (start[0] + end[0]) / 2
    path = f"M{start[0]} {start[1]:.1f}C{bend} {start[1]:.1f} {bend} {end[1]:.1f} {end[0]} {end[1]:.1f}"
    ElementTree.SubElement(
        picture, _tag("path"), {"d": path, "fill": "none", "stroke": LINE, "stroke-width": "1.5"}
    )


def _draw(picture: ElementTree.Element, box: _Box) -> None:
    ground, edge = COLOURS[box.node["kind"]]
    group = ElementTree.SubElement(picture, _tag("g"))
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
    ElementTree.SubElement(group, _tag("rect"), shape)
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
        ElementTree.SubElement(group, _tag("text"), style).text = line


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
