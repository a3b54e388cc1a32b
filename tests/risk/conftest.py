"""Made-up observations of Qingdao whose truth is known, and an assessment of them that the session shares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.sensing import synthetic
from kb.sensing.source import Files, source
from kb.services.risk.views import RiskViews
from kb.services.workspace import Workspace
from tests.homes import copied

CITY = "370200"
EXTENT = (119.7, 35.75, 120.89, 36.7)
KINDS = ("fire", "gas", "traffic")
HERE = Path(__file__).parent


def assess_made_up(workspace: Workspace, observed: Path) -> RiskViews:
    """Assess the risk of :data:`CITY` from the made-up observations in *observed*; return its views."""
    views = RiskViews(workspace)
    views.assess(CITY, source(Files(HERE / "made-up.ttl"), "made-up"), [observed], actor="test")
    return views


@pytest.fixture(scope="session")
def observations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("observations") / "made-up.parquet"
    synthetic.write(path, 20_000, EXTENT, KINDS, places=1_500)
    return path


@pytest.fixture(scope="session")
def assessed(
    prepared: Path, observations: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    home = copied(prepared, tmp_path_factory.mktemp("risk") / "home")
    with Workspace(home, cities=()) as workspace:
        assess_made_up(workspace, observations)
        yield workspace
