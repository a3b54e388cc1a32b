"""The catalogue page by page, as harvesters read it (DCAT 3, paged with Hydra), and the VoID of the whole.

Everybody who sees the catalogue graph sees that a dataset exists, whose it is and on which terms it is
shared, unless its sharing attribute lists it for its readers only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

import pyoxigraph
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from kb.catalogue.dcat import (
    DCAT,
    FOAF,
    IRI,
    ODRL,
    SERVICE,
    VCARD,
    Addresses,
    Descriptions,
    Visible,
    agent,
    dcat,
    dcterms,
    moment,
    says,
    texts,
    typed,
)
from kb.catalogue.metrics import DQV
from kb.catalogue.shared import Shared
from kb.catalogue.shelf import SYSTEM, Entry
from kb.catalogue.void import VOID
from kb.errors import NotFound, Text
from kb.namespaces import CATALOGUE, DCTERMS, ONTOLOGY, PREFIXES, RDF_TYPE
from kb.ontology.names import Names
from kb.store.protocol import Store

HYDRA = "http://www.w3.org/ns/hydra/core#"
SIZE, LARGEST = 50, 1000
"""Datasets of a page, if nothing is said, and at most."""
TITLE = Text("协治数据目录", "Catalogue of Xiezhi")
ABOUT = Text(
    "各部门共享的数据集，以及本系统发布的知识与城市数据。",
    "The datasets that departments share, and the knowledge and cities that this system publishes.",
)
SERIALIZED = {
    "text/turtle": RdfFormat.TURTLE,
    "application/ld+json": RdfFormat.JSON_LD,
    "application/rdf+xml": RdfFormat.RDF_XML,
    "application/n-triples": RdfFormat.N_TRIPLES,
}
"""What the catalogue itself comes in; the first is the default."""
_PREFIXES = PREFIXES | {
    "dcat": DCAT, "odrl": ODRL, "void": VOID, "dqv": DQV, "vcard": VCARD, "foaf": FOAF, "hydra": HYDRA,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the catalogue: its *number*, from 1 to *last*, of *size* datasets out of *total*."""

    entries: Sequence[Entry]
    number: int
    size: int
    total: int

    @property
    def last(self) -> int:
        """The number of the last page."""
        return max(1, ceil(self.total / self.size))

    def links(self) -> dict[str, int]:
        """Return the pages around it by their link relation (RFC 8288)."""
        found = {"first": 1, "prev": self.number - 1, "next": self.number + 1, "last": self.last}
        return {name: number for name, number in found.items() if 1 <= number <= self.last}


