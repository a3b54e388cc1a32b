"""Whether one rule makes another needless: theta-subsumption.

A rule subsumes another if its variables can be replaced so that its head is the other's and every element of
its body is among the other's: whenever the other concludes, it concludes the same (Plotkin, A note on
inductive generalization, 1970). The converse need not hold: two rules may conclude the same for other
reasons. Whoever asks gets a sure yes or a "not shown".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from pyoxigraph import Variable

from kb.srl.syntax import (
    Assignment,
    Call,
    Element,
    Expression,
    Filter,
    Negation,
    PatternTerm,
    Rule,
    TriplePattern,
    TripleTermPattern,
)

Substitution: TypeAlias = Mapping[Variable, object]
MAX_STEPS = 20_000
"""Of one comparison: the problem is NP-complete, rules are short, and "not shown" is always allowed."""


def subsumes(general: Rule, special: Rule) -> bool:
    """Whether *special* concludes nothing that *general* does not conclude too.

    Rules that assign or make nodes are not compared: each run of them may make something new.
    """
    if general.run_once or special.run_once or general.evaldata != special.evaldata:
        return False
    budget = [MAX_STEPS]
    return all(
        any(
            _embeds(general.body, special.body, found, budget)
            for template in general.head
            for found in _pattern(template, wanted, {})
        )
        for wanted in special.head
    )


def _embeds(
    elements: tuple[Element, ...], among: tuple[Element, ...], so_far: Substitution, budget: list[int]
) -> bool:
    """Whether *elements* can all be found *among* the others under an extension of *so_far*."""
    if not elements:
        return True
    first, rest = elements[0], elements[1:]
    for candidate in among:
        budget[0] -= 1
        if budget[0] < 0:
            return False
        for found in _element(first, candidate, so_far):
            if _embeds(rest, among, found, budget):
                return True
    return False


def _element(one: Element, other: Element, so_far: Substitution) -> Iterator[Substitution]:
    match one, other:
        case TriplePattern(), TriplePattern():
            yield from _pattern(one, other, so_far)
        case Filter(), Filter():
            yield from _expression(one.expression, other.expression, so_far)
        case Negation(), Negation() if one.evaldata == other.evaldata:
            yield from _same_inside(one.inner, other.inner, so_far)
        case Assignment(), Assignment():
            return


def _same_inside(
    ones: tuple[TriplePattern | Filter, ...],
    others: tuple[TriplePattern | Filter, ...],
    so_far: Substitution,
) -> Iterator[Substitution]:
    """A NOT is the same only element by element: with more inside it would block less."""
    if len(ones) != len(others):
        return
    if not ones:
        yield so_far
        return
    for found in _element(ones[0], others[0], so_far):
        yield from _same_inside(ones[1:], others[1:], found)


def _pattern(one: TriplePattern, other: TriplePattern, so_far: Substitution) -> Iterator[Substitution]:
    current: Substitution | None = so_far
    for left, right in zip(one.terms, other.terms, strict=True):
        current = None if current is None else _term(left, right, current)
    if current is not None:
        yield current


def _term(one: PatternTerm, other: PatternTerm, so_far: Substitution) -> Substitution | None:
    if isinstance(one, Variable):
        if one in so_far:
            return so_far if so_far[one] == other else None
        return {**so_far, one: other}
    if isinstance(one, TripleTermPattern):
        if not isinstance(other, TripleTermPattern):
            return None
        current: Substitution | None = so_far
        for left, right in (
            (one.subject, other.subject),
            (one.predicate, other.predicate),
            (one.object, other.object),
        ):
            current = None if current is None else _term(left, right, current)
        return current
    return so_far if one == other else None


def _expression(one: Expression, other: Expression, so_far: Substitution) -> Iterator[Substitution]:
    if isinstance(one, Call):
        if (
            not isinstance(other, Call)
            or one.operator != other.operator
            or len(one.arguments) != len(other.arguments)
        ):
            return
        found = [so_far]
        for left, right in zip(one.arguments, other.arguments, strict=True):
            found = [later for earlier in found for later in _expression(left, right, earlier)]
        yield from found
        return
    if isinstance(other, Call):
        return
    single = _term(one, other, so_far)
    if single is not None:
        yield single
