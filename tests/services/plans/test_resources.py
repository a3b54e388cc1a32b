"""What modules need, taken from the nearest stocks that still have it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from kb.access.principal import Principal
from kb.errors import Forbidden, NotFound
from kb.flow import Conflict, FlowRefused
from kb.geo.distance import distance
from kb.namespaces import PREFIXES, ROOT, graph
from kb.services import incident, reservations
from kb.services.directives import acting, confirming, reading, terms
from kb.services.life.acting import Wish, take
from kb.services.life.contention import Contention
from kb.services.life.merging import merge
from kb.services.plans.matching import Need, Stock, allocate
from kb.services.plans.resources import resources, take_from, take_offer
from kb.services.workspace import Workspace
from kb.store.protocol import Change

KINDS = [NamedNode(f"{ROOT}kb/resource/{name}") for name in ("tent", "boat")]
MODULES = [NamedNode(f"{ROOT}kb/module/{n}") for n in range(3)]
ROWS = st.tuples(st.sampled_from(KINDS), st.integers(0, 20), st.floats(0, 100), st.integers(0, 25))
STOCKS = st.lists(ROWS, max_size=8).map(
    lambda rows: [
        Stock(NamedNode(f"urn:s{n}"), kind, quantity, km, taken=taken)
        for n, (kind, quantity, km, taken) in enumerate(rows)
    ]
)
NEEDS = st.lists(
    st.builds(Need, st.sampled_from(MODULES), st.sampled_from(KINDS), st.integers(1, 30)), max_size=6
)


@given(NEEDS, STOCKS)
def test_nothing_is_taken_twice_nor_farther_than_need_be(needs: list[Need], stocks: list[Stock]) -> None:
    met = allocate(needs, stocks)
    used: Counter[NamedNode] = Counter()
    for one in met:
        assert sum(amount for _, amount in one.taken) + one.short == one.need.quantity
        for stock, amount in one.taken:
            assert stock.kind == one.need.kind
            used[stock.iri] += amount
        for stock, _ in one.taken:
            nearer = [s for s in stocks if s.kind == stock.kind and (s.km or 0) < (stock.km or 0)]
            assert all(used[s.iri] == s.free for s in nearer), "what is nearer was used up first"
    for stock in stocks:
        assert used[stock.iri] <= stock.free
    short = {one.need.kind for one in met if one.short}
    assert all(used[s.iri] == s.free for s in stocks if s.kind in short), "short only where nothing is left"


def test_a_degree_of_latitude_is_111_kilometres() -> None:
    assert distance((120.0, 36.0), (120.0, 37.0)) == pytest.approx(111.2, abs=0.1)


def shared(workspace: Workspace) -> NamedNode:
    """Let departments share stocks; return the graph."""
    text = (
        "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in PREFIXES.items())
        + """
        PREFIX resource: <https://w3id.org/xiezhi/kb/resource/>
        <urn:near> a xz:Stock ; xz:resourceKind resource:fire-engine ; xz:quantity 3.0 ;
            xz:longitude 120.39 ; xz:latitude 36.06 ; xz:locatedIn division:370202 .
        <urn:far> a xz:Stock ; xz:resourceKind resource:fire-engine ; xz:quantity 9.0 ;
            xz:longitude 120.60 ; xz:latitude 36.30 ; xz:locatedIn division:370215 .
        <urn:old> a xz:Stock ; xz:resourceKind resource:fire-engine ; xz:quantity 9.0 ;
            xz:longitude 120.39 ; xz:latitude 36.06 ; xz:expiresOn "2020-01-01"^^xsd:date .
        <urn:street> a xz:Stock ; xz:resourceKind resource:breathing-apparatus ; xz:quantity 5.0 ;
            xz:locatedIn division:370202 ."""
    )
    name = graph("source/370200/emergency-management/stocks")
    quads = [Quad(q.subject, q.predicate, q.object, name) for q in parse(text, format=RdfFormat.TURTLE)]
    workspace.store.commit(Change(quads), actor="test", action="load")
    return name


def fire(workspace: Workspace, identifier: str, **facts: object) -> None:
    report = {
        "type": "建筑火灾", "grid": "370202", "fire": True, "id": identifier,
        "longitude": 120.38, "latitude": 36.07, **facts,
    }  # fmt: skip
    incident.report(workspace, report, actor="test")


def of_kind(workspace: Workspace, identifier: str, kind: str) -> dict[str, Any]:
    told = resources(workspace, identifier)["needs"]
    return next(one for one in told if kind in one["kind"]["label"]["en"].lower())


def offered(workspace: Workspace, identifier: str, kind: str = "engine") -> list[tuple[str, int]]:
    return [(one["stock"], one["quantity"]) for one in of_kind(workspace, identifier, kind)["from"]]


def who(workspace: Workspace, role: str) -> Principal:
    return Principal(role, frozenset([role]), workspace.policies.current)


def test_the_needs_of_an_incident_are_met_from_shared_stocks(fresh: Workspace) -> None:
    name = shared(fresh)
    fire(fresh, "needs-1", trapped=2)
    told = {one["kind"]["label"]["en"]: one for one in resources(fresh, "needs-1")["needs"]}
    engines = next(one for label, one in told.items() if "engine" in label.lower())
    assert [(one["stock"], one["quantity"]) for one in engines["from"]] == [("urn:near", 3), ("urn:far", 1)]
    assert engines["short"] == 0
    breathing = next(one for label, one in told.items() if "breathing" in label.lower())
    assert breathing["short"] == breathing["quantity"] - 5
    assert breathing["from"][0]["km"] is None
    hidden = resources(fresh, "needs-1", visible=lambda graph_: graph_ != name)
    assert all(not one["from"] for one in hidden["needs"])


def test_what_one_incident_has_taken_is_offered_to_no_other_until_it_ends(fresh: Workspace) -> None:
    shared(fresh)
    duty, commander = who(fresh, "duty-officer"), who(fresh, "commander")
    for name in ("first", "second", "third"):
        fire(fresh, name)
    assert offered(fresh, "second") == [("urn:near", 3), ("urn:far", 1)]
    take_offer(fresh, "first", duty)
    own = of_kind(fresh, "first", "engine")
    assert [(one["stock"], one["quantity"]) for one in own["reserved"]] == [("urn:near", 3), ("urn:far", 1)]
    assert (own["from"], own["short"]) == ([], 0), "what it has it is not offered again"
    assert offered(fresh, "second") == [("urn:far", 4)]
    take_offer(fresh, "second", duty)
    third = of_kind(fresh, "third", "engine")
    assert (offered(fresh, "third"), third["short"]) == ([("urn:far", 4)], 0)
    take_offer(fresh, "third", duty)
    fire(fresh, "fourth")
    fourth = of_kind(fresh, "fourth", "engine")
    assert (fourth["from"], fourth["short"]) == ([], 4)
    assert {one["incident"]["id"]: one["quantity"] for one in fourth["takenBy"]} == {
        "first": 4, "second": 4, "third": 4,
    }  # fmt: skip
    hidden = resources(fresh, "fourth", visible=lambda graph_: "/incident/first" not in graph_.value)
    engines = next(one for one in hidden["needs"] if "engine" in one["kind"]["label"]["en"].lower())
    assert sorted(one["incident"]["id"] if one["incident"] else "" for one in engines["takenBy"]) == [
        "", "second", "third",
    ]  # fmt: skip
    (pair,) = [p for p in Contention(fresh).pairs("fourth") if p["first"]["id"] == "first"]
    assert pair["taken"]["first"][0]["quantity"] > 0
    assert pair["taken"]["then"] == []
    confirming.confirm(fresh, "first", commander)
    for life in reading.standing(fresh, "first"):
        acting.take(fresh, "first", terms.parts_of(life.about)[1], "cancel", commander, reason="结束")
    take(fresh, "first", Wish("end", "处置完毕"), commander)
    assert reservations.held(fresh, incident="first") == []
    assert offered(fresh, "fourth") == [("urn:near", 3), ("urn:far", 1)]
    with pytest.raises(FlowRefused, match=r"resource\.over"):
        take_offer(fresh, "first", duty)


def test_nobody_takes_more_than_is_left_and_what_is_given_back_is_free(fresh: Workspace) -> None:
    shared(fresh)
    duty, rescue, near = who(fresh, "duty-officer"), NamedNode(f"{ROOT}kb/module/search-rescue"), "urn:near"
    for name in ("a", "b"):
        fire(fresh, name)
    (number,) = take_from(fresh, "a", (rescue, NamedNode(near), 2), duty)
    with pytest.raises(Conflict, match=r"resource\.taken"):
        take_from(fresh, "b", (rescue, NamedNode(near), 2), duty)
    with pytest.raises(NotFound, match=r"resource\.stock"):
        take_from(fresh, "b", (rescue, NamedNode("urn:none"), 1), duty)
    with pytest.raises(Forbidden):
        take_from(fresh, "b", (rescue, NamedNode(near), 1), who(fresh, "auditor"))
    with pytest.raises(NotFound, match=r"resource\.reservation"):
        reservations.release(fresh, "b", [number], duty)
    reservations.release(fresh, "a", [number], duty)
    take_from(fresh, "b", (rescue, NamedNode(near), 2), duty)
    merge(fresh, "b", "a", who(fresh, "commander"), reason="同一起")
    (moved,) = reservations.held(fresh)
    assert (moved.incident, moved.wanted.quantity) == ("a", 2), "what the merged incident had, the other has"


def test_of_many_who_reserve_at_once_nobody_gets_what_another_has(fresh: Workspace) -> None:
    shared(fresh)
    duty = who(fresh, "duty-officer")
    for number in range(6):
        fire(fresh, f"rush-{number}")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: take_offer(fresh, f"rush-{number}", duty), range(6)))
    taken = reservations.taken(fresh)
    assert (taken[NamedNode("urn:near")], taken[NamedNode("urn:far")]) == (3, 9)