class Catalogue:
    """The catalogue of *shared*."""

    def __init__(self, store: Store, names: Names, shared: Shared) -> None:
        self._store, self._shared = store, shared
        self.descriptions = Descriptions(store, names, shared)

    def entries(self, visible: Visible) -> list[Entry]:
        """Return the datasets that the reader may know of."""
        shelf, catalogue = self._shared.shelf, visible(CATALOGUE)
        return [
            entry
            for entry in shelf.all()
            if (catalogue and shelf.open_to_know(entry)) or visible(entry.graph)
        ]

    def entry(self, path: str, visible: Visible) -> Entry:
        """Return the dataset at *path*.

        :raises NotFound: ``dataset.unknown``, also where the reader may not know of it.
        """
        return self._shared.shelf.get(path, self.entries(visible))

    def page(self, visible: Visible, number: int = 1, size: int = SIZE) -> Page:
        """Return one page.

        :raises NotFound: ``catalogue.page``, where there is none of that number.
        """
        entries = self.entries(visible)
        page = Page(entries[(number - 1) * size : number * size], number, size, len(entries))
        if not 1 <= number <= page.last:
            raise NotFound.of(
                "catalogue.page",
                f"目录没有第 {number} 页，共 {page.last} 页",
                f"the catalogue has no page {number}, only {page.last}",
            )
        return page

    def triples(self, page: Page, visible: Visible, addresses: Addresses, now: datetime) -> Iterator[Triple]:
        """Yield *page* of the catalogue as one reader may see it at *now*."""
        say = says(IRI)
        yield say(RDF_TYPE, dcat("Catalog"))
        yield from texts(IRI, DCTERMS + "title", TITLE)
        yield from texts(IRI, DCTERMS + "description", ABOUT)
        yield say(dcterms("publisher"), SYSTEM)
        yield say(NamedNode(FOAF + "page"), NamedNode(addresses.root + "catalogue"))
        yield from agent(SYSTEM, Text("协治", "Xiezhi"))
        yield say(dcat("service"), SERVICE)
        yield from _service(addresses)
        yield from _paging(page, addresses)
        changed = (self._shared.shelf.freshness(entry, now).last for entry in self.entries(visible))
        newest = max((time for time in changed if time is not None), default=None)
        if newest is not None:
            yield say(dcterms("modified"), moment(newest))
        for entry in page.entries:
            yield say(dcat("dataset"), entry.iri)
            yield Triple(SERVICE, dcat("servesDataset"), entry.iri)
            yield from self.descriptions.dataset(entry, visible, addresses, now)
        for quad in self._store.match(None, RDF_TYPE, NamedNode(ODRL + "Set"), ONTOLOGY):
            assert isinstance(quad.subject, NamedNode)  # a policy that datasets name
            yield from self.descriptions.whole(quad.subject)

    def void(self, visible: Visible, addresses: Addresses) -> Iterator[Triple]:
        """Yield the VoID description of everything that the reader may query or download."""
        document = NamedNode(addresses.root + ".well-known/void")
        yield Triple(document, RDF_TYPE, _void("DatasetDescription"))
        yield from texts(document, DCTERMS + "title", TITLE)
        yield Triple(document, NamedNode(FOAF + "primaryTopic"), IRI)
        yield Triple(IRI, RDF_TYPE, _void("Dataset"))
        yield from texts(IRI, DCTERMS + "title", TITLE)
        yield Triple(IRI, _void("sparqlEndpoint"), NamedNode(addresses.sparql))
        for name in ("Turtle", "N-Triples", "JSON-LD"):
            yield Triple(IRI, _void("feature"), NamedNode(f"http://www.w3.org/ns/formats/{name}"))
        for entry in self.entries(visible):
            seen = visible(entry.graph)
            yield Triple(IRI, _void("subset"), entry.iri)
            yield Triple(entry.iri, RDF_TYPE, _void("Dataset"))
            yield from texts(entry.iri, DCTERMS + "title", entry.title)
            yield Triple(entry.iri, NamedNode(FOAF + "homepage"), NamedNode(addresses.page(entry.path)))
            if entry.licence is not None:
                yield Triple(entry.iri, dcterms("license"), entry.licence)
            if entry.declared is not None:
                yield Triple(entry.iri, _void("uriSpace"), Literal(entry.declared.base))
            yield from self.descriptions.counts(entry, seen)
            if seen:
                for ending in ("ttl", "nt", "jsonld"):
                    address = NamedNode(addresses.download(entry.path, ending))
                    yield Triple(entry.iri, _void("dataDump"), address)


def serialize(triples: Iterable[Triple], media: str) -> bytes:
    """Return *triples* in *media*, one of :data:`SERIALIZED`; the same ones always in the same order."""
    ordered = sorted(set(triples), key=str)
    return pyoxigraph.serialize(ordered, format=SERIALIZED[media], prefixes=_PREFIXES)  # type: ignore[return-value]


def _paging(page: Page, addresses: Addresses) -> Iterator[Triple]:
    """Yield where the other pages are (Hydra Core Vocabulary, collections)."""
    view = NamedNode(addresses.catalogue(page.number, page.size))
    yield Triple(IRI, RDF_TYPE, _hydra("Collection"))
    yield Triple(IRI, _hydra("totalItems"), typed(str(page.total), "integer"))
    yield Triple(IRI, _hydra("view"), view)
    yield Triple(view, RDF_TYPE, _hydra("PartialCollectionView"))
    for entry in page.entries:
        yield Triple(IRI, _hydra("member"), entry.iri)
    for name, number in page.links().items():
        address = NamedNode(addresses.catalogue(number, page.size))
        yield Triple(view, _hydra("previous" if name == "prev" else name), address)


def _service(addresses: Addresses) -> Iterator[Triple]:
    say = says(SERVICE)
    yield say(RDF_TYPE, dcat("DataService"))
    yield from texts(SERVICE, DCTERMS + "title", Text("SPARQL 查询服务", "SPARQL query service"))
    yield say(dcat("endpointURL"), NamedNode(addresses.sparql))
    yield say(dcat("endpointDescription"), NamedNode(addresses.sparql))
    yield say(dcterms("conformsTo"), NamedNode("https://www.w3.org/TR/sparql11-protocol/"))
    yield say(dcterms("publisher"), SYSTEM)


def _void(local: str) -> NamedNode:
    return NamedNode(VOID + local)


def _hydra(local: str) -> NamedNode:
    return NamedNode(HYDRA + local)
