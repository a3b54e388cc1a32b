"""A store with the datasets of examples/datasets: declared, delivered, some of them long ago."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from kb.namespaces import CATALOGUE, PROV, ROOT, xz
from kb.services.workspace import Workspace
from kb.sharing.incoming import Incoming
from kb.store.protocol import Change
from tests.homes import copied

CITY = "370200"
EXAMPLES = Path(__file__).parents[2] / "examples" / "datasets"
RISKS, TARGETS, GAUGES, ROSTER = (
    f"{CITY}/emergency-management/risk-sources",
    f"{CITY}/health/protection-targets",
    f"{CITY}/water/rain-gauges",
    f"{CITY}/emergency-management/roster",
)
DELIVERED = (
    (RISKS, "risk-sources-faulty.csv"),
    (RISKS, "risk-sources.csv"),
    (TARGETS, "protection-targets.geojson"),
    (GAUGES, "rain-gauges.csv"),
    (GAUGES, "rain-gauges-faulty.csv"),
)


def iri(path: str) -> NamedNode:
    return NamedNode(f"{ROOT}dataset/{path}")


def age(workspace: Workspace, path: str, days: float) -> None:
    """Let the deliveries of a dataset have been made so many days earlier."""
    store, additions, removals = workspace.store, [], []
    for delivery in store.match(None, xz("dataset"), iri(path), CATALOGUE):
        for name in ("startedAtTime", "endedAtTime"):
            for quad in store.match(delivery.subject, NamedNode(PROV + name), None, CATALOGUE):  # type: ignore[arg-type]
                assert isinstance(quad.object, Literal)
                before = datetime.fromisoformat(quad.object.value) - timedelta(days=days)
                value = Literal(before.isoformat(), datatype=quad.object.datatype)
                additions.append(Quad(quad.subject, quad.predicate, value, CATALOGUE))
                removals.append(quad)
    store.commit(Change(additions, removals), actor="test", action="age")


def deliver(workspace: Workspace, files: Iterable[tuple[str, str]] = DELIVERED) -> None:
    """Declare every example dataset; deliver *files*, risk sources 40 days ago."""
    intake = workspace.intake
    intake.declare((EXAMPLES / f"{CITY}.ttl").read_bytes(), actor="test")
    for path, name in files:
        intake.submit(intake.datasets.find(path), Incoming.of(EXAMPLES / name, name), actor="test")
    age(workspace, RISKS, 40)


@pytest.fixture(scope="session")
def shared_home(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed home folder with both cities and shared data. Copy it, never open it."""
    home = tmp_path_factory.mktemp("shared") / "home"
    copied(prepared, home)
    with Workspace(home, cities=[CITY]) as workspace:
        deliver(workspace)
    return home


@pytest.fixture(scope="module")
def delivered(shared_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """An open workspace with shared data for the tests of one module."""
    home = tmp_path_factory.mktemp("delivered") / "home"
    copied(shared_home, home)
    with Workspace(home, cities=[CITY]) as workspace:
        yield workspace
