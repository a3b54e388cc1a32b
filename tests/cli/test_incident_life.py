"""``xiezhi incident``: the course of an incident on the command line, alone and beside a server."""

from __future__ import annotations

import json
from typing import Any

from tests.cli.test_commands import Run, home, reported
from tests.cli.test_explanations import xiezhi

__all__ = ["home", "reported", "xiezhi"]  # fixtures

FIRE: dict[str, Any] = {"type": "建筑火灾", "grid": "370103", "deaths": 1}


def report(xiezhi: Run, identifier: str, **facts: Any) -> None:
    done = xiezhi("recommend", "-", given=json.dumps({**FIRE, "id": identifier, **facts}))
    assert done.returncode == 0, done.stderr


def test_a_continued_report_is_told_with_what_changed_and_why(xiezhi: Run) -> None:
    report(xiezhi, "course")
    report(xiezhi, "course", deaths=4)
    told = xiezhi("incident", "timeline", "course").stdout
    assert "continue the report: deaths: 1 people → 4 people; grade: Ordinary → Larger" in told
    changed = xiezhi("incident", "changes", "course", "--lang", "zh").stdout
    assert "~ 一般 → 较大　← 死亡人数" in changed
    whole = json.loads(xiezhi("incident", "changes", "course", "--since", "1", "--format", "json").stdout)
    assert whole["since"]["number"] == 1


def test_steps_are_taken_for_a_reason_and_refused_in_words(xiezhi: Run) -> None:
    report(xiezhi, "steps")
    assert (
        "Command centre"
        in xiezhi("incident", "hand-over", "steps", "--reason", "ours", "--to", "command").stdout
    )
    assert "Government" in xiezhi("incident", "escalate", "steps", "--reason", "too big").stdout
    refused = xiezhi("incident", "end", "steps", "--reason", "over")
    assert refused.returncode == 1
    assert "possible now" in refused.stderr
    assert xiezhi("incident", "dismiss", "steps").returncode == 1
    assert "dismissed" in xiezhi("incident", "dismiss", "steps", "--reason", "a drill").stdout
    assert "dismissed" in xiezhi("incident", "list").stdout


def test_duplicates_are_found_and_merged_with_the_figures_that_were_chosen(xiezhi: Run) -> None:
    report(xiezhi, "kept", grid="370104")
    report(xiezhi, "gone", grid="370104", deaths=2, fire=True)
    assert "of the same type" in xiezhi("incident", "duplicates", "gone").stdout
    first = xiezhi("incident", "contention", "gone").stdout
    assert "first: kept" in first
    assert "received first" in first
    plan = xiezhi("incident", "merge", "gone", "kept", "--dry-run").stdout
    assert "to be chosen: deaths" in plan
    refused = xiezhi("incident", "merge", "gone", "kept", "--reason", "the same")
    assert "deaths=kept or deaths=merged" in refused.stderr
    assert xiezhi("incident", "merge", "gone", "kept", "--choose", "deaths").returncode == 1
    done = xiezhi("incident", "merge", "gone", "kept", "--reason", "the same", "--choose", "deaths=merged")
    assert "merged" in done.stdout, done.stderr
    assert "None." in xiezhi("incident", "duplicates", "kept").stdout


def test_what_does_not_exist_is_said(xiezhi: Run) -> None:
    for words in (["timeline", "nowhere"], ["changes", "nowhere"], ["note", "nowhere", "hello"]):
        done = xiezhi("incident", *words)
        assert (done.returncode, "nowhere" in done.stderr) == (1, True), words
