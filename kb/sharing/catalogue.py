"""The catalogue as other systems harvest it: DCAT 3 with ODRL policies, VoID statistics and DQV measurements.

Everybody who sees the catalogue sees that a dataset exists, whose it is and on which terms it is shared.
Where to download it is told to those only who may see its records.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

from kb.errors import Text
from kb.namespaces import DCTERMS, DCTERMS_SOURCE, PREFIXES, PROV, RDF_TYPE, RDFS_LABEL, ROOT, XSD, graph, xz
from kb.ontology.names import Names
from kb.sharing import statistics
from kb.sharing.datasets import CATALOGUE
from kb.sharing.freshness import freshness
from kb.sharing.quality import COMPUTED_ON, DQV, void_of
from kb.sharing.shared import Shared
from kb.sharing.shelf import SYSTEM, Entry
from kb.sharing.statistics import VOID, Census
from kb.store.protocol import Change, GraphName, Store, Subject, Term

DCAT, ODRL, VCARD = (
    "http://www.w3.org/ns/dcat#",
    "http://www.w3.org/ns/odrl/2/",
    "http://www.w3.org/2006/vcard/ns#",
)
FOAF_NAME = NamedNode("http://xmlns.com/foaf/0.1/name")
PAGE = NamedNode("http://xmlns.com/foaf/0.1/page")
MEDIA = "https://www.iana.org/assignments/media-types/"
IRI = NamedNode(ROOT + "catalogue")
SERVICE = NamedNode(ROOT + "catalogue#sparql")
OPEN = NamedNode(ROOT + "kb/policy/open")
ONTOLOGY = graph("ontology")
FORMATS = {
    "ttl": ("text/turtle", Text("Turtle", "Turtle")),
    "nt": ("application/n-triples", Text("N-Triples", "N-Triples")),
    "jsonld": ("application/ld+json", Text("JSON-LD", "JSON-LD")),
    "csv": ("text/csv", Text("CSV", "CSV")),
}
"""What a dataset is downloaded as: the ending of the address, and the media type."""
SERIALIZED = {
    "text/turtle": RdfFormat.TURTLE,
    "application/ld+json": RdfFormat.JSON_LD,
    "application/rdf+xml": RdfFormat.RDF_XML,
    "application/n-triples": RdfFormat.N_TRIPLES,
}
"""What the catalogue itself comes in; the first is the default."""
_PREFIXES = PREFIXES | {
    "dcat": DCAT, "odrl": ODRL, "void": VOID, "dqv": DQV, "vcard": VCARD, "foaf": "http://xmlns.com/foaf/0.1/",
}  # fmt: skip

Visible: TypeAlias = Callable[[NamedNode], bool]
"""Says of a named graph whether the reader may see it."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where things are on the server that publishes the catalogue; *root* ends with a slash."""

    root: str

    def page(self, path: str) -> str:
        """Return the page of the dataset at *path*."""
        return f"{self.root}datasets/{path}"

    def download(self, path: str, ending: str) -> str:
        """Return where the dataset at *path* is downloaded as one of :data:`FORMATS`."""
        return f"{self.page(path)}/data.{ending}"

    @property
    def sparql(self) -> str:
        """Return the SPARQL endpoint."""
        return f"{self.root}sparql"


