"""The interactive executor derives exactly what the textbook does, however it is called."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, Triple, Variable

from kb.errors import SyntaxFault
from kb.inference.interactive.executor import XSD_DATETIME, Executor
from kb.srl.parser import parse
from kb.srl.strata import stratify
from kb.srl.syntax import Element, Negation, PatternTerm, Rule, RuleSet, TriplePattern
from tests.inference.interactive import infer, source_of, store_of
from tests.inference.strategies import (
    INCIDENTS,
    NODES,
    PRIVATE,
    Features,
    graphs,
    rulesets,
    with_value,
)
from tests.srl import textbook
from tests.srl.suites import canonical

Graph = set[Triple]
WITHOUT_BLANK_NODES = Features(blank_nodes=False)
POSITIVE = Features(negation=False, negation_of_data=False, assignment=False)
SMALL_GRAPHS = graphs(features=WITHOUT_BLANK_NODES, least=0, most=5)
HERE = Variable("here")
thoroughly = settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)
briefly = settings(thoroughly, max_examples=80)


def same(derived: Graph, expected: Graph, base: Graph) -> bool:
    """Whether the graphs are the same but for the names of blank nodes that rules made."""
    return derived == expected or canonical(derived | base) == canonical(expected | base)


@thoroughly
@given(ruleset=rulesets(), base=graphs())
def test_it_derives_what_the_textbook_derives(ruleset: RuleSet, base: Graph) -> None:
    assert same(infer(ruleset, base), textbook.infer(ruleset, base), base)


@thoroughly
@given(ruleset=rulesets(WITHOUT_BLANK_NODES), base=graphs(features=WITHOUT_BLANK_NODES))
def test_without_blank_nodes_it_derives_the_same_triples_to_the_letter(ruleset: RuleSet, base: Graph) -> None:
    assert infer(ruleset, base) == textbook.infer(ruleset, base)


@briefly
@given(
    ruleset=rulesets(POSITIVE, most=5),
    base=graphs(),
)
def test_recursion_reaches_the_end(ruleset: RuleSet, base: Graph) -> None:
    """Without NOT and SET most rule sets are recursive."""
    assert same(infer(ruleset, base), textbook.infer(ruleset, base), base)


@briefly
@given(ruleset=rulesets(WITHOUT_BLANK_NODES), base=graphs(features=WITHOUT_BLANK_NODES), data=st.data())
def test_facts_given_with_the_call_belong_to_the_base_graph(
    ruleset: RuleSet, base: Graph, data: st.DataObject
) -> None:
    """Wherever a fact lies, in the store or in the call or in both, the conclusions are the same."""
    facts = data.draw(st.sets(st.sampled_from(sorted(base, key=str)))) if base else set()
    stored = base - data.draw(st.sampled_from([facts, set()]))
    assert infer(ruleset, stored, facts=facts) == textbook.infer(ruleset, base)


@briefly
@given(
    ruleset=rulesets(WITHOUT_BLANK_NODES),
    public=graphs(features=WITHOUT_BLANK_NODES),
    own=graphs([*INCIDENTS, *NODES[:1]], WITHOUT_BLANK_NODES, least=0, most=6),
)
def test_what_is_private_is_not_looked_for_in_the_store_and_yet_found(
    ruleset: RuleSet, public: Graph, own: Graph
) -> None:
    """The engine's contract: triples that mention an incident come with the call, others may be stored."""
    facts = {triple for triple in own if PRIVATE in str(triple)}
    stored = public | (own - facts)
    derived = infer(ruleset, stored, facts=facts, private=PRIVATE)
    assert derived == textbook.infer(ruleset, stored | facts)


@briefly
@given(
    ruleset=rulesets(WITHOUT_BLANK_NODES, given=[HERE]),
    base=graphs(features=WITHOUT_BLANK_NODES),
    value=st.sampled_from(NODES),
)
def test_a_variable_bound_beforehand_is_as_good_as_its_value(
    ruleset: RuleSet, base: Graph, value: NamedNode
) -> None:
    written = RuleSet(tuple(with_value(rule, HERE, value) for rule in ruleset.rules), ruleset.data)
    source = source_of(store_of(base))
    executor = Executor(ruleset.rules, source, bound=[HERE], data=ruleset.data)
    assert set(executor.derive((), [value])) == textbook.infer(written, base)


