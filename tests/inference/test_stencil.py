"""Generated code means what its stencils say, whatever is filled in."""

from __future__ import annotations

import ast

import pytest
from pyoxigraph import NamedNode, Variable

from kb.inference.interactive.compiler import MAX_NESTED
from kb.inference.interactive.stencil import Body, Stencil, call, constant, function, number_of, read
from kb.srl.parser import parse
from kb.srl.syntax import Rule, RuleSet, TriplePattern
from tests.inference.interactive import infer
from tests.srl import textbook

SUM = Stencil("""
for item in items:
    total = total + item
    BODY
""")


def run(body: Body, *parameters: str, **values: object) -> dict[str, object]:
    """Run statements as a function and return what its local names are at the end."""
    returned = ast.parse("def f():\n return dict(locals())").body[0].body  # type: ignore[attr-defined]
    scope: dict[str, object] = {}
    module = ast.Module([function("made", parameters, [*body, *returned])], type_ignores=[])
    exec(compile(module, "<test>", "exec"), scope)
    return scope["made"](*values.values())  # type: ignore[operator, no-any-return]


def test_names_are_replaced_where_they_are_read_and_where_they_are_assigned() -> None:
    filled = SUM.fill(item="x", items="numbers", total="sum_1")
    assert run(filled, "numbers", "sum_1", numbers=[1, 2, 3], sum_1=0)["sum_1"] == 6


def test_what_follows_stands_inside() -> None:
    inner = Stencil("seen = seen + (item,)").fill(item="x", seen="seen")
    filled = SUM.fill(inner, item="x", items="numbers", total="t")
    assert run(filled, "numbers", "t", "seen", numbers=[1, 2], t=0, seen=())["seen"] == (1, 2)


def test_a_stencil_is_not_changed_by_filling_it() -> None:
    SUM.fill(item="x", items="y", total="z")
    assert run(SUM.fill(), "items", "total", items=[4], total=1)["total"] == 5


def test_a_number_is_known_when_code_is_made_and_a_name_is_not() -> None:
    assert number_of(constant(7)) == 7
    assert number_of(constant(None)) is None
    assert number_of(read("seven")) is None


def test_a_call_hands_over_what_it_is_given() -> None:
    filled = Stencil("made = expression").fill(made="made", expression=call(read("f"), [constant(3)]))
    assert run(filled, "f", f=lambda number: number + 1)["made"] == 4


@pytest.mark.parametrize("name", ["def", "import", "v_1", "rows", "BODY", "été", "_", "x" * 300])
def test_no_name_of_a_rule_can_get_in_the_way(name: str) -> None:
    x, y = Variable(name), Variable("other")
    a, b, p = (NamedNode(f"urn:{letter}") for letter in "abp")
    rule = Rule(None, (TriplePattern(y, p, x),), (TriplePattern(x, p, y),))
    base = parse("DATA { <urn:a> <urn:p> <urn:b> }").data
    assert infer(RuleSet((rule,)), base) == {type(base[0])(b, p, a)}


@pytest.mark.parametrize("length", [MAX_NESTED - 1, MAX_NESTED, MAX_NESTED + 1, 3 * MAX_NESTED + 2])
@pytest.mark.parametrize("inside", [False, True])
def test_a_body_may_be_longer_than_python_nests_loops(length: int, inside: bool) -> None:
    chain = " . ".join(f"?x{number} :p ?x{number + 1}" for number in range(length))
    body = f"?x0 :q true . NOT {{ {chain} }}" if inside else chain
    ruleset = parse(f"PREFIX : <urn:> RULE {{ ?x0 :far true }} WHERE {{ {body} }}")
    links = " . ".join(f":n{number} :p :n{number + 1}" for number in range(length + 1))
    starts = " . ".join(f":n{number} :q true" for number in range(3))
    base = parse(f"PREFIX : <urn:> DATA {{ {links} . {starts} }}").data
    derived = infer(ruleset, base)
    assert derived == textbook.infer(ruleset, base)
    assert len(derived) == (1 if inside else 2)
