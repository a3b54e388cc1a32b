"""Signals that belong together stand together, with the reason, and an officer judges."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest

from kb.access.principal import Operator, Principal
from kb.errors import Forbidden, InputError, NotFound
from kb.flow import FlowRefused
from kb.resources import folder
from kb.services import incident
from kb.services.candidates import board, judging, planted, reading, signals
from kb.services.life.timeline import timeline
from kb.services.warnings.receiving import receive
from kb.services.workspace import Workspace

DAYS = itertools.count(1)
EXAMPLES = folder("examples") / "warnings"
HERE = {"longitude": 120.385, "latitude": 36.065, "grid": "370202"}


class Scene:
    """A day of its own for each test, on which nothing else waits."""

    def __init__(self, workspace: Workspace) -> None:
        policy = workspace.policies.current
        self.workspace = workspace
        self.me = Operator("chen", frozenset(policy.roles), policy)
        self.day = datetime.fromisoformat("2027-01-01T00:00:00+08:00") + timedelta(days=3 * next(DAYS))

    def at(self, hour: float) -> datetime:
        return self.day + timedelta(hours=hour)

    def notice(self, *rows: dict[str, Any]) -> list[str]:
        made = [{**HERE, **row, "time": self.at(row.get("time", 9)).isoformat()} for row in rows]
        found = reading.read(self.workspace, made, self.at(10))
        return signals.notice(self.workspace, found, self.me, now=self.at(10))

    def candidates(self, hour: float = 10) -> list[dict[str, Any]]:
        return board.candidates(self.workspace, self.at(hour))

    def judge(self, identifier: str, step: str, **data: Any) -> dict[str, Any]:
        return judging.judge(self.workspace, identifier, step, data, self.me, now=self.at(10))


@pytest.fixture
def scene(workspace: Workspace) -> Scene:
    return Scene(workspace)


def test_signals_of_one_fire_by_several_names_stand_together_with_the_reason(scene: Scene) -> None:
    scene.notice(
        {"type": "居民楼着火", "source": "119", "text": "三楼冒烟"},
        {"type": "火灾", "time": 9.1, "longitude": 120.387, "source": "12345"},
        {"type": "火灾", "time": 9.1, "longitude": 120.45, "source": "far away"},
        {"type": "火灾", "time": 15, "source": "later"},
    )
    found = scene.candidates(15.1)
    together = next(one for one in found if len(one["signals"]) == 2)
    second = together["signals"][1]
    assert second["becauseOf"] == together["signals"][0]["id"]
    assert len(second["reasons"]) == 3
    for reason in second["reasons"]:
        assert reason["zh"] != reason["en"]
    assert "公里" in second["reasons"][1]["zh"]
    assert sorted(len(one["signals"]) for one in found) == [1, 1, 2]
    assert together["confidence"] == 0.75


def test_how_near_depends_on_the_type(scene: Scene) -> None:
    apart = {"longitude": 120.385 + 0.02}  # 1.8 km
    crash = {"type": "道路交通事故"}
    scene.notice({"type": "内涝"}, {"type": "暴雨", **apart}, crash, {**crash, **apart})
    found = scene.candidates()
    assert sorted(len(one["signals"]) for one in found) == [1, 1, 2]
    together = next(one for one in found if len(one["signals"]) == 2)
    assert {one["label"]["zh"] for one in together["types"]} == {"内涝", "暴雨"}


def test_a_candidate_that_is_confirmed_is_an_incident_and_waits_no_more(scene: Scene) -> None:
    [first, _] = scene.notice({"type": "内涝", "source": "S-1"}, {"type": "内涝", "time": 9.2})
    done = scene.judge(first, "confirm", report={"rainfall3h": 60})
    assert len(done["signals"]) == 2
    answer = incident.recall(scene.workspace, done["incident"])
    assert answer.facts
    assert scene.candidates() == []
    with pytest.raises(NotFound):
        scene.judge(first, "confirm")
    scene.notice({"type": "内涝", "time": 9.5, "source": "S-2"})
    [later] = scene.candidates()
    assert [near["incident"]["id"] for near in later["near"]] == [done["incident"]]
    scene.judge(later["id"], "attach", incident=done["incident"])
    events = timeline(scene.workspace, done["incident"])["events"]
    assert "S-2" in events[-1]["reason"]


def test_to_dismiss_needs_a_reason_and_keeps_it(scene: Scene) -> None:
    [one] = scene.notice({"type": "内涝"})
    with pytest.raises(FlowRefused):
        scene.judge(one, "dismiss")
    assert scene.judge(one, "dismiss", reason="洒水车")["incident"] is None
    assert scene.candidates() == []
    [_, last] = scene.workspace.flows.ledger.events(signals.timeline(one))
    assert last.reason == "洒水车"


def test_the_same_signal_again_is_noticed_once(scene: Scene) -> None:
    row = {"type": "内涝", "source": "S-9", "id": f"s9-{scene.day:%m%d}"}
    assert len(scene.notice(row)) == 1
    assert scene.notice(row) == []


def test_a_warning_in_force_is_a_signal_until_it_is_cancelled_and_what_else_supports_stays(
    scene: Scene,
) -> None:
    def take(name: str, hour: float) -> None:
        text = (EXAMPLES / f"{name}.xml").read_text(encoding="utf-8")
        text = text.replace("2026-07-20", f"{scene.day:%Y-%m-%d}").replace(
            "@example.org", f"@c{scene.day:%m%d}"
        )
        receive(scene.workspace, text.encode(), scene.me, now=scene.at(hour))

    [observed] = scene.notice({"type": "内涝", "kind": "observation", "time": 9})
    take("rainstorm", 9.5)
    kinds = {signal["kind"]["name"] for one in scene.candidates() for signal in one["signals"]}
    assert kinds == {"observation", "warning"}
    take("rainstorm-update", 10.5)
    take("rainstorm-cancel", 14.5)
    left = [signal["id"] for one in scene.candidates(15) for signal in one["signals"]]
    assert left == [observed]


def test_a_warning_over_a_district_draws_no_separate_places_together(scene: Scene) -> None:
    scene.notice({"type": "内涝"}, {"type": "内涝", "longitude": 120.5, "time": 9.1})
    text = (EXAMPLES / "rainstorm.xml").read_text(encoding="utf-8")
    text = text.replace("2026-07-20", f"{scene.day:%Y-%m-%d}").replace("@example.org", f"@d{scene.day:%m%d}")
    receive(scene.workspace, text.encode(), scene.me, now=scene.at(9.5))
    placed = [[s for s in one["signals"] if s["kind"]["name"] == "report"] for one in scene.candidates()]
    assert max(map(len, placed)) == 1


@pytest.mark.parametrize(
    ("row", "where"),
    [
        ({"type": "飞碟"}, "type"),
        ({"grid": "999999"}, "grid"),
        ({"longitude": 400}, "longitude"),
        ({"confidence": 7}, "confidence"),
        ({"confidence": "high"}, "confidence"),
        ({"kind": "rumour"}, "kind"),
        ({"colour": "red"}, "colour"),
        ({"id": "a b"}, "id"),
        ({"text": "x" * 3000}, "text"),
    ],
)
def test_a_row_that_cannot_be_understood_is_refused_with_its_number(
    scene: Scene, row: dict[str, Any], where: str
) -> None:
    rows = [{"type": "内涝", **HERE}, {"type": "内涝", **HERE, **row}]
    with pytest.raises(InputError) as refused:
        reading.read(scene.workspace, rows)
    assert f"2/{where}" in {fault.where for fault in refused.value.faults}


def test_who_may_not_judge_does_not(scene: Scene) -> None:
    [one] = scene.notice({"type": "内涝"})
    program = Principal("p", frozenset({"integrator"}), scene.workspace.policies.current)
    with pytest.raises(Forbidden):
        judging.judge(scene.workspace, one, "confirm", {}, program, now=scene.at(10))


def test_planted_duplicates_are_found_far_more_often_than_by_the_plain_way(workspace: Workspace) -> None:
    planter = planted.Planter(workspace, "370200", 2)
    for _ in range(60):
        planter.plant()
    scores = planted.measure(workspace, planter.signals)
    assert scores["ours"].recall > 2 * scores["plain"].recall
    assert scores["ours"].precision > 0.8
    for lang in ("zh", "en"):
        assert "%" in planted.render(scores, len(planter.signals), planter.incidents, lang)
