"""Who answers the commands about candidates: a store that this process owns, or the server that has it."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

from kb.access.principal import Operator
from kb.cli.remote import Remote, as_object
from kb.services.candidates import board, judging, reading, signals
from kb.services.workspace import Workspace


class CandidateDesk(Protocol):
    """What the commands about candidates ask for. Answers are as of the HTTP API."""

    def notice(self, rows: Sequence[Any]) -> dict[str, Any]:
        """Take in signals."""
        ...

    def listed(self) -> list[dict[str, Any]]:
        """Return the candidates that wait."""
        ...

    def judge(self, identifier: str, step: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Confirm, attach or dismiss a candidate."""
        ...


class LocalCandidates:
    """Answers from a store that this process owns; whoever works with it may do everything."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        policy = workspace.policies.current
        self._me = Operator(getpass.getuser(), frozenset(policy.roles), policy)

    def notice(self, rows: Sequence[Any]) -> dict[str, Any]:
        """Take in signals."""
        new = signals.notice(self._workspace, reading.read(self._workspace, rows), self._me)
        return {"received": len(rows), "noticed": new}

    def listed(self) -> list[dict[str, Any]]:
        """Return the candidates that wait."""
        return board.candidates(self._workspace)

    def judge(self, identifier: str, step: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Confirm, attach or dismiss a candidate."""
        return judging.judge(self._workspace, identifier, step, data, self._me)


class RemoteCandidates:
    """Asks the server on this machine over its API."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def notice(self, rows: Sequence[Any]) -> dict[str, Any]:
        """Take in signals."""
        return self._post("/api/candidates/signals", {"signals": list(rows)})

    def listed(self) -> list[dict[str, Any]]:
        """Return the candidates that wait."""
        found: list[dict[str, Any]] = as_object(self._remote.ask("/api/candidates"))["candidates"]
        return found

    def judge(self, identifier: str, step: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Confirm, attach or dismiss a candidate."""
        return self._post(f"/api/candidates/{quote(identifier)}/{quote(step)}", data)

    def _post(self, path: str, data: Mapping[str, Any]) -> dict[str, Any]:
        return as_object(self._remote.ask(path, json.dumps(data).encode()))
