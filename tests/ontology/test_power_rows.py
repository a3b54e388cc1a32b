"""The rows of the appendix of decree 599: which city is graded by which."""

from __future__ import annotations

import csv
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from rdflib import DCTERMS, RDF, Graph, Literal, Namespace, URIRef

XZ = Namespace("https://w3id.org/xiezhi/ns#")
KB = Namespace("https://w3id.org/xiezhi/kb/")
DIVISION = "https://w3id.org/xiezhi/division/"
TABLES = Path(__file__).parents[3] / "shared" / "data" / "admin"
MUNICIPALITIES = {"110000", "120000", "310000", "500000"}


@pytest.fixture(scope="module")
def rows(knowledge: Graph) -> dict[str, set[str]]:
    """The divisions of every row: of every regime of the appendix that is not for the whole nation."""
    found = {}
    for regime in knowledge.subjects(DCTERMS.source, KB["clause/decree-599-2011-appendix"]):
        codes = {str(area).removeprefix(DIVISION) for area in knowledge.objects(regime, XZ.jurisdiction)}
        if (regime, RDF.type, XZ.GradingRegime) in knowledge and codes != {"100000"}:
            found[str(regime).rpartition("/")[2]] = codes
    assert len(found) == 4
    return found


def load_bounds(knowledge: Graph, row: str) -> dict[str, int]:
    """Return the share of load from which each grade of *row* is reached."""
    found = {}
    for criterion in knowledge.subjects(XZ.regime, KB[f"regime/{row}"]):
        condition = knowledge.value(criterion, XZ.condition)
        if (condition, XZ.measure, XZ.gridLoadLost) in knowledge:
            grade, bound = knowledge.value(criterion, XZ.setsGrade), knowledge.value(condition, XZ.atLeast)
            assert isinstance(grade, URIRef)
            assert isinstance(bound, Literal)
            found[grade.rpartition("/")[2]] = bound.toPython()
    return found


def test_no_city_is_graded_by_two_rows(rows: dict[str, set[str]]) -> None:
    for (one, first), (other, second) in combinations(rows.items(), 2):
        assert not first & second, f"{one} and {other}"


def test_the_four_municipalities_have_a_row_of_their_own(rows: dict[str, set[str]]) -> None:
    assert rows["power-municipality"] == MUNICIPALITIES


def test_every_province_but_the_municipalities_has_one_capital(rows: dict[str, set[str]]) -> None:
    capitals = rows["power-capital"] | rows["power-capital-2000-mw"]
    assert len(capitals) == 27
    assert len({code[:2] for code in capitals}) == 27
    assert not {code[:2] for code in capitals} & {code[:2] for code in MUNICIPALITIES}


def test_every_city_with_districts_stands_in_a_row(rows: dict[str, set[str]]) -> None:
    if not TABLES.is_dir():
        pytest.skip(f"NOT COMPARED with the source: {TABLES} is not there")
    with (TABLES / "cities.csv").open(encoding="utf-8", newline="") as file:
        cities = {f"{city['code']}00" for city in csv.DictReader(file) if city["name"].endswith("市")}
    assert len(cities) > 280
    assert set.union(*rows.values()) - MUNICIPALITIES == cities


def test_a_smaller_share_counts_the_more_central_the_city(knowledge: Graph) -> None:
    order = ("power-municipality", "power-capital-2000-mw", "power-other-city")
    for narrower, wider in pairwise(order):
        upper, lower = load_bounds(knowledge, narrower), load_bounds(knowledge, wider)
        assert all(upper[grade] < bound for grade, bound in lower.items())
    capital, large = load_bounds(knowledge, "power-capital"), load_bounds(knowledge, "power-capital-2000-mw")
    assert capital == {grade: bound for grade, bound in large.items() if grade != "particularly-major"}
