"""The sample deliveries: right ones are stored whole, faulty ones give the quarantine that is said here."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from kb.services.workspace import Workspace
from kb.sharing.datasets import Dataset
from kb.sharing.incoming import Incoming
from kb.sharing.intake import Intake
from tests.sharing.conftest import (
    ALERTS,
    EXAMPLES,
    FACILITIES,
    GAUGES,
    INCIDENTS,
    RISKS,
    ROSTER,
    STOCKS,
    TARGETS,
)

GOOD = {
    "risk-sources.csv": (RISKS, 5),
    "stocks.xlsx": (STOCKS, 6),
    "facilities.jsonld": (FACILITIES, 3),
    "incidents.ttl": (INCIDENTS, 2),
    "protection-targets.geojson": (TARGETS, 3),
    "rain-gauges.csv": (GAUGES, 9),
    "alert.cap": (ALERTS, 1),
}
FAULTY = {
    "risk-sources-faulty.csv": (
        RISKS,
        1,
        {
            "row 3": ["可能引发的事件类型"],
            "row 4": ["风险等级", "最近检查日期", "经度", "纬度"],
            "row 5": ["所在网格", "责任部门", "最近检查日期", "置信度"],
            "row 6": ["编号"],
            "row 7": ["编号"],
        },
    ),
    "stocks-faulty.xlsx": (
        STOCKS,
        1,
        {"row 3": ["物资种类"], "row 4": ["有效期至", "数量"], "row 5": ["数量"]},
    ),
    "facilities-faulty.jsonld": (
        FACILITIES,
        1,
        {"/@graph/1": ["设施种类"], "/@graph/2": [""], "/@graph/3": ["http://www.w3.org/2002/07/owl#sameAs"]},
    ),
    "incidents-faulty.ttl": (
        INCIDENTS,
        1,
        {
            "line 10": ["事件类型", "发生时间", "事发网格", "受伤人数"],
            "line 12": [""],
            "line 14": ["https://w3id.org/xiezhi/ns#performs"],
        },
    ),
    "protection-targets-faulty.geojson": (
        TARGETS,
        1,
        {"/features/1": ["目标种类", "人数"], "/features/2": ["geometry"], "/features/3": ["床位"]},
    ),
    "rain-gauges-faulty.csv": (
        GAUGES,
        1,
        {"row 3": ["监测项"], "row 4": ["监测时间", "读数", "监测点", "置信度"]},
    ),
    "alert-faulty.cap": (ALERTS, 0, {"line 10": ["发布时间", "严重程度", "影响多边形"]}),
}


def test_there_is_a_right_and_a_faulty_sample_for_every_declared_dataset() -> None:
    samples = {path.name for path in EXAMPLES.iterdir()} - {"README.md", "370200.ttl"}
    assert samples == {*GOOD, *FAULTY, "roster.csv", "roster-faulty.csv"}


@pytest.mark.parametrize("name", GOOD)
def test_a_right_sample_is_stored_whole(intake: Intake, at: Callable[[str], Dataset], name: str) -> None:
    path, count = GOOD[name]
    outcome = intake.submit(at(path), Incoming.of(EXAMPLES / name, name), actor="li")
    assert (outcome.records, outcome.stored, outcome.quarantined) == (count, count, 0)
    assert intake.count(at(path)) > count


@pytest.mark.parametrize("name", FAULTY)
def test_a_faulty_sample_gives_this_quarantine_with_shape_place_reason_and_repair(
    intake: Intake, at: Callable[[str], Dataset], name: str
) -> None:
    path, stored, expected = FAULTY[name]
    outcome = intake.submit(at(path), Incoming.of(EXAMPLES / name, name), actor="li")
    found = list(intake.quarantined(at(path)))
    assert {one.rejected.position: [p.column for p in one.rejected.problems] for one in found} == expected
    assert (outcome.stored, outcome.quarantined) == (stored, len(expected))
    contract = at(path).contract
    for one in found:
        assert one.rejected.original
        for problem in one.rejected.problems:
            assert problem.message.zh, problem
            assert problem.message.en, problem
            assert problem.repair, problem
            assert problem.shape.rsplit("/", 1)[-1].startswith(contract), problem


def test_a_roster_shows_nobodys_name_or_number_in_what_is_wrong(
    intake: Intake, at: Callable[[str], Dataset]
) -> None:
    good = intake.judge(at(ROSTER), Incoming.of(EXAMPLES / "roster.csv", "roster.csv"))
    assert (good.records, good.stored) == (2, 2)
    bad = intake.judge(at(ROSTER), Incoming.of(EXAMPLES / "roster-faulty.csv", "roster-faulty.csv"))
    assert [[p.column for p in one.problems] for one in bad.problems] == [
        ["电话", "开始"],
        ["值班单位", "姓名"],
    ]
    told = repr(bad.as_json())
    assert "丙某某" not in told
    assert not re.search("138000|80000002", told)


def test_without_a_key_no_roster_is_taken_in(shared: Workspace, at: Callable[[str], Dataset]) -> None:
    from kb.resources import folder
    from kb.sharing.errors import DatasetFault

    keyless = Intake(shared.store, shared.home, folder("ontology") / "shapes")
    with pytest.raises(DatasetFault, match=r"dataset\.keeper"):
        keyless.submit(at(ROSTER), Incoming.of(EXAMPLES / "roster.csv", "roster.csv"), actor="li")
