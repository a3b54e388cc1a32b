"""Patterns that look into triple terms, as patterns that do not and conditions that do.

A table has one column for an object. So ``?x :says <<( ?s :p ?o )>>`` becomes ``?x :says ?term`` with
``FILTER ISTRIPLE(?term)``, ``SET (?s := SUBJECT(?term))`` and so on. What a variable means is settled where
it is first written; every further place is a comparison. A NOT has no SET: there, the expression itself
stands for the variable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

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
    variables_of,
)

PARTS = ("SUBJECT", "PREDICATE", "OBJECT")


def lowered(rule: Rule) -> Rule:
    """Return *rule* with a body that means the same and looks into no triple term.

    Its layer is that of *rule*: the SETs make no terms that were not there.
    """
    inner = [part for element in rule.body if isinstance(element, Negation) for part in element.inner]
    if not any(isinstance(e, TriplePattern) and _terms(e) for e in (*rule.body, *inner)):
        return rule
    return replace(rule, body=tuple(_Lowering(rule).body()))


class _Lowering:
    def __init__(self, rule: Rule) -> None:
        taken = {v for element in (*rule.body, *rule.head) for v in variables_of(element)}
        names = (Variable(f"term{number}") for number in count())
        self._rule = rule
        self._fresh = (name for name in names if name not in taken)
        self._scope: set[Variable] = set()

    def body(self) -> Iterator[Element]:
        """Yield the elements of the body."""
        for element in self._rule.body:
            match element:
                case TriplePattern():
                    pattern, parts = self._flat(element)
                    self._scope.update(_plain(element))
                    yield pattern
                    for variable, term in parts:
                        yield from _taken_apart(variable, term, self._scope)
                case Negation(inner):
                    yield replace(element, inner=tuple(self._negated(inner)))
                case Assignment(variable, _):
                    self._scope.add(variable)
                    yield element
                case Filter():
                    yield element

    def _flat(self, pattern: TriplePattern) -> tuple[TriplePattern, list[tuple[Variable, TripleTermPattern]]]:
        """Return *pattern* with a variable for each triple term, and which variable stands for which."""
        parts: list[tuple[Variable, TripleTermPattern]] = []

        def flat(term: PatternTerm) -> PatternTerm:
            if not isinstance(term, TripleTermPattern):
                return term
            parts.append((next(self._fresh), term))
            return parts[-1][0]

        subject, predicate, object_ = map(flat, pattern.terms)
        return replace(pattern, subject=subject, predicate=predicate, object=object_), parts

    def _negated(self, inner: tuple[TriplePattern | Filter, ...]) -> Iterator[TriplePattern | Filter]:
        known = self._scope.union(*(_plain(e) for e in inner if isinstance(e, TriplePattern)))
        meant: dict[Variable, Expression] = {}
        tests: list[Filter] = []
        for element in inner:
            if isinstance(element, Filter):
                tests.append(element)
                continue
            pattern, parts = self._flat(element)
            yield pattern
            for variable, term in parts:
                for step in _taken_apart(variable, term, known):
                    if isinstance(step, Assignment):
                        meant[step.variable] = step.expression
                    else:
                        tests.append(step)
        for test in tests:
            yield replace(test, expression=_substituted(test.expression, meant))


def _taken_apart(
    whole: Expression, term: TripleTermPattern, known: set[Variable]
) -> Iterator[Filter | Assignment]:
    """Yield what makes *whole* a triple term like *term*; variables that get a value become *known*."""
    yield Filter(Call("ISTRIPLE", (whole,)))
    for name, part in zip(PARTS, (term.subject, term.predicate, term.object), strict=True):
        value = Call(name, (whole,))
        if isinstance(part, TripleTermPattern):
            yield from _taken_apart(value, part, known)
        elif isinstance(part, Variable) and part not in known:
            known.add(part)
            yield Assignment(part, value)
        else:
            yield Filter(Call("SAMETERM", (value, part)))


def _terms(pattern: TriplePattern) -> bool:
    return any(isinstance(term, TripleTermPattern) for term in pattern.terms)


def _plain(pattern: TriplePattern) -> set[Variable]:
    return {term for term in pattern.terms if isinstance(term, Variable)}


def _substituted(expression: Expression, meant: dict[Variable, Expression]) -> Expression:
    if isinstance(expression, Variable):
        return meant.get(expression, expression)
    if isinstance(expression, Call):
        return replace(expression, arguments=tuple(_substituted(a, meant) for a in expression.arguments))
    return expression
