"""Observations on a grid: which cell each is in, and how many there are by cell, category and window of time.

Every expression here is Ibis, so it means the same on DuckDB and on Spark. Only positions leave the engine,
each once: an address or a sensor stays where it is, so a hundred million observations have a few million of
them. shapely finds their cells, and the engine joins them back.
"""

from __future__ import annotations

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from kb.geo.index import NOWHERE, GridIndex
from kb.inference.relational.connection import Connection
from kb.sensing.table import decode

WINDOWS = ("hour", "day", "month", "hourOfWeek", "monthOfYear", "ever")
"""Windows of time: three that follow one another, two that come round, and all of it."""
CHUNK = 1_000_000
"""So many positions are located at a time."""


def placed(connection: Connection, observations: ir.Table, index: GridIndex) -> ir.Table:
    """Return *observations* with their ``cell`` (its number in *index*), without those outside of all
    cells."""
    kept = connection.stored(observations)  # read and understood once
    places = connection.stored(connection.table(_located(kept.select("position").distinct(), index)))
    return connection.stored(kept.join(places, "position").drop("position"))


def counted(observations: ir.Table, *keys: str, window: str = "ever") -> ir.Table:
    """Return how many observations there are, and the sum of their values (or the number), for each of
    *keys* and *window*.

    :param keys: of ``cell`` and ``category``.
    :param window: one of :data:`WINDOWS`; its beginning stands in the column ``window``: a timestamp, or a
        number: hours from Monday 0:00 (0 to 167), months (1 to 12).
    """
    time = observations.time
    windows = {
        "hour": lambda: time.truncate("h"),
        "day": lambda: time.truncate("D"),
        "month": lambda: time.truncate("M"),
        "hourOfWeek": lambda: time.day_of_week.index().cast("int32") * 24 + time.hour().cast("int32"),
        "monthOfYear": lambda: time.month().cast("int32"),
    }
    if window == "ever":
        grouped = observations.group_by(*keys)
    else:
        grouped = observations.mutate(window=windows[window]()).group_by(*keys, "window")
    return grouped.aggregate(
        number=lambda t: t.count(), total=lambda t: t.value.sum() if "value" in t.columns else t.count()
    )


def span(observations: ir.Table) -> ir.Table:
    """Return one row: the first and the last time, and the number of observations."""
    return observations.aggregate(
        first=observations.time.min(), last=observations.time.max(), number=observations.count()
    )


def _located(positions: ir.Table, index: GridIndex) -> pa.Table:
    keys = positions.to_pyarrow()["position"].to_numpy()
    cells = np.empty(len(keys), dtype=np.int32)
    for begin in range(0, len(keys), CHUNK):
        part = slice(begin, begin + CHUNK)
        cells[part] = index.numbers(*decode(keys[part]))
    inside = cells != NOWHERE
    return pa.table({"position": keys[inside], "cell": cells[inside]})


def bounds(observations: ir.Table) -> tuple[float, float, float, float]:
    """Return west, south, east and north of *observations*, in degrees; the farthest hundredth left out.

    A wrong coordinate or two should not widen a grid to the whole earth.
    """
    longitudes, latitudes = decode(observations.select("position").to_pyarrow()["position"].to_numpy())
    west, east = np.quantile(longitudes, (0.005, 0.995))
    south, north = np.quantile(latitudes, (0.005, 0.995))
    return float(west), float(south), float(east), float(north)
