"""The quality of shared data as people and programs see it: newest values and trend, as JSON and CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pyoxigraph import NamedNode

from kb.catalogue.catalogue import Catalogue
from kb.catalogue.metrics import Metric, metrics
from kb.catalogue.shelf import Entry
from kb.catalogue.trend import Point
from kb.errors import both
from kb.services.audience import Visible, everything
from kb.services.workspace import Workspace
from kb.sharing import cells

COLUMNS = ("department", "dataset", "metric", "time", "value")


class Measured:
    """Tells what was measured on the datasets of *workspace* and on their departments."""

    def __init__(self, workspace: Workspace, catalogue: Catalogue) -> None:
        self._workspace, self._catalogue = workspace, catalogue
        self._trends = workspace.shared.trends

    def report(
        self, visible: Visible = everything, now: datetime | None = None, *, department: str = ""
    ) -> dict[str, Any]:
        """Return the quality of each department and dataset: the newest values, and the trend.

        :param department: only those whose path begins so.
        """
        self._workspace.shared.quality.refresh(now)
        now, known = now or datetime.now(UTC), self.metrics()
        entries = [
            entry
            for entry in self._catalogue.entries(visible)
            if entry.declared is not None
            and (not department or entry.path.startswith(department.rstrip("/") + "/"))
        ]
        departments = dict.fromkeys((entry.publisher, entry.path.rpartition("/")[0]) for entry in entries)
        return {
            "metrics": [_metric(metric) for metric in known],
            "departments": [
                {**self._thing(publisher), "path": path, **self._measured(publisher, known)}
                for publisher, path in departments
            ],
            "datasets": [
                {
                    "iri": entry.iri.value,
                    "label": both(entry.title),
                    "path": entry.path,
                    "department": self._thing(entry.publisher),
                    "freshness": self._freshness(entry, now),
                    **self._measured(entry.iri, known),
                }
                for entry in entries
            ],
        }

    def newest(self, entry: Entry) -> dict[str, float | None]:
        """Return the newest value of each metric by its name; ``None``: never measured."""
        trends = self._trends.on(entry.iri)
        return {m.name: trends[m.name][-1].value if m.name in trends else None for m in self.metrics()}

    def trends(self, entry: Entry) -> list[dict[str, Any]]:
        """Return each metric and what it was over time, oldest first."""
        return [
            {**_metric(metric), "points": [_point(p) for p in self._trends.of(entry.iri, metric.name)]}
            for metric in self.metrics()
        ]

    def metrics(self) -> list[Metric]:
        """Return the metrics in their order."""
        return metrics(self._workspace.store, self._workspace.names)

    def _measured(self, subject: NamedNode, known: list[Metric]) -> dict[str, Any]:
        trends = {metric.name: self._trends.of(subject, metric.name) for metric in known}
        return {
            "quality": {name: points[-1].value if points else None for name, points in trends.items()},
            "trend": {name: [_point(point) for point in points] for name, points in trends.items()},
        }

    def _freshness(self, entry: Entry, now: datetime) -> dict[str, Any]:
        fresh = self._workspace.shared.shelf.freshness(entry, now)
        return {
            "state": self._thing(fresh.term),
            "overdue": fresh.overdue,
            "until": fresh.until.isoformat() if fresh.until else None,
        }

    def _thing(self, term: NamedNode) -> dict[str, Any]:
        return {"iri": term.value, "label": both(self._workspace.describer.text(term))}


def as_csv(report: Mapping[str, Any], lang: str) -> str:
    """Return the trend of a report as CSV: a row for each value; departments have no dataset."""
    labels = {metric["name"]: metric["label"][lang] for metric in report["metrics"]}
    rows: list[Sequence[str]] = [COLUMNS]
    for item in report["departments"]:
        rows += _rows(item["path"], "", item["trend"], labels)
    for item in report["datasets"]:
        department, _, slug = item["path"].rpartition("/")
        rows += _rows(department, slug, item["trend"], labels)
    return "".join(cells.lines(rows))


def _rows(
    department: str, dataset: str, trend: Mapping[str, Any], labels: Mapping[str, str]
) -> Iterator[Sequence[str]]:
    for name, points in trend.items():
        for point in points:
            yield department, dataset, labels[name], point["time"], f"{point['value']:.4f}"


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "iri": metric.iri.value,
        "name": metric.name,
        "label": both(metric.label),
        "definition": both(metric.definition),
        "dimension": both(metric.dimension),
    }


def _point(point: Point) -> dict[str, Any]:
    return {"time": point.time.isoformat(), "value": point.value}
