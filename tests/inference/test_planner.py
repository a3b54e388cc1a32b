"""The order of evaluation may change, what each element sees may not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Triple, Variable

from kb.inference.planner import order
from kb.srl.parser import parse
from kb.srl.syntax import Assignment, Filter, Negation, Rule, RuleSet, TriplePattern, variables_of
from tests.inference.interactive import infer
from tests.inference.strategies import graphs, rules_of
from tests.srl import textbook

DATA = ":a :p :b . :a :q :c . :a :s :b . :b :p :b . :b :s :c . :c :q :b . :c :p 1 . :a :n 2 . :b :n 1"


def rule_of(text: str) -> Rule:
    return parse(f"PREFIX : <urn:> RULE {{ ?x :r true }} WHERE {{ {text} }}").rules[0]


@pytest.mark.parametrize(
    "body",
    [
        "?x :p ?y . NOT { ?x :q ?z } ?x :s ?z",
        "NOT { ?x :q ?z } ?x :p ?z",
        "NOT { :a :q ?x } ?x :p ?y",
        "?x :p ?y . NOT { ?y :p ?z . NOT_YET }".replace(" . NOT_YET", ""),
        "?x :p ?y . NOT { ?z :p ?y } ?z :s ?x",
        "?x :p ?y . NOT DATA { ?x :q ?z } ?z :n ?m",
        "?x :n ?m . NOT { ?y :n ?k . FILTER (?k > ?m) } ?x :p ?y",
        "?x :n ?m . SET (?k := ?m + 1) NOT { ?y :n ?k } ?x :p ?z",
        "?x :n ?m . NOT { ?y :n ?k } SET (?k := ?m + 1)",
    ],
)
def test_a_not_sees_what_was_bound_where_it_is_written_and_nothing_later(body: str) -> None:
    """``?x :p ?y . NOT { ?x :q ?z } ?x :s ?z``: the NOT has a ?z of its own, though :s binds one after it."""
    ruleset = RuleSet((rule_of(body),))
    base = parse(f"PREFIX : <urn:> DATA {{ {DATA} }}").data
    assert infer(ruleset, base) == textbook.infer(ruleset, base)


def test_what_a_not_sees_is_told_with_it() -> None:
    x, y, z = (Variable(name) for name in "xyz")
    steps = order(rule_of("?x :p ?y . NOT { ?x :q ?z } ?x :s ?z"))
    seen = next(step.sees for step in steps if isinstance(step.element, Negation))
    assert seen == {x}
    steps = order(rule_of("?x :p ?y . ?x :s ?z . NOT { ?x :q ?z }"), {y})
    assert next(step.sees for step in steps if isinstance(step.element, Negation)) == {x, z}


def test_a_pattern_with_a_bound_variable_comes_first() -> None:
    rule = rule_of("?a :p ?b . ?b :q ?c . ?x :s ?a")
    steps = [step.element for step in order(rule, {Variable("x")})]
    assert steps == [rule.body[2], rule.body[0], rule.body[1]]


def test_a_filter_is_looked_at_as_soon_as_it_can_be() -> None:
    rule = rule_of("?x :p ?y . ?y :q ?z . ?z :n ?m . FILTER (?y != ?x)")
    steps = [step.element for step in order(rule)]
    assert isinstance(steps[1], Filter)


def test_a_look_up_comes_before_a_search_for_what_must_not_be() -> None:
    rule = rule_of("?x :p ?y . NOT { ?y :q ?z } ?x :s ?y")
    steps = [step.element for step in order(rule)]
    assert steps == [rule.body[0], rule.body[2], rule.body[1]]


def test_a_body_that_makes_fresh_terms_keeps_its_order() -> None:
    rule = rule_of("?x :p ?y . SET (?id := UUID()) ?x :s ?z . FILTER (?y != ?x)")
    assert [step.element for step in order(rule, {Variable("z")})] == list(rule.body)


@settings(deadline=None, max_examples=300)
@given(rule=rules_of(), bound=st.sets(st.sampled_from([Variable("x"), Variable("y")])))
def test_every_element_is_taken_once_and_none_before_what_it_needs(rule: Rule, bound: set[Variable]) -> None:
    steps = order(rule, bound - {e.variable for e in rule.body if isinstance(e, Assignment)})
    assert len(steps) == len(rule.body)
    assert {id(step.element) for step in steps} == {id(element) for element in rule.body}
    known = set(bound)
    for step in steps:
        match step.element:
            case Filter(expression):
                assert set(variables_of(expression)) <= known
            case Assignment(variable, expression):
                assert set(variables_of(expression)) <= known
                assert variable not in known or variable in bound
                known.add(variable)
            case Negation():
                assert step.sees <= known
            case TriplePattern():
                known |= set(variables_of(step.element))


@settings(deadline=None, max_examples=150)
@given(rule=rules_of(), base=graphs(), data=st.data())
def test_whichever_pattern_reads_the_newest_facts_the_rest_is_still_in_order(
    rule: Rule, base: set[Triple], data: st.DataObject
) -> None:
    patterns = [element for element in rule.body if isinstance(element, TriplePattern)]
    first = data.draw(st.sampled_from(patterns))
    steps = order(rule, first=first)
    assert steps[0].element is first
    assert len(steps) == len(rule.body)
