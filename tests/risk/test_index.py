"""The index holds counting, gives back what was put in, and is no better than it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import InputError, KnowledgeFault
from kb.inference.relational.connection import Connection
from kb.resources import folder
from kb.risk import checking, choosing, history, keeping, method, squares
from kb.risk.history import History
from kb.risk.index import Neighbours, Parameters, compute, times
from kb.sensing import gathering, table
from kb.sensing.source import Files, source

HERE = Path(__file__).parent
CALLS = folder("examples").parent.parent / "shared" / "data" / "misc" / "us_911_montgomery_2016.csv"
HOURS = np.arange("2026-01-05", "2026-03-02", dtype="datetime64[h]")  # eight weeks from a Monday
NONE = Parameters(0.0, 1e-9, 0.1, 1e-9)


@pytest.fixture(scope="module")
def how() -> method.Method:
    return method.read(Files(*sorted(folder("ontology").glob("*.ttl"))))


@pytest.fixture(scope="module")
def board():
    return squares.squares((117.0, 36.0, 117.1, 36.1), 1.0)


def made(counts, week=None) -> History:
    counts = np.asarray(counts, dtype=float)
    number = counts.sum(axis=0)
    week = np.outer(number, np.ones(168)) / 168 if week is None else np.asarray(week, float)
    _, months = history.slots(HOURS)
    year = np.outer(number, np.bincount(months, minlength=12)) / len(HOURS)
    return History(tuple(f"k{n}" for n in range(counts.shape[1])), counts, week, year, HOURS)


def test_monday_at_midnight_is_the_first_hour_of_the_week():
    week, month = history.slots(np.array(["2026-01-05T00", "2026-02-01T23"], dtype="datetime64[h]"))
    assert week.tolist() == [0, 167]
    assert month.tolist() == [0, 1]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_without_a_prior_the_index_is_counting(seed):
    board = squares.squares((117.0, 36.0, 117.1, 36.1), 2.0)
    counts = np.random.default_rng(seed).integers(0, 9, (len(board), 2)) + np.eye(len(board), 2)
    index = compute(made(counts), Neighbours(board), NONE)
    for category in (0, 1):
        expected = counts[:, category] / counts[:, category].mean()
        assert np.allclose(index.relative(category), expected, rtol=1e-6)


def test_a_prior_pulls_a_grid_to_its_neighbours_and_never_beyond(board):
    counts = np.zeros((len(board), 1))
    middle = len(board) // 2
    counts[middle] = 50
    plain = compute(made(counts), Neighbours(board), NONE).relative(0)
    smooth = compute(made(counts), Neighbours(board), Parameters(1.0, 1.0, 0.1, 1.0)).relative(0)
    assert 1 < smooth[middle] < plain[middle]
    beside = np.argsort(((board.centres - board.centres[middle]) ** 2).sum(axis=1))[1]
    assert smooth[beside] > smooth[0] > 0


def test_a_mean_grid_in_a_mean_hour_has_the_index_one(board):
    counts = np.random.default_rng(1).poisson(3, (len(board), 3))
    index = compute(made(counts), Neighbours(board), Parameters(2.0, 1.0, 0.1, 20.0))
    for category in range(3):
        assert index.relative(category).mean() == pytest.approx(1)
        assert index.week[category].mean() == pytest.approx(1)
    assert index.total([1, 2, 3]).mean() == pytest.approx(1)


def test_hours_that_nobody_observed_do_not_count_as_quiet():
    hours = np.array([f"2026-01-{day:02}T12" for day in range(5, 30)], dtype="datetime64[h]")
    week, year = history.slots(hours)
    by_week, by_year = np.bincount(week, minlength=168) * 4.0, np.bincount(year, minlength=12) * 4.0
    seen = History(("k",), np.full((4, 1), 25.0), by_week[None, :], by_year[None, :], hours)
    factors, _ = times(seen, 1.0)
    assert np.allclose(factors[0, np.unique(week)], 1)


def test_an_hour_with_three_times_the_events_has_three_times_the_index(board):
    week = np.ones((1, 168)) * 1000
    week[0, 18::24] = 3000
    index = compute(made(np.full((len(board), 1), week.sum() / len(board)), week), Neighbours(board), NONE)
    assert index.relative(0, 18)[0] / index.relative(0, 3)[0] == pytest.approx(3, rel=0.01)


def test_choosing_prefers_neighbours_where_they_tell_and_counting_where_they_do_not(how, board):
    random = np.random.default_rng(3)
    middles = board.centres - board.centres.mean(axis=0)
    hill = np.exp(-(middles**2).sum(axis=1) / (2 * 0.02**2)) * 4
    for rates, few in ((hill, True), (random.permutation(hill) * 40, False)):
        counts, later = random.poisson(rates / 4)[:, None], random.poisson(rates)
        events = {
            "cell": np.flatnonzero(later), "category": np.zeros((later > 0).sum(), int),
            "hour": np.full((later > 0).sum(), HOURS[0]), "number": later[later > 0].astype(float),
        }  # fmt: skip
        best, tried = choosing.choose(how, made(counts), Neighbours(board), events)
        assert len(tried) == len(how.bandwidths) * len(how.priors)
        assert (best.bandwidth > 0 and best.prior >= 3) if few else best.prior <= 1


def test_ties_at_the_edge_neither_help_nor_harm():
    hours = HOURS[:10]
    later = {"cell": np.arange(20) % 4, "hour": np.repeat(hours[:5], 4), "number": np.ones(20)}
    hits = checking._hits(np.zeros((4, 10)), later, hours, 0.05)
    assert hits.mean() == pytest.approx(0.05)


def test_knowledge_without_a_method_is_named():
    with pytest.raises(KnowledgeFault, match=r"risk\.method"):
        method.read(Files(folder("ontology") / "core.ttl"))


def test_too_many_squares_are_refused():
    with pytest.raises(InputError, match=r"risk\.squares"):
        squares.squares((0, 0, 10, 10), 0.1)


@pytest.fixture(scope="module")
def calls(how) -> Iterator[tuple]:
    if not CALLS.is_file():
        pytest.skip(f"NOT CHECKED on real calls: {CALLS} is not there")
    with Connection() as connection:
        slugs = [category.slug for category in how.categories]
        known = source(Files(HERE / "montgomery.ttl"), "montgomery")
        seen = connection.stored(table.read(connection, known, CALLS, categories=slugs))
        index = squares.squares(gathering.bounds(seen), 2.0)
        yield gathering.placed(connection, seen, index), index


def test_on_real_calls_the_index_finds_what_counting_finds_and_far_more_than_chance(how, calls):
    """No worse than counting; that it is better is not shown."""
    placed, index = calls
    found = checking.check(placed, how, Neighbours(index), len(index))
    rates = {score.name: score.hit_rate for score in found.scores}
    assert found.held_back > 1_000
    assert rates["chance"] == pytest.approx(0.05, abs=0.001)
    assert rates["index"] > 4 * rates["chance"]
    low, high = found.interval
    assert high > 0, keeping.told(found)
    assert low > -0.05
