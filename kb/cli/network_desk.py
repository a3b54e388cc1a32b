"""Who answers the commands about networks: a store that this process owns, or the server that has it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from kb.cli.remote import Remote, as_object
from kb.services.network.views import NetworkViews
from kb.services.workspace import Workspace


class NetworkDesk(Protocol):
    """What the commands about networks ask for. Answers are as of the HTTP API; no city: the first."""

    def shown(self, city: str, area: str | None, form: str, lang: str) -> bytes:
        """Return the network of a city or of an area of it in *form*: ``json``, ``svg`` or ``graphml``."""
        ...

    def outage(self, city: str, down: Sequence[str]) -> dict[str, Any]:
        """Return what follows when bodies are down."""
        ...

    def conflicts(self, city: str, area: str | None) -> dict[str, Any]:
        """Return the duties that contradict or repeat one another."""
        ...

    def roster(
        self, city: str, at: datetime, until: datetime | None, bodies: Sequence[str]
    ) -> dict[str, Any]:
        """Return who is on duty, and the gaps and overlaps."""
        ...


class LocalNetworks:
    """Answers from a store that this process owns."""

    def __init__(self, workspace: Workspace) -> None:
        self._views = NetworkViews(workspace)

    def shown(self, city: str, area: str | None, form: str, lang: str) -> bytes:
        """Return the network of a city or of an area of it."""
        code = self._views.city(city)
        if form == "svg":
            return self._views.svg(code, area, lang)
        if form == "graphml":
            return self._views.graphml(code, area)
        return json.dumps(self._views.network(code, area), ensure_ascii=False).encode()

    def outage(self, city: str, down: Sequence[str]) -> dict[str, Any]:
        """Return what follows when bodies are down."""
        return self._views.outage(self._views.city(city), down)

    def conflicts(self, city: str, area: str | None) -> dict[str, Any]:
        """Return the duties that contradict or repeat one another."""
        return self._views.conflicts(self._views.city(city), area)

    def roster(
        self, city: str, at: datetime, until: datetime | None, bodies: Sequence[str]
    ) -> dict[str, Any]:
        """Return who is on duty, and the gaps and overlaps."""
        return self._views.roster(self._views.city(city), at, until, bodies)


class RemoteNetworks:
    """Asks the server on this machine over its API."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def shown(self, city: str, area: str | None, form: str, lang: str) -> bytes:
        """Return the network of a city or of an area of it."""
        return self._ask("/api/network", city=city, area=area, format=form, lang=lang)

    def outage(self, city: str, down: Sequence[str]) -> dict[str, Any]:
        """Return what follows when bodies are down."""
        return as_object(self._ask("/api/network/outage", city=city, body=down))

    def conflicts(self, city: str, area: str | None) -> dict[str, Any]:
        """Return the duties that contradict or repeat one another."""
        return as_object(self._ask("/api/network/conflicts", city=city, area=area))

    def roster(
        self, city: str, at: datetime, until: datetime | None, bodies: Sequence[str]
    ) -> dict[str, Any]:
        """Return who is on duty, and the gaps and overlaps."""
        end = None if until is None else until.isoformat()
        return as_object(self._ask("/api/roster", city=city, at=at.isoformat(), until=end, body=bodies))

    def _ask(self, path: str, **asked: str | Sequence[str] | None) -> bytes:
        query = urlencode({key: value for key, value in asked.items() if value}, doseq=True)
        return self._remote.ask(f"{path}?{query}", accept="*/*")
