"""Who answers the commands about risk: a store that this process owns, or the server that has it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from kb.cli.remote import Remote, as_object
from kb.clock import CHINA_STANDARD_TIME
from kb.errors import InputError
from kb.sensing import source
from kb.services.network.views import when
from kb.services.risk.proposals import Proposals
from kb.services.risk.views import PUSHED, RiskViews
from kb.services.workspace import Workspace

NDJSON = "application/x-ndjson"
ASKED = ("category", "hour", "month")
"""What a map is asked for."""


class RiskDesk(Protocol):
    """What the commands about risk ask for. Answers are as of the HTTP API; no city: the first."""

    def push(self, lines: bytes) -> dict[str, Any]:
        """Take observations as JSON lines."""
        ...

    def assess(
        self, city: str, files: tuple[Path, ...], name: str, description: Path | None, engine: str
    ) -> dict[str, Any]:
        """Assess the risk of a city from files of a source, or from what was pushed."""
        ...

    def ask(self, what: str, city: str, **asked: str) -> dict[str, Any]:
        """Return ``map``, ``assessment``, ``proposals``, or the profile of the grid ``grid``."""
        ...

    def svg(self, city: str, lang: str, **asked: str) -> bytes:
        """Return a map as SVG."""
        ...

    def propose(self, city: str, at: str) -> dict[str, Any]:
        """Propose warnings for an hour."""
        ...

    def decide(self, city: str, identifier: str, decision: str, reason: str) -> dict[str, Any]:
        """Confirm or dismiss a proposal."""
        ...


class LocalRisks:
    """Answers from a store that this process owns."""

    ACTOR = "command line"

    def __init__(self, workspace: Workspace) -> None:
        self._store = workspace.store
        self._views = RiskViews(workspace)
        self._proposals = Proposals(workspace, self._views)

    @property
    def views(self) -> RiskViews:
        """The views of the store."""
        return self._views

    def push(self, lines: bytes) -> dict[str, Any]:
        """Take observations as JSON lines."""
        taken = self._views.inbox.push(lines)
        return {"stored": taken.stored, "duplicates": taken.duplicates}

    def assess(
        self, city: str, files: tuple[Path, ...], name: str, description: Path | None, engine: str
    ) -> dict[str, Any]:
        """Assess the risk of a city from files of a source, or from what was pushed."""
        facts = self._store if description is None else source.Files(description)
        known = source.source(facts, name or PUSHED)
        paths = list(files) or self._views.inbox.files()
        return self._views.assess(city, known, paths, actor=self.ACTOR, engine=engine)

    def ask(self, what: str, city: str, **asked: str) -> dict[str, Any]:
        """Return ``map``, ``assessment``, ``proposals`` or ``profile``."""
        if what == "map":
            category, hour, month = (asked.get(key, "") for key in ASKED)
            return self._views.map(city, category, hour, month)
        if what == "profile":
            return self._views.profile(city, asked["grid"])
        if what == "proposals":
            return {"proposals": self._proposals.listed(city, asked.get("state", ""))}
        return self._views.about(city)

    def svg(self, city: str, lang: str, **asked: str) -> bytes:
        """Return a map as SVG."""
        category, hour, month = (asked.get(key, "") for key in ASKED)
        return self._views.svg(city, category, hour, month, lang)

    def propose(self, city: str, at: str) -> dict[str, Any]:
        """Propose warnings for an hour."""
        moment = when(at, "at") if at else datetime.now(CHINA_STANDARD_TIME)
        return self._proposals.propose(city, moment, actor=self.ACTOR)

    def decide(self, city: str, identifier: str, decision: str, reason: str) -> dict[str, Any]:
        """Confirm or dismiss a proposal."""
        return self._proposals.decide(city, identifier, decision, reason, actor=self.ACTOR)


class RemoteRisks:
    """Asks the server on this machine over its API."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def push(self, lines: bytes) -> dict[str, Any]:
        """Take observations as JSON lines."""
        return as_object(self._remote.ask("/api/observations", lines, media=NDJSON))

    def assess(
        self, city: str, files: tuple[Path, ...], name: str, description: Path | None, engine: str
    ) -> dict[str, Any]:
        """Assess the risk of a city from what was pushed: files are not sent to the server."""
        if files or name or description:
            raise InputError.of(
                "risk.server-running",
                "服务正在使用该数据目录，只能按已推送的观测评估",
                "a server runs on this store: it assesses what was pushed to it, no files",
                repair=(
                    "用 xiezhi observe push 推送，或先停止服务",
                    "push them with xiezhi observe push, or stop the server first",
                ),
            )
        return self._post("/api/risk/assessment", {"city": city}, timeout=600.0)

    def ask(self, what: str, city: str, **asked: str) -> dict[str, Any]:
        """Return ``map``, ``assessment``, ``proposals`` or ``profile``."""
        paths = {"map": "/api/risk", "profile": f"/api/risk/grids/{quote(asked.get('grid', ''), safe='')}"}
        return as_object(self._remote.ask(_with(paths.get(what, f"/api/risk/{what}"), city=city, **asked)))

    def svg(self, city: str, lang: str, **asked: str) -> bytes:
        """Return a map as SVG."""
        return self._remote.ask(_with("/api/risk", city=city, lang=lang, format="svg", **asked), accept="*/*")

    def propose(self, city: str, at: str) -> dict[str, Any]:
        """Propose warnings for an hour."""
        return self._post("/api/risk/proposals", {"city": city, "at": at})

    def decide(self, city: str, identifier: str, decision: str, reason: str) -> dict[str, Any]:
        """Confirm or dismiss a proposal."""
        path = f"/api/risk/proposals/{quote(identifier, safe='')}/{decision}"
        return self._post(path, {"city": city, "reason": reason})

    def _post(self, path: str, data: dict[str, str], timeout: float = 60.0) -> dict[str, Any]:
        return as_object(self._remote.ask(path, json.dumps(data).encode(), timeout=timeout))


def _with(path: str, **asked: str) -> str:
    query = urlencode({key: value for key, value in asked.items() if value})
    return f"{path}?{query}" if query else path
