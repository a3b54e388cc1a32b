"""The life of a release: nothing is changed once kept, and nobody approves their own draft."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode

from kb.clock import today
from kb.errors import Forbidden, InputError, KnowledgeFault, NotFound, StoreError
from kb.namespaces import ROOT, xz
from kb.ontology.knowledge import over, shipped
from kb.services import incident
from kb.services.incident import derive
from kb.services.releases import desk, life
from kb.services.releases.archive import Archive
from kb.services.releases.calendar import in_force, standing
from kb.services.releases.difference import difference, records
from kb.services.releases.life import Event, Release
from kb.services.releases.replay import replay
from kb.services.workspace import TrialWorkspace, Workspace
from tests.homes import copied

TODAY = today()
MORE = """
use:gas-interruption-epidemiology a xz:ModuleUse ; xz:appliesTo xz:GasSupplyInterruption ;
    xz:module module:epidemiology ;
    xz:jurisdiction division:100000 ; xz:validFrom "2007-06-01"^^xsd:date ;
    dcterms:source clause:xiezhi-model-city-module-conditions ; xz:evidence "convention" .
"""
"""An interruption of gas brings in one module more: easy to see in a response."""
REPORT = {"type": "燃气停供", "grid": "370102", "deaths": 2}


@pytest.fixture
def changes(tmp_path: Path) -> Path:
    """A folder of changes: the gas pack with one use more."""
    return changes_in(tmp_path)


def changes_in(folder: Path) -> Path:
    target = folder / "changes/ontology/packs/gas/provisions.ttl"
    target.parent.mkdir(parents=True)
    source = (shipped().ontology / "packs/gas/provisions.ttl").read_text(encoding="utf-8")
    target.write_text(source + MORE, encoding="utf-8")
    return folder / "changes"


def drafted(workspace: Workspace, changes: Path, by: str = "zhang") -> Release:
    with over(changes) as knowledge:
        return desk.draft(workspace, knowledge, "流调模块", by)


@pytest.fixture(scope="module")
def handed_in(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A closed home in which zhang drafted a release and chen handed it in, and its number."""
    folder = tmp_path_factory.mktemp("review")
    home = copied(prepared, folder / "home")
    with Workspace(home, cities=()) as workspace:
        made = drafted(workspace, changes_in(folder))
        desk.submit(workspace, made.id, "chen")
    return home, made.id


@pytest.fixture
def review(handed_in: tuple[Path, str], tmp_path: Path) -> tuple[Path, str]:
    """The same for one test alone."""
    home, number = handed_in
    return copied(home, tmp_path / "review"), number


def approve(workspace: Workspace, number: str, effective: date | None = None) -> Release:
    return desk.step(workspace, number, "approve", "li", effective=effective)


def modules(workspace: Workspace) -> set[str]:
    answer = incident.report(workspace, REPORT, actor="test")
    found = answer.derivation.objects(answer.incident, life.xz("activates"))
    return {str(module).rsplit("/", 1)[-1].rstrip(">") for module in found}


# ── keeping ──────────────────────────────────────────────────────────────────────────────────


def test_what_the_product_ships_is_kept_and_in_force_from_the_first_start(fresh: Workspace) -> None:
    (only,) = life.read(fresh.store).values()
    assert only.shipped
    assert only.digest.startswith(fresh.release)
    assert in_force([only], TODAY) is only
    kept = Archive(fresh.home).open(only.digest)
    assert (kept.ontology / "core.ttl").read_bytes() == (shipped().ontology / "core.ttl").read_bytes()


def test_a_second_start_records_nothing(home: Path) -> None:
    with Workspace(home, cities=()) as first:
        before = first.store.sequence
    with Workspace(home, cities=()) as second:
        assert second.store.sequence == before


def test_the_same_content_is_kept_once_and_drafted_once(fresh: Workspace, changes: Path) -> None:
    made = drafted(fresh, changes)
    with pytest.raises(InputError, match="to the letter"):
        drafted(fresh, changes, by="wang")
    assert Archive(fresh.home).keep(Archive(fresh.home).open(made.digest)) == made.digest


def test_a_release_whose_files_were_altered_is_refused(fresh: Workspace, changes: Path) -> None:
    made = drafted(fresh, changes)
    file = fresh.home / "releases" / made.digest / "ontology/core.ttl"
    file.chmod(0o644)
    file.write_text(file.read_text(encoding="utf-8") + "# slipped in\n", encoding="utf-8")
    with pytest.raises(StoreError, match="altered"):
        Archive(fresh.home).open(made.digest)
    with pytest.raises(StoreError, match="altered"):
        desk.submit(fresh, made.id, "zhang")


