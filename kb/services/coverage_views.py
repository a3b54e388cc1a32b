"""The coverage matrix as a table of text, as CSV, and as a heat map in HTML."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import jinja2
from pyoxigraph import NamedNode

from kb.errors import Text
from kb.namespaces import xz
from kb.services.coverage import Cell, Gap, Matrix
from kb.services.workspace import Workspace

MARKS = {Gap.NO_LEAD: "∅", Gap.TWO_LEADS: "2", Gap.NO_MODULE: "m", Gap.NO_THRESHOLD: "·", Gap.NO_PLAN: "p"}
RANKS = (1, 2, 3, 4)
COLUMNS = (
    "type",
    "type_zh",
    "type_en",
    "city",
    "scale",
    "value_zh",
    "value_en",
    "level",
    "leads",
    "modules",
    "gaps",
)


def summary(matrix: Matrix) -> Text:
    """Say how much there is and how much is missing."""
    missing = {gap: sum(gap in cell.gaps for cell in matrix.cells) for gap in Gap}
    zh = "，".join(f"{gap.label.zh} {count}" for gap, count in missing.items() if count) or "没有缺口"
    en = ", ".join(f"{gap.label.en} {count}" for gap, count in missing.items() if count) or "no gap"
    return Text(
        f"{len(matrix.types)} 种类型 × {len(matrix.cities)} 个城市：{len(matrix.cells)} 格；{zh}",
        f"{len(matrix.types)} types × {len(matrix.cities)} cities: {len(matrix.cells)} cells; {en}",
    )


def lines(workspace: Workspace, matrix: Matrix, lang: str) -> Iterator[str]:
    """Yield the matrix as text: one line a type, four marks a city (from the highest grade to the lowest)."""
    for type_ in matrix.types:
        marks = []
        for city in matrix.cities:
            cells = [matrix.at(type_, city, rank) for rank in RANKS]
            marks.append("".join("–" if c is None else _mark(c) for c in cells))
        yield f"{'  '.join(marks)}  {'  ' * _depth(workspace, type_)}{workspace.names.label(type_).in_(lang)}"
    key = {"✓": Text("齐备", "complete"), "–": Text("不分级", "not graded")} | {
        mark: gap.label for gap, mark in MARKS.items()
    }
    yield "  ".join(f"{mark} {word.in_(lang)}" for mark, word in key.items())


def as_csv(workspace: Workspace, matrix: Matrix) -> str:
    """Return the matrix as CSV, one line a cell."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    label = workspace.names.label
    for cell in matrix.cells:
        type_, value = label(cell.type), label(cell.value)
        writer.writerow(
            [
                cell.type.value, type_.zh, type_.en, label(cell.city).zh, cell.scale, value.zh, value.en,
                label(cell.level).zh if cell.level else "", ";".join(label(lead).zh for lead in cell.leads),
                cell.modules, ";".join(gap.value for gap in cell.gaps),
            ]
        )  # fmt: skip
    return out.getvalue()


def heat_map(workspace: Workspace, matrix: Matrix, lang: str) -> str:
    """Return the matrix as a page of its own that loads nothing."""
    label = workspace.names.label
    words = {
        "type": Text("事件类型", "type of incident"),
        "ok": Text("齐备", "complete"),
        "threshold": Text("无阈值", "no threshold"),
        "gap": Text("无牵头、多牵头、无模块或无预案", "no lead, two leads, no module or no plan"),
        "ungraded": Text("不分级", "not graded"),
    }
    rows = [
        {
            "name": label(type_).in_(lang),
            "depth": _depth(workspace, type_),
            "cells": [
                _shown(workspace, matrix.at(type_, city, rank), lang)
                for city in matrix.cities
                for rank in RANKS
            ],
        }
        for type_ in matrix.types
    ]
    template = files("kb.services") / "templates" / "coverage.html"
    environment = jinja2.Environment(autoescape=True)
    title = Text("知识覆盖：类型 × 等级 × 城市", "Coverage: type × grade × city").in_(lang)
    page = environment.from_string(template.read_text(encoding="utf-8")).render(
        lang="zh-CN" if lang == "zh" else "en",
        title=title,
        summary=summary(matrix).in_(lang),
        words={name: word.in_(lang) for name, word in words.items()},
        cities=[label(city).in_(lang) for city in matrix.cities],
        ranks=["Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ"],
        rows=rows,
    )
    return str(page)


def _shown(workspace: Workspace, cell: Cell | None, lang: str) -> dict[str, Any]:
    if cell is None:
        return {"css": "none", "text": "–", "note": "", "title": ""}
    label = workspace.names.label
    gaps = [gap.label.in_(lang) for gap in cell.gaps]
    only_threshold = cell.gaps == (Gap.NO_THRESHOLD,)
    leads = ", ".join(label(lead).in_(lang) for lead in cell.leads)
    title = f"{label(cell.type).in_(lang)} · {label(cell.value).in_(lang)}: {', '.join(gaps) or leads}"
    return {
        "css": "ok" if not cell.gaps else "gap1" if only_threshold else "gap2",
        "text": _mark(cell),
        "note": str(cell.modules) if cell.modules else "",
        "title": title,
    }


def _mark(cell: Cell) -> str:
    return MARKS[cell.gaps[0]] if cell.gaps else "✓"


def _depth(workspace: Workspace, type_: NamedNode) -> int:
    return max(len(workspace.engine.source.values(type_, xz("subtypeOf"))) - 1, 0)