class Catalogue:
    """Writes the catalogue of *shared*."""

    def __init__(self, store: Store, names: Names, shared: Shared) -> None:
        self._store, self._names, self._shared = store, names, shared
        self._counted: dict[NamedNode, Census] = {}
        store.subscribe(self._changed)

    def entries(self, visible: Visible) -> list[Entry]:
        """Return the datasets that the reader may know of."""
        return [
            entry
            for entry in self._shared.shelf.all()
            if visible(CATALOGUE if entry.declared is not None else entry.graph)
        ]

    def entry(self, path: str, visible: Visible) -> Entry:
        """Return the dataset at *path*.

        :raises NotFound: ``dataset.unknown``, also where the reader may not know of it.
        """
        return self._shared.shelf.get(path, self.entries(visible))

    def serialize(self, media: str, visible: Visible, addresses: Addresses, now: datetime) -> bytes:
        """Return the catalogue in *media*, one of :data:`SERIALIZED`."""
        output = io.BytesIO()
        triples = sorted(set(self.triples(visible, addresses, now)), key=str)
        pyoxigraph.serialize(triples, output, format=SERIALIZED[media], prefixes=_PREFIXES)
        return output.getvalue()

    def triples(self, visible: Visible, addresses: Addresses, now: datetime) -> Iterator[Triple]:
        """Yield the catalogue as one reader may see it."""
        say = _says(IRI)
        yield say(RDF_TYPE, _dcat("Catalog"))
        title = Text("协治数据目录", "Catalogue of Xiezhi")
        about = Text(
            "各部门共享的数据集，以及本系统发布的知识与城市数据。",
            "The datasets that departments share, and the knowledge and cities that this system publishes.",
        )
        yield from _texts(IRI, DCTERMS + "title", title)
        yield from _texts(IRI, DCTERMS + "description", about)
        yield say(_dcterms("publisher"), SYSTEM)
        yield say(_dcterms("modified"), _moment(now))
        yield say(PAGE, NamedNode(addresses.root + "catalogue"))
        yield say(_dcat("service"), SERVICE)
        yield from self._service(addresses)
        yield Triple(SYSTEM, RDF_TYPE, NamedNode("http://xmlns.com/foaf/0.1/Agent"))
        yield from _texts(SYSTEM, FOAF_NAME.value, Text("协治", "Xiezhi"))
        for entry in self.entries(visible):
            yield say(_dcat("dataset"), entry.iri)
            yield Triple(SERVICE, _dcat("servesDataset"), entry.iri)
            yield from self.dataset(entry, visible, addresses, now)
        for policy in self._policies():
            yield from self._closure(policy, ONTOLOGY)

    def dataset(
        self, entry: Entry, visible: Visible, addresses: Addresses, now: datetime
    ) -> Iterator[Triple]:
        """Yield what the catalogue says of one dataset."""
        say = _says(entry.iri)
        yield say(RDF_TYPE, _dcat("Dataset"))
        yield say(_dcterms("identifier"), Literal(entry.path))
        yield from _texts(entry.iri, DCTERMS + "title", entry.title)
        yield from _texts(entry.iri, DCTERMS + "description", entry.description)
        yield say(_dcterms("publisher"), entry.publisher)
        yield from self._agent(entry.publisher)
        if entry.licence is not None:
            yield say(_dcterms("license"), entry.licence)
            yield Triple(entry.licence, RDF_TYPE, _dcterms("LicenseDocument"))
        if entry.source is not None:
            yield say(DCTERMS_SOURCE, entry.source)
        yield say(_dcat("landingPage"), NamedNode(addresses.page(entry.path)))
        policy = self.policy(entry)
        if policy is not None:
            yield say(NamedNode(ODRL + "hasPolicy"), policy)
        yield from self._declared(entry, now)
        seen = visible(entry.graph)
        yield from self._statistics(entry, seen)
        yield from self._measurements(entry)
        if seen:
            yield from _distributions(entry, addresses)

    def policy(self, entry: Entry) -> NamedNode | None:
        """Return the policy of use: that of its sharing attribute; what the system publishes is open."""
        if entry.declared is None:
            return OPEN
        sharing = entry.declared.sharing
        return None if sharing is None else self._node(sharing, xz("policy"))

    def _declared(self, entry: Entry, now: datetime) -> Iterator[Triple]:
        """Yield what only a dataset of a department has: terms, level, steward, freshness."""
        declared, say = entry.declared, _says(entry.iri)
        if declared is None:
            yield say(RDF_TYPE, xz("SystemDataset"))
            return
        yield say(RDF_TYPE, xz("Dataset"))
        contract = NamedNode(f"{ROOT}kb/contract/{declared.contract}")
        yield say(_dcterms("conformsTo"), contract)
        yield Triple(contract, RDF_TYPE, _dcterms("Standard"))
        for predicate, term in (
            (_dcterms("accessRights"), declared.sharing),
            (xz("sharing"), declared.sharing),
            (xz("dataLevel"), declared.data_level),
            (xz("steward"), declared.steward),
        ):
            if term is not None:
                yield say(predicate, term)
                yield from _texts(term, RDFS_LABEL.value, self._names.label(term))
        if declared.sharing is not None:
            yield Triple(declared.sharing, RDF_TYPE, _dcterms("RightsStatement"))
        if declared.steward is not None:
            contact = NamedNode(f"{entry.iri.value}#contact")
            yield say(_dcat("contactPoint"), contact)
            yield Triple(contact, RDF_TYPE, NamedNode(VCARD + "Organization"))
            label = self._names.label(declared.steward)
            yield from _texts(contact, VCARD + "fn", label)
        if declared.freshness_limit is not None:
            yield say(xz("freshnessLimit"), _typed(declared.freshness_limit, "duration"))
        last = self._shared.shelf.last_good(entry, now)
        if last is not None:
            yield say(_dcterms("modified"), _moment(last))
        yield say(xz("freshness"), freshness(last, declared.freshness_limit, now).term)

    def _statistics(self, entry: Entry, seen: bool) -> Iterator[Triple]:
        """Yield the VoID statistics: as stored at the last delivery; of the system's own, counted once."""
        if entry.declared is None:
            yield from statistics.void(entry.iri, self.counted(entry.graph))
            return
        node = void_of(entry)
        for quad in statistics.recorded(self._store, node, CATALOGUE):
            subject = entry.iri if quad.subject == node else quad.subject
            if seen or quad.predicate.value == VOID + "triples" or quad.predicate == RDF_TYPE:
                yield Triple(subject, quad.predicate, quad.object)

    def counted(self, name: NamedNode) -> Census:
        """Count the graph *name*; remembered until it changes."""
        found = self._counted.get(name)
        if found is None:
            found = self._counted[name] = statistics.census(self._store, name)
        return found

    def _measurements(self, entry: Entry) -> Iterator[Triple]:
        """Yield the newest measurement of each metric."""
        newest: dict[Term | None, tuple[str, Subject]] = {}
        for quad in self._store.match(None, COMPUTED_ON, entry.iri, CATALOGUE):
            node = quad.subject
            if isinstance(node, NamedNode):
                metric = self._term(node, NamedNode(DQV + "isMeasurementOf"))
                time = self._term(node, NamedNode(PROV + "generatedAtTime"))
                stamp = time.value if isinstance(time, Literal) else ""
                newest[metric] = max(newest.get(metric, ("", node)), (stamp, node), key=lambda pair: pair[0])
        for metric, (_, node) in newest.items():
            yield Triple(entry.iri, NamedNode(DQV + "hasQualityMeasurement"), node)
            for quad in self._store.match(node, None, None, CATALOGUE):
                yield Triple(node, quad.predicate, quad.object)
            if isinstance(metric, NamedNode):
                yield Triple(metric, RDF_TYPE, NamedNode(DQV + "Metric"))
                yield from _texts(metric, RDFS_LABEL.value, self._names.label(metric))

    def _service(self, addresses: Addresses) -> Iterator[Triple]:
        yield Triple(SERVICE, RDF_TYPE, _dcat("DataService"))
        yield from _texts(SERVICE, DCTERMS + "title", Text("SPARQL 查询服务", "SPARQL query service"))
        yield Triple(SERVICE, _dcat("endpointURL"), NamedNode(addresses.sparql))
        yield Triple(SERVICE, _dcat("endpointDescription"), NamedNode(addresses.sparql))
        standard = NamedNode("https://www.w3.org/TR/sparql11-protocol/")
        yield Triple(SERVICE, _dcterms("conformsTo"), standard)
        yield Triple(SERVICE, _dcterms("publisher"), SYSTEM)

    def _agent(self, agent: NamedNode) -> Iterator[Triple]:
        if agent != SYSTEM:
            yield Triple(agent, RDF_TYPE, NamedNode("http://xmlns.com/foaf/0.1/Agent"))
            yield from _texts(agent, FOAF_NAME.value, self._names.label(agent))

    def _policies(self) -> Iterator[NamedNode]:
        for quad in self._store.match(None, RDF_TYPE, NamedNode(ODRL + "Set"), ONTOLOGY):
            if isinstance(quad.subject, NamedNode):
                yield quad.subject

    def _closure(self, subject: Subject, name: GraphName) -> Iterator[Triple]:
        """Yield what *name* says of *subject*, the blank nodes below it, and labels of what it names."""
        assert isinstance(name, NamedNode)
        for quad in self._store.match(subject, None, None, name):
            yield Triple(subject, quad.predicate, quad.object)
            if isinstance(quad.object, BlankNode):
                yield from self._closure(quad.object, name)
            elif isinstance(quad.object, NamedNode) and quad.object.value.startswith(ROOT):
                yield from _texts(quad.object, RDFS_LABEL.value, self._names.label(quad.object))

    def _node(self, subject: Subject, predicate: NamedNode) -> NamedNode | None:
        quads = self._store.match(subject, predicate, None)
        return next((quad.object for quad in quads if isinstance(quad.object, NamedNode)), None)

    def _term(self, subject: Subject, predicate: NamedNode) -> Term | None:
        return next((quad.object for quad in self._store.match(subject, predicate, None, CATALOGUE)), None)

    def _changed(self, change: Change) -> None:
        for name in change.graphs:
            if isinstance(name, NamedNode):
                self._counted.pop(name, None)


