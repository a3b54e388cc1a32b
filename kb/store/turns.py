"""Nobody takes all the workers: who asks much waits for himself, not others for him."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class Turns:
    """Lets everyone who asks run *running* queries at a time and have *waiting* others wait. Thread-safe."""

    def __init__(self, running: int, waiting: int) -> None:
        self._running, self._waiting = running, waiting
        self._now: Counter[Hashable] = Counter()
        self._later: Counter[Hashable] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def of(self, asker: Hashable, wait: float) -> Iterator[None]:
        """Hold a turn of *asker*; ``None`` always has one.

        :raises TimeoutError: he has too many waiting already, or it did not come in *wait* seconds.
        """
        if asker is None:
            yield
            return
        with self._changed:
            if self._later[asker] >= self._waiting and self._now[asker] >= self._running:
                raise TimeoutError
            self._later[asker] += 1
            try:
                if not self._changed.wait_for(lambda: self._now[asker] < self._running, wait):
                    raise TimeoutError
                self._now[asker] += 1
            finally:
                self._less(self._later, asker)
        try:
            yield
        finally:
            with self._changed:
                self._less(self._now, asker)
                self._changed.notify_all()

    def waiting(self, asker: Hashable) -> int:
        """Return how many of *asker*'s queries wait."""
        return self._later[asker]

    @staticmethod
    def _less(counter: Counter[Hashable], asker: Hashable) -> None:
        counter[asker] -= 1
        if not counter[asker]:
            del counter[asker]
