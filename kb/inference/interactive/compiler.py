"""One rule as a Python function: nested loops over identifiers.

Interpreting a rule, or chaining closures, pays for a call at each step. So a rule is compiled, as query
engines compile plans (Neumann, Efficiently Compiling Efficient Query Plans for Modern Hardware, VLDB 2011):
each element of its body becomes a loop or a test, the next one stands inside it, the head stands innermost.
A NOT becomes a function of its own, which returns at its first solution.

The interpretation is the specification's (`eval-rule`); :mod:`kb.inference.planner` gives the order.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from pyoxigraph import Literal, NamedNode, Variable

from kb.inference.bounds import weight
from kb.inference.interactive.frame import Facts, Frame
from kb.inference.interactive.heads import emission
from kb.inference.interactive.matching import match as match_pattern
from kb.inference.interactive.matching import some as some_match
from kb.inference.interactive.overlay import Row
from kb.inference.interactive.stencil import Body, Stencil, call, read, tuple_of
from kb.inference.planner import VOLATILE, Step, order
from kb.srl.expressions import ExpressionError, Lookup, compile_condition, compile_expression
from kb.srl.syntax import (
    Assignment,
    Call,
    Expression,
    Filter,
    Negation,
    Rule,
    Term,
    TriplePattern,
    variables_of,
)

MAX_REMEMBERED = 50_000
"""So many answers of one FILTER are kept; then it starts anew."""
MAX_NESTED = 15
"""So many elements of a body go into one function: Python nests twenty loops at most."""
NOW = Variable("__now__")
"""Stands for ``NOW()`` in compiled expressions: the rule is compiled once, the instant changes."""
EPOCH = Literal("1970-01-01T00:00:00Z", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#dateTime"))

Numbers: TypeAlias = tuple[int, ...]
Reason: TypeAlias = tuple["CompiledRule", Numbers]
"""The compiled rule that found a row, and the values of its variables at that moment."""

IF = Stencil("""
if test:
    BODY
""")
UNLESS = Stencil("""
if not test:
    BODY
""")
REMEMBERED = Stencil("""
answer = said.get(terms)
if answer is None:
    answer = ask(terms)
if answer:
    BODY
""")
SET = Stencil("""
value = compute(terms)
if value is not None:
    BODY
""")
PART = Stencil("""
if part:
    return True
