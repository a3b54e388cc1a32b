"""Files of a source as one table of canonical columns: an Ibis expression, the same on DuckDB and on Spark.

::

    time        timestamp  when it was observed, by the clocks of its place: hours and seasons are local
    position    int64      longitude and latitude in hundred-thousandths of a degree (a metre), in one number
    category    int8       the place of its risk category in a list that the caller gives
    value       float64    what was read; only where the source has values

Numbers, not names: a hundred million observations are kept in memory. Rows without a time, a place on the
earth or a category of the list are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv, json

from kb.errors import InputError
from kb.inference.relational.connection import Connection
from kb.sensing.source import Column, Source

STEP = 100_000
"""Positions are told apart by so many steps in a degree: about a metre."""
SHIFT = 1 << 26
"""Longitude counts so much in a position: more than there are steps of latitude."""


class ObservationsRefused(InputError):
    """A file or a push that is not as its source is described."""


def read(connection: Connection, source: Source, *paths: Path, categories: Sequence[str]) -> ir.Table:
    """Return the observations in *paths*, files of *source*, that are of *categories* (slugs).

    Parquet is read by the engine, as large as it may be; CSV (also ``.csv.gz``) and JSON lines by Arrow
    first.

    :raises ObservationsRefused: ``sensing.file``, ``sensing.column``.
    """
    parquet = [path for path in paths if path.suffix == ".parquet"]
    tables = [canonical(connection.read(*parquet), source, categories, str(parquet[0]))] if parquet else []
    for path in paths:
        if path.suffix != ".parquet":
            tables.append(canonical(connection.table(_arrow(path, source)), source, categories, str(path)))
    if not tables:
        raise ObservationsRefused.of("sensing.file", "没有给出文件", "no file is given")
    return tables[0] if len(tables) == 1 else ibis.union(*tables)


def canonical(raw: ir.Table, source: Source, categories: Sequence[str], where: str = "") -> ir.Table:
    """Return the columns of *raw* in the terms of this module, without the rows that lack something."""
    names = raw.columns

    def column(wanted: Column) -> ir.Column:
        name = wanted.among(names)
        if name is None:
            title = wanted.name or str(wanted.number)
            raise ObservationsRefused.of(
                "sensing.column",
                f"没有列 {title}",
                f"there is no column {title}",
                where=where,
                repair=(f"该文件的列：{'、'.join(names)[:200]}", f"its columns: {', '.join(names)[:200]}"),
            )
        return raw[name]

    longitude, latitude = (column(c).try_cast("float64") for c in (source.longitude, source.latitude))
    on_earth = longitude.between(-180.0, 180.0) & latitude.between(-90.0, 90.0)
    columns: dict[str, ir.Value] = {
        "time": _time(column(source.time), source),
        "position": on_earth.ifelse(_position(longitude, latitude), ibis.null("int64")),
        "category": _category(
            None if source.category is None else column(source.category), source, categories
        ),
    }
    if source.value is not None:
        columns["value"] = column(source.value).try_cast("float64")
    return raw.select(**columns).drop_null()


def decode(positions: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitudes and latitudes of *positions*, in degrees."""
    longitudes, latitudes = np.divmod(positions, SHIFT)
    return longitudes / STEP - 180, latitudes / STEP - 90


def _position(longitude: ir.FloatingColumn, latitude: ir.FloatingColumn) -> ir.IntegerColumn:
    east = ((longitude + 180) * STEP + 0.5).floor().cast("int64")
    north = ((latitude + 90) * STEP + 0.5).floor().cast("int64")
    return east * SHIFT + north


def _time(column: ir.Column, source: Source) -> ir.TimestampColumn:
    kind = column.type()
    if kind.is_timestamp():
        if kind.timezone is not None:
            raise ObservationsRefused.of(
                "sensing.zone", "时间列应为当地时间，不带时区", "times are local and have no zone"
            )
        return column
    if kind.is_integer():  # seconds since 1970, at the source's place
        return column.as_timestamp("s")
    if source.time.format is not None:
        return column.as_timestamp(source.time.format)
    return column.try_cast("timestamp")


def _category(column: ir.Column | None, source: Source, categories: Sequence[str]) -> ir.IntegerValue:
    places = {slug: ibis.literal(place, "int8") for place, slug in enumerate(categories)}
    nothing = ibis.null("int8")
    otherwise = nothing if source.otherwise is None else places.get(source.otherwise, nothing)
    if column is None:
        return otherwise
    text = column.cast("string")
    cases = [(text.startswith(begins), places.get(means, nothing)) for begins, means in source.categories]
    return ibis.cases(*cases, else_=otherwise) if cases else otherwise


def _arrow(path: Path, source: Source) -> pa.Table:
    try:
        if path.name.endswith((".csv", ".csv.gz")):
            return csv.read_csv(
                path,
                read_options=csv.ReadOptions(autogenerate_column_names=not source.header),
                convert_options=csv.ConvertOptions(
                    timestamp_parsers=[] if source.time.format else [csv.ISO8601], strings_can_be_null=True
                ),
            )
        if path.suffix in (".jsonl", ".ndjson"):
            return json.read_json(path)
    except (OSError, pa.ArrowException) as error:
        raise ObservationsRefused.of(
            "sensing.file", f"无法读取：{error}", f"cannot be read: {error}", where=str(path)
        ) from error
    raise ObservationsRefused.of(
        "sensing.format",
        f"不认识的格式 {path.suffix}",
        f"unknown format {path.suffix}",
        where=str(path),
        repair=("用 .parquet、.csv、.csv.gz 或 .jsonl", "use .parquet, .csv, .csv.gz or .jsonl"),
    )
