"""Patterns that look into triple terms, as patterns that do not and conditions that do.

A table has one column for an object. So ``?x :says <<( ?s :p ?o )>>`` becomes ``?x :says ?term`` with
``FILTER ISTRIPLE(?term)``, ``SET (?s := SUBJECT(?term))`` and so on. What a variable means is settled where
it is first written; every further place is a comparison. A NOT has no SET: there, the expression itself
stands for the variable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
                        yield from self._taken_apart(variable, term)
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

    def _taken_apart(self, whole: Expression, term: TripleTermPattern) -> Iterator[Filter | Assignment]:
        yield Filter(Call("ISTRIPLE", (whole,)))
        for part, inner in _parts(whole, term):
            if isinstance(inner, TripleTermPattern):
                yield from self._taken_apart(part, inner)
            elif isinstance(inner, Variable) and inner not in self._scope:
                self._scope.add(inner)
                yield Assignment(inner, part)
            else:
                yield Filter(Call("SAMETERM", (part, inner)))

    def _negated(self, inner: Iterable[TriplePattern | Filter]) -> Iterator[TriplePattern | Filter]:
        elements = tuple(inner)
        known = set(self._scope).union(*(_plain(e) for e in elements if isinstance(e, TriplePattern)))
        meant: dict[Variable, Expression] = {}
        tests: list[Filter] = []

        def take_apart(whole: Expression, term: TripleTermPattern) -> None:
            tests.append(Filter(Call("ISTRIPLE", (whole,))))
            for part, piece in _parts(whole, term):
                if isinstance(piece, TripleTermPattern):
                    take_apart(part, piece)
                elif isinstance(piece, Variable) and piece not in known and piece not in meant:
                    meant[piece] = part
                else:
                    tests.append(Filter(Call("SAMETERM", (part, piece))))

        for element in elements:
            if isinstance(element, TriplePattern):
                pattern, parts = self._flat(element)
                yield pattern
                for variable, term in parts:
                    take_apart(variable, term)
            else:
                tests.append(element)
        for test in tests:
            yield replace(test, expression=_substituted(test.expression, meant))


def _terms(pattern: TriplePattern) -> bool:
    return any(isinstance(term, TripleTermPattern) for term in pattern.terms)


def _plain(pattern: TriplePattern) -> set[Variable]:
    return {term for term in pattern.terms if isinstance(term, Variable)}


def _parts(whole: Expression, term: TripleTermPattern) -> Iterator[tuple[Call, PatternTerm]]:
    for name, part in zip(PARTS, (term.subject, term.predicate, term.object), strict=True):
        yield Call(name, (whole,)), part


def _substituted(expression: Expression, meant: dict[Variable, Expression]) -> Expression:
    if isinstance(expression, Variable):
        return meant.get(expression, expression)
    if isinstance(expression, Call):
        return replace(expression, arguments=tuple(_substituted(a, meant) for a in expression.arguments))
    return expression
