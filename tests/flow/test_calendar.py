"""When clocks run: round the clock, or in working hours with China's holidays and moved working days."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.clock import CHINA_STANDARD_TIME
from kb.flow.calendar import Calendar

OFFICE = Calendar(time(8, 30), time(17, 30), "CN")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA_STANDARD_TIME)


@pytest.mark.parametrize(
    ("start", "hours", "end", "why"),
    [
        ("2026-11-25T09:00", 2, "2026-11-25T11:00", "within a day"),
        ("2026-11-25T16:30", 2, "2026-11-26T09:30", "over the night"),
        ("2026-11-25T22:00", 1, "2026-11-26T09:30", "started after hours"),
        ("2026-11-27T17:00", 1, "2026-11-30T09:00", "over a weekend"),
        ("2025-09-30T17:00", 1, "2025-10-09T09:00", "over the National Day holidays"),
        ("2026-02-14T09:00", 1, "2026-02-14T10:00", "a Saturday that is worked for the Spring Festival"),
    ],
)
def test_working_hours_count_alone(start: str, hours: int, end: str, why: str) -> None:
    assert OFFICE.later(at(start), timedelta(hours=hours)) == at(end), why


def test_round_the_clock_nothing_stops() -> None:
    assert Calendar().later(at("2025-10-01T23:00"), timedelta(hours=2)) == at("2025-10-02T01:00")


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC)),
    st.integers(1, 3000),
    st.integers(1, 3000),
)
def test_a_clock_that_runs_longer_ends_later_and_never_outside_working_hours(
    start: datetime, short: int, more: int
) -> None:
    first = OFFICE.later(start, timedelta(minutes=short))
    assert start < first < OFFICE.later(start, timedelta(minutes=short + more))
    local = first.astimezone(CHINA_STANDARD_TIME)
    assert time(8, 30) < local.time() <= time(17, 30)
    assert OFFICE.works(local.date())
    rest = OFFICE.later(first, timedelta(minutes=more))
    assert rest == OFFICE.later(start, timedelta(minutes=short + more)), "a pause in between changes nothing"