@briefly
@given(
    ruleset=rulesets(WITHOUT_BLANK_NODES, given=[HERE]),
    base=graphs(features=WITHOUT_BLANK_NODES),
    calls=st.lists(st.tuples(SMALL_GRAPHS, st.sampled_from(NODES)), min_size=2, max_size=4),
)
def test_nothing_of_one_evaluation_leaks_into_the_next(
    ruleset: RuleSet, base: Graph, calls: list[tuple[Graph, NamedNode]]
) -> None:
    store = store_of(base)
    used = Executor(ruleset.rules, source_of(store), bound=[HERE], data=ruleset.data)
    for facts, value in [*calls, *calls]:
        fresh = Executor(ruleset.rules, source_of(store), bound=[HERE], data=ruleset.data)
        assert set(used.derive(facts, [value])) == set(fresh.derive(facts, [value]))


@briefly
@given(ruleset=rulesets(WITHOUT_BLANK_NODES), base=graphs(features=WITHOUT_BLANK_NODES))
def test_a_derivation_stays_what_it_was_when_its_executor_goes_on(ruleset: RuleSet, base: Graph) -> None:
    executor = Executor(ruleset.rules, source_of(store_of(())), data=ruleset.data)
    derivation = executor.derive(base)
    before = set(derivation)
    executor.derive({Triple(NODES[2], NODES[2], NODES[2])})
    assert set(derivation) == before
    assert len(derivation) == len(before)
    assert all(triple in derivation for triple in before)
    assert {t for t in before if t not in derivation.data} == set(derivation.triples())


@briefly
@given(ruleset=rulesets(WITHOUT_BLANK_NODES), base=graphs(features=WITHOUT_BLANK_NODES))
def test_what_was_derived_is_found_by_subject_and_predicate(ruleset: RuleSet, base: Graph) -> None:
    derivation = Executor(ruleset.rules, source_of(store_of(base))).derive()
    derived = list(derivation)
    for triple in derived:
        wanted = [t.object for t in derived if (t.subject, t.predicate) == (triple.subject, triple.predicate)]
        assert derivation.objects(triple.subject, triple.predicate) == wanted
    assert derivation.objects(NamedNode("urn:never-met"), NamedNode("urn:never-met")) == []


# ── single promises, in rules as they are written ────────────────────────────────────────────


def derive(rules: str, base: str = "", **call: object) -> list[str]:
    """Derive from rules and Turtle-like data in the namespace ``urn:``."""
    ruleset = parse(f"PREFIX : <urn:> {rules}")
    facts = parse(f"PREFIX : <urn:> DATA {{ {base} }}").data
    derived = infer(ruleset, facts, **call)  # type: ignore[arg-type]
    assert same(derived, textbook.infer(ruleset, facts), set(facts))
    return sorted(str(triple).replace("urn:", "") for triple in derived)


def test_what_is_in_the_base_graph_is_not_derived_again() -> None:
    assert derive("RULE { ?x :q ?y } WHERE { ?x :p ?y }", ":a :p :b . :a :q :b . :c :p :b") == ["<c> <q> <b>"]


def test_a_head_that_is_no_triple_is_dropped_and_the_others_stay() -> None:
    rules = "RULE { ?y :q ?x . ?x :r ?y . ?x ?y ?x } WHERE { ?x :p ?y }"
    assert [line for line in derive(rules, ":a :p 1") if "<r>" not in line] == []
    assert len(derive(rules, ":a :p :b")) == 3


def test_a_blank_node_of_a_head_is_new_for_each_solution_and_one_within_it() -> None:
    derived = infer(
        parse("PREFIX : <urn:> RULE { _:n :of ?x . _:n :to ?y } WHERE { ?x :p ?y }"),
        parse("PREFIX : <urn:> DATA { :a :p :b . :a :p :c }").data,
    )
    subjects = [triple.subject for triple in derived]
    assert len(derived) == 4
    assert len(set(subjects)) == 2
    assert all(isinstance(subject, BlankNode) for subject in subjects)


def test_a_repeated_variable_is_the_same_term() -> None:
    assert derive("RULE { ?x :self true } WHERE { ?x :p ?x }", ":a :p :a . :a :p :b") != []
    assert derive("RULE { ?x :self true } WHERE { ?x ?x ?y }", ":a :a :b . :a :p :b")[0].startswith("<a>")


def test_a_triple_term_is_taken_apart_and_put_together() -> None:
    rules = "RULE { ?s ?p ?o } WHERE { ?x :says <<( ?s ?p ?o )>> }"
    assert derive(rules, ":x :says <<( :a :b 3 )>> . :x :says :y") == [
        '<a> <b> "3"^^<http://www.w3.org/2001/XMLSchema#integer>'
    ]
    assert (
        "<<( <a> <p> <b> )>>"
        in derive("RULE { :x :says <<( ?x :p ?y )>> } WHERE { ?x :p ?y }", ":a :p :b")[0]
    )


