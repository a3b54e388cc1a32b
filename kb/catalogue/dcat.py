"""One dataset as other systems harvest it: DCAT 3 with its ODRL policy, VoID statistics and DQV measurements.

Where to download it is told to those only who may see its records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kb.catalogue.metrics import DQV
from kb.catalogue.shared import Shared
from kb.catalogue.shelf import SYSTEM, Entry, contract_iri
from kb.catalogue.void import VOID, void
from kb.errors import Text
from kb.namespaces import CATALOGUE, DCTERMS, DCTERMS_SOURCE, ONTOLOGY, RDF_TYPE, RDFS_LABEL, ROOT, XSD, xz
from kb.ontology.names import Names
from kb.store.protocol import Store, Subject, Term

DCAT = "http://www.w3.org/ns/dcat#"
ODRL = "http://www.w3.org/ns/odrl/2/"
VCARD = "http://www.w3.org/2006/vcard/ns#"
FOAF = "http://xmlns.com/foaf/0.1/"
MEDIA = "https://www.iana.org/assignments/media-types/"
IRI = NamedNode(ROOT + "catalogue")
SERVICE = NamedNode(ROOT + "catalogue#sparql")
OPEN = NamedNode(ROOT + "kb/policy/open")
FORMATS = {
    "ttl": ("text/turtle", Text("Turtle", "Turtle")),
    "nt": ("application/n-triples", Text("N-Triples", "N-Triples")),
    "jsonld": ("application/ld+json", Text("JSON-LD", "JSON-LD")),
    "csv": ("text/csv", Text("CSV", "CSV")),
}
"""What a dataset is downloaded as: the ending of the address, and the media type."""

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
        return f"{self.root}download/{path}.{ending}"

    def catalogue(self, page: int, size: int) -> str:
        """Return a page of the catalogue, the first is 1."""
        return f"{self.root}catalogue?page={page}&size={size}"

    @property
    def sparql(self) -> str:
        """Return the SPARQL endpoint."""
        return f"{self.root}sparql"


class Descriptions:
    """Describes the datasets of *shared*."""

    def __init__(self, store: Store, names: Names, shared: Shared) -> None:
        self._store, self._names, self._shared = store, names, shared

    def dataset(
        self, entry: Entry, visible: Visible, addresses: Addresses, now: datetime
    ) -> Iterator[Triple]:
        """Yield what the catalogue says of one dataset at *now*."""
        say = says(entry.iri)
        yield say(RDF_TYPE, dcat("Dataset"))
        yield say(dcterms("identifier"), Literal(entry.path))
        yield from texts(entry.iri, DCTERMS + "title", entry.title)
        yield from texts(entry.iri, DCTERMS + "description", entry.description)
        yield say(dcterms("publisher"), entry.publisher)
        if entry.publisher != SYSTEM:
            yield from agent(entry.publisher, self._names.label(entry.publisher))
        if entry.licence is not None:
            yield say(dcterms("license"), entry.licence)
            yield Triple(entry.licence, RDF_TYPE, dcterms("LicenseDocument"))
        if entry.source is not None:
            yield say(DCTERMS_SOURCE, entry.source)
        yield say(dcat("landingPage"), NamedNode(addresses.page(entry.path)))
        policy = self.policy(entry)
        if policy is not None:
            yield say(NamedNode(ODRL + "hasPolicy"), policy)
        yield from self._terms(entry, now)
        yield from self._measurements(entry)
        seen = visible(entry.graph)
        yield from self.counts(entry, seen)
        if seen:
            yield from _distributions(entry, addresses)

    def policy(self, entry: Entry) -> NamedNode | None:
        """Return the policy of use: that of its sharing attribute; what the system publishes is open."""
        if entry.declared is None:
            return OPEN
        sharing = entry.declared.sharing
        quads = () if sharing is None else self._store.match(sharing, xz("policy"), None, ONTOLOGY)
        return next((quad.object for quad in quads if isinstance(quad.object, NamedNode)), None)

    def whole(self, subject: Subject) -> Iterator[Triple]:
        """Yield what the ontology says of *subject* and the blank nodes below it, with labels."""
        for quad in self._store.match(subject, None, None, ONTOLOGY):
            yield Triple(subject, quad.predicate, quad.object)
            if isinstance(quad.object, BlankNode):
                yield from self.whole(quad.object)
            elif isinstance(quad.object, NamedNode) and quad.object.value.startswith(ROOT):
                yield from texts(quad.object, RDFS_LABEL.value, self._names.label(quad.object))

    def counts(self, entry: Entry, seen: bool) -> Iterator[Triple]:
        """Yield the VoID statistics; who may not see the records is told only how large they are."""
        counted = self._shared.statistics.of(entry)
        if counted is not None:
            size = (RDF_TYPE.value, VOID + "triples")
            yield from (t for t in void(entry.iri, counted) if seen or t.predicate.value in size)

    def _terms(self, entry: Entry, now: datetime) -> Iterator[Triple]:
        """Yield what only a dataset of a department has: contract, rights, level, steward, freshness."""
        declared, say = entry.declared, says(entry.iri)
        if declared is None:
            yield say(RDF_TYPE, xz("SystemDataset"))
            return
        yield say(RDF_TYPE, xz("Dataset"))
        yield say(dcterms("conformsTo"), contract_iri(declared))
        yield Triple(contract_iri(declared), RDF_TYPE, dcterms("Standard"))
        for predicate, term in (
            (dcterms("accessRights"), declared.sharing),
            (xz("sharing"), declared.sharing),
            (xz("dataLevel"), declared.data_level),
            (xz("steward"), declared.steward),
        ):
            if term is not None:
                yield say(predicate, term)
                yield from texts(term, RDFS_LABEL.value, self._names.label(term))
        if declared.sharing is not None:
            yield Triple(declared.sharing, RDF_TYPE, dcterms("RightsStatement"))
        if declared.steward is not None:
            contact = NamedNode(f"{entry.iri.value}#contact")
            yield say(dcat("contactPoint"), contact)
            yield Triple(contact, RDF_TYPE, NamedNode(VCARD + "Organization"))
            yield from texts(contact, VCARD + "fn", self._names.label(declared.steward))
        if declared.freshness_limit is not None:
            yield say(xz("freshnessLimit"), typed(declared.freshness_limit, "duration"))
        fresh = self._shared.shelf.freshness(entry, now)
        if fresh.last is not None:
            yield say(dcterms("modified"), moment(fresh.last))
        yield say(xz("freshness"), fresh.term)
        yield from texts(fresh.term, RDFS_LABEL.value, self._names.label(fresh.term))

    def _measurements(self, entry: Entry) -> Iterator[Triple]:
        """Yield the newest measurement of each metric."""
        for points in self._shared.trends.on(entry.iri).values():
            node = points[-1].measurement
            yield Triple(entry.iri, NamedNode(DQV + "hasQualityMeasurement"), node)
            for quad in self._store.match(node, None, None, CATALOGUE):
                yield Triple(node, quad.predicate, quad.object)
                if quad.predicate.value == DQV + "isMeasurementOf" and isinstance(quad.object, NamedNode):
                    yield Triple(quad.object, RDF_TYPE, NamedNode(DQV + "Metric"))
                    yield from texts(quad.object, RDFS_LABEL.value, self._names.label(quad.object))


def _distributions(entry: Entry, addresses: Addresses) -> Iterator[Triple]:
    for ending, (media, label) in FORMATS.items():
        node = NamedNode(f"{entry.iri.value}#{ending}")
        address = NamedNode(addresses.download(entry.path, ending))
        yield Triple(entry.iri, dcat("distribution"), node)
        yield Triple(node, RDF_TYPE, dcat("Distribution"))
        yield from texts(node, DCTERMS + "title", label)
        yield Triple(node, dcat("downloadURL"), address)
        yield Triple(node, dcat("accessURL"), NamedNode(addresses.page(entry.path)))
        yield Triple(node, dcat("mediaType"), NamedNode(MEDIA + media))
        yield Triple(node, dcat("accessService"), SERVICE)
        if entry.licence is not None:
            yield Triple(node, dcterms("license"), entry.licence)
        if media != "text/csv":
            yield Triple(entry.iri, NamedNode(VOID + "dataDump"), address)
    yield Triple(entry.iri, NamedNode(VOID + "sparqlEndpoint"), NamedNode(addresses.sparql))


def agent(subject: NamedNode, name: Text) -> Iterator[Triple]:
    """Yield who *subject*, a publisher, is."""
    yield Triple(subject, RDF_TYPE, NamedNode(FOAF + "Agent"))
    yield from texts(subject, FOAF + "name", name)


def says(subject: Subject) -> Callable[[NamedNode, Term], Triple]:
    """Return what makes triples of *subject* out of a predicate and an object."""
    return lambda predicate, value: Triple(subject, predicate, value)


def texts(subject: Subject, predicate: str, text: Text) -> Iterator[Triple]:
    """Yield *text* in both languages."""
    for lang in ("zh", "en"):
        yield Triple(subject, NamedNode(predicate), Literal(text.in_(lang), language=lang))


def dcat(local: str) -> NamedNode:
    """Return a term of DCAT."""
    return NamedNode(DCAT + local)


def dcterms(local: str) -> NamedNode:
    """Return a term of DCMI."""
    return NamedNode(DCTERMS + local)


def typed(text: str, kind: str) -> Literal:
    """Return a literal of an XSD datatype."""
    return Literal(text, datatype=NamedNode(XSD + kind))


def moment(time: datetime) -> Literal:
    """Return *time* as ``xsd:dateTime``."""
    return typed(time.isoformat(), "dateTime")
