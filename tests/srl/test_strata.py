"""Rules are put into layers, or the cycle that forbids it is named."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import SyntaxFault
from kb.srl.dependencies import dependencies
from kb.srl.links import Links
from kb.srl.parser import parse
from kb.srl.strata import Strata, stratify
from kb.srl.syntax import Rule

PREFIX = "PREFIX : <http://example/>\n"


def rules(text: str) -> tuple[Rule, ...]:
    return parse(PREFIX + text, source="r.srl").rules


def names(found: tuple[Rule, ...]) -> list[str]:
    return [rule.iri.value.removeprefix("http://example/") if rule.iri else "?" for rule in found]


def shape(strata: Strata) -> list[tuple[list[str], list[tuple[list[str], bool]]]]:
    return [
        (names(layer.once), [(names(part.rules), part.recursive) for part in layer.components])
        for layer in strata.layers
    ]


def test_no_rules_have_no_layers() -> None:
    assert stratify(()).layers == ()


def test_components_come_after_what_they_depend_on() -> None:
    strata = stratify(
        rules(
            """RULE :c { ?x :c 1 } WHERE { ?x :b 1 }
               RULE :b1 { ?x :b 1 } WHERE { ?x :b2 1 }
               RULE :b2 { ?x :b2 1 } WHERE { ?x :b 1 . ?x :a 1 }
               RULE :a { ?x :a 1 } WHERE { ?x :in 1 }
               RULE :t { ?x :t ?z } WHERE { ?x :t ?y . ?y :t ?z }"""
        )
    )
    assert shape(strata) == [
        ([], [(["a"], False), (["b1", "b2"], True), (["c"], False), (["t"], True)]),
    ]
    assert names(strata.layers[0].general) == ["c", "b1", "b2", "a", "t"]


def test_negation_and_run_once_rules_begin_a_layer() -> None:
    strata = stratify(
        rules(
            """RULE :late { ?x :late 1 } WHERE { ?x :made 1 NOT { ?x :early 1 } }
               RULE :made { ?x :made ?y } WHERE { ?x :early 1 SET (?y := 1) }
               RULE :early { ?x :early 1 } WHERE { ?x :in 1 }
               RULE :first { ?x :first [] } WHERE { ?x :in 1 }"""
        )
    )
    assert shape(strata) == [(["first"], [(["early"], False)]), (["made"], [(["late"], False)])]


def fault(text: str, lang: str = "en") -> str:
    with pytest.raises(SyntaxFault) as caught:
        stratify(rules(text))
    assert {found.code for found in caught.value.faults} == {"srl.stratification"}
    return caught.value.render(lang)


def test_a_rule_that_denies_what_it_concludes_is_named() -> None:
    found = fault("RULE :r { ?x :p 1 } WHERE { ?x :q 1 NOT { ?x :p ?y } }")
    assert found.startswith(
        "r.srl:2:43: the NOT at r.srl:2:43 of rule <http://example/r> (r.srl:2:1) has to wait for rule "
        "<http://example/r> (r.srl:2:1), which is itself"
    )
    assert "NOT DATA" in found


def test_a_cycle_is_told_rule_by_rule() -> None:
    text = (
        "RULE :a { ?x :a 1 } WHERE { ?x :in 1 NOT { ?x :c 1 } }\n"
        "RULE { ?x :b 1 } WHERE { ?x :a 1 }\n"
        "RULE :c { ?x :c 1 } WHERE { ?x :b 1 }\n"
    )
    found = fault(text)
    assert (
        "of rule <http://example/a> (r.srl:2:1) has to wait for rule <http://example/c> (r.srl:4:1)" in found
    )
    assert "but <http://example/c> (r.srl:4:1) at r.srl:4:29 needs r.srl:3:1" in found
    assert "but r.srl:3:1 at r.srl:3:26 needs <http://example/a> (r.srl:2:1)" in found
    assert "NOT DATA" in fault(text, "zh")


def test_a_run_once_rule_that_feeds_itself_is_named() -> None:
    found = fault("RULE :n { ?x :next [] } WHERE { ?y :next ?x }")
    assert "runs once (it has SET, or its head makes a node)" in found


def test_every_group_in_conflict_gets_a_fault() -> None:
    text = "RULE { ?x :p 1 } WHERE { NOT { ?x :p 1 } } RULE { ?x :q 1 } WHERE { NOT { ?x :q 1 } }"
    assert len(fault(text).splitlines()) == 2


def test_many_rules_in_a_chain_need_no_recursion() -> None:
    text = "\n".join(f"RULE {{ ?x :p{i} 1 }} WHERE {{ ?x :p{i + 1} 1 }}" for i in range(1500))
    (layer,) = stratify(rules(text)).layers
    assert len(layer.components) == 1500
    assert layer.components[0].rules[0].body != layer.components[1].rules[0].body


PREDICATES = st.sampled_from("abcdef")


@st.composite
def programs(draw: st.DrawFn) -> str:
    lines = []
    for number in range(draw(st.integers(1, 7))):
        body = "".join(
            draw(st.sampled_from([f"?x :{p} 1 . ", f"NOT {{ ?x :{p} 1 }} ", f"NOT DATA {{ ?x :{p} 1 }} "]))
            for p in draw(st.lists(PREDICATES, max_size=3))
        )
        once = draw(st.sampled_from(["", "", "", f"SET (?v{number} := 1) "]))
        data = draw(st.sampled_from(["", "", "DATA "]))
        lines.append(f"RULE :r{number} {{ :x :{draw(PREDICATES)} 1 }} WHERE {data}{{ {body}{once}}}")
    return "\n".join(lines)


def layers_of_the_draft(program: tuple[Rule, ...]) -> list[int] | None:
    """The reference algorithm of section `stratification`; None is its error."""
    stratum = [0] * len(program)
    edges = [edge for found in dependencies(program) for edge in found.values()]
    changed = True
    while changed:
        changed = False
        for edge in edges:
            needed = stratum[edge.source] + (edge.closed is not None)
            if stratum[edge.dependent] < needed:
                if needed > len(program) + 1:
                    return None
                stratum[edge.dependent] = needed
                changed = True
    return stratum


@settings(deadline=None, max_examples=300)
@given(programs())
def test_layers_are_those_of_the_reference_algorithm(text: str) -> None:
    program = rules(text)
    expected = layers_of_the_draft(program)
    if expected is None:
        assert fault(text)
        return
    strata = stratify(program)
    found = {
        rule.iri: (level, rule in layer.once)
        for level, layer in enumerate(strata.layers)
        for rule in layer.once + layer.general
    }
    assert found == {rule.iri: (level, rule.run_once) for rule, level in zip(program, expected, strict=True)}
    for layer in strata.layers:
        parts = [rule for part in layer.components for rule in part.rules]
        assert sorted(names(tuple(parts))) == sorted(names(layer.general))
        place = {rule.iri: number for number, part in enumerate(layer.components) for rule in part.rules}
        for edge in (edge for found in dependencies(program) for edge in found.values()):
            dependent, source = program[edge.dependent].iri, program[edge.source].iri
            if dependent in place and source in place:
                assert place[source] <= place[dependent]
                if place[source] == place[dependent]:
                    assert layer.components[place[source]].recursive


# ── the graph with nodes between the rules is that of the specification ──────────────────────

TERMS = st.sampled_from(
    [
        "?x",
        "?x",
        "?y",
        "?z",
        ":a",
        ":b",
        "1",
        "_:n",
        "<<( ?x :p ?y )>>",
        "<<( :a :p 1 )>>",
        "<<( ?x :p ?x )>>",
    ]
)


@st.composite
def odd_programs(draw: st.DrawFn) -> str:
    """A few rules whose triples have constants, variables twice, blank nodes and triple terms anywhere."""
    lines = []
    for number in range(draw(st.integers(1, 5))):
        predicates = st.sampled_from(["?x", ":p", ":q"])
        head = f"{draw(TERMS)} {draw(predicates)} {draw(TERMS)}"
        body = ". ".join(
            f"{draw(TERMS)} {draw(predicates)} {draw(TERMS)}" for _ in range(draw(st.integers(0, 2)))
        )
        negated = draw(st.sampled_from(["", f"NOT {{ {draw(TERMS)} {draw(predicates)} {draw(TERMS)} }}"]))
        lines.append(f"RULE :r{number} {{ {head} }} WHERE {{ {body} {negated} }}")
    return "\n".join(lines)


@settings(deadline=None, max_examples=400)
@given(odd_programs())
def test_links_lead_from_a_rule_to_those_it_depends_on_and_no_others(text: str) -> None:
    program = rules(text)
    links = Links(program)
    found = {}
    for number in range(len(program)):
        for pattern, wanted in links.targets[number].items():
            for hub in links.targets[pattern]:
                for template in links.targets[hub]:
                    for source in links.targets[template]:
                        closed = wanted is not None and wanted.closed is not None
                        found[number, source] = found.get((number, source), False) or closed
    edges = [edge for of_rule in dependencies(program) for edge in of_rule.values()]
    assert found == {(edge.dependent, edge.source): edge.closed is not None for edge in edges}


@pytest.mark.parametrize(
    "rule",
    [
        "RULE :r{i} {{ ?x :p ?y }} WHERE {{ ?x :p ?z . ?z :q{i} ?y }}",  # each depends on each
        "RULE :r{i} {{ ?x :p :o{i} }} WHERE {{ :s{i} :p ?x }}",  # the same, no two triples alike
        "RULE :r{i} {{ ?x ?p ?y }} WHERE {{ ?x ?q :o{i} . ?p :q ?y }}",
    ],
)
def test_two_thousand_rules_that_depend_on_one_another_are_stratified_in_seconds(rule: str) -> None:
    program = rules("\n".join(rule.format(i=number) for number in range(2000)))
    started = time.process_time()
    (layer,) = stratify(program).layers
    assert time.process_time() - started < 4
    assert len(layer.general) == 2000


def test_ten_thousand_rules_are_read_and_stratified() -> None:
    rule = "RULE :r{i} {{ ?x :p{i} ?y }} WHERE {{ ?x :p{j} ?y NOT {{ ?x :n{i} ?y }} }}"
    started = time.process_time()
    program = rules("\n".join(rule.format(i=number, j=number + 1) for number in range(10_000)))
    (layer,) = stratify(program).layers
    assert time.process_time() - started < 60
    assert len(layer.components) == 10_000


def test_a_ring_of_thousands_of_rules_that_wait_for_one_another_is_told_in_a_short_fault() -> None:
    ring = (f"RULE :r{i} {{ ?x :p{i} 1 }} WHERE {{ ?x :p{(i + 1) % 2000} 1 }}" for i in range(1, 2000))
    text = fault("RULE :r0 { ?x :p0 1 } WHERE { ?x :a 1 NOT { ?x :p1 1 } }\n" + "\n".join(ring))
    assert "and so on (a cycle of 2000 rules)" in text
    assert len(text) < 3000