def test_kept_files_are_read_only(fresh: Workspace, changes: Path) -> None:
    made = drafted(fresh, changes)
    files = [p for p in (fresh.home / "releases" / made.digest).rglob("*") if p.is_file()]
    assert files
    assert all(not file.stat().st_mode & 0o222 for file in files)


# ── steps ────────────────────────────────────────────────────────────────────────────────────


def test_nobody_who_had_a_hand_in_it_may_approve_it_however_the_name_is_written(
    review: tuple[Path, str],
) -> None:
    home, number = review
    with Workspace(home, cities=()) as workspace:
        for name in ("zhang", "Zhang", "chen"):
            with pytest.raises(Forbidden, match="had a hand"):
                desk.step(workspace, number, "approve", name)
        assert approve(workspace, number).state == "approved"


def test_a_step_that_the_state_does_not_allow_is_refused_and_says_what_is_possible(
    fresh: Workspace, changes: Path
) -> None:
    made = drafted(fresh, changes)
    with pytest.raises(InputError) as caught:
        desk.step(fresh, made.id, "approve", "li")
    repair = caught.value.faults[0].repair
    assert repair is not None
    assert "submit" in repair.en


def test_a_release_that_is_wrong_cannot_be_submitted(fresh: Workspace, changes: Path) -> None:
    file = changes / "ontology/packs/gas/provisions.ttl"
    file.write_text(
        file.read_text(encoding="utf-8").replace("module:epidemiology", "module:epidemie"), "utf-8"
    )
    made = drafted(fresh, changes)
    with pytest.raises(KnowledgeFault, match="no file defines module:epidemie"):
        desk.submit(fresh, made.id, "zhang")
    assert life.read(fresh.store)[made.digest].state == "draft"


def test_a_release_with_a_failing_case_cannot_be_submitted(fresh: Workspace, changes: Path) -> None:
    case = (
        '- {title: "甲 / a", given: {type: 燃气停供, grid: "370102"}, '
        "absent: {activates: 流行病学调查与检验}}\n"
    )
    (changes / "ontology/packs/gas/new.cases.yaml").write_text(case, encoding="utf-8")
    made = drafted(fresh, changes)
    with pytest.raises(KnowledgeFault, match="fails: must not have activates"):
        desk.submit(fresh, made.id, "zhang")


def test_it_cannot_take_effect_in_the_past(review: tuple[Path, str]) -> None:
    home, number = review
    with Workspace(home, cities=()) as workspace, pytest.raises(InputError, match="past"):
        approve(workspace, number, TODAY - timedelta(days=1))


def test_every_step_is_in_the_journal_with_who_and_why(fresh: Workspace, changes: Path) -> None:
    made = drafted(fresh, changes)
    desk.step(fresh, made.id, "withdraw", "wang", reason="不需要了")
    entries = [e for e in fresh.store.entries() if e.reason == made.id]
    assert [(e.action, e.actor) for e in entries] == [
        ("release draft", "zhang"),
        ("release withdraw", "wang"),
    ]
    assert life.read(fresh.store)[made.digest].events[-1].reason == "不需要了"


ACTIONS = ["submit", "return", "withdraw", "approve", "restore"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=st.lists(st.sampled_from(ACTIONS), max_size=7), number=st.integers(0, 10**9))
def test_replaying_the_events_gives_the_state_whatever_is_tried(
    workspace: Workspace, actions: list[str], number: int
) -> None:
    """A model of the machine in five lines beside the real one, over random attempts."""
    allowed = {
        "draft": {"submit": "review", "withdraw": "withdrawn"},
        "review": {"return": "draft", "withdraw": "withdrawn", "approve": "approved"},
        "approved": {"restore": "approved"},
        "withdrawn": {},
    }
    state, digest = "draft", f"{number:064d}"
    release = life.Release(digest, "x")
    release.events.append(Event("draft", "zhang", life.now()))
    for action in actions:
        wanted = allowed[state].get(action)
        try:
            release = life.record(workspace.store, release, Event(action, "li", life.now(), TODAY))
            assert wanted is not None
            state = wanted
        except Forbidden:  # li submitted it, so li may not approve it
            assert action == "approve"
            assert wanted == "approved"
        except InputError:
            assert wanted is None
        assert release.state == state


# ── in force ─────────────────────────────────────────────────────────────────────────────────


def test_an_approved_release_is_in_force_from_its_day(review: tuple[Path, str]) -> None:
    home, number = review
    with Workspace(home, cities=()) as workspace:
        approve(workspace, number)
        assert "epidemiology" not in modules(workspace), "the running process keeps its knowledge"
    with Workspace(home, cities=()) as workspace:
        assert workspace.release == number
        assert "epidemiology" in modules(workspace)


