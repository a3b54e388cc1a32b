"""The smallest proof: valid like every proof, never larger than the first, and as small as any there is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Triple

from kb.inference.explanation.minimal import MinimalProver, size
from kb.inference.explanation.proof import Fact, Proof, instantiate, prove
from kb.inference.explanation.solving import Solver
from kb.inference.explanation.world import Row, World
from kb.inference.interactive.executor import XSD_DATETIME, Executor
from kb.srl.expressions import compile_condition, compile_expression
from kb.srl.parser import parse
from kb.srl.syntax import Assignment, Filter, Negation, RuleSet, TriplePattern
from tests.inference.interactive import GRAPH, source_of, store_of
from tests.inference.strategies import Features, graphs, rulesets
from tests.srl.textbook import subst

WITHOUT_BLANK_NODES = Features(blank_nodes=False)
NOW = Literal("2026-03-01T00:00:00Z", datatype=XSD_DATETIME)
MOST_CHOICES = 3000
moderately = settings(
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def world_of(ruleset: RuleSet, base: set[Triple]) -> World:
    source = source_of(store_of(base))
    return World(source, Executor(ruleset.rules, source).derive(), ruleset.rules)


def graphs_in(base: set[Triple]) -> object:
    return lambda fact: [GRAPH] if fact in base else []


def some(data: st.DataObject, world: World) -> Triple:
    triples = sorted(world.derivation, key=str)
    assume(triples)
    return data.draw(st.sampled_from(triples))


def walk(proof: Proof | Fact) -> Iterator[Proof]:
    if isinstance(proof, Proof):
        yield proof
        for premise in proof.premises:
            if isinstance(premise, Proof):
                yield from walk(premise)


@moderately
@given(ruleset=rulesets(WITHOUT_BLANK_NODES), base=graphs(features=WITHOUT_BLANK_NODES), data=st.data())
def test_the_smallest_proof_is_never_larger_than_the_first(
    ruleset: RuleSet, base: set[Triple], data: st.DataObject
) -> None:
    world = world_of(ruleset, base)
    triple = some(data, world)
    smallest = MinimalProver(world, graphs_in(base)).prove(triple)
    first = prove(triple, world.derivation, graphs_in(base))
    assert smallest is not None
    assert first is not None
    assert size(smallest) <= size(first)


@moderately
@given(ruleset=rulesets(WITHOUT_BLANK_NODES), base=graphs(features=WITHOUT_BLANK_NODES), data=st.data())
def test_every_application_in_it_is_valid(ruleset: RuleSet, base: set[Triple], data: st.DataObject) -> None:
    world = world_of(ruleset, base)
    solver = Solver(world)
    proof = MinimalProver(world, graphs_in(base)).prove(some(data, world))
    assert proof is not None
    for application in walk(proof):
        rule, bindings = application.rule, application.bindings
        assert len(application.premises) == len(rule.body)
        for element in rule.body:
            match element:
                case TriplePattern():
                    row = tuple(instantiate(term, bindings) for term in element.terms)
                    assert world.holds(row, evaldata=rule.evaldata)
                case Filter(expression):
                    assert compile_condition(expression, now=NOW)(bindings.__getitem__)
                case Assignment(variable, expression):
                    assert compile_expression(expression, now=NOW)(bindings.__getitem__) == bindings[variable]
        for absence in application.premises:
            if hasattr(absence, "negation"):
                assert isinstance(absence.negation, Negation)
                sees = absence.bindings.keys()
                found = solver.inside(absence.negation, set(sees), absence.bindings, evaldata=rule.evaldata)
                assert next(found, None) is None
        heads = [tuple(subst(term, dict(bindings), {}) for term in head.terms) for head in rule.head]
        triple = application.triple
        assert (triple.subject, triple.predicate, triple.object) in heads


@moderately
@given(ruleset=rulesets(WITHOUT_BLANK_NODES), base=graphs(features=WITHOUT_BLANK_NODES), data=st.data())
def test_it_does_not_rest_on_itself(ruleset: RuleSet, base: set[Triple], data: st.DataObject) -> None:
    def check(proof: Proof, above: frozenset[Triple]) -> None:
        assert proof.triple not in above
        for premise in proof.premises:
            if isinstance(premise, Proof):
                check(premise, above | {proof.triple})

    world = world_of(ruleset, base)
    proof = MinimalProver(world, graphs_in(base)).prove(some(data, world))
    assert isinstance(proof, Proof)
    check(proof, frozenset())


@moderately
@given(
    ruleset=rulesets(Features(blank_nodes=False, triple_terms=False, assignment=False)),
    base=graphs(features=Features(blank_nodes=False, triple_terms=False)),
    data=st.data(),
)
def test_no_other_choice_of_rule_applications_is_smaller(
    ruleset: RuleSet, base: set[Triple], data: st.DataObject
) -> None:
    """Try them all: one application for each conclusion, in every combination."""
    world = world_of(ruleset, base)
    triple = some(data, world)
    proof = MinimalProver(world, graphs_in(base)).prove(triple)
    assert proof is not None
    assert size(proof) == smallest_by_trying_all(world, (triple.subject, triple.predicate, triple.object))


def smallest_by_trying_all(world: World, goal: Row) -> int:
    solver, ways = Solver(world), dict[Row, list[frozenset[Row]]]()
    open_ = [goal]
    while open_:
        row = open_.pop()
        if row in ways or world.derivation.because(Triple(*row)) is None:
            continue
        ways[row] = list(
            dict.fromkeys(
                frozenset(
                    tuple(instantiate(term, bindings) for term in element.terms)
                    for element in rule.body
                    if isinstance(element, TriplePattern)
                )
                for rule, bindings in solver.alternatives(row)
            )
        )
        open_ += [premise for premises in ways[row] for premise in premises]
    count = 1
    for choices in ways.values():
        count *= len(choices)
    assume(count <= MOST_CHOICES)
    sizes = (needed(goal, dict(zip(ways, chosen, strict=True))) for chosen in product(*ways.values()))
    return min(found for found in sizes if found is not None)


def needed(goal: Row, chosen: dict[Row, frozenset[Row]]) -> int | None:
    """Count what *goal* rests on under a choice; ``None`` where it would rest on itself."""
    seen: set[Row] = set()

    def visit(row: Row, above: frozenset[Row]) -> bool:
        if row in above:
            return False
        seen.add(row)
        return all(visit(premise, above | {row}) for premise in chosen.get(row, ()))

    return len(seen) if visit(goal, frozenset()) else None


RULES = """
PREFIX : <urn:>
RULE <urn:long> { ?x :goal ?y } WHERE { ?x :step ?z . ?z :step ?y . }
RULE <urn:step> { ?x :step ?y } WHERE { ?x :a ?y . ?x :b ?y . }
RULE <urn:short> { ?x :goal ?y } WHERE { ?x :late ?y . }
RULE <urn:late> { ?x :late ?y } WHERE { ?x :direct ?y . NOT { ?x :never ?y } }
"""
FACTS = "PREFIX : <urn:> DATA { :x :a :z , :z . :x :b :z . :z :a :y ; :b :y . :x :direct :y }"


def test_a_shorter_proof_found_later_is_taken() -> None:
    base = set(parse(FACTS).data)
    world = world_of(parse(RULES), base)
    node = [NamedNode(f"urn:{name}") for name in ("x", "goal", "y")]
    proof = MinimalProver(world, graphs_in(base)).prove(Triple(*node))
    assert isinstance(proof, Proof)
    assert proof.rule.iri == NamedNode("urn:short")
    assert size(proof) == 3


def test_a_proof_without_hidden_facts_is_preferred_even_if_it_is_longer() -> None:
    base = set(parse(FACTS).data)
    secret = NamedNode("urn:secret")
    world = world_of(parse(RULES), base)
    node = [NamedNode(f"urn:{name}") for name in ("x", "goal", "y")]

    def where(fact: Triple) -> list[NamedNode]:
        return [secret if fact.predicate.value == "urn:direct" else GRAPH]

    proof = MinimalProver(world, where, lambda graph: graph != secret).prove(Triple(*node))
    assert isinstance(proof, Proof)
    assert proof.rule.iri == NamedNode("urn:long")


def test_a_fact_is_its_own_proof_and_nothing_else_has_one() -> None:
    base = set(parse(FACTS).data)
    world = world_of(parse(RULES), base)
    fact = next(iter(base))
    prover = MinimalProver(world, graphs_in(base))
    assert prover.prove(fact) == Fact(fact, (GRAPH,))
    node = NamedNode("urn:nothing")
    assert prover.prove(Triple(node, node, node)) is None
