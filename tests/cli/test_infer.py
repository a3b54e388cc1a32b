"""``xiezhi infer``: rules of one's own over RDF of one's own, without a store."""

from __future__ import annotations

import contextlib
import gzip
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pyoxigraph import RdfFormat, Triple, parse

from kb.cli import main

EX = "http://example/"
RULE = f"PREFIX : <{EX}> RULE {{ ?x :grandparent ?z }} WHERE {{ ?x :parent ?y . ?y :parent ?z }}"
PARENTS = f"""
<{EX}a> <{EX}parent> <{EX}b> .
<{EX}b> <{EX}parent> <{EX}c> .
"""
ANSWER = f"<{EX}a> <{EX}grandparent> <{EX}c> .\n"


def infer(folder: Path, *arguments: str, lang: str = "en") -> Result:
    """Run the command in *folder*, in this process: a new one takes seconds to begin."""
    with contextlib.chdir(folder):
        return CliRunner().invoke(main, ["--home", "home", "--lang", lang, "infer", *arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a rule and the data for it."""
    (tmp_path / "rule.srl").write_text(RULE, encoding="utf-8")
    (tmp_path / "data.nt").write_text(PARENTS, encoding="utf-8")
    return tmp_path


def test_what_follows_goes_to_the_output_and_the_figures_beside_it(folder: Path) -> None:
    done = infer(folder, "rule.srl", "--data", "data.nt")
    assert (done.exit_code, done.stdout) == (0, ANSWER)
    assert done.stderr.startswith("1 rules, 2 facts, 1 inferred in ")
    assert not (folder / "home").exists()


def test_the_command_writes_to_the_two_streams_of_its_process(folder: Path) -> None:
    xiezhi = Path(sys.executable).parent / "xiezhi"
    done = subprocess.run(
        [xiezhi, "--lang", "en", "infer", "rule.srl", "--data", "data.nt"],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ANSWER)
    assert done.stderr.startswith("1 rules, 2 facts, 1 inferred in ")


def test_the_figures_are_in_the_language_asked_for(folder: Path) -> None:
    assert infer(folder, "rule.srl", "--data", "data.nt", lang="zh").stderr.startswith(
        "1 条规则，2 条事实，推出 1 条"
    )


def test_the_data_come_with_it_when_asked_for(folder: Path) -> None:
    done = infer(folder, "rule.srl", "--data", "data.nt", "--all")
    assert sorted(done.stdout.splitlines()) == sorted((PARENTS + ANSWER).split("\n")[1:-1])


@pytest.mark.parametrize(("format_", "read"), [("ttl", RdfFormat.TURTLE), ("jsonld", RdfFormat.JSON_LD)])
def test_the_output_is_rdf_in_the_format_asked_for(folder: Path, format_: str, read: RdfFormat) -> None:
    done = infer(folder, "rule.srl", "--data", "data.nt", "--format", format_)
    assert triples(done.stdout, read) == triples(ANSWER, RdfFormat.N_TRIPLES)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("d.ttl", f"@prefix : <{EX}> . :a :parent :b . :b :parent :c ."),
        ("d.nq", f"<{EX}a> <{EX}parent> <{EX}b> <{EX}g> .\n<{EX}b> <{EX}parent> <{EX}c> <{EX}h> .\n"),
        ("d.trig", f"@prefix : <{EX}> . :g {{ :a :parent :b . :b :parent :c }}"),
        (
            "d.jsonld",
            f'{{"@context": {{"@vocab": "{EX}"}}, "@id": "{EX}a", '
            f'"parent": {{"@id": "{EX}b", "parent": {{"@id": "{EX}c"}}}}}}',
        ),
        (
            "d.owl",
            f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="{EX}">'
            f'<rdf:Description rdf:about="{EX}a"><parent><rdf:Description rdf:about="{EX}b">'
            f'<parent rdf:resource="{EX}c"/></rdf:Description></parent></rdf:Description></rdf:RDF>',
        ),
    ],
)
def test_data_may_have_any_rdf_format_and_graph_names_are_passed_over(
    folder: Path, name: str, text: str
) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    assert infer(folder, "rule.srl", "--data", name).stdout == ANSWER


def test_data_may_be_compressed_and_in_several_files(folder: Path) -> None:
    one, other = PARENTS.strip().splitlines()
    (folder / "one.nt.gz").write_bytes(gzip.compress(one.encode()))
    (folder / "other.NT").write_text(other, encoding="utf-8")
    assert infer(folder, "rule.srl", "--data", "one.nt.gz", "--data", "other.NT").stdout == ANSWER


def test_blank_nodes_of_two_files_are_different_and_a_file_given_twice_is_no_third(folder: Path) -> None:
    (folder / "one.nt").write_text(f"<{EX}a> <{EX}parent> _:x .", encoding="utf-8")
    (folder / "other.nt").write_text(f"_:x <{EX}parent> <{EX}c> .", encoding="utf-8")
    assert infer(folder, "rule.srl", "--data", "one.nt", "--data", "other.nt").stdout == ""


def test_numbers_stay_as_they_are_written(folder: Path) -> None:
    (folder / "copy.srl").write_text(
        f"PREFIX : <{EX}> RULE {{ ?x :q ?n }} WHERE {{ ?x :p ?n }}", encoding="utf-8"
    )
    (folder / "n.ttl").write_text(f"<{EX}a> <{EX}p> 007 .", encoding="utf-8")
    assert '"007"' in infer(folder, "copy.srl", "--data", "n.ttl").stdout


def test_rules_that_two_documents_import_count_once(folder: Path) -> None:
    (folder / "node.srl").write_text(
        f"PREFIX : <{EX}> RULE {{ ?x :has [] }} WHERE {{ ?x :parent ?y }}", encoding="utf-8"
    )
    for name in ("one.srl", "other.srl"):
        (folder / name).write_text("IMPORTS <node.srl>", encoding="utf-8")
    done = infer(folder, "one.srl", "other.srl", "--data", "data.nt")
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr.startswith("1 rules")


# ── what goes wrong is said in words ─────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rule", "data", "words"),
    [
        ("RULE { ?x ?y } WHERE { }", PARENTS, ["rule.srl:1:14", "cannot stand here"]),
        ("RULE { ?x ?y ?z } WHERE { }", PARENTS, ["the head uses ?x"]),
        ("PREFIX : <urn:> RULE { :a :p 1 } WHERE { NOT { :a :p ?y } }", PARENTS, ["has to wait for"]),
        ("IMPORTS <gone.srl>", PARENTS, ["cannot import", "gone.srl"]),
        (RULE, "<a> <b> .", ["data.nt:1:", "cannot read the RDF"]),
        (RULE, "\x00", ["data.nt:1:", "cannot read the RDF"]),
    ],
)
def test_a_faulty_file_is_named_with_the_place(folder: Path, rule: str, data: str, words: list[str]) -> None:
    (folder / "rule.srl").write_text(rule, encoding="utf-8")
    (folder / "data.nt").write_text(data, encoding="utf-8")
    done = infer(folder, "rule.srl", "--data", "data.nt")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("data.csv", b"a,b", "no RDF format has the file name ending .csv"),
        ("data", b"", "no RDF format"),
        ("d.nt.gz", b"no gzip", "cannot read the RDF"),
        ("d.nt.gz", gzip.compress(PARENTS.encode())[:-10], "cannot read the RDF"),
        ("d.ttl", b"\xff\xfe", "cannot read the RDF"),
    ],
    # gzip writes the second into its header: names made of the bytes differ between test processes.
    ids=["a table", "no ending", "not compressed", "cut short", "not UTF-8"],
)
def test_data_that_are_no_rdf_are_refused(folder: Path, name: str, content: bytes, word: str) -> None:
    (folder / name).write_bytes(content)
    done = infer(folder, "rule.srl", "--data", name)
    assert (done.exit_code, done.stdout) == (1, "")
    assert word in done.stderr


@pytest.mark.parametrize(
    "arguments", [(), ("rule.srl",), ("gone.srl", "--data", "data.nt"), ("rule.srl", "--data", "gone.nt")]
)
def test_a_call_without_rules_or_data_is_wrong(folder: Path, arguments: tuple[str, ...]) -> None:
    assert infer(folder, *arguments).exit_code == 2


def triples(text: str, format_: RdfFormat) -> set[Triple]:
    return {quad.triple for quad in parse(text, format_)}


@pytest.mark.parametrize("engine", ["interactive", "duckdb"])
def test_a_product_is_stopped_after_the_seconds_given_and_the_rule_is_named(
    tmp_path: Path, engine: str
) -> None:
    rule = "RULE <urn:all> { <urn:a> <urn:q> 1 } WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
    (tmp_path / "product.srl").write_text(rule)
    (tmp_path / "many.nt").write_text("".join(f"<urn:s{n}> <urn:p> <urn:o{n}> .\n" for n in range(20_000)))
    done = infer(tmp_path, "product.srl", "--data", "many.nt", "--engine", engine, "--seconds", "1")
    assert done.exit_code == 1
    assert "<urn:all>" in done.stderr
    assert "more than 1 s" in done.stderr
    assert done.stdout == ""
