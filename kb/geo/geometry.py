"""Shapes from text and back: well-known text, GeoJSON, the circles and polygons of CAP; with limits.

Whatever comes from outside passes :func:`checked`: two dimensions, on the earth, valid by the simple-features
model, of at most :data:`VERTICES` vertices. What is refused is said in both languages, with a repair.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import shapely
from geographiclib.geodesic import Geodesic
from pyoxigraph import Literal
from shapely.geometry.base import BaseGeometry

from kb.errors import InputError
from kb.geo.terms import WKT_LITERAL

VERTICES = 20_000
"""The most vertices of a shape from outside: the outline of a province has some thousands."""
CHARACTERS = 1 << 20
"""The longest text of a shape."""
NESTING = 8
"""How deep brackets of a shape's text may nest: the readers below are recursive, and overflow."""
RADIUS = 1_000.0
"""The largest radius of a circle, in kilometres."""
SIDES = 64
"""Corners of a circle: its area is 0.16 % too small."""
DECIMALS = 6
"""Digits after the point in what is written: a tenth of a metre."""

_LONGITUDE_FIRST = ("http://www.opengis.net/def/crs/OGC/1.3/CRS84",)
_LATITUDE_FIRST = tuple(f"http://www.opengis.net/def/crs/EPSG/0/{code}" for code in (4326, 4490))
_CRS = re.compile(r"\s*<([^<>\s]*)>\s*")
_PAIR = re.compile(r"\s*([-+]?\d{1,3}(?:\.\d{1,20})?)\s*,\s*([-+]?\d{1,3}(?:\.\d{1,20})?)\s*")
_EARTH = Geodesic.WGS84


class GeometryRefused(InputError):
    """What somebody gave us is no shape, or more than is taken."""


def from_wkt(text: str) -> BaseGeometry:
    """Return the shape that a ``geo:wktLiteral`` means; no reference system is CRS 84, as GeoSPARQL says.

    :raises GeometryRefused: ``geometry.wkt``, ``geometry.crs``, and those of :func:`checked`.
    """
    _require_short(text)
    crs = _CRS.match(text)
    name, body = (crs[1], text[crs.end() :]) if crs else (_LONGITUDE_FIRST[0], text)
    if name not in _LONGITUDE_FIRST + _LATITUDE_FIRST:
        raise _refused(
            "crs",
            f"不支持的坐标参考系 {name[:80]}",
            f"the reference system {name[:80]} is not supported",
            "用 CRS84、EPSG 4326 或 4490",
            "use CRS84, EPSG 4326 or 4490",
        )
    try:
        # Only ASCII: shapely 2.2 cannot say what is wrong with anything else.
        shape = shapely.from_wkt(body.encode("ascii", "replace").decode())
    except shapely.errors.GEOSException as error:
        raise _refused(
            "wkt",
            f"不是合法的 WKT：{str(error)[:80]}",
            f"this is no well-known text: {str(error)[:80]}",
            "如 POLYGON ((116 39, 117 39, 117 40, 116 39))",
            "such as POLYGON ((116 39, 117 39, 117 40, 116 39))",
        ) from None
    return checked(shape, swapped=name in _LATITUDE_FIRST)


def to_wkt(shape: BaseGeometry) -> Literal:
    """Return *shape* as a ``geo:wktLiteral``."""
    return Literal(shapely.to_wkt(shape, rounding_precision=DECIMALS), datatype=WKT_LITERAL)


def from_geojson(document: str | Mapping[str, Any]) -> BaseGeometry:
    """Return the shape of a GeoJSON geometry or feature.

    :raises GeometryRefused: ``geometry.geojson``, and those of :func:`checked`.
    """
    text = document if isinstance(document, str) else json.dumps(document)
    _require_short(text)
    try:
        shape = shapely.from_geojson(json.dumps(json.loads(text)))  # ASCII, as above
    except (shapely.errors.GEOSException, ValueError) as error:
        raise _refused(
            "geojson",
            f"不是合法的 GeoJSON：{str(error)[:80]}",
            f"this is no GeoJSON: {str(error)[:80]}",
            "给出一个 geometry 或 feature",
            "give a geometry or a feature",
        ) from None
    if isinstance(shape, shapely.GeometryCollection) and len(shape.geoms) == 1:
        shape = shape.geoms[0]  # a collection of one feature
    return checked(shape)


