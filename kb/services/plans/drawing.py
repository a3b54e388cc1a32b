"""How modules go together, drawn: from the left to the right, each behind those whose states it needs.

Modules that wait for themselves stand last, in red; so does a state that nobody brings about, before whoever
needs it. Colours are presentation attributes, as in :mod:`kb.services.svg`, and words say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from pyoxigraph import NamedNode

from kb.errors import Text
from kb.services import svg
from kb.services.plans.composing import Composition, Part
from kb.services.svg import INK, LINE, wrap

WIDTH, COLUMN, GAP, MARGIN, SIZE, LEADING = 150, 214, 12, 14, 12, 16
"""Of a box; between columns; between boxes; around the drawing; of the letters and lines, in pixels."""
MODULE, CIRCLE, MISSING = ("#eaf2fb", "#1f4e79"), ("#fbe9e7", "#b3261e"), ("#fff4e0", "#b4500a")
"""Ground and edge of a module, of one that waits for itself, of a state that is missing."""
TITLE = Text("模块组合图", "How the modules go together")
WAITS, NOBODY = Text("互相等待", "waits for itself"), Text("缺：", "missing: ")


@dataclass(slots=True)
class _Box:
    lines: list[str]
    colours: tuple[str, str]
    column: int
    top: float = 0

    @property
    def left(self) -> int:
        return MARGIN + self.column * COLUMN

    @property
    def height(self) -> int:
        return len(self.lines) * LEADING + 12


def draw(parts: Sequence[Part], found: Composition, label: Callable[[NamedNode], Text], lang: str) -> bytes:
    """Return *parts*, which were composed as *found* says, as SVG with the words of *lang*."""
    by_module = {part.module: part for part in parts}
    columns = _columns(found, by_module)
    circling = {module for circle in found.circles for module in circle}
    boxes: dict[NamedNode, _Box] = {}
    for state in found.missing:
        words = NOBODY.in_(lang) + label(state).in_(lang)
        boxes[state] = _Box(_lines(words), MISSING, 0)
    for module, column in columns.items():
        lines = _lines(label(module).in_(lang))
        if module in circling:
            lines.append(f"({WAITS.in_(lang)})")
        boxes[module] = _Box(lines, CIRCLE if module in circling else MODULE, column)
    height = _place(list(boxes.values()))
    width = MARGIN * 2 + WIDTH + COLUMN * max((box.column for box in boxes.values()), default=0)
    picture = svg.picture(width, height, TITLE.in_(lang), lang, size=SIZE)
    ground = {"width": str(round(width)), "height": str(round(height)), "fill": "#fffdf8"}
    svg.add(picture, "rect", ground)
    for part in parts:
        for state in sorted(part.needs, key=lambda one: one.value):
            givers = [state] if state in found.missing else [p.module for p in parts if state in p.achieves]
            for giver in givers:
                if giver != part.module:
                    _edge(picture, boxes[giver], boxes[part.module], label(state).in_(lang))
    for box in boxes.values():
        _draw(picture, box)
    return svg.written(picture)


def _columns(found: Composition, parts: Mapping[NamedNode, Part]) -> dict[NamedNode, int]:
    """Return the column of each module: one behind the last of those that bring about what it needs."""
    columns: dict[NamedNode, int] = {}
    reached: dict[NamedNode, int] = dict.fromkeys(found.missing, 0)
    for module in found.order:
        needed = [reached[state] + 1 for state in parts[module].needs if state in reached]
        columns[module] = max(needed, default=1 if found.missing else 0)
        for state in parts[module].achieves:
            reached.setdefault(state, columns[module])
    last = max(columns.values(), default=0)
    waiting = [module for module in parts if module not in columns]
    for module in sorted(waiting, key=lambda one: one.value):
        columns[module] = last + 1
    return columns


def _lines(text: str) -> list[str]:
    return wrap(text, WIDTH - 18)


def _place(boxes: Sequence[_Box]) -> float:
    """Give each box its place, column by column; return how high the drawing is."""
    below: dict[int, float] = {}
    for box in boxes:
        box.top = below.get(box.column, float(MARGIN))
        below[box.column] = box.top + box.height + GAP
    return max(below.values(), default=MARGIN) - GAP + MARGIN


def _edge(picture: Element, giver: _Box, taker: _Box, state: str) -> None:
    y1, y2 = giver.top + giver.height / 2, taker.top + taker.height / 2
    x1, x2 = giver.left + WIDTH, taker.left
    if taker.column <= giver.column:  # back, or beside: only where modules wait for one another
        x1, x2 = giver.left + WIDTH, taker.left + WIDTH
        path = f"M{x1} {y1:.1f}C{x1 + 44} {y1:.1f} {x2 + 44} {y2:.1f} {x2} {y2:.1f}"
    else:
        bend = (x1 + x2) / 2
        path = f"M{x1} {y1:.1f}C{bend} {y1:.1f} {bend} {y2:.1f} {x2} {y2:.1f}"
    colour = CIRCLE[1] if taker.colours == giver.colours == CIRCLE else LINE
    line = svg.add(picture, "path", {"d": path, "fill": "none", "stroke": colour, "stroke-width": "1.3"})
    svg.add(line, "title", text=state)


def _draw(picture: Element, box: _Box) -> None:
    ground, edge = box.colours
    shape = {
        "x": str(box.left), "y": f"{box.top:.1f}", "width": str(WIDTH), "height": str(box.height),
        "rx": "5", "fill": ground, "stroke": edge,
    }  # fmt: skip
    svg.add(picture, "rect", shape)
    for number, line in enumerate(box.lines):
        place = {"x": str(box.left + 9), "y": f"{box.top + 18 + number * LEADING:.1f}", "fill": INK}
        svg.add(picture, "text", place, line)
