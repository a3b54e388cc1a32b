"""``xiezhi dataset`` and ``xiezhi validate``: on a store of one's own and through a running server alike."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kb.resources import folder

XIEZHI = Path(sys.executable).parent / "xiezhi"
EXAMPLES = folder("examples") / "datasets"
RISKS = "370200/emergency-management/risk-sources"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module", params=["store", "server"])
def xiezhi(
    request: pytest.FixtureRequest, prepared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Run]:
    """``xiezhi("dataset", "list")`` on a store with Qingdao; the second time a server has the store."""
    home = Path(shutil.copytree(prepared, tmp_path_factory.mktemp("cli") / "home"))
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}

    def run(*arguments: str | Path, lang: str = "en") -> subprocess.CompletedProcess[str]:
        command = [XIEZHI, "--home", home, "--lang", lang, *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", timeout=90, cwd="/", env=environment
        )

    if request.param == "store":
        yield run
        return
    command = [XIEZHI, "--home", home, "--lang", "en", "serve", "--port", "0", "--city", "370200"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stderr is not None
        assert "ready" in server.stderr.readline()
        yield run
        server.terminate()


def test_a_steward_declares_validates_delivers_mends_and_looks_back(xiezhi: Run, tmp_path: Path) -> None:
    done = xiezhi("dataset", "declare", EXAMPLES / "370200.ttl")
    assert (done.returncode, done.stdout.split()[0]) == (0, RISKS), done.stderr
    listed = xiezhi("dataset", "list").stdout
    assert "370200/water/rain-gauges" in listed
    assert "合成数据" in xiezhi("dataset", "show", RISKS, lang="zh").stdout

    faulty = EXAMPLES / "risk-sources-faulty.csv"
    judged = xiezhi("validate", faulty, "--as", RISKS)
    assert judged.returncode == 1
    assert judged.stdout.startswith("6 records: 1 stored, 5 quarantined\n")
    assert "row 4 风险等级 “特大”: “特大” is no known risk level  → did you mean" in judged.stdout
    assert xiezhi("dataset", "deliveries", RISKS).stdout == ""

    delivered = xiezhi("dataset", "deliver", faulty, "--as", RISKS, lang="zh")
    assert delivered.returncode == 0, delivered.stderr
    assert delivered.stdout.startswith("6 条记录：入库 1，隔离 5\n")
    assert "“特大”不是已知的风险等级　→ 是否指：" in delivered.stdout
    assert "row 7 编号" in xiezhi("dataset", "quarantine", RISKS).stdout
    table = tmp_path / "bad.csv"
    assert xiezhi("dataset", "quarantine", RISKS, "--csv", table, lang="zh").returncode == 0
    assert table.read_text(encoding="utf-8").startswith("\ufeff位置,列,值,原因,建议修正")

    good = EXAMPLES / "risk-sources.csv"
    assert xiezhi("validate", good, "--as", RISKS).returncode == 0
    mended = json.loads(xiezhi("dataset", "deliver", good, "--as", RISKS, "--format", "json").stdout)
    assert (mended["recordsStored"], mended["recordsQuarantined"]) == (5, 0)
    assert xiezhi("dataset", "quarantine", RISKS).stdout == ""
    again = xiezhi("dataset", "deliver", good, "--as", RISKS)
    assert "delivered before" in again.stderr
    history = json.loads(xiezhi("dataset", "deliveries", RISKS, "--format", "json").stdout)
    assert [one["fileName"] for one in history] == [good.name, faulty.name]
    assert xiezhi("dataset", "withdraw", RISKS, "--reason", "test").returncode == 0
    assert "withdrawn" in xiezhi("dataset", "deliveries", RISKS).stdout


def test_what_cannot_be_taken_is_said_in_the_callers_language(xiezhi: Run, tmp_path: Path) -> None:
    deep = tmp_path / "deep.geojson"
    deep.write_bytes(b"[" * 9_999)
    for lang, words in (("en", "brackets nest deeper than 64"), ("zh", "括号嵌套超过 64 层")):
        done = xiezhi("dataset", "deliver", deep, "--as", RISKS, lang=lang)
        assert (done.returncode, words in done.stderr) == (1, True), done.stderr
    lost = xiezhi("validate", deep, "--as", "370200/emergency-management/risk-source")
    assert (lost.returncode, "risk-sources" in lost.stderr) == (1, True)
    assert xiezhi("dataset", "deliver", tmp_path / "none.csv", "--as", RISKS).returncode == 2
