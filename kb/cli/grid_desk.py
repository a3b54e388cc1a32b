"""Who answers the commands about grids: a store that this process owns, or the server that has it."""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import urlencode

from kb.cli.remote import Remote, as_object
from kb.services.grids.views import GridViews
from kb.services.workspace import Workspace


class GridDesk(Protocol):
    """What the commands about grids ask for. Answers are as of the HTTP API; no city: the first."""

    def locate(self, city: str, longitude: float, latitude: float) -> dict[str, Any]:
        """Return the grids in which a point falls."""
        ...

    def covered(self, city: str, asked: dict[str, str], kind: str) -> dict[str, Any]:
        """Return the areas that a shape covers."""
        ...

    def partition(self, city: str, kind: str) -> dict[str, Any]:
        """Return gaps and overlaps."""
        ...


class LocalGrids:
    """Answers from a store that this process owns."""

    def __init__(self, workspace: Workspace) -> None:
        self._views = GridViews(workspace)

    def locate(self, city: str, longitude: float, latitude: float) -> dict[str, Any]:
        """Return the grids in which a point falls."""
        return self._views.locate(city, longitude, latitude)

    def covered(self, city: str, asked: dict[str, str], kind: str) -> dict[str, Any]:
        """Return the areas that a shape covers."""
        return self._views.covered(city, asked, kind)

    def partition(self, city: str, kind: str) -> dict[str, Any]:
        """Return gaps and overlaps."""
        return self._views.partition(city, kind)


class RemoteGrids:
    """Asks the server on this machine over its API."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def locate(self, city: str, longitude: float, latitude: float) -> dict[str, Any]:
        """Return the grids in which a point falls."""
        return self._ask("/api/grid/locate", city=city, longitude=str(longitude), latitude=str(latitude))

    def covered(self, city: str, asked: dict[str, str], kind: str) -> dict[str, Any]:
        """Return the areas that a shape covers."""
        body = urlencode({"city": city, "kind": kind, **asked}).encode()
        media = "application/x-www-form-urlencoded"
        return as_object(self._remote.ask("/api/grid/covered", body, media=media))

    def partition(self, city: str, kind: str) -> dict[str, Any]:
        """Return gaps and overlaps."""
        return self._ask("/api/grid/partition", city=city, kind=kind)

    def _ask(self, path: str, **asked: str) -> dict[str, Any]:
        query = urlencode({key: value for key, value in asked.items() if value})
        return as_object(self._remote.ask(f"{path}?{query}"))
