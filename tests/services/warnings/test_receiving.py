"""What a warning supports, and that just this is taken back with it."""

from __future__ import annotations

import pytest
from pyoxigraph import NamedNode

from kb.access.principal import Principal
from kb.cap import CapRefused
from kb.errors import Forbidden
from kb.flow.ledger import STATE
from kb.namespaces import RDF_TYPE, xz
from kb.services.recommendation import recommend
from kb.services.warnings import quads, support, terms
from kb.services.warnings.receiving import WarningRefused, receive
from tests.services.warnings.conftest import Stage


def test_two_overlapping_warnings_each_support_the_same_and_a_cancellation_takes_back_just_one(
    stage: Stage,
) -> None:
    answer = stage.reported()
    assert stage.level(answer, 9.5) is None
    orange, yellow = stage.take("rainstorm"), stage.take("flood-risk")
    assert answer.id in orange.incidents
    assert answer.id in yellow.incidents
    assert stage.level(answer, 9.6) == "Orange warning"
    red = stage.take("rainstorm-update", 10.5)
    assert red.back == (orange.key,)
    assert stage.level(answer, 10.6) == "Red warning"
    assert stage.stored_level(answer) == "red"
    gone = stage.take("rainstorm-cancel", 14.5)
    assert gone.back == (red.key,)
    assert list(stage.workspace.store.match(None, None, None, terms.support_graph(red.key))) == []
    assert stage.level(answer, 14.6) == "Yellow warning"  # the other one stays
    assert stage.stored_level(answer) == "yellow"
    links = stage.workspace.store.match(answer.incident, terms.WARNED_BY, None)
    assert {quad.object for quad in links} == {terms.iri(yellow.key)}
    kept = {key: quads.stored(stage.workspace.store, key) for key in (orange.key, red.key, gone.key)}
    assert all(kept.values())  # what was received stays on record


def test_an_incident_reported_under_a_warning_has_its_level_and_why_names_the_rule(stage: Stage) -> None:
    stage.take("rainstorm")
    answer = stage.reported(10)
    found = recommend(stage.workspace, answer)
    assert found["warning"]["label"]["zh"] == "橙色预警"
    because = answer.derivation.because
    told = {t.predicate for t in answer.derivation.asserted}
    assert terms.WARNED_BY in told
    assert because is not None


def test_an_expired_warning_supports_nothing_though_nobody_did_anything(stage: Stage) -> None:
    answer = stage.reported()
    stage.take("rainstorm")
    assert stage.level(answer, 19.4) == "Orange warning"
    assert stage.level(answer, 19.5) is None  # the moment of expiry is outside
    assert recommend(stage.workspace, stage.reported(20))["warning"] is None
    # The store itself follows when somebody looks after it.
    assert stage.stored_level(answer) == "orange"
    assert answer.id in support.reconcile(stage.workspace, stage.at(20))
    assert stage.stored_level(answer) is None
    assert answer.id not in support.reconcile(stage.workspace, stage.at(20))


def test_a_warning_supports_nothing_before_it_is_in_force(stage: Stage) -> None:
    answer = stage.reported(8)
    stage.take("rainstorm", 7, effective="2026-07-20T09:00:00+08:00")
    assert stage.level(answer, 8.9) is None
    assert recommend(stage.workspace, stage.reported(9.1))["warning"] is not None
    support.reconcile(stage.workspace, stage.at(9.1))
    assert stage.level(answer, 9.2) == "Orange warning"


@pytest.mark.parametrize("status", ["Exercise", "Test", "Draft", "System"])
def test_what_is_not_actual_never_drives_a_response(stage: Stage, status: str) -> None:
    answer = stage.reported()
    drill = stage.take("rainstorm", status=status)
    assert answer.id not in drill.incidents
    assert stage.level(answer, 9.6) is None
    assert list(stage.workspace.store.match(None, None, None, terms.support_graph(drill.key))) == []


