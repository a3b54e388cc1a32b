"""What the catalogue lists: the datasets of departments, and those that the system publishes itself.

The ontology, each pack of knowledge and the graph of each city are datasets like any other; nobody declares
them, and they have no freshness limit. A dataset is named by its path:
``370200/emergency-management/risk-sources`` for one of a department (its graph is ``source/…``),
``ontology``, ``knowledge/gas``, ``city/370200`` for the others (the graph has the same path).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pyoxigraph import Literal, NamedNode, Triple

from kb.catalogue.freshness import Freshness, freshness
from kb.catalogue.kept import Kept
from kb.errors import NotFound, Text
from kb.namespaces import (
    CATALOGUE,
    DCTERMS,
    DCTERMS_SOURCE,
    ONTOLOGY,
    RDF_TYPE,
    RDFS_LABEL,
    ROOT,
    SH,
    XSD,
    graph,
    xz,
)
from kb.ontology.names import Names, did_you_mean, nearest
from kb.sharing import deliveries
from kb.sharing.datasets import Dataset, Datasets
from kb.store.protocol import Change, Store, Subject

GRAPHS = ROOT + "graph/"
SOURCE = GRAPHS + "source/"
SYSTEM = NamedNode(ROOT + "system")
MIT = NamedNode("https://spdx.org/licenses/MIT")
SHAPES = graph("shapes")
_OWN = ("ontology", "knowledge/", "city/")
_OWN_GRAPHS = tuple(GRAPHS + name for name in _OWN)
_READERS_ONLY, _TRUE = xz("listedForReadersOnly"), Literal("true", datatype=NamedNode(XSD + "boolean"))


@dataclass(frozen=True, slots=True)
class Entry:
    """One dataset of the catalogue. *path* is its name, *graph* where its records are.

    *declared* is what a department declared; ``None`` for a dataset of the system.
    """

    path: str
    iri: NamedNode
    graph: NamedNode
    title: Text
    description: Text
    publisher: NamedNode
    licence: NamedNode | None
    source: NamedNode | None = None
    declared: Dataset | None = None

    @property
    def limit(self) -> str | None:
        """The freshness limit, as ``xsd:duration``."""
        return None if self.declared is None else self.declared.freshness_limit


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery of a dataset; *time* is when it ended."""

    iri: NamedNode
    time: datetime
    actor: str
    file: str
    records: int
    stored: int
    quarantined: int
    supersedes: NamedNode | None
    withdrawn: datetime | None

    @property
    def good(self) -> bool:
        """Whether records of it were stored, and not withdrawn."""
        return self.stored > 0 and self.withdrawn is None


