"""A stage for each test: a sender and a day of its own in the shared workspace."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from pyoxigraph import NamedNode

from kb.access.principal import Operator
from kb.namespaces import graph
from kb.resources import folder
from kb.services import incident
from kb.services.incident import Answer
from kb.services.recommendation import recommend
from kb.services.warnings import terms
from kb.services.warnings.receiving import Received, receive
from kb.services.workspace import Workspace

EXAMPLES = folder("examples") / "warnings"
NUMBERS = itertools.count(1)
DAY = datetime.fromisoformat("2026-07-20T00:00:00+08:00")


@dataclass(frozen=True)
class Stage:
    workspace: Workspace
    me: Operator
    number: int

    def at(self, hour: float) -> datetime:
        """That hour of the day of this test."""
        return DAY + timedelta(days=2 * self.number, hours=hour)

    def text(self, name: str, **changed: str) -> bytes:
        """An example as a message of this test's sender and day, with some elements changed."""
        text = (EXAMPLES / f"{name}.xml").read_text(encoding="utf-8")
        text = text.replace("@example.org", f"@t{self.number}")
        for old, new in changed.items():
            text, count = re.subn(rf"<{old}>[^<]*</{old}>", f"<{old}>{new}</{old}>", text)
            assert count, old
        return text.replace("2026-07-20", f"{self.at(0):%Y-%m-%d}").encode()

    def take(self, name: str, hour: float = 9.5, **changed: str) -> Received:
        return receive(self.workspace, self.text(name, **changed), self.me, now=self.at(hour))

    def reported(self, hour: float = 9.5, **facts: Any) -> Answer:
        data = {"type": "内涝", "grid": "370202", **facts}
        return incident.report(self.workspace, data, actor="test", now=self.at(hour))

    def level(self, answer: Answer, hour: float) -> str | None:
        """What is recommended at that hour."""
        recalled = incident.recall(self.workspace, answer.id, now=self.at(hour))
        found = recommend(self.workspace, recalled)["warning"]
        return None if found is None else str(found["label"]["en"])

    def stored_level(self, answer: Answer) -> str | None:
        """What the store says."""
        found = list(
            self.workspace.store.match(answer.incident, terms.LEVEL, None, graph(f"response/{answer.id}"))
        )
        term = found[0].object if found else None
        return term.value.rpartition("/")[2] if isinstance(term, NamedNode) else None


@pytest.fixture
def stage(workspace: Workspace) -> Stage:
    policy = workspace.policies.current
    return Stage(workspace, Operator("chen", frozenset(policy.roles), policy), next(NUMBERS))
