"""Documents made to hurt: each is read, or refused in words, in little time.

Ten thousand rules are in ``test_strata.py``, what is nested or unclosed also in ``test_faults.py``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pyoxigraph import Literal

from kb.errors import Fault, SyntaxFault
from kb.srl.builder import MAX_OPERATORS
from kb.srl.expressions import ExpressionError, compile_expression
from kb.srl.functions import MAX_TEXT
from kb.srl.parser import MAX_BRACKETS, parse
from kb.srl.strata import stratify
from kb.srl.syntax import Assignment, RuleSet
from kb.srl.wellformed import require_wellformed

PREFIX = "PREFIX : <urn:x:>\n"
MANY = 10_000


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let no test be slow in silence; processor time, as the machine is shared."""
    started = time.process_time()
    yield
    assert time.process_time() - started < seconds


def read(text: str) -> RuleSet:
    with within(10):
        ruleset = parse(PREFIX + text, source="r.srl")
        require_wellformed(ruleset)
        stratify(ruleset.rules)
    return ruleset


def fault(text: str) -> Fault:
    with within(10), pytest.raises(SyntaxFault) as caught:
        parse(PREFIX + text, source="r.srl")
    (found,) = caught.value.faults
    assert len(found.render("zh") + found.render("en")) < 2000
    return found


def condition(expression: str) -> str:
    return f"RULE {{ ?x :q 1 }} WHERE {{ ?x :p ?y FILTER ({expression}) }}"


# ── what is long is read ─────────────────────────────────────────────────────────────────────


def test_a_rule_may_have_two_hundred_patterns() -> None:
    chain = " . ".join(f"?x{number} :p ?x{number + 1}" for number in range(200))
    assert len(read(f"RULE {{ ?x0 :q 1 }} WHERE {{ {chain} }}").rules[0].body) == 200


@pytest.mark.parametrize(
    ("text", "triples"),
    [
        ("DATA {{ :x :q ({items}) }}", 2 * MANY + 1),
        ("RULE {{ ?x :q ({items}) }} WHERE {{ ?x :p 1 }}", 2 * MANY + 1),
        ("RULE {{ ?x :q 1 }} WHERE {{ ?x :p ({items}) }}", 2 * MANY + 1),
    ],
)
def test_a_collection_may_have_ten_thousand_members(text: str, triples: int) -> None:
    ruleset = read(text.format(items=" ".join(map(str, range(MANY)))))
    assert max(len(ruleset.data), *(max(len(r.head), len(r.body)) for r in ruleset.rules), 0) == triples


def test_a_path_may_have_ten_thousand_steps_and_a_list_ten_thousand_values() -> None:
    assert len(read(f"RULE {{ ?x :q 1 }} WHERE {{ ?x {':p/' * MANY}:p ?y }}").rules[0].body) == MANY + 1
    read(condition("?y IN (" + "1, " * MANY + "1)"))
    read(condition("?y" + " && ?y" * MANY))


def test_an_iri_may_have_a_million_characters() -> None:
    assert len(str(read(f"DATA {{ :x :q <urn:{'a' * 1_000_000}> }}").data[0].object)) > 1_000_000


def test_eight_million_characters_of_comment_are_read_and_one_more_is_not() -> None:
    limit = 8 * 1024 * 1024
    with within(10):
        assert parse("#" * limit).rules == ()
        with pytest.raises(SyntaxFault, match="longer than 8388608 characters"):
            parse("#" * (limit + 1))


