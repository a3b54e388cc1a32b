"""Duties that contradict or repeat one another in a city, as findings with the duties and their clauses.

The checks of the knowledge look at functions; whether two of them meet in one body, or one of them lies with
two, only a city can say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from pyoxigraph import NamedNode

from kb.city import terms
from kb.errors import Text
from kb.network.analysis import Meaning
from kb.network.bodies import Bodies, Body
from kb.network.duties import Duties, Duty, Remit


class Kind(StrEnum):
    """What is wrong between duties."""

    TWO_LEADS = "twoLeads"
    SAME_FUNCTION = "sameFunction"
    SAME_TASK = "sameTask"
    LEAD_AND_SUPPORT = "leadAndSupport"


MEANINGS = {
    Kind.TWO_LEADS: Meaning(
        Text("同级双牵头", "Two leads of one tier"),
        Text(
            "同一区域、同一层级的两个机构都牵头这些类型的事件：须明确由谁牵头。",
            "Two bodies of one area and tier lead these types of incident: decide which one.",
        ),
    ),
    Kind.SAME_FUNCTION: Meaning(
        Text("一项职能两家承担", "One function, two bodies"),
        Text(
            "同一区域、同一层级的两个机构承担同一职能，同一任务落到两家：须划清分工。",
            "Two bodies of one area and tier perform one function, so its tasks fall to both: divide them.",
        ),
    ),
    Kind.SAME_TASK: Meaning(
        Text("任务重复", "The same task twice"),
        Text(
            "同一任务在同一类事件中由两项职责规定：须合并，或者说明区别。",
            "Two duties give the same task in the same types: merge them, or say how they differ.",
        ),
    ),
    Kind.LEAD_AND_SUPPORT: Meaning(
        Text("既牵头又支援", "Lead and support at once"),
        Text(
            "同一机构在这些类型的事件中既牵头又承担支援任务：牵头任务重时，支援任务应当另有人手。",
            "One body leads these types and has supporting tasks too: see that hands are left for those.",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding holds, and for which bodies."""

    area: NamedNode
    bodies: tuple[Body, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, wherever in the city it is so."""

    kind: Kind
    duties: tuple[Duty, ...]
    types: tuple[NamedNode, ...]
    places: tuple[Place, ...]


def conflicts(bodies: Bodies, duties: Duties, area: NamedNode | None = None) -> list[Finding]:
    """Return the findings of a city, or of exactly one *area* of it; by kind, those of most types first."""
    types: dict[tuple[Kind, tuple[Duty, ...]], dict[NamedNode, None]] = defaultdict(dict)
    places: dict[tuple[Kind, tuple[Duty, ...]], dict[NamedNode, dict[Body, None]]] = defaultdict(dict)
    for place in bodies.areas if area is None else [area]:
        leads = duties.leads(bodies, place)
        for kind, found, type_, who in _in(bodies, place, duties.remit(bodies, place), leads):
            types[kind, found][type_] = None
            places[kind, found].setdefault(place, {}).update(dict.fromkeys(who))
    findings = [
        Finding(
            kind,
            found,
            tuple(types[kind, found]),
            tuple(Place(where, tuple(who)) for where, who in places[kind, found].items()),
        )
        for kind, found in types
    ]
    order = list(Kind)
    return sorted(
        findings, key=lambda one: (order.index(one.kind), -len(one.types), [d.iri.value for d in one.duties])
    )


def _in(
    bodies: Bodies, area: NamedNode, remit: Remit, may_lead: bool
) -> Iterator[tuple[Kind, tuple[Duty, ...], NamedNode, tuple[Body, ...]]]:
    """Yield what is wrong in *area*, type by type; where nobody may lead, of other duties alone."""
    performers: dict[NamedNode, list[Body]] = defaultdict(list)
    for body in bodies.of(area):
        for function in body.functions:
            performers[function].append(body)
    for type_, heads in remit.leads.items():
        leads = heads if may_lead else ()
        for one, other in combinations(leads, 2):
            if who := _two(performers[one.function], performers[other.function]):
                yield Kind.TWO_LEADS, (one, other), type_, who
        here = [duty for duty in (*leads, *remit.others[type_]) if performers[duty.function]]
        for duty in here:
            if who := _two(performers[duty.function], performers[duty.function]):
                kind = Kind.TWO_LEADS if duty.heads else Kind.SAME_FUNCTION
                yield kind, (duty,), type_, who
        for one, other in combinations(here, 2):
            both = (*performers[one.function], *performers[other.function])
            if one.task.zh and one.task.zh == other.task.zh:
                yield Kind.SAME_TASK, (one, other), type_, tuple(dict.fromkeys(both))
            elif one.heads != other.heads:
                twice = [body for body in performers[one.function] if body in performers[other.function]]
                if twice:
                    yield Kind.LEAD_AND_SUPPORT, (one, other), type_, tuple(twice)


def _two(some: list[Body], others: list[Body]) -> tuple[Body, ...]:
    """Return two or more bodies of one tier, one out of each list; none where there are not two."""
    found = (
        body
        for one in some
        for other in others
        if one.iri != other.iri and one.shares(other, terms.TIER)
        for body in (one, other)
    )
    return tuple(dict.fromkeys(found))
