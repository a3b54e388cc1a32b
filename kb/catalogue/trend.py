"""The quality of datasets and departments over time; remembered until the catalogue changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pyoxigraph import NamedNode, QuerySolutions

from kb.catalogue.kept import Kept
from kb.namespaces import CATALOGUE
from kb.store.protocol import Change, Store

_ALL = """
PREFIX dqv: <http://www.w3.org/ns/dqv#>
PREFIX prov: <http://www.w3.org/ns/prov#>
SELECT ?m ?on ?metric ?time ?value {
  ?m a dqv:QualityMeasurement ; dqv:computedOn ?on ; dqv:isMeasurementOf ?metric ;
     prov:generatedAtTime ?time ; dqv:value ?value .
}
"""


@dataclass(frozen=True, slots=True)
class Point:
    """One value, from 0 to 1, the time that it speaks of, and the measurement in the catalogue."""

    time: datetime
    value: float
    measurement: NamedNode


class Trends:
    """The measurements in *store*."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known = Kept(self._read)
        store.subscribe(self._changed)

    def on(self, subject: NamedNode) -> dict[str, list[Point]]:
        """Return what was measured on a dataset or a department: by the metric's name, oldest first."""
        return self._known.get().get(subject, {})

    def of(self, subject: NamedNode, metric: str) -> list[Point]:
        """Return the values of one metric, oldest first."""
        return self.on(subject).get(metric, [])

    def _read(self) -> dict[NamedNode, dict[str, list[Point]]]:
        result = self._store.query(_ALL, default_graph=[CATALOGUE])
        assert isinstance(result, QuerySolutions)
        found: dict[NamedNode, dict[str, list[Point]]] = {}
        for row in result:
            name = row["metric"].value.rsplit("/", 1)[-1]
            point = Point(datetime.fromisoformat(row["time"].value), float(row["value"].value), row["m"])
            found.setdefault(row["on"], {}).setdefault(name, []).append(point)
        for by_metric in found.values():
            for points in by_metric.values():
                points.sort(key=lambda point: point.time)
        return found

    def _changed(self, change: Change) -> None:
        if CATALOGUE in change.graphs:
            self._known.forget()
