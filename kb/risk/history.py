"""Events of the past, counted: all that the index knows of them.

Hours of which nothing at all was observed count as not covered, so that a source that delivers some hours of
some days is not taken for a quiet one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
from numpy.typing import NDArray

from kb.errors import InputError
from kb.sensing.gathering import counted

WEEK, YEAR = 168, 12
"""Hours of the week, from Monday 0:00; months of the year."""
ENOUGH = 3_000_000
"""So many events tell which parameters are likeliest, and how many hits there are."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class History:
    """Counts by cell and category (C × K), by category and hour of the week (K × 168), by month (K × 12).

    *hours* are the hours that are covered (as ``datetime64[h]``); *categories* the slugs, in the order of K.
    """

    categories: tuple[str, ...]
    cells: Floats
    week: Floats
    year: Floats
    hours: NDArray[np.datetime64]

    @property
    def total(self) -> Floats:
        """How many events each category has."""
        found: Floats = self.cells.sum(axis=0)
        return found

    @property
    def covered(self) -> tuple[Floats, Floats]:
        """How many covered hours fall on each hour of the week, and in each month."""
        week, month = slots(self.hours)
        return (
            np.bincount(week, minlength=WEEK).astype(float),
            np.bincount(month, minlength=YEAR).astype(float),
        )


def slots(hours: NDArray[np.datetime64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the hour of the week (0: Monday 0:00) and the month (0: January) of each of *hours*."""
    since = hours.astype("datetime64[h]").astype(np.int64)
    months = hours.astype("datetime64[M]").astype(np.int64)
    return (since + 3 * 24) % WEEK, months % YEAR  # 1970 began with a Thursday


def read(
    placed: ir.Table,
    categories: Sequence[str],
    cells: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> History:
    """Count the observations *placed* on a grid of so many *cells*, from *since* until before *until*.

    :param placed: an answer of :func:`kb.sensing.gathering.placed`; its categories are places in
    *categories*.
    :raises InputError: ``risk.no-events``, where none of them is of *categories*.
    """
    table = placed
    if since is not None:
        table = table.filter(table.time >= ibis.literal(since))
    if until is not None:
        table = table.filter(table.time < ibis.literal(until))
    rows = counted(table, "category", window="hour").to_pyarrow()
    if not rows.num_rows:
        raise InputError.of(
            "risk.no-events",
            "没有落在网格内且属于已知类别的事件",
            "no event lies in the grid and is of a known category",
            repair=("检查来源说明与坐标", "check the description of the source, and the coordinates"),
        )
    kinds, number = rows["category"].to_numpy(), rows["number"].to_numpy().astype(float)
    hours = rows["window"].to_numpy().astype("datetime64[h]")
    week, month = slots(hours)

    def by(columns: int, which: NDArray[np.int64]) -> Floats:
        found = np.zeros((len(categories), columns))
        np.add.at(found, (kinds, which), number)
        return found

    places = counted(table, "cell", "category").to_pyarrow()
    counts = np.zeros((cells, len(categories)))
    counts[places["cell"].to_numpy(), places["category"].to_numpy()] = places["number"].to_numpy()
    return History(tuple(categories), counts, by(WEEK, week), by(YEAR, month), np.unique(hours))


def events(placed: ir.Table, since: datetime, until: datetime | None = None) -> dict[str, NDArray[Any]]:
    """Return the events from *since* on, by ``cell``, ``category`` and ``hour``: their ``number``.

    Of more than :data:`ENOUGH` events, those in every n-th cell.
    """
    table = placed.filter(placed.time >= ibis.literal(since))
    if until is not None:
        table = table.filter(table.time < ibis.literal(until))
    number = table.count().to_pyarrow().as_py()
    if number > ENOUGH:
        table = table.filter(table.cell % -(-number // ENOUGH) == 0)
    rows = counted(table, "cell", "category", window="hour").to_pyarrow()
    return {
        "cell": rows["cell"].to_numpy().astype(np.int64),
        "category": rows["category"].to_numpy().astype(np.int64),
        "hour": rows["window"].to_numpy().astype("datetime64[h]"),
        "number": rows["number"].to_numpy().astype(float),
    }


def split(placed: ir.Table, share: float = 0.2) -> datetime:
    """Return the moment from which the last *share* of the covered days is held back."""
    rows = counted(placed, window="day").to_pyarrow()["window"].to_numpy().astype("datetime64[D]")
    days = np.sort(rows)
    if len(days) < 2:
        raise InputError.of(
            "risk.too-short",
            "历史不足两天，无法按时间划分",
            "history covers less than two days: it cannot be split",
        )
    at = days[min(len(days) - 1, max(1, round(len(days) * (1 - share))))]
    return datetime.fromisoformat(str(at))
