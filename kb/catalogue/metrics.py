"""The metrics of quality, which are data (``ontology/quality.ttl``): one figure divided by another.

This module counts the figures. A metric of figures that it counts is added in the ontology alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pyoxigraph import Literal, NamedNode

from kb.catalogue.freshness import freshness, seconds_of
from kb.catalogue.shelf import Delivery, Entry
from kb.errors import Text
from kb.namespaces import ONTOLOGY, RDF_TYPE, RDFS_LABEL, SKOS, XSD, xz
from kb.ontology.names import Names
from kb.store.protocol import Store, Term

DQV = "http://www.w3.org/ns/dqv#"
_TRUE = Literal("true", datatype=NamedNode(XSD + "boolean"))


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as the ontology defines it; *daily*: measured every day, else at each delivery."""

    iri: NamedNode
    name: str
    label: Text
    definition: Text
    dimension: Text
    numerator: str
    denominator: str
    daily: bool
    rank: int


@dataclass(frozen=True, slots=True)
class Situation:
    """What figures are counted of: a dataset at one time, and what its last delivery then was."""

    entry: Entry
    at: datetime
    delivery: Delivery | None
    last_good: datetime | None
    filled: tuple[int, int] | None
    """The values present and the values declared, if they can still be counted."""


def _age(situation: Situation) -> float | None:
    limit, last = situation.entry.limit, situation.last_good
    if limit is None or last is None:
        return None
    age = freshness(last, limit, situation.at).age
    return None if age is None else max(age, seconds_of(limit, last))


FIGURES: Mapping[str, Callable[[Situation], float | None]] = {
    "values-present": lambda s: s.filled[0] if s.filled else None,
    "values-declared": lambda s: s.filled[1] if s.filled else None,
    "records-stored": lambda s: s.delivery.stored if s.delivery else None,
    "records-quarantined": lambda s: s.delivery.quarantined if s.delivery else None,
    "records-in": lambda s: s.delivery.records if s.delivery else None,
    "freshness-limit": lambda s: seconds_of(s.entry.limit, s.last_good) if s.entry.limit else None,
    "age": _age,
}
"""How each ``xz:Figure`` is counted, by its local name; ``None``: unknown."""


def metrics(store: Store, names: Names) -> list[Metric]:
    """Return the metrics that the ontology defines and whose figures can be counted, in their order."""
    found = []
    for quad in store.match(None, RDF_TYPE, NamedNode(DQV + "Metric"), ONTOLOGY):
        iri = quad.subject
        assert isinstance(iri, NamedNode)  # the ontology's own, and it names every metric
        top, bottom = (_name(_one(store, iri, xz(local))) for local in ("numerator", "denominator"))
        if top not in FIGURES or bottom not in FIGURES:
            continue
        dimension, rank = _one(store, iri, NamedNode(DQV + "inDimension")), _one(store, iri, xz("rank"))
        nothing = Text("", "")
        found.append(
            Metric(
                iri,
                _name(iri),
                names.texts(iri, RDFS_LABEL) or nothing,
                names.texts(iri, NamedNode(SKOS + "definition")) or nothing,
                names.label(dimension) if dimension else nothing,
                top,
                bottom,
                _one(store, iri, xz("daily")) == _TRUE,
                int(rank.value) if isinstance(rank, Literal) else 9,
            )
        )
    return sorted(found, key=lambda metric: (metric.rank, metric.name))


def measured(metric: Metric, situation: Situation) -> float | None:
    """Return the value of *metric*, from 0 to 1; ``None`` where a figure is unknown or divides by zero."""
    top, bottom = FIGURES[metric.numerator](situation), FIGURES[metric.denominator](situation)
    if top is None or not bottom:
        return None
    return min(1.0, max(0.0, top / bottom))


def _one(store: Store, subject: NamedNode, predicate: NamedNode) -> Term | None:
    return next((quad.object for quad in store.match(subject, predicate, None, ONTOLOGY)), None)


def _name(term: Term | None) -> str:
    """Return the last part of an IRI."""
    return term.value.rsplit("/", 1)[-1] if isinstance(term, NamedNode) else ""
