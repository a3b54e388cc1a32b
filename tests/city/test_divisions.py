from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyoxigraph import Literal

from kb.city import builder, divisions, importing, terms
from kb.city.divisions import Level
from kb.errors import KnowledgeFault
from kb.namespaces import RDF_TYPE, RDFS_LABEL, xz


@pytest.mark.parametrize("code", ["370100", "370200"])
def test_codes_and_names_below_the_districts_are_exactly_those_of_the_source(examples, source, code):
    with gzip.open(source / "villages.csv.gz", "rt", encoding="utf-8") as villages:
        expected = {
            row["code"]: row["name"] for row in csv.DictReader(villages) if row["cityCode"] == code[:4]
        }
    with (source / "streets.csv").open(encoding="utf-8") as streets:
        expected |= {
            row["code"]: row["name"] for row in csv.DictReader(streets) if row["cityCode"] == code[:4]
        }
    nation = divisions.national(examples / "divisions")
    local = divisions.below_districts(examples / "cities" / code / "divisions.csv.gz", nation)
    assert {d.code: d.name for d in local.divisions.values()} == expected


def test_the_national_table_is_what_the_command_makes_of_the_source(examples, source):
    with (examples / "divisions" / "divisions.csv").open(encoding="utf-8") as table:
        rows = {row["code"]: row["name"] for row in csv.DictReader(table)}
    assert rows == importing.nation(source)


def test_the_command_makes_the_tables_that_are_here(examples, source, tmp_path: Path):
    result = CliRunner().invoke(importing.main, [str(source), str(tmp_path), "370200"])
    assert result.exit_code == 0, result.output
    for table in ("divisions/divisions.csv", "cities/370200/divisions.csv.gz"):
        opener = gzip.open if table.endswith("gz") else open
        with opener(tmp_path / table, "rb") as made, opener(examples / table, "rb") as here:
            assert made.read() == here.read()


def test_every_district_of_the_source_is_a_known_place(examples, source):
    nation = divisions.national(examples / "divisions")
    with (source / "areas.csv").open(encoding="utf-8") as areas:
        for row in csv.DictReader(areas):
            assert Level.DISTRICT in nation[row["code"]].levels
            assert nation[row["code"]].name == row["name"]


def test_every_division_reaches_the_country(examples):
    nation = divisions.national(examples / "divisions")
    assert len(nation.divisions) > 3_300
    for division in nation.divisions.values():
        steps = 0
        while division.parent != divisions.COUNTRY:
            division, steps = nation[division.parent], steps + 1
        assert steps <= 2


@pytest.mark.parametrize(
    ("code", "parent", "levels"),
    [
        ("370102", "370100", "District"),
        ("370100", "370000", "City"),
        ("370000", "100000", "Province"),
        ("110000", "100000", "Province City"),  # a municipality is a city too
        ("110101", "110000", "District"),
        ("500229", "500000", "District"),  # Chongqing's counties, listed under 5002 县
        ("419001", "410000", "District"),  # Jiyuan: straight under Henan
        ("659001", "650000", "District"),
        ("441900", "440000", "City District"),  # Dongguan has no districts
        ("710000", "100000", "Province"),
    ],
)
def test_a_division_stands_where_its_code_says(examples, code, parent, levels):
    division = divisions.national(examples / "divisions")[code]
    assert division.parent == parent
    assert " ".join(level.value for level in division.levels) == levels


def test_the_graph_of_the_nation_describes_lixia(examples):
    quads = {q for q in builder.nation(examples) if q.subject == terms.area("370102")}
    assert {q.graph_name for q in quads} == {builder.NATION}
    assert {(q.predicate, q.object) for q in quads} == {
        (RDF_TYPE, xz("District")),
        (xz("code"), Literal("370102")),
        (xz("partOf"), terms.area("370100")),
        (RDFS_LABEL, Literal("历下区", language="zh")),
        (RDFS_LABEL, Literal("Lixia District", language="en")),
    }


def test_a_bad_row_is_named_with_file_and_line(tmp_path: Path):
    (tmp_path / "divisions.csv").write_text("code,name\n370000,山东省\n3701x0,济南市\n", encoding="utf-8")
    with pytest.raises(KnowledgeFault) as caught:
        divisions.national(tmp_path)
    assert caught.value.faults[0].where.endswith("divisions.csv:3")


def test_a_division_without_its_parent_is_refused(tmp_path: Path):
    (tmp_path / "divisions.csv").write_text("code,name\n370100,济南市\n", encoding="utf-8")
    with pytest.raises(KnowledgeFault, match="370000"):
        divisions.national(tmp_path)
