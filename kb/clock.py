"""The time of China: one for the whole country, wherever the machine stands."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

CHINA_STANDARD_TIME = timezone(timedelta(hours=8))
"""All of China keeps one time; a moment without an offset is meant so."""


def today() -> date:
    """Return the day that it is in China."""
    return datetime.now(CHINA_STANDARD_TIME).date()
