"""Releases as they stand in JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from kb.errors import both
from kb.namespaces import ROOT
from kb.services.releases import life
from kb.services.releases.calendar import standing
from kb.services.releases.life import WORDS, Release
from kb.services.workspace import Workspace


def listed(workspace: Workspace, on: date) -> list[dict[str, Any]]:
    """Return every release with its steps and how it stands on the day *on*, the oldest first."""
    found = list(life.read(workspace.store).values())
    return [told(release, found, on) for release in found]


def told(release: Release, releases: Iterable[Release], on: date) -> dict[str, Any]:
    """Return one release: number, title, state, how it stands, and its steps."""
    return {
        "id": release.id,
        "digest": release.digest,
        "iri": f"{ROOT}release/{release.digest}",
        "title": release.title,
        "state": release.state,
        "standing": both(standing(release, releases, on)),
        "events": [
            {
                "action": event.action,
                "label": both(WORDS[event.action]),
                "actor": event.actor,
                "at": event.at.isoformat(timespec="seconds"),
                "effective": event.effective.isoformat() if event.effective else None,
                "reason": event.reason,
            }
            for event in release.events
        ],
    }
