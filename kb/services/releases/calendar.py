"""Which release is in force on a day.

Each approval (or restoration) puts a release in force from its day on, until the next one. While nothing was
ever approved, the knowledge that the product shipped last is in force.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from kb.errors import Text
from kb.services.releases.life import STATES, Release

EFFECTIVE, SUPERSEDED = Text("生效", "effective"), Text("已被取代", "superseded")


def in_force(releases: Iterable[Release], on: date) -> Release | None:
    """Return the release in force on the day *on*; ``None``: none was recorded by then."""
    steps = [(event, release) for release in releases for event in release.events]
    for actions in (("approve", "restore"), ("ship",)):
        held = [
            (event.effective, event.at, release)
            for event, release in steps
            if event.action in actions and event.effective is not None and event.effective <= on
        ]
        if held:
            return max(held, key=lambda item: item[:2])[2]
    return None


def standing(release: Release, releases: Iterable[Release], on: date) -> Text:
    """Return in words how *release* stands on the day *on*."""
    if release.state != "approved":
        return STATES[release.state]
    current = in_force(releases, on)
    if current is not None and current.digest == release.digest:
        return EFFECTIVE
    started = [event.effective for event in release.events if event.effective is not None]
    if started and min(started) <= on:
        return SUPERSEDED
    return STATES["approved"]
