"""Who answers the commands about directives: a store that this process owns, or the server that has it."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from kb.access.principal import Operator
from kb.cli.remote import Remote, as_object
from kb.services.directives import board, measures, requests, returns
from kb.services.life import timeline
from kb.services.workspace import Workspace


class DirectiveDesk(Protocol):
    """What the commands about directives ask for. Answers are as of the HTTP API."""

    def confirm(self, identifier: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Confirm what is recommended for an incident."""
        ...

    def of_incident(self, identifier: str) -> dict[str, Any]:
        """Return the directives of an incident."""
        ...

    def inbox(self, department: str, *, overdue: bool) -> dict[str, Any]:
        """Return the open directives of a department, or of all."""
        ...

    def one(self, identifier: str, number: int) -> dict[str, Any]:
        """Return a directive with its parts and its timeline."""
        ...

    def take(self, identifier: str, number: int, step: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Take a step with a directive."""
        ...

    def draft(self, identifier: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Draft a directive."""
        ...

    def timeline(self, identifier: str) -> list[dict[str, Any]]:
        """Return the events of an incident."""
        ...

    def measures(self) -> dict[str, Any]:
        """Return times and counts by department and by rule."""
        ...

    def returns(self) -> str:
        """Return what departments returned, as cases in YAML."""
        ...

    def diagram(self, flow: str, lang: str) -> str:
        """Return a flow as a Mermaid diagram."""
        ...


class LocalDirectives:
    """Answers from a store that this process owns; whoever works with it may take every step."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        policy = workspace.policies.current
        self._me = Operator(getpass.getuser(), frozenset(policy.roles), policy)

    def confirm(self, identifier: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Confirm what is recommended for an incident."""
        return requests.confirm(self._workspace, identifier, self._me, data)

    def of_incident(self, identifier: str) -> dict[str, Any]:
        """Return the directives of an incident."""
        return board.of_incident(self._workspace, identifier, self._me)

    def inbox(self, department: str, *, overdue: bool) -> dict[str, Any]:
        """Return the open directives of a department, or of all."""
        body = requests.find_body(self._workspace, department, "department") if department else None
        return board.inbox(self._workspace, self._me, department=body, overdue=overdue)

    def one(self, identifier: str, number: int) -> dict[str, Any]:
        """Return a directive with its parts and its timeline."""
        return board.one(self._workspace, identifier, number, self._me)

    def take(self, identifier: str, number: int, step: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Take a step with a directive."""
        return requests.take(self._workspace, identifier, number, step, self._me, data)

    def draft(self, identifier: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Draft a directive."""
        return requests.draft(self._workspace, identifier, self._me, data)

    def timeline(self, identifier: str) -> list[dict[str, Any]]:
        """Return the events of an incident."""
        found: list[dict[str, Any]] = timeline.timeline(self._workspace, identifier)["events"]
        return found

    def measures(self) -> dict[str, Any]:
        """Return times and counts by department and by rule."""
        return measures.measures(self._workspace)

    def returns(self) -> str:
        """Return what departments returned, as cases in YAML."""
        return returns.cases(self._workspace, returns.returned(self._workspace))

    def diagram(self, flow: str, lang: str) -> str:
        """Return a flow as a Mermaid diagram."""
        return board.diagram(self._workspace, flow, lang)


class RemoteDirectives:
    """Asks the server on this machine over its API."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def confirm(self, identifier: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Confirm what is recommended for an incident."""
        return self._send(f"/api/incidents/{quote(identifier)}/confirm", data)

    def of_incident(self, identifier: str) -> dict[str, Any]:
        """Return the directives of an incident."""
        return self._read(f"/api/incidents/{quote(identifier)}/directives")

    def inbox(self, department: str, *, overdue: bool) -> dict[str, Any]:
        """Return the open directives of a department, or of all."""
        asked = {"department": department, "overdue": "1" if overdue else ""}
        query = urlencode({key: value for key, value in asked.items() if value})
        return self._read(f"/api/directives?{query}")

    def one(self, identifier: str, number: int) -> dict[str, Any]:
        """Return a directive with its parts and its timeline."""
        return self._read(f"/api/incidents/{quote(identifier)}/directives/{number}")

    def take(self, identifier: str, number: int, step: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Take a step with a directive."""
        return self._send(f"/api/incidents/{quote(identifier)}/directives/{number}/{quote(step, '')}", data)

    def draft(self, identifier: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Draft a directive."""
        return self._send(f"/api/incidents/{quote(identifier)}/directives", data)

    def timeline(self, identifier: str) -> list[dict[str, Any]]:
        """Return the events of an incident."""
        found: list[dict[str, Any]] = self._read(f"/api/incidents/{quote(identifier)}/timeline")["events"]
        return found

    def measures(self) -> dict[str, Any]:
        """Return times and counts by department and by rule."""
        return self._read("/api/directives/measures")

    def returns(self) -> str:
        """Return what departments returned, as cases in YAML."""
        return self._remote.ask("/api/directives/returns", accept="*/*").decode()

    def diagram(self, flow: str, lang: str) -> str:
        """Return a flow as a Mermaid diagram."""
        query = urlencode({"flow": flow, "lang": lang})
        return self._remote.ask(f"/api/directives/diagram?{query}", accept="*/*").decode()

    def _read(self, path: str) -> dict[str, Any]:
        return as_object(self._remote.ask(path))

    def _send(self, path: str, data: Mapping[str, Any]) -> dict[str, Any]:
        return as_object(self._remote.ask(path, json.dumps(data).encode()))
