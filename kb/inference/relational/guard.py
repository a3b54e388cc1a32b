"""One derivation of the relational executor under watch: which rules are at work, and what they took.

Queries run inside an engine, where nobody counts for us and one may run for hours. So the watch
(:mod:`kb.inference.bounds`) interrupts the engine when the time is over, and what a query gave is counted
before it is used.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import ibis.expr.types as ir

from kb.inference.bounds import (
    INTERVAL,
    WATCH,
    Bounds,
    InferenceStopped,
    Ticket,
    TooDeep,
    too_deep,
    too_large,
    too_many_facts,
    too_many_inputs,
    too_many_terms,
)
from kb.inference.relational.connection import Connection
from kb.srl.syntax import Rule

MAX_INPUTS = 5_000_000
"""More different inputs of one expression are not fetched from the engine to be computed here."""


class Guard:
    """Keeps one derivation on *connection* within *bounds*."""

    def __init__(self, connection: Connection, bounds: Bounds) -> None:
        self._connection = connection
        self._bounds = bounds
        self._rules: tuple[Rule, ...] = ()
        self._facts = 0
        self._terms = 0
        self._over = threading.Event()
        self._ticket = Ticket(bounds, lambda: self._facts, lambda: self._terms, self._stop)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the block.

        :raises InferenceStopped: a bound was exceeded in it.
        """
        WATCH.begin(self._ticket)
        try:
            yield
        except Exception as error:
            if isinstance(error, InferenceStopped):
                raise
            if isinstance(error, TooDeep):
                raise too_deep(self._rules[0]) from None
            if not WATCH.end(self._ticket):  # it is what an interrupted query raises
                raise self._ticket.error(*self._rules) from None
            if self._connection.is_full(error):
                raise too_large(self._rules) from error
            raise
        finally:
            self._over.set()
            WATCH.end(self._ticket)
        self._check()

    @contextmanager
    def at_work(self, *rules: Rule | None) -> Iterator[None]:
        """Note that queries in the block are those of *rules*; after an error they stay noted."""
        before, self._rules = self._rules, tuple(rule for rule in rules if rule is not None)
        self._check()
        yield
        self._rules = before

    def at_most(self, rows: ir.Table) -> ir.Table:
        """Return *rows*, of which the engine need not compute many more than may be added."""
        return self._connection.at_most(rows, self._bounds.facts - self._facts + 1)

    def count_facts(self, number: int) -> None:
        """Note that so many facts were added.

        :raises InferenceStopped: these are too many.
        """
        self._facts += number
        if self._facts > self._bounds.facts:
            raise too_many_facts(self._rules, self._bounds)

    def count_terms(self, number: int) -> None:
        """Note that so many terms were made.

        :raises InferenceStopped: these are too many.
        """
        self._terms += number
        if self._terms > self._bounds.terms:
            raise too_many_terms(self._rules, self._bounds)

    def too_many_inputs(self) -> InferenceStopped:
        """Return the error for an expression with more than :data:`MAX_INPUTS` different inputs."""
        return too_many_inputs(self._rules, MAX_INPUTS)

    def _check(self) -> None:
        if self._ticket.exceeded is not None:
            raise self._ticket.error(*self._rules)

    def _stop(self) -> None:
        threading.Thread(target=self._interrupt, name="inference interrupt", daemon=True).start()

    def _interrupt(self) -> None:
        """Interrupt query after query until the derivation has noticed: one may begin in between."""
        while not self._over.wait(INTERVAL):
            self._connection.interrupt()
