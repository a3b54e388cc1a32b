"""Exercises on the command line."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from kb.cli import main
from kb.services.exercise import reading


def test_the_scenarios_are_listed_in_both_languages() -> None:
    for lang in ("zh", "en"):
        listed = CliRunner().invoke(main, ["exercise", "list", "--lang", lang])
        assert listed.exit_code == 0
        assert all(path.stem in listed.output for path in reading.shipped())


def test_a_scenario_is_played_and_told(tmp_path: Path) -> None:
    arguments = [
        "exercise",
        "run",
        "school-food-poisoning",
        "--format",
        "json",
        "--home",
        str(tmp_path / "kept"),
    ]
    played = CliRunner().invoke(main, arguments)
    assert played.exit_code == 0, played.output
    told = json.loads(played.stdout)
    assert told["held"]
    assert (tmp_path / "kept" / "journal.sqlite").is_file()


def test_an_unknown_scenario_is_told_with_those_that_there_are() -> None:
    refused = CliRunner().invoke(main, ["--lang", "en", "exercise", "run", "nothing-of-the-kind"])
    assert refused.exit_code == 1
    assert "gas-explosion" in refused.output
