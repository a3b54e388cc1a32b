"""What the wrapper promises beside the engine: terms, sentences, places, and no ill-formed contract."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from kb.namespaces import XSD
from kb.validation.sentences import SENTENCES
from kb.validation.shapes import DataFault, Shapes
from kb.validation.violation import term
from kb.validation.vocabulary import CORE
from kb.validation.wellformed import ShapesFault
from tests.validation.differences import PREFIXES

EX = "http://example.org/"


def shapes(text: str) -> Shapes:
    return Shapes.from_turtle(PREFIXES + "@prefix xz: <https://w3id.org/xiezhi/ns#> ." + text)


def data(text: str) -> list[Triple]:
    return [quad.triple for quad in parse(PREFIXES + text, format=RdfFormat.TURTLE)]


def code(text: str) -> str:
    with pytest.raises(ShapesFault) as caught:
        shapes(text)
    (fault, *_) = caught.value.faults
    assert fault.message.zh != fault.message.en
    return fault.code


literals = st.builds(Literal, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
tagged = st.builds(
    lambda text, tag: Literal(text, language=tag), st.text('a"\\\n协@^'), st.sampled_from(["zh", "en-gb"])
)
typed = st.builds(lambda text: Literal(text, datatype=NamedNode(XSD + "token")), st.text('a"\\\r\t協>'))


@given(st.one_of(literals, tagged, typed, st.just(NamedNode(EX + "协治")), st.just(BlankNode("b1"))))
def test_a_term_comes_back_from_its_text(one: Literal | NamedNode | BlankNode) -> None:
    assert term(str(one)) == one


@given(literals)
def test_a_value_comes_back_from_the_engine_as_it_was(value: Literal) -> None:
    found = shapes(
        "ex:S sh:targetSubjectsOf ex:p ; sh:property [ sh:path ex:p ; sh:nodeKind sh:IRI ] ."
    ).validate([Triple(NamedNode(EX + "a"), NamedNode(EX + "p"), value)])
    assert [one.value for one in found] == [value]


def test_what_is_not_a_term_is_told() -> None:
    with pytest.raises(ValueError, match="no term"):
        term("7")


def test_a_violation_tells_focus_path_value_shape_root_severity_message_and_repair() -> None:
    wanted = shapes(
        "ex:S sh:targetClass ex:C ; sh:property [ sh:path ex:age ; sh:maxInclusive 150 ; "
        "  sh:severity sh:Warning ; sh:message '太老'@zh, 'too old'@en ;"
        " xz:repair '核对'@zh, 'look again'@en ] ."
    )
    (found,) = wanted.validate(data("ex:a a ex:C ; ex:age 151 ."))
    assert (found.focus, found.value) == (NamedNode(EX + "a"), Literal(151))
    assert found.path == f"<{EX}age>"
    assert found.predicate == NamedNode(EX + "age")
    assert isinstance(found.shape, BlankNode)
    assert found.root == NamedNode(EX + "S")
    assert (found.kind, found.severity.rpartition("#")[2]) == ("MaxInclusive", "Warning")
    assert (found.message.zh, found.message.en) == ("太老", "too old")
    assert found.repair is not None
    assert found.repair.en == "look again"
    assert wanted.parameters(found.shape)["maxInclusive"] == [Literal(150)]


def test_a_shape_without_a_message_gets_a_sentence_with_its_parameters() -> None:
    wanted = shapes(
        "ex:S sh:targetNode ex:a ; sh:path ex:p ; sh:minCount 2 ; sh:in ( ex:b 3 '三' ) ; sh:class ex:C ."
    )
    said = {one.kind: one.message for one in wanted.validate(data("ex:a ex:p ex:c ."))}
    assert (said["MinCount"].zh, said["MinCount"].en) == ("至少要有 2 个值", "at least 2 value(s) needed")
    assert said["In"].en == f"each value must be one of {EX}b, 3, 三"
    assert said["Class"].zh == f"值必须是 {EX}C 的实例"


def test_there_is_a_sentence_for_every_component_of_the_core() -> None:
    parameters = {name for name, _, _ in SENTENCES.values()}
    assert parameters | {"flags", "qualifiedValueShapesDisjoint"} >= CORE
    for _, zh, en in SENTENCES.values():
        assert any("\u4e00" <= letter <= "\u9fff" for letter in zh)
        assert en.isascii()


def test_a_query_fills_in_its_message() -> None:
    wanted = shapes(
        """ex:S sh:targetClass ex:C ; sh:sparql [
        sh:message "{?value} 太大"@zh, "{?value} is too big"@en ;
        sh:select "SELECT $this ?value WHERE { $this <http://example.org/p> ?value FILTER(?value > 5) }"
        ] ."""
    )
    found = wanted.validate(data("ex:a a ex:C ; ex:p 7, 8, 1 ."))
    assert {(one.message.zh, one.message.en) for one in found} == {
        ("7 太大", "7 is too big"),
        ("8 太大", "8 is too big"),
    }


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=40), st.integers(0, 5)
)
def test_blank_nodes_of_the_data_are_found_again(pairs: list[tuple[int, int]], shapes_blank: int) -> None:
    own = " ".join(f"[ sh:path [ sh:inversePath ex:q{n} ] ; sh:maxCount 9 ]," for n in range(shapes_blank))
    wanted = shapes(
        f"ex:S sh:targetSubjectsOf ex:p ; sh:property {own} [ sh:path ex:p ; sh:nodeKind sh:IRI ] ."
    )
    facts = {
        Triple(BlankNode(f"s{s}"), NamedNode(EX + "p"), BlankNode(f"o.{o}_:x".replace(":", "")))
        for s, o in pairs
    }
    found = wanted.validate(sorted(facts, key=str))
    assert {(one.focus, one.value) for one in found} == {(fact.subject, fact.object) for fact in facts}


def test_blank_nodes_are_found_again_in_text_with_comments_and_literals_that_look_like_them() -> None:
    text = f'# _:no\n_:a.b <{EX}p> "_:no \\" <x> # _:no" . # _:no\n<{EX}#_:no> <{EX}p> _:c.\n'
    wanted = shapes("ex:S sh:targetSubjectsOf ex:p ; sh:path ex:p ; sh:maxCount 0 .").validate(text)
    assert {one.focus for one in wanted} == {BlankNode("a.b"), NamedNode(EX + "#_:no")}


def test_a_large_text_is_read_in_order() -> None:
    """The engine reads large texts in several threads; blank nodes must be numbered as in small ones."""
    draw = random.Random(5)
    numbers = ((draw.randrange(10**6), draw.randrange(10**6)) for _ in range(300_000))
    lines = [f"_:z{a} <{EX}{'p' if a % 100 == 0 else 'q'}> _:m{b} .\n" for a, b in numbers]
    wanted = shapes("ex:S sh:targetSubjectsOf ex:p ; sh:property [ sh:path ex:p ; sh:nodeKind sh:IRI ] .")
    found = {
        (one.focus.value, one.value.value) for one in wanted.validate("".join(lines)) if one.value is not None
    }
    wrong = [line for line in lines if f"<{EX}p>" in line]
    assert found == {tuple(part[2:] for part in line.split() if part.startswith("_:")) for line in wrong}


def test_a_limit_stops_the_run() -> None:
    wanted = shapes("ex:S sh:targetSubjectsOf ex:p ; sh:nodeKind sh:Literal .")
    facts = [Triple(NamedNode(f"{EX}{n}"), NamedNode(EX + "p"), Literal(n)) for n in range(1000)]
    assert len(wanted.validate(facts)) == 1000
    assert len(wanted.validate(facts, limit=10)) == 10


def test_files_are_one_graph_and_their_blank_nodes_stay_apart(tmp_path: Path) -> None:
    for name in "ab":
        shape = f"sh:property _:same . _:same sh:path ex:{name} ; sh:minCount 1 ."
        text = f"{PREFIXES} ex:S sh:targetNode ex:x ; {shape}"
        (tmp_path / f"{name}.ttl").write_text(text, encoding="utf-8")
    found = Shapes.from_files(tmp_path / "a.ttl", tmp_path / "b.ttl").validate("")
    assert {one.path for one in found} == {f"<{EX}a>", f"<{EX}b>"}


def test_threads_share_compiled_shapes() -> None:
    wanted = shapes(
        "ex:S sh:targetSubjectsOf ex:p ; sh:property [ sh:path ex:p ; sh:datatype xsd:integer ] ."
    )
    results: list[list[object]] = []

    def work(number: int) -> None:
        for _ in range(20):
            results.append([one.value for one in wanted.validate(data(f"ex:a ex:p '{number}', {number} ."))])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(str(result) for result in results) == sorted(
        str([Literal(str(n))]) for n in range(4) for _ in range(20)
    )


def test_ill_formed_shapes_are_refused_with_a_reason() -> None:
    assert code("ex:S sh:targetNode ex:a ; sh:path ex:p ; sh:minCuont 1 .") == "validation.term"
    assert code("ex:S sh:targetNode ex:a ; sh:property 'x' .") == "validation.path"
    assert code("ex:S sh:targetNode ex:a ; sh:property [ sh:minCount 1 ] .") == "validation.path"
    assert code("ex:S sh:targetNode ex:a ; sh:in ex:b .") == "validation.list"
    assert code("ex:S sh:targetNode ex:a ; sh:node ex:S .") == "validation.recursive"
    assert code("ex:S sh:targetNode ex:a ; sh:path ex:p ; sh:closed true .") == "validation.closed"
    assert code("ex:S sh:targetNode ex:a ; sh:node [ sh:path ex:p ; sh:minCount 1 ] .") == "validation.node"
    assert code("ex:S sh:targetNode ex:a ; sh:path ex:p ; sh:minCount 'x' .") == "validation.engine"
    assert code("ex:S sh:targetNode ex:a ; sh:pattern '(' .") == "validation.engine"
    assert code("ex:S sh:targetNode") == "validation.syntax"


def test_a_slip_of_the_pen_gets_a_proposal() -> None:
    with pytest.raises(ShapesFault) as caught:
        shapes("ex:S sh:targetNode ex:a ; sh:path ex:p ; sh:minCuont 1 .")
    (fault,) = caught.value.faults
    assert fault.repair is not None
    assert "sh:minCount" in fault.repair.en


def test_data_that_cannot_be_read_are_told() -> None:
    with pytest.raises(DataFault) as caught:
        shapes("ex:S sh:targetNode ex:a ; sh:minLength 1 .").validate("this is no triple")
    assert caught.value.faults[0].code == "validation.data"
