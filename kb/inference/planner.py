"""The order in which the elements of a rule body are looked at.

The specification gives the meaning in the order written (`eval-rule`); the solutions are the same for
every order that keeps what each element sees. So triple patterns go by the fewest variables still
unbound, ties in the order written, and each FILTER, SET and NOT as soon as the variables it may see are
bound. A pattern without unbound variables is a test, too, and cheaper than a NOT. What a NOT sees is settled
by where it was written: variables bound only later are its own.

A body that makes fresh terms (BNODE, UUID, STRUUID) keeps the order written: how often they are made is
part of its meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from typing import Any

from pyoxigraph import Variable

from kb.srl.syntax import (
    Assignment,
    Call,
    Element,
    Expression,
    Filter,
    Negation,
    Rule,
    TriplePattern,
    variables_of,
)

VOLATILE = frozenset({"BNODE", "UUID", "STRUUID"})


@dataclass(frozen=True, slots=True)
class Step:
    """One element, and for a NOT the outer variables that it sees."""

    element: Element
    sees: frozenset[Variable] = frozenset()


def unbound(pattern: TriplePattern, known: Set[Variable]) -> float:
    """Return how many variables of *pattern* have no value yet: a cost that needs no statistics."""
    return len(set(variables_of(pattern)) - known)


def order(
    rule: Rule,
    bound: Set[Variable] = frozenset(),
    first: TriplePattern | None = None,
    cost: Callable[[TriplePattern, Set[Variable]], float] = unbound,
) -> list[Step]:
    """Return the elements of the body of *rule* in the order of evaluation.

    :param bound: variables that have a value before the rule starts.
    :param first: a pattern to begin with (the one that reads the newest facts in semi-naive evaluation).
    :param cost: what looking at a pattern next would cost, given the variables bound so far; the cheapest
        comes next, of several the one written first.
    """
    steps = list(scoped(rule.body, bound))
    if first is None and _volatile(rule):
        return steps
    return arranged(steps, bound, cost, first)


def arranged(
    elements: Iterable[Step],
    bound: Set[Variable],
    cost: Callable[[TriplePattern, Set[Variable]], Any],
    first: TriplePattern | None = None,
    *,
    tests: bool = True,
) -> list[Step]:
    """Return *elements* in an order that can be evaluated: what binds nothing as early as it can be.

    :param cost: something that orders patterns, as for :func:`order`.
    :param tests: whether a pattern without unbound variables is a test, and not a pattern like others.
    """
    steps, known, ordered = list(elements), set(bound), list[Step]()
    assigned = {step.element.variable for step in steps if isinstance(step.element, Assignment)}

    def take(step: Step) -> None:
        steps.remove(step)
        ordered.append(step)
        if isinstance(step.element, TriplePattern | Assignment):
            known.update(variables_of(step.element))

    if first is not None:
        take(next(step for step in steps if step.element is first))
    while steps:
        ready = [
            step
            for step in steps
            if (tests or not isinstance(step.element, TriplePattern)) and _ready(step, known)
        ]
        if ready:
            take(min(ready, key=_cost))
            continue
        patterns = [
            step
            for step in steps
            if isinstance(step.element, TriplePattern)
            and not (assigned & set(variables_of(step.element)) - known)
        ]
        take(min(patterns, key=lambda step: cost(step.element, known)))  # type: ignore[arg-type]
    return ordered


def scoped(body: Iterable[Element], bound: Set[Variable]) -> Iterator[Step]:
    """Yield the elements of *body* in the order written, each NOT with the variables that it sees."""
    scope = set(bound)
    for element in body:
        sees = frozenset(scope & set(variables_of(element))) if isinstance(element, Negation) else frozenset()
        yield Step(element, sees)
        if isinstance(element, TriplePattern | Assignment):
            scope.update(variables_of(element))


def _ready(step: Step, known: Set[Variable]) -> bool:
    match step.element:
        case Filter(expression):
            return set(variables_of(expression)) <= known
        case Assignment(_, expression):
            return set(variables_of(expression)) <= known
        case Negation():
            return step.sees <= known
        case TriplePattern():
            return set(variables_of(step.element)) <= known


def _cost(step: Step) -> int:
    """Which of the elements that bind nothing comes first: what is remembered, a look-up, a search."""
    match step.element:
        case Filter() | Assignment():
            return 0
        case TriplePattern():
            return 1
        case Negation():
            return 2


def is_volatile(expression: Expression) -> bool:
    """Whether *expression* has another value each time that it is asked."""
    return isinstance(expression, Call) and (
        expression.operator in VOLATILE or any(map(is_volatile, expression.arguments))
    )


def _volatile(rule: Rule) -> bool:
    return any(isinstance(e, Assignment | Filter) and is_volatile(e.expression) for e in rule.body)
