"""The relational executor derives what the interactive one and the textbook derive."""

from __future__ import annotations

import gc
import itertools
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import BaseDirection, BlankNode, Literal, NamedNode, Triple

from kb.inference.bounds import InferenceStopped
from kb.inference.planner import order
from kb.inference.relational import keys
from kb.inference.relational.executor import RelationalExecutor
from kb.inference.relational.ordering import by_cost
from kb.inference.relational.sizes import Statistics
from kb.srl.loader import load
from kb.srl.parser import parse
from kb.srl.syntax import RuleSet, Term, TriplePattern
from tests.inference.relational import connection, infer, needs_spark
from tests.inference.strategies import graphs, rulesets
from tests.srl import textbook
from tests.srl.evaluators import interactive
from tests.srl.suites import canonical

Graph = set[Triple]
XSD = "http://www.w3.org/2001/XMLSchema#"
LITERALS = {
    "integer": ["0", "1", "007", "-3", "+5", "9223372036854775807", "99999999999999999999", "x", " 1"],
    "int": ["1", "-3"],
    "decimal": ["1.0", "0.1", "-3", ".5", "12345678901234567890.123456789012345678", "1e2"],
    "double": ["1", "1e0", "0.1", "-3.0E0", "INF", "NaN", "1e400"],
    "float": ["1", "0.1"],
    "boolean": ["true", "false", "1", "0", "TRUE"],
    "string": ["", "a", "b", "B", "汉", "𝄞", '"', "1"],
    "date": ["2024-02-29", "2023-02-29", "2024-03-01", "2024-03-01Z", "0000-01-01"],
    "dateTime": [
        "2024-03-01T00:00:00Z",
        "2024-03-01T08:00:00+08:00",
        "2024-03-01T00:00:00",
        "2024-03-01T00:00:00.5Z",
        "2024-02-30T00:00:00Z",
        "2024-03-01T24:00:00Z",
        "2024-02-29T23:59:59-13:30",
    ],
    "duration": ["PT1H", "PT60M", "P1D"],
    "gYear": ["2024", "2025"],
}
TERMS: list[Term] = [
    *(Literal(text, datatype=NamedNode(XSD + kind)) for kind, texts in LITERALS.items() for text in texts),
    Literal("a", language="en"),
    Literal("a", language="zh"),
    Literal("1", datatype=NamedNode("urn:unknown")),
    NamedNode("urn:a"),
    BlankNode("a"),
]
VALUES = [
    Triple(NamedNode(f"urn:{number}"), NamedNode("urn:value"), term) for number, term in enumerate(TERMS)
]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(ruleset=rulesets(), base=graphs())
def test_all_three_evaluators_agree_on_random_rules_and_data(ruleset: RuleSet, base: Graph) -> None:
    expected = textbook.infer(ruleset, base)
    for derived in (infer(ruleset, base), interactive(ruleset, base)):
        assert derived == expected or canonical(derived | base) == canonical(expected | base)


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">=", "=", "!="])
def test_every_kind_of_literal_compares_with_every_other_as_in_the_interactive_executor(sign: str) -> None:
    rules = parse(
        "RULE { ?x <urn:holds> ?y } WHERE { ?x <urn:value> ?a . ?y <urn:value> ?b "
        f"FILTER (?a {sign} ?b) }}"
    )
    assert infer(rules, VALUES) == interactive(rules, VALUES)


@pytest.mark.parametrize("kind", ["integer", "date", "string", "dateTime"])
def test_columns_of_one_kind_compare_with_constants_and_with_each_other(kind: str) -> None:
    """One family on both sides takes the shortest way: a comparison of two typed columns."""
    values = [t for t in VALUES if isinstance(t.object, Literal) and t.object.datatype.value == XSD + kind]
    constants = [t.object for t in values]
    tests = " || ".join(f"?a {sign} ?b" for sign in ("<", "=")) + "".join(
        f" && ?a != {c}" for c in constants[:2]
    )
    rules = parse(
        f"RULE {{ ?x <urn:r> ?y }} WHERE {{ ?x <urn:value> ?a . ?y <urn:value> ?b FILTER ({tests}) }}"
    )
    assert infer(rules, values) == interactive(rules, values)


def test_an_error_in_one_part_of_a_condition_is_no_error_of_the_whole() -> None:
    rules = parse(
        "RULE { ?x <urn:ok> ?a } WHERE { ?x <urn:value> ?a FILTER (?a > 0 || ?a IN (<urn:a>, 1.0, 'a')) }"
        "RULE { ?x <urn:not> ?a } WHERE { ?x <urn:value> ?a FILTER (!(?a > 0 && ?a < 'b')) }"
    )
    assert infer(rules, VALUES) == interactive(rules, VALUES)


def test_functions_that_databases_lack_are_computed_once_for_each_distinct_input() -> None:
    rules = parse(
        "RULE { ?x <urn:up> ?u ; <urn:next> ?n } WHERE { ?x <urn:value> ?a "
        "FILTER (REGEX(STR(?a), '^[a-z0-9]') && STRLEN(STR(?a)) < 3) SET (?u := UCASE(STR(?a))) "
        "SET (?n := IRI(CONCAT('urn:next/', ?u))) }"
        "RULE { ?n <urn:seen> ?u } WHERE { ?x <urn:up> ?u ; <urn:next> ?n FILTER (?u >= '1') }"
    )
    assert infer(rules, VALUES) == interactive(rules, VALUES)


