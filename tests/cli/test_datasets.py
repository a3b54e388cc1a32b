"""``xiezhi dataset`` and ``xiezhi validate``: on a store of one's own and through a running server alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kb.cli import main
from kb.resources import folder
from tests.homes import copied

XIEZHI = Path(sys.executable).parent / "xiezhi"
EXAMPLES = folder("examples") / "datasets"
RISKS = "370200/emergency-management/risk-sources"
FAULTY, GOOD = EXAMPLES / "risk-sources-faulty.csv", EXAMPLES / "risk-sources.csv"
Run = Callable[..., Result]


def on(home: Path) -> Run:
    """Return ``xiezhi("dataset", "list")`` for the store in *home*."""

    def run(*arguments: str | Path, lang: str = "en") -> Result:
        return CliRunner().invoke(main, ["--home", str(home), "--lang", lang, *map(str, arguments)])

    return run


@pytest.fixture(scope="module")
def served(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """``xiezhi`` beside a server that has the store."""
    home = copied(prepared, tmp_path_factory.mktemp("served") / "home")
    command = [XIEZHI, "--home", home, "--lang", "en", "serve", "--port", "0", "--city", "370200"]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stderr is not None
        assert "ready" in server.stderr.readline()
        yield on(home)
        server.terminate()


def test_a_steward_declares_validates_delivers_mends_and_looks_back(served: Run, tmp_path: Path) -> None:
    done = served("dataset", "declare", EXAMPLES / "370200.ttl")
    assert (done.exit_code, done.stdout.split()[0]) == (0, RISKS), done.stderr
    assert "370200/water/rain-gauges" in served("dataset", "list").stdout
    assert "合成数据" in served("dataset", "show", RISKS, lang="zh").stdout

    judged = served("validate", FAULTY, "--as", RISKS)
    assert judged.exit_code == 1
    assert judged.stdout.startswith("6 records: 1 stored, 5 quarantined\n")
    assert "row 4 风险等级 “特大”: “特大” is no known risk level  → did you mean" in judged.stdout
    assert served("dataset", "deliveries", RISKS).stdout == ""

    delivered = served("dataset", "deliver", FAULTY, "--as", RISKS, lang="zh")
    assert delivered.exit_code == 0, delivered.stderr
    assert delivered.stdout.startswith("6 条记录：入库 1，隔离 5\n")
    assert "“特大”不是已知的风险等级　→ 是否指：" in delivered.stdout
    assert "row 7 编号" in served("dataset", "quarantine", RISKS).stdout
    table = tmp_path / "bad.csv"
    assert served("dataset", "quarantine", RISKS, "--csv", table, lang="zh").exit_code == 0
    assert table.read_text(encoding="utf-8").startswith("\ufeff位置,列,值,原因,建议修正")

    assert served("validate", GOOD, "--as", RISKS).exit_code == 0
    mended = json.loads(served("dataset", "deliver", GOOD, "--as", RISKS, "--format", "json").stdout)
    assert (mended["recordsStored"], mended["recordsQuarantined"]) == (5, 0)
    assert served("dataset", "quarantine", RISKS).stdout == ""
    assert "delivered before" in served("dataset", "deliver", GOOD, "--as", RISKS).stderr
    history = json.loads(served("dataset", "deliveries", RISKS, "--format", "json").stdout)
    assert [one["fileName"] for one in history] == [GOOD.name, FAULTY.name]
    assert served("dataset", "withdraw", RISKS, "--reason", "test").exit_code == 0
    assert "withdrawn" in served("dataset", "deliveries", RISKS).stdout


def test_what_cannot_be_taken_is_said_in_the_callers_language(served: Run, tmp_path: Path) -> None:
    deep = tmp_path / "deep.geojson"
    deep.write_bytes(b"[" * 9_999)
    for lang, words in (("en", "brackets nest deeper than 64"), ("zh", "括号嵌套超过 64 层")):
        done = served("dataset", "deliver", deep, "--as", RISKS, lang=lang)
        assert (done.exit_code, words in done.stderr) == (1, True), done.stderr
    lost = served("validate", deep, "--as", "370200/emergency-management/risk-source")
    assert (lost.exit_code, "risk-sources" in lost.stderr) == (1, True)
    assert served("dataset", "deliver", tmp_path / "none.csv", "--as", RISKS).exit_code == 2


def test_without_a_server_the_store_answers_the_same(home: Path, tmp_path: Path) -> None:
    xiezhi = on(home)
    assert xiezhi("dataset", "declare", EXAMPLES / "370200.ttl").stdout.split()[0] == RISKS
    delivered = xiezhi("dataset", "deliver", FAULTY, "--as", RISKS)
    assert delivered.stdout.startswith("6 records: 1 stored, 5 quarantined\n"), delivered.stderr
    table = tmp_path / "bad.csv"
    assert xiezhi("dataset", "quarantine", RISKS, "--csv", table).exit_code == 0
    assert table.read_text(encoding="utf-8").startswith("\ufeffposition,column,value,reason,repair")
