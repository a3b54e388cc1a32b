"""A rule depends on another when a pattern of its body can match what the other concludes."""

from __future__ import annotations

import time

import pytest

from kb.srl.dependencies import Reason, dependencies, matches
from kb.srl.parser import parse
from kb.srl.syntax import TriplePattern

PREFIX = "PREFIX : <http://example/>\n"


def unify(pattern: str, template: str) -> bool:
    (rule,) = parse(PREFIX + f"RULE {{ {template} }} WHERE {{ {pattern} }}").rules
    (element,) = rule.body
    (head,) = rule.head
    assert isinstance(element, TriplePattern)
    return matches(element, head)


@pytest.mark.parametrize(
    ("pattern", "template", "expected"),
    [
        ("?x :p ?y", "?x :p ?y", True),
        ("?x :p ?y", "?x :q ?y", False),
        ("?x :p ?y", "?x ?p ?y", True),
        ("?x :p 1", "?x :p 1.0", False),
        ("?x :p ?x", ":a :p :b", False),
        ("?x :p ?x", ":a ?p ?q", True),
        ("?x ?x ?y", ":a :b ?z", False),
        ("?x :p :a", "?x :p ?x", True),
        (":b :p :a", "?x :p ?x", False),
        ("?x :p :a", "?x :p []", False),
        ("?x :p 'a'", "?x :p _:n", False),
        ("?x :p <<( :a :b :c )>>", "?x :p _:n", False),
        ("?x :p ?y", "?x :p _:n", True),
        ("?x :p _:n", "?x :p :a", True),
        ("?x :p ?x", "_:n :p _:n", True),
        ("?x :p ?x", "_:n :p _:m", False),
        ("?x :p ?x", "_:n :p ?y", True),
        ("?x :p <<( ?y :b :c )>>", ":s :p <<( :a :b ?z )>>", True),
        ("?x :p <<( ?y :b :c )>>", ":s :p <<( :a :b :d )>>", False),
        ("?x :p <<( ?y :b :c )>>", ":s :p <<( :a :b :c )>>", True),
        ("?x :p <<( ?x :b :c )>>", ":s :p <<( :a :b :c )>>", False),
        ("?x :p <<( :a :b ?x )>>", "?y :p ?y", False),
        ("?x :p <<( :a :b ?z )>>", "?y :p ?y", True),
        ("?x :p <<( :a :b :c )>>", "?y :p 1", False),
        ("?x :p <<( 1 :b :c )>>", "?y :p <<( ?z :b :c )>>", True),
    ],
)
def test_a_pattern_matches_a_template_by_unification(pattern: str, template: str, expected: bool) -> None:
    assert unify(pattern, template) is expected


def edges(text: str) -> dict[tuple[int, int], Reason | None]:
    graph = dependencies(parse(PREFIX + text).rules)
    return {(edge.dependent, edge.source): edge.closed for found in graph for edge in found.values()}


def test_edges_are_open_or_closed() -> None:
    assert edges(
        """RULE { ?x :p 1 } WHERE { ?x :in 1 }
           RULE { ?x :q 1 } WHERE { ?x :p 1 }
           RULE { ?x :r 1 } WHERE { ?x :q 1 NOT { ?x :p 1 } }
           RULE { ?x :s ?y } WHERE { ?x :r 1 SET (?y := 1) }"""
    ) == {(1, 0): None, (2, 0): Reason.NEGATION, (2, 1): None, (3, 2): Reason.RUN_ONCE}


def test_only_the_kind_of_the_dependent_rule_closes_an_edge() -> None:
    assert edges("RULE { ?x :p [] } WHERE { ?x :in 1 } RULE { ?x :q 1 } WHERE { ?x :p 1, ?y }") == {
        (1, 0): None
    }


def test_a_closed_edge_wins_over_an_open_one() -> None:
    text = "RULE { ?x :p 1 } WHERE {} RULE { ?x :q 1 } WHERE { %s }"
    assert edges(text % "?x :p 1 NOT { ?x :p 1 }") == {(1, 0): Reason.NEGATION}
    assert edges(text % "NOT { ?x :p 1 } ?x :p 1") == {(1, 0): Reason.NEGATION}


def test_data_looks_at_the_base_graph_and_depends_on_nothing() -> None:
    head = "RULE { ?x :p 1 } "
    assert edges(head + "WHERE DATA { ?x :p 1 NOT { ?x :p 1 } }") == {}
    assert edges(head + "WHERE { ?x :q 1 NOT DATA { ?x :p 1 } }") == {}
    assert edges(head + "WHERE { ?x :p 1 NOT DATA { ?x :p 1 } }") == {(0, 0): None}


def test_constants_and_variables_as_predicates_are_all_found() -> None:
    text = "RULE { ?x ?p ?y . :a :b 1 } WHERE { ?x ?p ?y } RULE { :c a :D } WHERE { ?x :b 1 . ?y :e 'f' }"
    assert set(edges(text)) == {(0, 0), (0, 1), (1, 0)}


def test_several_thousand_rules_take_a_moment() -> None:
    text = "\n".join(
        f"RULE {{ ?x a :C{i} }} WHERE {{ ?x a :C{i + 1}; :p{i} ?y NOT {{ ?x a :D{i} }} }}" for i in range(300)
    )
    rules = parse(PREFIX + text).rules
    start = time.perf_counter()
    graph = dependencies(rules * 10)
    assert time.perf_counter() - start < 10
    assert len(graph) == 3000
    assert len(graph[0]) == 10