NODES = [
    *(NamedNode(f"urn:{text}") for text in ("a", "汉", "a%20b", "a/../b", "a#b", "?q=1")),
    *(NamedNode(text) for text in ("http://x/y", "http://x.org:80/a/b", "http://[::1]/", "mailto:a@b")),
]
PLAIN_INTEGERS: list[Term] = [
    Literal(text, datatype=NamedNode(XSD + kind))
    for text, kind in [("1", "integer"), ("-7", "int"), ("007", "integer"), ("999999999999999", "long")]
]


@pytest.mark.parametrize(
    "made",
    [
        "STR(?a)",
        "CONCAT(STR(?a), '/', 'x')",
        "CONCAT('<', STR(?a), '\"', STR(?a))",
        "IRI(CONCAT(STR(?a), '/x'))",
        "IRI(CONCAT('http://y/', STR(?a)))",
        "IRI(STR(?a))",
        "IRI('urn:fixed')",
        "?a + 1",
        "?a - ?a",
        "1 - (?a + ?a) + 7",
    ],
)
@pytest.mark.parametrize(
    "values", [TERMS, NODES, [*NODES, BlankNode("b")], PLAIN_INTEGERS, [*PLAIN_INTEGERS, Literal(2**60)]]
)
def test_terms_that_set_makes_are_the_same_wherever_they_are_made(made: str, values: list[Term]) -> None:
    """What the database cannot make exactly as SPARQL does is made by the expressions, row by row."""
    base = [Triple(NamedNode(f"urn:s{n}"), NamedNode("urn:value"), v) for n, v in enumerate(values)]
    rules = parse(
        f"BASE <http://base/> RULE {{ ?x <urn:made> ?m }} WHERE {{ ?x <urn:value> ?a SET (?m := {made}) }}"
        "RULE { ?x <urn:one> ?m } WHERE { ?x <urn:made> ?m FILTER (?m = 1 || STR(?m) = 'urn:a/x') }"
    )
    assert infer(rules, base) == interactive(rules, base)


def test_recursion_follows_a_path_of_any_length() -> None:
    rules = parse(
        "RULE { ?x <urn:reach> ?y } WHERE { ?x <urn:to> ?y }"
        "RULE { ?x <urn:reach> ?z } WHERE { ?x <urn:reach> ?y . ?y <urn:to> ?z }"
        "RULE { ?x <urn:far> ?y } WHERE { ?x <urn:reach> ?y NOT { ?x <urn:to> ?y } }"
    )
    base = [Triple(_node(n), NamedNode("urn:to"), _node((n + 1) % 12)) for n in range(12)]
    assert infer(rules, base) == interactive(rules, base)


def test_values_that_are_new_for_each_solution_are_made_for_each_solution() -> None:
    rules = parse(
        "RULE { ?x <urn:id> ?u ; <urn:node> ?b } WHERE "
        "{ ?x <urn:to> ?y SET (?u := STRUUID()) SET (?b := BNODE()) }"
        "RULE { ?x <urn:other> ?u } WHERE { ?x <urn:to> ?y SET (?u := UUID()) FILTER (STRUUID() != STR(?u)) }"
    )
    base = [Triple(_node(n), NamedNode("urn:to"), _node(n + m)) for n in range(3) for m in (1, 2)]
    derived = infer(rules, base)
    assert Counter(t.predicate.value for t in derived) == {"urn:id": 6, "urn:node": 6, "urn:other": 6}
    assert len({t.object for t in derived}) == 18


def test_triple_terms_are_taken_apart_and_put_together() -> None:
    rules = parse(
        "PREFIX : <urn:> "
        "RULE { ?x :of ?s ; :via ?p ; :at ?o } WHERE { ?x :says <<( ?s ?p ?o )>> }"
        "RULE { ?x :own ?o } WHERE { ?x :says <<( ?x :p ?o )>> . ?o :q ?z }"
        "RULE { ?x :deep ?o } WHERE { ?x :says <<( ?s :p <<( ?s :q ?o )>> )>> }"
        "RULE { ?x :unsaid ?y } WHERE { ?x :p ?y NOT { ?z :says <<( ?x :p ?y )>> } }"
        "RULE { ?x :quiet 1 } WHERE { ?x :p ?y NOT { ?x :says <<( ?any :p ?thing )>> FILTER (?thing != 7) } }"
        "RULE { ?x :claims <<( ?y :p ?x )>> , <<( [] :made ?y )>> ; :plain ?y } WHERE { ?x :p ?y }"
        "RULE { ?y :again <<( ?x :seen <<( ?y :p ?x )>> )>> } WHERE { ?x :p ?y }"
        "RULE { ?x :no <<( ?v :p ?x )>> ; :yes ?v } WHERE { ?x :q ?v }"
    )
    base = parse(
        "PREFIX : <urn:> DATA { :a :says <<( :a :p :b )>> , <<( :b :q 7 )>> , <<( :c :p <<( :c :q 1 )>> )>> ."
        ":b :says <<( :b :p 7 )>> , 7 , :c . :a :p :b . :b :p :c . :c :p :a , 7 . :b :q :c . :c :q 3 }"
    ).data
    expected = textbook.infer(rules, base)
    assert len(expected) > 25
    for derived in (infer(rules, base), interactive(rules, base)):
        assert canonical(derived | {*base}) == canonical(expected | {*base})


