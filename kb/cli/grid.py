"""``xiezhi grid``: the grid in which a point falls, what a warning covers, gaps and overlaps.

A server that runs on the store is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from kb.cli.context import FORMAT, LANG, Context, faults_as_exit, printed
from kb.errors import Text
from kb.services.grids.requests import KINDS

SHOWN = 20
"""So many areas are printed as text."""
_NOWHERE = Text("不在任何网格内，最近的网格：", "in no grid; the nearest are:")
_MORE = Text("其余 {} 个见 --format json", "{} more with --format json")
_COVERS = Text("范围 {:.3f} 平方公里，涉及 {} 个", "{:.3f} square kilometres, {} areas")
_WHOLE = Text(
    "{} 个，{:.1f} 平方公里：既无空隙也无重叠", "{} areas, {:.1f} square kilometres: no gaps, no overlaps"
)
_BROKEN = Text(
    "{} 个，{:.1f} 平方公里：{} 处空隙，{} 处重叠", "{} areas, {:.1f} square kilometres: {} gaps, {} overlaps"
)
_GAP, _OVERLAP = Text("空隙", "gap"), Text("重叠", "overlap")

CITY = click.option("--city", default="", help="Division code, such as 370200; else the first. 城市代码。")
KIND = click.option(
    "--kind",
    type=click.Choice(list(KINDS)),
    default="unit",
    show_default=True,
    help="Which partition. 划分。",
)


@click.group()
def grid() -> None:
    """Where things are: grids of points, areas of warnings, whole partitions. 网格。"""


@grid.command(context_settings={"ignore_unknown_options": True})  # a longitude may be negative
@click.argument("longitude", type=float)
@click.argument("latitude", type=float)
@click.option("--city", default="", help="Division code; else every city is tried. 城市代码。")
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def locate(context: Context, longitude: float, latitude: float, city: str, form: str) -> None:
    """Show the grids in which a point falls (degrees, longitude first). 某点落在哪个网格。"""
    with context.grids() as desk:
        found = desk.locate(city, longitude, latitude)
    printed(found, form, _located(found, context.lang))


@grid.command()
@click.option("--circle", help="LAT,LON,KM as in CAP. 圆：纬度,经度,公里。")
@click.option("--polygon", help='"LAT,LON LAT,LON …" as in CAP, closed. 多边形。')
@click.option("--wkt", help="Well-known text, longitude first. WKT。")
@click.option(
    "--geojson", type=click.File(encoding="utf-8"), help="A file with a geometry or feature; - is stdin."
)
@CITY
@KIND
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def covered(context: Context, /, city: str, kind: str, form: str, geojson: Any, **asked: str | None) -> None:
    """Show the areas that a circle, polygon or other shape covers, with shares. 预警范围涉及的网格。"""
    shape = {key: value for key, value in asked.items() if value}
    if geojson is not None:
        shape["geojson"] = geojson.read()
    with context.grids() as desk:
        found = desk.covered(city, shape, kind)
    printed(found, form, _covered(found, context.lang))


@grid.command()
@CITY
@KIND
@FORMAT
@LANG
@click.pass_obj
@faults_as_exit
def partition(context: Context, city: str, kind: str, form: str) -> None:
    """Show gaps and overlaps of a partition; exit 1 where there are any. 划分的空隙与重叠。"""
    with context.grids() as desk:
        found = desk.partition(city, kind)
    printed(found, form, _partition(found, context.lang))
    if not found["whole"]:
        raise SystemExit(1)


def _located(found: dict[str, Any], lang: str) -> Iterator[str]:
    for key in ("unitGrid", "governanceGrid"):
        if found[key] is not None:
            yield _name(found[key], lang)
    for area in found["within"]:
        yield f"  {_name(area, lang)}"
    if found["nearest"]:
        yield _NOWHERE.in_(lang)
    for area in found["nearest"]:
        yield f"  {area['kilometres']:.1f} km  {_name(area, lang)}"


def _covered(found: dict[str, Any], lang: str) -> Iterator[str]:
    yield _COVERS.in_(lang).format(found["squareKilometres"], found["number"])
    for area in found["areas"][:SHOWN]:
        yield f"  {area['share']:7.1%}  {_name(area, lang)}"
    if found["number"] > SHOWN:
        yield "  " + _MORE.in_(lang).format(found["number"] - SHOWN)


def _partition(found: dict[str, Any], lang: str) -> Iterator[str]:
    if found["whole"]:
        yield _WHOLE.in_(lang).format(found["areas"], found["squareKilometres"])
        return
    gaps, overlaps = found["gaps"], found["overlaps"]
    yield _BROKEN.in_(lang).format(found["areas"], found["squareKilometres"], len(gaps), len(overlaps))
    for label, items, key in ((_GAP, gaps, "beside"), (_OVERLAP, overlaps, "areas")):
        for item in items[:SHOWN]:
            names = "; ".join(_name(area, lang) for area in item[key])
            yield f"  {label.in_(lang)} {item['squareKilometres']:.6f} km²: {names}"


def _name(area: dict[str, Any], lang: str) -> str:
    return f"{area['code']}  {area['label'][lang]}"
