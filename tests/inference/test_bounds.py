"""Whatever the rules say, evaluation ends: with what follows, or at a bound and in words."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kb.errors import Fault
from kb.inference.bounds import MAX_DEPTH, MAX_ELEMENTS, Bounds, InferenceStopped, Ticket, Watch
from kb.inference.interactive.executor import Executor
from kb.srl.parser import parse
from tests.inference.interactive import source_of, store_of

PREFIX = "PREFIX : <urn:>\n"
FEW = Bounds(facts=10_000, terms=10_000, seconds=60.0)
BRIEF = Bounds(seconds=1.0)
SLACK = 8.0
"""Seconds that a stop may take beyond the bound, on a busy machine."""

needs_bounds = pytest.mark.skipif(
    "bounds" not in inspect.signature(Executor).parameters,
    reason="the interactive executor takes no bounds yet",
)


def facts(number: int, *properties: str) -> list[Triple]:
    return [
        Triple(NamedNode(f"urn:s{i}"), NamedNode(f"urn:{p}"), NamedNode(f"urn:o{i}"))
        for p in properties
        for i in range(number)
    ]


def derive(rules: str, base: Iterable[Triple] = (), bounds: Bounds = FEW) -> set[Triple]:
    ruleset = parse(PREFIX + rules, source="r.srl")
    return set(Executor(ruleset.rules, source_of(store_of(base)), data=ruleset.data, bounds=bounds).derive())


@contextmanager
def stopped(code: str) -> Iterator[list[Fault]]:
    """Expect the block to be stopped at a bound, in the time for it; yield where the fault will be."""
    found: list[Fault] = []
    started = time.monotonic()
    with pytest.raises(InferenceStopped) as caught:
        yield found
    if code == "inference.too-slow":
        assert time.monotonic() - started < BRIEF.seconds + SLACK
    found += caught.value.faults
    assert [fault.code for fault in found] == [code]
    assert found[0].where.startswith("r.srl:")
    assert found[0].message.zh
    assert found[0].repair is not None


# ── a product of all with all ────────────────────────────────────────────────────────────────

PRODUCT = "?a :p ?b . ?c :q ?d . ?e :r ?f"
BASE = facts(10_000, "p", "q", "r")


@needs_bounds
@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (f"RULE :prod {{ ?a :x ?d . ?c :x ?f }} WHERE {{ {PRODUCT} }}", "inference.too-many-facts"),
        (f"RULE :prod {{ ?a :x 1 }} WHERE {{ {PRODUCT} FILTER (?b = ?d && ?d = ?e) }}", "inference.too-slow"),
        (
            f"RULE :prod {{ ?a :x 1 }} WHERE {{ {PRODUCT} NOT {{ ?a :p ?b . ?e :r ?f }} }}",
            "inference.too-slow",
        ),
        (f"RULE :prod {{ :a :x 1 }} WHERE {{ {PRODUCT} }}", "inference.too-slow"),
        (
            f"RULE :prod {{ :a :x 1 }} WHERE {{ :s1 :p ?z NOT {{ {PRODUCT} FILTER (?a = ?f) }} }}",
            "inference.too-slow",
        ),
        (f"RULE :prod {{ ?a :x [] }} WHERE {{ {PRODUCT} }}", "inference.too-many-facts"),
        (
            f"RULE :prod {{ :a :x 1 }} WHERE "
            f"{{ {PRODUCT} SET (?z := CONCAT(STR(?b), STR(?d))) FILTER (?z = 'a') }}",
            "inference.too-many-terms",
        ),
        (
            "RULE :prod { ?x :x ?y } WHERE { ?x ?p ?y . ?z ?q ?w . ?u ?r ?v FILTER (?u = 1) }",
            "inference.too-slow",
        ),
    ],
)
def test_a_product_of_three_patterns_stops_at_its_bound_and_names_the_rule(rule: str, code: str) -> None:
    with stopped(code) as found:
        derive(rule, BASE, BRIEF if code == "inference.too-slow" else FEW)
    assert "<urn:prod>" in found[0].render("en")
    assert "<urn:prod>" in found[0].render("zh")


@needs_bounds
def test_many_patterns_with_two_answers_each_stop_as_well() -> None:
    base = [Triple(NamedNode("urn:a"), NamedNode("urn:p"), NamedNode(f"urn:{name}")) for name in "bc"]
    body = " . ".join(f":a :p ?x{number}" for number in range(200))
    with stopped("inference.too-slow"):
        derive(f"RULE :r {{ :a :q 1 }} WHERE {{ {body} FILTER (?x0 = ?x199) }}", base, BRIEF)


@needs_bounds
def test_recursion_over_a_long_chain_stops_at_the_number_of_facts() -> None:
    chain = [
        Triple(NamedNode(f"urn:n{i}"), NamedNode("urn:next"), NamedNode(f"urn:n{i + 1}")) for i in range(1000)
    ]
    with stopped("inference.too-many-facts"):
        derive("RULE :far { ?a :next ?c } WHERE { ?a :next ?b . ?b :next ?c }", chain)


@needs_bounds
def test_an_evaluation_within_its_bounds_is_not_touched_by_one_beyond_them() -> None:
    answers: list[int] = []
    quiet = threading.Thread(
        target=lambda: answers.extend(
            len(derive("RULE { ?a :x ?b } WHERE { ?a :p ?b }", BASE[:5000])) for _ in range(5)
        )
    )
    quiet.start()
    with stopped("inference.too-slow"):
        derive(f"RULE :prod {{ :a :x 1 }} WHERE {{ {PRODUCT} }}", BASE, BRIEF)
    quiet.join()
    assert answers == [5000] * 5


# ── new terms: the language is finite, but not small ─────────────────────────────────────────


@pytest.mark.parametrize(
    "rule",
    [
        "RULE :more { ?x :next [] } WHERE { ?y :next ?x }",
        "RULE :more { ?x :next ?z } WHERE { ?y :next ?x SET (?z := CONCAT(STR(?x), 'x')) }",
        "RULE :more { :a :p <<( ?x :p ?y )>> } WHERE { ?x :p ?y }",
        "RULE :one { ?x :b [] } WHERE { ?y :a ?x } RULE :other { ?x :a ?y } WHERE { ?x :b ?y }",
    ],
)
def test_rules_that_would_feed_themselves_with_new_terms_are_no_legal_rule_set(rule: str) -> None:
    with pytest.raises(Exception, match=r"srl\.stratification"):
        Executor(parse(PREFIX + rule).rules, source_of(store_of(())))


def test_a_rule_that_makes_nodes_makes_them_once() -> None:
    rule = "RULE { ?x :made [ :of ?y ] } WHERE { ?x :p ?y } RULE { ?x :also ?y } WHERE { ?x :made ?y }"
    ruleset = parse(PREFIX + rule)
    found = set(Executor(ruleset.rules, source_of(store_of(facts(5, "p")))).derive())
    assert len({t.object for t in found if isinstance(t.object, BlankNode)}) == 5
    assert len(found) == 15


def layers(number: int, rule: str) -> str:
    """A chain of run-once rules, each in a layer of its own that reads the one before."""
    return "\n".join(rule.format(i=i, j=i + 1) for i in range(number))


@needs_bounds
def test_run_once_rules_that_join_texts_in_pairs_stop_at_the_number_of_terms() -> None:
    rule = (
        "RULE :r{j} {{ :a :p{j} ?z }} WHERE {{ ?a :p{i} ?x . ?b :p{i} ?y SET (?z := CONCAT(?x, '-', ?y)) }}"
    )
    base = [Triple(NamedNode("urn:a"), NamedNode("urn:p0"), Literal(str(n))) for n in range(10)]
    with pytest.raises(InferenceStopped, match=r"inference\.too-many-(terms|facts)"):
        derive(layers(5, rule), base)


@needs_bounds
def test_run_once_rules_that_double_a_text_end_without_filling_the_memory() -> None:
    rule = "RULE :r{j} {{ ?a :p{j} ?z }} WHERE {{ ?a :p{i} ?x SET (?z := CONCAT(?x, ?x)) }}"
    found = derive(layers(60, rule), [Triple(NamedNode("urn:a"), NamedNode("urn:p0"), Literal("ab"))])
    longest = max(len(t.object.value) for t in found if isinstance(t.object, Literal))
    assert longest == 256 * 1024  # the next doubling is an error of the expression


@needs_bounds
def test_long_texts_count_as_many_terms() -> None:
    base = [Triple(NamedNode(f"urn:{n}"), NamedNode("urn:p"), Literal(f"{n}" * 20_000)) for n in range(20)]
    rule = "RULE :r { ?x :q ?z } WHERE { ?x :p ?a . ?y :p ?b . ?w :p ?c SET (?z := CONCAT(?a, ?b, ?c)) }"
    with stopped("inference.too-many-terms"):
        derive(rule, base)


@needs_bounds
def test_triple_terms_are_nested_up_to_a_depth_that_everybody_can_read() -> None:
    rule = "RULE :r{j} {{ :a :p{j} <<( ?x :of ?y )>> }} WHERE {{ ?x :p{i} ?y }}"
    base = facts(1, "p0")
    assert len(derive(layers(MAX_DEPTH, rule), base)) == MAX_DEPTH
    with stopped("inference.too-deep") as found:
        derive(layers(MAX_DEPTH + 1, rule), base)
    assert f"<urn:r{MAX_DEPTH + 1}>" in found[0].message.en


# ── long rules, many rules ───────────────────────────────────────────────────────────────────


@needs_bounds
@pytest.mark.parametrize(("length", "head"), [(200, ":far"), (40, ":p")])
def test_a_rule_of_many_patterns_runs_and_a_recursive_one_too(length: int, head: str) -> None:
    body = " . ".join(f"?x{number} :p ?x{number + 1}" for number in range(length))
    chain = [
        Triple(NamedNode(f"urn:n{i}"), NamedNode("urn:p"), NamedNode(f"urn:n{i + 1}"))
        for i in range(length + 1)
    ]
    assert len(derive(f"RULE {{ ?x0 {head} ?x{length} }} WHERE {{ {body} }}", chain, Bounds())) == 2


@needs_bounds
def test_a_longer_rule_than_can_be_ordered_is_refused_with_its_place() -> None:
    members = " ".join(f"?y{number}" for number in range(10_000))
    with stopped("inference.rule-too-long") as found:
        derive(f"RULE :long {{ ?x :q 1 }} WHERE {{ ?x :p ({members}) }}")
    assert f"has 20001 elements; {MAX_ELEMENTS} are the most" in found[0].message.en


# ── the watch ────────────────────────────────────────────────────────────────────────────────


def ticket(bounds: Bounds, facts: int = 0, terms: int = 0) -> tuple[Ticket, threading.Event]:
    stop = threading.Event()
    return Ticket(bounds, lambda: facts, lambda: terms, stop.set), stop


def test_the_watch_stops_what_exceeds_a_bound_and_leaves_the_rest_alone() -> None:
    watch, (slow, is_stopped), (quick, is_not) = Watch(), ticket(Bounds(seconds=0.1)), ticket(Bounds())
    watch.begin(slow)
    watch.begin(quick)
    assert is_stopped.wait(SLACK)
    assert not watch.end(slow)
    assert watch.end(quick)
    assert not is_not.is_set()


def test_an_evaluation_that_ends_in_time_is_never_stopped_afterwards() -> None:
    watch, (done, is_stopped) = Watch(), ticket(Bounds(seconds=0.1))
    watch.begin(done)
    assert watch.end(done)
    assert not is_stopped.wait(0.4)


@pytest.mark.parametrize(
    ("taken", "code"),
    [({"facts": 11}, "inference.too-many-facts"), ({"terms": 11}, "inference.too-many-terms")],
)
def test_a_ticket_says_which_bound_was_exceeded(taken: dict[str, int], code: str) -> None:
    (rule,) = parse("RULE <urn:r> {} WHERE {}", source="r.srl").rules
    over, _ = ticket(Bounds(facts=10, terms=10), **taken)
    assert over.look(time.monotonic())
    (fault,) = over.error(rule).faults
    assert (fault.code, fault.where) == (code, "r.srl:1:1")
    assert "10" in fault.message.en
