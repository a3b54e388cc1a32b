"""What is wrong with a document is said in words, with place, code and repair; nothing else is raised."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kb.errors import Fault, SyntaxFault
from kb.srl import errors
from kb.srl.builder import MAX_OPERATORS
from kb.srl.parser import MAX_BRACKETS, parse
from kb.srl.strata import stratify
from kb.srl.wellformed import check

PREFIX = "PREFIX : <http://example/>\n"
SOUND = PREFIX + (
    "RULE :r { ?x :p [ :q (1 ?y) ] . _:b :p <<( ?x :p 'a'@en--ltr )>> } WHERE DATA {\n"
    '  ?x :a/^(:b/a) ?y ; :c """long""" , -1.5e3 ~ ?r {| :n true |} .\n'
    "  FILTER (?y > 1 && !(STR(?x) IN ('a', \"b\")) || :f(?x, ?y) = -?y + 2 * 3 -1) .\n"
    "  NOT DATA { << ?x :p ?z ~_:r >> :k () FILTER REGEX(?z, '^a') } SET (?v := IF(?y = 1, <u>, NOW())) }\n"
    'DATA { :s :p <<( :s :p _:b )>> , [] } IMPORTS <x.srl> VERSION "1.2"\n'
)


def fault(text: str) -> Fault:
    with pytest.raises(SyntaxFault) as caught:
        parse(text, source="lead.srl")
    (found,) = caught.value.faults
    return found


@pytest.mark.parametrize(
    ("text", "code", "place", "words"),
    [
        ("RULE {} {}", "srl.syntax", "1:9", "expected WHERE"),
        ("RULE { } WHERE { ?x ?y }", "srl.syntax", "1:24", "“}” cannot stand here; expected a term"),
        ("RULE { } WHERE {\n  ?x ?y 1", "srl.syntax", "2:10", "the end of the document"),
        ("IF { } THEN { }", "srl.syntax", "1:1", "write RULE { conclusion }"),
        ("RULE {} FOR ?x IN <urn:s> WHERE {}", "srl.syntax", "1:9", "leave FOR … IN … out"),
        ("RULE {} WHERE { OPTIONAL { ?x ?y ?z } }", "srl.syntax", "1:17", "two RULEs"),
        ("RULE {} WHERE { FILTER NOT EXISTS { } }", "srl.syntax", "1:24", "NOT { … } by itself"),
        ("RULE {} WHERE { NOT { NOT { } } }", "srl.syntax", "1:23", "neither in a FILTER nor"),
        ("RULE {} WHERE { BIND (1 AS ?x) }", "srl.syntax", "1:17", "SET(?variable := expression)"),
        ("RULE {} WHERE { SET (?x = 1) }", "srl.syntax", "1:25", "expected :="),
        ("RULE {} WHERE { ?x <urn:p>+ ?y }", "srl.syntax", "1:27", "two rules: one step"),
        ("RULE {} WHERE { ?x <urn:p>? ?y }", "srl.syntax", "1:27", "one without it"),
        ("RULE {} WHERE { ?x <urn:p>|<urn:q> ?y }", "srl.syntax", "1:27", "one RULE for each alternative"),
        ("RULE {} WHERE { ?x <urn:p> 'abc }", "srl.syntax", "1:28", "does not end on this line"),
        ("RULE {} WHERE { ?x <a b> 1 }", "srl.syntax", "1:20", "an IRI holds no space"),
        ("RULE {} WHERE { ?x ?y 1 . . }", "srl.syntax", "1:27", "superfluous full stop"),
        ("@prefix x: <urn:> .", "srl.syntax", "1:1", "without @"),
        ("RULE {} WHERE { FILTER(BOUND(?x)) }", "srl.function", "1:24", "always have values"),
        ("RULE {} WHERE { FILTER(NOSUCH(?x)) }", "srl.function", "1:24", "no built-in function NOSUCH"),
        (
            "RULE {} WHERE { FILTER(CONTAINS(?x)) }",
            "srl.function",
            "1:24",
            "CONTAINS takes 2 arguments, here are 1",
        ),
        ("RULE {} WHERE { FILTER(NOW(?x)) }", "srl.function", "1:24", "NOW takes 0 arguments"),
        ("DATA { <urn:s> <urn:p> ?x }", "srl.data-variable", "1:24", "?x"),
        ("DATA { <urn:s> <urn:p>/<urn:q> 1 }", "srl.path-place", "1:16", "body only"),
        ("RULE { ?x ^<urn:p> ?y } WHERE { ?x ?p ?y }", "srl.path-place", "1:12", "body only"),
        ("RULE {} WHERE { ?x ^<urn:p> ?y ~ <urn:r> }", "srl.path-place", "1:32", "annotated"),
        ("RULE {} WHERE { ?x ex:p 1 }", "srl.prefix", "1:20", "PREFIX ex: <…>"),
        ("RULE {} WHERE { ?x <p> 1 }", "srl.iri", "1:20", "BASE"),
        ("BASE <x>", "srl.iri", "1:6", "not an absolute IRI"),
        (r"RULE {} WHERE { ?x <urn:\u0020> 1 }", "srl.iri", "1:20", "not an absolute IRI"),
        ("RULE {} WHERE { ?x ?y 'a'@en--LTR }", "srl.literal", "1:26", "--ltr"),
        ("RULE {} WHERE { ?x ?y 'a'@abcdefghij }", "srl.literal", "1:26", "language tag"),
        (r"RULE {} WHERE { ?x ?y '\uD800' }", "srl.literal", "1:23", "Unicode"),
        ("VERSION '1.1'", "srl.version", "1:9", "1.1"),
        ("RULE {} WHERE {\n ?x ?y '\ud800' }", "srl.encoding", "2:9", "UTF-8"),
    ],
)
def test_a_syntax_error_is_placed_and_explained(text: str, code: str, place: str, words: str) -> None:
    found = fault(text)
    assert found.code == code
    assert found.where == f"lead.srl:{place}"
    assert words in found.render("en")
    assert re.search("[一-鿿]", found.message.zh)


def test_a_repair_is_given_only_where_it_helps() -> None:
    assert fault("RULE {} WHERE { FILTER (* 2) }").repair is None
    assert fault("RULE {} WHERE { SET (?x := IF 1) }").repair is None


@pytest.mark.parametrize("opening", ["(", "{", "[", "<<", "<<(", "{|"])
def test_brackets_may_not_be_nested_too_deep(opening: str) -> None:
    start = {"(": "RULE {} WHERE { FILTER(", "{|": "DATA { <urn:s> <urn:p> <urn:o> "}.get(opening, "DATA { ")
    filler = {"[": "<urn:p>", "{|": "<urn:p> 1", "<<": "", "<<(": "<urn:s> <urn:p>"}.get(opening, "")
    assert fault(start + f"{opening} {filler} " * 100_000).code in ("srl.too-deep", "srl.syntax")
    assert fault("RULE {} WHERE { FILTER(" + "(" * 100_000).code == "srl.too-deep"
    assert fault("DATA { <urn:s> <urn:p> " + "[ <urn:p> " * 1000).code == "srl.too-deep"


def test_everything_within_the_limits_is_read() -> None:
    depth = MAX_BRACKETS - 2
    core = "(1 || 1 && 1 = 1 + 1 * - " * depth + "1" + ")" * depth
    with pytest.raises(SyntaxFault) as caught:
        parse(f"RULE {{}} WHERE {{ FILTER({core}) }}")
    assert caught.value.faults[0].code == "srl.too-deep"
    parse(f"RULE {{}} WHERE {{ FILTER({'(' * depth}1{')' * depth}) }}")
    parse("RULE {} WHERE { FILTER(1" + "+1" * MAX_OPERATORS + ") }")
    parse("RULE {} WHERE { FILTER(1" + " || 1" * 20_000 + ") }")
    parse("DATA { <urn:s> <urn:p> " + "(1 " * depth + ")" * depth + "}")


def test_operators_without_brackets_may_not_be_nested_too_deep() -> None:
    assert fault("RULE {} WHERE { FILTER(1" + "+1" * 50_000 + ") }").code == "srl.too-deep"
    assert fault("RULE {} WHERE { FILTER(1" + "*1" * 50_000 + ") }").code == "srl.too-deep"


def test_a_document_may_not_be_too_long() -> None:
    with pytest.raises(SyntaxFault) as caught:
        parse(" " * 101, max_characters=100)
    assert caught.value.faults[0].code == "srl.too-large"


def test_an_unclosed_string_costs_no_time() -> None:
    assert fault("DATA { <urn:s> <urn:p> '''" + "\\\\'" * 200_000).code == "srl.syntax"
    assert fault("DATA { <urn:s> <urn:p> '" + "a" * 500_000).code == "srl.syntax"
    assert fault("DATA { <urn:" + "a" * 500_000).code == "srl.syntax"
    assert fault("DATA { a" + "." * 50_000).code == "srl.syntax"


def test_every_code_is_drawn_at_the_top_of_the_module() -> None:
    source = Path(errors.__file__).parent
    used = {
        code
        for file in source.glob("*.py")
        for code in re.findall(r'"(srl\.[a-z-]+)"', file.read_text("utf-8"))
    }
    assert used
    assert all(code in (errors.__doc__ or "") for code in used)


def survives(text: str) -> None:
    """Read *text* as far as it goes; only SyntaxFault may be raised, and its text can be shown."""
    with suppress(SyntaxFault):
        try:
            ruleset = parse(text, base="http://base/")
            for rule in ruleset.rules:
                check(rule)
            stratify(ruleset.rules)
        except SyntaxFault as error:
            print(error.render("zh"), error.render("en"))
            raise


WORDS = """
    RULE WHERE DATA NOT FILTER SET PREFIX BASE IMPORTS VERSION { } ( ) [ ] << >> <<( )>> {| |} ~ . ; , ^ / a
    ?x $y ?_b1 _:b :p : <u> <http://x/> 'l' \"""m\""" @en--ltr ^^ 1 -1 .5 1e0 true := = != < > && || ! + - *
    IN STR IF( NOW() UUID \\ @ # é \u00b7 \0 %41
"""
PIECES = st.sampled_from([*WORDS.split(), "\n"])


@settings(deadline=None, max_examples=300)
@given(st.text() | st.lists(PIECES, max_size=40).map(" ".join) | st.lists(PIECES, max_size=40).map("".join))
@example("RULE")
@example("\\")
@example("\ud800")
def test_garbage_is_refused_with_a_fault(text: str) -> None:
    survives(text)


@settings(deadline=None, max_examples=300)
@given(
    st.integers(0, len(SOUND)),
    st.integers(0, 30),
    st.lists(PIECES | st.characters(), max_size=3).map(" ".join),
)
def test_a_mutated_document_is_read_or_refused_with_a_fault(place: int, length: int, piece: str) -> None:
    survives(SOUND[:place] + piece + SOUND[place + length :])


def test_the_document_that_is_mutated_is_sound() -> None:
    assert len(parse(SOUND, base="http://base/").rules) == 1
