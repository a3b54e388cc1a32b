"""Which open incidents may be the same, and why: near in time and place, of the same or a narrower type.

How near is data (``xz:DuplicateCriterion`` in ``ontology/incident-life.ttl``). Nothing is merged by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from pyoxigraph import Literal, NamedNode
from rdflib.xsd_datetime import parse_xsd_duration

from kb.errors import Text, both
from kb.namespaces import ONTOLOGY, RDF_TYPE, xz
from kb.services.distance import distance
from kb.services.incident import types_of
from kb.services.life import standing, terms
from kb.services.life.brief import brief
from kb.services.workspace import Workspace
from kb.srl.syntax import Term


@dataclass(frozen=True, slots=True)
class Criterion:
    """How near two reports must be: in time between their receipts, and in kilometres."""

    within: timedelta
    kilometres: float


@dataclass(frozen=True, slots=True)
class _Sight:
    """What is looked at: types, area, coordinates and receipt."""

    identifier: str
    types: tuple[NamedNode, ...]
    place: Term | None
    point: tuple[float, float] | None
    received: datetime


def candidates(workspace: Workspace, identifier: str | None = None) -> list[dict[str, Any]]:
    """Return pairs of open incidents that may be the same, those received closest together first.

    :param identifier: only pairs with this incident, which then stands first in each.
    """
    criteria = list(_criteria(workspace))
    opened = {one: _received(workspace, one) for one in standing.open_incidents(workspace)}
    if identifier is not None:  # of many open incidents, few came at about the same time
        if identifier not in opened:
            return []
        longest = max((criterion.within for criterion in criteria), default=timedelta())
        own = opened[identifier]
        opened = {one: at for one, at in opened.items() if abs(at - own) <= longest}
    sights = {one: _sight(workspace, one, at) for one, at in opened.items()}
    if identifier is None:
        pairs = list(combinations(sights.values(), 2))
    else:
        first = sights.pop(identifier)
        pairs = [(first, other) for other in sights.values()]
    found = []
    for one, two in pairs:
        reasons = next(filter(None, (_reasons(workspace, c, one, two) for c in criteria)), None)
        if reasons:
            found.append((abs(one.received - two.received), one, two, reasons))
    found.sort(key=lambda row: (row[0], row[1].identifier, row[2].identifier))
    return [
        {
            "incident": brief(workspace, one.identifier),
            "other": brief(workspace, two.identifier),
            "reasons": [both(reason) for reason in reasons],
        }
        for _, one, two, reasons in found
    ]


def _criteria(workspace: Workspace) -> Iterator[Criterion]:
    for quad in workspace.store.match(None, RDF_TYPE, xz("DuplicateCriterion"), ONTOLOGY):
        assert isinstance(quad.subject, NamedNode)
        values = {
            name: q.object.value
            for name in ("receivedWithin", "withinKilometres")
            for q in workspace.store.match(quad.subject, xz(name), None, ONTOLOGY)
            if isinstance(q.object, Literal)
        }
        within = parse_xsd_duration(values["receivedWithin"])
        assert isinstance(within, timedelta)
        yield Criterion(within, float(values["withinKilometres"]))


def _received(workspace: Workspace, identifier: str) -> datetime:
    about, within = terms.incident_iri(identifier), terms.facts_graph(identifier)
    quads = workspace.store.match(about, terms.RECEIVED_AT, None, within)
    return next(datetime.fromisoformat(q.object.value) for q in quads if isinstance(q.object, Literal))


def _sight(workspace: Workspace, identifier: str, received: datetime) -> _Sight:
    known = standing.stored_facts(workspace, identifier)

    def number(name: str) -> float | None:
        found = (t.object.value for t in known if t.predicate == xz(name) and isinstance(t.object, Literal))
        return next(map(float, found), None)

    longitude, latitude = number("longitude"), number("latitude")
    return _Sight(
        identifier,
        tuple(types_of(known)),
        next((t.object for t in known if t.predicate == xz("place")), None),
        None if longitude is None or latitude is None else (longitude, latitude),
        received,
    )


def _reasons(workspace: Workspace, criterion: Criterion, one: _Sight, two: _Sight) -> list[Text] | None:
    """Say why the two may be the same; ``None``: they are not near enough."""
    apart = abs(one.received - two.received)
    if apart > criterion.within:
        return None
    type_, place = _types(workspace, one, two), _place(workspace, criterion, one, two)
    if type_ is None or place is None:
        return None
    minutes = int(apart.total_seconds() // 60)
    return [type_, place, Text(f"接报相隔 {minutes} 分钟", f"received {minutes} min apart")]


def _types(workspace: Workspace, one: _Sight, two: _Sight) -> Text | None:
    source, describe = workspace.engine.source, workspace.describer.text
    for first in one.types:
        for second in two.types:
            if first == second:
                label = describe(first)
                return Text(f"类型相同：{label.zh}", f"of the same type: {label.en}")
            for narrow, wide in ((first, second), (second, first)):
                if wide in set(source.values(narrow, xz("subtypeOf"))):
                    a, b = describe(narrow), describe(wide)
                    return Text(f"{a.zh}是一种{b.zh}", f"{a.en} is a kind of {b.en}")
    return None


def _place(workspace: Workspace, criterion: Criterion, one: _Sight, two: _Sight) -> Text | None:
    """Where both have coordinates these decide; else the areas do."""
    if one.point is not None and two.point is not None:
        km = distance(one.point, two.point)
        near = km < criterion.kilometres
        return Text(f"相距 {km:.1f} 公里", f"{km:.1f} km apart") if near else None
    describe = workspace.describer.text
    if one.place is not None and one.place == two.place:
        label = describe(one.place)
        return Text(f"同在{label.zh}", f"both in {label.en}")
    for inner, outer in ((one.place, two.place), (two.place, one.place)):
        if inner is not None and outer is not None and outer in _around(workspace, inner):
            a, b = describe(inner), describe(outer)
            return Text(f"{a.zh}在{b.zh}之内", f"{a.en} is within {b.en}")
    return None


def _around(workspace: Workspace, area: Term) -> Iterator[Term]:
    """Yield the areas that *area* is part of, the smallest first."""
    while wider := next(iter(workspace.engine.source.values(area, xz("partOf"))), None):
        yield wider
        area = wider
