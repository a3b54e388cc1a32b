"""Rule documents become the abstract syntax."""

from __future__ import annotations

import threading

import pytest
from pyoxigraph import BaseDirection, BlankNode, Literal, NamedNode, Triple, Variable

from kb.srl.parser import parse
from kb.srl.syntax import Assignment, Call, Filter, Negation, Rule, RuleSet, TriplePattern, TripleTermPattern
from kb.srl.terms import RDF_FIRST, RDF_NIL, RDF_REIFIES, RDF_REST, RDF_TYPE, XSD

PREFIX = "PREFIX : <http://example/>\n"
V = Variable


def n(name: str) -> NamedNode:
    return NamedNode("http://example/" + name)


def number(text: str, kind: str = "integer") -> Literal:
    return Literal(text, datatype=NamedNode(XSD + kind))


def rule(text: str) -> Rule:
    return parse(PREFIX + text).rules[0]


def body(text: str) -> list[tuple[object, object, object]]:
    return [element.terms for element in rule(f"RULE {{}} WHERE {{ {text} }}").body]  # type: ignore[union-attr]


def expression(text: str) -> object:
    element = rule(f"RULE {{}} WHERE {{ FILTER ({text}) }}").body[0]
    assert isinstance(element, Filter)
    return element.expression


def test_the_empty_document_is_an_empty_rule_set() -> None:
    assert parse("") == parse("  # nothing\n") == RuleSet()


def test_a_rule_has_a_name_a_head_a_body_and_a_place() -> None:
    found = parse(PREFIX + "\n  RULE :r { ?x a :B } WHERE { ?x a :A . }", source="lead.srl").rules[0]
    assert found == Rule(
        n("r"), (TriplePattern(V("x"), RDF_TYPE, n("B")),), (TriplePattern(V("x"), RDF_TYPE, n("A")),)
    )
    assert str(found.span) == "lead.srl:3:3"
    assert str(found.body[0].span) == "lead.srl:3:31"
    assert found.name == "<http://example/r>"


def test_keywords_may_be_written_in_any_case_but_a_may_not() -> None:
    assert len(parse("prefix : <http://x/> Rule {} wHeRe { NOT data {} filter(TRUE) } data {}").rules) == 1
    with pytest.raises(Exception, match="A"):
        parse("RULE {} WHERE { ?x A ?y }")


def test_where_data_and_not_data_look_at_the_base_graph() -> None:
    found = rule("RULE {} WHERE DATA { NOT { ?x :p 1 } NOT DATA { ?x :p 1 } }")
    first, second = found.body
    assert not found.evaldata
    assert isinstance(first, Negation)
    assert isinstance(second, Negation)
    assert (first.evaldata, second.evaldata) == (True, False)


def test_declarations_may_stand_between_rules() -> None:
    found = parse(
        "BASE <http://a/x/> PREFIX p: <y/> RULE {} WHERE { <s> p:t <#u> } BASE <../z/> "
        "PREFIX p: <w#> VERSION '1.2' RULE {} WHERE { <s> p:t 1 } IMPORTS <more.srl>"
    )
    first, second = (found.rules[0].body[0], found.rules[1].body[0])
    assert isinstance(first, TriplePattern)
    assert isinstance(second, TriplePattern)
    assert [term.value for term in first.terms if isinstance(term, NamedNode)] == [
        "http://a/x/s",
        "http://a/x/y/t",
        "http://a/x/#u",
    ]
    assert second.subject == NamedNode("http://a/z/s")
    assert second.predicate == NamedNode("http://a/z/w#t")
    assert [wanted.iri.value for wanted in found.imports] == ["http://a/z/more.srl"]
    assert found.prefixes == {"p": "http://a/z/w#"}


def test_literals_keep_what_was_written() -> None:
    assert [
        pattern[2] for pattern in body('?s ?p 007, -1.50, 1e0, TRUE, "x"@en-GB, "x"@ar--rtl, "1"^^:d')
    ] == [
        number("007"),
        number("-1.50", "decimal"),
        number("1e0", "double"),
        number("true", "boolean"),
        Literal("x", language="en-gb"),
        Literal("x", language="ar", direction=BaseDirection.RTL),
        Literal("1", datatype=n("d")),
    ]


def test_escapes_are_resolved() -> None:
    assert body(r"""?s ?p "\u00e9\U0001F600\t\"", '''it's \\ ''' """)[0][2] == Literal('é😀\t"')
    assert body(r"<http://example/\u00e9> :a\,b\%41 ''")[0][:2] == (n("é"), n("a,b%41"))
    assert body(r":a%41.b :p :c.")[0][::2] == (n("a%41.b"), n("c"))


def test_strings_may_be_long_and_hold_quotes() -> None:
    assert body('?s ?p """a\n""b" """')[0][2] == Literal('a\n""b" ')


