"""Partial solutions of rule bodies: what held on a walk, and what failed on it.

With them stand patterns under bindings: what a pattern says once some of its variables have a value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pyoxigraph import Variable

from kb.inference.explanation.proof import instantiate
from kb.inference.explanation.solving import Bindings
from kb.inference.explanation.world import Row
from kb.srl.syntax import (
    Call,
    Element,
    Expression,
    Filter,
    PatternTerm,
    Term,
    TriplePattern,
    variables_of,
)


@dataclass(slots=True)
class Failure:
    """A condition that failed on the walk, before anybody asked why."""

    element: Element
    bindings: dict[Variable, Term]
    patterns: tuple[TriplePattern, ...] = ()
    found: list[dict[Variable, Term]] = field(default_factory=list)
    origins: dict[Variable, Row] = field(default_factory=dict)
    hints: set[Term] = field(default_factory=set)
    fixed: bool = False
    sees: frozenset[Variable] = frozenset()
    evaldata: bool = True


@dataclass(slots=True)
class Partial:
    """A partial solution of a body: what held, and what failed on the way."""

    bindings: dict[Variable, Term]
    held: list[Element]
    failures: list[Failure]

    @property
    def order(self) -> tuple[int, int, int]:
        """Nearer ones first, as far as can be seen without asking why."""
        return sum(f.fixed for f in self.failures), len(self.failures), -len(self.held)

    def holding(self, *elements: Element, bindings: dict[Variable, Term] | None = None) -> Partial:
        """Return the walk one step further: *elements* hold, with *bindings* from now on."""
        return Partial(
            self.bindings if bindings is None else bindings,
            [*self.held, *elements],
            [*map(_copy, self.failures)],
        )

    def failing(self, failure: Failure) -> Partial:
        """Return the walk one step further, past a *failure*."""
        return Partial(self.bindings, self.held, [*map(_copy, self.failures), failure])

    def hint(self, condition: Filter) -> None:
        """Note for what failed to bind a variable of *condition* what its value is compared with."""
        for failure in self.failures:
            failure.hints |= compared_in(condition.expression, self.bindings)


def _copy(failure: Failure) -> Failure:
    return replace(failure, hints=set(failure.hints))


def origins_of(
    patterns: Iterable[TriplePattern], before: Bindings, solution: Bindings
) -> dict[Variable, Row]:
    """Return for each variable that *patterns* bound the triple that bound it."""
    origins: dict[Variable, Row] = {}
    for pattern in patterns:
        row = row_with(pattern, solution)
        for variable in variables_of(pattern):
            if variable not in before:
                origins.setdefault(variable, row)
    return origins


def compared_in(expression: Expression, bindings: Bindings) -> frozenset[Term]:
    """Return the terms that *expression* speaks of."""
    if isinstance(expression, Call):
        return frozenset(term for part in expression.arguments for term in compared_in(part, bindings))
    if isinstance(expression, Variable):
        return frozenset({bindings[expression]} if expression in bindings else ())
    return frozenset({expression})


def bound_in(pattern: TriplePattern, bindings: Bindings) -> TriplePattern:
    """Return *pattern* with the variables that have a value replaced by it."""

    def term(part: PatternTerm) -> PatternTerm:
        if isinstance(part, Variable):
            return bindings.get(part, part)
        return part

    subject, predicate, object_ = map(term, pattern.terms)
    return TriplePattern(subject, predicate, object_)


def row_with(pattern: TriplePattern, bindings: Bindings) -> Row:
    """Return the triple that *pattern* means under *bindings*, which must bind all of it."""
    s, p, o = (instantiate(term, bindings) for term in pattern.terms)
    return s, p, o
