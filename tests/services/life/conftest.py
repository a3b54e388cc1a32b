"""A workspace in which no incident is open when a test begins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.access.principal import Operator
from kb.services.life import standing
from kb.services.life.acting import Wish, take
from kb.services.workspace import Workspace
from tests.conftest import CITIES
from tests.homes import copied


@pytest.fixture(scope="session")
def scene(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace of these tests alone."""
    home = tmp_path_factory.mktemp("scene") / "home"
    copied(prepared, home)
    with Workspace(home, cities=CITIES) as opened:
        yield opened


@pytest.fixture
def quiet(scene: Workspace) -> Workspace:
    """The same workspace; what earlier tests left open is over."""
    policy = scene.policies.current
    everybody = Operator("operator", frozenset(policy.roles), policy)
    for identifier in standing.open_incidents(scene):
        take(scene, identifier, Wish("dismiss", "the test is over"), everybody)
    return scene
