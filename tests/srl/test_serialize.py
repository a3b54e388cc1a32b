"""What is written as text is read back as it was."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, QuerySolutions, Store, Triple, Variable

from kb.errors import SyntaxFault
from kb.srl.parser import parse
from kb.srl.serialize import expression_text, serialize, serialize_rule, term_text
from kb.srl.syntax import Assignment, Call, Expression, RuleSet
from kb.srl.terms import XSD
from tests.srl.suites import canonical, cases

DOCUMENTS = sorted({case.rules for case in cases() if case.rules.is_file()})


def assert_round_trip(ruleset: RuleSet) -> None:
    again = parse(serialize(ruleset))
    assert replace(again, data=()) == replace(ruleset, data=())
    assert canonical(set(again.data)) == canonical(set(ruleset.data))
    assert parse(serialize(again)).rules == again.rules


def test_the_suites_come_back(subtests: pytest.Subtests) -> None:
    if not DOCUMENTS:
        pytest.skip("the W3C suites are not beside the checkout")
    read = 0
    for file in DOCUMENTS:
        try:
            ruleset = parse(file.read_text(encoding="utf-8"), base="http://base/")
        except SyntaxFault:
            continue
        read += 1
        with subtests.test(file.name):
            assert_round_trip(ruleset)
    assert read > 100


def test_a_rule_is_written_for_people() -> None:
    text = """PREFIX ex: <http://example/>

RULE ex:lead {
    ?i ex:lead _:b1 .
    _:b1 a ex:Task .
}
WHERE DATA {
    ?i ex:deaths ?n .
    FILTER (?n >= 3 && !(?n IN (5, 6)) || STRLEN(?n) - 1 < 2 * (1 + ?n))
    SET (?x := IF(?n = 0, "none"@en, <urn:x>(?n)))
    NOT DATA {
        ?i ex:closed _:_b1 .
    }
}
"""
    ruleset = parse(text)
    assert serialize(ruleset) == text
    assert serialize_rule(ruleset.rules[0], {"ex": "http://example/"}) in text


def test_the_base_of_iri_calls_is_written() -> None:
    ruleset = parse("BASE <http://b/> RULE {} WHERE { SET (?x := IRI('y')) }")
    assert "BASE <http://b/>" in serialize(ruleset)
    assert_round_trip(ruleset)


@pytest.mark.parametrize(
    ("prefixes", "text"),
    [
        ({"": "http://x/"}, ":a"),
        ({"p": "http://x/", "q": "http://x/a"}, "p:a"),
        ({"p": "http://", "q": "http://x/"}, "q:a"),
        ({"p": "http://x/a/b"}, "<http://x/a>"),
    ],
)
def test_iris_are_shortened_where_a_simple_name_is_left(prefixes: dict[str, str], text: str) -> None:
    assert term_text(NamedNode("http://x/a"), prefixes) == text


def test_terms_are_valid_sparql() -> None:
    triple = Triple(NamedNode("urn:s"), NamedNode("urn:p"), Literal('"\n\\', language="en"))
    assert term_text(triple) == r'<<( <urn:s> <urn:p> "\"\n\\"@en )>>'
    assert term_text(BlankNode("x")) == "_:x"
    assert term_text(Literal("1", datatype=NamedNode(XSD + "int"))) == f'"1"^^<{XSD}int>'


LEAVES: st.SearchStrategy[Expression] = st.one_of(
    st.sampled_from([Variable("x"), Variable("y"), NamedNode("http://x/a"), NamedNode("urn:b")]),
    st.integers(-9, 9).map(Literal),
    st.sampled_from(["-1.5", "+.5", "2"]).map(
        lambda text: Literal(text, datatype=NamedNode(XSD + "decimal"))
    ),
    st.text(max_size=3, alphabet=st.characters(codec="utf-8")).map(Literal),
    st.just(Triple(NamedNode("urn:s"), NamedNode("urn:p"), Literal(1))),
)
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda sign, a, b: Call(sign, (a, b)),
            st.sampled_from(["=", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/"]),
            inner,
            inner,
        ),
        st.builds(
            lambda sign, parts: Call(sign, tuple(parts)),
            st.sampled_from(["&&", "||"]),
            st.lists(inner, min_size=2, max_size=3),
        ),
        st.builds(
            lambda sign, a, rest: Call(sign, (a, *rest)),
            st.sampled_from(["IN", "NOT IN"]),
            inner,
            st.lists(inner, max_size=2),
        ),
        st.builds(lambda sign, a: Call(sign, (a,)), st.sampled_from(["!", "+", "-", "STR", "BNODE"]), inner),
        st.builds(lambda parts: Call("CONCAT", tuple(parts)), st.lists(inner, max_size=2)),
        st.builds(lambda parts: Call(NamedNode("urn:f"), tuple(parts)), st.lists(inner, max_size=2)),
        st.builds(lambda a, b, c: Call("IF", (a, b, c)), inner, inner, inner),
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=400)
@given(EXPRESSIONS)
def test_an_expression_is_read_back_as_it_was(expression: Expression) -> None:
    text = f"RULE {{}} WHERE {{ SET (?v := {expression_text(expression)}) }}"
    assignment = parse(text).rules[0].body[0]
    assert isinstance(assignment, Assignment)
    assert assignment.expression == expression


@settings(deadline=None, max_examples=100)
@given(EXPRESSIONS)
def test_an_expression_is_valid_sparql(expression: Expression) -> None:
    # A query that is not valid raises SyntaxError; one that calls urn:f fails when it is evaluated.
    with suppress(RuntimeError):
        solutions = Store().query(f"SELECT ({expression_text(expression)} AS ?r) {{}}")
        assert isinstance(solutions, QuerySolutions)
        next(solutions)


def test_the_grammar_is_part_of_the_package() -> None:
    import kb.srl

    assert (Path(kb.srl.__file__).parent / "grammar.lark").is_file()