def test_one_that_takes_effect_tomorrow_waits(review: tuple[Path, str]) -> None:
    home, number = review
    tomorrow = TODAY + timedelta(days=1)
    with Workspace(home, cities=()) as workspace:
        made = approve(workspace, number, tomorrow)
        found = list(life.read(workspace.store).values())
        assert standing(made, found, TODAY).en == "approved"
        assert standing(made, found, tomorrow).en == "effective"
        assert standing(found[0], found, tomorrow).en == "superseded"
    with Workspace(home, cities=()) as workspace:
        assert workspace.release != number


def test_a_rollback_puts_the_one_before_in_force_again(review: tuple[Path, str]) -> None:
    home, number = review
    with Workspace(home, cities=()) as workspace:
        before = workspace.release
        approve(workspace, number)
        assert desk.rollback(workspace, "wang", reason="误报").id == before
    with Workspace(home, cities=()) as workspace:
        assert workspace.release == before
        assert "epidemiology" not in modules(workspace)


def test_without_an_earlier_release_there_is_nothing_to_roll_back_to(fresh: Workspace) -> None:
    with pytest.raises(NotFound, match="no other release"):
        desk.rollback(fresh, "wang")


def test_an_unknown_or_too_short_number_is_refused(fresh: Workspace) -> None:
    for name in ("ffff", "a"):
        with pytest.raises(NotFound):
            life.find(life.read(fresh.store).values(), name)


# ── difference and replay ────────────────────────────────────────────────────────────────────


def test_the_difference_tells_records_and_which_conclusions_change_for_which_types(
    workspace: Workspace, changes: Path
) -> None:
    with over(changes) as knowledge:
        after = TrialWorkspace(workspace, knowledge)
        assert records(shipped(), knowledge) == {
            "added": ["https://w3id.org/xiezhi/kb/use/gas-interruption-epidemiology"],
            "removed": [],
            "changed": [],
        }
        found = difference(workspace, after, TODAY)
    gained = {
        (entry["type"]["label"]["en"], relation["relation"]["label"]["en"], value["label"]["en"])
        for entry in found["types"]["changed"]
        for relation in entry["relations"]
        for value in relation["gained"]
    }
    assert ("Gas supply interruption", "activates", "Epidemiology and laboratory") in gained
    assert {type_ for type_, _, _ in gained} >= {"Gas supply interruption"}
    assert not any(relation["lost"] for e in found["types"]["changed"] for relation in e["relations"])


def test_an_incident_is_replayed_under_the_facts_and_the_release_of_its_day(review: tuple[Path, str]) -> None:
    home, number = review
    tomorrow = TODAY + timedelta(days=1)
    with Workspace(home, cities=()) as workspace:
        incident.report(workspace, {**REPORT, "id": "r1"}, actor="test")
        then = replay(workspace, "r1", TODAY)
        assert then["difference"]["relations"] == []
        assert then["release"]["id"] == then["today"]["id"]
        approve(workspace, number, tomorrow)
        later = replay(workspace, "r1", tomorrow)
    assert later["release"]["id"] == number
    (change,) = later["difference"]["relations"]
    assert [gone["label"]["en"] for gone in change["removed"]] == ["Epidemiology and laboratory"]


def test_a_replay_knows_which_centre_has_the_incident(fresh: Workspace) -> None:
    """Or else every replay would say that the hand-over is new today."""
    centre = NamedNode(f"{ROOT}kb/centre/monitoring")
    data = {"id": "r3", "type": "燃气爆炸", "grid": "370102", "deaths": 4}
    answer = incident.report(fresh, data, actor="test", centre=centre)
    assert answer.derivation.objects(answer.incident, xz("handOverTo"))
    assert replay(fresh, "r3", TODAY)["difference"]["relations"] == []


def test_a_continued_report_is_replayed_with_the_facts_of_the_day_alone(fresh: Workspace) -> None:
    incident.report(fresh, {**REPORT, "id": "r2"}, actor="test")
    with pytest.raises(NotFound, match="had not been reported"):
        replay(fresh, "r2", TODAY - timedelta(days=1))
    with pytest.raises(NotFound):
        replay(fresh, "nobody", TODAY)


def test_a_trial_writes_nothing(fresh: Workspace, changes: Path) -> None:
    before = fresh.store.sequence
    with over(changes) as knowledge:
        trial = TrialWorkspace(fresh, knowledge)
        report = trial.reader.read(REPORT, incident_id="x", received=life.now())
        assert len(derive(trial, report.incident, report.facts)) > 50
    assert fresh.store.sequence == before
    shutil.rmtree(changes)
