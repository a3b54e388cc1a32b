"""``xiezhi directive`` on a store of one's own: from the confirmation to the close."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from kb.cli import main
from kb.services import incident
from kb.services.workspace import Workspace
from tests.homes import copied

FACTS = {"type": "燃气爆炸", "grid": "370202", "deaths": 1, "seriousInjuries": 2}


@pytest.fixture(scope="module")
def home(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = copied(prepared, tmp_path_factory.mktemp("directives") / "home")
    with Workspace(home, cities=()) as workspace:
        for name in ("first", "second"):
            incident.report(workspace, {**FACTS, "id": name}, actor="test")
    return home


def run(home: Path, *arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "directive", *arguments], input=given)


def test_a_directive_goes_from_the_confirmation_to_its_result(home: Path) -> None:
    confirmed = run(home, "confirm", "first", "--lang", "en")
    assert confirmed.exit_code == 0, confirmed.output
    assert "(issued)" in confirmed.stdout
    assert "done before" in run(home, "confirm", "first", "--lang", "en").stdout
    for step in (
        ("acknowledge", "--seen", str(json.loads(show(home))["revision"])),
        ("start",),
        ("report", "--reason", "已完成"),
    ):
        taken = run(home, "take", "first", "1", *step, "--lang", "zh")
        assert taken.exit_code == 0, taken.output
    assert "[已反馈]" in taken.stdout
    told = run(home, "show", "first", "1", "--lang", "zh").stdout
    for word in ("反馈", "已完成", "发令", "依据"):
        assert word in told
    events = json.loads(run(home, "timeline", "first", "--format", "json").stdout)["events"]
    assert events[-1]["reason"] == "已完成"
    measured = run(home, "measures", "--lang", "en").stdout
    assert "directives" in measured


def show(home: Path) -> str:
    return run(home, "show", "first", "1", "--format", "json").stdout


def test_overrides_come_from_standard_input_and_a_wrong_step_says_what_is_possible(home: Path) -> None:
    refused = run(home, "confirm", "second", "--override", "-", "--lang", "zh", given="{")
    assert refused.exit_code == 1
    assert "JSON" in refused.stderr
    unknown = json.dumps([{"department": "无此部门", "to": None, "reason": "试"}])
    assert run(home, "confirm", "second", "--override", "-", given=unknown).exit_code == 1
    assert "no directives" in run(home, "list", "second", "--lang", "en").stdout
    assert run(home, "confirm", "second").exit_code == 0
    wrong = run(home, "take", "second", "1", "close", "--lang", "zh")
    assert wrong.exit_code == 1
    assert "现在可以：" in wrong.stderr


def test_a_return_becomes_a_case_and_requests_are_drafted(home: Path) -> None:
    run(home, "confirm", "second")
    drafted = run(
        home,
        *("draft", "second", "--to", "青岛市卫生健康委员会", "--from", "青岛市应急管理局"),
        *("--task", "核实伤员", "--lateral", "--format", "json"),
    )
    assert drafted.exit_code == 0, drafted.output
    assert json.loads(drafted.stdout)["directive"]["lateral"]
    assert run(home, "take", "second", "2", "refuse", "--reason", "不属本部门").exit_code == 0
    cases = yaml.safe_load(run(home, "returns").stdout)
    assert any("不属本部门" in case["title"] for case in cases)


def test_lists_are_of_a_department_or_of_what_is_overdue(home: Path) -> None:
    run(home, "confirm", "second")
    found = json.loads(run(home, "list", "--department", "青岛市卫生健康委员会", "--format", "json").stdout)
    assert {one["addressee"]["label"]["zh"] for one in found["directives"]} == {"青岛市卫生健康委员会"}
    assert "没有指令" in run(home, "list", "second", "--overdue", "--lang", "zh").stdout
    assert run(home, "list", "second", "--department", "x").exit_code == 2


@pytest.mark.parametrize(("flow", "word"), [("directive", "签收"), ("incident", "确认")])
def test_flows_are_drawn(home: Path, flow: str, word: str) -> None:
    drawn = run(home, "diagram", flow, "--lang", "zh")
    assert word in drawn.stdout
    assert run(home, "diagram", "nothing").exit_code == 1
