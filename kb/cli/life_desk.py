"""Who answers ``xiezhi incident``: a store that this process owns, or the server that has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from kb.access.principal import Operator
from kb.cli.remote import Remote, as_object
from kb.services import incident
from kb.services.life import changes, duplicates, merging, requests, timeline
from kb.services.life.brief import brief
from kb.services.life.contention import Contention
from kb.services.workspace import Workspace

ACTOR = "command line"


class LifeDesk(Protocol):
    """What the commands about the life of incidents ask for. Answers are JSON as of the HTTP API."""

    def listed(self, limit: int) -> list[dict[str, Any]]:
        """Return the newest incidents."""
        ...

    def timeline(self, identifier: str) -> dict[str, Any]:
        """Return the timeline of an incident."""
        ...

    def changes(self, identifier: str, since: int | None) -> dict[str, Any]:
        """Return what changed since an earlier report."""
        ...

    def step(self, identifier: str, step: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Take a step and return the timeline."""
        ...

    def merger(self, identifier: str, into: str) -> dict[str, Any]:
        """Return what merging would take over, and what has to be chosen."""
        ...

    def duplicates(self, identifier: str | None) -> list[dict[str, Any]]:
        """Return pairs of incidents that may be the same."""
        ...

    def contention(self, identifier: str | None) -> list[dict[str, Any]]:
        """Return pairs of incidents that contend."""
        ...


class LocalLife:
    """Answers from a store that this process owns; whoever has the store may take every step."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        policy = workspace.policies.current
        self._operator = Operator(ACTOR, frozenset(policy.roles), policy)

    def listed(self, limit: int) -> list[dict[str, Any]]:
        """Return the newest incidents."""
        return [brief(self._workspace, one) for one, *_ in incident.recent(self._workspace, limit)]

    def timeline(self, identifier: str) -> dict[str, Any]:
        """Return the timeline of an incident."""
        return timeline.timeline(self._workspace, identifier, reader=self._operator)

    def changes(self, identifier: str, since: int | None) -> dict[str, Any]:
        """Return what changed since an earlier report."""
        return changes.changes(self._workspace, identifier, since)

    def step(self, identifier: str, step: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Take a step and return the timeline."""
        return requests.perform(self._workspace, identifier, step, data, self._operator)

    def merger(self, identifier: str, into: str) -> dict[str, Any]:
        """Return what merging would take over, and what has to be chosen."""
        return merging.plan(self._workspace, identifier, into).as_json(self._workspace)

    def duplicates(self, identifier: str | None) -> list[dict[str, Any]]:
        """Return pairs of incidents that may be the same."""
        return duplicates.candidates(self._workspace, identifier)

    def contention(self, identifier: str | None) -> list[dict[str, Any]]:
        """Return pairs of incidents that contend."""
        return Contention(self._workspace).pairs(identifier)


class RemoteLife:
    """Asks the server on this machine over its API."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def listed(self, limit: int) -> list[dict[str, Any]]:
        """Return the newest incidents."""
        return self._list(f"/api/incidents?{urlencode({'limit': limit})}", "incidents")

    def timeline(self, identifier: str) -> dict[str, Any]:
        """Return the timeline of an incident."""
        return as_object(self._remote.ask(_of(identifier, "timeline")))

    def changes(self, identifier: str, since: int | None) -> dict[str, Any]:
        """Return what changed since an earlier report."""
        query = "" if since is None else f"?{urlencode({'since': since})}"
        return as_object(self._remote.ask(_of(identifier, "changes") + query))

    def step(self, identifier: str, step: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Take a step and return the timeline."""
        body = json.dumps(data).encode()
        return as_object(self._remote.ask(_of(identifier, f"steps/{quote(step)}"), body))

    def merger(self, identifier: str, into: str) -> dict[str, Any]:
        """Return what merging would take over, and what has to be chosen."""
        return as_object(self._remote.ask(f"{_of(identifier, 'merger')}?{urlencode({'into': into})}"))

    def duplicates(self, identifier: str | None) -> list[dict[str, Any]]:
        """Return pairs of incidents that may be the same."""
        return self._list(f"/api/duplicates{_asked(identifier)}", "pairs")

    def contention(self, identifier: str | None) -> list[dict[str, Any]]:
        """Return pairs of incidents that contend."""
        return self._list(f"/api/contention{_asked(identifier)}", "pairs")

    def _list(self, path: str, key: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = as_object(self._remote.ask(path))[key]
        return found


def _of(identifier: str, part: str) -> str:
    return f"/api/incidents/{quote(identifier)}/{part}"


def _asked(identifier: str | None) -> str:
    return "" if identifier is None else f"?{urlencode({'incident': identifier})}"
