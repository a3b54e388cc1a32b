"""What the tests of the store share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from kb.store.embedded import EmbeddedStore, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    """An empty store in ``tmp_path/"store"``."""
    with open_store(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def quad() -> Callable[..., Quad]:
    """Make quads: ``quad("s", "p", 1, "g")``."""

    def make(s: str, p: str = "p", o: str | int = "o", g: str = "g") -> Quad:
        value = Literal(o) if isinstance(o, int) else NamedNode(f"urn:{o}")
        return Quad(NamedNode(f"urn:{s}"), NamedNode(f"urn:{p}"), value, NamedNode(f"urn:{g}"))

    return make
