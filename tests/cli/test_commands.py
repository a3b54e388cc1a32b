"""The command as people run it: a process of its own, its streams and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rdflib import Graph

from kb.cli import main
from kb.namespaces import ROOT
from kb.resources import folder
from tests.homes import copied

XIEZHI = Path(sys.executable).parent / "xiezhi"
FIRE = {"id": "fire", "type": "建筑火灾", "grid": "370102001002", "deaths": 3, "missing": 1}
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def home(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store for the commands of this file; one process at a time uses it."""
    return copied(prepared, tmp_path_factory.mktemp("cli") / "home")


@pytest.fixture(scope="module")
def xiezhi(home: Path) -> Run:
    """``xiezhi("recommend", "-", given=text)``: run the command on that store, in English."""

    def run(
        *arguments: str | Path, given: str | bytes = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        content = given.encode() if isinstance(given, str) else given
        done = subprocess.run(
            [XIEZHI, "--home", home, *arguments],
            input=content,
            capture_output=True,
            timeout=60,
            cwd="/",
            env={**os.environ, "XIEZHI_LANG": "en", "PYTHONIOENCODING": "utf-8", **variables},
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    return run


@pytest.fixture(scope="module")
def reported(xiezhi: Run) -> dict[str, Any]:
    """The recommendation for a fire that is in the store from then on."""
    done = xiezhi("recommend", "-", "--format", "json", given=json.dumps(FIRE))
    assert (done.returncode, done.stderr) == (0, "")
    data = json.loads(done.stdout)
    assert isinstance(data, dict)
    return data


# ── recommend ────────────────────────────────────────────────────────────────────────────────


def test_recommend_prints_json_alone_on_its_output(reported: dict[str, Any]) -> None:
    assert reported["incident"]["id"] == "fire"
    assert reported["grade"]["value"]["label"] == {"zh": "较大", "en": "Larger"}
    assert [body["label"]["zh"] for body in reported["lead"]] == ["济南市消防救援支队"]


def test_recommend_reads_a_file_and_speaks_chinese(xiezhi: Run, tmp_path: Path) -> None:
    file = tmp_path / "报告.json"
    file.write_text(json.dumps({**FIRE, "id": "from-file"}, ensure_ascii=False), encoding="utf-8")
    done = xiezhi("recommend", file, "--lang", "zh")
    assert (done.returncode, done.stderr) == (0, "")
    for line in ("初判等级  较大", "牵头部门\n  济南市消防救援支队", "响应级别  Ⅲ级响应", "解放路街道办事处"):
        assert line in done.stdout, line
    assert "http" not in done.stdout


def test_recommend_speaks_english(xiezhi: Run) -> None:
    done = xiezhi("recommend", "-", given=json.dumps({**FIRE, "id": "english"}))
    assert (done.returncode, done.stderr) == (0, "")
    for line in ("Grade", "Larger", "Level III response", "Jinan", "Plan modules, in order", "To find out"):
        assert line in done.stdout, line
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in done.stdout)


def test_recommend_prints_json_ld_that_rdflib_reads(xiezhi: Run) -> None:
    done = xiezhi("recommend", "-", "--format", "jsonld", given=json.dumps({**FIRE, "id": "linked"}))
    assert (done.returncode, done.stderr) == (0, "")
    graph = Graph().parse(data=done.stdout, format="json-ld")
    row = f"ASK {{ <{ROOT}incident/linked> <{ROOT}ns#deaths> 3 ; <{ROOT}ns#grade> <{ROOT}kb/grade/larger> }}"
    assert graph.query(row).askAnswer


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('{"type": "火宅", "grid": "370102"}', "unknown incident type"),
        ('{"type": "火灾", "grid": "370102", "deaths": -1}', "zero or more (-1)"),
        ('{"type": "火灾", "grid": "370102", "death": 1}', "did you mean deaths"),
        ('{"type": "火灾", "deaths": 1, "deaths": 2}', "contradicting"),
        ("", "not well-formed JSON"),
    ],
)
def test_a_bad_report_is_exit_1_with_its_faults_on_the_error_stream(
    xiezhi: Run, given: str, said: str
) -> None:
    done = xiezhi("recommend", "-", given=given)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_faults_are_told_in_chinese_where_that_is_the_language(xiezhi: Run) -> None:
    done = xiezhi("--lang", "zh", "recommend", "-", given='{"type": "火宅", "grid": "370102"}')
    assert done.returncode == 1
    assert "未知事件类型“火宅”" in done.stderr
    assert "是否指" in done.stderr


