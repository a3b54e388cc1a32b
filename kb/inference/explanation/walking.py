"""Rule bodies walked as if what fails held: what is left of a rule when its conclusion is missing.

Patterns that only knowledge can answer come first and bind what they can. Patterns about the incident, which
a report or another rule could make true, stand together where they share what none of the others binds; where
they have no solution they are noted as failed, and the walk goes on without the values that they would have
given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pyoxigraph import NamedNode, Variable

from kb.inference.explanation.levers import Effort
from kb.inference.explanation.partials import Failure, Partial, compared_in, origins_of
from kb.inference.explanation.solving import Solver, plan
from kb.inference.explanation.world import Row, World
from kb.inference.planner import Step
from kb.srl.syntax import (
    Assignment,
    Element,
    Filter,
    Negation,
    PatternTerm,
    Rule,
    Term,
    TriplePattern,
    variables_of,
)

MAX_STEPS = 30_000
"""So many steps of bodies are walked for one question; then what was found so far is told."""
MAX_PARTIALS = 160
"""So many partial solutions of one rule are collected."""
MAX_ROWS = 600
"""A pattern of knowledge that more triples fit is no good beginning."""
MAX_BLOCKS = 12
"""So many solutions of a NOT are looked at."""


class Walker:
    """Finds the partial solutions of bodies in one world.

    :param effort: which facts a report may give or change.
    """

    def __init__(self, world: World, solver: Solver, effort: Effort) -> None:
        self._world = world
        self._solver = solver
        self._effort = effort
        self._derivable, self._anything = _derivable(world.rules)
        self.steps = 0
        self.cut = False
        """Whether a bound ended a walk before its end."""

    def partials(
        self,
        body: Sequence[Element],
        start: dict[Variable, Term],
        evaldata: bool,
        given: Iterable[Variable] = (),
    ) -> list[Partial]:
        """Return what is left of *body* when it begins with *start*: solutions with all that fails in them.

        :param given: variables that have a value where *body* stands, beside those of the world.
        """
        outer = {*self._world.given, *given}
        rooted = _rooted(body, {v for v in start if v in self._world.given}, set(start))
        steps = plan(body, outer, set(start), lambda element: self._late(element, rooted, evaldata))
        found: list[Partial] = []
        self._walk(
            list(self._grouped(steps, set(start), evaldata)), Partial(start, [], []), {}, evaldata, found
        )
        return found

    def _late(self, element: Element, rooted: set[Variable], evaldata: bool) -> int:
        """Rank a pattern: 0 for those that knowledge alone answers."""
        assert isinstance(element, TriplePattern)
        subject, predicate = element.subject, element.predicate
        if isinstance(predicate, Variable) or (
            isinstance(subject, Variable) and subject in self._world.given
        ):
            return 1
        if subject in self._world.given.values():
            return 1
        if not (evaldata and self.may_derive(predicate)):
            known = isinstance(predicate, NamedNode) and self._effort(predicate, True) is not None
            return int(known and isinstance(subject, Variable) and subject in rooted)
        return int(not isinstance(subject, Variable) or subject in rooted)

    def _grouped(
        self, steps: Sequence[Step], bound: set[Variable], evaldata: bool
    ) -> Iterator[tuple[Step, ...]]:
        """Yield *steps*; patterns that may fail and share a variable bound by none before stand together."""
        known, group = set(bound), list[Step]()
        open_: set[Variable] = set()
        for step in steps:
            mentioned = set(variables_of(step.element))
            if group and not (isinstance(step.element, TriplePattern) and mentioned & open_):
                yield tuple(group)
                known |= open_
                group, open_ = [], set()
            if isinstance(step.element, TriplePattern) and not self._is_fixed(step.element, evaldata):
                group.append(step)
                open_ |= mentioned - known
                continue
            if group:  # knowledge about something that only the group can name
                group.append(step)
                open_ |= mentioned - known
                continue
            yield (step,)
            if isinstance(step.element, TriplePattern | Assignment):
                known |= mentioned
        if group:
            yield tuple(group)

    def _is_fixed(self, pattern: TriplePattern, evaldata: bool) -> bool:
        """Whether the pattern says nothing that a report or a rule could make true."""
        subject, predicate = pattern.subject, pattern.predicate
        given = subject in self._world.given or subject in self._world.given.values()
        if evaldata and self.may_derive(predicate):
            return False
        if self._world.given:
            return not given
        return isinstance(predicate, NamedNode) and self._effort(predicate, True) is None

    def may_derive(self, predicate: PatternTerm) -> bool:
        """Whether some rule concludes triples with *predicate*."""
        return self._anything or isinstance(predicate, Variable) or predicate in self._derivable

    def _walk(
        self,
        groups: Sequence[tuple[Step, ...]],
        partial: Partial,
        origins: dict[Variable, Row],
        evaldata: bool,
        found: list[Partial],
    ) -> None:
        """Walk on from *partial* and put every end into *found*. *origins* says what bound a variable."""
        self.steps += 1
        if self.steps > MAX_STEPS or len(found) > MAX_PARTIALS:
            self.cut = True
            return
        if not groups:
            if partial.failures:
                found.append(partial)
            return
        group, rest = groups[0], groups[1:]
        step = group[0]
        match step.element:
            case TriplePattern():
                self._walk_patterns(group, rest, partial, origins, evaldata, found)
            case Filter() as condition:
                if set(variables_of(condition)) - partial.bindings.keys():
                    partial.hint(condition)
                    self._walk(rest, partial, origins, evaldata, found)
                elif self._solver.is_true(condition, partial.bindings):
                    self._walk(rest, partial.holding(condition), origins, evaldata, found)
                else:
                    failure = Failure(condition, partial.bindings, origins=dict(origins))
                    failure.hints.update(compared_in(condition.expression, partial.bindings))
                    self._walk(rest, partial.failing(failure), origins, evaldata, found)
            case Assignment() as assignment:
                self._walk_assignment(assignment, rest, partial, origins, evaldata, found)
            case Negation() as negation:
                if not step.sees <= partial.bindings.keys():  # what it looks at was not found
                    self._walk(rest, partial, origins, evaldata, found)
                    return
                inside = list(self._solver.inside(negation, step.sees, partial.bindings, evaldata=evaldata))
                if not inside:
                    self._walk(rest, partial.holding(negation), origins, evaldata, found)
                else:
                    failure = Failure(
                        negation,
                        partial.bindings,
                        found=inside[:MAX_BLOCKS],
                        sees=step.sees,
                        evaldata=evaldata,
                    )
                    self.cut |= len(inside) > MAX_BLOCKS
                    self._walk(rest, partial.failing(failure), origins, evaldata, found)

    def _walk_patterns(
        self,
        group: tuple[Step, ...],
        rest: Sequence[tuple[Step, ...]],
        partial: Partial,
        origins: dict[Variable, Row],
        evaldata: bool,
        found: list[Partial],
    ) -> None:
        patterns = tuple(step.element for step in group if isinstance(step.element, TriplePattern))
        fixed = self._is_fixed(patterns[0], evaldata)
        solutions = list(self._solver.solutions(group, partial.bindings, evaldata=evaldata))
        if len(solutions) > MAX_ROWS:
            self.cut = True
            solutions = solutions[:MAX_ROWS]
        for solution in solutions:
            new = {} if fixed else origins_of(patterns, partial.bindings, solution)
            kept = partial.holding(*patterns, bindings=solution)
            self._walk(rest, kept, origins | new, evaldata, found)
        if not solutions:
            failure = Failure(
                patterns[0], partial.bindings, patterns=patterns, fixed=fixed, evaldata=evaldata
            )
            failed = partial.failing(failure)
            if fixed:  # what knowledge does not say cannot be supposed
                found.append(failed)
            else:
                self._walk(rest, failed, origins, evaldata, found)

    def _walk_assignment(
        self,
        assignment: Assignment,
        rest: Sequence[tuple[Step, ...]],
        partial: Partial,
        origins: dict[Variable, Row],
        evaldata: bool,
        found: list[Partial],
    ) -> None:
        if set(variables_of(assignment.expression)) - partial.bindings.keys():
            self._walk(rest, partial, origins, evaldata, found)
            return
        value = self._solver.value(assignment, partial.bindings)
        if value is None or partial.bindings.get(assignment.variable, value) != value:
            failure = Failure(assignment, partial.bindings, origins=dict(origins))
            if (wanted := partial.bindings.get(assignment.variable)) is not None:
                failure.hints.add(wanted)
            self._walk(rest, partial.failing(failure), origins, evaldata, found)
            return
        kept = partial.holding(assignment, bindings={**partial.bindings, assignment.variable: value})
        mentioned = [origins[v] for v in variables_of(assignment.expression) if v in origins]
        new = {assignment.variable: mentioned[0]} if mentioned else {}
        self._walk(rest, kept, origins | new, evaldata, found)


def _derivable(rules: Iterable[Rule]) -> tuple[set[PatternTerm], bool]:
    """Return the predicates that heads have, and whether some head may have any."""
    predicates = {template.predicate for rule in rules for template in rule.head}
    return predicates, any(isinstance(predicate, Variable) for predicate in predicates)


def _rooted(body: Iterable[Element], given: set[Variable], bound: set[Variable]) -> set[Variable]:
    """Return the variables that stand for something found through the incident, not through the head."""
    rooted = set(given)
    for element in body:
        if isinstance(element, TriplePattern) and element.subject in rooted:
            rooted |= {v for v in variables_of(element) if v not in bound}
    return rooted
