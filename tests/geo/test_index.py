from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import NamedNode

from kb.city.layout import Rectangle, divide
from kb.geo import geometry, partition
from kb.geo.index import GridIndex, Sites

SIDE = 4


def cell(name: object) -> NamedNode:
    return NamedNode(f"urn:cell:{name}")


@pytest.fixture(scope="module")
def board() -> GridIndex:
    """Sixteen squares of a tenth of a degree, from 117 east and 36 north."""
    cells, shapes = [], []
    for column in range(SIDE):
        for row in range(SIDE):
            cells.append(cell(f"{column}{row}"))
            west, south = (1170 + column) / 10, (360 + row) / 10
            shapes.append(shapely.box(west, south, (1171 + column) / 10, (361 + row) / 10))
    return GridIndex(cells, shapes)


def test_a_point_falls_in_one_cell_and_outside_in_none(board):
    assert board.at(117.05, 36.05) == cell("00")
    assert board.at(116.99, 36.05) is None


def test_a_point_on_a_boundary_falls_in_exactly_one_cell_and_always_the_same(board):
    assert board.at(117.1, 36.1) == cell("00")
    longitudes = np.array([117.1, 117.2, 117.0, 117.4])
    numbers = board.numbers(longitudes, np.full(4, 36.1))
    assert [board.cells[number] for number in numbers] == [cell("00"), cell("10"), cell("00"), cell("30")]


@given(st.lists(st.tuples(st.floats(116.9, 117.5), st.floats(35.9, 36.5)), min_size=1, max_size=20))
def test_many_points_at_once_fall_where_each_falls_alone(points):
    index = GridIndex(
        [cell(1), cell(0)], [shapely.box(117, 36, 117.2, 36.4), shapely.box(117.2, 36, 117.4, 36.4)]
    )
    longitudes, latitudes = map(np.array, zip(*points, strict=True))
    together = index.numbers(longitudes, latitudes)
    alone = [index.at(*point) for point in points]
    assert [None if n < 0 else index.cells[n] for n in together] == alone


def test_a_warning_covers_cells_by_share_and_none_that_it_only_touches(board):
    found = {one.cell: one.share for one in board.covered(shapely.box(117.05, 36.0, 117.2, 36.1))}
    assert found == {cell("00"): pytest.approx(0.5), cell("10"): pytest.approx(1.0)}


def test_the_cells_that_a_circle_covers_add_up_to_the_circle(board):
    circle = geometry.circle(36.2, 117.2, 5)
    covered = sum(one.share * board.shape(one.cell).area for one in board.covered(circle))
    assert covered == pytest.approx(circle.area)


def test_a_point_covers_one_cell_and_a_line_all_that_it_passes(board):
    assert [one.cell for one in board.covered(shapely.Point(117.1, 36.1))] == [cell("00")]
    line = shapely.LineString([(117.05, 36.05), (117.25, 36.05)])
    assert {one.cell for one in board.covered(line)} == {cell("00"), cell("10"), cell("20")}


def test_a_whole_partition_has_neither_gaps_nor_overlaps(board):
    found = partition.report(board, shapely.box(117, 36, 117.4, 36.4))
    assert found.whole
    assert found.area == pytest.approx(geometry.square_kilometres(board.outline))


def test_a_gap_and_an_overlap_are_found_with_their_neighbours_and_their_size(board):
    kept = [(iri, shape) for iri, shape in zip(board.cells, board.shapes, strict=True) if iri != cell("11")]
    widened = [(iri, shapely.box(117.0, 36.0, 117.11, 36.1) if iri == cell("00") else s) for iri, s in kept]
    found = partition.report(GridIndex(*zip(*widened, strict=True)))
    (gap,), (overlap,) = found.gaps, found.overlaps
    assert not found.whole
    assert gap.area == pytest.approx(geometry.square_kilometres(board.shape(cell("11"))), rel=1e-6)
    assert {cell("01"), cell("10"), cell("21"), cell("12")} <= set(gap.beside)
    assert (overlap.one, overlap.other) == (cell("00"), cell("10"))
    assert overlap.area == pytest.approx(gap.area / 10, rel=0.01)


def test_a_gap_at_the_edge_is_found_where_it_is_said_what_to_fill(board):
    assert partition.report(board).whole
    (gap,) = partition.report(board, shapely.box(116.9, 36, 117.4, 36.4)).gaps
    assert gap.shape.equals(shapely.box(116.9, 36, 117.0, 36.4))


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=40),
    st.integers(-170_000_000, 170_000_000),
    st.integers(-80_000_000, 80_000_000),
)
def test_a_divided_rectangle_is_a_partition_in_proportion(weights, west, south):
    whole = Rectangle(west, south, west + 900_000, south + 700_000)
    parts = divide(whole, weights)

    def size(part: Rectangle) -> int:
        return (part.east - part.west) * (part.north - part.south)

    assert len(parts) == len(weights)
    assert sum(map(size, parts)) == size(whole)
    for part, weight in zip(parts, weights, strict=True):
        assert size(part) == pytest.approx(size(whole) * weight / sum(weights), rel=0.02)
    index = GridIndex([cell(n) for n in range(len(parts))], [shapely.from_wkt(part.wkt) for part in parts])
    assert partition.report(index, shapely.from_wkt(whole.wkt)).whole


def test_the_nearest_things_come_first_with_their_kilometres():
    sites = Sites([cell("far"), cell("near"), cell("here")], [118, 117.1, 117], [36, 36, 36])
    found = sites.nearest(117, 36, 2)
    assert [thing for thing, _ in found] == [cell("here"), cell("near")]
    assert found[0][1] == 0
    assert found[1][1] == pytest.approx(
        geometry.distance(geometry.point(117, 36), geometry.point(117.1, 36)), rel=0.005
    )
    assert len(sites.nearest(117, 36, 9)) == 3


@given(st.integers(1, 30), st.integers(1, 30))
def test_the_nearest_are_those_that_sorting_all_gives(number, seed):
    random = np.random.default_rng(seed)
    longitudes, latitudes = random.uniform(116, 118, 30), random.uniform(36, 37, 30)
    sites = Sites([cell(n) for n in range(30)], longitudes, latitudes)
    every = sites.nearest(117, 36.5, 30)
    assert sites.nearest(117, 36.5, number) == every[:number]
    assert Counter(thing for thing, _ in every) == Counter(cell(n) for n in range(30))