def test_bytes_that_are_no_text_are_exit_1(xiezhi: Run) -> None:
    done = xiezhi("recommend", "-", given=b"\xff\xfe\x00\xd8")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("recommend",),
        ("recommend", "/no/such/file.json"),
        ("recommend", "-", "--format", "xml"),
        ("why", "fire"),
        ("test", "/no/such/folder"),
        ("frobnicate",),
    ],
)
def test_a_wrong_call_is_exit_2_and_says_how_to_call(xiezhi: Run, arguments: tuple[str, ...]) -> None:
    done = xiezhi(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: xiezhi" in done.stderr


def test_the_locale_of_a_bare_machine_does_no_harm(xiezhi: Run) -> None:
    """Under LC_ALL=C Python would otherwise read Chinese files as ASCII."""
    done = xiezhi("recommend", "-", "--lang", "zh", given=json.dumps({**FIRE, "id": "bare"}), LC_ALL="C")
    assert done.returncode == 0
    assert "济南市消防救援支队" in done.stdout


# ── why ──────────────────────────────────────────────────────────────────────────────────────


def test_why_proves_in_chinese(xiezhi: Run, reported: dict[str, Any]) -> None:
    done = xiezhi("why", "fire", "牵头部门", "--lang", "zh")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("本事件 · 牵头部门：济南市消防救援支队")
    assert "《消防法》" in done.stdout
    assert "事件报告" in done.stdout
    assert "http" not in done.stdout


def test_why_proves_in_english_only_so_deep_as_asked(xiezhi: Run, reported: dict[str, Any]) -> None:
    whole = xiezhi("why", "fire", "grade")
    short = xiezhi("why", "fire", "grade", "--depth", "1")
    assert whole.returncode == short.returncode == 0
    assert 3 <= len(short.stdout.splitlines()) < len(whole.stdout.splitlines())
    assert "deaths: 3, at least 3." in whole.stdout


def test_why_prints_json(xiezhi: Run, reported: dict[str, Any]) -> None:
    proof = json.loads(xiezhi("why", "fire", "Larger", "--format", "json").stdout)
    assert proof["incident"] == "fire"
    assert proof["release"] == reported["release"]
    assert proof["conclusions"][0]["kind"] == "derived"


@pytest.mark.parametrize(
    ("incident", "conclusion", "said"),
    [
        ("fire", "leadDepartmnt", "did you mean lead department"),
        ("never", "grade", "there is no incident never"),
    ],
)
def test_why_of_what_was_not_concluded_is_exit_1(
    xiezhi: Run, reported: dict[str, Any], incident: str, conclusion: str, said: str
) -> None:
    done = xiezhi("why", incident, conclusion)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


# ── check, load, test ────────────────────────────────────────────────────────────────────────


def test_load_says_that_everything_is_up_to_date(xiezhi: Run) -> None:
    done = xiezhi("load")
    assert (done.returncode, done.stdout) == (0, "")
    assert "up to date" in done.stderr


def test_check_finds_nothing_wrong_in_the_knowledge_that_is_shipped(xiezhi: Run) -> None:
    done = xiezhi("check", "--quick")
    assert (done.returncode, done.stdout) == (0, "")
    assert " 0 errors, 0 warnings, " in done.stderr


def test_test_runs_the_cases_of_a_folder(xiezhi: Run) -> None:
    done = xiezhi("test", folder("rules") / "cascades")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith("cases passed, 0 failed\n")
    assert not done.stderr.startswith("0 ")


def test_test_shows_a_case_that_fails_and_is_exit_1(xiezhi: Run, tmp_path: Path) -> None:
    given = "{type: 火灾, grid: '370102', deaths: 3}"
    (tmp_path / "x.cases.yaml").write_text(
        f"- {{title: 错的, given: {given}, expect: {{grade: 重大}}, absent: {{grade: 较大}}}}\n"
        f"- {{title: 对的, given: {given}, expect: {{grade: 较大}}}}\n",
        encoding="utf-8",
    )
    done = xiezhi("test", tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "✗ x.cases.yaml: 错的",
        "    expected grade = 重大, derived: Larger",
        "      · Not concluded: this incident · grade: Major.",
        "      · At the nearest: direct loss was not reported (needed: direct loss ≥ 50,000,000).",
        "      · It would follow with direct loss: unknown → 50,000,000 yuan.",
        "      · rule: Preliminary grade (rule:grade)",
        "    must not have grade = Larger",
        "      · The highest grade of all regimes is Larger, "
        "by the criterion “deaths ≥ 3 people”. (rule:grade)",
    ]
    assert "1 cases passed, 1 failed" in done.stderr


def test_test_of_a_file_that_holds_no_cases_is_exit_1(xiezhi: Run, tmp_path: Path) -> None:
    (tmp_path / "x.cases.yaml").write_text("- {title: x, given: {}}", encoding="utf-8")
    done = xiezhi("test", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "x.cases.yaml#1" in done.stderr


def test_a_folder_without_cases_is_not_a_success(xiezhi: Run, tmp_path: Path) -> None:
    """A scan that finds nothing passes silently otherwise, as after a slip in the path."""
    assert xiezhi("test", tmp_path).returncode == 1


def test_help_and_version_need_no_store(tmp_path: Path) -> None:
    for option, said in (("--help", "Usage: xiezhi"), ("--version", "xiezhi, version")):
        done = subprocess.run(
            [XIEZHI, "--home", tmp_path / "never-made", option], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0
        assert said in done.stdout
    assert not (tmp_path / "never-made").exists()


def test_load_beside_a_running_server_says_to_restart_it(xiezhi: Run, home: Path) -> None:
    note = home / "server.json"
    server = {"url": "http://127.0.0.1:1", "pid": os.getpid(), "key": "k"}
    note.write_text(json.dumps(server), encoding="utf-8")
    try:
        done = xiezhi("load")
    finally:
        note.unlink()
    assert (done.returncode, done.stdout) == (1, "")
    assert "restart it" in done.stderr


@pytest.mark.parametrize(("lang", "words"), [("zh", "是否指 recommend"), ("en", "did you mean recommend")])
def test_a_command_that_is_misspelt_is_told_with_the_nearest(lang: str, words: str) -> None:
    result = CliRunner().invoke(main, ["--lang", lang, "recomend", "report.json"])
    assert result.exit_code == 2
    assert words in result.stderr
