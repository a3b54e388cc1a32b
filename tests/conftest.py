"""What the tests above the store share: a store with knowledge and two cities, prepared once a session.

Preparing takes eleven seconds, copying a tenth of one. So the prepared folder is closed and never opened
again; whoever needs a store of its own takes a copy. Each worker of pytest-xdist prepares its own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from kb.services.workspace import Workspace
from tests.homes import copied

sys.path.insert(0, str(Path(__file__).parent))
from sparql_server import SparqlServer, SparqlServers

# How long an example takes depends on what else the machine does; slow tests show in pytest's durations.
hypothesis.settings.register_profile("xiezhi", deadline=None)
hypothesis.settings.load_profile("xiezhi")

CITIES = ("370100", "370200")
"""Jinan, where housing administers gas, and Qingdao, where urban management does."""


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed home folder with knowledge and both cities. Copy it, never open it."""
    home = tmp_path_factory.mktemp("prepared") / "home"
    Workspace(home, cities=CITIES).close()
    return home


@pytest.fixture(scope="session")
def workspace(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """An open workspace that the whole session shares: report what you like, under ids of your own."""
    home = tmp_path_factory.mktemp("workspace") / "home"
    copied(prepared, home)
    with Workspace(home, cities=CITIES) as opened:
        yield opened


@pytest.fixture
def home(prepared: Path, tmp_path: Path) -> Path:
    """A home folder with knowledge and both cities for one test alone."""
    return copied(prepared, tmp_path / "home")


@pytest.fixture
def fresh(home: Path) -> Iterator[Workspace]:
    """An open workspace with both cities for one test alone, which may count its journal."""
    with Workspace(home, cities=CITIES) as opened:
        yield opened


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed home folder with knowledge and the national divisions but no city."""
    home = tmp_path_factory.mktemp("bare") / "home"
    Workspace(home, cities=()).close()
    return home


@pytest.fixture
def empty(bare: Path, tmp_path: Path) -> Callable[[], Workspace]:
    """A function that opens, again and again, one workspace without cities; the test closes it."""
    home = copied(bare, tmp_path / "empty")
    return lambda: Workspace(home, cities=())


@pytest.fixture(scope="session")
def sparql_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparqlServers]:
    """Real SPARQL servers for the whole session; they start when they are taken."""
    servers = SparqlServers(tmp_path_factory.mktemp("sparql-servers"))
    yield servers
    servers.stop()


@pytest.fixture
def sparql_server(sparql_servers: SparqlServers) -> Iterator[SparqlServer]:
    """An empty SPARQL server for one test."""
    server = sparql_servers.take()
    yield server
    sparql_servers.give_back(server)
