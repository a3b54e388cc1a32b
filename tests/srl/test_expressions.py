"""Expressions have the values that SPARQL gives them; the native paths agree with Oxigraph."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pyoxigraph import BaseDirection, BlankNode, Literal, NamedNode, QuerySolutions, Store, Triple, Variable

from kb.srl.expressions import (
    ExpressionError,
    compile_condition,
    compile_expression,
    effective_boolean_value,
)
from kb.srl.functions import ARITY, FUNCTIONS, TESTS
from kb.srl.parser import parse
from kb.srl.serialize import expression_text
from kb.srl.syntax import Assignment, Call, Expression, Term
from kb.srl.terms import XSD
from kb.srl.values import value

NOW = Literal("2026-08-24T12:00:00Z", datatype=NamedNode(XSD + "dateTime"))
DOUBLE = NamedNode(XSD + "double")
BINDINGS: dict[Variable, Term] = {
    Variable("n"): Literal(7),
    Variable("s"): Literal("text"),
    Variable("i"): NamedNode("http://example/i"),
    Variable("b"): BlankNode("b"),
    Variable("t"): Triple(NamedNode("urn:s"), NamedNode("urn:p"), Literal(1)),
}


def typed(text: str, kind: str) -> Literal:
    return Literal(text, datatype=NamedNode(XSD + kind))


def kind(literal: Literal) -> str:
    return literal.datatype.value.removeprefix(XSD)


def compiled(text: str) -> Expression:
    bind = "?n ?p ?s . ?i ?p ?b . ?t ?p 1 "
    document = f"PREFIX xsd: <{XSD}> BASE <http://base/> RULE {{}} WHERE {{ {bind} SET(?v := {text}) }}"
    assignment = parse(document).rules[0].body[-1]
    assert isinstance(assignment, Assignment)
    return assignment.expression


def evaluate(expression: Expression) -> Term | None:
    """Return the value; None for an error."""
    try:
        return compile_expression(expression, now=NOW)(BINDINGS.__getitem__)
    except ExpressionError:
        return None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("?n + 1", Literal(8)),
        ("?n -1", Literal(6)),
        ("-?n", Literal(-7)),
        ("1/3", typed("0.333333333333333333", "decimal")),
        ("-2/3", typed("-0.666666666666666666", "decimal")),
        ("4/2", typed("2", "decimal")),
        ("1/0", None),
        ("1e0/0", typed("INF", "double")),
        ("-1e0/0", typed("-INF", "double")),
        ("0e0/0", typed("NaN", "double")),
        ("9223372036854775807 + 1", None),
        ("0.1 + 0.2 = 0.3", Literal(True)),
        ("0.1e0 + 0.2e0 = 0.3e0", Literal(False)),
        ("1 = 1.0", Literal(True)),
        ("1 = '1'", Literal(False)),
        ("'a' = 'a'@en", Literal(False)),
        ("'x'^^<urn:d> = 'y'^^<urn:d>", None),
        ("'x'^^<urn:d> = 'x'^^<urn:d>", Literal(True)),
        ("?i = <http://example/i>", Literal(True)),
        ("?i = 'http://example/i'", Literal(False)),
        ("?b = ?b", Literal(True)),
        ("?i < ?i", None),
        ("'2026-01-01T00:00:00Z'^^xsd:dateTime = '2026-01-01T01:00:00+01:00'^^xsd:dateTime", Literal(True)),
        ("'2026-01-01'^^xsd:date < '2026-01-02'^^xsd:date", Literal(True)),
        ("'2026-02-29'^^xsd:date < '2026-03-02'^^xsd:date", None),
        ("'2026-01-02'^^xsd:date - '2026-01-01'^^xsd:date", typed("P1D", "dayTimeDuration")),
        ("'2026-01-01'^^xsd:date + 'P1D'^^xsd:dayTimeDuration", typed("2026-01-02", "date")),
        ("'P1D'^^xsd:dayTimeDuration + '2026-01-01'^^xsd:date", typed("2026-01-02", "date")),
        ("'2026-01-01'^^xsd:date + 'PT24H'^^xsd:dayTimeDuration", typed("2026-01-02", "date")),
        ("'PT25H'^^xsd:dayTimeDuration > 'P1D'^^xsd:dayTimeDuration", Literal(True)),
        ("'1.5'^^xsd:float * 2", typed("3", "float")),
        ("'7'^^xsd:byte + 1", Literal(8)),
        ("false < true", Literal(True)),
        ("'NaN'^^xsd:double <= 'NaN'^^xsd:double", Literal(False)),
        ("<<( <urn:s> <urn:p> 1 )>> = <<( <urn:s> <urn:p> 1.0 )>>", Literal(True)),
        ("sameTerm(<<( <urn:s> <urn:p> 1 )>>, <<( <urn:s> <urn:p> 1.0 )>>)", Literal(False)),
        ("?n IN (1/0, 7)", Literal(True)),
        ("?n IN (1/0, 8)", None),
        ("?n NOT IN (1, 2)", Literal(True)),
        ("?n IN ()", Literal(False)),
        ("1/0 = 1 || true", Literal(True)),
        ("1/0 = 1 || false", None),
        ("1/0 = 1 && false", Literal(False)),
        ("true && 1/0 = 1 && true", None),
        ("!'' && !0 && !0.0 && 'x' && 1", Literal(True)),
        ("!?i", None),
        ("!'x'@en", None),
        ("!'0'^^xsd:float", Literal(True)),
        ("IF(?n > 5, 'big', 1/0)", Literal("big")),
        ("IF(1/0, 1, 2)", None),
        ("STR(?i)", Literal("http://example/i")),
        ("STR(007)", Literal("007")),
        ("STR(?b)", None),
        ("LANG('a'@en)", Literal("en")),
        ("LANGDIR('a'@ar--rtl)", Literal("rtl")),
        ("DATATYPE(1.0)", NamedNode(XSD + "decimal")),
        ("DATATYPE(?i)", None),
        ("IRI('x/../y')", NamedNode("http://base/y")),
        ("URI(?i)", NamedNode("http://example/i")),
        ("IRI('a b')", None),
        ("IRI('a'@en)", None),
        ("CONCAT('a'@en, 'b'@en)", Literal("ab", language="en")),
        ("CONCAT('a'@en, 'b')", Literal("ab")),
        ("CONCAT('a', 1)", None),
        ("CONCAT()", Literal("")),
        ("STRLEN('协治')", Literal(2)),
        ("CONTAINS('abc'@en, 'b'@fr)", None),
        ("STRSTARTS(?s, 'te') && STRENDS(?s, 'xt') && CONTAINS(?s, '')", Literal(True)),
        ("SUBSTR(?s, 2, 2)", Literal("ex")),
        ("REPLACE(?s, '[tx]', '_')", Literal("_e__")),
        ("REGEX(?s, 'TEXT', 'i')", Literal(True)),
        ("REGEX(?s, '(')", None),
        ("UCASE('ß')", Literal("SS")),
        ("YEAR(NOW()) = 2026 && MONTH(NOW()) = 8", Literal(True)),
        ("ROUND(2.5) + CEIL(1.1) + FLOOR(1.9) + ABS(-1)", typed("7", "decimal")),
        ("ENCODE_FOR_URI('协')", Literal("%E5%8D%8F")),
        ("STRLANG('a', 'en') = 'a'@en", Literal(True)),
        ("STRLANGDIR('a', 'ar', 'rtl')", Literal("a", language="ar", direction=BaseDirection.RTL)),
        ("STRDT('1', xsd:integer) = 1", Literal(True)),
        ("isIRI(?i) && isURI(?i) && isBLANK(?b) && isLITERAL(?s) && isTRIPLE(?t)", Literal(True)),
        ("isNUMERIC('x'^^xsd:integer) || isNUMERIC(?s) || isIRI(?b) || hasLANG(?s)", Literal(False)),
        ("SUBJECT(?t)", NamedNode("urn:s")),
        ("OBJECT(TRIPLE(?i, PREDICATE(?t), ?n))", Literal(7)),
        ("TRIPLE(1, ?i, 2)", None),
        ("SUBJECT(?s)", None),
        ("xsd:integer('12')", Literal(12)),
        ("xsd:integer(12.7)", Literal(12)),
        ("xsd:integer(7 * 1.60934)", Literal(11)),
        ("xsd:decimal('x')", None),
        ("<urn:unknown>(1)", None),
    ],
)
def test_an_expression_has_this_value(text: str, expected: Term | None) -> None:
    assert evaluate(compiled(text)) == expected


def test_every_built_in_has_a_value() -> None:
    sample = {
        "LANGMATCHES": "'en-GB', '*'", "STRLANG": "'a', 'en'", "STRDT": "'a', <urn:d>", "IF": "true, 1, 2",
        "STRLANGDIR": "'a', 'en', 'ltr'", "TRIPLE": "?i, ?i, 1", "REPLACE": "'a', 'b', 'c'",
        "SUBSTR": "'abc', 1",
        **dict.fromkeys(("ABS", "CEIL", "FLOOR", "ROUND"), "1.5"),
        **dict.fromkeys(("YEAR", "MONTH", "DAY", "HOURS", "MINUTES", "SECONDS", "TIMEZONE", "TZ"), "NOW()"),
        **dict.fromkeys(("SUBJECT", "PREDICATE", "OBJECT"), "?t"),
    }  # fmt: skip
    for name, (low, _) in ARITY.items():
        arguments = sample.get(name, ", ".join(["'a'"] * low))
        assert evaluate(compiled(f"{name}({arguments})")) is not None, name


def test_now_is_one_instant() -> None:
    assert evaluate(compiled("NOW()")) == NOW


def test_new_nodes_differ_from_call_to_call() -> None:
    for text in ("BNODE()", "BNODE('x')", "UUID()", "STRUUID()"):
        closure = compile_expression(compiled(text), now=NOW)
        assert closure(BINDINGS.__getitem__) != closure(BINDINGS.__getitem__)
    assert evaluate(compiled("BNODE(1)")) is None


def test_an_error_keeps_no_solution() -> None:
    for text, kept in (
        ("?n > 5", True),
        ("?n > 'a'", False),
        ("!(?n > 'a')", False),
        ("?s", True),
        ("?i", False),
    ):
        assert compile_condition(compiled(text), now=NOW)(BINDINGS.__getitem__) is kept


def test_a_condition_on_numbers_takes_about_a_microsecond() -> None:
    condition = compile_condition(compiled("?n >= 5"), now=NOW)
    lookup = BINDINGS.__getitem__
    start = time.perf_counter()
    for _ in range(20_000):
        condition(lookup)
    assert (time.perf_counter() - start) / 20_000 < 20e-6  # far above, for busy machines


# Against Oxigraph.

STORE = Store()

# Decimals of few digits: turning one of many into a double, Oxigraph 0.5 misses the nearest by one bit.
NUMBERS = (
    st.integers(-5, 5).map(Literal)
    | st.sampled_from([2**63 - 1, -(2**63), 10**17, 10**18]).map(lambda n: typed(str(n), "integer"))
    | st.decimals(-1000, 1000, places=3).map(lambda d: typed(f"{d:.3f}".rstrip("0").rstrip("."), "decimal"))
    | st.floats().map(lambda f: typed(repr(f).replace("inf", "INF").replace("nan", "NaN"), "double"))
    | st.sampled_from(["1", "1.5", "NaN"]).map(lambda text: typed(text, "float"))
    | st.sampled_from(["byte", "nonNegativeInteger"]).map(lambda kind: typed("3", kind))
)
STRINGS = st.text("aAé\n\"'\\ ", max_size=3)
TEXTS = (
    STRINGS.map(Literal)
    | st.builds(lambda text, tag: Literal(text, language=tag), STRINGS, st.sampled_from(["en", "zh"]))
    | STRINGS.map(lambda text: Literal(text, language="ar", direction=BaseDirection.RTL))
)
TIMES = st.sampled_from(
    [
        typed(text, kind)
        for kind, texts in {
            "date": ["2026-01-01", "2024-02-29", "2026-01-01Z", "2026-02-30"],
            "dateTime": [
                "2026-01-01T00:00:00",
                "2026-01-01T00:00:00Z",
                "2026-01-01T08:00:00+08:00",
                "2026-01-01T00:00:00.5Z",
                "2026-01-01T24:00:00Z",
                "2026-01-01T00:00:60Z",
                "2026-01-01T20:00:00",
            ],
            "time": ["10:00:00"],
            "dayTimeDuration": ["P1D", "PT24H"],
            "yearMonthDuration": ["P1M"],
            "gYear": ["2026"],
        }.items()
        for text in texts
    ]
)
DATED = {"date", "dateTime", "time"}
ODD = st.sampled_from(
    [
        typed("x", "integer"),
        typed("x", "boolean"),
        Literal("x", datatype=NamedNode("urn:d")),
        typed("", "double"),
    ]
)
LITERALS = NUMBERS | TEXTS | TIMES | ODD | st.booleans().map(Literal)
IRIS = st.sampled_from([NamedNode("urn:a"), NamedNode("http://example/b")])
TRIPLES = st.builds(Triple, IRIS, IRIS, LITERALS | IRIS)
TERMS = LITERALS | IRIS | TRIPLES


def by_oxigraph(expression: Expression) -> Term | None:
    """Return what Oxigraph makes of the text of *expression*."""
    solutions = STORE.query(f"SELECT ({expression_text(expression)} AS ?r) {{}}")
    assert isinstance(solutions, QuerySolutions)
    found: Term | None = next(solutions)["r"]
    return found


def agree(expression: Expression) -> None:
    ours, theirs = evaluate(expression), by_oxigraph(expression)
    assert same(ours, theirs), f"{expression_text(expression)}: {ours} {theirs}"


def same(ours: Term | None, theirs: Term | None) -> bool:
    """Whether both are the same term; of a double there may be two shortest forms (…249.2 and …249.3)."""
    if (
        isinstance(ours, Literal)
        and isinstance(theirs, Literal)
        and ours.datatype == theirs.datatype == DOUBLE
    ):
        return ours == theirs or float(ours.value) == float(theirs.value)
    return ours == theirs


def test_two_ways_to_write_one_double_are_the_same_and_two_doubles_are_not() -> None:
    assert same(typed("1088223931845249.2", "double"), typed("1088223931845249.3", "double"))
    assert not same(typed("1088223931845249.2", "double"), typed("1088223931845249.4", "double"))
    assert not same(typed("1.0", "double"), typed("1.0", "decimal"))


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(["=", "!=", "IN", "NOT IN"]), TERMS, TERMS)
def test_equality_is_oxigraphs(sign: str, left: Term, right: Term) -> None:
    agree(Call(sign, (left, right)))


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(["<", "<=", ">", ">="]), LITERALS, LITERALS)
def test_order_is_oxigraphs(sign: str, left: Literal, right: Literal) -> None:
    # Oxigraph 0.5 has no order of booleans, and finds NaN <= NaN true because the terms are equal.
    assume(not (value(left) in (True, False) and type(value(left)) is bool))
    assume("NaN" not in (left.value, right.value))
    agree(Call(sign, (left, right)))


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(["+", "-", "*", "/"]), NUMBERS | TIMES, NUMBERS | TIMES)
@example("*", typed("0.000000001", "decimal"), typed("0.0000000015", "decimal"))
@example("*", typed("99999999999999999999", "decimal"), typed("2", "decimal"))
@example("+", typed("99999999999999999999", "decimal"), typed("0.000000000000000001", "decimal"))
@example("*", typed("0.000000001", "decimal"), typed("0.000000001", "decimal"))
@example("/", typed("-9223372036854775808", "integer"), typed("-1", "integer"))
def test_arithmetic_is_oxigraphs(sign: str, left: Literal, right: Literal) -> None:
    # Oxigraph 0.5 adds a date and a duration in one order only, and sorts constants before it does.
    assume(sign != "+" or left.datatype == right.datatype or not {kind(left), kind(right)} & DATED)
    agree(Call(sign, (left, right)))


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(["+", "-", "!"]), TERMS)
def test_prefixed_operators_are_oxigraphs(sign: str, term: Term) -> None:
    agree(Call(sign, (term,)))


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_native_functions_are_oxigraphs(data: st.DataObject) -> None:
    names = sorted({*FUNCTIONS, *TESTS} & ARITY.keys() - {"BNODE", "UUID", "STRUUID", "SAMETERM", "STR"})
    name = data.draw(st.sampled_from(names))
    low, high = ARITY[name]
    arguments = data.draw(st.lists(TEXTS | TERMS, min_size=low, max_size=min(high, 3)))
    # Oxigraph writes numbers its own way when it makes a triple.
    assume(name != "TRIPLE" or not isinstance(arguments[2], Literal | Triple))
    assume(name not in ("OBJECT", "DATATYPE"))
    agree(Call(name, tuple(arguments)))


def denied(inner: Expression) -> Expression:
    """Make a boolean of *inner*: Oxigraph 0.5 takes ``"a" && ?x`` and ``!!?x`` for ?x, boolean or not."""
    return Call("IF", (inner, Literal(False), Literal(True)))


EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    st.integers(0, 3).map(Literal) | st.booleans().map(Literal) | st.just(Literal("a")) | ODD,
    lambda inner: st.one_of(
        st.builds(
            lambda sign, a, b: Call(sign, (a, b)), st.sampled_from(["=", "!=", "+", "/"]), inner, inner
        ),
        st.builds(denied, inner),
        st.builds(
            lambda sign, parts: Call(sign, tuple(map(denied, parts))),
            st.sampled_from(["&&", "||"]),
            st.lists(inner, min_size=2, max_size=4),
        ),
        st.builds(lambda a, rest: Call("NOT IN", (a, *rest)), inner, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda a, b, c: Call("IF", (a, b, c)), inner, inner, inner),
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=400)
@given(EXPRESSIONS)
def test_errors_spread_as_in_oxigraph(expression: Expression) -> None:
    agree(expression)


@pytest.mark.parametrize("compare", [operator.lt, operator.eq])
def test_values_of_one_kind_compare_as_python_does(compare: Callable[[object, object], bool]) -> None:
    one, two = value(Literal(1)), value(typed("2", "decimal"))
    assert compare(one, two) is compare(1, 2)


def test_a_string_with_language_is_neither_true_nor_false() -> None:
    with pytest.raises(ExpressionError):
        effective_boolean_value(Literal("a", language="en"))
