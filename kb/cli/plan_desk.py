"""Who answers ``xiezhi plan``: a store that this process owns, or the server that has it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from kb.access.principal import Operator
from kb.cli.remote import Remote, as_object
from kb.services.plans import requests, resources
from kb.services.plans.clocks import Clocks
from kb.services.workspace import Workspace

PDF = "application/pdf"


class PlanDesk(Protocol):
    """What the commands about plans ask for. Answers are JSON as of the HTTP API."""

    def ask(self, what: str, name: str = "") -> dict[str, Any]:
        """Return ``plans``, ``due``, or with a *name* one plan (``show``)."""
        ...

    def step(self, name: str, step: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Take a step and return the plan."""
        ...

    def provisions(self, name: str, edition: int | None) -> dict[str, Any]:
        """Return what an edition keeps."""
        ...

    def difference(self, name: str, before: int | None, after: int | None) -> dict[str, Any]:
        """Return how two editions differ."""
        ...

    def compose(self, names: Sequence[str]) -> dict[str, Any]:
        """Return whether modules go together."""
        ...

    def resources(self, identifier: str) -> dict[str, Any]:
        """Return what the modules of an incident need, and from where."""
        ...

    def reserve(self, identifier: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Take what is offered to an incident."""
        ...

    def release(self, identifier: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Give back what an incident has taken."""
        ...

    def cards(self, identifier: str, department: str | None, lang: str) -> bytes:
        """Return the action cards for an incident as PDF: of one department, or of all."""
        ...

    def plan_cards(self, name: str, area: str, lang: str) -> bytes:
        """Return the action cards of a plan for the departments of an area as PDF."""
        ...

    def printed(self, name: str, lang: str) -> bytes:
        """Return a plan as PDF."""
        ...


class LocalPlans:
    """Answers from a store that this process owns; *actor* is who the journal says it was."""

    def __init__(self, workspace: Workspace, actor: str) -> None:
        self._workspace = workspace
        policy = workspace.policies.current
        self._operator = Operator(actor, frozenset(policy.roles), policy)

    def ask(self, what: str, name: str = "") -> dict[str, Any]:
        """Return ``plans``, ``due``, or one plan."""
        if what == "plans":
            return requests.plans(self._workspace)
        return (
            requests.due(Clocks(self._workspace)) if what == "due" else requests.show(self._workspace, name)
        )

    def step(self, name: str, step: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Take a step and return the plan."""
        return requests.step(self._workspace, name, step, data, self._operator)

    def provisions(self, name: str, edition: int | None) -> dict[str, Any]:
        """Return what an edition keeps."""
        return requests.provisions(self._workspace, name, edition)

    def difference(self, name: str, before: int | None, after: int | None) -> dict[str, Any]:
        """Return how two editions differ."""
        return requests.difference(self._workspace, name, before, after)

    def compose(self, names: Sequence[str]) -> dict[str, Any]:
        """Return whether modules go together."""
        return requests.compose(self._workspace, names)

    def resources(self, identifier: str) -> dict[str, Any]:
        """Return what the modules of an incident need, and from where."""
        return resources.resources(self._workspace, identifier)

    def reserve(self, identifier: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Take what is offered to an incident."""
        return requests.reserve(self._workspace, identifier, data, self._operator)

    def release(self, identifier: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Give back what an incident has taken."""
        return requests.release(self._workspace, identifier, data, self._operator)

    def cards(self, identifier: str, department: str | None, lang: str) -> bytes:
        """Return the action cards for an incident as PDF: of one department, or of all."""
        return requests.cards(self._workspace, identifier, department, lang)

    def plan_cards(self, name: str, area: str, lang: str) -> bytes:
        """Return the action cards of a plan for the departments of an area as PDF."""
        return requests.plan_cards(self._workspace, name, area, lang)

    def printed(self, name: str, lang: str) -> bytes:
        """Return a plan as PDF."""
        return requests.printed(self._workspace, name, lang)


class RemotePlans:
    """Asks the server on this machine over its API."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def ask(self, what: str, name: str = "") -> dict[str, Any]:
        """Return ``plans``, ``due``, or one plan."""
        path = {"plans": "/api/plans", "due": "/api/plans/due"}.get(what, f"/api/plans/{quote(name)}")
        return as_object(self._remote.ask(path))

    def step(self, name: str, step: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Take a step and return the plan."""
        body = json.dumps(data).encode()
        return as_object(self._remote.ask(f"/api/plans/{quote(name)}/{quote(step)}", body))

    def provisions(self, name: str, edition: int | None) -> dict[str, Any]:
        """Return what an edition keeps."""
        return self._about(name, "provisions", {"edition": edition})

    def difference(self, name: str, before: int | None, after: int | None) -> dict[str, Any]:
        """Return how two editions differ."""
        return self._about(name, "difference", {"from": before, "to": after})

    def _about(self, name: str, what: str, asked: Mapping[str, int | None]) -> dict[str, Any]:
        query = urlencode({key: value for key, value in asked.items() if value is not None})
        return as_object(self._remote.ask(f"/api/plans/{quote(name)}/{what}?{query}"))

    def compose(self, names: Sequence[str]) -> dict[str, Any]:
        """Return whether modules go together."""
        query = urlencode([("module", name) for name in names])
        return as_object(self._remote.ask(f"/api/plans/compose?{query}"))

    def resources(self, identifier: str) -> dict[str, Any]:
        """Return what the modules of an incident need, and from where."""
        return as_object(self._remote.ask(f"/api/incidents/{quote(identifier)}/resources"))

    def reserve(self, identifier: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Take what is offered to an incident."""
        return self._resources(identifier, "reserve", data)

    def release(self, identifier: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Give back what an incident has taken."""
        return self._resources(identifier, "release", data)

    def _resources(self, identifier: str, step: str, data: Mapping[str, Any]) -> dict[str, Any]:
        path = f"/api/incidents/{quote(identifier)}/resources/{step}"
        return as_object(self._remote.ask(path, json.dumps(data).encode()))

    def cards(self, identifier: str, department: str | None, lang: str) -> bytes:
        """Return the action cards for an incident as PDF: of one department, or of all."""
        path = f"/api/incidents/{quote(identifier)}/" + ("cards" if department is None else "card")
        query = urlencode({"department": department or "", "lang": lang})
        return self._remote.ask(f"{path}?{query}", accept=PDF)

    def plan_cards(self, name: str, area: str, lang: str) -> bytes:
        """Return the action cards of a plan for the departments of an area as PDF."""
        query = urlencode({"area": area, "lang": lang})
        return self._remote.ask(f"/api/plans/{quote(name)}/cards?{query}", accept=PDF)

    def printed(self, name: str, lang: str) -> bytes:
        """Return a plan as PDF."""
        return self._remote.ask(f"/api/plans/{quote(name)}?{urlencode({'lang': lang})}", accept=PDF)