def test_lists_of_predicates_and_objects_share_the_subject() -> None:
    assert body("?s :p 1, 2 ; :q 3 ;; .") == [
        (V("s"), n("p"), number("1")),
        (V("s"), n("p"), number("2")),
        (V("s"), n("q"), number("3")),
    ]


def test_a_path_is_triples_with_generated_variables() -> None:
    found = rule("RULE {} WHERE { ?x :a/^(:b/a) ?y }")
    one, two = V("_b1"), V("_b2")
    assert [element.terms for element in found.body if isinstance(element, TriplePattern)] == [
        (V("x"), n("a"), one),
        (V("y"), n("b"), two),
        (two, RDF_TYPE, one),
    ]
    assert found.generated == {one, two}
    assert found.own_variables == (V("x"), V("y"))


def test_blank_nodes_of_a_body_are_variables_also_inside_not() -> None:
    found = rule("RULE {} WHERE { _:b :p [] NOT { _:b :q ?z } }")
    negation = found.body[1]
    assert isinstance(negation, Negation)
    inner = negation.inner[0]
    assert isinstance(inner, TriplePattern)
    assert inner.subject == V("_b1")
    assert found.variables == (V("_b1"), V("_b2"))
    assert found.own_variables == ()


def test_generated_variables_keep_clear_of_the_authors() -> None:
    found = rule("RULE { ?_b1 :p ?__b7 } WHERE { ?_b1 :p [] NOT { :x :y ?__b7 } }")
    assert found.generated == {V("___b1")}


def test_collections_are_first_and_rest() -> None:
    one, two = V("_b1"), V("_b2")
    assert body("?s :p (1 ())") == [
        (V("s"), n("p"), one),
        (one, RDF_FIRST, number("1")),
        (one, RDF_REST, two),
        (two, RDF_FIRST, RDF_NIL),
        (two, RDF_REST, RDF_NIL),
    ]


def test_property_lists_in_brackets_are_nodes() -> None:
    assert body("[ :p [ :q 1 ] ] :r 2") == [
        (V("_b1"), n("p"), V("_b2")),
        (V("_b2"), n("q"), number("1")),
        (V("_b1"), n("r"), number("2")),
    ]


def test_annotations_describe_a_reifier() -> None:
    triple = Triple(n("s"), n("p"), n("o"))
    assert body(":s :p :o ~:r {| :q 1 |} {| :q 2 |} ~ ?t") == [
        (n("s"), n("p"), n("o")),
        (n("r"), RDF_REIFIES, triple),
        (n("r"), n("q"), number("1")),
        (V("_b1"), RDF_REIFIES, triple),
        (V("_b1"), n("q"), number("2")),
        (V("t"), RDF_REIFIES, triple),
    ]


def test_a_reified_triple_is_not_asserted() -> None:
    assert body("<< :s :p ?o ~?r >> :q << :a :b :c >>") == [
        (V("r"), RDF_REIFIES, TripleTermPattern(n("s"), n("p"), V("o"))),
        (V("r"), n("q"), V("_b1")),
        (V("_b1"), RDF_REIFIES, Triple(n("a"), n("b"), n("c"))),
    ]


def test_a_triple_term_without_variables_is_a_term() -> None:
    inner = Triple(n("a"), n("b"), Literal("c"))
    assert body('?x :p <<( :s :p <<( :a :b "c" )>> )>>')[0][2] == Triple(n("s"), n("p"), inner)
    assert body("?x :p <<( 1 :p 2 )>>")[0][2] == TripleTermPattern(number("1"), n("p"), number("2"))


def test_blank_nodes_of_a_head_stay_and_are_told_apart() -> None:
    found = rule("RULE { _:x :p [ :q _:x ] . ?y :r <<( _:x :p [] )>> } WHERE { ?y :p _:x }")
    one, two, three = BlankNode("b1"), BlankNode("b2"), BlankNode("b3")
    assert [template.terms for template in found.head] == [
        (one, n("p"), two),
        (two, n("q"), one),
        (V("y"), n("r"), TripleTermPattern(one, n("p"), three)),
    ]


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("RULE { ?x :p 1 } WHERE { ?x :p 2 }", False),
        ("RULE { ?x :p :new } WHERE { ?x :p 2 }", False),
        ("RULE { ?x :p <<( :a :b :c )>> } WHERE { ?x :p 2 }", False),
        ("RULE { ?x :p <<( 1 :b :c )>> } WHERE { ?x :p 2 }", False),
        ("RULE { ?x :p <<( :a :b ?x )>> } WHERE { ?x :p 2 }", True),
        ("RULE { ?x :p <<( :a :b <<( :a :b [] )>> )>> } WHERE { ?x :p 2 }", True),
        ("RULE { ?x :p () } WHERE { ?x :p 2 }", False),
        ("RULE { ?x :p (1) } WHERE { ?x :p 2 }", True),
        ("RULE { ?x :p 1 {| :q 1 |} } WHERE { ?x :p 2 }", True),
        ("RULE { ?x :p 1 ~:r } WHERE { ?x :p 2 }", True),
        ("RULE { ?x :p 1 } WHERE { ?x :p [] }", False),
        ("RULE { ?x :p 1 } WHERE { ?x :p 2 SET(?y := 1) }", True),
    ],
)
def test_a_rule_runs_once_if_it_assigns_or_makes_nodes(text: str, once: bool) -> None:
    assert rule(text).run_once is once


