"""The index: expected events of a grid in an hour, as a product whose every factor is shown.

For a cell c, a category k, and an hour in slot h of the week and month m::

    rate(c, k)  = (n + p · mean) / (T + p · T / N)      events an hour; n in the cell, T hours covered,
                                                        N events of a mean cell; p the prior, in events
    mean        = (1 - s) · around + s · city           neighbours by a Gaussian kernel; s the city's share
    risk        = rate · hour(k, h) · month(k, m) · place(c)
    index       = risk / mean risk of all cells and hours

With p near 0 rates are plain counts; so the family holds counting, and choosing (:mod:`kb.risk.choosing`) can
only take something else where that is likelier. After Marshall (1991); see ``ontology/risk.ttl``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from kb.geo.index import GridIndex
from kb.risk.history import Floats, History, slots

REACH = 2.5
"""Neighbours further than so many bandwidths are left out."""
BLOCK = 4_096
"""So many cells at a time look for their neighbours: a megacity's pairs would fill the memory."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """*bandwidth* in mean sides of a cell (0: no neighbours), *prior* in events of a mean cell."""

    bandwidth: float
    prior: float
    city_share: float
    time_prior: float


@dataclass(frozen=True, eq=False)
class Index:
    """The index of all cells (C), categories (K), hours of the week and months.

    *history*, *around* and *base* are relative rates (C × K), of which the mean cell has 1: what was counted,
    what the neighbours have, and what comes of both. *place* (C) are the factors of what else is there.
    """

    categories: tuple[str, ...]
    parameters: Parameters
    history: Floats
    around: Floats
    base: Floats
    week: Floats
    year: Floats
    place: Floats
    hourly: Floats
    """Events an hour in a mean cell, by category."""

    def relative(self, category: int, hour: int | None = None, month: int | None = None) -> Floats:
        """Return the index of each cell in one category: 1 is the mean over cells and hours."""
        return self.base[:, category] * self.place * self.times(category, hour, month)

    def times(self, category: int, hour: int | None, month: int | None) -> float:
        """Return the factor of an hour of the week and a month; ``None``: of all of them."""
        week = 1.0 if hour is None else self.week[category, hour]
        year = 1.0 if month is None else self.year[category, month]
        return float(week * year)

    def total(self, weights: Sequence[float], hour: int | None = None, month: int | None = None) -> Floats:
        """Return the index of each cell over all categories, each event counting as *weights* say."""
        weighed = np.array(weights) * self.hourly
        summed = sum(
            weight * self.relative(category, hour, month) for category, weight in enumerate(weighed) if weight
        )
        found: Floats = np.asarray(summed / max(weighed.sum(), 1e-300)) * np.ones(len(self.place))
        return found

    def expected(self, hours: NDArray[np.datetime64]) -> Floats:
        """Return the events that are expected in each cell and each of *hours*, all categories together."""
        week, month = slots(hours)
        times = self.week[:, week] * self.year[:, month] * self.hourly[:, None]  # K × hours
        found: Floats = (self.base * self.place[:, None]) @ times
        return found


class Neighbours:
    """Means around each cell of *index*, by a Gaussian kernel over the distance of their middles."""

    def __init__(self, index: GridIndex) -> None:
        west, south, east, north = index.bounds
        narrow = np.cos(np.radians((south + north) / 2))
        self._points = index.centres * [narrow, 1.0]  # a degree is as long in both directions
        self._tree = shapely.STRtree(shapely.points(self._points))
        self.side = float(np.sqrt((east - west) * narrow * (north - south) / len(index)))
        """The mean side of a cell, in degrees of latitude."""

    def mean(self, values: Floats, bandwidth: float) -> Floats:
        """Return for each cell the weighted mean of *values* (C × K) around it, itself included."""
        if bandwidth <= 0:
            return np.broadcast_to(values.mean(axis=0), values.shape)
        width = bandwidth * self.side
        found = np.zeros_like(values)
        filled = np.flatnonzero(values.any(axis=0))  # most sources know few of the categories
        for begin in range(0, len(values), BLOCK):
            block = slice(begin, min(begin + BLOCK, len(values)))
            here, there = self._tree.query(
                shapely.points(self._points[block]), predicate="dwithin", distance=REACH * width
            )
            squared = ((self._points[block][here] - self._points[there]) ** 2).sum(axis=1)
            weight = np.exp(-squared / (2 * width**2))
            size = block.stop - block.start
            whole = np.bincount(here, weight, minlength=size)
            for column in filled:
                sums = np.bincount(here, weight * values[there, column], minlength=size)
                found[block, column] = sums / whole
        return found


def times(history: History, prior: float) -> tuple[Floats, Floats]:
    """Return the factors of the hours of the week (K × 168) and of the months (K × 12).

    Both are shrunk towards 1 by *prior* events in each slot; an hour of the week additionally towards its
    hour of the day, which has seven times as much history. Their mean over the covered hours is 1.
    """
    covered_week, covered_year = history.covered
    rate = history.total / len(history.hours)  # events an hour
    day = history.week.reshape(-1, 7, 24).sum(axis=1)
    covered_day = covered_week.reshape(7, 24).sum(axis=0)
    daily = (day + prior) / (np.outer(rate, covered_day) + prior)
    hourly = np.tile(daily, 7)
    week = (history.week + prior * hourly) / (np.outer(rate, covered_week) + prior)
    year = (history.year + prior) / (np.outer(rate, covered_year) + prior)
    for factors, covered in ((week, covered_week), (year, covered_year)):
        factors /= (factors @ covered / covered.sum())[:, None]
    return week, year


def compute(
    history: History,
    neighbours: Neighbours,
    parameters: Parameters,
    place: Floats | None = None,
    around: Floats | None = None,
) -> Index:
    """Return the index that *history* gives under *parameters*.

    :param place: a factor for each cell; ``None``: 1 for each.
    :param around: what :meth:`Neighbours.mean` says of the relative rates, where it is known already.
    """
    mean = np.maximum(history.total / len(history.cells), 1e-300)
    relative = history.cells / mean  # 1 is a mean cell
    if around is None:
        around = neighbours.mean(relative, parameters.bandwidth)
    city = 1.0 if parameters.bandwidth else 0.0
    prior_mean = around if not city else (1 - parameters.city_share) * around + parameters.city_share
    # (n + p · mean) / (N + p), in mean cells: T and N are the same for all cells.
    base = (history.cells + parameters.prior * prior_mean) / (mean + parameters.prior)
    base /= np.maximum(base.mean(axis=0), 1e-300)
    week, year = times(history, parameters.time_prior)
    factors = np.ones(len(relative)) if place is None else place / place.mean()
    hourly = history.total / len(history.cells) / len(history.hours)
    return Index(history.categories, parameters, relative, around, base, week, year, factors, hourly)
