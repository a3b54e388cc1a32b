"""What the tests of reports share: reading and checking one, without storing it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode

from kb.errors import Fault, ReportRejected
from kb.services.workspace import Workspace

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEAST = {"type": "火灾", "grid": "370102"}
"""The smallest report there is."""

Facts = dict[str, str]
Read = Callable[..., Facts]
Refuse = Callable[..., list[Fault]]


@pytest.fixture(scope="session")
def read(workspace: Workspace) -> Read:
    """``read(deaths=3)``: the facts of the least report with that, by the ends of their properties."""

    def run(**data: Any) -> Facts:
        report = workspace.reader.read({**LEAST, **data}, incident_id="test", received=NOW)
        workspace.contract.require(report.facts)
        return {
            fact.predicate.value.replace("#", "/").rpartition("/")[2]: _value(fact.object)
            for fact in report.facts
        }

    return run


@pytest.fixture(scope="session")
def refuse(read: Read) -> Refuse:
    """``refuse(deaths=-1)``: the faults for which the report is rejected."""

    def run(**data: Any) -> list[Fault]:
        with pytest.raises(ReportRejected) as caught:
            read(**data)
        return caught.value.faults

    return run


def _value(term: object) -> str:
    assert isinstance(term, NamedNode | Literal)
    return term.value
