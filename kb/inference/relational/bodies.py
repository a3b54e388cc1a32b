"""Rule bodies as joins.

Patterns are joined in the planner's order, which avoids products of unrelated tables; the engine's optimiser
finds its own order from there. A NOT is an anti-join on the variables that it sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import ibis
import ibis.expr.types as ir
from pyoxigraph import Literal, Variable

from kb.inference.planner import Step
from kb.inference.relational.columns import NotNative
from kb.inference.relational.conditions import Conditions
from kb.inference.relational.connection import Connection
from kb.inference.relational.families import NODE
from kb.inference.relational.guard import Guard
from kb.inference.relational.lexicon import Lexicon
from kb.inference.relational.ordering import by_cost
from kb.inference.relational.relations import Delta, Relations
from kb.inference.relational.sizes import Statistics
from kb.inference.relational.solutions import Solutions
from kb.srl.syntax import Assignment, Call, Filter, Negation, Rule, TriplePattern, variables_of

_NODES = frozenset((NODE,))


@dataclass(frozen=True)
class Run:
    """What the bodies of one run share."""

    connection: Connection
    lexicon: Lexicon
    relations: Relations
    guard: Guard
    now: Literal

    @cached_property
    def conditions(self) -> Conditions:
        """What applies expressions."""
        return Conditions(self.connection, self.lexicon, self.guard, self.now)

    def nothing(self) -> Solutions:
        """Return the one solution without variables, from which every body starts."""
        return Solutions(self.connection.unit, nothing_yet=True)


def solutions(
    run: Run, rule: Rule, newest: TriplePattern | None = None, delta: Delta | None = None
) -> Solutions | None:
    """Return the solutions of the body of *rule*, or ``None`` where there can be none.

    :param newest: a pattern of the body that reads *delta* instead of everything.
    """
    names = _Names(f"v{number}" for number in range(1_000_000))
    scope = _Scope(run, names, rule.evaldata, newest, delta)
    return scope.follow(run.nothing(), by_cost(rule, frozenset(), newest, scope.statistics))


class _Names:
    """A column name for each variable, no two alike."""

    def __init__(self, fresh: Iterable[str]) -> None:
        self._fresh = iter(fresh)
        self._given: dict[Variable, str] = {}

    def __call__(self, variable: Variable) -> str:
        if variable not in self._given:
            self._given[variable] = next(self._fresh)
        return self._given[variable]

    def within(self, own: Iterable[Variable]) -> _Names:
        """Return the names inside a NOT, whose *own* variables mean others than outside."""
        inner = _Names(self._fresh)
        inner._given = {v: name for v, name in self._given.items() if v not in set(own)}
        return inner


class _Scope:
    """The body of a rule or the inside of a NOT."""

    def __init__(
        self,
        run: Run,
        names: _Names,
        evaldata: bool,
        newest: TriplePattern | None = None,
        delta: Delta | None = None,
    ) -> None:
        self._run = run
        self._names = names
        self._evaldata = evaldata
        self._newest = newest
        self._delta = delta

    def follow(self, start: Solutions, steps: Sequence[Step]) -> Solutions | None:
        found: Solutions | None = start
        for step in steps:
            assert found is not None
            found = self._step(found, step)
            if found is None:
                break
        return found

    def _step(self, solutions: Solutions, step: Step) -> Solutions | None:
        match step.element:
            case TriplePattern() as pattern:
                return self._join(solutions, pattern)
            case Filter(expression):
                return self._run.conditions.filter(solutions, expression)
            case Assignment() as assignment:
                if assignment.variable in solutions.columns:  # it is in what a pattern gave that came first
                    same = Call("SAMETERM", (assignment.variable, assignment.expression))
                    return self._run.conditions.filter(solutions, same)
                return self._run.conditions.assign(solutions, assignment, self._names(assignment.variable))
            case Negation() as negation:
                return self._not(solutions, negation, sorted(step.sees, key=str))

    def _join(self, solutions: Solutions, pattern: TriplePattern) -> Solutions | None:
        delta = self._delta if pattern is self._newest else None
        rows = _rows(self._run, pattern, self._evaldata, delta)
        if rows is None:
            return None
        places = _places(pattern)
        first: dict[Variable, str] = {}
        for place, term in places.items():
            if not isinstance(term, Variable):
                rows = rows.filter(rows[place] == self._run.lexicon.id(term))  # type: ignore[arg-type]
            elif term in first:
                rows = rows.filter(rows[first[term]] == rows[place])  # ?x :p ?x
            else:
                first[term] = place
        if not first:
            there = rows.limit(1).select(there=ibis.literal(1))
            return solutions.on(solutions.table.cross_join(there).drop("there"))
        columns = {variable: self._names(variable) for variable in first}
        selected = {columns[variable]: rows[place] for variable, place in first.items()}
        families = {v: self._families(pattern) if place == "o" else _NODES for v, place in first.items()}
        joined = solutions.joined(rows.select(**selected), columns, families)
        return joined if all(joined.families[v] for v in first) else None

    def statistics(self, pattern: TriplePattern) -> Statistics:
        """Return how many rows *pattern* reads; the newest ones are few."""
        if pattern is self._newest:
            return Statistics(1, (1, 1, 1))
        return self._run.relations.statistics(_predicate(self._run, pattern), derived=self._evaldata)

    def _families(self, pattern: TriplePattern) -> frozenset[int]:
        return self._run.relations.families(_predicate(self._run, pattern), derived=self._evaldata)

    def _not(self, solutions: Solutions, negation: Negation, sees: Sequence[Variable]) -> Solutions:
        """Anti-join with what the NOT finds.

        A filter that needs outer bindings becomes a condition of the join. Where it is none that a database
        can compute, the NOT is evaluated from the outer bindings on.
        """
        inside = {v for e in negation.inner if isinstance(e, TriplePattern) for v in variables_of(e)}
        across = [e for e in negation.inner if isinstance(e, Filter) and set(variables_of(e)) - inside]
        rest = tuple(e for e in negation.inner if e not in across)
        names = self._names.within(inside - set(sees))
        scope = _Scope(self._run, names, self._evaldata and negation.evaldata)
        found = scope._inner(self._run.nothing(), rest, frozenset())
        if found is None:
            return solutions
        shared = [v for v in sees if v in found.columns]
        if not across:
            return solutions.without(found, shared)
        try:
            return self._run.conditions.without(solutions, found, shared, [e.expression for e in across])
        except NotNative:
            solutions = solutions.on(self._run.connection.stored(solutions.table))
            found = scope._inner(solutions.only(sees), negation.inner, frozenset(sees))
            return solutions if found is None else solutions.without(found, sees)

    def _inner(
        self, start: Solutions, elements: Sequence[TriplePattern | Filter], given: frozenset[Variable]
    ) -> Solutions | None:
        steps = by_cost(Rule(None, (), tuple(elements)), given, None, self.statistics)
        return self.follow(start, steps)


def _rows(run: Run, pattern: TriplePattern, evaldata: bool, delta: Delta | None) -> ir.Table | None:
    """Return the rows *pattern* looks at: ``s``, ``o`` for a known predicate, else ``s``, ``p``, ``o``."""
    predicate = _predicate(run, pattern)
    if predicate is None:
        return run.relations.triples(derived=evaldata) if delta is None else delta.all()
    return run.relations.pairs(predicate, derived=evaldata) if delta is None else delta.of(predicate)


def _predicate(run: Run, pattern: TriplePattern) -> int | None:
    """Return the number of the predicate of *pattern*; ``None`` where a variable stands for it."""
    return None if isinstance(pattern.predicate, Variable) else run.lexicon.id(pattern.predicate)  # type: ignore[arg-type]


def _places(pattern: TriplePattern) -> Mapping[str, object]:
    if isinstance(pattern.predicate, Variable):
        return {"s": pattern.subject, "p": pattern.predicate, "o": pattern.object}
    return {"s": pattern.subject, "o": pattern.object}
