"""Datasets as people and programs see them: the list, and all that is to be said of one.

Everything is JSON of the same make as the recommendation: a thing is ``{"iri", "label": {"zh", "en"}}``.
Who sees the catalogue sees that a dataset exists; its records, and what is wrong with those in quarantine,
only who may see their graphs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pyoxigraph import Literal, NamedNode

from kb.catalogue.catalogue import Catalogue
from kb.catalogue.dcat import FORMATS
from kb.catalogue.shelf import SHAPES, Delivery, Entry, contract_iri
from kb.errors import both
from kb.namespaces import RDF_TYPE, RDFS_LABEL, SH, SKOS, xz
from kb.services.audience import Visible, everything
from kb.services.naming import named
from kb.services.quality import Measured
from kb.services.workspace import Workspace
from kb.sharing import quarantine
from kb.sharing.quarantine import Quarantined
from kb.store.protocol import Subject, Term

PAGE = 100
"""Records in quarantine, deliveries or classes that are told of at once."""
_COMMON = {
    RDF_TYPE.value: {"zh": "类", "en": "class"},
    RDFS_LABEL.value: {"zh": "名称", "en": "name"},
    "http://purl.org/dc/terms/identifier": {"zh": "编号", "en": "code"},
    "http://purl.org/dc/terms/source": {"zh": "来源", "en": "source"},
    "http://purl.org/dc/terms/description": {"zh": "说明", "en": "description"},
}
"""What fields are called whose properties other vocabularies define."""


class DatasetViews:
    """Tells of the datasets of *workspace*."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._store, self._shared = workspace.store, workspace.shared
        self.catalogue = Catalogue(workspace.store, workspace.names, workspace.shared)
        self.quality = Measured(workspace, self.catalogue)

    def listed(
        self, visible: Visible = everything, now: datetime | None = None, *, department: str = ""
    ) -> list[dict[str, Any]]:
        """Return every dataset that the reader may know of.

        :param department: only those whose path begins so.
        """
        self._shared.quality.refresh(now)
        now = now or datetime.now(UTC)
        return [
            self._summary(entry, visible, now)
            for entry in self.catalogue.entries(visible)
            if not department or entry.path.startswith(department.rstrip("/") + "/")
        ]

    def told(
        self,
        path: str,
        visible: Visible = everything,
        now: datetime | None = None,
        *,
        quarantine: int | None = None,
    ) -> dict[str, Any]:
        """Return all that is to be said of the dataset at *path*.

        :param quarantine: from which place on the records in quarantine are told, too. Whoever asks for a
            reader records that he read them.
        :raises NotFound: ``dataset.unknown``.
        """
        self._shared.quality.refresh(now)
        entry = self.catalogue.entry(path, visible)
        declared, policy = entry.declared, self.catalogue.descriptions.policy(entry)
        readable = visible(entry.graph)
        return {
            **self._summary(entry, visible, now or datetime.now(UTC)),
            "policy": None if policy is None else {**self._thing(policy), "text": self._definition(policy)},
            "retention": declared.retention if declared else None,
            "source": entry.source.value if entry.source else None,
            "statistics": self._statistics(entry) if readable else None,
            "fields": self._fields(entry),
            "deliveries": [self._delivery(one) for one in self._shared.shelf.deliveries(entry)[:PAGE]],
            "quarantine": self._quarantine(entry, visible, quarantine),
            "trends": self.quality.trends(entry),
            "downloads": [
                {"format": ending, "mediaType": media, "label": both(label)}
                for ending, (media, label) in FORMATS.items()
            ]
            if readable
            else [],
        }

    def _summary(self, entry: Entry, visible: Visible, now: datetime) -> dict[str, Any]:
        declared = entry.declared
        deliveries = self._shared.shelf.deliveries(entry)
        fresh = self._shared.shelf.freshness(entry, now)
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
                "state": self._thing(fresh.term),
                "overdue": fresh.overdue,
                "limit": entry.limit,
                "until": fresh.until.isoformat() if fresh.until else None,
                "last": fresh.last.isoformat() if fresh.last else None,
            },
            "lastDelivery": self._delivery(deliveries[0]) if deliveries else None,
            "quality": self.quality.newest(entry),
            "readable": visible(entry.graph),
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

    def _quarantine(self, entry: Entry, visible: Visible, offset: int | None) -> dict[str, Any]:
        declared = entry.declared
        seen = declared is not None and visible(declared.quarantine)
        found: list[Quarantined] = []
        if declared is not None and seen and offset is not None:
            # One more than is told: whether there are others.
            found = list(quarantine.listed(self._store, declared, offset, PAGE + 1))
        return {
            "visible": seen,
            "next": (offset or 0) + PAGE if len(found) > PAGE else None,
            "records": [one.as_json() for one in found[:PAGE]],
        }

    def _statistics(self, entry: Entry) -> dict[str, Any] | None:
        """Return the numbers of VoID as they were counted last."""
        counted = self._shared.statistics.of(entry)
        if counted is None:
            return None
        classes = sorted(counted.classes.items(), key=lambda pair: (-pair[1], str(pair[0])))
        return {
            "triples": counted.triples,
            "subjects": counted.subjects,
            "classes": [{**self._thing(kind), "count": count} for kind, count in classes[:PAGE]],
        }

    def _fields(self, entry: Entry) -> list[dict[str, Any]]:
        """Return what its contract asks of a record, what must be there first."""
        fields = [self._field(shape) for shape in self._shared.shelf.shapes(entry)]
        return sorted(fields, key=lambda field: (not field["required"], field["iri"]))

    def _field(self, shape: Subject) -> dict[str, Any]:
        path, least = self._one(shape, "path"), self._one(shape, "minCount")
        rule = self._workspace.names.texts(shape, NamedNode(SH + "message"))
        masking = next(self._store.match(shape, xz("masking"), None, SHAPES), None)
        return {
            **self._field_name(path if isinstance(path, NamedNode) else RDFS_LABEL),
            "required": isinstance(least, Literal) and int(least.value) > 0,
            "rule": both(rule) if rule else None,
            "personal": self._thing(masking.object) if masking else None,
        }

    def _field_name(self, path: NamedNode) -> dict[str, Any]:
        common = _COMMON.get(path.value)
        return {"iri": path.value, "label": common} if common else self._thing(path)

    def _one(self, shape: Subject, local: str) -> Term | None:
        quads = self._store.match(shape, NamedNode(SH + local), None, SHAPES)
        return next((quad.object for quad in quads), None)

    def _thing(self, term: Term) -> dict[str, Any]:
        return named(self._workspace, term)

    def _maybe(self, term: Term | None) -> dict[str, Any] | None:
        return None if term is None else self._thing(term)

    def _definition(self, term: NamedNode) -> dict[str, str] | None:
        found = self._workspace.names.texts(term, NamedNode(SKOS + "definition"))
        return both(found) if found else None
