"""``xiezhi quality`` and ``xiezhi catalogue`` on a store of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import pyoxigraph
import pytest
from click.testing import CliRunner, Result
from pyoxigraph import RdfFormat

from kb.cli import main
from kb.services.workspace import Workspace
from tests.catalogue.conftest import CITY, RISKS, TARGETS, deliver, iri
from tests.homes import copied


@pytest.fixture(scope="module")
def home(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with risk sources that were delivered 40 days ago."""
    home = tmp_path_factory.mktemp("cli") / "home"
    copied(prepared, home)
    with Workspace(home, cities=[CITY]) as workspace:
        deliver(workspace, [(RISKS, "risk-sources.csv")])
    return home


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), *arguments])


@pytest.mark.parametrize(("lang", "word"), [("zh", "逾期 自"), ("en", "Overdue since")])
def test_quality_says_which_dataset_is_overdue(home: Path, lang: str, word: str) -> None:
    found = run(home, "quality", "--lang", lang)
    assert found.exit_code == 0, found.output
    line = next(line for line in found.stdout.splitlines() if "(risk-sources)" in line)
    assert word in line
    assert "100.0%" in found.stdout


def test_quality_comes_as_json_and_csv(home: Path) -> None:
    report = json.loads(run(home, "quality", "--format", "json", "--department", "370200/health").stdout)
    assert [item["path"] for item in report["datasets"]] == [TARGETS]
    table = run(home, "quality", "--format", "csv").stdout
    assert table.removeprefix("\ufeff").startswith("department,dataset,metric,time,value")


@pytest.mark.parametrize(("name", "form"), [("turtle", RdfFormat.TURTLE), ("json-ld", RdfFormat.JSON_LD)])
def test_the_catalogue_is_written_in_dcat(home: Path, name: str, form: RdfFormat) -> None:
    found = run(home, "catalogue", "--format", name, "--address", "https://xiezhi.example")
    assert found.exit_code == 0, found.output
    triples = {quad.triple for quad in pyoxigraph.parse(found.stdout_bytes, format=form)}
    addresses = {str(t.object.value) for t in triples if t.predicate.value.endswith("#downloadURL")}
    assert f"https://xiezhi.example/download/{RISKS}.csv" in addresses
    assert iri(RISKS) in {t.subject for t in triples}
    assert run(home, "catalogue", "--page", "9").exit_code == 1
