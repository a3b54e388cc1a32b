"""Which reported facts could change what a triple says: the levers behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pyoxigraph import NamedNode, Triple

from kb.inference.explanation.levers import IMPOSSIBLE, Effort, Lever, Plans, any_of
from kb.inference.explanation.partials import bound_in, compared_in, origins_of, row_with
from kb.inference.explanation.solving import Bindings
from kb.inference.explanation.world import Row, World
from kb.srl.syntax import Element, Filter, Negation, PatternTerm, Term, TriplePattern, variables_of


class Mover:
    """Finds levers in one world.

    :param effort: which facts a report may give or change, and how much that asks.
    """

    def __init__(self, world: World, effort: Effort) -> None:
        self._world = world
        self._effort = effort

    def is_subject(self, term: PatternTerm) -> bool:
        """Whether reports speak of *term*: the incident; anything, where no variable was given."""
        return not self._world.given or term in self._world.given.values()

    def turn(
        self, body: Iterable[Element], patterns: Sequence[TriplePattern], before: Bindings, solution: Bindings
    ) -> Iterator[Plans]:
        """Yield what could turn a FILTER of *body* that is true."""
        for element in body:
            if isinstance(element, Filter):
                compared, mentioned = compared_in(element.expression, solution), set(variables_of(element))
                for variable, row in origins_of(patterns, before, solution).items():
                    if variable in mentioned:
                        yield self.move(row, compared)

    def move(self, row: Row, hints: frozenset[Term], *, remove: bool = False) -> Plans:
        """Return the levers that could change what *row* says: itself, or the reported facts behind it."""
        levers: dict[NamedNode, Lever] = {}
        seen: set[Row] = set()
        open_ = [row]
        while open_:
            here = open_.pop()
            if here in seen:
                continue
            seen.add(here)
            subject, predicate, _ = here
            if self._world.is_fact(here):
                asked = self._effort(predicate, True) if isinstance(predicate, NamedNode) else None
                if asked is not None and self.is_subject(subject) and self._world.is_given(here):
                    levers[predicate] = Lever(predicate, hints, remove, asked)  # type: ignore[index, arg-type]
                continue
            because = self._world.derivation.because(Triple(*here))  # type: ignore[arg-type]
            if because is None:
                continue
            for element in because.rule.body:
                if isinstance(element, TriplePattern):
                    open_.append(row_with(element, because.bindings))
                elif isinstance(element, Negation):
                    for lever in self._absent(element, because.bindings, hints):
                        levers.setdefault(lever.property, lever)
        return any_of([((lever,),) for lever in levers.values()]) if levers else IMPOSSIBLE

    def _absent(self, negation: Negation, bindings: Bindings, hints: frozenset[Term]) -> Iterator[Lever]:
        """Yield the facts that *negation* says are not reported, and that a report may give."""
        for part in negation.inner:
            if isinstance(part, TriplePattern):
                pattern = bound_in(part, {v: bindings[v] for v in variables_of(part) if v in bindings})
                if isinstance(pattern.predicate, NamedNode) and self.is_subject(pattern.subject):
                    asked = self._effort(pattern.predicate, False)
                    if asked is not None:
                        yield Lever(pattern.predicate, hints, False, asked)
