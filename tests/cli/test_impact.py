"""``xiezhi impact`` as people run it."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.services.impact.measuring import draft
from kb.services.incident import report
from kb.services.workspace import Workspace
from tests.homes import copied

XIEZHI = Path(sys.executable).parent / "xiezhi"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def home(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which three incidents were reported."""
    home = copied(prepared, tmp_path_factory.mktemp("cli") / "home")
    with Workspace(home, cities=()) as workspace:
        for deaths in (0, 2, 40):
            data = {"id": f"i-{deaths}", "type": "建筑火灾", "grid": "370102001002", "deaths": deaths}
            report(workspace, data, actor="test")
    return home


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with changes of the knowledge."""
    folder = tmp_path_factory.mktemp("draft")
    draft(folder)
    return folder


@pytest.fixture(scope="module")
def xiezhi(home: Path) -> Run:
    def run(*arguments: str | Path, lang: str = "en") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [XIEZHI, "--home", home, *arguments],
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, "XIEZHI_LANG": lang},
        )

    return run


def test_the_incidents_of_the_store_are_counted_under_both(xiezhi: Run, changes: Path) -> None:
    done = xiezhi("impact", changes, "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["incidents"], found["changed"], found["checkedOneByOne"]) == (3, 3, 3)
    activates = next(r for r in found["relations"] if r["relation"]["iri"].endswith("#activates"))
    assert activates["changes"][0]["gained"] == 3
    assert set(activates["changes"][0]["examples"]) <= {"i-0", "i-2", "i-40"}
    assert all(c["value"]["label"]["zh"] for r in found["relations"] for c in r["changes"])
    assert found["types"][0]["changed"] == 3


@pytest.mark.slow
def test_of_a_release_that_is_named_it_is_told_as_a_table_too(xiezhi: Run, changes: Path) -> None:
    name = xiezhi("release", "draft", changes, "--title", "lower", "--by", "a").stdout.strip()
    done = xiezhi("impact", name, "--format", "csv", lang="zh")
    table = list(csv.reader(io.StringIO(done.stdout)))
    assert table[0] == ["关系", "结论", "新增", "失去", "例"]
    assert ["3", "0"] in [row[2:4] for row in table]
    unknown = xiezhi("impact", "0000ffff")
    assert unknown.returncode == 1
    assert "0000ffff" in unknown.stderr
