"""Why a conclusion holds: the rule, its bindings, and its premises, each proved in turn down to facts.

The executor keeps the first reason of every derived triple. A first reason rests only on triples that were
there before, so following reasons always ends: at facts of the incident, at facts of the base graph with the
named graphs that hold them, at the absence of something (NOT), and at computations (FILTER, SET).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyoxigraph import NamedNode, Triple, Variable

from kb.inference.interactive import Derivation
from kb.srl.syntax import (
    Assignment,
    Filter,
    Negation,
    PatternTerm,
    Rule,
    Term,
    TriplePattern,
    TripleTermPattern,
)

Graphs = Callable[[Triple], list[NamedNode]]
"""Says which named graphs hold an asserted triple."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A premise that was asserted, and the graphs that hold it."""

    triple: Triple
    graphs: tuple[NamedNode, ...]


@dataclass(frozen=True, slots=True)
class Absence:
    """A premise of the form NOT: none of these patterns together was found."""

    negation: Negation
    bindings: Mapping[Variable, Term]


@dataclass(frozen=True, slots=True)
class Computation:
    """A FILTER that was true or a SET that was made."""

    element: Filter | Assignment
    bindings: Mapping[Variable, Term]


@dataclass(frozen=True, slots=True)
class Proof:
    """A derived triple, the rule that derived it, and why each element of the rule's body held."""

    triple: Triple
    rule: Rule
    bindings: Mapping[Variable, Term]
    premises: tuple[Proof | Fact | Absence | Computation, ...]


def prove(triple: Triple, derivation: Derivation, graphs: Graphs) -> Proof | Fact | None:
    """Return the proof of *triple*, or ``None`` where it neither was derived nor is a fact."""
    return _Prover(derivation, graphs).prove(triple)


class _Prover:
    def __init__(self, derivation: Derivation, graphs: Graphs) -> None:
        self._derivation = derivation
        self._graphs = graphs
        self._known: dict[Triple, Proof | Fact | None] = {}

    def prove(self, triple: Triple) -> Proof | Fact | None:
        if triple not in self._known:
            self._known[triple] = self._prove(triple)
        return self._known[triple]

    def _prove(self, triple: Triple) -> Proof | Fact | None:
        because = self._derivation.because(triple)
        if because is None:
            found = tuple(self._graphs(triple))
            return Fact(triple, found) if found or triple in self._derivation.asserted else None
        premises = tuple(
            premise
            for element in because.rule.body
            if (premise := self._premise(element, because.bindings)) is not None
        )
        return Proof(triple, because.rule, because.bindings, premises)

    def _premise(
        self, element: object, bindings: Mapping[Variable, Term]
    ) -> Proof | Fact | Absence | Computation | None:
        match element:
            case TriplePattern():
                triple = Triple(*(instantiate(term, bindings) for term in element.terms))  # type: ignore[arg-type]
                return self.prove(triple)
            case Negation():
                return Absence(element, bindings)
            case Filter() | Assignment():
                return Computation(element, bindings)
        return None


def instantiate(term: PatternTerm, bindings: Mapping[Variable, Term]) -> Term:
    """Return *term* with every variable replaced by its binding."""
    if isinstance(term, Variable):
        return bindings[term]
    if isinstance(term, TripleTermPattern):
        parts = (instantiate(part, bindings) for part in (term.subject, term.predicate, term.object))
        return Triple(*parts)  # type: ignore[arg-type]
    return term
