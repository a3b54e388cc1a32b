"""What changed since an earlier recommendation, and because of which facts.

Both recommendations are derived from what was known then and now, under the knowledge of today and with what
the reader may see; so every difference comes from facts, and each says from which. A conclusion follows from
the changed facts among its premises. Where it has none (it fell away because something else now holds), the
changed facts are taken back one by one: those without which the difference would not be there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pyoxigraph import NamedNode, Triple

from kb.errors import NotFound, Text, both
from kb.services import whatif
from kb.services.audience import Visible, everything
from kb.services.incident import Answer, recall
from kb.services.life import facts, standing, terms
from kb.services.life.facts import Version
from kb.services.trials import report_of
from kb.services.views import View
from kb.services.words import Node
from kb.services.workspace import Workspace


def changes(
    workspace: Workspace, identifier: str, since: int | None = None, *, visible: Visible = everything
) -> dict[str, Any]:
    """Return what changed in the recommendation for an incident since the event *since* of its timeline.

    :param since: the number of an event; ``None``: since the report before the last.
    :raises NotFound: ``incident.unknown``; ``report.none-since``: nothing was reported by then.
    :raises Forbidden: ``incident.withheld``: the reader may not see what was reported.
    """
    view = View.of(workspace, recall(workspace, identifier), visible)
    view.require_report()
    known = versions(workspace, identifier)
    before = _version(known, identifier, since)
    now = known[-1]
    then = view.supposing(before.facts)
    told = whatif.difference(view, then, view.seen)
    if told["relations"]:
        _Reasons(view, then, view.seen).into(told["relations"])
    releases = dict.fromkeys(version.release for version in known if version.number >= before.number)
    return {
        "incident": identifier,
        "since": {"number": before.number, "at": before.at.isoformat()},
        "now": {"number": now.number, "at": now.at.isoformat()},
        "changes": whatif.fact_changes(view, report_of(workspace, then), report_of(workspace, view.seen)),
        **told,
        "note": view.note or _note(releases, workspace.release),
        "release": workspace.release,
    }


def versions(workspace: Workspace, identifier: str) -> list[Version]:
    """Return what was known of an incident after each report, the first one first.

    An incident without a timeline has one version: what is stored.
    """
    about = terms.incident_iri(identifier)
    found = list(facts.versions(workspace.flows.ledger.events(identifier, about)))
    if found:
        return found
    known = standing.stored_facts(workspace, identifier)
    return [Version(0, standing.received(known), frozenset(known))]


def _version(known: list[Version], identifier: str, since: int | None) -> Version:
    if since is None:
        return known[-2] if len(known) > 1 else known[-1]
    found = [version for version in known if version.number <= since]
    if not found:
        raise NotFound.of(
            "report.none-since",
            f"第 {since} 号记录之前没有报告",
            f"nothing had been reported by event {since}",
            where=identifier,
            repair=(
                f"报告的编号：{'、'.join(str(one.number) for one in known)}",
                f"reports are the events {', '.join(str(one.number) for one in known)}",
            ),
        )
    return found[-1]


def _note(releases: Iterable[str], present: str) -> dict[str, str] | None:
    if {*releases} <= {present, ""}:
        return None
    return both(
        Text(
            "其间知识版本有过更新；两次建议都按今天的知识推导",
            "the release of the knowledge changed in between; both recommendations are derived under today's",
        )
    )


@dataclass(frozen=True)
class _Change:
    """One property whose facts differ."""

    property: NamedNode
    came: frozenset[Triple]
    went: frozenset[Triple]


class _Reasons:
    """Says of each difference between two answers which changed facts it follows from."""

    def __init__(self, view: View, then: Answer, now: Answer) -> None:
        self._view, self._now = view, now
        came, went = facts.difference(then.facts, now.facts)
        self._changes = [
            _Change(
                property_,
                frozenset(t for t in came if t.predicate == property_),
                frozenset(t for t in went if t.predicate == property_),
            )
            for property_ in dict.fromkeys(t.predicate for t in (*came, *went))
        ]
        self._marks = {
            "added": now.derivation.spread({t: [t.predicate] for t in came}),
            "removed": then.derivation.spread({t: [t.predicate] for t in went}),
        }
        self._undone: dict[NamedNode, set[tuple[NamedNode, Any]]] | None = None

    def into(self, relations: list[Node]) -> None:
        """Add ``from``, the changed facts, to each conclusion of *relations* that came or went."""
        for entry in relations:
            relation = NamedNode(entry["relation"]["iri"])
            for thing in entry["added"]:
                thing["follows"] = self._follows(relation, thing, "added")
            for thing in entry["removed"]:
                thing["follows"] = self._follows(relation, thing, "removed")
            for pair in entry["changed"]:
                found = self._of(relation, pair["to"], "added") | self._of(relation, pair["from"], "removed")
                pair["to"]["follows"] = self._named(found)

    def _follows(self, relation: NamedNode, thing: Node, side: str) -> list[Node]:
        return self._named(self._of(relation, thing, side))

    def _of(self, relation: NamedNode, thing: Node, side: str) -> set[NamedNode]:
        for triple, marks in self._marks[side].items():
            if triple.predicate == relation and self._is(triple, thing):
                return marks
        return self._without(relation, thing, side)

    def _is(self, triple: Triple, thing: Node) -> bool:
        object_ = triple.object
        if isinstance(object_, NamedNode):
            return bool(thing["iri"] == object_.value)
        return bool(thing["iri"] is None and both(self._view.describer.text(object_)) == thing["label"])

    def _without(self, relation: NamedNode, thing: Node, side: str) -> set[NamedNode]:
        """Return the changed facts without which the conclusion would not have come, or gone."""
        if self._undone is None:
            self._undone = {
                change.property: set(whatif.response(self._view, self._supposing(change)))
                for change in self._changes
            }
        found = set()
        for property_, concluded in self._undone.items():
            there = any(
                predicate == relation and self._is(Triple(self._now.incident, predicate, object_), thing)
                for predicate, object_ in concluded
            )
            if there == (side == "removed"):
                found.add(property_)
        return found

    def _supposing(self, change: _Change) -> Answer:
        known = (frozenset(self._now.facts) - change.came) | change.went
        return self._view.supposing(known)

    def _named(self, properties: Iterable[NamedNode]) -> list[Node]:
        places: Mapping[NamedNode, int] = {c.property: n for n, c in enumerate(self._changes)}
        ordered = sorted(set(properties), key=lambda one: places.get(one, len(places)))
        return [{"iri": one.value, "label": both(self._view.describer.text(one))} for one in ordered]
