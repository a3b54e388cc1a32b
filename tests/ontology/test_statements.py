"""The splitter of Turtle: it loses no byte, ends statements where they end, and tells lines."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.ontology.statements import Kind, Places, encode, line_of, places, read, split

ROOT = Path(__file__).parents[2]
FILES = sorted(path for name in ("ontology", "rules", "examples") for path in (ROOT / name).rglob("*.ttl"))
HEAD = "@prefix e: <http://e/> .\nPREFIX f: <http://f/>\n"


def triples(text: str) -> list[str]:
    """Return the texts of the triples blocks."""
    return [s.text for s in split(text) if s.kind is Kind.TRIPLES]


TERMS = [
    "<http://e/a.b#c>", "<>", "e:a", "e:a.b.c", "e:a\\.b", "e:a\\#b", "e:%23.x", "f:", "_:b.1", "e:1.5",
]  # fmt: skip
OBJECTS = [
    *TERMS, '"a. b ."', "'it\\'s . '", '"""long. "quoted" .\n# no comment\n"""', "'''x . '' . y'''", '""',
    '"\\""@en', '"z"@zh-Hans', '"1"^^<http://d/t.x>', "1.5", "-.5", ".5", "1.e3", "1.5e-3", "+7", "true",
    "[]",
    "[ e:p 1.5 ; e:q e:r.s ]", "( 1 2.5 e:x )", "[ e:p ( [ e:q 'a . b' ] ) ]", "e:o # a . comment ' \" <\n",
]  # fmt: skip
gap = st.sampled_from([" ", "\n", "\t", "\r\n", " # . \" ' <\n ", "\n\n"])


@st.composite
def blocks(draw: st.DrawFn) -> str:
    """A triples block with whatever may hide a full stop."""
    pairs = draw(st.lists(st.lists(st.sampled_from(OBJECTS), min_size=1, max_size=3), min_size=1, max_size=3))
    verbs = [draw(st.sampled_from(["a", "e:p", "<http://e/p.q>", "e:p.q"])) for _ in pairs]
    body = " ; ".join(
        verb + draw(gap) + " , ".join(objects) for verb, objects in zip(verbs, pairs, strict=True)
    )
    return draw(st.sampled_from([*TERMS, "[]", "( 1 )"])) + draw(gap) + body + draw(gap) + "."


@given(
    st.text(alphabet=st.sampled_from("""ab:<>"'.\\;,[](){}#@^|1-+eE_% \n\r\tprefix协\ufeff"""), max_size=60)
)
def test_the_pieces_of_any_text_put_together_are_the_text(text: str) -> None:
    pieces = split(text)
    assert "".join(piece.text for piece in pieces) == text
    assert all(piece.text for piece in pieces)


@given(st.binary(max_size=60))
def test_bytes_that_are_not_text_survive_too(data: bytes) -> None:
    assert encode("".join(s.text for s in split(data.decode("utf-8", "surrogateescape")))) == data


@given(st.lists(blocks(), max_size=4), gap)
def test_a_full_stop_inside_a_token_ends_no_statement(written: list[str], between: str) -> None:
    text = HEAD + between.join(written)
    list(pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.TURTLE, base_iri="http://base/"))  # it is Turtle
    assert triples(text) == written


@given(st.lists(blocks(), min_size=1, max_size=3))
def test_subjects_are_those_that_a_parser_sees(written: list[str]) -> None:
    base = "@base <http://base/> .\n"
    for piece in split(base + HEAD + "\n".join(written)):
        if piece.kind is not Kind.TRIPLES:
            continue
        quads = list(pyoxigraph.parse(base + HEAD + piece.text, format=pyoxigraph.RdfFormat.TURTLE))
        iris = {q.subject.value for q in quads if isinstance(q.subject, pyoxigraph.NamedNode)}
        assert iris == (set() if piece.subject is None else {piece.subject})


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_file_of_the_product_comes_back_and_its_statements_parse_alone(path: Path) -> None:
    text = read(path)
    pieces, lines = split(text), text.split("\n")
    assert encode("".join(piece.text for piece in pieces)) == path.read_bytes()
    head = "".join(piece.text + "\n" for piece in pieces if piece.kind is Kind.DIRECTIVE)
    alone = 0
    for piece in pieces:
        assert piece.text.split("\n")[0] in lines[piece.line - 1]
        if piece.kind is Kind.TRIPLES:
            quads = list(pyoxigraph.parse(head + piece.text, format=pyoxigraph.RdfFormat.TURTLE))
            iris = {q.subject.value for q in quads if isinstance(q.subject, pyoxigraph.NamedNode)}
            assert piece.subject is None or piece.subject in iris
            alone += len(quads)
    assert alone == len(list(pyoxigraph.parse(path=str(path), format=pyoxigraph.RdfFormat.TURTLE)))


