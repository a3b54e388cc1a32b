"""The Lehigh University Benchmark: one university, OWL 2 RL as rules, 14 queries and their published counts.

Guo, Pan, Heflin, LUBM: A benchmark for OWL knowledge base systems, Journal of Web Semantics 3 (2005). The
data (generator, seed 0) lie beside the checkout and are not part of it.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from pyoxigraph import Quad, QuerySolutions, RdfFormat, Store, Triple, parse

from kb.resources import folder
from kb.srl.loader import load
from kb.srl.syntax import RuleSet
from tests.inference import interactive
from tests.srl.evaluators import names, on_duckdb

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "onto" / "lubm1.nt.gz"
RULES = folder("rules") / "entailment" / "owl2-rl.srl"

executors: list[Callable[[RuleSet, Iterable[Triple]], set[Triple]]] = [interactive.infer, on_duckdb]
"""Each takes a rule set and the base graph, and returns the inference graph. Add yours here."""

PREFIXES = """
PREFIX ub: <http://swat.cse.lehigh.edu/onto/univ-bench.owl#>
PREFIX u: <http://www.University0.edu>
PREFIX dept: <http://www.Department0.University0.edu>
PREFIX person: <http://www.Department0.University0.edu/>
"""
QUERIES: dict[int, tuple[str, int]] = {
    1: ("?x a ub:GraduateStudent ; ub:takesCourse person:GraduateCourse0", 4),
    2: (
        "?x a ub:GraduateStudent . ?y a ub:University . ?z a ub:Department . "
        "?x ub:memberOf ?z ; ub:undergraduateDegreeFrom ?y . ?z ub:subOrganizationOf ?y",
        0,
    ),
    3: ("?x a ub:Publication ; ub:publicationAuthor person:AssistantProfessor0", 6),
    4: ("?x a ub:Professor ; ub:worksFor dept: ; ub:name ?n ; ub:emailAddress ?e ; ub:telephone ?t", 34),
    5: ("?x a ub:Person ; ub:memberOf dept:", 719),
    6: ("?x a ub:Student", 7790),
    7: (
        "?x a ub:Student ; ub:takesCourse ?y . ?y a ub:Course . person:AssociateProfessor0 ub:teacherOf ?y",
        67,
    ),
    8: (
        "?x a ub:Student ; ub:memberOf ?y ; ub:emailAddress ?z . "
        "?y a ub:Department ; ub:subOrganizationOf u:",
        7790,
    ),
    9: (
        "?x a ub:Student ; ub:advisor ?y ; ub:takesCourse ?z . "
        "?y a ub:Faculty ; ub:teacherOf ?z . ?z a ub:Course",
        208,
    ),
    10: ("?x a ub:Student ; ub:takesCourse person:GraduateCourse0", 4),
    11: ("?x a ub:ResearchGroup ; ub:subOrganizationOf u:", 224),
    12: ("?x a ub:Chair ; ub:worksFor ?y . ?y a ub:Department ; ub:subOrganizationOf u:", 15),
    13: ("?x a ub:Person . u: ub:hasAlumnus ?x", 1),
    14: ("?x a ub:UndergraduateStudent", 5916),
}
"""By their published numbers: the pattern and the number of answers for one university."""


@pytest.fixture(scope="module")
def base() -> list[Triple]:
    """The data: a university and the ontology."""
    if not DATA.is_file():
        pytest.skip(f"the LUBM data are not beside the checkout ({DATA})")
    with gzip.open(DATA) as stream:
        return [quad.triple for quad in parse(stream, RdfFormat.N_TRIPLES)]


@pytest.fixture(scope="module", params=executors, ids=names)
def university(request: pytest.FixtureRequest, base: list[Triple]) -> Store:
    """The data and what one executor infers from them."""
    return store_of([*base, *request.param(load(RULES), base)])


@pytest.mark.parametrize("number", QUERIES)
def test_a_query_has_its_published_number_of_answers(university: Store, number: int) -> None:
    pattern, expected = QUERIES[number]
    assert count(university, pattern) == expected


@pytest.mark.parametrize("number", [5, 6, 8, 9, 10, 12, 13])
def test_without_the_rules_a_query_about_conclusions_has_no_answer(base: list[Triple], number: int) -> None:
    pattern, _ = QUERIES[number]
    assert count(store_of(base), pattern) == 0


def store_of(triples: list[Triple]) -> Store:
    store = Store()
    store.extend(Quad(t.subject, t.predicate, t.object) for t in triples)
    return store


def count(store: Store, pattern: str) -> int:
    found = store.query(f"{PREFIXES} SELECT DISTINCT * {{ {pattern} }}")
    assert isinstance(found, QuerySolutions)
    return sum(1 for _ in found)
