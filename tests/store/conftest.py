"""What the tests of the store share: what the protocol promises is tested with either store."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad
from sparql_server import SparqlServers

from kb.store.embedded import EmbeddedStore, open_store
from kb.store.endpoints import endpoints
from kb.store.protocol import Change
from kb.store.workers import Service

sys.path.insert(0, str(Path(__file__).parent))
from agencies import OURS, POWER, WATER, Agencies, write_list
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


@pytest.fixture(scope="module")
def agencies(sparql_servers: SparqlServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agencies]:
    """Two real servers, of the water authority and the grid company, as the administrator's list has them."""
    water, power = sparql_servers.take(), sparql_servers.take()
    water.update(WATER)
    power.update(POWER)
    home = tmp_path_factory.mktemp("home")
    write_list(
        home,
        f"""
        <{water.url}/query> a xz:Endpoint ; rdfs:label "水务局"@zh, "Water authority"@en .
        <{power.url}/query> a xz:Endpoint ; rdfs:label "电网公司"@zh, "Grid company"@en .
        """,
    )
    yield endpoints(home)
    for server in (water, power):
        sparql_servers.give_back(server)


@pytest.fixture
def water(agencies: Agencies) -> str:
    return next(iter(agencies))


@pytest.fixture
def power(agencies: Agencies) -> str:
    return list(agencies)[1]


@pytest.fixture(scope="module")
def service(agencies: Agencies, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The sandboxed service on a store of ours."""
    folder = tmp_path_factory.mktemp("federation")
    with open_store(folder / "store") as store:
        store.commit(Change(OURS), actor="a", action="b")
        with Service(store, folder / "checkpoints", workers=1, endpoints=agencies) as opened:
            yield opened
