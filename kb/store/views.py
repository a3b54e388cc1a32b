"""Which frozen copy a query reads: one for each set of readers who see the same graphs."""

from __future__ import annotations

import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from itertools import count
from pathlib import Path
from typing import Protocol

from pyoxigraph import NamedNode

from kb.store.checkpoints import Checkpoints
from kb.store.protocol import Store
from kb.store.replica import Replica

MOST = 12
"""Replicas that are kept; the one that was used longest ago goes first, unless it is being read."""


class Reader(Protocol):
    """Whoever reads: *view* is equal for two readers if and only if they see the same graphs."""

    @property
    def view(self) -> Hashable:
        """What readers who see the same have in common; ``None``: they see everything."""
        ...

    def sees(self, graph: NamedNode) -> bool:
        """Whether the reader may see the named graph."""
        ...


class _Everything:
    """A reader from whom nothing is hidden."""

    view: Hashable = None

    def sees(self, graph: NamedNode) -> bool:
        return True


EVERYTHING: Reader = _Everything()


class _View:
    """A replica, if not everything is seen, and the checkpoints of it."""

    def __init__(self, store: Store, reader: Reader, folder: Path) -> None:
        self._folder = folder
        self._replica = None if reader.view is None else Replica(store, reader.sees, folder / "copy")
        self.checkpoints = Checkpoints(self._replica or store, folder)
        self.users = 0

    def close(self) -> None:
        self.checkpoints.close()
        if self._replica is not None:
            self._replica.close()
            shutil.rmtree(self._folder, ignore_errors=True)


class Views:
    """Checkpoints of *store* for every reader, below *folder* on the same disk. Thread-safe."""

    def __init__(self, store: Store, folder: Path) -> None:
        """Delete what lies in *folder* from before; nothing is made until somebody reads."""
        self._store, self._folder = store, folder
        for left in folder.glob(f"{_PREFIX}*"):
            shutil.rmtree(left, ignore_errors=True)
        self._lock = threading.Lock()
        self._numbers = count()
        self._whole = _View(store, EVERYTHING, folder)
        self._views: OrderedDict[Hashable, _View] = OrderedDict()

    def acquire(self, reader: Reader) -> tuple[Path, Callable[[], None]]:
        """Return a checkpoint of what *reader* may see, and what to call when it is no longer read."""
        with self._lock:
            view = self._whole if reader.view is None else self._of(reader)
            view.users += 1
        try:
            checkpoint = view.checkpoints.acquire()
        except BaseException:
            self._release(view)
            raise

        def release() -> None:
            view.checkpoints.release(checkpoint)
            self._release(view)

        return checkpoint, release

    def expire(self) -> None:
        """Let whoever asks next see everything up to now."""
        with self._lock:
            for view in (self._whole, *self._views.values()):
                view.checkpoints.expire()

    def close(self) -> None:
        """Delete all copies."""
        with self._lock:
            for view in self._views.values():
                view.close()
            self._views.clear()
            self._whole.close()

    def _of(self, reader: Reader) -> _View:
        view = self._views.get(reader.view)
        if view is None:
            view = _View(self._store, reader, self._folder / f"{_PREFIX}{next(self._numbers)}")
            self._views[reader.view] = view
        self._views.move_to_end(reader.view)
        idle = [key for key, one in self._views.items() if one.users == 0 and one is not view]
        for key in idle[: max(0, len(self._views) - MOST)]:
            self._views.pop(key).close()
        return view

    def _release(self, view: _View) -> None:
        with self._lock:
            view.users -= 1


_PREFIX = "view-"
