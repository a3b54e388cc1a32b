"""The time of China: one for the whole country, wherever the machine stands; and working days."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

CHINA_STANDARD_TIME = timezone(timedelta(hours=8))
"""All of China keeps one time; a moment without an offset is meant so."""


def today() -> date:
    """Return the day that it is in China."""
    return datetime.now(CHINA_STANDARD_TIME).date()


def is_working_day(day: date, country: str = "CN") -> bool:
    """Whether *day* is worked in *country* (ISO 3166): public holidays and moved working days are known."""
    return bool(_holidays(country).is_working_day(day))


def working_days_after(day: date, count: int, country: str = "CN") -> date:
    """Return the day that is *count* working days after *day*."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day, country)
    return day


@lru_cache
def _holidays(country: str) -> Any:
    import holidays  # 50 ms that most commands need not wait for

    return holidays.country_holidays(country)
