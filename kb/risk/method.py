"""How risk is judged, as the knowledge says: categories, parameters, factors, thresholds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pyoxigraph import Literal, NamedNode

from kb.errors import KnowledgeFault, Text
from kb.namespaces import RDF_TYPE, RDFS_LABEL, xz
from kb.sensing.source import CATEGORIES, Facts

FACTOR_KINDS = ("source", "exposure", "vulnerability")


@dataclass(frozen=True, slots=True)
class Category:
    """A category of risk: its *slug*, what it is called, and how much one event counts in the total."""

    iri: NamedNode
    label: Text
    weight: float

    @property
    def slug(self) -> str:
        """The last part of its IRI."""
        return self.iri.value.removeprefix(CATEGORIES)


@dataclass(frozen=True, slots=True)
class Factor:
    """What else in a grid raises its index: each member of *counts* by *weight*, up to *most*.

    :param only: where there are any, a record counts that says to be of one of these (a kind of target).
    """

    iri: NamedNode
    label: Text
    kind: str
    counts: NamedNode
    only: frozenset[NamedNode]
    weight: float
    most: int


@dataclass(frozen=True, slots=True)
class Threshold:
    """An index in the top *share* of grid-hours, and *times* the mean or more, is of *level*."""

    level: NamedNode
    label: Text
    rank: int
    share: float
    times: float
    proposes: bool


@dataclass(frozen=True, slots=True)
class Method:
    """Everything that the knowledge says about the index; thresholds with the highest level first."""

    iri: NamedNode
    label: Text
    categories: tuple[Category, ...]
    factors: tuple[Factor, ...]
    thresholds: tuple[Threshold, ...]
    bandwidths: tuple[float, ...]
    priors: tuple[float, ...]
    city_share: float
    time_prior: float


def read(facts: Facts) -> Method:
    """Return the method that *facts*, a store or a file, describe.

    :raises KnowledgeFault: ``risk.method``, where there is not just one, or it lacks something.
    """
    said = _Said(facts)
    methods = sorted(said.members("RiskMethod"), key=lambda iri: iri.value)
    if len(methods) != 1:
        raise KnowledgeFault.of(
            "risk.method",
            f"应有一种风险指数方法，有 {len(methods)} 种",
            f"there should be one method of the index, not {len(methods)}",
        )
    (iri,) = methods
    return Method(
        iri,
        said.label(iri),
        tuple(
            Category(one, said.label(one), said.number(one, "severityWeight"))
            for one in sorted(said.members("RiskCategory"), key=lambda one: said.number(one, "rank"))
        ),
        tuple(
            Factor(
                one,
                said.label(one),
                said.text(one, "factorKind"),
                said.thing(one, "countsMembersOf"),
                frozenset(term for term in said.terms(one, "countsOnly") if isinstance(term, NamedNode)),
                said.number(one, "factorWeight"),
                int(said.number(one, "mostCounted")),
            )
            for one in sorted(said.members("RiskFactor"), key=lambda one: one.value)
        ),
        tuple(
            sorted(
                (
                    Threshold(
                        level := said.thing(one, "reachesLevel"),
                        said.label(level),
                        int(said.number(level, "rank")),
                        said.number(one, "topShare"),
                        said.number(one, "timesMean"),
                        said.text(one, "raisesProposal") == "true",
                    )
                    for one in said.members("RiskThreshold")
                ),
                key=lambda threshold: threshold.rank,
            )
        ),
        tuple(sorted(said.numbers(iri, "bandwidthCandidate"))),
        tuple(sorted(said.numbers(iri, "priorCandidate"))),
        said.number(iri, "cityShare"),
        said.number(iri, "timePrior"),
    )


class _Said:
    """What *facts* say of a thing."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def members(self, name: str) -> list[NamedNode]:
        found = (quad.subject for quad in self._facts.match(None, RDF_TYPE, xz(name)))
        return list(dict.fromkeys(one for one in found if isinstance(one, NamedNode)))

    def terms(self, iri: NamedNode, name: str) -> Iterable[Any]:
        return [quad.object for quad in self._facts.match(iri, xz(name), None)]

    def label(self, iri: NamedNode) -> Text:
        found = (q.object for q in self._facts.match(iri, RDFS_LABEL, None))
        texts = {term.language: term.value for term in found if isinstance(term, Literal)}
        slug = iri.value.rpartition("/")[2]
        return Text(texts.get("zh", slug), texts.get("en", slug))

    def numbers(self, iri: NamedNode, name: str) -> list[float]:
        try:
            found = [float(term.value) for term in self.terms(iri, name)]
        except ValueError:
            raise self._wrong(iri, name) from None
        if not found:
            raise self._wrong(iri, name)
        return found

    def number(self, iri: NamedNode, name: str) -> float:
        return self.numbers(iri, name)[0]

    def text(self, iri: NamedNode, name: str) -> str:
        found = [term.value for term in self.terms(iri, name) if isinstance(term, Literal)]
        if not found:
            raise self._wrong(iri, name)
        return str(found[0])

    def thing(self, iri: NamedNode, name: str) -> NamedNode:
        found = [term for term in self.terms(iri, name) if isinstance(term, NamedNode)]
        if not found:
            raise self._wrong(iri, name)
        return found[0]

    def _wrong(self, iri: NamedNode, name: str) -> KnowledgeFault:
        return KnowledgeFault.of(
            "risk.method", f"缺少 xz:{name} 或其值不对", f"xz:{name} is missing or wrong", where=iri.value
        )
