"""Who is told that something changed: every commit, as the graphs that it touched, to all open streams.

A graph is called ``<kind>/<identifier>`` (``directive/demo-gas``), and that is all that a stream tells:
whoever hears it asks for the part of his page that shows it, where his rights are looked at once more. So
nothing is kept here but the last few names, for those whose connection broke for a moment.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pyoxigraph import NamedNode

from kb.access.policy import GRAPHS
from kb.errors import XiezhiError
from kb.store.protocol import Change, Store

STREAMS = 64
"""Streams that may be open at once: each holds a thread of the server."""
SHARE = 8
"""So many of them, at least, one reader may have: a window each, on a few screens."""
REMEMBERED = 1_000
"""Changes that a stream which was away may catch up with."""


class TooManyStreams(XiezhiError):
    """No further stream can be opened now; the page asks again and again instead."""


class Told(NamedTuple):
    """A graph that a commit touched; *number* counts them."""

    number: int
    graph: NamedNode

    @property
    def kind(self) -> str:
        """What the graph is about: ``incident``, ``directive``, ``timeline``, …"""
        return self._path.partition("/")[0]

    @property
    def identifier(self) -> str:
        """Which of its kind; empty where there is only one."""
        return self._path.partition("/")[2]

    @property
    def _path(self) -> str:
        return self.graph.value.removeprefix(GRAPHS)


class Live:
    """The changes of *store* from now on. Thread-safe.

    :param most: streams that may be open at once.
    """

    def __init__(self, store: Store, most: int = STREAMS) -> None:
        self._most, self._share = most, max(SHARE, most // 4)
        self._epoch = secrets.token_hex(4)  # marks of an earlier server mean nothing to this one
        self._told: deque[Told] = deque(maxlen=REMEMBERED)
        self._number = 0
        # A signal may close it while its thread holds the lock: the lock of a condition can be taken twice.
        self._changed = threading.Condition()
        self._open: Counter[str] = Counter()
        self.closed = False
        store.subscribe(self._hear)

    @property
    def mark(self) -> str:
        """Where the changes are now: what a page that is being made has seen."""
        return f"{self._epoch}-{self._number}"

    @contextmanager
    def stream(self, reader: str) -> Iterator[None]:
        """Count a stream of *reader* as open.

        :raises TooManyStreams: ``live.full``.
        """
        with self._changed:
            if self.closed or self._open.total() >= self._most or self._open[reader] >= self._share:
                raise TooManyStreams.of(
                    "live.full",
                    "实时连接已满，页面将定时刷新",
                    "all live connections are taken; the page refreshes from time to time",
                )
            self._open[reader] += 1
        try:
            yield
        finally:
            with self._changed:
                self._open[reader] -= 1

    def wait(self, mark: str, seconds: float) -> bool:
        """Wait until something was told since *mark*, or all ends, at most some *seconds*; whether it was."""
        with self._changed:
            return self._changed.wait_for(lambda: self.closed or mark != self.mark, seconds)

    def since(self, mark: str) -> tuple[list[Told] | None, str]:
        """Return what was told since *mark*, and the mark to ask with next.

        ``None`` where that is not known any more: then everything may have changed.
        """
        epoch, _, number = mark.partition("-")
        with self._changed:
            here, last, told = self.mark, self._number, list(self._told)
        if epoch != self._epoch or not number.isascii() or not number.isdigit():
            return None, here
        since = int(number[:20])
        if since < last - len(told):
            return None, here
        return [one for one in told if one.number > since], here

    def close(self) -> None:
        """End every stream; no other can be opened."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def _hear(self, change: Change) -> None:
        with self._changed:
            for name in change.graphs:
                if isinstance(name, NamedNode) and name.value.startswith(GRAPHS):
                    self._number += 1
                    self._told.append(Told(self._number, name))
            self._changed.notify_all()
