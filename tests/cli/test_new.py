"""``xiezhi new`` and ``xiezhi table``: files that check as they are, tables that come back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from rdflib import OWL, Graph, URIRef

from kb.city import profile
from kb.cli import main
from kb.ontology.knowledge import Knowledge, over
from kb.ontology.records import Records
from kb.services import cases
from kb.services.workspace import TrialWorkspace, Workspace

ROOT = Path(__file__).parents[2]
Run = Callable[..., Result]


@pytest.fixture
def xiezhi(tmp_path: Path) -> Run:
    """Run the command in English, in this process."""

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(
            main, ["--home", str(tmp_path / "home"), "--lang", "en", *map(str, arguments)]
        )

    return run


@pytest.fixture
def body(tmp_path: Path) -> Path:
    """A copy of the whole body of knowledge."""
    for part in ("ontology", "rules", "examples/cities"):
        shutil.copytree(ROOT / part, tmp_path / "body" / part)
    return tmp_path / "body"


def make_all(xiezhi: Run, into: Path) -> list[str]:
    """Make one of each; return the paths that were printed."""
    names = ["--label-zh", "加气站火灾", "--label-en", "Gas station fire"]
    wanted = [
        ["incident-type", "GasStationFire", *names, "--parent", "GasAccident"],
        ["incident-type", "ferris-wheel-stop", "--parent", "事故灾难", "--pack", "structure"],
        ["module", "shoring", "--label-zh", "支护加固", "--parent", "建筑物坍塌"],
        ["rule", "dead-in-a-leak", "--topic", "local", "--parent", "xz:GasLeak"],
    ]
    made = [xiezhi("new", *arguments, "--into", into) for arguments in wanted]
    for result in made:
        assert result.exit_code == 0, result.output
    return [line for result in made for line in result.stdout.splitlines()]


def findings(xiezhi: Run, folder: Path) -> list[dict[str, object]]:
    """Return what a quick check of *folder* finds; it must find no error."""
    checked = xiezhi("check", folder, "--quick", "--format", "json")
    assert checked.exit_code == 0, checked.output
    found: list[dict[str, object]] = json.loads(checked.stdout)["findings"]
    return found


def test_what_is_made_checks_and_its_cases_pass_as_it_is(
    xiezhi: Run, body: Path, workspace: Workspace
) -> None:
    before = findings(xiezhi, body)
    make_all(xiezhi, body)
    assert findings(xiezhi, body) == before
    trial = TrialWorkspace(workspace, Knowledge(body / "ontology", body / "rules"))
    results = [r for folder in ("ontology", "rules/local") for r in cases.run(trial, body / folder)]
    names = {result.case.file.name for result in results}
    assert {"gas-station-fire.cases.yaml", "shoring.cases.yaml", "dead-in-a-leak.cases.yaml"} <= names
    assert [r for r in results if r.differences] == []


def test_it_works_in_a_folder_of_changes_too(xiezhi: Run, tmp_path: Path, workspace: Workspace) -> None:
    mine = tmp_path / "mine"
    make_all(xiezhi, mine)
    assert findings(xiezhi, mine) == []
    with over(mine) as knowledge:
        results = cases.run(TrialWorkspace(workspace, knowledge), mine)
    assert len(results) == 4
    assert [r for r in results if r.differences] == []


def test_the_pack_imports_the_new_file_and_protege_finds_it(xiezhi: Run, body: Path) -> None:
    catalogue = (body / "ontology/catalog-v001.xml").read_text(encoding="utf-8").splitlines()
    pack = (body / "ontology/packs/gas/pack.ttl").read_text(encoding="utf-8").splitlines()
    make_all(xiezhi, body)
    base = "https://w3id.org/xiezhi/ontology/packs/gas/"
    graph = Graph().parse(body / "ontology/packs/gas/pack.ttl", format="turtle")
    assert URIRef(base + "gas-station-fire") in set(graph.objects(URIRef(base + "pack"), OWL.imports))
    after = (body / "ontology/packs/gas/pack.ttl").read_text(encoding="utf-8").splitlines()
    assert len(set(after) - set(pack)) == 2  # the import before it has a comma now
    lines = (body / "ontology/catalog-v001.xml").read_text(encoding="utf-8").splitlines()
    new = [line for line in lines if line not in catalogue]
    assert f'    <uri name="{base}gas-station-fire" uri="packs/gas/gas-station-fire.ttl"/>' in new
    assert len(lines) == len(catalogue) + len(new) == len(catalogue) + 3


def test_a_new_file_imports_whatever_it_uses(xiezhi: Run, body: Path) -> None:
    paths = [Path(line) for line in make_all(xiezhi, body) if line.endswith(".ttl") and "/rules/" not in line]
    records = Records.of(body)
    for path in paths:
        file = path.relative_to(body / "ontology").as_posix()
        graph = Graph().parse(path, format="turtle")
        terms = {str(t) for triple in graph for t in triple if isinstance(t, URIRef)}
        assert [t for t in terms if not records.sees(file, t)] == [], file


def test_the_paths_printed_are_there_and_what_comes_next_is_said(xiezhi: Run, body: Path) -> None:
    result = xiezhi("new", "rule", "ThreeDead", "--topic", "local", "--parent", "GasLeak", "--into", body)
    for line in result.stdout.splitlines():
        assert Path(line).is_file()
    assert "three-dead.srl" in result.stdout
    assert "xiezhi check" in result.stderr
    assert "xiezhi test" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("incident-type", "加气站火灾", "--parent", "GasAccident"), "--label-zh"),
        (("incident-type", "gas_station", "--parent", "GasAccident"), "gas-station or GasStation"),
        (("incident-type", "../x", "--parent", "GasAccident"), "not a name"),
        (("incident-type", "GasLeak", "--parent", "GasAccident"), "not overwritten"),
        (("incident-type", "Other", "--label-zh", "煤气泄漏", "--parent", "GasAccident"), "not overwritten"),
        (("incident-type", "Other"), "--parent"),
        (("incident-type", "Other", "--parent", "燃汽事故"), "燃气事故"),
        (("incident-type", "Other", "--parent", "Incident"), "--pack"),
        (("incident-type", "Other", "--parent", "GasLeak", "--pack", "../x"), "there is no pack"),
        (("incident-type", "Other", "--parent", "GasLeak", "--label-zh", "a\n} ."), "one line"),
        (("module", "evacuation", "--parent", "GasLeak"), "not overwritten"),
        (("module", "shoring"), "--parent"),
        (("rule", "grade", "--topic", "../..", "--parent", "GasLeak"), "--topic"),
        (("rule", "may-lead-to", "--topic", "local", "--parent", "GasLeak"), "not overwritten"),
    ],
)
def test_what_cannot_be_is_refused_with_a_repair_and_nothing_is_written(
    xiezhi: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    mine = tmp_path / "mine"
    result = xiezhi("new", *arguments, "--into", mine)
    assert result.exit_code == 1, result.output
    assert said in result.stderr
    assert not mine.exists()


def test_a_file_that_is_there_is_not_overwritten(xiezhi: Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    arguments = ("new", "rule", "three-dead", "--topic", "local", "--parent", "GasLeak", "--into", mine)
    assert xiezhi(*arguments).exit_code == 0
    before = {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()}
    assert xiezhi(*arguments).exit_code == 1
    assert {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()} == before


def test_a_department_is_one_entry_more_and_comments_stay(xiezhi: Run, body: Path) -> None:
    for city in sorted((body / "examples/cities").glob("*/profile.yaml")):
        before = city.read_text(encoding="utf-8")
        names = ["--label-zh", "海洋发展局", "--label-en", "Ocean: Bureau", "--function", "water"]
        result = xiezhi(
            "new", "department", "ocean-affairs", *names, "--tier", "district", "--into", city.parent
        )
        assert result.exit_code == 0, result.output
        after = city.read_text(encoding="utf-8")
        new = [line for line in after.splitlines() if line not in before.splitlines()]
        assert len(new) == 4
        assert [line for line in after.splitlines() if line not in new] == before.splitlines()
        entry = yaml.safe_load(after)["departments"][-1]
        assert entry["label"] == {"zh": "海洋发展局", "en": "Ocean: Bureau"}
        read = profile.load(city, ["water", *_functions()])
        assert read.at("district")["ocean-affairs"].functions == ("water",)
        again = xiezhi("new", "department", "ocean-affairs", "--into", city)
        assert again.exit_code == 1
        assert city.read_text(encoding="utf-8") == after


def test_a_department_goes_behind_the_last_one_wherever_the_list_stands(xiezhi: Run, body: Path) -> None:
    city = body / "examples/cities/370100/profile.yaml"
    city.write_text(
        "extends: ../model-city.yaml\r\ndepartments:\r\n- id: housing\r\n"
        "  functions: [housing, gas-authority]  # why\r\n\r\n# the rest\r\nunit_grids_per_community: 2",
        encoding="utf-8",
        newline="",
    )
    assert xiezhi("new", "department", "ocean-affairs", "--into", city).exit_code == 0
    text = city.read_bytes().decode()
    assert "# why\r\n- id: ocean-affairs\r\n  tiers: [city]" in text
    assert text.endswith("\r\n\r\n# the rest\r\nunit_grids_per_community: 2")
    city.write_text("extends: ../model-city.yaml\n", encoding="utf-8")
    assert xiezhi("new", "department", "ocean-affairs", "--into", city).exit_code == 0
    assert yaml.safe_load(city.read_text(encoding="utf-8"))["departments"][0]["id"] == "ocean-affairs"


def test_a_profile_that_would_be_wrong_is_not_written(xiezhi: Run, body: Path) -> None:
    city = body / "examples/cities/370100/profile.yaml"
    for text in ("extends: ../model-city.yaml\ndepartments: []\n", "a: [\n", "extends: ../none.yaml\n"):
        city.write_text(text, encoding="utf-8")
        result = xiezhi("new", "department", "ocean-affairs", "--into", city)
        assert result.exit_code == 1, result.output
        assert city.read_text(encoding="utf-8") == text
        assert len(list(city.parent.iterdir())) == 2


def test_without_a_profile_the_entry_is_printed(xiezhi: Run) -> None:
    result = xiezhi("new", "department", "OceanAffairs", "--function", "water")
    assert yaml.safe_load(result.stdout)[0]["id"] == "ocean-affairs"
    result = xiezhi("new", "department", "OceanAffairs", "--function", "watter")
    assert (result.exit_code, "did you mean water" in result.stderr) == (1, True)


def test_a_table_goes_out_and_comes_back(xiezhi: Run, body: Path, tmp_path: Path) -> None:
    path = tmp_path / "duties.csv"
    assert xiezhi("table", "export", "duties", path, "--from", body).exit_code == 0
    assert xiezhi("table", "import", path, "--into", body).stderr == "nothing changed\n"
    text = path.read_text(encoding="utf-8-sig")
    path.write_text(text.replace("切断泄漏区电源，防止引燃", "切断泄漏区电源"), encoding="utf-8")
    file = body / "ontology/packs/gas/provisions.ttl"
    before = file.read_bytes()
    tried = xiezhi("table", "import", path, "--into", body, "--dry-run")
    assert "duty:gas-power xz:task" in tried.stdout
    assert file.read_bytes() == before
    done = xiezhi("table", "import", path, "--into", body / "ontology")
    assert done.stdout == tried.stdout
    assert file.read_bytes() == before.replace("切断泄漏区电源，防止引燃".encode(), "切断泄漏区电源".encode())


def test_a_wrong_table_says_where_and_writes_nothing(xiezhi: Run, body: Path, tmp_path: Path) -> None:
    path = tmp_path / "thresholds.csv"
    xiezhi("table", "export", "thresholds", path, "--from", body)
    path.write_text(path.read_text(encoding="utf-8-sig").replace(",10000000,", ",many,"), encoding="utf-8")
    result = xiezhi("table", "import", path, "--into", body)
    assert result.exit_code == 1
    assert "thresholds.csv:F" in result.stderr
    assert "(bound): not a number to use: many" in result.stderr


def _functions() -> list[str]:
    records = Records.of(ROOT)
    return [iri.rsplit("/", 1)[-1] for iri in records.members("https://w3id.org/xiezhi/ns#Function")]
