"""``xiezhi read-words`` and ``xiezhi bench words``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kb.cli import main
from kb.services.pasted import measuring
from kb.services.workspace import Workspace

TEXT = "2026-07-20 16:00\n济南市历下区一工厂发生火灾，造成3人死亡，2人受伤。"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "incidents"


def test_words_are_read_from_a_pipe_as_text_and_from_a_file_as_json(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "flash.txt"
    file.write_text(TEXT, encoding="utf-8")
    run = CliRunner()
    said = run.invoke(main, ["--home", str(home), "read-words", "-", "--lang", "zh"], input=TEXT)
    assert said.exit_code == 0, said.output
    assert "“3人死亡”" in said.output
    assert "山东省济南市历下区" in said.output
    told = run.invoke(main, ["--home", str(home), "read-words", str(file), "--format", "json"])
    assert json.loads(told.output)["report"]["deaths"] == 3


def test_too_large_a_file_is_refused(home: Path) -> None:
    run = CliRunner()
    said = run.invoke(main, ["--home", str(home), "--lang", "en", "read-words", "-"], input="火" * 1_000_000)
    assert said.exit_code == 1
    assert "more than 6000 characters" in said.output


@pytest.mark.parametrize(
    ("key", "title", "figure"),
    [
        ("deaths", "两车相撞 一死一伤", 1),
        ("injured", "两车相撞 一死两重伤", 2),
        ("deaths", "工厂起火 未造成人员伤亡", 0),
        ("deaths", "发生4.3级地震 尚无人员伤亡的报告", None),
        ("poisoned", "发生一起疑似食物中毒事件", None),
        ("poisoned", "某校55名学生疑集体食物中毒", 55),
    ],
)
def test_the_figure_of_a_headline_is_what_it_tells(key: str, title: str, figure: int | None) -> None:
    assert measuring.headline(key, title) == figure


def test_reading_is_measured_beside_a_plain_baseline(workspace: Workspace) -> None:
    if not SHARED.is_dir():
        pytest.skip("NO CORPUS: reading was not measured (../shared/data/incidents)")
    found = measuring.measure(workspace, SHARED)
    assert found.texts == 207
    for key in ("type", "deaths", "injured", "poisoned", "grid"):
        mine, plain = found.score("all", "reader", key), found.score("all", "plain", key)
        assert mine.f1 > plain.f1, key
        assert mine.f1 > 0.65, key
    assert "held out" in found.render("en")
