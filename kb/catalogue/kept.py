"""An answer that is made when somebody asks and remembered until it is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """What *make* returns; thread-safe. What was made while :meth:`forget` was called is given, not kept."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = Lock()
        self._version = 0
        self._made: tuple[T] | None = None

    def get(self) -> T:
        """Return the answer."""
        made, version = self._made, self._version
        if made is None:
            made = (self._make(),)
            with self._lock:
                if version == self._version:
                    self._made = made
        return made[0]

    def forget(self) -> None:
        """Make the answer anew when somebody next asks."""
        with self._lock:
            self._version += 1
            self._made = None
