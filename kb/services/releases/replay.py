"""A past incident under the facts and the knowledge of a day, and the difference to today."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from pyoxigraph import Quad, Triple

from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Forbidden, NotFound, Text, both
from kb.namespaces import graph
from kb.services.audience import Visible, everything
from kb.services.incident import Answer, derive, recall
from kb.services.recommendation import recommend
from kb.services.releases import life
from kb.services.releases.archive import Archive
from kb.services.releases.calendar import in_force
from kb.services.releases.listing import told
from kb.services.views import View
from kb.services.whatif import difference
from kb.services.workspace import TrialWorkspace, Workspace


def replay(
    workspace: Workspace, identifier: str, at: date, *, visible: Visible = everything
) -> dict[str, Any]:
    """Return what was recommended for an incident on the day *at*, and what differs today.

    The facts are those that the journal had by the end of that day (China Standard Time); the knowledge is
    the release then in force. Departments and grids are those of today: a city's own history is not kept.

    :param visible: which named graphs the reader may see.
    :raises NotFound: there is no such incident, or it had not been reported by then.
    :raises Forbidden: something is hidden from the reader: a replay rests on all there was.
    """
    now = recall(workspace, identifier)
    view = View.of(workspace, now, visible)
    if view.restricted:
        raise Forbidden.of(
            "replay.withheld",
            "重演依据当时的全部数据，您无权查看其中一部分",
            "a replay rests on all the data of the day, and you may not see some of it",
            where=identifier,
        )
    facts = facts_at(workspace, identifier, at)
    releases = life.read(workspace.store)
    release = in_force(releases.values(), at)
    note = None
    if release is None:
        release = min(releases.values(), key=lambda one: one.events[0].at)
        note = Text(
            f"{at} 还没有版本记录，按最早记录的版本 {release.id} 推演",
            f"no release was recorded by {at}; the earliest known, {release.id}, was used",
        )
    then = TrialWorkspace(workspace, Archive(workspace.home).open(release.digest))
    derivation = derive(then, now.incident, facts, now.context)
    answer = Answer(identifier, now.incident, facts, derivation, context=now.context)
    return {
        "incident": identifier,
        "at": at.isoformat(),
        "release": told(release, releases.values(), at),
        "today": {"id": workspace.release},
        "note": None if note is None else both(note),
        "then": recommend(then, answer),
        "now": recommend(workspace, now),
        "difference": difference(view, answer, view.seen, reasons=False),
    }


def facts_at(workspace: Workspace, identifier: str, at: date) -> tuple[Triple, ...]:
    """Return what was known of an incident at the end of the day *at*, from the journal.

    :raises NotFound: it had not been reported by then.
    """
    name, end = graph(f"incident/{identifier}"), datetime.combine(at, time.max, CHINA_STANDARD_TIME)
    known: dict[Quad, None] = {}
    for entry in workspace.store.entries():
        if entry.reason != identifier:
            continue
        if datetime.fromisoformat(entry.time).astimezone(UTC) > end.astimezone(UTC):
            break
        change = entry.change
        for quad in change.removals:
            known.pop(quad, None)
        known |= dict.fromkeys(quad for quad in change.additions if quad.graph_name == name)
    if not known:
        raise NotFound.of(
            "incident.not-yet",
            f"到 {at} 为止，事件 {identifier} 尚未报告",
            f"by {at} the incident {identifier} had not been reported",
            where=identifier,
        )
    return tuple(Triple(quad.subject, quad.predicate, quad.object) for quad in known)
