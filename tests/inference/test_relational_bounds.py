"""Whatever the rules say, the relational executor ends too: with what follows, or at a bound and in words."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest
from pyoxigraph import Literal, NamedNode, Triple

from kb.errors import Fault
from kb.inference.bounds import MAX_ELEMENTS, Bounds, InferenceStopped
from kb.inference.interactive.executor import Executor
from kb.inference.relational import keys
from kb.inference.relational.connection import Connection
from kb.inference.relational.executor import RelationalExecutor
from kb.srl.parser import parse
from tests.inference.interactive import source_of, store_of
from tests.inference.relational import connection
from tests.inference.test_bounds import BASE, PREFIX, PRODUCT, SLACK, facts, layers

FEW = Bounds(facts=10_000, terms=10_000, seconds=60.0)
BRIEF = Bounds(seconds=1.0)
SOME = facts(300, "p", "q")


def derive(
    rules: str, base: Iterable[Triple] = (), bounds: Bounds = FEW, session: Connection | None = None
) -> set[Triple]:
    ruleset, session = parse(PREFIX + rules, source="r.srl"), session or connection()
    executor = RelationalExecutor(ruleset.rules, session, data=ruleset.data, bounds=bounds)
    return set(executor.derive(session.table(keys.facts(base))))


def stopped(code: str, rules: str, base: Iterable[Triple], bounds: Bounds = FEW) -> Fault:
    """Return the one fault with which *rules* are stopped."""
    with pytest.raises(InferenceStopped) as caught:
        derive(rules, base, bounds)
    (fault,) = caught.value.faults
    assert (fault.code, fault.where.partition(":")[0]) == (code, "r.srl")
    assert fault.repair is not None
    return fault


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (f"RULE :prod {{ ?a :x ?d . ?c :x ?f }} WHERE {{ {PRODUCT} }}", "inference.too-slow"),
        (f"RULE :prod {{ :a :x 1 }} WHERE {{ {PRODUCT} }}", "inference.too-slow"),
        (
            f"RULE :prod {{ :a :x 1 }} WHERE {{ {PRODUCT} FILTER (?b != ?d && ?d = ?f && ?a = ?e) }}",
            "inference.too-slow",
        ),
        ("RULE :prod { ?a :x ?d } WHERE { ?a :p ?b . ?c :q ?d }", "inference.too-many-facts"),
    ],
)
def test_a_product_stops_at_its_bound_names_the_rule_and_leaves_the_engine_usable(
    rule: str, code: str
) -> None:
    started = time.monotonic()
    slow = code == "inference.too-slow"
    fault = stopped(code, rule, BASE if slow else SOME, BRIEF if slow else FEW)
    assert time.monotonic() - started < BRIEF.seconds + SLACK
    assert "<urn:prod>" in fault.message.zh
    assert "<urn:prod>" in fault.message.en
    assert len(derive("RULE { ?a :x ?b } WHERE { ?a :p ?b }", BASE[:50])) == 50


def test_all_rules_of_a_query_that_is_stopped_are_named() -> None:
    rules = "".join(f"RULE :r{number} {{ ?a :x ?d }} WHERE {{ ?a :p ?b . ?c :q ?d }} " for number in range(5))
    fault = stopped("inference.too-many-facts", rules, SOME)
    assert "<urn:r0>, <urn:r1>, <urn:r2> …" in fault.message.en


def test_a_derivation_that_needs_more_than_memory_and_disk_ends_in_words() -> None:
    with Connection(memory="60MB", threads=1) as session:
        session.backend.raw_sql("SET max_temp_directory_size = '50MB'")
        with pytest.raises(InferenceStopped, match=r"inference\.too-large"):
            derive(
                "RULE :prod { ?a :x ?d } WHERE { ?a :p ?b . ?c :q ?d }",
                BASE,
                Bounds(facts=10**10, seconds=300),
                session,
            )


def test_more_predicates_than_fit_into_memory_at_once_are_read_a_few_at_a_time() -> None:
    rules = "".join(f"RULE {{ ?x :p{n + 1} ?y }} WHERE {{ ?x :p{n} ?y }} " for n in range(450))
    with Connection(memory="90MB", threads=1) as session:
        assert len(derive(rules, facts(1, "p0"), FEW, session)) == 450


def test_recursion_stops_at_the_number_of_facts() -> None:
    chain = [
        Triple(NamedNode(f"urn:n{i}"), NamedNode("urn:next"), NamedNode(f"urn:n{i + 1}")) for i in range(300)
    ]
    stopped(
        "inference.too-many-facts", "RULE :far { ?a :next ?c } WHERE { ?a :next ?b . ?b :next ?c }", chain
    )


def test_rules_that_join_texts_in_pairs_stop_at_the_number_of_terms() -> None:
    rule = (
        "RULE :r{j} {{ :a :p{j} ?z }} WHERE {{ ?a :p{i} ?x . ?b :p{i} ?y SET (?z := CONCAT(?x, '-', ?y)) }}"
    )
    base = [Triple(NamedNode("urn:a"), NamedNode("urn:p0"), Literal(str(n))) for n in range(10)]
    stopped("inference.too-many-terms", layers(4, rule), base)


def test_new_nodes_count_as_terms() -> None:
    stopped("inference.too-many-terms", "RULE :r { ?a :x [] } WHERE { ?a :p ?b . ?c :q ?d }", SOME)


def test_a_rule_of_many_patterns_runs_and_a_longer_one_is_refused_with_its_place() -> None:
    def chained(length: int) -> str:
        body = " . ".join(f"?x{number} :p ?x{number + 1}" for number in range(length))
        return f"RULE {{ ?x0 :far ?x{length} }} WHERE {{ {body} }}"

    chain = [
        Triple(NamedNode(f"urn:n{i}"), NamedNode("urn:p"), NamedNode(f"urn:n{i + 1}")) for i in range(41)
    ]
    assert len(derive(chained(40), chain)) == 2
    stopped("inference.rule-too-long", chained(MAX_ELEMENTS + 1), facts(1, "p"))


@pytest.mark.parametrize(
    "body",
    [
        "FILTER (" + " && ".join(f"?a != {n}" for n in range(1500)) + ")",
        "FILTER (?a NOT IN (" + ", ".join(map(str, range(1, 500))) + "))",
        "FILTER (" + "!(" * 60 + "?a < 1" + ")" * 60 + ")",
        "SET (?b := ?a" + " + 1" * 120 + ") FILTER (?b = 120)",
        "SET (?b := CONCAT(" + ", ".join(["STR(?a)"] * 400) + ")) FILTER (STRLEN(?b) = 400)",
    ],
)
def test_wide_and_deep_expressions_are_evaluated_as_elsewhere(body: str) -> None:
    values = [Triple(NamedNode(f"urn:{n}"), NamedNode("urn:p"), Literal(n)) for n in (0, 2000)]
    rule = f"RULE {{ ?x :q ?a }} WHERE {{ ?x :p ?a {body} }}"
    ruleset = parse(PREFIX + rule)
    expected = set(Executor(ruleset.rules, source_of(store_of(values))).derive())
    assert derive(rule, values) == expected
    assert expected