def test_recursion_goes_through_triple_terms() -> None:
    rules = parse(
        "PREFIX : <urn:> RULE { ?y :trusts ?z } WHERE { ?x :trusts ?y . ?x :says <<( ?y :trusts ?z )>> }"
    )
    says = [
        Triple(_node(0), NamedNode("urn:says"), Triple(_node(n), NamedNode("urn:trusts"), _node(n + 1)))
        for n in range(1, 6)
    ]
    says += [Triple(_node(n), NamedNode("urn:says"), t.object) for n in range(1, 6) for t in says[:5]]
    base = [*says, Triple(_node(0), NamedNode("urn:trusts"), _node(1))]
    assert infer(rules, base) == interactive(rules, base)
    assert len(infer(rules, base)) == 5


def test_a_rule_that_is_too_long_is_named_with_file_and_line_before_anything_runs(tmp_path: Path) -> None:
    path = tmp_path / "hard.srl"
    many = " . ".join(f"?x <urn:q> ?y{number}" for number in range(300))
    path.write_text(
        "RULE <urn:fine> { ?x <urn:p> ?y } WHERE { ?x <urn:q> ?y }\n"
        f"RULE <urn:long> {{ ?x <urn:p> 1 }} WHERE {{ {many} }}\n",
        encoding="utf-8",
    )
    with pytest.raises(InferenceStopped) as caught:
        RelationalExecutor(load(path).rules, connection())
    (fault,) = caught.value.faults
    assert fault.where.rpartition("/")[2].split(":")[:2] == ["hard.srl", "2"]
    assert "urn:long" in fault.message.zh


def test_joins_begin_where_few_rows_come_out_of_them() -> None:
    rule = parse(
        "RULE { ?i <urn:lead> ?d } WHERE { ?d <urn:performs> ?f . ?i <urn:duty> ?y . ?y <urn:function> ?f }"
    ).rules[0]
    sizes = {
        "urn:performs": Statistics(30_000, (3_000, 1, 50)),
        "urn:duty": Statistics(1_000, (1_000, 1, 10)),
        "urn:function": Statistics(100, (100, 1, 50)),
    }

    def of(pattern: TriplePattern) -> Statistics:
        assert isinstance(pattern.predicate, NamedNode)
        return sizes[pattern.predicate.value]

    names = [step.element.predicate for step in by_cost(rule, frozenset(), None, of)]  # type: ignore[union-attr]
    assert names[-1] == NamedNode("urn:performs")
    assert len(order(rule)) == len(names)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
KEYED = st.one_of(
    st.builds(Literal, TEXTS),
    st.builds(lambda text: Literal(text, language="zh"), TEXTS),
    st.builds(lambda text: Literal(text, language="ar", direction=BaseDirection.RTL), TEXTS),
    st.builds(lambda text: Literal(text, datatype=NamedNode("urn:type")), TEXTS),
    st.sampled_from([NamedNode("urn:x"), BlankNode("x")]),
    st.builds(lambda text: Triple(NamedNode("urn:x"), NamedNode("urn:y"), Literal(text)), TEXTS),
)


@given(KEYED)
def test_a_key_says_which_term_it_stands_for(term: Term) -> None:
    assert keys.term(keys.key(term)) == term


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # PySpark's sockets
@needs_spark
@pytest.mark.slow
def test_spark_derives_what_duckdb_derives() -> None:
    rules = parse(
        "RULE { ?x <urn:reach> ?y } WHERE { ?x <urn:to> ?y }"
        "RULE { ?x <urn:reach> ?z } WHERE { ?x <urn:reach> ?y . ?y <urn:to> ?z }"
        "RULE { ?x <urn:more> ?y } WHERE { ?x <urn:value> ?a . ?y <urn:value> ?b FILTER (?a > ?b) "
        "NOT { ?z <urn:value> ?c FILTER (?c > ?b && ?c < ?a) } }"
        "RULE { ?x <urn:sum> ?s } WHERE { ?x <urn:value> ?a SET (?s := ?a + 1) }"
    )
    simple = [t for t in VALUES if t.object in TERMS[:14]]
    ring = [Triple(_node(n), NamedNode("urn:to"), _node((n + 1) % 3)) for n in range(3)]
    base = list(itertools.chain(simple, ring))
    try:
        derived = infer(rules, base, "spark")
    finally:
        connection("spark").close()
        connection.cache_clear()
        gc.collect()
    assert derived == infer(rules, base) == interactive(rules, base)


def _node(number: int) -> NamedNode:
    return NamedNode(f"urn:node/{number}")
