"""Rule bodies as questions: for which bindings does a body hold, and what would its head then say.

A small evaluator over :class:`~kb.inference.explanation.world.World` with the meaning of `eval-rule`. It is
slower than the executor and more curious: it begins with the head bound to what is to be explained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime

from pyoxigraph import Literal, NamedNode, Triple, Variable

from kb.inference.explanation.world import Row, World
from kb.inference.planner import Step, arranged, scoped, unbound
from kb.namespaces import XSD
from kb.srl.expressions import Condition, Evaluator, ExpressionError, compile_condition, compile_expression
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
)

Bindings = Mapping[Variable, Term]


class Solver:
    """Finds the solutions of bodies in one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._now = Literal(datetime.now(UTC).isoformat(), datatype=NamedNode(XSD + "dateTime"))
        self._plans: dict[tuple[int, frozenset[Variable]], list[Step]] = {}  # the world keeps the rules alive
        self._conditions: dict[int, tuple[Filter, Condition]] = {}
        self._values: dict[int, tuple[Assignment, Evaluator]] = {}

    def solutions(
        self, steps: Sequence[Step], bindings: Bindings, *, evaldata: bool = True
    ) -> Iterator[dict[Variable, Term]]:
        """Yield every extension of *bindings* for which *steps*, taken in order, hold."""
        if not steps:
            yield dict(bindings)
            return
        step, rest = steps[0], steps[1:]
        match step.element:
            case TriplePattern() as pattern:
                for found in self.matches(pattern, bindings, evaldata=evaldata):
                    yield from self.solutions(rest, found, evaldata=evaldata)
            case Filter() as condition:
                if self.is_true(condition, bindings):
                    yield from self.solutions(rest, bindings, evaldata=evaldata)
            case Assignment() as assignment:
                value = self.value(assignment, bindings)
                if value is not None and bindings.get(assignment.variable, value) == value:
                    yield from self.solutions(
                        rest, {**bindings, assignment.variable: value}, evaldata=evaldata
                    )
            case Negation() as negation:
                if next(self.inside(negation, step.sees, bindings, evaldata=evaldata), None) is None:
                    yield from self.solutions(rest, bindings, evaldata=evaldata)

    def matches(
        self, pattern: TriplePattern, bindings: Bindings, *, evaldata: bool = True
    ) -> Iterator[dict[Variable, Term]]:
        """Yield every extension of *bindings* for which *pattern* is there."""
        known = [_known(term, bindings) for term in pattern.terms]
        for row in self.world.match(*known, evaldata=evaldata):
            found = dict(bindings)
            if all(unify(term, value, found) for term, value in zip(pattern.terms, row, strict=True)):
                yield found

    def inside(
        self, negation: Negation, sees: Set[Variable], bindings: Bindings, *, evaldata: bool = True
    ) -> Iterator[dict[Variable, Term]]:
        """Yield the solutions of what stands in *negation*: none of them, and the NOT holds."""
        seen = {variable: term for variable, term in bindings.items() if variable in sees}
        steps = plan(negation.inner, set(seen), set(seen))
        return self.solutions(steps, seen, evaldata=evaldata and negation.evaldata)

    def is_true(self, condition: Filter, bindings: Bindings) -> bool:
        """Whether a FILTER keeps the solution *bindings*."""
        known = self._conditions.get(id(condition))
        if known is None:
            known = (condition, compile_condition(condition.expression, now=self._now))
            self._conditions[id(condition)] = known
        return known[1](bindings.__getitem__)

    def value(self, assignment: Assignment, bindings: Bindings) -> Term | None:
        """Return what a SET computes, or ``None`` where that is an error."""
        known = self._values.get(id(assignment))
        if known is None:
            known = (assignment, compile_expression(assignment.expression, now=self._now))
            self._values[id(assignment)] = known
        try:
            return known[1](bindings.__getitem__)
        except ExpressionError:
            return None

    def alternatives(self, row: Row) -> Iterator[tuple[Rule, dict[Variable, Term]]]:
        """Yield every rule application whose head has *row*.

        Rules that make fresh terms, or ask for the time, are left out: done again, they do something else.
        """
        for rule, start in unified(self.world, row):
            key = (id(rule), frozenset(start))
            steps = self._plans.get(key)
            if steps is None:
                steps = self._plans[key] = plan(rule.body, set(self.world.given), set(start))
            for found in self.solutions(steps, start, evaldata=rule.evaldata):
                yield rule, {variable: found[variable] for variable in rule.variables}


def unified(world: World, row: Row) -> Iterator[tuple[Rule, dict[Variable, Term]]]:
    """Yield the rules of *world* whose head fits *row*, each with the bindings that make it so."""
    for rule in world.concluding(row[1]):
        seen: list[dict[Variable, Term]] = []
        for template in rule.head:
            start = dict(world.start(rule))
            fits = all(unify(term, value, start) for term, value in zip(template.terms, row, strict=True))
            if fits and start not in seen:
                seen.append(start)
                yield rule, start


def plan(
    body: Iterable[Element],
    given: Set[Variable],
    bound: Set[Variable],
    late: Callable[[Element], int] | None = None,
) -> list[Step]:
    """Return the elements of *body* in an order that can be evaluated.

    :param given: variables that have a value in every evaluation; what a NOT sees depends on them.
    :param bound: variables that have a value here, as the head was bound to what is explained.
    :param late: ranks patterns; the lower come first. Then those with fewer variables unbound come first.
    """

    def cost(pattern: TriplePattern, known: Set[Variable]) -> tuple[int, float]:
        return late(pattern) if late else 0, unbound(pattern, known)

    return arranged(scoped(body, given), bound, cost, tests=False)


def unify(pattern: PatternTerm, term: Term, bindings: dict[Variable, Term]) -> bool:
    """Make *pattern* mean *term* by extending *bindings*; ``False`` where that cannot be."""
    if isinstance(pattern, Variable):
        return bindings.setdefault(pattern, term) == term
    if isinstance(pattern, TripleTermPattern):
        if not isinstance(term, Triple):
            return False
        parts = (pattern.subject, pattern.predicate, pattern.object)
        values = (term.subject, term.predicate, term.object)
        return all(unify(part, value, bindings) for part, value in zip(parts, values, strict=True))
    return pattern == term


def _known(term: PatternTerm, bindings: Bindings) -> Term | None:
    if isinstance(term, Variable):
        return bindings.get(term)
    return None if isinstance(term, TripleTermPattern) else term
