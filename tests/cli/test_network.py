"""``xiezhi network`` on a store of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import networkx
import pytest
from click.testing import CliRunner, Result

from kb.cli import main
from tests.homes import copied

CITY = "370200"


@pytest.fixture(scope="module")
def home(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(prepared, tmp_path_factory.mktemp("network") / "home")


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "network", *arguments])


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", ("瓶颈", "青岛市人民政府")), ("en", ("Bottlenecks", "Isolates"))]
)
def test_show_names_the_findings_and_why_they_matter(home: Path, lang: str, words: tuple[str, ...]) -> None:
    found = run(home, "show", "--city", CITY, "--area", CITY, "--lang", lang)
    assert found.exit_code == 0, found.output
    for word in words:
        assert word in found.stdout
    assert "https://" not in found.stdout


def test_show_writes_json_a_drawing_and_graphml(home: Path) -> None:
    data = json.loads(run(home, "show", "--city", CITY, "--area", CITY, "--format", "json").stdout)
    assert data["bodies"] == len({edge for item in data["edges"] for edge in (item["from"], item["to"])}) + 1
    drawn = run(home, "show", "--city", CITY, "--format", "svg").stdout_bytes
    assert ElementTree.fromstring(drawn).get("role") == "img"
    text = run(home, "show", "--city", CITY, "--area", CITY, "--format", "graphml").stdout
    graph = networkx.parse_graphml(text)
    assert (len(graph), graph.number_of_edges()) == (data["bodies"], data["links"])


def test_outage_says_who_takes_over_and_what_loses_its_lead(home: Path) -> None:
    found = run(home, "outage", "青岛市城市管理局", "--city", CITY, "--lang", "zh")
    assert found.exit_code == 0, found.output
    for part in ("燃气主管: 由 青岛市住房和城乡建设局", "失去牵头", "政府兜底", "任务无人履行", "改道"):
        assert part in found.stdout, part
    data = json.loads(run(home, "outage", "370200/water", "--city", CITY, "--format", "json").stdout)
    assert [body["label"]["zh"] for body in data["down"]] == ["青岛市水务管理局"]


def test_an_unknown_body_or_city_is_named_with_the_nearest(home: Path) -> None:
    found = run(home, "outage", "青岛市城市局", "--city", CITY, "--lang", "zh")
    assert found.exit_code == 1
    assert "青岛市城市管理局" in found.stderr
    assert "370100, 370200" in run(home, "duties", "--city", "990000", "--lang", "en").stderr
    assert run(home, "outage").exit_code == 2


def test_duties_tells_the_clauses_of_both(home: Path) -> None:
    found = run(home, "duties", "--city", CITY, "--area", CITY, "--lang", "zh")
    assert "既牵头又支援" in found.stdout
    assert "《突发事件应对法》（2024）第21条" in found.stdout


def test_roster_says_that_there_is_none_and_refuses_what_is_no_time(home: Path) -> None:
    found = run(home, "roster", "--city", CITY, "--at", "2026-07-20T10:00:00+08:00", "--lang", "en")
    assert found.stdout.strip() == "no roster is visible"
    assert "2026-07-20T08:00:00+08:00" in run(home, "roster", "--at", "tomorrow", "--lang", "en").stderr
    at, until = "2026-07-20T10:00", "2026-07-19T10:00"
    assert run(home, "roster", "--city", CITY, "--at", at, "--until", until).exit_code == 1
