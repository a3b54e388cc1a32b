"""Which signals are of one incident: each joins the cluster with which it has a reason to be one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kb.errors import Text
from kb.geo.distance import distance
from kb.services.candidates.signals import Signal
from kb.services.life.sameness import Sameness, Sight

SPREAD = 2.0
"""A cluster reaches at most so many times as far as two signals may be apart: chains do not grow for ever."""


@dataclass
class Joined:
    """A signal in a cluster, and why it is there: because of which other one, in words."""

    signal: Signal
    because_of: str = ""
    reasons: list[Text] = field(default_factory=list)


def clusters(
    signals: Sequence[Signal], sameness: Sameness, middle: Callable[[Signal], tuple[float, float] | None]
) -> list[list[Joined]]:
    """Return *signals*, in the order of their times, in clusters; the first of each began it.

    A signal joins the cluster that has the member nearest to it in time with which it may be one, unless it
    is too far from where the cluster began.
    """
    found: list[list[Joined]] = []
    recent: list[tuple[Sight, list[Joined]]] = []
    begun: dict[int, Sight] = {}
    for signal in sorted(signals, key=lambda one: (one.at, one.id)):
        sight = signal.sight(middle(signal))
        recent = [(s, c) for s, c in recent if signal.at - s.received <= sameness.longest]
        for other, cluster in reversed(recent):
            if other.point is None and sight.point is not None:
                continue  # what is said of a whole district draws nothing within it together
            reasons = sameness.reasons(other, sight)
            if reasons and _within(sameness, begun[id(cluster)], sight):
                cluster.append(Joined(signal, other.identifier, reasons))
                recent.append((sight, cluster))
                break
        else:
            cluster = [Joined(signal)]
            found.append(cluster)
            begun[id(cluster)] = sight
            recent.append((sight, cluster))
    return found


def _within(sameness: Sameness, first: Sight, sight: Sight) -> bool:
    criterion = sameness.criterion(first.types, sight.types)
    if criterion is None or sight.received - first.received > SPREAD * criterion.within:
        return False
    if first.point is None or sight.point is None:
        return True
    return distance(first.point, sight.point) < SPREAD * criterion.kilometres
