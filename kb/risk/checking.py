"""Whether the index finds what happens: hits in the top grid-hours of held-back events, beside plain
baselines.

A grid-hour is one cell in one hour. Of all grid-hours of the held-back time, the top share by a score are
marked; the hit rate is the part of the events that fall in them. Grid-hours with equal scores at the edge
are taken in part, so that ties neither help nor harm. Baselines: counting (events of the cell, whatever the
hour), counting by hour (times the hours of the week), and chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis.expr.types as ir
import numpy as np
from numpy.typing import NDArray

from kb.errors import InputError
from kb.risk import choosing, history
from kb.risk.history import Floats, History
from kb.risk.index import Neighbours, Parameters, compute, times
from kb.risk.method import Method

TOP = 0.05
"""The share of grid-hours that a duty room can look at."""
MOST = 5_000_000
"""So many grid-hours are scored; of more hours, every n-th."""


@dataclass(frozen=True, slots=True)
class Score:
    """One way of ranking grid-hours: the part of events hit, and how many times chance that is."""

    name: str
    hit_rate: float
    lift: float


@dataclass(frozen=True, slots=True)
class Check:
    """What a check on held-back events found."""

    since: datetime
    trained: int
    held_back: int
    cells: int
    hours: int
    share: float
    parameters: Parameters
    scores: tuple[Score, ...]
    interval: tuple[float, float]
    """The 95 % interval of the difference in hit rate of the index and of counting (bootstrap)."""


def check(
    placed: ir.Table,
    method: Method,
    neighbours: Neighbours,
    cells: int,
    *,
    since: datetime | None = None,
    share: float = TOP,
) -> Check:
    """Learn from what was before *since* and check on what came then; parameters are chosen before it, too.

    :param placed: an answer of :func:`kb.sensing.gathering.placed`, computed already.
    :param since: ``None``: the last fifth of the covered days is held back.
    :raises InputError: ``risk.too-short``, ``risk.no-events``.
    """
    since = since or history.split(placed)
    categories = [category.slug for category in method.categories]
    past = history.read(placed, categories, cells, until=since)
    earlier = placed.filter(placed.time < since)
    inner = history.split(earlier)
    parameters, _ = choosing.choose(
        method,
        history.read(placed, categories, cells, until=inner),
        neighbours,
        history.events(placed, inner, since),
    )
    later = history.events(placed, since)
    if not len(later["cell"]):
        raise InputError.of(
            "risk.no-events", "留出的时段内没有事件", "there are no events in the time that is held back"
        )
    index = compute(past, neighbours, parameters)
    hours = np.unique(later["hour"])
    hours = hours[:: max(1, int(len(hours) * cells // MOST))]
    ranked = {
        "index": index.expected(hours),
        "counting": np.repeat(past.cells.sum(axis=1)[:, None], len(hours), axis=1),
        "counting by hour": _by_hour(past, hours, method.time_prior),
        "chance": np.zeros((cells, len(hours))),
    }
    hits = {name: _hits(scores, later, hours, share) for name, scores in ranked.items()}
    number = later["number"][np.isin(later["hour"], hours)]
    scores = tuple(
        Score(
            name,
            float((hit * number).sum() / number.sum()),
            float((hit * number).sum() / number.sum() / share),
        )
        for name, hit in hits.items()
    )
    return Check(
        since, int(past.total.sum()), int(number.sum()), cells, len(hours), share, parameters, scores,
        _interval(hits["index"] - hits["counting"], number),
    )  # fmt: skip


def _by_hour(past: History, hours: NDArray[np.datetime64], prior: float) -> Floats:
    week, _ = times(past, prior)
    slots, _ = history.slots(hours)
    found: Floats = past.cells @ week[:, slots]
    return found


def _hits(
    scores: Floats, later: Mapping[str, NDArray[Any]], hours: NDArray[np.datetime64], share: float
) -> Floats:
    """Return for each of the *later* events in *hours* how far its grid-hour is marked: 0 to 1."""
    known = np.isin(later["hour"], hours)
    at = scores[later["cell"][known], np.searchsorted(hours, later["hour"][known])]
    flat = scores.ravel()
    marked = share * flat.size
    place = min(flat.size - 1, int(marked))
    edge = np.partition(flat, flat.size - 1 - place)[flat.size - 1 - place]
    above, level = int((flat > edge).sum()), int((flat == edge).sum())
    part = (marked - above) / level
    return np.where(at > edge, 1.0, np.where(at == edge, part, 0.0))


def _interval(difference: Floats, number: Floats, rounds: int = 1000) -> tuple[float, float]:
    random = np.random.default_rng(0)
    each = np.repeat(difference, number.astype(int))
    if len(each) > 100_000:
        each = random.choice(each, 100_000, replace=False)
    means = [
        float(random.choice(each, len(each)).mean()) for _ in range(rounds if len(each) < 10_000 else 100)
    ]
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