def test_numbers_are_compared_by_value_and_joined_as_written() -> None:
    """SPARQL: 3 = 3.0 in a FILTER, but a pattern asks for the same term."""
    base = ":a :p 3 . :a :q 3.0"
    assert len(derive("RULE { ?x :equal true } WHERE { ?x :p ?n . ?x :q ?m . FILTER (?n = ?m) }", base)) == 1
    assert derive("RULE { ?x :equal true } WHERE { ?x :p ?n . ?x :q ?n }", base) == []


def test_an_error_in_a_filter_is_no_yes_and_in_a_set_no_solution() -> None:
    assert derive("RULE { ?x :r 1 } WHERE { ?x :p ?n . FILTER (?n > 1) }", ":a :p :b") == []
    assert derive("RULE { ?x :r ?m } WHERE { ?x :p ?n . SET (?m := ?n + 1) }", ":a :p :b") == []


def test_one_instant_is_now_throughout_an_evaluation() -> None:
    rules = parse(
        "PREFIX : <urn:> RULE { ?x :at ?t } WHERE { ?x :p ?y . SET (?t := NOW()) }"
        "RULE { ?x :later ?t } WHERE { ?x :at ?y . SET (?t := NOW()) }"
    )
    base = parse("PREFIX : <urn:> DATA { :a :p 1 . :b :p 2 }").data
    executor = Executor(rules.rules, source_of(store_of(base)))
    now = datetime(2026, 3, 1, tzinfo=UTC)
    derived = list(executor.derive(now=now))
    assert len(derived) == 4
    assert {triple.object for triple in derived} == {Literal(now.isoformat(), datatype=XSD_DATETIME)}


def test_a_rule_set_without_a_stratification_is_refused_before_anything_runs() -> None:
    rules = parse("PREFIX : <urn:> RULE { ?x :q 1 } WHERE { ?x :p 1 . NOT { ?x :q 1 } }").rules
    with pytest.raises(SyntaxFault, match="stratification"):
        Executor(rules, source_of(store_of(())))


def test_a_long_chain_is_followed_to_its_end() -> None:
    """Semi-naive evaluation: 200 steps of recursion, one new fact a step."""
    chain = " ".join(f":n{i} :next :n{i + 1} ." for i in range(200))
    rules = "RULE { ?x :reached true } WHERE { ?y :reached true . ?y :next ?x }"
    assert (
        len(
            infer(
                parse(f"PREFIX : <urn:> {rules}"),
                parse(f"PREFIX : <urn:> DATA {{ :n0 :reached true . {chain} }}").data,
            )
        )
        == 200
    )


def test_a_deep_triple_term_of_a_pattern_is_matched_inside_out() -> None:
    rules = "RULE { ?a :said ?d } WHERE { ?a :says <<( ?b :thinks <<( ?c :is ?d )>> )>> }"
    assert derive(rules, ":a :says <<( :b :thinks <<( :c :is :d )>> )>>") == ["<a> <said> <d>"]


def test_the_generated_rules_are_as_varied_as_they_claim() -> None:
    """A strategy that never makes a NOT, or from which nothing ever follows, would pass all of the above."""
    seen: Counter[str] = Counter()

    @settings(thoroughly, max_examples=200, database=None, derandomize=True)
    @given(ruleset=rulesets(), base=graphs())
    def look(ruleset: RuleSet, base: Graph) -> None:
        layers = stratify(ruleset.rules).layers
        here = {"recursive"} if any(c.recursive for layer in layers for c in layer.components) else set()
        here |= {"layers"} if len(layers) > 1 else set()
        here |= {"derives"} if infer(RuleSet(ruleset.rules), base) else set()
        for rule in ruleset.rules:
            here |= {type(element).__name__ for element in rule.body}
            here |= {f"data={e.evaldata}" for e in (rule, *rule.body) if isinstance(e, Rule | Negation)}
            here |= {type(term).__name__ for part in (*rule.head, *rule.body[:1]) for term in _terms(part)}
        seen.update(here)

    look()
    expected = {"Negation": 30, "Filter": 30, "Assignment": 10, "BlankNode": 3, "TripleTermPattern": 10}
    expected |= {"data=True": 100, "data=False": 10, "recursive": 20, "layers": 6, "derives": 50}
    assert not {what: seen[what] for what, least in expected.items() if seen[what] < least}


def _terms(part: Element) -> tuple[PatternTerm, ...]:
    return part.terms if isinstance(part, TriplePattern) else ()
