"""What modules need, taken from the nearest stocks that still have it."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from kb.namespaces import PREFIXES, ROOT, graph
from kb.services import incident
from kb.services.distance import distance
from kb.services.plans.resources import Need, Stock, allocate, resources
from kb.services.workspace import Workspace
from kb.store.protocol import Change

KINDS = [NamedNode(f"{ROOT}kb/resource/{name}") for name in ("tent", "boat")]
MODULES = [NamedNode(f"{ROOT}kb/module/{n}") for n in range(3)]
STOCKS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 20), st.floats(0, 100)), max_size=8).map(
    lambda rows: [Stock(NamedNode(f"urn:s{n}"), *row) for n, row in enumerate(rows)]
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
            assert all(used[s.iri] == s.quantity for s in nearer), "what is nearer was used up first"
    for stock in stocks:
        assert used[stock.iri] <= stock.quantity
    short = {one.need.kind for one in met if one.short}
    assert all(used[s.iri] == s.quantity for s in stocks if s.kind in short), (
        "short only where nothing is left"
    )


def test_a_degree_of_latitude_is_111_kilometres() -> None:
    assert distance((120.0, 36.0), (120.0, 37.0)) == pytest.approx(111.2, abs=0.1)


def test_the_needs_of_an_incident_are_met_from_shared_stocks(fresh: Workspace) -> None:
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
    fresh.store.commit(Change(quads), actor="test", action="load")
    report = {
        "type": "建筑火灾", "grid": "370202", "trapped": 2, "fire": True, "id": "needs-1",
        "longitude": 120.38, "latitude": 36.07,
    }  # fmt: skip
    incident.report(fresh, report, actor="test")
    told = {one["kind"]["label"]["en"]: one for one in resources(fresh, "needs-1")["needs"]}
    engines = next(one for label, one in told.items() if "engine" in label.lower())
    assert [(one["stock"], one["quantity"]) for one in engines["from"]] == [("urn:near", 3), ("urn:far", 1)]
    assert engines["short"] == 0
    breathing = next(one for label, one in told.items() if "breathing" in label.lower())
    assert breathing["short"] == breathing["quantity"] - 5
    assert breathing["from"][0]["km"] is None
    hidden = resources(fresh, "needs-1", visible=lambda graph_: graph_ != name)
    assert all(not one["from"] for one in hidden["needs"])
