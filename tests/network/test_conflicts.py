"""Duties that contradict or repeat one another."""

from __future__ import annotations

from collections.abc import Callable

from kb.network.conflicts import MEANINGS, Finding, Kind, conflicts
from tests.network.conftest import Network


def of(city: Network, kind: Kind) -> list[Finding]:
    return [one for one in conflicts(city.bodies, city.duties) if one.kind is kind]


def test_the_model_city_has_no_two_leads_and_no_function_twice(qingdao: Network) -> None:
    found = {one.kind for one in conflicts(qingdao.bodies, qingdao.duties)}
    assert found <= {Kind.LEAD_AND_SUPPORT}


def test_two_bodies_with_one_function_lead_the_same_types_and_have_its_tasks_twice(
    small: Callable[..., Network],
) -> None:
    city = small({"old": ["health"], "new": ["health"]})
    [*leads] = of(city, Kind.TWO_LEADS)
    [*tasks] = of(city, Kind.SAME_FUNCTION)
    assert leads
    assert tasks
    for finding in (*leads, *tasks):
        assert [body.label.zh for place in finding.places for body in place.bodies] == ["new", "old"]
        assert all(duty.clauses for duty in finding.duties)
    assert all(duty.heads for finding in leads for duty in finding.duties)
    assert not any(duty.heads for finding in tasks for duty in finding.duties)


def test_a_body_that_leads_and_supports_one_type_is_told_with_both_duties(qingdao: Network) -> None:
    found = of(qingdao, Kind.LEAD_AND_SUPPORT)
    assert found
    for finding in found:
        assert [duty.heads for duty in finding.duties].count(True) == 1
        remit = qingdao.duties.remit(qingdao.bodies, qingdao.bodies.city)
        for type_ in finding.types:
            assert set(finding.duties) <= set(remit.of(type_))
        functions = {duty.function for duty in finding.duties}
        for place in finding.places:
            assert all(functions <= set(body.functions) for body in place.bodies)


def test_one_area_alone_may_be_asked(qingdao: Network) -> None:
    city = qingdao.bodies.city
    found = conflicts(qingdao.bodies, qingdao.duties, city)
    assert {place.area for one in found for place in one.places} == {city}


def test_only_where_somebody_may_lead_is_there_a_lead_too_many(qingdao: Network) -> None:
    for finding in of(qingdao, Kind.LEAD_AND_SUPPORT):
        assert all(qingdao.duties.leads(qingdao.bodies, place.area) for place in finding.places)


def test_every_kind_has_a_name_and_a_reason_in_both_languages() -> None:
    assert set(MEANINGS) == set(Kind)
    assert all(t.zh and t.en for meaning in MEANINGS.values() for t in (meaning.label, meaning.why))
