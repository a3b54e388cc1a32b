"""Takes directives through the loop until it is killed; says each event once it is acknowledged."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from pyoxigraph import NamedNode

from kb.access.principal import Principal
from kb.services import incident
from kb.services.directives import acting, confirming, reading, terms
from kb.services.workspace import Workspace

REPORT = {"type": "燃气爆炸", "grid": "370202", "deaths": 1}
STEPS = [
    ("acknowledge", True),
    ("start", True),
    ("report", True),
    ("verify", False),
    ("evaluate", False),
    ("close", False),
]


def main(home: str, prefix: str) -> None:
    with Workspace(Path(home), cities=["370200"]) as workspace:
        policy = workspace.policies.current
        command = Principal("command", frozenset(["duty-officer"]), policy)
        for number in itertools.count(1):
            identifier = f"{prefix}-{number}"
            incident.report(workspace, {**REPORT, "id": identifier}, actor="test")
            confirming.confirm(workspace, identifier, command)
            print(identifier, workspace.flows.ledger.length(identifier), flush=True)
            for life in reading.stored(workspace, identifier):
                body = life.one(terms.ADDRESSEE)
                assert isinstance(body, NamedNode)
                officer = Principal("officer", frozenset(["department-officer"]), policy, body.value)
                for step, theirs in STEPS:
                    event = acting.take(
                        workspace, identifier, terms.parts_of(life.about)[1], step,
                        officer if theirs else command, reason="已办",
                    )  # fmt: skip
                    print(identifier, event.number, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