def test_every_file_was_looked_at() -> None:
    assert len(FILES) > 50


def test_a_statement_knows_its_line_with_any_line_end() -> None:
    for end in ("\n", "\r\n", "\r"):
        text = end.join(
            ["@prefix e: <http://e/> .", "# a comment", "", "e:a e:p 1 .", "", "e:b e:p '''x", "y''' ."]
        )
        found = {s.subject: s.line for s in split(text) if s.subject}
        assert found == {"http://e/a": 4, "http://e/b": 6}


def test_the_line_of_a_predicate_is_told_past_strings_and_brackets() -> None:
    text = HEAD + "e:a a e:C ;\n  e:p '''; e:q\n''', [ e:q 1 ;\n e:q 2 ] ; # e:q\n  e:q 3 ;\n  f:r 4 .\n"
    assert line_of(text, "http://e/a") == 3
    assert line_of(text, "http://e/a", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type") == 3
    assert line_of(text, "http://e/a", "http://e/p") == 4
    assert line_of(text, "http://e/a", "http://e/q") == 7
    assert line_of(text, "http://e/a", "http://f/r") == 8
    assert line_of(text, "http://e/a", "http://e/unknown") == 3
    assert line_of(text, "http://e/unknown") is None


def test_a_name_means_what_its_prefix_meant_at_that_place() -> None:
    text = "e:a e:p 1 .\n@prefix e: <http://one/> .\ne:a e:p 1 .\n@prefix e: <http://two/> .\ne:a e:p 1 ."
    assert [s.subject for s in split(text) if s.kind is Kind.TRIPLES] == [
        None,
        "http://one/a",
        "http://two/a",
    ]


def test_the_first_place_of_a_subject_counts_and_a_predicate_is_sought_in_all(tmp_path: Path) -> None:
    one, two = tmp_path / "one.ttl", tmp_path / "two.ttl"
    one.write_text(HEAD + "e:a e:p 1 .\n", encoding="utf-8")
    two.write_text(HEAD + "\ne:a e:p 1 ;\n e:q 2 .\ne:b e:p 1 .\n", encoding="utf-8")
    assert {iri: str(place) for iri, place in places([one, two]).items()} == {
        "http://e/a": f"{one}:3",
        "http://e/b": f"{two}:6",
    }
    known = Places([one, two])
    assert str(known.of("http://e/a", "http://e/q")) == f"{two}:5"
    assert known.of("http://e/nothing") is None


@pytest.mark.parametrize(
    "broken",
    ["e:a e:p [ e:q 1 .\n", "e:a e:p ( 1 .\n", 'e:a e:p "open .\n.\n', "e:a e:p <open .\n", "e:a ] .\n"],
)
def test_one_broken_statement_does_not_hide_the_next(broken: str) -> None:
    text = HEAD + broken + "e:b e:p 1 .\n"
    assert line_of(text, "http://e/b") == len(text.splitlines())


def test_a_missing_full_stop_ends_at_the_next_prefix() -> None:
    text = HEAD + "e:a e:p 'x'@en\n\n@prefix g: <http://g/> .\ng:b e:p 1 .\n"
    assert triples(text) == ["e:a e:p 'x'@en", "g:b e:p 1 ."]
    assert line_of(text, "http://g/b") == 6
