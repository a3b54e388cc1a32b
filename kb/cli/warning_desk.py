"""Who answers the commands about warnings: a store that this process owns, or the server that has it."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote

from kb.access.principal import Operator
from kb.cli.remote import Remote, as_object
from kb.services.warnings import requests, telling
from kb.services.workspace import Workspace

CAP = "application/cap+xml"


class WarningDesk(Protocol):
    """What the commands about warnings ask for. Answers are as of the HTTP API."""

    def receive(self, text: bytes) -> dict[str, Any]:
        """Take in a message in CAP 1.2."""
        ...

    def listed(self, *, all_: bool) -> list[dict[str, Any]]:
        """Return the warnings in force, or every message."""
        ...

    def show(self, key: str) -> dict[str, Any]:
        """Return one warning."""
        ...

    def document(self, key: str) -> bytes:
        """Return one warning in CAP 1.2."""
        ...

    def issue(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Issue a warning."""
        ...

    def take(self, key: str, step: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Update or cancel a warning, or hand it over."""
        ...


class LocalWarnings:
    """Answers from a store that this process owns; whoever works with it may do everything."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        policy = workspace.policies.current
        self._me = Operator(getpass.getuser(), frozenset(policy.roles), policy)

    def receive(self, text: bytes) -> dict[str, Any]:
        """Take in a message in CAP 1.2."""
        return requests.receive(self._workspace, text, self._me)

    def listed(self, *, all_: bool) -> list[dict[str, Any]]:
        """Return the warnings in force, or every message."""
        return telling.listed(self._workspace, all_=all_)

    def show(self, key: str) -> dict[str, Any]:
        """Return one warning."""
        return telling.told(self._workspace, key, reader=self._me)

    def document(self, key: str) -> bytes:
        """Return one warning in CAP 1.2."""
        return requests.document(self._workspace, key)

    def issue(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Issue a warning."""
        return requests.issue(self._workspace, data, self._me)

    def take(self, key: str, step: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Update or cancel a warning, or hand it over."""
        steps = {"update": requests.update, "cancel": requests.cancel, "hand-over": requests.hand_over}
        return steps[step](self._workspace, key, data, self._me)


class RemoteWarnings:
    """Asks the server on this machine over its API."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def receive(self, text: bytes) -> dict[str, Any]:
        """Take in a message in CAP 1.2."""
        return as_object(self._remote.ask("/api/warnings", text, media=CAP))

    def listed(self, *, all_: bool) -> list[dict[str, Any]]:
        """Return the warnings in force, or every message."""
        query = "?all=true" if all_ else ""
        found: list[dict[str, Any]] = as_object(self._remote.ask(f"/api/warnings{query}"))["warnings"]
        return found

    def show(self, key: str) -> dict[str, Any]:
        """Return one warning."""
        return as_object(self._remote.ask(f"/api/warnings/{quote(key)}"))

    def document(self, key: str) -> bytes:
        """Return one warning in CAP 1.2."""
        return self._remote.ask(f"/api/warnings/{quote(key)}", accept=CAP)

    def issue(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Issue a warning."""
        return as_object(self._remote.ask("/api/warnings", json.dumps(data).encode()))

    def take(self, key: str, step: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Update or cancel a warning, or hand it over."""
        return as_object(self._remote.ask(f"/api/warnings/{quote(key)}/{step}", json.dumps(data).encode()))
