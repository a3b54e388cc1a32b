"""Documents import one another, from one folder and from nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.errors import SyntaxFault
from kb.srl.loader import load


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        file = root / (name.replace("__", "/") + ".srl")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def refused(path: Path, root: Path | None = None) -> str:
    with pytest.raises(SyntaxFault) as caught:
        load(path, root=root)
    (fault,) = caught.value.faults
    assert fault.code == "srl.import"
    return fault.render("en")


def test_imports_are_followed_depth_first_and_read_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        main="IMPORTS <sub/a.srl> IMPORTS <b.srl> RULE <urn:main> {} WHERE {}",
        sub__a="IMPORTS <../b.srl> IMPORTS <../main.srl> RULE <urn:a> {} WHERE {}",
        b="IMPORTS <file:///sub/a.srl> IMPORTS <./sub/../b.srl> RULE <urn:b> {} WHERE {}",
    )
    found = load(tmp_path / "main.srl")
    assert [rule.iri.value for rule in found.rules if rule.iri] == ["urn:main", "urn:a", "urn:b"]
    assert found.imports == ()
    assert found.rules[1].span.source == str(tmp_path / "sub" / "a.srl")


def test_a_file_is_the_same_by_any_name(tmp_path: Path) -> None:
    write(tmp_path, main="IMPORTS <link.srl> IMPORTS <b%2Esrl> IMPORTS <b.srl#x>", b="RULE {} WHERE {}")
    (tmp_path / "link.srl").symlink_to(tmp_path / "b.srl")
    assert len(load(tmp_path / "main.srl").rules) == 1


def test_blank_nodes_of_two_documents_are_different(tmp_path: Path) -> None:
    facts = "DATA { _:x <urn:p> 1 }"
    write(tmp_path, main=facts + "IMPORTS <b.srl>", b=facts)
    one, other = load(tmp_path / "main.srl").data
    assert one.subject != other.subject


def test_prefixes_of_the_importing_document_win(tmp_path: Path) -> None:
    write(tmp_path, main="PREFIX p: <urn:1:> IMPORTS <b.srl>", b="PREFIX p: <urn:2:> PREFIX q: <urn:q:>")
    assert load(tmp_path / "main.srl").prefixes == {"p": "urn:1:", "q": "urn:q:"}


def test_iris_do_not_depend_on_where_the_folder_lies(tmp_path: Path) -> None:
    write(tmp_path, one__sub__r="DATA { <> <x> 1 }", two__sub__r="DATA { <> <x> 1 }")
    one = load(tmp_path / "one/sub/r.srl", root=tmp_path / "one")
    other = load(tmp_path / "two/sub/r.srl", root=tmp_path / "two")
    assert one.data == other.data
    assert str(one.data[0].subject) == "<file:///sub/r.srl>"


@pytest.mark.parametrize(
    ("iri", "words"),
    [
        ("http://example.org/x.srl", "only local files"),
        ("file://host/x.srl", "only local files"),
        ("missing.srl", "there is no file missing.srl"),
        ("../outside.srl", "there is no file outside.srl"),
        ("file:///%2e%2e/outside.srl", "not inside"),
        ("link.srl", "not inside"),
        ("sub", "there is no file"),
        ("x%00y", "no file can have this name"),
        ("x" * 5000, "no file can have this name"),
        ("loop.srl", ""),
    ],
)
def test_nothing_else_is_read(tmp_path: Path, iri: str, words: str) -> None:
    root = tmp_path / "rules"
    write(root, main=f"\n IMPORTS <{iri}>", sub__a="")
    (tmp_path / "outside.srl").write_text("RULE {} WHERE {}")
    (root / "link.srl").symlink_to(tmp_path / "outside.srl")
    (root / "loop.srl").symlink_to(root / "loop.srl")
    found = refused(root / "main.srl")
    assert words in found
    assert found.startswith(f"{root / 'main.srl'}:2:")


def test_a_fault_in_an_imported_file_names_that_file(tmp_path: Path) -> None:
    write(tmp_path, main="IMPORTS <b.srl>", b="RULE")
    with pytest.raises(SyntaxFault) as caught:
        load(tmp_path / "main.srl")
    assert caught.value.faults[0].where == f"{tmp_path / 'b.srl'}:1:5"


def test_a_file_has_to_be_utf8_and_not_too_long(tmp_path: Path) -> None:
    (tmp_path / "a.srl").write_bytes("# 协治\n".encode("gb18030"))
    (tmp_path / "b.srl").write_bytes(b"\xef\xbb\xbfRULE {} WHERE {}")
    with pytest.raises(SyntaxFault, match=r"srl\.encoding"):
        load(tmp_path / "a.srl")
    assert len(load(tmp_path / "b.srl").rules) == 1
    with pytest.raises(SyntaxFault, match=r"srl\.too-large"):
        load(tmp_path / "b.srl", max_characters=4)


def test_the_document_itself_has_to_be_below_the_root(tmp_path: Path) -> None:
    write(tmp_path, main="")
    with pytest.raises(ValueError, match="main"):
        load(tmp_path / "main.srl", root=tmp_path / "sub")
