"""What a commander has to see of everything that is open, on one screen.

Open incidents by severity; what changed since the last recommendation of each, and because of which facts;
directives that are overdue; incidents that contend; which forces and stocks are committed. Of each the first
few, and how many there are (contention is not counted); whatever is cut off is on a page of its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pyoxigraph import NamedNode

from kb.access.principal import Principal
from kb.services import reservations
from kb.services.atlas.layers import opened
from kb.services.audience import Visible, everything
from kb.services.directives import board, reading
from kb.services.directives.terms import parts_of
from kb.services.life import changes
from kb.services.life.contention import Contention
from kb.services.naming import named
from kb.services.warnings.meaning import rank
from kb.services.workspace import Workspace

INCIDENTS, CHANGED, LATE, PAIRS, FORCES = 12, 4, 7, 4, 8
"""So many of each are told."""
LOWEST = 9
"""The rank of an incident without grade and level."""


def overview(
    workspace: Workspace,
    contention: Contention,
    reader: Principal,
    *,
    visible: Visible = everything,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Return the overview at *now* for *reader*; incidents in graphs that he may not see are left out."""
    at = now or datetime.now(UTC)
    lines = sorted(opened(workspace, visible), key=lambda line: line["received"], reverse=True)
    lines.sort(key=lambda line: severity(workspace, line))
    seen = {line["id"] for line in lines}
    directives = [
        board.row(workspace, life, reader, at)
        for life in reading.everything_open(workspace)
        if parts_of(life.about)[0] in seen
    ]
    late = sorted(
        (one for one in directives if one["overdue"]), key=lambda one: (one["due"], one["incident"])
    )
    by_incident: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in directives:
        by_incident[one["incident"]].append(one)
    return {
        "at": at.isoformat(),
        "incidents": _few(
            INCIDENTS,
            [
                {
                    **line,
                    "severity": severity(workspace, line),
                    "directives": board.counts(by_incident[line["id"]]),
                }
                for line in lines
            ],
        ),
        "bySeverity": _counted(workspace, lines),
        "changed": _changed(workspace, lines, visible),
        "overdue": _few(LATE, late),
        "contention": {"total": None, "first": _contended(contention, lines, visible)},
        "forces": _few(FORCES, _forces(directives)),
        "stocks": _few(FORCES, _stocks(workspace, seen)),
        "directives": board.counts(directives),
    }


def severity(workspace: Workspace, line: dict[str, Any]) -> int:
    """Return the rank of the grade of an incident, or else of its response level: one is the highest."""
    worst = line["grade"] or line["level"]
    return LOWEST if worst is None else rank(workspace, NamedNode(worst["iri"]))


def _contended(
    contention: Contention, lines: Iterable[dict[str, Any]], visible: Visible
) -> list[dict[str, Any]]:
    """Return some pairs that contend, those of the gravest incidents: of all there may be thousands."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for line in lines:
        for pair in contention.pairs(line["id"], visible=visible):
            found[pair["first"]["id"], pair["then"]["id"]] = pair
        if len(found) >= PAIRS:
            break
    return list(found.values())[:PAIRS]


def _few(most: int, found: list[dict[str, Any]]) -> dict[str, Any]:
    return {"total": len(found), "first": found[:most]}


def _counted(workspace: Workspace, lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return how many incidents there are of each severity, with a grade or level that names it."""
    names: dict[int, dict[str, Any] | None] = {}
    counts: Counter[int] = Counter()
    for line in lines:
        place = severity(workspace, line)
        counts[place] += 1
        names[place] = names.get(place) if line["grade"] is None else line["grade"]
        names[place] = names[place] or line["level"]
    return [{"severity": place, "count": counts[place], "as": names[place]} for place in sorted(counts)]


def _changed(workspace: Workspace, lines: Iterable[dict[str, Any]], visible: Visible) -> dict[str, Any]:
    """Return the incidents whose report was continued, the latest first, each with what that changed."""
    continued = []
    for line in lines:
        versions = changes.versions(workspace, line["id"])
        if len(versions) > 1:
            continued.append((versions[-1].at, line))
    continued.sort(key=lambda pair: pair[0], reverse=True)
    told = [
        {**line, "changedAt": at.isoformat(), **changes.changes(workspace, line["id"], visible=visible)}
        for at, line in continued[:CHANGED]
    ]
    return {"total": len(continued), "first": told}


def _forces(directives: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the departments that have open directives, those with most first, and in which incidents."""
    found: dict[str, dict[str, Any]] = {}
    for one in directives:
        body = one["addressee"]
        if body is not None:
            force = found.setdefault(body["iri"], {**body, "open": 0, "overdue": 0, "incidents": []})
            force["open"] += 1
            force["overdue"] += one["overdue"]
            if one["incident"] not in force["incidents"]:
                force["incidents"].append(one["incident"])
    return sorted(found.values(), key=lambda force: (-len(force["incidents"]), -force["open"], force["iri"]))


def _stocks(workspace: Workspace, seen: set[str]) -> list[dict[str, Any]]:
    """Return what incidents have taken of stocks, by kind."""
    found: dict[NamedNode, dict[str, Any]] = {}
    for one in reservations.held(workspace):
        if one.incident in seen:
            kind = one.wanted.kind
            taken = found.setdefault(kind, {**named(workspace, kind), "quantity": 0, "incidents": []})
            taken["quantity"] += one.wanted.quantity
            if one.incident not in taken["incidents"]:
                taken["incidents"].append(one.incident)
    return sorted(found.values(), key=lambda taken: (-taken["quantity"], taken["iri"]))
