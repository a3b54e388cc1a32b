"""What the tests of the store share: what the protocol promises is tested with either store."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad
from sparql_server import SparqlServers

from kb.store.embedded import EmbeddedStore, open_store

sys.path.insert(0, str(Path(__file__).parent))
from kinds import AnyStore, Opener


@pytest.fixture(params=["embedded", "remote"])
def opener(request: pytest.FixtureRequest, sparql_servers: SparqlServers) -> Iterator[Opener]:
    """Opens stores of the kind under test in the folders that it is given."""
    made = Opener(request.param, sparql_servers)
    yield made
    made.give_back()


@pytest.fixture
def store(opener: Opener, tmp_path: Path) -> Iterator[AnyStore]:
    """An empty store with its folder in ``tmp_path/"store"``."""
    with opener(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedStore]:
    """An empty embedded store in ``tmp_path/"store"``."""
    with open_store(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def quad() -> Callable[..., Quad]:
    """Make quads: ``quad("s", "p", 1, "g")``."""

    def make(s: str, p: str = "p", o: str | int = "o", g: str = "g") -> Quad:
        value = Literal(o) if isinstance(o, int) else NamedNode(f"urn:{o}")
        return Quad(NamedNode(f"urn:{s}"), NamedNode(f"urn:{p}"), value, NamedNode(f"urn:{g}"))

    return make
