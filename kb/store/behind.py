"""Changes on their way from the journal into Oxigraph.

A change is durable when the journal has it; Oxigraph, a cache of the journal, takes several times as long.
So whoever commits waits for the journal alone, and a thread of the store applies the changes in their order
meanwhile. Nobody notices: who reads what a pending change may touch waits until it is applied. At a crash
the next start applies what is missing, as ever (:mod:`kb.store.quads`).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from pyoxigraph import NamedNode, Quad

from kb.store.protocol import Change, Subject, Term

MOST = 64
"""So many changes may be pending; then commits wait for Oxigraph, which can do no more."""


class Behind:
    """Runs what it is given in order, on one thread.

    :attr:`failure` tells why a change could not be applied; everything after it stays undone.
    """

    def __init__(self) -> None:
        self.failure = ""
        self._pending: deque[tuple[Change, Callable[[], None]]] = deque()
        self._moved = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def put(self, change: Change, apply: Callable[[], None]) -> None:
        """Let *apply* run soon; it makes *change* readable."""
        with self._moved:
            self._moved.wait_for(lambda: len(self._pending) < MOST or self.failure)
            self._pending.append((change, apply))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="store, applying", daemon=True)
                self._thread.start()
            self._moved.notify_all()

    def settle(self) -> bool:
        """Wait until nothing is pending; false where something has failed and the rest will stay pending."""
        if self._pending:
            with self._moved:
                self._moved.wait_for(lambda: not self._pending or self.failure)
        return not self._pending

    def settle_for(
        self, s: Subject | None, p: NamedNode | None, o: Term | None, graph: NamedNode | None
    ) -> bool:
        """As :meth:`settle`, but only if a pending change has a quad that fits; ``None`` fits everything."""
        if not self._pending:
            return True
        with self._moved:
            pending = [change for change, _ in self._pending]
        for change in pending:
            sides = (change.additions, change.removals) if graph is None or graph in change.graphs else ()
            if any(_fits(quad, s, p, o, graph) for side in sides for quad in side):
                return self.settle()
        return True

    def close(self) -> None:
        """Wait for what is pending and end the thread."""
        self.settle()
        with self._moved:
            self._closed = True
            self._moved.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._moved:
                self._moved.wait_for(lambda: self._pending or self._closed)
                if not self._pending:
                    return
                _, apply = self._pending[0]
            try:
                apply()
            except Exception as error:  # noqa: BLE001 - told to whoever reads or commits next
                with self._moved:
                    self.failure = repr(error)
                    self._moved.notify_all()
                return
            with self._moved:
                self._pending.popleft()
                self._moved.notify_all()


def _fits(
    quad: Quad, s: Subject | None, p: NamedNode | None, o: Term | None, graph: NamedNode | None
) -> bool:
    return (
        (s is None or quad.subject == s)
        and (p is None or quad.predicate == p)
        and (o is None or quad.object == o)
        and (graph is None or quad.graph_name == graph)
    )
