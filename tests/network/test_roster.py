"""Who is on duty, who is next, who comes in, and where the roster has holes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad

from kb.city import terms
from kb.clock import CHINA_STANDARD_TIME
from kb.namespaces import RDF_TYPE, ROOT, XSD, graph, xz
from kb.network import roster
from kb.network.roster import Roster, Shift
from kb.network.shifts import gaps, overlaps
from kb.services.workspace import Workspace
from kb.store.protocol import Change
from tests.network.conftest import Network, body_of

EMERGENCY, FIRE = body_of("370200/emergency-management"), body_of("370200/fire-rescue")
MORNING = datetime(2026, 7, 20, 8, tzinfo=CHINA_STANDARD_TIME)
SOURCE = graph("source/370200/emergency-management/roster")


def hours(count: float) -> datetime:
    return MORNING + timedelta(hours=count)


def shift(body: NamedNode, begin: float, end: float, post: str = "值班员", name: str = "甲**") -> Shift:
    iri = NamedNode(f"{ROOT}test/{body.value.rpartition('/')[2]}-{post}-{begin}-{end}-{name}")
    return Shift(iri, body, post, name, "138****0001", hours(begin), hours(end), SOURCE)


def made(city: Network, shifts: Sequence[Shift]) -> Roster:
    return Roster(city.bodies, city.substitution, shifts)


def test_who_is_on_duty_and_whose_shift_is_next(qingdao: Network) -> None:
    now, later = shift(EMERGENCY, 0, 24), shift(EMERGENCY, 24, 48, name="乙*")
    [post] = made(qingdao, [later, now]).at(hours(1))
    assert (post.on_duty, post.next, post.stand_ins) == ((now,), later, ())
    [post] = made(qingdao, [later, now]).at(hours(24))
    assert (post.on_duty, post.next) == ((later,), None)


def test_another_post_of_the_body_is_called_first(qingdao: Network) -> None:
    director, officer = shift(EMERGENCY, 0, 8, "值班主任"), shift(EMERGENCY, 0, 24)
    posts = {post.name: post for post in made(qingdao, [director, officer]).at(hours(10))}
    assert posts["值班员"].on_duty == (officer,)
    [instead] = posts["值班主任"].stand_ins
    assert (instead.way, instead.shifts) == (None, (officer,))


def test_then_the_superiors_duty_officer_then_whose_function_may_stand_in(qingdao: Network) -> None:
    province = qingdao.bodies[EMERGENCY].superior
    assert province is not None
    office = body_of("370200/flood-office")
    above = qingdao.bodies[office].superior
    assert above is not None
    found = made(qingdao, [shift(EMERGENCY, 0, 24), shift(above, 0, 24), shift(office, 48, 72)])
    post = next(post for post in found.at(hours(1)) if post.body.iri == office)
    assert [one.body.iri for one in post.stand_ins] == [above, EMERGENCY]
    assert all(one.way is not None for one in post.stand_ins)
    assert post.next is not None


def test_a_body_without_a_roster_is_answered_when_it_is_asked_for(qingdao: Network) -> None:
    finance = next(
        body for body in qingdao.bodies.of(qingdao.bodies.city) if not body.functions and body.superior
    )
    assert finance.superior is not None
    found = made(qingdao, [shift(finance.superior, 0, 24)])
    [post] = found.at(hours(1), [finance])
    assert (post.name, post.on_duty, post.next) == ("", (), None)
    assert [one.body.iri for one in post.stand_ins] == [finance.superior]
    assert finance not in found.bodies


def test_gaps_and_overlaps_lie_within_the_span(qingdao: Network) -> None:
    found = made(qingdao, [shift(FIRE, 0, 8), shift(FIRE, 7, 12, name="乙*"), shift(FIRE, 20, 40)])
    assert [(gap.begin, gap.end) for gap in gaps(found, hours(-2), hours(48))] == [
        (hours(-2), hours(0)),
        (hours(12), hours(20)),
        (hours(40), hours(48)),
    ]
    [overlap] = overlaps(found, hours(-2), hours(48))
    assert (overlap.begin, overlap.end) == (hours(7), hours(8))
    assert list(overlaps(found, hours(9), hours(48))) == []


@settings(max_examples=60, deadline=None)
@given(
    spans=st.lists(st.tuples(st.integers(-5, 30), st.integers(1, 10)), max_size=8),
    at=st.integers(0, 23),
)
def test_an_hour_is_in_a_gap_just_when_nobody_is_on_duty_and_in_an_overlap_just_when_two_are(
    qingdao: Network, spans: list[tuple[int, int]], at: int
) -> None:
    shifts = [shift(FIRE, a, a + long, name=str(n)) for n, (a, long) in enumerate(spans)]
    found, moment = made(qingdao, shifts), hours(at + 0.5)
    holes = [gap for gap in gaps(found, hours(0), hours(24)) if gap.begin <= moment < gap.end]
    twice = [one for one in overlaps(found, hours(0), hours(24)) if one.begin <= moment < one.end]
    on_duty = found.on_duty(qingdao.bodies[FIRE], moment)
    assert len(holes) == (1 if shifts and not on_duty else 0)
    assert bool(twice) == (len(on_duty) > 1)
    for post in found.at(moment):
        assert set(post.on_duty) == set(on_duty)


def test_shifts_are_read_from_the_graphs_that_one_may_see(fresh: Workspace) -> None:
    entry = NamedNode(f"{ROOT}dataset/370200/emergency-management/roster/1")
    half = NamedNode(f"{ROOT}dataset/370200/emergency-management/roster/2")
    time = NamedNode(XSD + "dateTime")
    quads = [
        Quad(entry, RDF_TYPE, xz("RosterEntry"), SOURCE),
        Quad(entry, xz("rosterOf"), EMERGENCY, SOURCE),
        Quad(entry, xz("postTitle"), Literal("值班员"), SOURCE),
        Quad(entry, xz("personName"), Literal("甲**"), SOURCE),
        Quad(entry, xz("onDutyFrom"), Literal("2026-07-20T08:00:00+08:00", datatype=time), SOURCE),
        Quad(entry, xz("onDutyUntil"), Literal("2026-07-21T00:00:00Z", datatype=time), SOURCE),
        Quad(half, RDF_TYPE, xz("RosterEntry"), SOURCE),
        Quad(half, xz("rosterOf"), EMERGENCY, SOURCE),
    ]
    fresh.store.commit(Change(quads), actor="test", action="roster")
    [found] = roster.read(fresh.store)
    assert (found.person, found.phone, found.post, found.source) == ("甲**", "", "值班员", SOURCE)
    assert (found.begin, found.end) == (MORNING, hours(24))
    assert roster.read(fresh.store, lambda name: name != SOURCE) == []


@pytest.mark.parametrize("text", ["2026-07-20T08:00:00", "2026-07-20T08:00:00+08:00", "2026-07-20T00:00:00Z"])
def test_a_time_without_a_zone_is_local(text: str) -> None:
    assert roster.moment(text) == MORNING


def test_every_substitute_of_the_roster_stands(qingdao: Network) -> None:
    """The ways go to bodies of the city's graph only, and end."""
    for body in qingdao.bodies.values():
        for function in body.functions or (None,):
            found = [one.body.iri for one in qingdao.substitution.substitutes(qingdao.bodies, body, function)]
            assert len(found) == len(set(found))
            assert body.iri not in found
    assert terms.function("health")
