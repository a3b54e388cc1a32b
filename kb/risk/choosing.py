"""Parameters chosen on history itself: those under which its last part would have been likeliest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.risk.history import History, slots
from kb.risk.index import Index, Neighbours, Parameters, compute
from kb.risk.method import Method

LEAST = 1e-12
"""The least rate that is expected anywhere: an event where none could be would be infinitely unlikely."""


def choose(
    method: Method, history: History, neighbours: Neighbours, later: Mapping[str, NDArray[Any]]
) -> tuple[Parameters, list[tuple[Parameters, float]]]:
    """Return the best of the method's candidates, and all of them with their log-likelihoods.

    :param history: the earlier part; *later*: the events after it (:func:`kb.risk.history.events`).
    """
    tried: list[tuple[Parameters, float]] = []
    mean = np.maximum(history.total / len(history.cells), 1e-300)
    for bandwidth in method.bandwidths:
        around = neighbours.mean(history.cells / mean, bandwidth)
        for prior in method.priors:
            parameters = Parameters(bandwidth, prior, method.city_share, method.time_prior)
            tried.append(
                (parameters, likelihood(compute(history, neighbours, parameters, around=around), later))
            )
    return max(tried, key=lambda one: one[1])[0], tried


def likelihood(index: Index, later: Mapping[str, NDArray[Any]]) -> float:
    """Return the mean logarithm of what *index* expected where the *later* events happened.

    Only where and when are judged, not how many: the number of events is taken as it came.
    """
    week, month = slots(later["hour"])
    cell, kind = later["cell"], later["category"]
    expected = index.base[cell, kind] * index.place[cell] * index.week[kind, week] * index.year[kind, month]
    logs = np.log(np.maximum(expected, LEAST))
    return float((logs * later["number"]).sum() / max(later["number"].sum(), 1))
