"""Why a conclusion holds: the rule, its bindings, and its premises, each proved in turn down to facts.

The executor keeps the first reason of every derived triple. A first reason rests only on triples that were
there before, so following reasons always ends: at facts of the incident, at facts of the base graph with the
named graphs that hold them, at the absence of something (NOT), and at computations (FILTER, SET).

:func:`prove` follows first reasons; :mod:`kb.inference.explanation.minimal` finds the smallest proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pyoxigraph import NamedNode, Triple, Variable

from kb.inference.interactive.derivation import Derivation
from kb.srl.syntax import (
    Assignment,
    Element,
    Filter,
    Negation,
    PatternTerm,
    Rule,
    Term,
    TriplePattern,
    TripleTermPattern,
    variables_of,
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


Premise: TypeAlias = Proof | Fact | Absence | Computation
"""What a conclusion may rest on."""


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
        premises = [
            self._premise(element, because.bindings, scope)
            for element, scope in scopes(because.rule, because.bindings, {})
        ]
        return Proof(triple, because.rule, because.bindings, tuple(p for p in premises if p is not None))

    def _premise(
        self, element: Element, bindings: Mapping[Variable, Term], scope: Mapping[Variable, Term]
    ) -> Premise | None:
        """Say why *element* held; *scope* is what was bound where it is written: all that a NOT sees."""
        match element:
            case TriplePattern():
                triple = Triple(*(instantiate(term, bindings) for term in element.terms))  # type: ignore[arg-type]
                return self.prove(triple)
            case Negation():
                return Absence(element, dict(scope))
            case Filter() | Assignment():
                return Computation(element, bindings)
        return None


def scopes(
    rule: Rule, bindings: Mapping[Variable, Term], given: Mapping[Variable, Term]
) -> Iterator[tuple[Element, Mapping[Variable, Term]]]:
    """Yield each element of the body with what was bound where it is written: all that a NOT there sees.

    :param given: variables that had a value before the rule was run.
    """
    scope = dict(given)
    for element in rule.body:
        yield element, dict(scope)
        if isinstance(element, TriplePattern | Assignment):
            scope |= {variable: bindings[variable] for variable in variables_of(element)}


def instantiate(term: PatternTerm, bindings: Mapping[Variable, Term]) -> Term:
    """Return *term* with every variable replaced by its binding."""
    if isinstance(term, Variable):
        return bindings[term]
    if isinstance(term, TripleTermPattern):
        parts = (instantiate(part, bindings) for part in (term.subject, term.predicate, term.object))
        return Triple(*parts)  # type: ignore[arg-type]
    return term
