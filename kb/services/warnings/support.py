"""What follows for open incidents from the warnings that are in force, and what no longer does.

An incident is linked to the warnings that reach it; its stored response was derived with them. Where the
links that should be differ from those that are, the response is derived anew and the links are changed with
it, in one commit. So nothing is taken back that another warning still supports.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from pyoxigraph import NamedNode

from kb.services import incident
from kb.services.incident import together
from kb.services.life import standing
from kb.services.life import terms as life_terms
from kb.services.warnings import context
from kb.services.warnings.register import PART_OF, Support, outwards
from kb.services.workspace import Workspace
from kb.store.protocol import Change, Term

ACTOR = "xiezhi"


def consequences(
    workspace: Workspace, after: Sequence[Support], now: datetime, incidents: Iterable[str] | None = None
) -> tuple[Change, list[str]]:
    """Return the change of open incidents if *after* is what warnings support, and which it changes.

    :param incidents: the incidents to look at; all open ones where nothing is said.
    """
    changes, changed = [], []
    register = workspace.warned.all()
    holding = [one for one in after if one.holds(now)]
    for identifier in standing.open_incidents(workspace) if incidents is None else incidents:
        about = life_terms.incident_iri(identifier)
        known = standing.stored_facts(workspace, identifier)
        place = next((t.object for t in known if t.predicate == context.PLACE), None)
        reaching = [
            one for one in holding if place is not None and one.reaches(place, _wider(workspace, place))
        ]
        wanted = {one.key for one in reaching}
        linked = {one.key for one in register if about in one.incidents}
        if wanted == linked:
            continue
        around = standing.context(workspace.store, identifier)
        told = [quad for one in reaching for quad in one.context(about)]
        derivation = incident.derive(workspace, about, known, (*around, *told))
        revised, _ = incident.revision(workspace, identifier, known, known, derivation, now)
        changes += [revised, _links(about, register, reaching, wanted, linked)]
        changed.append(identifier)
    return together(*changes), changed


def reconcile(workspace: Workspace, now: datetime | None = None) -> list[str]:
    """Let stored responses follow the clock: what has expired no longer supports them. Return the incidents.

    Who reads an incident gets the right answer without this; it is for those who read the store.
    """
    moment = now or datetime.now(UTC)
    register = workspace.warned.all()
    if not register:
        return []
    _, concerned = consequences(workspace, register, moment)
    if not concerned:
        return []
    with workspace.flows.ledger.lock(*concerned):
        change, changed = consequences(workspace, workspace.warned.all(), moment, concerned)
        if changed:
            workspace.store.commit(
                change, actor=ACTOR, action="warnings in force", reason=" ".join(changed)[:200]
            )
    return changed


def _links(
    about: NamedNode,
    register: Sequence[Support],
    reaching: Sequence[Support],
    wanted: set[str],
    linked: set[str],
) -> Change:
    return Change(
        [one.link(about) for one in reaching if one.key not in linked],
        [one.link(about) for one in register if one.key in linked - wanted],
    )


def _wider(workspace: Workspace, area: Term) -> Iterator[Term]:
    def outer(inner: Term) -> Term | None:
        if not isinstance(inner, NamedNode):
            return None
        return next((q.object for q in workspace.store.match(inner, PART_OF, None)), None)

    return outwards(outer, area)
