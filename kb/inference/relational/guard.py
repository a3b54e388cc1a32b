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
    TOO_LARGE,
    TOO_MANY_FACTS,
    TOO_MANY_INPUTS,
    TOO_MANY_TERMS,
    WATCH,
    Bounds,
    InferenceStopped,
    Ticket,
    TooDeep,
    too_deep,
)
from kb.inference.relational.connection import Connection
from kb.srl.syntax import Rule


class Guard:
    """Keeps one derivation on *connection* within *bounds*."""

    def __init__(self, connection: Connection, bounds: Bounds) -> None:
        self.bounds = bounds
        self._connection = connection
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
        except InferenceStopped:
            raise
        except TooDeep:
            raise too_deep(self._rules[0]) from None
        except Exception as error:
            if not WATCH.end(self._ticket):  # it is what an interrupted query raises
                raise self._ticket.error(*self._rules) from None
            if self._connection.is_full(error):
                raise TOO_LARGE.error(self._rules) from error
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
        return self._connection.at_most(rows, self.bounds.facts - self._facts + 1)

    def count_facts(self, number: int) -> None:
        """Note that so many facts were added.

        :raises InferenceStopped: these are too many.
        """
        self._facts += number
        if self._facts > self.bounds.facts:
            raise TOO_MANY_FACTS.error(self._rules, self.bounds)

    def count_terms(self, number: int) -> None:
        """Note that so many terms were made.

        :raises InferenceStopped: these are too many.
        """
        self._terms += number
        if self._terms > self.bounds.terms:
            raise TOO_MANY_TERMS.error(self._rules, self.bounds)

    def count_inputs(self, number: int) -> None:
        """Refuse to compute an expression here that has too many different inputs.

        :raises InferenceStopped: these are more than :attr:`~kb.inference.bounds.Bounds.inputs`.
        """
        if number > self.bounds.inputs:
            raise TOO_MANY_INPUTS.error(self._rules, self.bounds)

    def _check(self) -> None:
        if self._ticket.exceeded is not None:
            raise self._ticket.error(*self._rules)

    def _stop(self) -> None:
        threading.Thread(target=self._interrupt, name="inference interrupt", daemon=True).start()

    def _interrupt(self) -> None:
        """Interrupt query after query until the derivation has noticed: one may begin in between."""
        while not self._over.wait(INTERVAL):
            self._connection.interrupt()
