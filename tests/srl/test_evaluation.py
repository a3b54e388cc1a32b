"""What a rule set infers: cases of our own, most of them where the stored W3C suite lacks its data."""

from __future__ import annotations

import pytest
from pyoxigraph import RdfFormat, Triple, parse

from kb.errors import SyntaxFault
from kb.srl.parser import parse as parse_rules
from tests.srl.evaluators import Infer, evaluators, names
from tests.srl.suites import canonical

PREFIX = "PREFIX : <http://example/>\nPREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>\nPREFIX xsd: <http://www.w3.org/2001/XMLSchema#>\n"

CASES = {
    "a rule with an empty body fires once": (
        "RULE { :s :p :o } WHERE { }",
        "",
        ":s :p :o",
    ),
    "what the base graph already has is not reported": (
        "RULE { ?x :p 1 } WHERE { ?x :q 1 } DATA { :a :q 1 . :c :d 1 }",
        ":a :p 1 ; :q 1 . :b :q 1 .",
        ":b :p 1 . :c :d 1",
    ),
    "rules feed one another until nothing is new": (
        "RULE { ?x :up ?z } WHERE { ?x :up ?y . ?y :up ?z }",
        ":a :up :b . :b :up :c . :c :up :d",
        ":a :up :c, :d . :b :up :d",
    ),
    "facts of DATA blocks are seen by NOT but not by NOT DATA": (
        """DATA { :a :old 1 }
           RULE { ?x :seen 1 } WHERE { ?x :in 1 NOT { ?x :old 1 } }
           RULE { ?x :unseen 1 } WHERE { ?x :in 1 NOT DATA { ?x :old 1 } }""",
        ":a :in 1",
        ":a :old 1 ; :unseen 1",
    ),
    "NOT DATA under plain patterns is no cycle": (
        "RULE { ?x :km ?k } WHERE { ?x :mi ?m NOT DATA { ?x :km ?o } SET (?k := ?m * 2) }",
        ":a :mi 1 . :b :mi 1 ; :km 7",
        ":a :km 2",
    ),
    "WHERE DATA sees the base graph alone, in its NOT too": (
        """DATA { :c :in 1 }
           RULE { :b :in 1 } WHERE { }
           RULE { ?x :out 1 } WHERE DATA { ?x :in 1 NOT { ?x :out 1 } NOT { ?x :in 2 } }""",
        ":a :in 1 . :d :in 1, 2",
        ":b :in 1 . :c :in 1 . :a :out 1",
    ),
    "NOT sees the bindings before it and not those after it": (
        "RULE { ?x :alone 1 } WHERE { ?x a :T NOT { ?x :has ?y } ?z :has ?y }",
        ":a a :T . :b a :T ; :has 1",
        ":a :alone 1",
    ),
    "variables of NOT are its own": (
        "RULE { ?z :p ?x } WHERE { ?x a :T NOT { ?z :has ?x } SET (?z := :new) }",
        ":a a :T . :b a :T . :c :has :b",
        ":new :p :a",
    ),
    "an error in FILTER or SET removes the solution": (
        "RULE { ?x :half ?h } WHERE { ?x :n ?n FILTER (?n > 0 || ?n = 0) SET (?h := ?n / ?n) }",
        ":a :n 2 . :b :n 0 . :c :n 'x' . :d :n :e",
        ":a :half '1'^^xsd:decimal",
    ),
    "a variable that was SET joins": (
        "RULE { ?x :match ?v } WHERE { ?x :n ?n SET (?v := ?n + 1) ?y :n ?v }",
        ":a :n 1 . :b :n 2",
        ":a :match 2",
    ),
    "head blank nodes are fresh for each solution and one inside it": (
        "RULE { ?x :part _:b . _:b :of ?x ; :also [] } WHERE { ?x a :T }",
        ":a a :T . :b a :T",
        ":a :part _:a . _:a :of :a ; :also [] . :b :part _:b . _:b :of :b ; :also []",
    ),
    "two equal rules make two nodes": (
        "RULE { :x :p [] } WHERE { } RULE { :x :p [] } WHERE { }",
        "",
        ":x :p [], []",
    ),
    "blank nodes of a body are variables": (
        "RULE { ?p :loops true } WHERE { _:b ?p _:b }",
        ":a :p :a . :a :q :b",
        ":p :loops true",
    ),
    "a blank node of the data can be carried to the head": (
        "RULE { ?y :back ?x } WHERE { ?x :to ?y }",
        ":a :to _:n",
        "_:n :back :a",
    ),
    "heads that are no triples are dropped one by one": (
        """RULE { ?o a :Thing . ?s ?o 1 . ?s :saw ?o } WHERE { ?s :p ?o }
           RULE { :t :is <<( ?o :p 1 )>> } WHERE { ?s :p ?o }""",
        ":a :p 'literal', :b",
        ":b a :Thing . :a :b 1 . :a :saw 'literal', :b . :t :is <<( :b :p 1 )>>",
    ),
    "triple terms are taken apart and built": (
        "RULE { ?r :subject ?s . :all :has <<( ?o ?p ?s )>> } WHERE { ?r rdf:reifies <<( ?s ?p ?o )>> }",
        ":r rdf:reifies <<( :a :b :c )>> . :q rdf:reifies :a",
        ":r :subject :a . :all :has <<( :c :b :a )>>",
    ),
    "annotations are matched": (
        "RULE { ?s :since ?y } WHERE { ?s :p ?o {| :year ?y |} }",
        ":a :p :b {| :year 2020 |} . :c :p :d . :r rdf:reifies <<( :e :p :f )>> ; :year 1",
        ":a :since 2020",
    ),
    "paths go forward and back": (
        "RULE { ?x :peer ?y } WHERE { ?x :in/^:in ?y FILTER (?x != ?y) }",
        ":a :in :g . :b :in :g . :c :in :h",
        ":a :peer :b . :b :peer :a",
    ),
    "terms are matched as they are written, not by value": (
        "RULE { ?x :one 1 } WHERE { ?x :n 1 } RULE { ?x :eq 1 } WHERE { ?x :n ?n FILTER (?n = 1) }",
        ":a :n 1 . :b :n 1.0 . :c :n 01",
        ":a :one 1 ; :eq 1 . :b :eq 1 . :c :eq 1",
    ),
    "a literal as subject of a pattern matches nothing": (
        "RULE { :x :p 1 } WHERE { 1 ?p ?o } RULE { :x :p 2 } WHERE { NOT { 1 ?p ?o } }",
        ":a :p 1",
        ":x :p 2",
    ),
    "layers run in order": (
        """RULE { ?x :calm true } WHERE { ?x a :Place NOT { ?x :alarm ?l } }
           RULE { ?x :alarm ?l }
           WHERE { ?x :heat ?h FILTER (?h > 50) SET (?l := IF(?h > 80, "red", "orange")) }
           RULE { ?x :heat 60 } WHERE { ?x a :Oven }""",
        ":a a :Place . :b a :Place, :Oven . :c a :Place ; :heat 90",
        ":a :calm true . :b :heat 60 ; :alarm 'orange' . :c :alarm 'red'",
    ),
}


def graph(text: str) -> set[Triple]:
    return {quad.triple for quad in parse(PREFIX + text + " .", format=RdfFormat.TURTLE)} if text else set()


@pytest.mark.parametrize("infer", evaluators, ids=names)
@pytest.mark.parametrize("title", CASES)
def test_inference(title: str, infer: Infer) -> None:
    rules, base, expected = CASES[title]
    inferred = infer(parse_rules(PREFIX + rules), graph(base.removesuffix(".")))
    assert canonical(inferred) == canonical(graph(expected)), "\n".join(map(str, inferred))


@pytest.mark.parametrize("infer", evaluators, ids=names)
def test_what_cannot_be_evaluated_is_refused(infer: Infer) -> None:
    with pytest.raises(SyntaxFault, match=r"srl\.head-variable"):
        infer(parse_rules("RULE { ?x ?y ?z } WHERE { ?x ?y 1 }"), set())
    with pytest.raises(SyntaxFault, match=r"srl\.stratification"):
        infer(parse_rules("RULE { ?x ?y ?x } WHERE { ?x ?y 1 NOT { ?x ?y ?x } }"), set())
