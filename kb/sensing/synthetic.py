"""Observations of a made-up megacity, for benchmarks: fixed places, categories, hours and seasons that
differ.

Calls, alarms and sensors are at places: so are these, at *places* positions, of which some send far more than
others (a Pareto law). Hours follow a daily curve, months a yearly one. With the same seed, the same table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kb.sensing.source import SOURCES, Column, Source

SOURCE = Source(
    SOURCES + "synthetic",
    "Asia/Shanghai",
    True,
    Column("time", None),
    Column("longitude", None),
    Column("latitude", None),
    Column("category", None),
    None,
    Column("id", None),
    (),
    None,
)
"""How the files that :func:`write` makes are to be read, once it is told the categories."""
CHUNK = 5_000_000
YEAR = np.datetime64("2025-01-01T00:00:00", "us")
HOURS = np.array([2, 1.5, 1, 1, 1, 1.5, 3, 5, 7, 7, 6, 6, 6, 6, 6, 6, 7, 8, 8, 7, 6, 5, 4, 3])


def source(categories: Sequence[str]) -> Source:
    """Return how the files are to be read: a category is written as its slug."""
    return Source(
        SOURCE.iri, SOURCE.zone, True, SOURCE.time, SOURCE.longitude, SOURCE.latitude, SOURCE.category,
        None, SOURCE.id, tuple((slug, slug) for slug in categories), None,
    )  # fmt: skip


def write(
    path: Path,
    number: int,
    bounds: tuple[float, float, float, float],
    categories: Sequence[str],
    *,
    places: int = 2_000_000,
    seed: int = 7,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write *number* observations of the year 2025 into the Parquet file *path*.

    :param bounds: west, south, east and north of the city, in degrees.
    :param places: at so many different positions, at most.
    :param progress: told how many are written.
    """
    random = np.random.default_rng(seed)
    west, south, east, north = bounds
    places = min(places, max(1, number // 10))
    centres = random.uniform((west, south), (east, north), (max(1, places // 500), 2))
    spread = np.array([east - west, north - south]) * 0.01
    at = centres[random.integers(0, len(centres), places)] + random.normal(0, 1, (places, 2)) * spread
    at = at.clip((west, south), (east, north))
    weights = (random.pareto(1.2, places) + 0.1).clip(max=1_000).cumsum()
    hours = HOURS.cumsum() / HOURS.sum()
    kinds = pa.array(categories)
    writer: pq.ParquetWriter | None = None
    for done in range(0, number, CHUNK):
        size = min(CHUNK, number - done)
        chosen = np.searchsorted(weights, random.uniform(0, weights[-1], size))
        day = random.integers(0, 365, size)
        second = np.searchsorted(hours, random.random(size)) * 3600 + random.integers(0, 3600, size)
        # A place has a main category: which, its number says.
        kind = np.where(random.random(size) < 0.6, chosen, random.integers(0, 1 << 30, size)) % len(
            categories
        )
        table = pa.table(
            {
                "id": np.arange(done, done + size),
                "time": YEAR + (day * 86_400 + second).astype("timedelta64[s]"),
                "longitude": at[chosen, 0],
                "latitude": at[chosen, 1],
                "category": pa.DictionaryArray.from_arrays(pa.array(kind.astype(np.int32)), kinds),
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
        if progress is not None:
            progress(done + size)
    if writer is not None:
        writer.close()