def to_geojson(shape: BaseGeometry) -> dict[str, Any]:
    """Return *shape* as a GeoJSON geometry."""
    rounded = shapely.transform(shape, lambda xy: xy.round(DECIMALS))
    found: dict[str, Any] = json.loads(shapely.to_geojson(rounded))
    return found


def point(longitude: float, latitude: float) -> shapely.Point:
    """Return a point on the earth.

    :raises GeometryRefused: ``geometry.range``.
    """
    _require_on_earth(longitude, latitude)
    return shapely.Point(longitude, latitude)


def circle(latitude: float, longitude: float, kilometres: float) -> shapely.Polygon:
    """Return the circle around a point as a polygon of :data:`SIDES` corners, each as far along the earth.

    :raises GeometryRefused: ``geometry.range``, ``geometry.radius``; ``geometry.dateline`` where it would
        reach over a pole or the 180th meridian.
    """
    _require_on_earth(longitude, latitude)
    if not 0 < kilometres <= RADIUS:
        raise _refused(
            "radius",
            f"半径须大于 0、至多 {RADIUS:g} 公里",
            f"a radius is more than 0 and at most {RADIUS:g} kilometres",
            "更大的范围用多边形",
            "for more use a polygon",
        )
    corners = [
        _EARTH.Direct(latitude, longitude, 360 * side / SIDES, kilometres * 1000) for side in range(SIDES)
    ]
    shape = shapely.Polygon([(corner["lon2"], corner["lat2"]) for corner in corners])
    west, _, east, _ = shape.bounds
    if east - west > 180 or not shape.covers(shapely.Point(longitude, latitude)):
        raise _refused(
            "dateline",
            "范围越过极点或 180 度经线",
            "this reaches over a pole or the 180th meridian",
            "分成两个多边形",
            "make two polygons of it",
        )
    return shape


def cap_circle(text: str) -> shapely.Polygon:
    """Return a circle as CAP 1.2 writes it: ``39.9,116.4 5`` (latitude, longitude, kilometres).

    ``39.9,116.4,5`` is taken too.

    :raises GeometryRefused: ``geometry.circle``, and those of :func:`circle`.
    """
    parts = re.split(r"[,\s]+", text.strip()) if len(text) <= 200 else []
    try:
        latitude, longitude, kilometres = map(float, parts)
    except ValueError:
        raise _refused(
            "circle",
            f"圆应写作“纬度,经度 公里数”：{text[:60]}",
            f"a circle is written latitude,longitude kilometres: {text[:60]}",
            "如 36.65,117.12 5",
            "such as 36.65,117.12 5",
        ) from None
    return circle(latitude, longitude, kilometres)


def cap_polygon(text: str) -> shapely.Polygon:
    """Return a polygon as CAP 1.2 writes it: ``lat,lon lat,lon …``, the first pair again at the end.

    :raises GeometryRefused: ``geometry.polygon``, and those of :func:`checked`.
    """
    _require_short(text)
    pairs = [_PAIR.fullmatch(word) for word in text.split()]
    points = [(float(pair[2]), float(pair[1])) for pair in pairs if pair]
    if len(points) != len(pairs) or len(points) < 4 or points[0] != points[-1]:
        raise _refused(
            "polygon",
            "多边形应为至少四对“纬度,经度”，首尾相同",
            "a polygon is four or more pairs latitude,longitude, the last of them the first again",
            "如 36.6,117.0 36.7,117.0 36.7,117.1 36.6,117.0",
            "such as 36.6,117.0 36.7,117.0 36.7,117.1 36.6,117.0",
        )
    shape = checked(shapely.Polygon(points))
    assert isinstance(shape, shapely.Polygon)
    return shape


