"""Frozen copies of the store, or of what some readers may see of it, which workers read."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Protocol

MAX_AGE = 0.3
"""Seconds by which a query may lag behind the store."""
SLOW, MAX_SHARE = 1.0, 0.1
"""Where making a checkpoint takes longer than so many seconds (after a large load), it gets no more than this
share of the time: checkpoints may then be older."""


class Source(Protocol):
    """What checkpoints are made of: a store, or a :class:`kb.store.replica.Replica` of one."""

    @property
    def sequence(self) -> int:
        """The number of the last change."""
        ...

    def checkpoint(self, folder: Path) -> int:
        """Write a frozen copy into the new *folder*; return the number of the last change in it."""
        ...


class Checkpoints:
    """The checkpoints of *store* below *folder*, which must be on the same disk.

    A checkpoint is made when somebody asks, the store has changed, and the last one is older
    than :data:`MAX_AGE`: an idle server does nothing. It costs hard links and 50 ms. Every user
    releases what it acquired; what nobody uses and is not the newest is deleted. Checkpoints that
    lie in *folder* at start are left from a crash and are deleted too. Thread-safe.
    """

    def __init__(self, store: Source, folder: Path, max_age: float = MAX_AGE) -> None:
        """Sweep the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self._store, self._folder, self._max_age = store, folder, max_age
        self._lock = threading.Lock()
        self._users: Counter[Path] = Counter()
        self._newest: Path | None = None
        self._sequence = -1  # of the newest
        self._made = 0.0  # when its making began, by time.monotonic()
        self._cost = 0.0  # seconds that it took
        self._count = 0
        self.close()

    def acquire(self) -> Path:
        """Return a checkpoint that shows the store as it was at most ``max_age`` seconds ago."""
        with self._lock:
            age = self._cost / MAX_SHARE if self._cost > SLOW else self._max_age
            stale = time.monotonic() - self._made >= age
            if self._newest is None or (stale and self._store.sequence != self._sequence):
                self._publish()
            assert self._newest is not None
            self._users[self._newest] += 1
            return self._newest

    def expire(self) -> None:
        """Let the next checkpoint show everything up to now, however young the last one is."""
        with self._lock:
            self._made = float("-inf")

    def release(self, checkpoint: Path) -> None:
        """Give back what :meth:`acquire` returned."""
        with self._lock:
            self._users[checkpoint] -= 1
            self._sweep(checkpoint)

    def close(self) -> None:
        """Delete all checkpoints, and nothing else that may lie in the folder."""
        for path in self._folder.iterdir():
            if path.stem.isdecimal():
                shutil.rmtree(path, ignore_errors=True)

    def _publish(self) -> None:
        made, previous = time.monotonic(), self._newest
        self._count += 1
        draft = self._folder / f"{self._count}.draft"
        sequence = self._store.checkpoint(draft)
        self._newest = draft.rename(draft.with_suffix(""))
        self._sequence, self._made, self._cost = sequence, made, time.monotonic() - made
        if previous is not None:
            self._sweep(previous)

    def _sweep(self, checkpoint: Path) -> None:
        if checkpoint != self._newest and self._users[checkpoint] <= 0:
            del self._users[checkpoint]
            shutil.rmtree(checkpoint, ignore_errors=True)
