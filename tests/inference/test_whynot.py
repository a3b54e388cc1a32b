"""Why not: what is said to hold holds, what is said to fail fails, and the levers are those that matter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Triple, Variable

from kb.inference.explanation.levers import Lever, all_of, any_of, distance, effort
from kb.inference.explanation.misses import Miss, Status, Unmet
from kb.inference.explanation.proof import instantiate
from kb.inference.explanation.solving import Solver
from kb.inference.explanation.whynot import WhyNot
from kb.inference.explanation.world import World
from kb.inference.interactive.executor import Executor
from kb.srl.parser import parse
from kb.srl.syntax import Filter, Negation, RuleSet, TriplePattern, variables_of
from tests.inference.interactive import source_of, store_of
from tests.inference.strategies import NODES, NUMBERS, PREDICATES, Features, graphs, rulesets

INCIDENT = Variable("incident")
PLAIN = Features(blank_nodes=False, triple_terms=False)
moderately = settings(
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def asks(predicate: NamedNode, present: bool) -> float | None:
    """All may be reported but what begins with ``k`` or ``d``: knowledge, and what is derived."""
    name = predicate.value.removeprefix("urn:")
    return None if name.startswith(("k-", "d-")) else 1.5 if present else 1.0


def whynot_of(rules: str, knowledge: str, facts: str, row: tuple[str, str, str]) -> tuple[Miss, ...]:
    """Return the misses of *row* for the incident ``:i``."""
    ruleset = parse("PREFIX : <urn:>\n" + rules)
    base, given_ = (parse(f"PREFIX : <urn:> DATA {{ {text} }}").data for text in (knowledge, facts))
    source, incident = source_of(store_of(base)), NamedNode("urn:i")
    derivation = Executor(ruleset.rules, source, bound=(INCIDENT,)).derive(given_, (incident,))
    world = World(source, derivation, ruleset.rules, {INCIDENT: incident})
    s, p, o = (NamedNode(f"urn:{name}") for name in row)
    return WhyNot(world, asks).misses((s, p, o))


THRESHOLD = """
RULE <urn:meets> { ?incident :d-meets ?c } WHERE { ?incident :d-holds ?c . NOT { ?incident :d-out ?c } }
RULE <urn:holds> { ?incident :d-holds ?c } WHERE DATA {
    ?incident ?m ?v . ?c :k-measure ?m ; :k-least ?b . FILTER (?v >= ?b) }