def checked(shape: BaseGeometry, *, swapped: bool = False) -> BaseGeometry:
    """Return *shape* in two dimensions if it is one that we take.

    :param swapped: its latitudes come first.
    :raises GeometryRefused: ``geometry.empty``, ``geometry.vertices``, ``geometry.range``,
        ``geometry.invalid``.
    """
    if shape is None or shape.is_empty:
        raise _refused("empty", "几何为空", "the shape is empty", "给出坐标", "give coordinates")
    count = int(shapely.get_num_coordinates(shape))
    if count > VERTICES:
        raise _refused(
            "vertices",
            f"几何有 {count} 个顶点，上限为 {VERTICES}",
            f"the shape has {count} vertices, the limit is {VERTICES}",
            "先简化几何",
            "simplify it first",
        )
    shape = shapely.force_2d(shape)
    if swapped:
        shape = shapely.transform(shape, lambda xy: xy[:, ::-1])
    coordinates = shapely.get_coordinates(shape)
    for longitude, latitude in (coordinates.min(axis=0), coordinates.max(axis=0)):
        _require_on_earth(float(longitude), float(latitude))
    if not shape.is_valid:
        why = shapely.is_valid_reason(shape)[:80]
        raise _refused(
            "invalid",
            f"几何无效：{why}",
            f"the shape is not valid: {why}",
            "边界不得自相交，孔须在外环之内",
            "its outline must not cross itself, and holes lie inside it",
        )
    return shape


def distance(one: BaseGeometry, other: BaseGeometry) -> float:
    """Return the kilometres along the ellipsoid between the points of two shapes that are nearest in degrees.

    Exact for two points; for shapes of a city's size the two nearest points differ by metres.
    """
    here, there = shapely.get_coordinates(shapely.shortest_line(one, other))
    return float(_EARTH.Inverse(here[1], here[0], there[1], there[0])["s12"]) / 1000


def square_kilometres(shape: BaseGeometry) -> float:
    """Return about how large *shape* is: exact to a thousandth for what is no larger than a city.

    A degree of latitude is taken as long as it is at the middle of the shape, one of longitude too.
    """
    if shape.is_empty:
        return 0.0
    _, south, _, north = shape.bounds
    middle = (south + north) / 2
    step = 0.01
    high = _EARTH.Inverse(middle - step, 0, middle + step, 0)["s12"] / (2 * step)
    wide = _EARTH.Inverse(middle, 0, middle, step)["s12"] / step
    return float(shape.area * high * wide) / 1e6


def numbers(words: Sequence[str]) -> list[float]:
    """Return *words* as numbers.

    :raises GeometryRefused: ``geometry.number``.
    """
    try:
        return [float(word) for word in words]
    except ValueError:
        shown = ", ".join(words)[:60]
        raise _refused(
            "number", f"不是数字：{shown}", f"not a number: {shown}", "如 117.12", "such as 117.12"
        ) from None


def _require_short(text: str) -> None:
    if len(text) > CHARACTERS:
        raise _refused(
            "long",
            f"几何的文字超过 {CHARACTERS} 个字符",
            f"the text of the shape is longer than {CHARACTERS} characters",
            "先简化几何",
            "simplify it first",
        )
    depth = 0
    for mark in re.finditer(r"[()\[\]{}]", text):
        depth += 1 if mark[0] in "([{" else -1
        if depth > NESTING:
            raise _refused(
                "deep",
                f"几何的括号嵌套超过 {NESTING} 层",
                f"the brackets of the shape nest deeper than {NESTING}",
                "把集合拆开",
                "take collections apart",
            )


def _require_on_earth(longitude: float, latitude: float) -> None:
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):  # nor, so, what is no number
        raise _refused(
            "range",
            f"经度 {longitude:g}、纬度 {latitude:g} 不在地球上",
            f"longitude {longitude:g}, latitude {latitude:g} is not on the earth",
            "先经度（-180 至 180）、后纬度（-90 至 90），单位为度",
            "longitude (-180 to 180) first, then latitude (-90 to 90), in degrees",
        )


def _refused(code: str, zh: str, en: str, repair_zh: str, repair_en: str) -> GeometryRefused:
    return GeometryRefused.of(f"geometry.{code}", zh, en, repair=(repair_zh, repair_en))
