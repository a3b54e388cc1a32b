"""One rule as nested loops over identifiers.

Each element of the body becomes a closure that binds what it can, calls the next one for every way to do so,
and stops early when that returns true (a NOT needs one solution only). The closures share one array of
bindings; nothing is allocated per solution until a head is new.

The interpretation is the specification's (`eval-rule`); :mod:`kb.inference.planner` gives the order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter

from pyoxigraph import Literal, NamedNode, Variable

from kb.inference.interactive.frame import Facts, Frame, Next
from kb.inference.interactive.heads import Emit, emission
from kb.inference.interactive.matching import match as match_pattern
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
NOW = Variable("__now__")
"""Stands for ``NOW()`` in compiled expressions: the rule is compiled once, the instant changes."""
EPOCH = Literal("1970-01-01T00:00:00Z", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#dateTime"))


class CompiledRule:
    """A rule ready to run again and again over one :class:`~kb.inference.interactive.frame.Facts`.

    :param bound: variables whose value is put into :meth:`bind` before each run.
    :param newest: a body pattern that reads the delta instead of the whole evaluation graph.
    :param now: gives the instant of the evaluation.
    """

    def __init__(
        self,
        rule: Rule,
        facts: Facts,
        emit: Emit,
        *,
        bound: Sequence[Variable] = (),
        newest: TriplePattern | None = None,
        now: Callable[[], Literal],
    ) -> None:
        self.rule = rule
        self._facts = facts
        self._now = now
        self._newest = newest
        self._frame = Frame(facts.dictionary)
        self._frame.declare((*bound, *rule.variables))
        self._bound = [self._frame.slots[variable] for variable in bound]
        last = emission(rule.head, self._frame, emit)
        steps = order(rule, frozenset(bound), newest)
        self.run: Next = self._chain(steps, set(bound), last, rule.evaldata)

    @property
    def slots(self) -> dict[Variable, int]:
        """The place of each variable in the bindings handed to *emit*."""
        return self._frame.slots

    def bind(self, values: Iterable[int]) -> None:
        """Give the *bound* variables their values, in their order."""
        for slot, value in zip(self._bound, values, strict=True):
            self._frame.env[slot] = value

    def _chain(self, steps: Sequence[Step], known: set[Variable], last: Next, evaldata: bool) -> Next:
        """Compile *steps* from the back, each calling the one after it; *known* is what is bound before."""
        before: list[set[Variable]] = []
        for step in steps:
            before.append(set(known))
            if isinstance(step.element, TriplePattern | Assignment):
                known |= set(variables_of(step.element))
        following = last
        for step, bound in zip(reversed(steps), reversed(before), strict=True):
            following = self._step(step, bound, following, evaldata)
        return following

    def _step(self, step: Step, bound: set[Variable], following: Next, evaldata: bool) -> Next:
        match step.element:
            case TriplePattern() as pattern:
                facts = self._facts
                overlay = (
                    facts.delta if pattern is self._newest else facts.all if evaldata else facts.asserted
                )
                return match_pattern(pattern, bound, overlay, facts, self._frame, following)
            case Filter(expression):
                return self._filter(expression, following)
            case Assignment(variable, expression):
                return self._assignment(variable, expression, following)
            case Negation() as negation:
                return self._negation(negation, step.sees, following, evaldata)

    def _negation(
        self, negation: Negation, sees: frozenset[Variable], following: Next, evaldata: bool
    ) -> Next:
        """``NOT``: variables that it does not see are its own."""
        steps = order(Rule(None, (), negation.inner), sees)
        with self._frame.own({v for element in negation.inner for v in variables_of(element)} - sees):
            found = self._chain(steps, set(sees), lambda: True, evaldata and negation.evaldata)

        def run() -> bool:
            return False if found() else following()

        return run

    def _filter(self, expression: Expression, following: Next) -> Next:
        """``FILTER``; what it said of the same terms is remembered, unless it looks at more than them."""
        holds, lookup = compile_condition(_timeless(expression), now=EPOCH), self._lookup()
        if not _pure(expression):
            return lambda: following() if holds(lookup) else False
        env, said = self._frame.env, dict[object, bool]()
        slots = sorted({self._frame.slots[variable] for variable in variables_of(expression)})
        terms_of: Callable[[list[int]], object] = itemgetter(*slots) if slots else lambda _: ()

        def run() -> bool:
            key = terms_of(env)
            answer = said.get(key)
            if answer is None:
                if len(said) >= MAX_REMEMBERED:
                    said.clear()
                answer = said[key] = holds(lookup)
            return following() if answer else False

        return run

    def _assignment(self, variable: Variable, expression: Expression, following: Next) -> Next:
        value, lookup = compile_expression(_timeless(expression), now=EPOCH), self._lookup()
        env, slot, identify = self._frame.env, self._frame.slots[variable], self._facts.dictionary.id

        def run() -> bool:
            try:
                env[slot] = identify(value(lookup))
            except ExpressionError:
                return False  # `eval-rule`: an error drops the solution
            return following()

        return run

    def _lookup(self) -> Lookup:
        """Give expressions the terms of the variables in scope here."""
        env, slots, terms, now = (
            self._frame.env,
            dict(self._frame.slots),
            self._facts.dictionary.terms,
            self._now,
        )

        def lookup(variable: Variable) -> Term:
            return now() if variable == NOW else terms[env[slots[variable]]]

        return lookup


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
