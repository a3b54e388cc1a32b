"""A store with Qingdao and its eight declared datasets, and short ways to hand in what a test says."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kb.resources import folder
from kb.services.workspace import Workspace
from kb.sharing.datasets import Dataset
from kb.sharing.incoming import Incoming
from kb.sharing.intake import Intake, Outcome
from tests.homes import copied

EXAMPLES = folder("examples") / "datasets"
RISKS = "370200/emergency-management/risk-sources"
GAUGES = "370200/water/rain-gauges"
STOCKS = "370200/emergency-management/stocks"
FACILITIES = "370200/emergency-management/facilities"
INCIDENTS = "370200/emergency-management/incidents"
TARGETS = "370200/health/protection-targets"
ALERTS = "370200/emergency-management/alerts"
ROSTER = "370200/emergency-management/roster"


@pytest.fixture(scope="session")
def declared(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed home folder with the datasets declared. Copy it, never open it."""
    home = copied(prepared, tmp_path_factory.mktemp("declared") / "home")
    with Workspace(home, cities=()) as workspace:
        workspace.intake.declare((EXAMPLES / "370200.ttl").read_bytes(), actor="test")
    return home


@pytest.fixture(scope="module")
def shared(declared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """An open workspace for the tests of one module."""
    home = Path(shutil.copytree(declared, tmp_path_factory.mktemp("sharing") / "home"))
    with Workspace(home, cities=()) as workspace:
        yield workspace


@pytest.fixture
def intake(shared: Workspace) -> Iterator[Intake]:
    """The intake, from which every record is withdrawn after the test."""
    yield shared.intake
    for dataset in shared.intake.datasets.all():
        shared.intake.withdraw(dataset, actor="test", reason="the test is over")


@pytest.fixture
def at(intake: Intake) -> Callable[[str], Dataset]:
    """Return the dataset with a path."""
    return intake.datasets.find


@pytest.fixture
def deliver(intake: Intake, tmp_path: Path) -> Callable[..., Outcome]:
    """``deliver(path, content, name)``: hand in a file that says just that."""

    def run(path: str, content: str | bytes, name: str = "file.csv", **options: object) -> Outcome:
        file = tmp_path / "handed-in"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        dataset = intake.datasets.find(path)
        return intake.submit(dataset, Incoming.of(file, name), actor="li", **options)  # type: ignore[arg-type]

    return run


@pytest.fixture
def refused(intake: Intake, tmp_path: Path) -> Callable[..., str]:
    """``refused(path, content, name)``: hand in a file that is turned away; return the code."""
    from kb.sharing.errors import DeliveryRefused

    def run(path: str, content: bytes, name: str) -> str:
        file = tmp_path / "handed-in"
        file.write_bytes(content)
        dataset = intake.datasets.find(path)
        with pytest.raises(DeliveryRefused) as caught:
            intake.submit(dataset, Incoming.of(file, name), actor="li")
        (fault,) = caught.value.faults
        assert fault.message.zh
        assert fault.message.en
        assert intake.count(dataset) == 0
        return fault.code.removeprefix("delivery.")

    return run
