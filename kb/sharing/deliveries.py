"""Deliveries in the catalogue graph: who handed in which file when, and how many records were stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad

from kb.namespaces import CATALOGUE, PROV, RDF_TYPE, ROOT, XSD, xz
from kb.sharing.datasets import GENERATED, MODIFIED, Dataset
from kb.store.protocol import Store, Term

STARTED = NamedNode(PROV + "startedAtTime")
ENDED = NamedNode(PROV + "endedAtTime")
DELIVERY = ROOT + "delivery/"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One file that was handed in, and what became of it. Times are in ISO 8601."""

    iri: NamedNode
    dataset: NamedNode
    actor: str
    file_name: str
    digest: str
    """The SHA-256 of the file."""
    contract_digest: str
    """That of the contract by which it was judged."""
    started: str
    ended: str
    records: int
    stored: int
    quarantined: int
    increment: bool = False
    supersedes: NamedNode | None = None
    withdrawn: str | None = None
    mends: NamedNode | None = None
    """The quarantined record in whose place its one record comes."""

    def as_json(self) -> dict[str, Any]:
        """Return the delivery for JSON."""
        return {
            "iri": self.iri.value,
            "dataset": self.dataset.value,
            "actor": self.actor,
            "fileName": self.file_name,
            "sourceDigest": self.digest,
            "contractDigest": self.contract_digest,
            "started": self.started,
            "ended": self.ended,
            "recordsIn": self.records,
            "recordsStored": self.stored,
            "recordsQuarantined": self.quarantined,
            "increment": self.increment,
            "supersedes": self.supersedes.value if self.supersedes else None,
            "withdrawn": self.withdrawn,
            "mends": self.mends.value if self.mends else None,
        }

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> Delivery:
        """Return the delivery that :meth:`as_json` told of."""
        return cls(
            NamedNode(said["iri"]),
            NamedNode(said["dataset"]),
            said["actor"],
            said["fileName"],
            said["sourceDigest"],
            said["contractDigest"],
            said["started"],
            said["ended"],
            said["recordsIn"],
            said["recordsStored"],
            said["recordsQuarantined"],
            said["increment"],
            NamedNode(said["supersedes"]) if said["supersedes"] else None,
            said["withdrawn"],
            NamedNode(said["mends"]) if said.get("mends") else None,  # an older spool does not say
        )

    def quads(self) -> Iterator[Quad]:
        """Yield what the catalogue says of it."""

        def say(predicate: NamedNode, value: Term) -> Quad:
            return Quad(self.iri, predicate, value, CATALOGUE)

        yield say(RDF_TYPE, xz("Delivery"))
        yield say(xz("dataset"), self.dataset)
        yield say(STARTED, _time(self.started))
        yield say(ENDED, _time(self.ended))
        yield say(xz("actor"), Literal(self.actor))
        yield say(xz("fileName"), Literal(self.file_name))
        yield say(xz("sourceDigest"), Literal(self.digest))
        yield say(xz("contractDigest"), Literal(self.contract_digest))
        for name, count in (
            ("recordsIn", self.records),
            ("recordsStored", self.stored),
            ("recordsQuarantined", self.quarantined),
        ):
            yield say(xz(name), Literal(count))
        mode = "increment" if self.increment else "snapshot"
        yield say(xz("updateMode"), NamedNode(f"{ROOT}kb/update-mode/{mode}"))
        if self.supersedes is not None:
            yield say(xz("supersedes"), self.supersedes)
        if self.mends is not None:
            yield say(xz("mends"), self.mends)


def of(store: Store, dataset: Dataset) -> list[Delivery]:
    """Return the deliveries of *dataset*, oldest first."""
    found = [
        read(store, quad.subject)
        for quad in store.match(None, xz("dataset"), dataset.iri, CATALOGUE)
        if isinstance(quad.subject, NamedNode)
    ]
    return sorted(found, key=lambda delivery: (delivery.started, delivery.iri.value))


def current(store: Store, dataset: Dataset) -> Delivery | None:
    """Return the last delivery of which records were stored, unless it was withdrawn."""
    for quad in store.match(dataset.iri, GENERATED, None, CATALOGUE):
        if isinstance(quad.object, NamedNode):
            return read(store, quad.object)
    return None


def read(store: Store, iri: NamedNode) -> Delivery:
    """Return the delivery *iri*, which is in the catalogue."""
    values = {quad.predicate.value: quad.object for quad in store.match(iri, None, None, CATALOGUE)}

    def text(predicate: NamedNode) -> str:
        return str(getattr(values.get(predicate.value), "value", ""))

    dataset, before = values.get(xz("dataset").value), values.get(xz("supersedes").value)
    mends = values.get(xz("mends").value)
    assert isinstance(dataset, NamedNode)
    return Delivery(
        iri,
        dataset,
        text(xz("actor")),
        text(xz("fileName")),
        text(xz("sourceDigest")),
        text(xz("contractDigest")),
        text(STARTED),
        text(ENDED),
        records=int(text(xz("recordsIn")) or 0),
        stored=int(text(xz("recordsStored")) or 0),
        quarantined=int(text(xz("recordsQuarantined")) or 0),
        increment=text(xz("updateMode")).endswith("/increment"),
        supersedes=before if isinstance(before, NamedNode) else None,
        withdrawn=text(xz("withdrawnAt")) or None,
        mends=mends if isinstance(mends, NamedNode) else None,
    )


def now_current(store: Store, dataset: Dataset, delivery: Delivery) -> tuple[list[Quad], list[Quad]]:
    """Return the quads to add and to remove so that *delivery* is what *dataset* now holds.

    One mended record makes the others no fresher: what they are from stays what it was.
    """
    predicates = (MODIFIED,) if delivery.mends else (GENERATED, MODIFIED)
    old = [quad for one in predicates for quad in store.match(dataset.iri, one, None, CATALOGUE)]
    new = [Quad(dataset.iri, MODIFIED, _time(delivery.ended), CATALOGUE)]
    if not delivery.mends:
        new.append(Quad(dataset.iri, GENERATED, delivery.iri, CATALOGUE))
    return new, old


def _time(text: str) -> Literal:
    return Literal(text, datatype=NamedNode(XSD + "dateTime"))
