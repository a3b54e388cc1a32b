"""Candidates as JSON: the signals of each, why they are together, which open incident they may be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pyoxigraph import NamedNode

from kb.errors import NotFound, both
from kb.namespaces import ROOT
from kb.report.places import code_of, full_name
from kb.services.candidates import signals
from kb.services.candidates.clustering import Joined, clusters
from kb.services.candidates.signals import Signal
from kb.services.life.brief import brief
from kb.services.life.duplicates import sights
from kb.services.life.sameness import Sameness
from kb.services.naming import named
from kb.services.workspace import Workspace


def candidates(workspace: Workspace, now: datetime | None = None) -> list[dict[str, Any]]:
    """Return the candidates that wait, the most certain first."""
    at = now or datetime.now(UTC)
    sameness = Sameness(workspace)
    least = signals.least_confidence(workspace)
    opened = sights(workspace)
    found = []
    for cluster in clusters(signals.waiting(workspace, at), sameness, lambda one: _middle(workspace, one)):
        told = _told(workspace, cluster)
        if told["confidence"] < least:
            continue
        for sight in opened:
            for one in cluster:
                reasons = sameness.reasons(sight, one.signal.sight(_middle(workspace, one.signal)))
                if reasons:
                    told["near"].append(
                        {
                            "incident": brief(workspace, sight.identifier),
                            "reasons": [both(r) for r in reasons],
                        }
                    )
                    break
        found.append(told)
    return sorted(found, key=lambda one: (-one["confidence"], one["time"]))


def candidate(workspace: Workspace, identifier: str, now: datetime | None = None) -> dict[str, Any]:
    """Return the candidate *identifier*: that which has the signal of this name.

    :raises NotFound: ``candidate.unknown``.
    """
    for one in candidates(workspace, now):
        if identifier in (one["id"], *(signal["id"] for signal in one["signals"])):
            return one
    raise NotFound.of(
        "candidate.unknown",
        f"没有候选 {identifier[:60]}，或者已经研判",
        f"there is no candidate {identifier[:60]}, or somebody judged it already",
        where=identifier[:60],
    )


def _told(workspace: Workspace, cluster: list[Joined]) -> dict[str, Any]:
    members = [one.signal for one in cluster]
    doubt = 1.0
    for one in members:
        doubt *= 1 - one.confidence
    best = max(members, key=lambda one: (one.confidence, one.point is not None))
    placed = next((one for one in (best, *members) if one.place is not None), best)
    return {
        "id": members[0].id,
        "type": named(workspace, best.type),
        "types": [named(workspace, one) for one in dict.fromkeys(one.type for one in members)],
        "grid": _grid(workspace, placed.place),
        "point": next((list(one.point) for one in (best, *members) if one.point is not None), None),
        "time": members[0].at.isoformat(),
        "confidence": round(1 - doubt, 3),
        "signals": [_signal(workspace, one) for one in cluster],
        "near": [],
    }


def _signal(workspace: Workspace, joined: Joined) -> dict[str, Any]:
    one = joined.signal
    return {
        "id": one.id,
        "kind": {"name": one.kind, **named(workspace, NamedNode(f"{ROOT}kb/signal-kind/{one.kind}"))},
        "source": one.source,
        "time": one.at.isoformat(),
        "type": named(workspace, one.type),
        "grid": _grid(workspace, one.place),
        "point": None if one.point is None else list(one.point),
        "text": one.text,
        "confidence": one.confidence,
        "becauseOf": joined.because_of or None,
        "reasons": [both(reason) for reason in joined.reasons],
    }


def _grid(workspace: Workspace, place: NamedNode | None) -> dict[str, Any] | None:
    if place is None:
        return None
    label = both(full_name(place, workspace.store, workspace.names))
    return {"iri": place.value, "code": code_of(place, workspace.store), "label": label}


def _middle(workspace: Workspace, one: Signal) -> tuple[float, float] | None:
    return one.point or signals.middle(workspace, one.place)
