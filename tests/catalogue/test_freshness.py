"""Whether a dataset is fresh: a good delivery, a limit, a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kb.catalogue.freshness import freshness
from kb.errors import KnowledgeFault

LAST = datetime(2026, 1, 31, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("limit", "after", "state"),
    [
        ("P10D", timedelta(days=1), "fresh"),
        ("P10D", timedelta(days=8, seconds=1), "due"),
        ("P10D", timedelta(days=10), "due"),
        ("P10D", timedelta(days=10, seconds=1), "overdue"),
        ("PT2H", timedelta(hours=3), "overdue"),
        ("P1M", timedelta(days=27), "due"),
        ("P1M", timedelta(days=29), "overdue"),  # the 31st of January and one month: the 28th of February
        (None, timedelta(days=3650), "unlimited"),
    ],
)
def test_a_dataset_past_its_limit_is_overdue(limit: str | None, after: timedelta, state: str) -> None:
    found = freshness(LAST, limit, LAST + after)
    assert found.state == state
    assert found.overdue is (state == "overdue")
    assert found.overdue_since == (found.until if found.overdue else None)


def test_what_was_never_delivered_is_not_overdue_for_nothing_rests_on_it() -> None:
    assert freshness(None, "P1D", LAST).state == "never"


def test_a_limit_that_is_no_duration_is_named() -> None:
    with pytest.raises(KnowledgeFault, match=r"sharing\.limit"):
        freshness(LAST, "monthly", LAST)
