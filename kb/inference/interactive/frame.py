"""What a compiled rule works on: the facts it reads, and the array of its bindings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from pyoxigraph import Variable

from kb.inference.interactive.dictionary import Dictionary
from kb.inference.interactive.overlay import Overlay
from kb.inference.interactive.source import Source
from kb.srl.syntax import Term

Next: TypeAlias = Callable[[], bool]
"""One step of a rule: goes on for every solution, and stops early when that returns true."""


class Facts:
    """What one evaluation reads: the base graph, and the overlays on it.

    *asserted* holds the facts given with the call: they belong to the base graph G0 of the specification.
    *all* holds them and what was derived: the evaluation graph. *delta* holds the newest derived facts.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.dictionary = source.dictionary
        self.asserted = Overlay()
        self.all = Overlay()
        self.delta = Overlay()

    def clear(self) -> None:
        """Forget the evaluation; the source stays."""
        for overlay in (self.asserted, self.all, self.delta):
            overlay.clear()


class Frame:
    """The bindings of one rule: ``env[slot]`` is the identifier of a term.

    Variables and constants both have slots, so that a step never asks which one it deals with. A slot is
    meaningful only where the planner says that its variable is bound.
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self.env: list[int] = []
        self.slots: dict[Variable, int] = {}
        self.dictionary = dictionary
        self._constants: dict[Term, int] = {}

    def declare(self, variables: Iterable[Variable]) -> None:
        """Give each of *variables* a slot, in order, unless it has one."""
        for variable in variables:
            if variable not in self.slots:
                self.slots[variable] = self.fresh()

    def constant(self, term: Term) -> int:
        """Return the slot that holds *term* for good."""
        slot = self._constants.get(term)
        if slot is None:
            slot = self._constants[term] = self.fresh()
            self.env[slot] = self.dictionary.id(term)
        return slot

    def fresh(self) -> int:
        """Return a slot of its own."""
        self.env.append(-1)
        return len(self.env) - 1

    @contextmanager
    def own(self, variables: Iterable[Variable]) -> Iterator[None]:
        """Within the block, *variables* mean others than outside: those of a NOT that it does not see."""
        outer = dict(self.slots)
        for variable in variables:
            self.slots[variable] = self.fresh()
        yield
        self.slots = outer