# ── what is deep is refused at the limit ─────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("around", "opening", "core", "closing"),
    [
        ("RULE {{ ?x :q 1 }} WHERE {{ ?x :p {} }}", "[ :p ", "1", " ]"),
        ("RULE {{ ?x :q 1 }} WHERE {{ ?x :p {} }}", "<<( :a :p ", "1", " )>>"),
        ("RULE {{ ?x :q 1 }} WHERE {{ ?x :p {} }}", "<< :a :p ", ":b", " >>"),
        ("RULE {{ ?x :q 1 }} WHERE {{ ?x :p {} }}", "( ", "1", " )"),
        ("DATA {{ :a :p :o {} }}", "{{| :p :o ", "", " |}}"),
        ("RULE {{ ?x :q 1 }} WHERE {{ ?x :p ?y FILTER {} }}", "(", "?y", ")"),
        ("RULE {{ ?x :q 1 }} WHERE {{ ?x :p ?y FILTER ({}) }}", "STR(", "?y", ")"),
        ("RULE {{ ?x :q 1 }} WHERE {{ ?x ^{} ?y }}", "(", ":p", ")"),
    ],
)
def test_brackets_are_read_up_to_the_limit_and_refused_beyond(
    around: str, opening: str, core: str, closing: str
) -> None:
    opening, closing = opening.replace("{{", "{"), closing.replace("}}", "}")
    outside = around.format("").count("{") - around.format("").count("}") + 1  # those open around the place
    depth = MAX_BRACKETS - outside - around.count("({}")
    if core:
        parse(PREFIX + around.format(opening * depth + core + closing * depth))
    for number in (depth + 1, 100 * depth):
        found = fault(around.format(opening * number + core + closing * number))
        assert found.code == "srl.too-deep"
        assert found.message.en == f"nested more than {MAX_BRACKETS} levels deep"


@pytest.mark.parametrize("operator", ["+ 1", "* 1", "- 1", "-1", "/ 1"])
def test_operators_are_read_up_to_the_limit_and_refused_beyond(operator: str) -> None:
    parse(PREFIX + condition("1 " + f"{operator} " * MAX_OPERATORS))
    for number in (MAX_OPERATORS + 1, MANY):
        assert fault(condition("1 " + f"{operator} " * number)).code == "srl.too-deep"


# ── characters that are none ─────────────────────────────────────────────────────────────────


def test_a_byte_order_mark_may_begin_a_document_and_stand_nowhere_else() -> None:
    assert len(parse("\ufeffRULE {} WHERE {}").rules) == 1
    assert fault("RULE \ufeff{} WHERE {}").message.en.startswith("U+FEFF cannot stand here")


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("RULE {} WHERE {} \0", "srl.syntax", "U+0000 cannot stand here"),
        ("DATA { :x :p <urn:\0> }", "srl.syntax", "cannot stand here"),
        (r"DATA { :x :p <urn:\u0000> }", "srl.iri", "not an absolute IRI"),
        (r"DATA { :x :p '\uD800' }", "srl.literal", "not a Unicode character"),
        (r"DATA { :x :p '\uD83D\uDE00' }", "srl.literal", "not a Unicode character"),
        (r"DATA { :x :p '\UFFFFFFFF' }", "srl.literal", "not a Unicode character"),
        ("DATA { :x :p '\ud800' }", "srl.encoding", "not a Unicode character"),
        ("\x1b[31mRULE", "srl.syntax", "U+001B cannot stand here"),
    ],
)
def test_a_character_that_cannot_stand_there_is_refused(text: str, code: str, words: str) -> None:
    found = fault(text)
    assert found.code == code
    assert words in found.render("en")


def test_a_string_may_hold_any_character_even_null() -> None:
    assert read("DATA { :x :p 'a\0b' , '\\u0000' }").data[0].object == Literal("a\0b")


# ── texts that grow ──────────────────────────────────────────────────────────────────────────


def value(expression: str) -> str:
    ruleset = read(f"RULE {{ ?x :q ?v }} WHERE {{ ?x :p ?y SET (?v := {expression}) }}")
    assignment = ruleset.rules[0].body[1]
    assert isinstance(assignment, Assignment)
    found = compile_expression(assignment.expression, now=Literal(""))(lambda _: Literal("x" * 1024))
    assert isinstance(found, Literal)
    return found.value


def test_a_text_is_made_up_to_a_quarter_of_a_million_characters_and_is_an_error_beyond() -> None:
    whole = "CONCAT(" + ", ".join(["?y"] * (MAX_TEXT // 1024)) + ")"
    assert len(value(whole)) == MAX_TEXT
    with pytest.raises(ExpressionError):
        value(f"CONCAT({whole}, 'x')")


def test_replacing_does_not_make_a_text_beyond_all_memory() -> None:
    assert value("REPLACE(?y, 'x', 'yy')") == "yy" * 1024
    with within(5), pytest.raises(ExpressionError):
        value("REPLACE(CONCAT(?y, ?y, ?y, ?y), 'x', CONCAT(?y, ?y))")
    text = "CONCAT(" + ", ".join(["?y"] * 256) + ")"
    with within(5), pytest.raises(ExpressionError):
        value(f"REPLACE({text}, '(x)', {text})")
