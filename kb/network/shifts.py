"""Gaps and overlaps of a roster within a span of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from kb.network.bodies import Body
from kb.network.roster import Roster, Shift


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which nobody is on duty in a post."""

    body: Body
    post: str
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Overlap:
    """A time in which two are on duty in one post: meant so, or a slip."""

    first: Shift
    second: Shift
    body: Body
    post: str
    begin: datetime
    end: datetime


def gaps(roster: Roster, begin: datetime, end: datetime) -> Iterator[Gap]:
    """Yield when, from *begin* to *end*, a post of a body that has a roster is empty."""
    for body in roster.bodies:
        for post, shifts in roster.shifts(body).items():
            covered = begin
            for shift in shifts:
                if shift.begin > covered and covered < end:
                    yield Gap(body, post, covered, min(shift.begin, end))
                covered = max(covered, shift.end)
            if covered < end:
                yield Gap(body, post, covered, end)


def overlaps(roster: Roster, begin: datetime, end: datetime) -> Iterator[Overlap]:
    """Yield when, from *begin* to *end*, two shifts cover one post."""
    for body in roster.bodies:
        for post, shifts in roster.shifts(body).items():
            for index, first in enumerate(shifts):
                for second in shifts[index + 1 :]:
                    if second.begin >= first.end:
                        break  # the later ones begin later still
                    start, stop = max(second.begin, begin), min(first.end, second.end, end)
                    if start < stop:
                        yield Overlap(first, second, body, post, start, stop)
