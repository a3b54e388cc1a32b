"""Incidents that call upon the same departments are shown, and the rule says which goes first, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.access.principal import Operator
from kb.services import incident
from kb.services.life.acting import Wish, take
from kb.services.life.contention import Contention
from kb.services.workspace import Workspace

AT = datetime(2026, 4, 1, 8, tzinfo=UTC)


def reported(workspace: Workspace, name: str, minutes: float = 0, **facts: Any) -> str:
    data = {"id": name, "type": "燃气爆炸", "grid": "370202", **facts}
    return incident.report(workspace, data, actor="chen", now=AT + timedelta(minutes=minutes)).id


def order(workspace: Workspace, identifier: str | None = None) -> list[tuple[str, str, str]]:
    found = Contention(workspace).pairs(identifier)
    return [
        (pair["first"]["id"], pair["then"]["id"], pair["because"]["rule"]["iri"].rpartition("/")[2])
        for pair in found
    ]


def test_grade_goes_before_lives_and_lives_before_time(quiet: Workspace) -> None:
    reported(quiet, "ungraded-first", -60)
    reported(quiet, "larger", 5, deaths=4)
    reported(quiet, "larger-trapped", 9, deaths=4, trapped=2)
    reported(quiet, "larger-later", 12, deaths=4)
    assert set(order(quiet)) == {
        ("larger", "ungraded-first", "precedes-ungraded"),
        ("larger-trapped", "ungraded-first", "precedes-ungraded"),
        ("larger-later", "ungraded-first", "precedes-ungraded"),
        ("larger-trapped", "larger", "precedes-by-life"),
        ("larger-trapped", "larger-later", "precedes-by-life"),
        ("larger", "larger-later", "precedes-by-time"),
    }


def test_a_pair_says_over_what_it_contends_and_proves_who_goes_first(quiet: Workspace) -> None:
    reported(quiet, "small", deaths=1)
    reported(quiet, "great", 5, deaths=12)
    (pair,) = Contention(quiet).pairs("small", proofs=True)
    assert (pair["first"]["id"], pair["then"]["id"]) == ("great", "small")
    assert pair["because"]["sentence"]["en"] == "This one is graded Major, higher than the other’s Ordinary."
    assert pair["because"]["clause"]["label"]["zh"] == "《协治模型城市约定》：争用资源的先后"
    assert "市南区" not in {one["label"]["zh"] for one in pair["over"]}
    assert pair["over"]
    graphs = {graph["iri"] for node in pair["proof"]["premises"] for graph in node.get("graphs", ())}
    assert any(graph.endswith("response/small") for graph in graphs)  # whose grade it is, is not confused


def test_incidents_of_different_cities_do_not_contend(quiet: Workspace) -> None:
    reported(quiet, "here")
    reported(quiet, "there", grid="370102")
    assert not order(quiet)


def test_an_incident_that_is_over_contends_no_more_and_a_continued_report_changes_the_order(
    quiet: Workspace,
) -> None:
    kept = Contention(quiet)
    reported(quiet, "one", deaths=1)
    reported(quiet, "two", 5, deaths=1)
    assert [pair["first"]["id"] for pair in kept.pairs()] == ["one"]
    reported(quiet, "two", 5, deaths=4)
    assert [pair["first"]["id"] for pair in kept.pairs()] == ["two"]
    everybody = frozenset(quiet.policies.current.roles)
    take(quiet, "two", Wish("dismiss", "a drill"), Operator("operator", everybody, quiet.policies.current))
    assert not kept.pairs()


facts = st.fixed_dictionaries(
    {}, optional={"deaths": st.integers(0, 40), "trapped": st.integers(0, 3), "missing": st.integers(0, 2)}
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(facts, st.integers(0, 3)), min_size=3, max_size=3))
def test_of_any_incidents_each_pair_has_exactly_one_that_goes_first_and_there_is_no_circle(
    quiet: Workspace, reports: list[tuple[dict[str, int], int]]
) -> None:
    for number, (known, minutes) in enumerate(reports):
        reported(quiet, f"any-{number}", minutes, **known)
    found = [(first, then) for first, then, _ in order(quiet)]
    names = {f"any-{number}" for number in range(3)}
    assert {frozenset(pair) for pair in found} == {frozenset((a, b)) for a in names for b in names if a != b}
    assert len(found) == 3
    assert len({first for first, _ in found}) == 2  # in a circle of three each would go first once
