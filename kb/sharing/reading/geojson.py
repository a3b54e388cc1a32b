"""GeoJSON (RFC 7946): a record a feature."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any

from kb.errors import Fault, Text
from kb.sharing.csvw import Table
from kb.sharing.reading import Record, Unreadable, Value, guard

GEOMETRIES = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
"""How deep the positions of each kind of geometry lie in lists."""


def read_geojson(file: IO[bytes], table: Table) -> Iterator[Record]:
    """Yield a record for every feature: its properties, and its geometry in the columns that ask for it.

    A point fills ``longitude`` and ``latitude``; any geometry fills ``geometry`` as well-known text.
    """
    data = load(file)
    features = (
        data.get("features") if isinstance(data, dict) and data.get("type") == "FeatureCollection" else None
    )
    if not isinstance(features, list):
        raise Unreadable(
            "format", "不是 GeoJSON 的 FeatureCollection", "this is no FeatureCollection of GeoJSON"
        )
    for number, feature in enumerate(features):
        yield _record(f"/features/{number}", feature, table)


def load(file: IO[bytes]) -> Any:
    """Return the JSON document in *file*, which may be nested 64 deep."""
    text = file.read()
    guard.json(text)
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unreadable(
            "format", f"JSON 语法错误：{error}", f"not well-formed JSON: {error}", where
        ) from error


def _record(position: str, feature: object, table: Table) -> Record:
    record = Record(position, {})
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        record.faults.append(
            Fault("delivery.feature", Text("不是 GeoJSON 的 Feature", "this is no Feature of GeoJSON"))
        )
        return record
    properties = feature.get("properties")
    for key, value in properties.items() if isinstance(properties, dict) else ():
        column = table.find(key)
        if column is None:
            record.faults.append(table.unknown(key))
        elif not column.suppressed:
            record.values[column.name] = plain(value)
    geometry = feature.get("geometry")
    if geometry is not None:
        _place(record, geometry, table)
    return record


def plain(value: object) -> Value:
    """Return a value of JSON as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return [str(plain(item)) for item in value]
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _place(record: Record, geometry: object, table: Table) -> None:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    depth = GEOMETRIES.get(str(kind))
    try:
        if depth is None or not isinstance(geometry, dict):
            raise ValueError("type")
        coordinates = geometry["coordinates"]
        text = f"{str(kind).upper()} {_wkt(coordinates, depth)}"
        if depth == 0:
            for name, number in zip(("longitude", "latitude"), coordinates, strict=False):
                if name in table.names:
                    record.values.setdefault(name, str(number))
        if "geometry" in table.names:
            record.values["geometry"] = text
    except (ValueError, TypeError, KeyError, IndexError):
        record.faults.append(
            Fault(
                "delivery.geometry",
                Text("几何对象不符合 GeoJSON", "the geometry is not that of GeoJSON"),
                "geometry",
                Text(
                    f"类型须为 {'、'.join(GEOMETRIES)}，坐标为 [经度, 纬度]",
                    f"its type is one of {', '.join(GEOMETRIES)}, its positions are [longitude, latitude]",
                ),
            )
        )


def _wkt(coordinates: Any, depth: int) -> str:
    if depth == 0:
        return f"({_pair(coordinates)})"
    if not isinstance(coordinates, list) or not coordinates:
        raise ValueError("coordinates")
    if depth == 1:
        return "(" + ", ".join(_pair(item) for item in coordinates) + ")"
    return "(" + ", ".join(_wkt(item, depth - 1) for item in coordinates) + ")"


def _pair(position: Any) -> str:
    longitude, latitude = position[0], position[1]  # a height, if there is one, is left out
    if not (-180 <= float(longitude) <= 180 and -90 <= float(latitude) <= 90):
        raise ValueError("position")
    return f"{longitude} {latitude}"
