"""What a compiled rule works on: the facts it reads, and the names of its generated code."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from pyoxigraph import Variable

from kb.inference.interactive.dictionary import Dictionary
from kb.inference.interactive.overlay import Overlay, Rows
from kb.inference.interactive.source import Source
from kb.inference.interactive.stencil import Body, constant, function, read
from kb.srl.syntax import Term


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
        self.delta = Rows()
        self.made = 0  # terms that rules made: bounds.weight

    def clear(self) -> None:
        """Forget the evaluation; the source stays."""
        for rows in (self.asserted, self.all, self.delta):
            rows.clear()
        self.made = 0


class Frame:
    """The functions that one rule becomes, and what names mean in them.

    A variable is a local name that holds the identifier of a term, a constant is its identifier. Names are
    made here and are never those of the rule. What the code works on (indexes, sets, helpers) it reaches
    through global names of its own.
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self.names: dict[Variable, str] = {}
        self._functions: list[ast.stmt] = []
        self._globals: dict[str, object] = {}
        self._given: dict[int, str] = {}
        self._count = 0

    def fresh(self, hint: str) -> str:
        """Return a new local name."""
        self._count += 1
        return f"{hint}_{self._count}"

    def declare(self, variables: Iterable[Variable]) -> None:
        """Give each of *variables* a name, unless it has one."""
        for variable in variables:
            if variable not in self.names:
                self.names[variable] = self.fresh("v")

    @contextmanager
    def own(self, variables: Iterable[Variable]) -> Iterator[None]:
        """Within the block, *variables* mean others than outside: those of a NOT that it does not see."""
        outer = dict(self.names)
        for variable in variables:
            self.names[variable] = self.fresh("v")
        yield
        self.names = outer

    def constant(self, term: Term) -> ast.expr:
        """Return the identifier of *term*."""
        return constant(self.dictionary.id(term))

    def give(self, value: object, hint: str) -> ast.expr:
        """Return a global name for *value*, the same for the same object."""
        known = self._given.get(id(value))
        if known is None:
            known = self._given[id(value)] = self.fresh(hint)
            self._globals[known] = value  # and so it lives as long as its id is remembered
        return read(known)

    def function(self, hint: str, variables: Iterable[Variable], body: Body) -> ast.Name:
        """Add a function that takes the values of *variables*; return its name."""
        name = self.fresh(hint)
        self._functions.append(function(name, [self.names[variable] for variable in variables], body))
        return read(name)

    def compile(self, entry: ast.Name, title: str) -> Callable[..., Any]:
        """Compile all functions and return the one named *entry*. *title* stands in tracebacks."""
        module = ast.Module(self._functions, type_ignores=[])
        exec(compile(module, f"<{title}>", "exec"), self._globals)  # noqa: S102 - made of stencils, see there
        run: Callable[..., Any] = self._globals[entry.id]  # type: ignore[assignment]
        return run

    def stop(self) -> None:
        """Take from the running code all that it works on: its next step raises NameError."""
        self._globals.clear()
