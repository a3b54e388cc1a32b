"""Expressions to Python closures (`eval-expression`).

A closure takes a function that gives the term of a variable, as ``solution.__getitem__``. Tests (``< && IN``)
are closures that give a bool, everything else gives a term; either is turned into the other where needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from pyoxigraph import Literal, Variable

from kb.srl.functions import FUNCTIONS, TESTS
from kb.srl.syntax import Call, Expression, Term
from kb.srl.values import ExpressionError, asked, boolean, effective_boolean_value, equal

Lookup: TypeAlias = Callable[[Variable], Term]
"""Gives the term that a variable has in the solution at hand."""

Evaluator: TypeAlias = Callable[[Lookup], Term]
Condition: TypeAlias = Callable[[Lookup], bool]

__all__ = [
    "Condition",
    "Evaluator",
    "ExpressionError",
    "Lookup",
    "compile_condition",
    "compile_expression",
    "effective_boolean_value",
]


def compile_expression(expression: Expression, *, now: Literal) -> Evaluator:
    """Return a closure that gives the value of *expression*; *now* is the value of ``NOW()``.

    The closure raises :class:`ExpressionError` where SPARQL has an error. A function whose IRI is unknown is
    such an error, as in SPARQL; variables have to be bound, which well-formedness promises.
    """
    return _Compiler(now).term(expression)


def compile_condition(expression: Expression, *, now: Literal) -> Condition:
    """Return a closure that tells whether a FILTER with *expression* keeps a solution; an error does not."""
    truth = _Compiler(now).truth(expression)

    def holds(lookup: Lookup) -> bool:
        try:
            return truth(lookup)
        except ExpressionError:
            return False

    return holds


class _Compiler:
    """Compiles expressions that share one ``NOW()``."""

    def __init__(self, now: Literal) -> None:
        self._now = now

    def term(self, expression: Expression) -> Evaluator:
        """Compile for the term that *expression* gives."""
        if isinstance(expression, Variable):
            return lambda lookup: lookup(expression)
        if not isinstance(expression, Call):
            return lambda lookup: expression
        operator, arguments = expression.operator, expression.arguments
        if operator in TESTS or operator in _LOGIC:
            truth = self.truth(expression)
            return lambda lookup: boolean(truth(lookup))
        if operator == "IF":
            test, then, otherwise = self.truth(arguments[0]), *map(self.term, arguments[1:])
            return lambda lookup: then(lookup) if test(lookup) else otherwise(lookup)
        if operator == "NOW":
            return lambda lookup: self._now
        values = [self.term(argument) for argument in arguments]
        if isinstance(operator, str) and operator in FUNCTIONS:
            function = FUNCTIONS[operator]
            if len(values) == 2:
                first, second = values
                return lambda lookup: function(first(lookup), second(lookup))
            return lambda lookup: function(*[value(lookup) for value in values])
        return lambda lookup: asked(operator, *[value(lookup) for value in values])

    def truth(self, expression: Expression) -> Condition:
        """Compile for the effective boolean value of *expression*."""
        if isinstance(expression, Call):
            operator, arguments = expression.operator, expression.arguments
            if operator in ("&&", "||"):
                return _joined([self.truth(argument) for argument in arguments], decisive=operator == "||")
            if operator == "!":
                denied = self.truth(arguments[0])
                return lambda lookup: not denied(lookup)
            values = [self.term(argument) for argument in arguments]
            if operator == "IN":
                return _member(values[0], values[1:])
            if operator == "NOT IN":
                member = _member(values[0], values[1:])
                return lambda lookup: not member(lookup)
            if isinstance(operator, str) and operator in TESTS:
                test = TESTS[operator]
                if len(values) == 2:
                    first, second = values
                    return lambda lookup: test(first(lookup), second(lookup))
                return lambda lookup: test(*[value(lookup) for value in values])
        value = self.term(expression)
        return lambda lookup: effective_boolean_value(value(lookup))


_LOGIC = frozenset(("&&", "||", "!", "IN", "NOT IN"))


def _joined(parts: Sequence[Condition], *, decisive: bool) -> Condition:
    """``||`` (*decisive* true) and ``&&``: one decisive part settles it, errors in other parts or not."""

    def joined(lookup: Lookup) -> bool:
        failure: ExpressionError | None = None
        for part in parts:
            try:
                if part(lookup) is decisive:
                    return decisive
            except ExpressionError as error:
                failure = error
        if failure is not None:
            raise failure
        return not decisive

    return joined


def _member(item: Evaluator, candidates: Sequence[Evaluator]) -> Condition:
    """``IN``: true if one candidate is equal, errors elsewhere or not."""

    def member(lookup: Lookup) -> bool:
        wanted = item(lookup)
        failure: ExpressionError | None = None
        for candidate in candidates:
            try:
                if equal(wanted, candidate(lookup)):
                    return True
            except ExpressionError as error:
                failure = error
        if failure is not None:
            raise failure
        return False

    return member
