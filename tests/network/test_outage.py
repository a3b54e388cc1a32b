"""What is said when bodies are down."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.city import terms
from kb.errors import NotFound
from kb.network.bodies import Body
from kb.network.outage import Outage
from tests.network.conftest import Network, body_of

EMERGENCY = body_of("370200/emergency-management")


def named(bodies: object) -> list[str]:
    assert isinstance(bodies, tuple)
    return [body.label.zh for body in bodies if isinstance(body, Body)]


def told(found: Outage) -> set[Body]:
    """Return every body that an answer sends somebody to."""
    return {
        *(one.to.body for one in found.handovers if one.to),
        *(to.body for one in found.lost_leads for to in one.to),
        *(body for one in found.routes for body in one.path),
        *(one.to for one in found.routes if one.to),
        *(body for part in found.cut_off for body in part),
    }


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_what_is_down_is_in_no_answer_and_every_function_is_taken_over_or_lost(
    qingdao: Network, data: st.DataObject
) -> None:
    down = data.draw(st.lists(st.sampled_from(list(qingdao.bodies)), min_size=1, max_size=6, unique=True))
    found = qingdao.outages.when(down)
    assert {body.iri for body in found.down} == set(down)
    assert not {body.iri for body in told(found)} & set(down)
    expected = [(body, function) for body in down for function in qingdao.bodies[body].functions]
    assert [(one.body.iri, one.function) for one in found.handovers] == expected
    for one in found.handovers:
        if one.to is None or not one.to.way.performs:
            assert one.unperformed
            assert set(one.duties) <= set(found.unperformed)
        else:
            assert one.to.function in one.to.body.functions
    for lost in found.lost_leads:
        assert {body.iri for body in lost.led_by} <= set(down)
        assert all(duty.heads for duty in lost.duties)
    orphans = {b.iri for b in qingdao.bodies.values() if b.superior in down and b.iri not in down}
    assert {one.body.iri for one in found.routes} == orphans
    for one in found.routes:
        assert not one.path or (one.path[0] == one.body and one.path[-1] == one.to)
        assert all(qingdao.graph.has_edge(a.iri, b.iri) for a, b in zip(one.path, one.path[1:], strict=False))


def test_the_province_takes_over_what_only_one_body_of_the_city_performs(qingdao: Network) -> None:
    found = qingdao.outages.when([EMERGENCY])
    [handover] = found.handovers
    assert handover.to is not None
    assert handover.to.body.label.zh == "山东省应急管理厅"
    assert found.lost_leads
    assert {area.area for area in found.lost_leads} == {qingdao.bodies.city}  # districts have their own
    assert {name for lost in found.lost_leads for name in named(tuple(to.body for to in lost.to))} == {
        "山东省应急管理厅"
    }


def test_without_a_superior_of_that_function_a_related_one_stands_in_for_the_gas_authority(
    qingdao: Network,
) -> None:
    found = qingdao.outages.when([body_of("370200/urban-management")])
    to = {one.function: one.to for one in found.handovers}
    gas, urban = to[terms.function("gas-authority")], to[terms.function("urban-management")]
    assert gas is not None
    assert gas.body.label.zh == "青岛市住房和城乡建设局"
    assert urban is not None
    assert urban.body.label.zh == "青岛市人民政府"
    assert found.unperformed
    assert {duty.function for duty in found.unperformed} == {terms.function("urban-management")}


def test_a_body_of_the_area_with_the_same_function_goes_first(small: Callable[..., Network]) -> None:
    city = small({"government": ["government"], "old": ["health"], "new": ["health"]})
    found = city.outages.when([city.bodies.find("old").iri])
    assert found.handovers[0].to is not None
    assert found.handovers[0].to.body.label.zh == "new"
    assert found.lost_leads == ()  # the other one leads on


def test_where_nobody_is_left_a_function_is_lost(small: Callable[..., Network]) -> None:
    city = small({"government": ["government"], "health": ["health"]})
    found = city.outages.when(list(city.bodies))
    assert all(one.to is None and one.unperformed for one in found.handovers)
    assert any(not lost.to for lost in found.lost_leads)


def test_subordinates_go_round_to_the_next_superior_that_stands(small: Callable[..., Network]) -> None:
    city = small(
        {"low": [], "middle": [], "high": [], "top": []}, {"low": "middle", "middle": "high", "high": "top"}
    )
    found = city.outages.when([city.bodies.find(name).iri for name in ("middle", "high")])
    [route] = found.routes
    assert (route.body.label.zh, route.to and route.to.label.zh, route.path) == ("low", "top", ())
    assert [named(part) for part in found.cut_off] in ([["low"]], [["top"]])


def test_districts_without_a_body_of_their_own_lose_their_lead_with_the_citys(qingdao: Network) -> None:
    function = terms.function("communications")
    [city] = qingdao.bodies.performing(qingdao.bodies.city, function)
    found = qingdao.outages.when([city.iri])
    areas = {lost.area for lost in found.lost_leads}
    leading = {area for area in qingdao.bodies.areas if qingdao.duties.leads(qingdao.bodies, area)}
    without = {area for area in leading if not qingdao.bodies.performing(area, function)}
    assert len(without) == 10
    assert areas == {qingdao.bodies.city, *without}


def test_the_way_avoids_who_is_down(qingdao: Network) -> None:
    start, end = body_of("370202/water"), body_of("370200/water")
    assert (
        named(qingdao.outages.path(start, end)) == ["市南区水务管理局", "青岛市水务管理局"]
        or len(qingdao.outages.path(start, end)) == 2
    )
    with pytest.raises(NotFound, match=r"network\.path"):
        qingdao.outages.path(start, end, [end])


def test_a_body_of_another_city_is_not_found(qingdao: Network) -> None:
    with pytest.raises(NotFound, match=r"network\.body"):
        qingdao.outages.when([terms.of_city("370100", "dept/370100/health")])
