"""``why``, ``why-not``, ``ask-next`` and ``what-if``; in this process, which is quicker than one each."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from rdflib import Graph

from kb.cli import main
from kb.store.embedded import open_store
from tests.cli.test_commands import Run, home, reported

__all__ = ["home", "reported"]  # fixtures


@pytest.fixture(scope="module")
def xiezhi(home: Path) -> Run:
    """``xiezhi("why", "fire", "grade")``: run the command on the store of this file, in English."""

    def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        given = variables.pop("given", "")
        runner = CliRunner(env={"XIEZHI_LANG": "en", **variables})
        words = ["--home", str(home), *map(str, arguments)]
        done = runner.invoke(main, words, input=given, prog_name="xiezhi")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)

    return run


def test_why_prints_linked_data_and_a_drawing(xiezhi: Run, reported: dict[str, Any]) -> None:
    data = xiezhi("why", "fire", "grade", "--format", "jsonld")
    assert len(Graph().parse(data=data.stdout, format="json-ld")) > 20
    picture = xiezhi("why", "fire", "grade", "--format", "svg", "--lang", "zh")
    assert ElementTree.fromstring(picture.stdout.encode()).get("role") == "img"
    assert "初判等级" in picture.stdout


def test_why_not_says_in_sentences_what_would_bring_it_about(xiezhi: Run, reported: dict[str, Any]) -> None:
    done = xiezhi("why-not", "fire", "重大", "--lang", "zh", "--relation", "grade")
    assert (done.returncode, done.stderr) == (0, "")
    for part in ("没有得出：本事件 · 初判等级：重大。", "最接近时：", "死亡人数：3 人 → 10 人"):
        assert part in done.stdout, part
    assert "http" not in done.stdout
    english = xiezhi("why-not", "fire", "Major", "--relation", "grade", "--depth", "1")
    assert "Not concluded: this incident · grade: Major." in english.stdout


def test_why_not_takes_a_whole_triple_and_prints_json(xiezhi: Run, reported: dict[str, Any]) -> None:
    done = xiezhi("why-not", "fire", "--triple", "this", "grade", "grade/major", "--format", "json")
    (answer,) = json.loads(done.stdout)["answers"]
    assert answer["status"] == "missing"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("why-not", "fire"), 2, "TARGET"),
        (("why-not", "fire", "Majr"), 1, "did you mean"),
        (("why-not", "nowhere", "Major"), 1, "no incident nowhere"),
        (("what-if", "fire"), 2, "--set"),
        (("what-if", "fire", "--set", "deaths"), 1, "KEY=VALUE"),
        (("what-if", "fire", "--set", "deaths=-1"), 1, "whole number"),
        (("what-if", "fire", "--unset", "deathz"), 1, "unknown key"),
        (("what-if", "fire", "--unset", "deathz", "--lang", "zh"), 1, "未知字段"),
        (("ask-next", "nowhere"), 1, "no incident nowhere"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    xiezhi: Run, reported: dict[str, Any], arguments: tuple[str, ...], status: int, said: str
) -> None:
    done = xiezhi(*arguments)
    assert done.returncode == status
    assert done.stdout == ""
    assert said in done.stderr


def test_what_if_says_the_difference_and_stores_nothing(
    xiezhi: Run, reported: dict[str, Any], home: Path, tmp_path: Path
) -> None:
    store = open_store(home)
    sequence = store.sequence
    store.close()
    file = tmp_path / "supposed.json"
    file.write_text(json.dumps({"missing": 0}), encoding="utf-8")
    done = xiezhi("what-if", "fire", file, "--set", "deaths=10", "--unset", "leak")
    assert (done.returncode, done.stderr) == (0, "")
    for part in ("deaths: 3 people → 10 people", "missing: 1 people → 0 people", "~ Larger → Major"):
        assert part in done.stdout, part
    nothing = xiezhi("what-if", "fire", "--set", "deaths=3", "--lang", "zh")
    assert "没有任何结论会改变" in nothing.stdout
    store = open_store(home)
    assert store.sequence == sequence
    store.close()


def test_ask_next_says_what_each_answer_decides(xiezhi: Run, reported: dict[str, Any]) -> None:
    done = xiezhi("ask-next", "fire", "--lang", "zh")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("? ")
    assert "最多可改变响应的" in done.stdout
    questions = json.loads(xiezhi("ask-next", "fire", "--format", "json").stdout)["questions"]
    assert {"key", "question", "share", "outcomes"} <= questions[0].keys()
