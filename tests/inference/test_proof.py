"""A proof holds: its premises are facts or conclusions, and its facts alone yield what it proves."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Triple

from kb.inference.explanation.proof import Absence, Computation, Fact, Proof, instantiate, prove
from kb.inference.interactive.derivation import Derivation
from kb.inference.interactive.executor import XSD_DATETIME, Executor
from kb.srl.expressions import compile_condition, compile_expression
from kb.srl.parser import parse
from kb.srl.syntax import Assignment, Filter, RuleSet, TriplePattern
from tests.inference.interactive import GRAPH, infer, source_of, store_of
from tests.inference.strategies import Features, graphs, rulesets
from tests.srl.textbook import subst

MONOTONE = Features(negation=False, blank_nodes=False)
"""NOT DATA alone: with fewer facts it holds the more, so that a proof needs no other facts than its own."""
WITHOUT_BLANK_NODES = Features(blank_nodes=False)
NOW = Literal("2026-03-01T00:00:00Z", datatype=XSD_DATETIME)
moderately = settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)
Premise = Proof | Fact | Absence | Computation


def derived(ruleset: RuleSet, base: set[Triple]) -> Derivation:
    return Executor(ruleset.rules, source_of(store_of(base))).derive()


def proof_of(triple: Triple, derivation: Derivation, base: set[Triple]) -> Proof:
    proof = prove(triple, derivation, lambda fact: [GRAPH] if fact in base else [])
    assert isinstance(proof, Proof)
    return proof


def walk(premise: Premise) -> Iterator[Premise]:
    yield premise
    if isinstance(premise, Proof):
        for inner in premise.premises:
            yield from walk(inner)


def some(data: st.DataObject, derivation: Derivation) -> Triple:
    """Draw one of the derived triples; an example in which nothing follows is none."""
    triples = sorted(derivation, key=str)
    assume(triples)
    return data.draw(st.sampled_from(triples))


@moderately
@given(ruleset=rulesets(WITHOUT_BLANK_NODES), base=graphs(features=WITHOUT_BLANK_NODES), data=st.data())
def test_every_premise_is_a_fact_with_its_graph_or_a_conclusion(
    ruleset: RuleSet, base: set[Triple], data: st.DataObject
) -> None:
    derivation = derived(ruleset, base)
    for premise in walk(proof_of(some(data, derivation), derivation, base)):
        match premise:
            case Proof():
                assert premise.triple in derivation
                assert premise.triple not in base
                assert len(premise.premises) == len(premise.rule.body)
            case Fact():
                assert premise.triple in base
                assert premise.graphs == (GRAPH,)


@moderately
@given(ruleset=rulesets(WITHOUT_BLANK_NODES), base=graphs(features=WITHOUT_BLANK_NODES), data=st.data())
def test_the_bindings_make_the_body_hold_and_the_head_be_the_conclusion(
    ruleset: RuleSet, base: set[Triple], data: st.DataObject
) -> None:
    derivation = derived(ruleset, base)
    known = {*base, *derivation}
    for premise in walk(proof_of(some(data, derivation), derivation, base)):
        if not isinstance(premise, Proof):
            continue
        bindings = premise.bindings
        for element in premise.rule.body:
            match element:
                case TriplePattern():
                    assert Triple(*(instantiate(term, bindings) for term in element.terms)) in known
                case Filter(expression):
                    assert compile_condition(expression, now=NOW)(bindings.__getitem__)
                case Assignment(variable, expression):
                    assert compile_expression(expression, now=NOW)(bindings.__getitem__) == bindings[variable]
        heads = [tuple(subst(term, dict(bindings), {}) for term in head.terms) for head in premise.rule.head]
        triple = premise.triple
        assert (triple.subject, triple.predicate, triple.object) in heads


@moderately
@given(ruleset=rulesets(MONOTONE), base=graphs(features=MONOTONE), data=st.data())
def test_the_facts_of_a_proof_alone_yield_its_conclusion(
    ruleset: RuleSet, base: set[Triple], data: st.DataObject
) -> None:
    ruleset = RuleSet(ruleset.rules)
    derivation = derived(ruleset, base)
    triple = some(data, derivation)
    facts = {p.triple for p in walk(proof_of(triple, derivation, base)) if isinstance(p, Fact)}
    assert triple in infer(ruleset, facts)


@moderately
@given(ruleset=rulesets(MONOTONE), base=graphs(features=MONOTONE), data=st.data())
def test_no_proof_rests_on_itself(ruleset: RuleSet, base: set[Triple], data: st.DataObject) -> None:
    def check(proof: Proof, above: frozenset[Triple]) -> None:
        assert proof.triple not in above
        for premise in proof.premises:
            if isinstance(premise, Proof):
                check(premise, above | {proof.triple})

    derivation = derived(ruleset, base)
    check(proof_of(some(data, derivation), derivation, base), frozenset())


def test_a_fact_given_with_the_call_is_a_fact() -> None:
    rules = parse("PREFIX : <urn:> RULE { ?x :q ?y } WHERE { ?x :p ?y }").rules
    fact = parse("PREFIX : <urn:> DATA { :a :p :b }").data[0]
    derivation = Executor(rules, source_of(store_of(()))).derive([fact])
    (conclusion,) = derivation
    proof = prove(conclusion, derivation, lambda _: [])
    assert isinstance(proof, Proof)
    assert proof.premises == (Fact(fact, ()),)
    assert prove(fact, derivation, lambda _: []) == Fact(fact, ())


def test_what_neither_was_derived_nor_is_a_fact_has_no_proof() -> None:
    derivation = Executor((), source_of(store_of(()))).derive()
    node = NamedNode("urn:x")
    assert prove(Triple(node, node, node), derivation, lambda _: []) is None