""")
FOUND = Stencil("return True").fill()


class CompiledRule:
    """A rule ready to run again and again over one :class:`~kb.inference.interactive.frame.Facts`.

    ``run(*values)`` takes the values of the *bound* variables in their order.

    :param tell: is told each row that was not known before; it is then in ``facts.all.rows`` with its
        reason, and patterns find it once that is told :meth:`~kb.inference.interactive.overlay.Rows.index`.
    :param newest: a body pattern that reads the delta instead of the whole evaluation graph.
    :param now: gives the instant of the evaluation.
    """

    def __init__(
        self,
        rule: Rule,
        facts: Facts,
        tell: Callable[[Row], None],
        *,
        bound: Sequence[Variable] = (),
        newest: TriplePattern | None = None,
        now: Callable[[], Literal],
    ) -> None:
        self.rule = rule
        self.variables = tuple(dict.fromkeys((*bound, *rule.variables)))
        self._facts = facts
        self._now = now
        self._newest = newest
        self._frame = frame = Frame(facts.dictionary)
        frame.declare(self.variables)
        solution = tuple_of(read(frame.names[variable]) for variable in self.variables)
        reason = tuple_of((frame.give(self, "rule"), solution))
        head = emission(rule.head, facts, frame, tell, reason)
        body = self._chain(order(rule, frozenset(bound), newest), set(bound), head, rule.evaldata)
        self.run: Callable[..., object] = frame.compile(frame.function("rule", bound, body), rule.name)

    def stop(self) -> None:
        """Make a run that is under way in another thread raise NameError; the rule cannot run again."""
        self._frame.stop()

    def _chain(self, steps: Sequence[Step], known: set[Variable], last: Body, evaldata: bool) -> Body:
        """Write *steps* from the back, each around the one after it; *known* is what is bound before."""
        before: list[set[Variable]] = []
        for step in steps:
            before.append(set(known))
            if isinstance(step.element, TriplePattern | Assignment):
                known |= set(variables_of(step.element))
        following = last
        for number, (step, bound) in enumerate(zip(reversed(steps), reversed(before), strict=True), 1):
            following = self._step(step, bound, following, evaldata)
            if number % MAX_NESTED == 0:
                following = PART.fill(part=self._part("part", bound, following))
        return following

    def _step(self, step: Step, bound: set[Variable], following: Body, evaldata: bool) -> Body:
        match step.element:
            case TriplePattern() as pattern:
                facts = self._facts
                rows = facts.delta if pattern is self._newest else facts.all if evaldata else facts.asserted
                return match_pattern(pattern, bound, rows, facts, self._frame, following)
            case Filter(expression):
                return self._filter(expression, following)
            case Assignment(variable, expression):
                return self._assignment(variable, expression, following)
            case Negation() as negation:
                found = self._negation(negation, step.sees, evaldata)
                return UNLESS.fill(following, test=found)

    def _part(self, hint: str, seen: Iterable[Variable], body: Body) -> ast.expr:
        """Make *body* a function of the variables that it sees; return the call."""
        variables = sorted(seen, key=str)
        name = self._frame.function(hint, variables, body)
        return call(name, [read(self._frame.names[variable]) for variable in variables])

    def _negation(self, negation: Negation, sees: frozenset[Variable], evaldata: bool) -> ast.expr:
        """``NOT``: variables that it does not see are its own."""
        evaldata = evaldata and negation.evaldata
        if len(negation.inner) == 1 and isinstance(only := negation.inner[0], TriplePattern) and not sees:
            rows = self._facts.all if evaldata else self._facts.asserted
            if (body := some_match(only, rows, self._facts, self._frame, FOUND)) is not None:
                return self._part("found", sees, body)
        steps = order(Rule(None, (), negation.inner), sees)
        with self._frame.own({v for element in negation.inner for v in variables_of(element)} - sees):
            found = self._chain(steps, set(sees), FOUND, evaldata)
        return self._part("found", sees, found)

    def _filter(self, expression: Expression, following: Body) -> Body:
        """``FILTER``; what it said of the same terms is remembered, unless it looks at more than them."""
        terms, lookup = self._terms_of(expression)
        holds = compile_condition(_timeless(expression), now=EPOCH)
        if not _pure(expression):
            test = self._frame.give(lambda numbers: holds(lookup(numbers)), "holds")
            return IF.fill(following, test=call(test, [terms]))
        said: dict[Numbers, bool] = {}

        def ask(numbers: Numbers) -> bool:
            if len(said) >= MAX_REMEMBERED:
                said.clear()
            answer = said[numbers] = holds(lookup(numbers))
            return answer

        return REMEMBERED.fill(
            following,
            answer=self._frame.fresh("answer"),
            said=self._frame.give(said, "said"),
            ask=self._frame.give(ask, "ask"),
            terms=terms,
        )

    def _assignment(self, variable: Variable, expression: Expression, following: Body) -> Body:
        terms, lookup = self._terms_of(expression)
        value, identify = compile_expression(_timeless(expression), now=EPOCH), self._facts.dictionary.id

        facts = self._facts

        def compute(numbers: Numbers) -> int | None:
            try:
                term = value(lookup(numbers))
            except ExpressionError:
                return None  # `eval-rule`: an error drops the solution
            facts.made += weight(term)
            return identify(term)

        name = self._frame.names[variable]
        return SET.fill(following, value=name, compute=self._frame.give(compute, "compute"), terms=terms)

    def _terms_of(self, expression: Expression) -> tuple[ast.expr, Callable[[Numbers], Lookup]]:
        """Return the values of the variables of *expression* as a tuple, and what makes terms of it."""
        variables = sorted(set(variables_of(expression)), key=str)
        place = {variable: number for number, variable in enumerate(variables)}
        terms, now = self._facts.dictionary.terms, self._now

        def lookup(numbers: Numbers) -> Lookup:
            def term(variable: Variable) -> Term:
                return now() if variable == NOW else terms[numbers[place[variable]]]

            return term

        return tuple_of(read(self._frame.names[variable]) for variable in variables), lookup


def _pure(expression: Expression) -> bool:
    """Whether the value depends on the terms of the variables alone."""
    return not isinstance(expression, Call) or (
        expression.operator not in VOLATILE | {"NOW"} and all(_pure(part) for part in expression.arguments)
    )


def _timeless(expression: Expression) -> Expression:
    """Return *expression* with every ``NOW()`` replaced by the variable :data:`NOW`."""
    if not isinstance(expression, Call):
        return expression
    if expression.operator == "NOW":
        return NOW
    return Call(expression.operator, tuple(_timeless(a) for a in expression.arguments), expression.span)
