"""Datasets and their quality as people and programs see them: the list, one dataset, the quality of departments.

Everything is JSON of the same make as the recommendation: a thing is ``{"iri", "label": {"zh", "en"}}``.
Who sees the catalogue sees that a dataset exists; its records, and what is wrong with those in quarantine,
only who may see their graphs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode

from kb.errors import both
from kb.namespaces import RDF_TYPE, RDFS_LABEL, SH, SKOS, xz
from kb.services.audience import Visible, everything
from kb.services.workspace import Workspace
from kb.sharing.catalogue import FORMATS, Catalogue
from kb.sharing.datasets import CATALOGUE
from kb.sharing.failing import Failure
from kb.sharing.freshness import freshness
from kb.sharing.quality import Metric, metrics, void_of
from kb.sharing.shelf import SHAPES, Delivery, Entry, contract_iri
from kb.sharing.statistics import VOID
from kb.sharing.trend import Point
from kb.store.protocol import Term

SHOWN = 60
"""Points of a small trend."""
PAGE = 100
"""Records in quarantine, or deliveries, that are told of at once."""
COLUMNS = ("department", "dataset", "metric", "time", "value")


class DatasetViews:
    """Tells of the datasets of *workspace*."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._store, self._shared = workspace.store, workspace.shared
        self.catalogue = Catalogue(workspace.store, workspace.names, workspace.shared)

    def listed(
        self, visible: Visible = everything, now: datetime | None = None, *, department: str = ""
    ) -> list[dict[str, Any]]:
        """Return every dataset that the reader may know of.

        :param department: only those whose path begins so.
        """
        now = now or datetime.now(UTC)
        known = self.metrics()
        return [
            self._summary(entry, known, visible, now)
            for entry in self.catalogue.entries(visible)
            if not department or entry.path.startswith(department.rstrip("/") + "/")
        ]

    def told(
        self, path: str, visible: Visible = everything, now: datetime | None = None, *, offset: int = 0
    ) -> dict[str, Any]:
        """Return all that is to be said of the dataset at *path*.

        :param offset: so many records in quarantine are passed over.
        :raises NotFound: ``dataset.unknown``.
        """
        now = now or datetime.now(UTC)
        entry, known = self.catalogue.entry(path, visible), self.metrics()
        declared = entry.declared
        policy = self.catalogue.policy(entry)
        readable = visible(entry.graph)
        quarantine = declared is not None and visible(declared.quarantine)
        bad = list(self._shared.failing.all(declared.quarantine, offset, PAGE)) if quarantine else []  # type: ignore[union-attr]
        return {
            **self._summary(entry, known, visible, now),
            "policy": None if policy is None else {**self._thing(policy), "text": self._definition(policy)},
            "retention": declared.retention if declared else None,
            "source": entry.source.value if entry.source else None,
            "statistics": self._statistics(entry) if readable else None,
            "fields": [self._field(shape) for shape in self._shapes(entry)],
            "deliveries": [self._delivery(one) for one in self._shared.shelf.deliveries(entry)[:PAGE]],
            "quarantine": {
                "visible": quarantine,
                "offset": offset,
                "more": len(bad) == PAGE,
                "records": [self._failure(failure) for failure in bad],
            },
            "trends": [
                {
                    **self._metric(metric),
                    "points": [_point(p) for p in self._shared.trends.of(entry.iri, metric.name)],
                }
                for metric in known
            ],
            "downloads": [
                {"format": ending, "mediaType": media, "label": both(label)}
                for ending, (media, label) in FORMATS.items()
            ]
            if readable
            else [],
        }

    def quality(self, visible: Visible = everything, *, department: str = "") -> dict[str, Any]:
        """Return the quality of each department and dataset: the newest values, and the trend.

        :param department: only those whose path begins so.
        """
        known = self.metrics()
        entries = [
            entry
            for entry in self.catalogue.entries(visible)
            if entry.declared is not None
            and (not department or entry.path.startswith(department.rstrip("/") + "/"))
        ]
        departments = dict.fromkeys((entry.publisher, entry.path.rpartition("/")[0]) for entry in entries)
        return {
            "metrics": [self._metric(metric) for metric in known],
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
                    **self._measured(entry.iri, known),
                }
                for entry in entries
            ],
        }

    def metrics(self) -> list[Metric]:
        """Return the metrics in their order."""
        return metrics(self._store, self._workspace.names)

    def _summary(self, entry: Entry, known: list[Metric], visible: Visible, now: datetime) -> dict[str, Any]:
        declared = entry.declared
        deliveries = self._shared.shelf.deliveries(entry)
        fresh = freshness(next((d.time for d in deliveries if d.good), None), entry.limit, now)
        state = fresh.term if declared else NamedNode(fresh.term.value.rpartition("/")[0] + "/unlimited")
        return {
            "iri": entry.iri.value,
            "label": both(entry.title),
            "path": entry.path,
            "description": both(entry.description),
            "department": self._thing(entry.publisher) if declared else None,
            "steward": self._maybe(declared.steward) if declared else None,
            "sharing": self._maybe(declared.sharing) if declared else None,
            "dataLevel": self._maybe(declared.data_level) if declared else None,
            "licence": entry.licence.value if entry.licence else None,
            "contract": self._thing(contract_iri(declared)) if declared else None,
            "freshness": {
                "state": self._thing(state),
                "limit": entry.limit,
                "until": fresh.until.isoformat() if fresh.until else None,
                "staleSince": fresh.stale_since.isoformat() if fresh.stale_since else None,
            },
            "lastDelivery": self._delivery(deliveries[0]) if deliveries else None,
            "quality": {
                metric.name: points[-1].value if points else None
                for metric in known
                for points in [self._shared.trends.of(entry.iri, metric.name)]
            },
            "trend": {
                metric.name: [point.value for point in self._shared.trends.of(entry.iri, metric.name)][
                    -SHOWN:
                ]
                for metric in known
            },
            "readable": visible(entry.graph),
        }

    def _measured(self, subject: NamedNode, known: list[Metric]) -> dict[str, Any]:
        trends = {metric.name: self._shared.trends.of(subject, metric.name) for metric in known}
        return {
            "quality": {name: points[-1].value if points else None for name, points in trends.items()},
            "trend": {name: [_point(point) for point in points] for name, points in trends.items()},
        }

    def _metric(self, metric: Metric) -> dict[str, Any]:
        return {
            "iri": metric.iri.value,
            "name": metric.name,
            "label": both(metric.label),
            "definition": both(metric.definition),
            "dimension": both(metric.dimension),
        }

    def _delivery(self, found: Delivery) -> dict[str, Any]:
        return {
            "iri": found.iri.value,
            "time": found.time.isoformat(),
            "actor": found.actor,
            "file": found.file,
            "records": found.records,
            "stored": found.stored,
            "quarantined": found.quarantined,
            "withdrawn": found.withdrawn.isoformat() if found.withdrawn else None,
        }

    def _failure(self, failure: Failure) -> dict[str, Any]:
        return {
            "record": self._maybe(failure.record) if isinstance(failure.record, NamedNode) else None,
            "position": failure.position,
            "original": failure.original,
            "problems": [
                {
                    "property": self._maybe(problem.property),
                    "value": problem.value,
                    "reason": both(problem.reason),
                    "repair": both(problem.repair) if problem.repair else None,
                }
                for problem in failure.problems
            ],
        }

    def _statistics(self, entry: Entry) -> dict[str, Any] | None:
        """Return the numbers of VoID as they were counted last."""
        if entry.declared is None:
            counted = self.catalogue.counted(entry.graph)
            return {
                "triples": counted.triples,
                "subjects": counted.subjects,
                "classes": [
                    {**self._thing(kind), "count": count}
                    for kind, count in sorted(counted.classes.items(), key=lambda pair: -pair[1])[:PAGE]
                    if isinstance(kind, NamedNode)
                ],
            }
        node = void_of(entry)
        triples = self._number(node, "triples")
        if triples is None:
            return None
        parts = [
            quad.object
            for quad in self._store.match(node, NamedNode(VOID + "classPartition"), None, CATALOGUE)
            if isinstance(quad.object, NamedNode)
        ]
        classes = [
            {**self._thing(kind), "count": self._number(part, "entities") or 0}
            for part in parts
            for kind in [self._one(part, NamedNode(VOID + "class"))]
            if isinstance(kind, NamedNode)
        ]
        return {
            "triples": triples,
            "subjects": self._number(node, "distinctSubjects"),
            "classes": sorted(classes, key=lambda item: -item["count"]),
        }

    def _shapes(self, entry: Entry) -> list[NamedNode | BlankNode]:
        """Return the property shapes of its contract, in their order."""
        kind = self._shared.shelf.record_class(entry)
        found: list[NamedNode | BlankNode] = []
        if kind is not None:
            for shape in self._store.match(None, NamedNode(SH + "targetClass"), kind, SHAPES):
                if isinstance(shape.subject, NamedNode | BlankNode):
                    for link in self._store.match(shape.subject, NamedNode(SH + "property"), None, SHAPES):
                        if isinstance(link.object, NamedNode | BlankNode):
                            found.append(link.object)
        return sorted(found, key=lambda node: (self._least(node) == 0, str(node)))

    def _field(self, shape: NamedNode | BlankNode) -> dict[str, Any]:
        path = self._one(shape, NamedNode(SH + "path"), SHAPES)
        words = self._workspace.names.texts(shape, NamedNode(SH + "message"))
        masking = self._one(shape, xz("masking"), SHAPES)
        name = RDFS_LABEL if path is None else path
        label = {"iri": RDF_TYPE.value, "label": {"zh": "类", "en": "class"}} if name == RDF_TYPE else None
        return {
            **(label or self._named_field(name)),
            "required": self._least(shape) > 0,
            "rule": both(words) if words else None,
            "personal": self._maybe(masking),
        }

    def _named_field(self, path: Term) -> dict[str, Any]:
        common = {
            RDFS_LABEL.value: {"zh": "名称", "en": "name"},
            "http://purl.org/dc/terms/identifier": {"zh": "编号", "en": "code"},
            "http://purl.org/dc/terms/source": {"zh": "来源", "en": "source"},
            "http://purl.org/dc/terms/description": {"zh": "说明", "en": "description"},
        }
        iri = path.value if isinstance(path, NamedNode) else ""
        return {"iri": iri, "label": common[iri]} if iri in common else self._thing(path)

    def _least(self, shape: NamedNode | BlankNode) -> int:
        found = self._one(shape, NamedNode(SH + "minCount"), SHAPES)
        return int(found.value) if isinstance(found, Literal) else 0

    def _number(self, subject: NamedNode, local: str) -> int | None:
        found = self._one(subject, NamedNode(VOID + local))
        return int(found.value) if isinstance(found, Literal) else None

    def _one(
        self, subject: NamedNode | BlankNode, predicate: NamedNode, graph: NamedNode = CATALOGUE
    ) -> Term | None:
        return next((quad.object for quad in self._store.match(subject, predicate, None, graph)), None)

    def _thing(self, term: Term) -> dict[str, Any]:
        iri = term.value if isinstance(term, NamedNode) else None
        return {"iri": iri, "label": both(self._workspace.describer.text(term))}

    def _maybe(self, term: Term | None) -> dict[str, Any] | None:
        return None if term is None else self._thing(term)

    def _definition(self, term: NamedNode) -> dict[str, str] | None:
        found = self._workspace.names.texts(term, NamedNode(SKOS + "definition"))
        return both(found) if found else None


def as_csv(quality: Mapping[str, Any], lang: str) -> str:
    """Return the trend of *quality* as CSV: a row for each value; departments have no dataset."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(COLUMNS)
    labels = {metric["name"]: metric["label"][lang] for metric in quality["metrics"]}
    for item in quality["departments"]:
        writer.writerows(_trend_rows(item["path"], "", item["trend"], labels))
    for item in quality["datasets"]:
        department, _, slug = item["path"].rpartition("/")
        writer.writerows(_trend_rows(department, slug, item["trend"], labels))
    return output.getvalue()


def _trend_rows(
    department: str, dataset: str, trend: Mapping[str, Any], labels: Mapping[str, str]
) -> Iterable[tuple[str, ...]]:
    for name, points in trend.items():
        for point in points:
            yield department, dataset, labels[name], point["time"], f"{point['value']:.4f}"


def _point(point: Point) -> dict[str, Any]:
    return {"time": point.time.isoformat(), "value": point.value}