class Shelf:
    """The datasets in *store*; remembered, with their deliveries, until one of them changes."""

    def __init__(self, store: Store, names: Names) -> None:
        self._store = store
        self._names = names
        self._shared = Kept(self._declared)
        self._systems = Kept(lambda: list(self._own()))
        self._deliveries: Kept[dict[NamedNode, list[Delivery]]] = Kept(dict)
        store.subscribe(self._changed)

    def all(self) -> list[Entry]:
        """Return every dataset: those of departments by path, then those of the system."""
        return [*self._shared.get(), *self._systems.get()]

    def shared(self) -> list[Entry]:
        """Return the datasets of departments, by path."""
        return self._shared.get()

    def _declared(self) -> list[Entry]:
        return [
            Entry(
                found.path, found.iri, found.graph, found.title, found.description, found.publisher,
                found.license, declared=found,
            )
            for found in Datasets(self._store).all()
        ]  # fmt: skip

    def get(self, path: str, among: Sequence[Entry] | None = None) -> Entry:
        """Return the dataset at *path*; *among* are those that there are for the reader.

        :raises NotFound: ``dataset.unknown``, naming the nearest.
        """
        entries = self.all() if among is None else among
        found = next((entry for entry in entries if entry.path == path), None)
        if found is None:
            raise NotFound.of(
                "dataset.unknown",
                f"没有数据集 {path[:100]}",
                f"there is no dataset {path[:100]}",
                repair=did_you_mean(nearest(path[:100], [entry.path for entry in entries])),
            )
        return found

    def deliveries(self, entry: Entry) -> list[Delivery]:
        """Return the deliveries of *entry* that have ended, newest first; not those that mend one record.

        How good and how fresh a dataset is, its files say.
        """
        if entry.declared is None:
            return []
        known = self._deliveries.get()
        found = known.get(entry.iri)
        if found is None:
            ended = [
                _delivery(one)
                for one in deliveries.of(self._store, entry.declared)
                if one.ended and not one.mends
            ]
            found = known[entry.iri] = sorted(ended, key=lambda delivery: delivery.time, reverse=True)
        return found

    def freshness(self, entry: Entry, now: datetime) -> Freshness:
        """Return how fresh *entry* is at *now*: by the delivery that its records are from."""
        if entry.declared is None:
            return Freshness("unlimited")
        current = deliveries.current(self._store, entry.declared)
        return freshness(instant(current.ended) if current else None, entry.limit, now)

    def open_to_know(self, entry: Entry) -> bool:
        """Whether everybody who sees the catalogue may know of *entry*; else its readers alone may.

        What is shared in no declared way is treated like what is withheld.
        """
        if entry.declared is None:
            return True
        sharing = entry.declared.sharing
        quads = () if sharing is None else self._store.match(sharing, _READERS_ONLY, _TRUE, ONTOLOGY)
        return sharing is not None and next(iter(quads), None) is None

    def record_class(self, entry: Entry) -> NamedNode | None:
        """Return the class of its records, as its contract says."""
        if entry.declared is None:
            return None
        contract = contract_iri(entry.declared)
        return self._node(contract, xz("recordClass"), SHAPES)

    def fields(self, entry: Entry) -> list[NamedNode]:
        """Return the properties that its contract declares, but for personal ones, by ``sh:order``.

        Personal fields are kept apart, encrypted; the records have none.
        """
        found: dict[NamedNode, float] = {}
        for shape in self.shapes(entry):
            path = self._node(shape, _sh("path"), SHAPES)
            if path is not None and path != RDF_TYPE and not self._masked(shape):
                rank = next(self._store.match(shape, _sh("order"), None, SHAPES), None)
                place = float(rank.object.value) if rank and isinstance(rank.object, Literal) else 999.0
                found[path] = min(place, found.get(path, place))
        return sorted(found, key=lambda path: (found[path], path.value))

    def personal(self, entry: Entry) -> set[NamedNode]:
        """Return the properties of persons that its contract declares."""
        paths = (self._node(s, _sh("path"), SHAPES) for s in self.shapes(entry) if self._masked(s))
        return {path for path in paths if path is not None}

    def shapes(self, entry: Entry) -> Iterator[Subject]:
        """Yield the property shapes of its contract."""
        kind = self.record_class(entry)
        for shape in self._store.match(None, _sh("targetClass"), kind, SHAPES) if kind else ():
            assert not isinstance(shape.subject, Triple)  # no graph has a triple term as subject
            for link in self._store.match(shape.subject, _sh("property"), None, SHAPES):
                if isinstance(link.object, Subject):
                    yield link.object

    def _masked(self, shape: Subject) -> bool:
        return self._node(shape, xz("masking"), SHAPES) is not None

    def _own(self) -> Iterator[Entry]:
        for name in sorted(self._store.graphs(), key=str):
            path = name.value.removeprefix(GRAPHS)
            if name.value.startswith(GRAPHS) and path.startswith(_OWN):
                title, about = self._words(path, name)
                licence = self._node(name, NamedNode(DCTERMS + "license"), name) or MIT
                source = self._node(name, DCTERMS_SOURCE, name)
                iri = NamedNode(f"{ROOT}dataset/{path}")
                yield Entry(path, iri, name, title, about, SYSTEM, licence, source)

    def _words(self, path: str, name: NamedNode) -> tuple[Text, Text]:
        """Return what a dataset of the system is called, and what it holds."""
        kind, _, rest = path.partition("/")
        own = self._names.texts(name, RDFS_LABEL)
        about = self._names.texts(name, NamedNode(DCTERMS + "description"))
        definition = NamedNode("http://www.w3.org/2004/02/skos/core#definition")
        if kind == "ontology":
            core = NamedNode(ROOT + "ontology/core")
            own, about = Text("本体", "Ontology"), self._names.texts(core, definition)
        elif kind == "knowledge":
            pack = NamedNode(f"{ROOT}kb/pack/{rest}")
            label = self._names.texts(pack, RDFS_LABEL)
            if label is not None:
                own, about = (
                    Text(f"知识包：{label.zh}", f"Pack: {label.en}"),
                    self._names.texts(pack, definition),
                )
        if rest == "divisions" and own is None:
            own = Text("全国行政区划", "Administrative divisions of China")
            about = Text("全国的省、市、县级行政区划。", "Every province, city and district of the country.")
        return own or Text(path, path), about or own or Text(path, path)

    def _changed(self, change: Change) -> None:
        if CATALOGUE in change.graphs:
            self._shared.forget()
            self._deliveries.forget()
        if any(name.value.startswith(_OWN_GRAPHS) for name in change.graphs if isinstance(name, NamedNode)):
            self._systems.forget()

    def _node(self, subject: Subject, predicate: NamedNode, graph: NamedNode) -> NamedNode | None:
        quads = self._store.match(subject, predicate, None, graph)
        return next((quad.object for quad in quads if isinstance(quad.object, NamedNode)), None)


def _delivery(found: deliveries.Delivery) -> Delivery:
    withdrawn = instant(found.withdrawn) if found.withdrawn else None
    return Delivery(
        found.iri, instant(found.ended), found.actor, found.file_name, found.records, found.stored,
        found.quarantined, found.supersedes, withdrawn,
    )  # fmt: skip


def contract_iri(dataset: Dataset) -> NamedNode:
    """Return the contract of *dataset*."""
    return NamedNode(f"{ROOT}kb/contract/{dataset.contract}")


def instant(text: str) -> datetime:
    """Return the moment that *text*, an ``xsd:dateTime``, means; without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _sh(local: str) -> NamedNode:
    return NamedNode(SH + local)
