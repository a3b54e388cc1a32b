from __future__ import annotations

import pytest
import shapely
from pyoxigraph import Literal, Quad, QuerySolutions

from kb.city import terms
from kb.errors import NotFound
from kb.geo import geometry, partition
from kb.geo.city import GOVERNANCE_GRID, grid_index
from kb.geo.terms import AS_WKT, HAS_GEOMETRY, WKT_LITERAL
from kb.namespaces import graph, xz
from kb.store.protocol import Change

CITY = "370200"
FUNCTIONS = (
    "PREFIX geof: <http://www.opengis.net/def/function/geosparql/> "
    "PREFIX geo: <http://www.opengis.net/ont/geosparql#> "
)


@pytest.mark.parametrize("kind", ["UnitGrid", "GovernanceGrid", "Community", "Street", "District"])
def test_every_level_of_a_model_city_fills_it_without_gap_or_overlap(workspace, kind):
    city = grid_index(workspace.store, CITY, xz("City"))
    found = partition.report(grid_index(workspace.store, CITY, xz(kind)), city.outline)
    assert found.whole
    assert found.cells > 1


def test_a_grid_lies_in_its_community_and_a_community_in_its_street(workspace):
    store = workspace.store
    grids, communities = grid_index(store, CITY), grid_index(store, CITY, xz("Community"))
    for number in range(0, len(grids), 400):
        digits = grids.cells[number].value.rpartition("/")[2]
        assert communities.shape(terms.area(digits[:12])).covers(grids.shapes[number])


def test_a_point_of_the_city_falls_in_one_grid_of_each_partition(workspace):
    unit = grid_index(workspace.store, CITY).at(120.38, 36.07)
    governance = grid_index(workspace.store, CITY, GOVERNANCE_GRID).at(120.38, 36.07)
    assert unit.value.rpartition("/")[2][:12] == governance.value.rpartition("/")[2][:12]


def test_the_index_is_kept_until_the_city_changes(fresh):
    store, name = fresh.store, graph(f"city/{CITY}")
    first = grid_index(store, CITY)
    store.commit(Change([Quad(xz("a"), xz("b"), xz("c"), graph("user/1"))]), actor="test", action="test")
    assert grid_index(store, CITY) is first
    grid = first.cells[0]
    (at,) = store.match(grid, HAS_GEOMETRY, None, name)
    (shape,) = store.match(at.object, AS_WKT, None, name)
    moved = geometry.to_wkt(shapely.box(10, 10, 11, 11))
    store.commit(Change([Quad(at.object, AS_WKT, moved, name)], [shape]), actor="test", action="test")
    second = grid_index(store, CITY)
    assert second is not first
    assert second.at(10.5, 10.5) == grid
    (gap,) = partition.report(second, grid_index(store, CITY, xz("City")).outline).gaps
    assert gap.shape.equals(first.shape(grid))


@pytest.mark.parametrize("city", ["440300", "../x", ""])
def test_a_city_that_is_not_loaded_has_no_cells(workspace, city):
    with pytest.raises(NotFound, match=r"geo\.no-shapes"):
        grid_index(workspace.store, city)


def value(store, expression: str):
    result = store.query(f"{FUNCTIONS} SELECT ({expression} AS ?x) {{}}")
    assert isinstance(result, QuerySolutions)
    return next(iter(result))["x"]


def test_a_buffer_in_a_query_is_a_circle_around_a_point(workspace):
    metre = "<http://www.opengis.net/def/uom/OGC/1.0/metre>"
    found = value(workspace.store, f"geof:buffer('POINT (117 36)'^^geo:wktLiteral, 5000, {metre})")
    area = geometry.square_kilometres(geometry.from_wkt(found.value))
    assert area == pytest.approx(geometry.square_kilometres(geometry.circle(36, 117, 5)), rel=0.01)


@pytest.mark.parametrize("name", ["union", "intersection", "difference"])
def test_shapes_made_of_two_are_those_of_shapely(workspace, name):
    one, other = shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3)
    words = ", ".join(f"'{shape.wkt}'^^geo:wktLiteral" for shape in (one, other))
    found = value(workspace.store, f"geof:{name}({words})")
    assert shapely.from_wkt(found.value).equals(getattr(one, name)(other))


@pytest.mark.parametrize(
    "call",
    [
        "geof:buffer('POINT (1 1)'^^geo:wktLiteral, 1e308, <http://www.opengis.net/def/uom/OGC/1.0/metre>)",
        "geof:buffer('POINT (1 1)'^^geo:wktLiteral, 'x', <urn:mile>)",
        "geof:union('POINT (1 1)'^^geo:wktLiteral)",
        "geof:envelope(<urn:a>)",
        "geof:envelope('POINT (1 1)')",
        "geof:intersection('POINT (1 1)'^^geo:wktLiteral, 'POINT (2 2)'^^geo:wktLiteral)",
    ],
)
def test_a_function_that_cannot_be_computed_has_no_value(workspace, call):
    assert value(workspace.store, call) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("sfWithin", True), ("sfIntersects", True), ("sfContains", False), ("sfDisjoint", False)],
)
def test_relations_in_a_query_find_the_grid_of_a_point(workspace, name, expected):
    shape = grid_index(workspace.store, CITY).shapes[5]
    inner = Literal(shape.centroid.wkt, datatype=WKT_LITERAL)
    outer = geometry.to_wkt(shape)
    assert value(workspace.store, f"geof:{name}({inner}, {outer})").value == str(expected).lower()
