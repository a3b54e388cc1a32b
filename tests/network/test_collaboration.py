"""Who works with whom, and what the shape of that tells."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import combinations

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Quad

from kb.errors import NotFound
from kb.namespaces import RDF_TYPE, ROOT, graph, xz
from kb.network import analysis, bodies, collaboration, directives
from kb.network.duties import Duties
from kb.services.workspace import Workspace
from kb.store.protocol import Change
from tests.network.conftest import Network, body_of

EMERGENCY, WATER, HEALTH = (
    body_of("370200/emergency-management"),
    body_of("370200/water"),
    body_of("370200/health"),
)


def test_two_bodies_of_one_area_work_together_in_the_types_in_which_both_have_duties(
    qingdao: Network,
) -> None:
    one, other = qingdao.bodies[EMERGENCY], qingdao.bodies[WATER]
    joints = collaboration.evidence(qingdao.bodies, qingdao.duties, one, other)
    assert len(joints) == qingdao.graph[EMERGENCY][WATER]["joint"] > 0
    for joint in joints:
        functions = {duty.function for duty in joint.duties}
        assert functions & set(one.functions)
        assert functions & set(other.functions)
        assert all(duty.clauses for duty in joint.duties)


def test_bodies_of_two_areas_are_joined_by_the_hierarchy_alone(qingdao: Network) -> None:
    district = body_of("370202/water")
    assert qingdao.graph[district][WATER]["vertical"] == 1
    assert qingdao.graph[district][WATER]["joint"] == 0
    assert not qingdao.graph.has_edge(district, HEALTH)
    assert (
        collaboration.evidence(
            qingdao.bodies, qingdao.duties, qingdao.bodies[district], qingdao.bodies[WATER]
        )
        == []
    )


def test_every_link_says_why_it_is_there(qingdao: Network) -> None:
    for _, _, edge in qingdao.graph.edges(data=True):
        assert edge["weight"] == edge["joint"] + edge["vertical"] + edge["directives"] > 0
        assert 0 < edge["closeness"] <= 1


def test_a_duty_that_is_exempt_for_a_type_joins_nobody_in_it(qingdao: Network) -> None:
    remit = qingdao.duties.remit(qingdao.bodies, qingdao.bodies.city)
    cordon = NamedNode(f"{ROOT}kb/duty/common-cordon")
    assert cordon in {duty.iri for duty in remit.of(xz("GasExplosion"))}
    assert cordon not in {duty.iri for duty in remit.of(xz("HeavyAirPollution"))}


def test_only_the_most_specific_lead_counts(qingdao: Network) -> None:
    remit = qingdao.duties.remit(qingdao.bodies, qingdao.bodies.city)
    crowd, scenic = (remit.leads[xz(name)] for name in ("CrowdCrush", "ScenicAreaOvercrowding"))
    assert [duty.iri.value for duty in crowd] == [f"{ROOT}kb/duty/crowd-lead"]
    assert [duty.iri.value for duty in scenic] == [f"{ROOT}kb/duty/scenic-lead"]


def test_duties_that_are_not_in_force_join_nobody(workspace: Workspace, qingdao: Network) -> None:
    before = Duties(workspace.store, date(2020, 1, 1)).remit(qingdao.bodies, qingdao.bodies.city)
    now = qingdao.duties.remit(qingdao.bodies, qingdao.bodies.city)
    assert before.types(*qingdao.bodies[EMERGENCY].functions)
    names = {duty.iri.value for type_ in before.leads for duty in before.of(type_)}
    assert f"{ROOT}kb/duty/common-cordon" not in names
    assert f"{ROOT}kb/duty/common-cordon" in {d.iri.value for t in now.leads for d in now.of(t)}


def test_two_addressees_of_one_incident_worked_together(fresh: Workspace) -> None:
    told_so = directives.Directives(fresh.store)
    assert told_so.past() == ()
    for incident, told in (
        ("one", (EMERGENCY, HEALTH)),
        ("two", (EMERGENCY, HEALTH, WATER)),
        ("three", (WATER,)),
    ):
        name, about = graph(f"directive/{incident}"), NamedNode(f"{ROOT}incident/{incident}")
        quads = []
        for number, body in enumerate(told):
            directive = NamedNode(f"{about.value}/directive/{number}")
            quads += [
                Quad(directive, RDF_TYPE, xz("Directive"), name),
                Quad(directive, xz("addressee"), body, name),
                Quad(directive, xz("directiveOf"), about, name),
            ]
        fresh.store.commit(Change(quads), actor="test", action="direct")
    past = {frozenset((one, other)): count for one, other, count in told_so.past()}
    assert past[frozenset((EMERGENCY, HEALTH))] == 2
    assert past[frozenset((EMERGENCY, WATER))] == 1
    hidden = told_so.past(lambda name: not name.value.endswith("/two"))
    assert [count for *_, count in hidden] == [1]


def test_who_issues_a_directive_works_with_its_addressee(fresh: Workspace) -> None:
    told_so, name = directives.Directives(fresh.store), graph("directive/lateral")
    directive = NamedNode(f"{ROOT}directive/lateral/1")
    quads = [Quad(directive, xz("issuer"), WATER, name), Quad(directive, xz("addressee"), HEALTH, name)]
    assert told_so.past() == ()
    fresh.store.commit(Change(quads), actor="test", action="request")
    assert [{one, other} for one, other, _ in told_so.past()] == [{WATER, HEALTH}]
    fresh.store.commit(Change((), quads), actor="test", action="take back")
    assert told_so.past() == ()


def test_past_directives_join_bodies_that_no_duty_joins(small: Callable[..., Network]) -> None:
    city = small({"finance": [], "archive": []})
    one, other = list(city.bodies)
    built = collaboration.build(city.bodies, city.duties, [(one, other, 3), (one, HEALTH, 1)])
    assert built[one][other]["directives"] == 3
    assert HEALTH not in built
    assert analysis.analyse(built, city.bodies).isolates == ()


def test_the_findings_agree_with_their_definitions(qingdao: Network) -> None:
    found = analysis.analyse(qingdao.graph, set(qingdao.bodies))
    assert found.bodies == len(qingdao.bodies)
    for one, other in found.bridges[:10]:
        cut = qingdao.graph.copy()
        cut.remove_edge(one, other)
        assert not networkx.has_path(cut, one, other)
    for body in found.cut_points:
        before = networkx.number_connected_components(qingdao.graph)
        without = qingdao.graph.copy()
        without.remove_node(body)
        assert networkx.number_connected_components(without) > before
    for body in found.isolates:
        assert not any(edge["joint"] or edge["directives"] for edge in qingdao.graph[body].values())
    assert sorted(b.value for group in found.communities for b in group) == sorted(
        b.value for b in qingdao.bodies
    )


def test_the_same_network_gives_the_same_findings(qingdao: Network) -> None:
    district = qingdao.bodies[body_of("370202/water")].area
    part = collaboration.within(qingdao.graph, qingdao.bodies, district)
    once, again = (analysis.analyse(part, set(qingdao.bodies)) for _ in range(2))
    assert once == again


def test_a_sample_finds_the_busiest_bodies_that_exact_counting_finds(
    qingdao: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    district = qingdao.bodies[body_of("370202/water")].area
    part = collaboration.within(qingdao.graph, qingdao.bodies, district)
    exact = analysis.analyse(part, ())
    monkeypatch.setattr(analysis, "EXACT", 1)
    monkeypatch.setattr(analysis, "SAMPLE", len(part) - 1)
    sampled = analysis.analyse(part, ())
    assert (exact.exact, sampled.exact) == (True, False)
    assert exact.bottlenecks[0][0] == sampled.bottlenecks[0][0]


def test_an_area_without_bodies_and_an_unknown_city_are_named(workspace: Workspace, qingdao: Network) -> None:
    with pytest.raises(NotFound, match=r"network\.area"):
        collaboration.within(qingdao.graph, qingdao.bodies, NamedNode(f"{ROOT}division/990000"))
    with pytest.raises(NotFound, match=r"network\.city.*370200"):
        bodies.read(workspace.store, "990000")


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whoever_shares_a_type_is_linked_and_nobody_else_is(qingdao: Network, data: st.DataObject) -> None:
    area = data.draw(st.sampled_from(qingdao.bodies.areas))
    for one, other in combinations(qingdao.bodies.of(area)[:12], 2):
        shared = qingdao.duties.types(qingdao.bodies, one) & qingdao.duties.types(qingdao.bodies, other)
        joint = (qingdao.graph.get_edge_data(one.iri, other.iri) or {"joint": 0})["joint"]
        assert joint == len(shared)


def test_a_body_is_found_by_label_and_by_the_end_of_its_iri(qingdao: Network) -> None:
    names = ("青岛市水务管理局", WATER.value, "370200/water")
    assert {qingdao.bodies.find(name).iri for name in names} == {WATER}
    with pytest.raises(NotFound, match="青岛市水务管理局"):
        qingdao.bodies.find("青岛市水务局")
