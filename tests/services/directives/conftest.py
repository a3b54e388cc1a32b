"""People of a city who act on directives, and an incident to act on."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from kb.access.principal import Principal
from kb.services import incident
from kb.services.directives import confirming
from kb.services.workspace import Workspace

NUMBERS = itertools.count(1)
START = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
ORDINARY = {"type": "燃气爆炸", "grid": "370202", "deaths": 1, "seriousInjuries": 2}
MAJOR = {"type": "燃气爆炸", "grid": "370202", "deaths": 12}
Report = Callable[..., str]
Who = Callable[..., Principal]


@pytest.fixture
def who(workspace: Workspace) -> Who:
    """Make somebody with a role, of a department if one is named."""

    def made(role: str, department: str | None = None, name: str = "") -> Principal:
        policy = workspace.policies.current
        return Principal(name or f"{role} {department or ''}", frozenset([role]), policy, department)

    return made


@pytest.fixture
def report(workspace: Workspace) -> Report:
    """Report an incident and return its identifier."""

    def made(**facts: Any) -> str:
        data = {**ORDINARY, **facts, "id": f"directives-{next(NUMBERS)}"}
        return incident.report(workspace, data, actor="test", now=START).id

    return made


@pytest.fixture
def confirmed(workspace: Workspace, report: Report, who: Who) -> str:
    """An incident of level IV whose directives the duty officer has issued."""
    identifier = report()
    confirming.confirm(workspace, identifier, who("duty-officer"), now=START)
    return identifier
