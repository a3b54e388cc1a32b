"""Why something was not derived: for each rule that could have, what held, what failed, and how.

For each rule whose head fits what was wanted, the body is walked with the head bound. Knowledge is taken as
it is, so patterns that only knowledge answers come first and bind what they can; patterns about the incident
may fail, and the walk goes on as if they held. So it ends with partial solutions that say all that is
missing. The nearest one is the one that asks for the least change. What is missing and could itself be
derived is explained in the same way, and so is what stands in the way of a NOT.

A condition that fails is *unknown* where the incident has no value for a fact that a report may give, and
*false* where a fact says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from pyoxigraph import NamedNode, Variable

from kb.inference.explanation.levers import IMPOSSIBLE, Effort, Lever, Plans, all_of, any_of, distance
from kb.inference.explanation.misses import Holding, Miss, Status, Unmet
from kb.inference.explanation.moving import Mover
from kb.inference.explanation.partials import Failure, Partial, bound_in, row_with
from kb.inference.explanation.solving import Bindings, Solver, unify
from kb.inference.explanation.walking import MAX_BLOCKS, MAX_STEPS, Walker
from kb.inference.explanation.world import Row, World
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

MAX_DEPTH = 14
"""So many rules deep is what is missing looked for."""
MAX_CANDIDATES = 40
"""So many partial solutions of one rule are looked into."""

Goal: TypeAlias = tuple[TriplePattern, ...]
"""What is wanted: patterns that must hold together."""


class WhyNot:
    """Answers why one derivation lacks something.

    :param effort: which facts a report may give or change, and how much that asks.
    """

    def __init__(self, world: World, effort: Effort) -> None:
        self._world = world
        self._solver = Solver(world)
        self._effort = effort
        self._walker = Walker(world, self._solver, effort)
        self._mover = Mover(world, effort)
        self._known: dict[object, tuple[Miss, ...]] = {}
        self._holding: dict[Row, Holding] = {}
        self._stack: set[object] = set()
        self._cut = False

    @property
    def cut(self) -> bool:
        """Whether a bound ended the search before its end."""
        return self._cut or self._walker.cut

    def misses(self, row: Row) -> tuple[Miss, ...]:
        """Return the nearest miss of every rule that could have derived *row*, the nearest first."""
        return self._want((TriplePattern(*row),), frozenset(), 0)

    # ── what is wanted ───────────────────────────────────────────────────────────────────────

    def _want(self, goal: Goal, hints: frozenset[Term], depth: int) -> tuple[Miss, ...]:
        key = (goal, hints)
        if key in self._known:
            return self._known[key]
        if key in self._stack or depth > MAX_DEPTH:
            return ()
        self._stack.add(key)
        found = [
            miss
            for rule, start in _fitting(self._world, goal)
            if (miss := self._nearest(rule, start, hints, depth)) is not None
        ]
        self._stack.discard(key)
        found.sort(key=lambda miss: (distance(miss.plans), len(miss.unmet)))
        self._known[key] = tuple(found)
        return self._known[key]

    def _nearest(
        self, rule: Rule, start: dict[Variable, Term], hints: frozenset[Term], depth: int
    ) -> Miss | None:
        partials = self._walker.partials(rule.body, start, rule.evaldata)
        return self._best(rule, partials, hints, depth)

    def _best(
        self, rule: Rule, partials: Sequence[Partial], hints: frozenset[Term], depth: int
    ) -> Miss | None:
        """Return the partial solution that asks for the least change, with the plans of all."""
        if not partials:
            return None
        resolved: list[tuple[Partial, tuple[Unmet, ...], Plans]] = []
        for partial in sorted(partials, key=lambda partial: partial.order)[:MAX_CANDIDATES]:
            unmet = tuple(self._why(failure, hints, depth) for failure in partial.failures)
            resolved.append((partial, unmet, all_of(one.plans for one in unmet)))
        self._cut |= len(partials) > MAX_CANDIDATES
        partial, unmet, _ = min(
            resolved, key=lambda entry: (distance(entry[2]), *_impossible(entry[1]), *entry[0].order)
        )
        return Miss(
            rule,
            partial.bindings,
            tuple(sorted(partial.held, key=_place(rule.body))),
            unmet,
            len(partials) - 1,
            any_of(plans for _, _, plans in resolved),
        )

    # ── why a condition fails ────────────────────────────────────────────────────────────────

    def _why(self, failure: Failure, hints: frozenset[Term], depth: int) -> Unmet:
        match failure.element:
            case Filter() | Assignment():
                mentioned = set(variables_of(failure.element))
                rows = tuple(dict.fromkeys(row for v, row in failure.origins.items() if v in mentioned))
                # Here both sides have a value: what others are compared with says nothing of them.
                compared = frozenset(failure.hints) if isinstance(failure.element, Filter) else hints
                levers = any_of(self._mover.move(row, compared) for row in rows)
                return Unmet(Status.FALSE, failure.element, failure.bindings, rows, plans=levers)
            case Negation() as negation:
                return self._blocked(negation, failure, depth)
            case TriplePattern() as pattern:
                if failure.fixed:
                    return Unmet(Status.IMPOSSIBLE, pattern, failure.bindings)
                return self._missing(pattern, failure, hints | frozenset(failure.hints), depth)

    def _missing(self, pattern: TriplePattern, failure: Failure, hints: frozenset[Term], depth: int) -> Unmet:
        goal = tuple(bound_in(p, failure.bindings) for p in failure.patterns)
        s, p, o = goal[0].terms
        if isinstance(p, NamedNode) and not isinstance(s, Variable):
            present = tuple(self._world.match(_term(s), p, None, evaldata=False))
            asked = self._effort(p, bool(present))
            if asked is not None and self._mover.is_subject(s):
                wanted = frozenset(hints if isinstance(o, Variable) else {o})
                lever = Lever(p, wanted, False, asked)  # type: ignore[arg-type]
                status = Status.FALSE if present else Status.UNKNOWN
                return Unmet(status, pattern, failure.bindings, present, plans=((lever,),))
        if not (failure.evaldata and self._walker.may_derive(goal[0].predicate)):
            return Unmet(Status.IMPOSSIBLE, pattern, failure.bindings)
        misses = self._want(goal, hints, depth + 1)
        plans = any_of(miss.plans for miss in misses)
        return Unmet(Status.UNDERIVED, pattern, failure.bindings, misses=misses, plans=plans)

    def _blocked(self, negation: Negation, failure: Failure, depth: int) -> Unmet:
        rows: dict[Row, None] = {}
        holding: dict[Row, Holding] = {}
        needs: list[Plans] = []
        patterns = [element for element in negation.inner if isinstance(element, TriplePattern)]
        for solution in failure.found:
            choices: list[Plans] = []
            for pattern in patterns:
                row = row_with(pattern, solution)
                kept = self._hold(row, depth + 1)
                rows[row] = None
                if kept.plans or kept.ways:
                    holding[row] = kept
                choices.append(kept.plans)
            choices += self._mover.turn(negation.inner, patterns, failure.bindings, solution)
            needs.append(any_of(choices))
        return Unmet(
            Status.BLOCKED,
            negation,
            failure.bindings,
            tuple(rows),
            holding=tuple(holding.values()),
            plans=all_of(needs),
        )

    # ── why something holds that stands in the way ───────────────────────────────────────────

    def _hold(self, row: Row, depth: int) -> Holding:
        """Say why *row* holds, and what would make it fail."""
        if row in self._holding:
            return self._holding[row]
        key = ("holding", row)
        if key in self._stack or depth > MAX_DEPTH or self._walker.steps > MAX_STEPS:
            return Holding(row, (), IMPOSSIBLE)
        if self._world.is_fact(row):
            return Holding(row, (), self._mover.move(row, frozenset(), remove=True))
        self._stack.add(key)
        ways: list[tuple[Rule, Bindings, Unmet | None]] = []
        needs: list[Plans] = []
        for rule, bindings in self._solver.alternatives(row):
            if len(ways) >= MAX_BLOCKS:
                needs.append(IMPOSSIBLE)
                self._cut = True
                break
            easiest, plans = self._break(rule, bindings, depth)
            ways.append((rule, bindings, easiest))
            needs.append(plans)
        self._stack.discard(key)
        if not ways:
            needs.append(IMPOSSIBLE)
        found = self._holding[row] = Holding(row, tuple(ways), all_of(needs))
        return found

    def _break(self, rule: Rule, bindings: Mapping[Variable, Term], depth: int) -> tuple[Unmet | None, Plans]:
        """Return the NOT of an application that is easiest to make fail, and all plans that break it."""
        choices: list[Plans] = []
        easiest: Unmet | None = None
        scope: dict[Variable, Term] = dict(self._world.start(rule))
        patterns = [e for e in rule.body if isinstance(e, TriplePattern)]
        for element in rule.body:
            match element:
                case TriplePattern():
                    row = row_with(element, bindings)
                    if not self._world.is_fact(row) or self._world.is_given(row):
                        choices.append(self._hold(row, depth + 1).plans)
                    scope |= {v: bindings[v] for v in variables_of(element)}
                case Assignment(variable, _):
                    scope[variable] = bindings[variable]
                case Negation():
                    unmet = self._make_hold(rule, element, scope, depth)
                    if unmet is not None:
                        choices.append(unmet.plans)
                        if easiest is None or distance(unmet.plans) < distance(easiest.plans):
                            easiest = unmet
        choices += self._mover.turn(rule.body, patterns, self._world.start(rule), bindings)
        return easiest, any_of(choices)

    def _make_hold(
        self, rule: Rule, negation: Negation, scope: Mapping[Variable, Term], depth: int
    ) -> Unmet | None:
        """Say what is missing for what stands in *negation* to hold."""
        seen = {v: t for v, t in scope.items() if v in set(variables_of(negation))}
        evaldata = rule.evaldata and negation.evaldata
        partials = self._walker.partials(negation.inner, dict(seen), evaldata, seen)
        inner = Rule(rule.iri, rule.head, tuple(negation.inner), evaldata)
        miss = self._best(inner, partials, frozenset(), depth + 1)
        if miss is None:
            return None
        if len(miss.unmet) == 1:
            only = miss.unmet[0]
            return Unmet(
                only.status, only.element, only.bindings, only.found, only.misses, only.holding, miss.plans
            )
        return Unmet(Status.UNDERIVED, negation, scope, misses=(miss,), plans=miss.plans)


def _fitting(world: World, goal: Goal) -> Iterator[tuple[Rule, dict[Variable, Term]]]:
    """Yield the rules whose head could give all of *goal* at once, with what that binds."""
    for rule in world.concluding(goal[0].predicate):
        seen: list[dict[Variable, Term]] = []
        for start in _fits(goal, rule, dict(world.start(rule)), {}):
            if start not in seen:
                seen.append(start)
                yield rule, start


def _fits(
    goal: Goal, rule: Rule, start: dict[Variable, Term], links: dict[Variable, PatternTerm]
) -> Iterator[dict[Variable, Term]]:
    if not goal:
        yield start
        return
    for template in rule.head:
        bound, linked = dict(start), dict(links)
        if all(_fit(w, t, bound, linked) for w, t in zip(goal[0].terms, template.terms, strict=True)):
            yield from _fits(goal[1:], rule, bound, linked)


def _fit(
    wanted: PatternTerm,
    template: PatternTerm,
    bound: dict[Variable, Term],
    links: dict[Variable, PatternTerm],
) -> bool:
    if isinstance(wanted, Variable):
        return links.setdefault(wanted, template) == template
    return unify(template, wanted, bound)  # type: ignore[arg-type]


def _term(part: PatternTerm) -> Term | None:
    return None if isinstance(part, Variable) else part  # type: ignore[return-value]


def _impossible(unmet: Sequence[Unmet]) -> tuple[int, int]:
    return sum(1 for one in unmet if not one.plans), len(unmet)


def _place(body: Sequence[Element]) -> Callable[[Element], int]:
    places = {id(element): number for number, element in enumerate(body)}
    return lambda element: places.get(id(element), len(places))