def test_data_blocks_are_one_graph_without_what_rdf_forbids() -> None:
    found = parse(PREFIX + "DATA { :s :p _:b . 1 :p 2 } DATA { _:b :q <<( :s :p _:b )>> . :s :p _:b }")
    (first, second) = found.data
    assert first.object == second.subject
    assert second.object == Triple(n("s"), n("p"), second.subject)


def test_blank_nodes_of_data_are_the_documents_own() -> None:
    text = "DATA { _:b <urn:p> [] }"
    assert parse(text) == parse(text)
    assert parse(text).data[0].subject != parse(text, source="other").data[0].subject
    assert parse(text).data[0].subject != parse(text + " ").data[0].subject
    assert parse(text).data[0].subject != parse(text).data[0].object


def test_operators_bind_as_in_sparql() -> None:
    x, y = V("x"), V("y")
    assert expression("?x = 1 || ?y && !?x || ?x") == Call(
        "||", (Call("=", (x, number("1"))), Call("&&", (y, Call("!", (x,)))), x)
    )
    assert expression("?x - ?y - 1 * 2") == Call(
        "-", (Call("-", (x, y)), Call("*", (number("1"), number("2"))))
    )


def test_a_signed_number_after_an_operand_is_an_addition() -> None:
    x = V("x")
    assert expression("?x -1*2/?x +1.0") == Call(
        "+",
        (
            Call("-", (x, Call("/", (Call("*", (number("1"), number("2"))), x)))),
            number("1.0", "decimal"),
        ),
    )
    assert expression("?x * -1") == Call("*", (x, number("-1")))


def test_in_has_the_value_first_and_then_the_list() -> None:
    assert expression("?x IN ()") == Call("IN", (V("x"),))
    assert expression("?x NOT IN (1, ?y)") == Call("NOT IN", (V("x"), number("1"), V("y")))


def test_functions_are_in_capitals_and_synonyms_one() -> None:
    assert expression("isUri(?x)") == Call("ISIRI", (V("x"),))
    assert expression("uri(?x)") == Call("IRI", (V("x"),))
    assert expression(":f()") == Call(n("f"), ())
    assert expression("bnode()") == Call("BNODE", ())


def test_iri_keeps_the_base_that_it_was_written_under() -> None:
    found = parse("BASE <http://b/> RULE {} WHERE { SET(?x := IRI('y')) }").rules[0].body[0]
    assert isinstance(found, Assignment)
    assert found.expression == Call("IRI", (Literal("y"), NamedNode("http://b/")))


def test_triple_terms_in_expressions_are_terms_or_calls() -> None:
    assert expression("<<( :a :b 1 )>>") == Triple(n("a"), n("b"), number("1"))
    assert expression("<<( ?x a <<( 1 :b 2 )>> )>>") == Call(
        "TRIPLE", (V("x"), RDF_TYPE, Call("TRIPLE", (number("1"), n("b"), number("2"))))
    )


def test_the_longest_token_wins_as_in_sparql() -> None:
    found = parse("PREFIX not: <urn:> PREFIX a: <urn:a:> RULE {} WHERE { not:x a:b a:a }").rules[0]
    assert len(found.body) == 1
    with pytest.raises(Exception, match="IRI"):
        expression("?a<?b&&?c>?d")
    assert expression("?a< ?b&&?c>?d")


def test_places_take_no_part_in_equality() -> None:
    assert rule("RULE {} WHERE { ?x :p 1 }") == rule("RULE {}\n\nWHERE { ?x   :p 1 }")
    assert hash(rule("RULE {} WHERE { ?x :p 1 }")) == hash(rule("RULE {}\n WHERE { ?x   :p 1 }"))


def test_threads_share_one_parser() -> None:
    results: list[RuleSet] = []
    texts = [
        PREFIX + f"RULE :r{i} {{ ?x :p {i} }} WHERE {{ ?x :q ?y FILTER(?y > {i}) }}" * 20 for i in range(8)
    ]
    threads = [threading.Thread(target=lambda text=text: results.append(parse(text))) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {result.rules[0] for result in results} == {parse(text).rules[0] for text in texts}
