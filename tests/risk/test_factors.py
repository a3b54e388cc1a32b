"""What else is in a grid: sources, what is exposed, what is vulnerable, each counted from shared records."""

from __future__ import annotations

import shapely
from pyoxigraph import NamedNode, Quad

from kb.geo.index import GridIndex
from kb.namespaces import RDF_TYPE, ROOT, graph, xz
from kb.risk import factors, method
from kb.services.workspace import Workspace
from kb.store.protocol import Change

SHARED = graph("data/test-of-factors")


def test_each_kind_of_factor_counts_the_records_in_a_grid_or_its_community(fresh: Workspace) -> None:
    cells = [NamedNode(f"{ROOT}grid/one"), NamedNode(f"{ROOT}grid/two")]
    community, district = NamedNode(f"{ROOT}division/c"), NamedNode(f"{ROOT}division/d")
    records = [
        ("a", xz("ProtectionTarget"), "school", cells[0]),
        ("b", xz("ProtectionTarget"), "care-home", community),
        ("c", xz("ProtectionTarget"), "old-building", cells[1]),
        ("d", xz("ProtectionTarget"), "shopping", cells[1]),
        ("e", xz("RiskSource"), "", cells[0]),
        ("f", xz("ProtectionTarget"), "hospital", district),
    ]
    quads = [Quad(cell, xz("partOf"), community, SHARED) for cell in cells]
    for name, class_, kind, place in records:
        record = NamedNode(f"{ROOT}record/{name}")
        quads += [Quad(record, RDF_TYPE, class_, SHARED), Quad(record, xz("locatedIn"), place, SHARED)]
        if kind:
            quads.append(Quad(record, xz("targetKind"), NamedNode(f"{ROOT}kb/target/{kind}"), SHARED))
    fresh.store.commit(Change(quads), actor="test", action="share")
    how = method.read(fresh.store)
    counted = factors.counts(
        fresh.store, how, GridIndex(cells, [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    )
    found = {
        factor.iri.value.rpartition("/")[2]: list(row)
        for factor, row in zip(how.factors, counted, strict=True)
    }
    assert found == {
        "risk-sources": [1, 0],
        "protection-targets": [2, 3],  # the care home stands for the whole community, the hospital for none
        "vulnerable-people": [2, 1],
        "weak-structures": [0, 1],
    }
    assert {factor.kind for factor in how.factors} == {"source", "exposure", "vulnerability"}
    multiplied = factors.place(how, counted)
    assert multiplied[0] == (1 + 0.1) * (1 + 2 * 0.05) * (1 + 2 * 0.1)
