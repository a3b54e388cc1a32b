"""The wheel: built, installed into a clean environment, used from another folder."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True, capture_output=True,
    )  # fmt: skip
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` folder of a clean environment with the wheel in it.

    Its dependencies are lent by a path file, so that no network is needed; the editable install of this
    checkout is not among them, because path files inside lent folders are not read.
    """
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    bin_ = folder / "bin"
    pip = [bin_ / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(pip, check=True, capture_output=True)
    site = next((folder / "lib").glob("python*/site-packages"))
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return bin_


def test_the_wheel_holds_the_knowledge_the_pages_and_nothing_of_the_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"kb", "webapp"}
    for wanted in (
        "kb/_data/ontology/core.ttl",
        "kb/_data/rules/grading/grade.srl",
        "kb/_data/examples/cities/370100/profile.yaml",
        "kb/_data/examples/queries/incident-departments.ttl",
        "kb/srl/grammar.lark",
        "kb/ontology/templates/index.html",
        "kb/ontology/templates/rule.srl.jinja",
        "kb/py.typed",
    ):
        assert wanted in names
    assert any(name.startswith("webapp/templates/") for name in names)
    assert any(name.startswith("webapp/static/vendor/") for name in names)
    assert not [name for name in names if name.endswith((".png", ".pyc"))]


def test_every_file_of_ontology_and_rules_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    files = [p for folder in ("ontology", "rules") for p in (ROOT / folder).rglob("*") if p.is_file()]
    assert len(files) > 50
    assert {f"kb/_data/{p.relative_to(ROOT).as_posix()}" for p in files} <= names


def test_the_installed_command_answers_from_another_folder(installed: Path, tmp_path: Path) -> None:
    where = subprocess.run(
        [installed / "python", "-c", "import kb; print(kb.__file__)"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert str(installed.parent) in where.stdout
    report = tmp_path / "report.json"
    report.write_text('{"type": "燃气爆炸", "grid": "370202", "deaths": 3}', encoding="utf-8")
    # Under the C locale: every file is read as UTF-8 because the code says so, not because the machine does.
    done = subprocess.run(
        [installed / "xiezhi", "--home", tmp_path / "home", "recommend", report, "--lang", "en"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Qingdao Municipal Urban Management Bureau" in done.stdout
    assert "Larger" in done.stdout
