"""Whether a dataset is still fresh: its last good delivery against its freshness limit.

A delivery is good if at least one of its records was stored. Past its limit a dataset is *overdue*, and what
rests on its records rests on stale ones. A dataset that was never delivered is not overdue: there is nothing
that a conclusion could rest on; it is *never*. One without a limit is *unlimited*.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from pyoxigraph import NamedNode
from rdflib.xsd_datetime import parse_xsd_duration

from kb.errors import KnowledgeFault
from kb.namespaces import ROOT

State: TypeAlias = Literal["fresh", "due", "overdue", "never", "unlimited"]
"""The local names of the members of ``xz:FreshnessState`` (``ontology/catalogue.ttl``)."""
DUE = 0.2
"""The share of the limit that is left when a dataset is due soon."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How fresh a dataset is at one time.

    *until* is the end of the limit, *last* the last good delivery; all times are aware, *age* is in seconds.
    """

    state: State
    last: datetime | None = None
    until: datetime | None = None
    age: float | None = None

    @property
    def term(self) -> NamedNode:
        """The state as the ontology names it."""
        return NamedNode(f"{ROOT}kb/freshness/{self.state}")

    @property
    def overdue(self) -> bool:
        """Whether the limit has passed."""
        return self.state == "overdue"

    @property
    def overdue_since(self) -> datetime | None:
        """Since when the dataset is overdue, or ``None`` where it is not."""
        return self.until if self.overdue else None


def freshness(last: datetime | None, limit: str | None, now: datetime) -> Freshness:
    """Return how fresh a dataset is at *now*.

    :param last: when it was last delivered with records that were stored; ``None``: never by then.
    :param limit: the ``xsd:duration`` that two deliveries may be apart.
    :raises KnowledgeFault: ``sharing.limit``, *limit* is no duration.
    """
    if last is None:
        return Freshness("never")
    age = max(0.0, (now - last).total_seconds())
    if limit is None:
        return Freshness("unlimited", last, None, age)
    until = end_of(last, limit)
    if now > until:
        return Freshness("overdue", last, until, age)
    left = (until - now).total_seconds()
    whole = (until - last).total_seconds()
    return Freshness("due" if left < DUE * whole else "fresh", last, until, age)


def end_of(start: datetime, limit: str) -> datetime:
    """Return when *limit*, an ``xsd:duration``, ends that begins at *start*.

    :raises KnowledgeFault: ``sharing.limit``.
    """
    try:
        end: datetime = start + parse_xsd_duration(limit)
    except (ValueError, OverflowError) as error:
        raise KnowledgeFault.of(
            "sharing.limit",
            f"不是时长：{limit}",
            f"this is no duration: {limit}",
            where=limit,
            repair=("写成 P30D、PT12H 这样的 xsd:duration", "write an xsd:duration such as P30D or PT12H"),
        ) from error
    return end


def seconds_of(limit: str, start: datetime | None = None) -> float:
    """Return how long *limit* is, in seconds, when it begins at *start* (months differ)."""
    begin = start or datetime(2026, 1, 1, tzinfo=UTC)
    return (end_of(begin, limit) - begin).total_seconds()
