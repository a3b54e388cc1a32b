"""An assessment as it is kept: the numbers of all grids in one file beside the store, what matters in the
graph."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyoxigraph import Literal, NamedNode, Triple

from kb.city import terms
from kb.errors import NotFound
from kb.geo.index import GridIndex
from kb.namespaces import PROV, RDF_TYPE, XSD, graph, xz
from kb.risk.checking import Check
from kb.risk.history import WEEK, Floats
from kb.risk.index import Index, Parameters
from kb.risk.method import Method

ARRAYS = ("history", "around", "base", "week", "year", "place", "hourly")
SAMPLE = 20_000
"""So many cells, at even steps, stand for all where the highest shares of grid-hours are looked for."""


@dataclass(frozen=True, eq=False)
class Assessment:
    """The *index* of all cells of a city, when and from what it was made, and how it did on held-back events.

    *counted* is F × C (:mod:`kb.risk.factors`); *cuts* is (K + 1) × thresholds: from which index on a
    category, or last all together, is of a level.
    """

    city: str
    made: str
    first: str
    last: str
    events: int
    source: str
    index: Index
    counted: NDArray[np.int64]
    cuts: Floats
    check: dict[str, Any] | None

    def levels(self, values: Floats, category: int) -> NDArray[np.int64]:
        """Return the number of the threshold that each of *values* reaches; their number where it is none."""
        found: NDArray[np.int64] = (values[:, None] < self.cuts[category]).sum(axis=1)
        return found


def named(city: str) -> NamedNode:
    """Return the graph of what is known of the risk of *city*."""
    return graph(f"risk/{city}")


def cuts(method: Method, index: Index) -> Floats:
    """Return from which index on a category, or last all of them together, is of each level.

    The share of grid-hours is over all cells and hours of a week, for a mean month.
    """
    chosen = np.arange(0, len(index.place), max(1, len(index.place) // SAMPLE))
    shares = [1 - threshold.share for threshold in method.thresholds]
    least = np.array([threshold.times for threshold in method.thresholds])
    weights = np.array([category.weight for category in method.categories]) * index.hourly
    rows = []
    total = np.zeros((len(chosen), WEEK), dtype=np.float32)
    for category in range(len(index.categories)):
        values = np.outer(index.relative(category)[chosen], index.week[category]).astype(np.float32)
        rows.append(np.maximum(np.quantile(values, shares), least))
        total += (values * weights[category] / max(weights.sum(), 1e-300)).astype(np.float32)
    rows.append(np.maximum(np.quantile(total, shares), least))
    return np.array(rows)


def save(folder: Path, assessment: Assessment, cells: GridIndex) -> None:
    """Write *assessment* into *folder*; whoever reads meanwhile reads the one before."""
    folder.mkdir(parents=True, exist_ok=True)
    index = assessment.index
    told = {
        "city": assessment.city, "made": assessment.made, "first": assessment.first, "last": assessment.last,
        "events": assessment.events, "source": assessment.source, "check": assessment.check,
        "categories": index.categories, "parameters": asdict(index.parameters), "cells": _digest(cells),
    }  # fmt: skip
    arrays = {name: getattr(index, name) for name in ARRAYS}
    partial = folder / f"{assessment.city}.partial"
    with partial.open("wb") as file:
        np.savez_compressed(
            file, told=np.array(json.dumps(told)), counted=assessment.counted, cuts=assessment.cuts, **arrays
        )
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / f"{assessment.city}.npz")


def load(folder: Path, city: str, cells: GridIndex) -> Assessment:
    """Return the last assessment of *city*.

    :raises NotFound: ``risk.not-assessed``: there is none for the grids as they are.
    """
    path = folder / f"{city}.npz"
    if city.isdecimal() and path.is_file():
        with np.load(path, allow_pickle=False) as kept:
            told = json.loads(str(kept["told"]))
            if told["cells"] == _digest(cells):
                index = Index(
                    tuple(told["categories"]),
                    Parameters(**told["parameters"]),
                    **{name: kept[name] for name in ARRAYS},
                )
                return Assessment(
                    city, told["made"], told["first"], told["last"], told["events"], told["source"],
                    index, kept["counted"], kept["cuts"], told["check"],
                )  # fmt: skip
    raise NotFound.of(
        "risk.not-assessed",
        f"城市 {city[:20]} 的网格还没有做过风险评估",
        f"the risk of the grids of {city[:20]} has not been assessed",
        repair=("先运行 xiezhi risk assess", "run xiezhi risk assess first"),
    )


def triples(assessment: Assessment, method: Method, cells: GridIndex) -> Iterator[Triple]:
    """Yield what of *assessment* enters the graph: that it was made, and grids of a level that proposes."""
    city, index = assessment.city, assessment.index
    activity = terms.of_city(city, f"risk-assessment/{assessment.made}")
    made = Literal(assessment.made, datatype=NamedNode(XSD + "dateTime"))
    yield Triple(activity, RDF_TYPE, xz("RiskAssessment"))
    yield Triple(activity, NamedNode(PROV + "endedAtTime"), made)
    yield Triple(activity, NamedNode(PROV + "used"), NamedNode(assessment.source))
    yield Triple(activity, NamedNode(PROV + "hadPlan"), method.iri)
    yield Triple(named(city), NamedNode(PROV + "wasGeneratedBy"), activity)
    proposing = [n for n, threshold in enumerate(method.thresholds) if threshold.proposes]
    known = {category.slug: category for category in method.categories}
    for number, slug in enumerate(index.categories):
        if slug not in known or not index.hourly[number]:
            continue
        values = index.relative(number)
        levels = assessment.levels(values, number)
        for at in np.flatnonzero(np.isin(levels, proposing)):
            code = cells.cells[at].value.rpartition("/")[2]
            risk = terms.of_city(city, f"risk/{slug}/{code}")
            yield Triple(risk, RDF_TYPE, xz("GridRisk"))
            yield Triple(risk, xz("ofGrid"), cells.cells[at])
            yield Triple(risk, xz("ofRiskCategory"), known[slug].iri)
            yield Triple(risk, xz("ofRiskLevel"), method.thresholds[levels[at]].level)
            yield Triple(risk, xz("relativeRisk"), _decimal(values[at]))
            yield Triple(risk, NamedNode(PROV + "wasGeneratedBy"), activity)


def told(check: Check) -> dict[str, Any]:
    """Return *check* as it is kept and told."""
    return {
        "since": check.since.isoformat(),
        "trained": check.trained,
        "heldBack": check.held_back,
        "cells": check.cells,
        "hours": check.hours,
        "share": check.share,
        "parameters": {"bandwidth": check.parameters.bandwidth, "prior": check.parameters.prior},
        "scores": [
            {"name": one.name, "hitRate": round(one.hit_rate, 4), "lift": round(one.lift, 2)}
            for one in check.scores
        ],
        "differenceToCounting": [round(end, 4) for end in check.interval],
    }


def _decimal(value: float) -> Literal:
    return Literal(f"{value:.3f}", datatype=NamedNode(XSD + "decimal"))


def _digest(cells: GridIndex) -> str:
    """What tells whether the cells are still the same: their number and the ends of their list."""
    return f"{len(cells)} {cells.cells[0].value} {cells.cells[-1].value} {cells.bounds}"