RULE <urn:out> { ?incident :d-out ?c } WHERE { ?c :k-not ?flag . ?incident :flag ?flag }
"""
CRITERION = ":c :k-measure :dead ; :k-least 10 ; :k-not true ."


def leaf(misses: Iterable[Miss]) -> Unmet:
    unmet = next(iter(misses)).unmet[0]
    return leaf(unmet.misses) if unmet.misses else unmet


def test_an_unknown_measure_is_unknown_and_its_bound_is_the_lever() -> None:
    misses = whynot_of(THRESHOLD, CRITERION, ":i :other 1", ("i", "d-meets", "c"))
    assert leaf(misses).status is Status.UNKNOWN
    (plan,) = misses[0].plans
    (lever,) = plan
    assert lever.property == NamedNode("urn:dead")
    assert {term.value for term in lever.values} == {"10"}
    assert effort(plan) == 1.0


def test_a_reported_measure_is_false_with_its_value_and_may_be_changed() -> None:
    misses = whynot_of(THRESHOLD, CRITERION, ":i :dead 4", ("i", "d-meets", "c"))
    unmet = leaf(misses)
    assert unmet.status is Status.FALSE
    assert isinstance(unmet.element, Filter)
    assert {term.value for term in unmet.bindings.values() if isinstance(term, Literal)} == {"4", "10"}
    assert [(row[1], row[2].value) for row in unmet.found] == [(NamedNode("urn:dead"), "4")]
    assert distance(misses[0].plans) == 1.5


def test_what_blocks_a_not_is_shown_and_may_be_taken_away() -> None:
    misses = whynot_of(THRESHOLD, CRITERION, ":i :dead 12 ; :flag true", ("i", "d-meets", "c"))
    (unmet,) = misses[0].unmet
    assert unmet.status is Status.BLOCKED
    assert [row[1] for row in unmet.found] == [NamedNode("urn:d-out")]
    assert unmet.holding[0].ways
    (lever,) = misses[0].plans[0]
    assert (lever.property, lever.remove) == (NamedNode("urn:flag"), True)


def test_what_fails_twice_needs_both_changes() -> None:
    misses = whynot_of(THRESHOLD, CRITERION, ":i :flag true", ("i", "d-meets", "c"))
    assert {unmet.status for unmet in misses[0].unmet} == {Status.UNDERIVED, Status.BLOCKED}
    (plan,) = misses[0].plans
    assert {lever.property.value for lever in plan} == {"urn:dead", "urn:flag"}


def test_what_knowledge_lacks_no_change_brings_about() -> None:
    misses = whynot_of(THRESHOLD, CRITERION, ":i :dead 12", ("i", "d-meets", "unknown"))
    assert misses[0].plans == ()
    assert leaf(misses).status is Status.IMPOSSIBLE


def test_a_sum_is_moved_by_each_of_its_parts_and_by_what_is_not_reported() -> None:
    rules = """
    RULE <urn:both> { ?incident :d-sum ?s } WHERE {
        ?incident :dead ?d ; :missing ?m . SET (?s := ?d + ?m) }
    RULE <urn:one> { ?incident :d-sum ?d } WHERE { ?incident :dead ?d . NOT DATA { ?incident :missing ?m } }
    RULE <urn:meets> { ?incident :d-meets ?c } WHERE {
        ?c :k-least ?b . ?incident :d-sum ?s . FILTER (?s >= ?b) }
    """
    misses = whynot_of(rules, ":c :k-least 10", ":i :dead 4", ("i", "d-meets", "c"))
    properties = {lever.property.value for plan in misses[0].plans for lever in plan}
    assert properties == {"urn:dead", "urn:missing"}


def test_the_partial_solution_that_gets_furthest_is_told() -> None:
    rules = """RULE <urn:r> { ?incident :d-goal ?g } WHERE {
        ?g :k-way ?w . ?w :k-one ?a ; :k-two ?b . ?incident :has ?a . ?incident :sees ?b }"""
    knowledge = ":g :k-way :far , :near . :far :k-one :x ; :k-two :y . :near :k-one :p ; :k-two :q ."
    (miss,) = whynot_of(rules, knowledge, ":i :has :p", ("i", "d-goal", "g"))
    assert miss.bindings[Variable("w")] == NamedNode("urn:near")
    (unmet,) = miss.unmet
    assert unmet.status is Status.UNKNOWN
    assert miss.others == 1


def test_a_not_that_looks_at_what_is_missing_is_left_open() -> None:
    rules = """RULE <urn:r> { ?incident :d-goal ?g } WHERE {
        ?g :k-from ?from . ?incident :day ?day .
        NOT { ?g :k-until ?until . FILTER (?until < ?day) } }"""
    (miss,) = whynot_of(rules, ":g :k-from 1 ; :k-until 5 .", ":i :other 1", ("i", "d-goal", "g"))
    assert [unmet.status for unmet in miss.unmet] == [Status.UNKNOWN]


def test_circles_of_rules_come_to_an_end() -> None:
    rules = """
    RULE <urn:up> { ?incident :d-in ?b } WHERE { ?incident :d-in ?a . ?a :k-part ?b }
    RULE <urn:at> { ?incident :d-in ?a } WHERE { ?incident :place ?a }
    """
    misses = whynot_of(rules, ":a :k-part :b . :b :k-part :a .", ":i :place :c", ("i", "d-in", "b"))
    assert {miss.rule.iri.value for miss in misses if miss.rule.iri} >= {"urn:at"}
    assert leaf([m for m in misses if m.rule.iri == NamedNode("urn:at")]).status is Status.FALSE


# ── any rules, any facts ─────────────────────────────────────────────────────────────────────────


@moderately
@given(ruleset=rulesets(PLAIN), base=graphs(features=PLAIN, least=2, most=10), data=st.data())
def test_what_is_said_to_hold_holds_and_what_is_said_to_fail_fails(
    ruleset: RuleSet, base: set[Triple], data: st.DataObject
) -> None:
    ruleset = RuleSet(ruleset.rules)
    source = source_of(store_of(()))
    derivation = Executor(ruleset.rules, source).derive(base)
    world = World(source, derivation, ruleset.rules)
    predicates = sorted({h.predicate for r in ruleset.rules for h in r.head} | set(PREDICATES), key=str)
    row = (
        data.draw(st.sampled_from(NODES)),
        data.draw(st.sampled_from([p for p in predicates if isinstance(p, NamedNode)])),
        data.draw(st.sampled_from([*NODES, *NUMBERS])),
    )
    assume(not world.holds(row))
    solver = Solver(world)
    for miss, evaldata in walk(WhyNot(world, asks).misses(row)):
        for element in miss.held:
            match element:
                case TriplePattern():
                    assert world.holds(
                        tuple(instantiate(t, miss.bindings) for t in element.terms), evaldata=evaldata
                    )
                case Filter():
                    assert solver.is_true(element, miss.bindings)
        assert miss.unmet
        for unmet in miss.unmet:
            assert all(world.holds(found) for found in unmet.found)
            match unmet.element:
                case Filter():
                    assert not solver.is_true(unmet.element, unmet.bindings)
                case TriplePattern() if set(variables_of(unmet.element)) <= unmet.bindings.keys():
                    terms = tuple(instantiate(t, unmet.bindings) for t in unmet.element.terms)
                    assert not world.holds(terms, evaldata=evaldata)
                case Negation():
                    assert unmet.found


def walk(misses: Iterable[Miss], seen: set[int] | None = None) -> Iterator[tuple[Miss, bool]]:
    seen = set() if seen is None else seen
    for miss in misses:
        if id(miss) not in seen:
            seen.add(id(miss))
            yield miss, miss.rule.evaldata
            for unmet in miss.unmet:
                yield from walk(unmet.misses, seen)


# ── plans ────────────────────────────────────────────────────────────────────────────────────────

LEVERS = [Lever(NamedNode(f"urn:{name}"), frozenset(), False, 1.0) for name in "abcde"]


def test_plans_join_levers_of_one_property_and_leave_out_what_asks_for_too_much() -> None:
    a, b, c, d, e = (((lever,),) for lever in LEVERS)
    assert len(all_of([a, a])[0]) == 1
    assert all_of([a, b, c, d, e]) == ()
    assert any_of([all_of([a, b]), c])[0] == c[0]
    assert all_of([a, ()]) == ()