def test_an_exercise_cannot_cancel_a_real_warning(stage: Stage) -> None:
    real = stage.take("rainstorm-update", 10.5)
    with pytest.raises(WarningRefused) as refused:
        stage.take("rainstorm-cancel", 14.5, status="Exercise")
    assert refused.value.faults[0].code == "warning.status"
    assert {one.key for one in stage.workspace.warned.in_force(stage.at(15))} >= {real.key}


def test_nobody_takes_back_the_warning_of_another_sender(stage: Stage) -> None:
    real = stage.take("rainstorm")
    with pytest.raises(WarningRefused) as refused:
        stage.take("rainstorm-update", 10.5, sender="somebody@else")
    assert refused.value.faults[0].code == "warning.sender"
    assert real.key in {one.key for one in stage.workspace.warned.in_force(stage.at(11))}


def test_the_same_message_again_changes_nothing_and_another_under_its_name_is_refused(stage: Stage) -> None:
    first = stage.take("rainstorm")
    before = sum(1 for _ in stage.workspace.store.entries())
    assert stage.take("rainstorm").duplicate
    assert sum(1 for _ in stage.workspace.store.entries()) == before
    with pytest.raises(WarningRefused) as refused:
        stage.take("rainstorm", severity="Minor")
    assert refused.value.faults[0].code == "warning.changed"
    assert first.key in {one.key for one in stage.workspace.warned.in_force(stage.at(10))}


def test_an_update_that_comes_first_takes_back_the_warning_that_comes_late(stage: Stage) -> None:
    answer = stage.reported()
    red, late = stage.take("rainstorm-update", 10.5), stage.take("rainstorm", 10.6)
    assert stage.level(answer, 10.7) == "Red warning"
    [state] = stage.workspace.store.match(terms.iri(late.key), STATE, None)
    assert state.object == terms.SUPERSEDED
    assert late.key not in {one.key for one in stage.workspace.warned.all()}
    assert red.key in {one.key for one in stage.workspace.warned.all()}


def test_a_warning_elsewhere_or_of_something_else_gives_no_level(stage: Stage) -> None:
    elsewhere = stage.reported(grid="370211")
    other = stage.reported(type="集体上访")
    stage.take("rainstorm")
    assert stage.level(elsewhere, 9.6) is None
    assert stage.level(other, 9.6) is None


def test_the_grids_that_polygons_and_circles_reach_are_affected(stage: Stage) -> None:
    found = stage.take("flood-risk")
    areas = {
        quad.object
        for quad in stage.workspace.store.match(
            terms.iri(found.key), terms.AFFECTS, None, terms.support_graph(found.key)
        )
    }
    units = {quad.subject for quad in stage.workspace.store.match(None, RDF_TYPE, xz("UnitGrid"))}
    grids = sorted(one.value for one in areas & units if isinstance(one, NamedNode))
    assert len(grids) > 10
    inside = stage.reported(grid=grids[0])
    assert stage.level(inside, 9.6) == "Yellow warning"


def test_who_may_not_receive_warnings_does_not(stage: Stage) -> None:
    visitor = Principal("v", frozenset({"visitor"}), stage.workspace.policies.current)
    with pytest.raises(Forbidden):
        receive(stage.workspace, stage.text("rainstorm"), visitor)


def test_hostile_bytes_store_nothing(stage: Stage) -> None:
    before = sum(1 for _ in stage.workspace.store.entries())
    with pytest.raises(CapRefused):
        receive(stage.workspace, b"<!DOCTYPE x>", stage.me)
    assert sum(1 for _ in stage.workspace.store.entries()) == before


def test_everything_that_a_message_says_is_kept(stage: Stage) -> None:
    key = stage.take("rainstorm").key
    alert = quads.stored(stage.workspace.store, key)
    assert alert is not None
    assert [info.language for info in alert.infos] == ["zh-CN", "en-US"]
    assert alert.infos[1].instruction.startswith("Keep away")
    blocks = {q.subject for q in stage.workspace.store.match(None, terms.INFO_OF, terms.iri(key))}
    assert len(blocks) == 2