def _distributions(entry: Entry, addresses: Addresses) -> Iterator[Triple]:
    for ending, (media, label) in FORMATS.items():
        node = NamedNode(f"{entry.iri.value}#{ending}")
        address = NamedNode(addresses.download(entry.path, ending))
        yield Triple(entry.iri, _dcat("distribution"), node)
        yield Triple(node, RDF_TYPE, _dcat("Distribution"))
        yield from _texts(node, DCTERMS + "title", label)
        yield Triple(node, _dcat("downloadURL"), address)
        yield Triple(node, _dcat("accessURL"), NamedNode(addresses.page(entry.path)))
        yield Triple(node, _dcat("mediaType"), NamedNode(MEDIA + media))
        yield Triple(node, _dcat("accessService"), SERVICE)
        if entry.licence is not None:
            yield Triple(node, _dcterms("license"), entry.licence)
        if media != "text/csv":
            yield Triple(entry.iri, NamedNode(VOID + "dataDump"), address)
    yield Triple(entry.iri, NamedNode(VOID + "sparqlEndpoint"), NamedNode(addresses.sparql))


def _says(subject: Subject) -> Callable[[NamedNode, Term], Triple]:
    return lambda predicate, value: Triple(subject, predicate, value)


def _texts(subject: Subject, predicate: str, text: Text) -> Iterable[Triple]:
    return [
        Triple(subject, NamedNode(predicate), Literal(text.in_(lang), language=lang)) for lang in ("zh", "en")
    ]


def _dcat(local: str) -> NamedNode:
    return NamedNode(DCAT + local)


def _dcterms(local: str) -> NamedNode:
    return NamedNode(DCTERMS + local)


def _typed(text: str, kind: str) -> Literal:
    return Literal(text, datatype=NamedNode(XSD + kind))


def _moment(moment: datetime) -> Literal:
    return _typed(moment.isoformat(), "dateTime")
