"""A rule that concludes nothing new is found, and none is accused wrongly."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Variable

from kb.srl.parser import parse
from kb.srl.slicing import relevant
from kb.srl.subsumption import subsumes
from kb.srl.syntax import NamedNode, Rule, TriplePattern

PREFIX = "PREFIX e: <https://example.org/>\n"


def rule(text: str) -> Rule:
    (found,) = parse(PREFIX + "RULE e:r " + text).rules
    return found


GENERAL = rule("{ ?i e:activates ?m } WHERE { ?i e:applicable ?u . ?u e:module ?m }")


def test_a_rule_with_one_more_condition_is_subsumed() -> None:
    special = rule("{ ?x e:activates ?y } WHERE { ?x e:applicable ?z . ?z e:module ?y . ?x e:grade ?g }")
    assert subsumes(GENERAL, special)
    assert not subsumes(special, GENERAL)


def test_the_names_of_variables_and_the_order_of_patterns_do_not_matter() -> None:
    twin = rule("{ ?a e:activates ?b } WHERE { ?c e:module ?b . ?a e:applicable ?c }")
    assert subsumes(GENERAL, twin)
    assert subsumes(twin, GENERAL)


def test_a_constant_in_place_of_a_variable_makes_a_rule_special() -> None:
    special = rule("{ ?i e:activates e:medical } WHERE { ?i e:applicable ?u . ?u e:module e:medical }")
    assert subsumes(GENERAL, special)
    assert not subsumes(special, GENERAL)


def test_a_filter_makes_a_rule_special_and_another_filter_another_rule() -> None:
    plain = rule("{ ?i e:a ?v } WHERE { ?i e:b ?v }")
    above = rule("{ ?i e:a ?v } WHERE { ?i e:b ?v . FILTER (?v > 3) }")
    below = rule("{ ?i e:a ?v } WHERE { ?i e:b ?v . FILTER (?v < 3) }")
    assert subsumes(plain, above)
    assert not subsumes(above, below)
    assert not subsumes(above, plain)


def test_a_not_of_the_general_rule_must_stand_in_the_special_one_too() -> None:
    plain = rule("{ ?i e:a e:x } WHERE { ?i e:b e:y }")
    blocked = rule("{ ?i e:a e:x } WHERE { ?i e:b e:y . NOT { ?i e:c ?d } }")
    assert subsumes(plain, blocked)
    assert not subsumes(blocked, plain)


def test_rules_about_data_alone_and_rules_about_conclusions_are_not_compared() -> None:
    data = rule("{ ?i e:a e:x } WHERE DATA { ?i e:b e:y }")
    plain = rule("{ ?i e:a e:x } WHERE { ?i e:b e:y }")
    assert not subsumes(plain, data)
    assert not subsumes(data, plain)


def test_a_rule_that_makes_nodes_is_never_needless() -> None:
    maker = rule("{ ?i e:a ?n } WHERE { ?i e:b ?v . SET (?n := IRI(CONCAT(STR(?i), '/n'))) }")
    assert not subsumes(maker, maker)


TERMS = st.sampled_from(["?a", "?b", "?c", "e:x", "e:y"])
PATTERNS = st.tuples(TERMS, st.sampled_from(["e:p", "e:q"]), TERMS).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(st.lists(PATTERNS, min_size=1, max_size=4), st.data())
def test_whatever_a_longer_body_concludes_its_part_concludes(body: list[str], data: st.DataObject) -> None:
    part = data.draw(st.lists(st.sampled_from(body), min_size=1, unique=True))
    subject = part[0].split()[0]
    longer = rule(f"{{ {subject} e:is e:so }} WHERE {{ {' . '.join(body)} }}")
    shorter = rule(f"{{ {subject} e:is e:so }} WHERE {{ {' . '.join(part)} }}")
    assert subsumes(shorter, longer)


def test_a_slice_holds_what_conclusions_rest_on_and_nothing_else() -> None:
    rules = parse(
        PREFIX
        + """RULE e:one { ?i e:a ?v } WHERE { ?i e:given ?v }
        RULE e:two { ?i e:b ?v } WHERE { ?i e:a ?v . NOT { ?i e:c ?v } }
        RULE e:three { ?i e:c ?v } WHERE { ?i e:given ?v }
        RULE e:four { ?i e:d ?v } WHERE { ?i e:b ?v }"""
    ).rules
    names = [str(r.iri)[-4:-1] for r in relevant(rules, [NamedNode("https://example.org/b")])]
    assert names == ["one", "two", "ree"]
    assert relevant(rules, [NamedNode("https://example.org/nothing")]) == ()


def test_a_slice_takes_a_variable_predicate_for_any_but_not_in_data() -> None:
    rules = parse(
        PREFIX
        + """RULE e:one { ?i e:a ?v } WHERE { ?i e:given ?v }
        RULE e:two { ?i e:b ?v } WHERE DATA { ?i ?p ?v . ?p e:is e:measure }
        RULE e:three { ?i e:c ?v } WHERE { ?i ?p ?v }"""
    ).rules
    assert [r.iri for r in relevant(rules, [NamedNode("https://example.org/b")])] == [rules[1].iri]
    assert len(relevant(rules, [NamedNode("https://example.org/c")])) == 3


def test_the_head_of_the_general_rule_may_bind_what_the_special_one_names() -> None:
    pattern = GENERAL.head[0]
    assert isinstance(pattern, TriplePattern)
    assert isinstance(pattern.object, Variable)
