"""An expert's folder, laid over the knowledge of the product."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kb.errors import Fault, KnowledgeFault, Text
from kb.ontology import files, knowledge
from kb.ontology.knowledge import over, shipped

HEADER = "<https://w3id.org/xiezhi/ontology/packs/gas/{}> a <http://www.w3.org/2002/07/owl#Ontology> .\n"


def test_without_a_folder_it_is_what_the_product_ships() -> None:
    with over(None) as base:
        assert base == shipped()


def test_a_file_goes_where_its_ontology_iri_says_and_takes_the_place_of_the_shipped_one(
    tmp_path: Path,
) -> None:
    (tmp_path / "anything.ttl").write_text(HEADER.format("types"), encoding="utf-8")
    with over(tmp_path) as base:
        there = base.ontology / "packs/gas/types.ttl"
        assert there.read_text(encoding="utf-8") == HEADER.format("types")
        assert base.origin(there) == tmp_path / "anything.ttl"
        assert base.own(there)
        assert not base.own(base.ontology / "core.ttl")
        assert (base.ontology / "core.ttl").is_file()


def test_a_file_without_such_an_iri_goes_into_a_pack_of_the_name_of_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "trams"
    folder.mkdir()
    (folder / "types.ttl").write_text("", encoding="utf-8")
    with over(folder) as base:
        assert base.changes == {base.ontology / "packs/trams/types.ttl": folder / "types.ttl"}


def test_a_rule_goes_among_the_rules_with_its_description_and_cases(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for suffix in (".srl", ".ttl", ".cases.yaml"):
        (folder / f"x{suffix}").write_text("", encoding="utf-8")
    with over(folder) as base:
        assert {p.relative_to(base.rules).as_posix() for p in base.changes} == {
            "mine/x.srl",
            "mine/x.ttl",
            "mine/x.cases.yaml",
        }


def test_changes_may_have_the_folders_of_the_whole(tmp_path: Path) -> None:
    target = tmp_path / "ontology/packs/gas/provisions.ttl"
    target.parent.mkdir(parents=True)
    target.write_text("# mine\n", encoding="utf-8")
    with over(tmp_path) as base:
        assert (base.ontology / "packs/gas/provisions.ttl").read_text(encoding="utf-8") == "# mine\n"
        assert len(base.changes) == 1


def test_a_whole_body_of_knowledge_stands_for_the_shipped_one(tmp_path: Path) -> None:
    shutil.copytree(shipped().ontology, tmp_path / "ontology")
    shutil.copytree(shipped().rules, tmp_path / "rules")
    (tmp_path / "ontology/packs/gas/types.ttl").unlink()
    with over(tmp_path) as base:
        assert base.ontology == tmp_path / "ontology"
        assert not (base.ontology / "packs/gas/types.ttl").exists()


def test_a_folder_of_the_product_itself_is_told_with_its_own_paths() -> None:
    with over(shipped().rules / "grading") as base:
        assert {base.origin(p) for p in base.changes} <= set((shipped().rules / "grading").iterdir())
        fault = Fault("x", Text("甲", "a"), f"{base.rules}/grading/grade.srl:3:1")
        assert base.told(fault).where.endswith("rules/grading/grade.srl:3:1")
        assert "xiezhi-knowledge" not in base.told(fault).where


def test_a_folder_without_knowledge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeFault, match="no file of knowledge"), over(tmp_path):
        pass


def test_a_folder_far_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knowledge, "MAX_FILES", 2)
    for number in range(3):
        (tmp_path / f"{number}.ttl").write_text("", encoding="utf-8")
    with pytest.raises(KnowledgeFault, match="no folder of knowledge"), over(tmp_path):
        pass


def test_the_identity_of_knowledge_is_that_of_its_files_wherever_they_are(tmp_path: Path) -> None:
    base = shipped()
    shutil.copytree(base.ontology, tmp_path / "o")
    shutil.copytree(base.rules, tmp_path / "r")
    assert files.digest(tmp_path / "o", tmp_path / "r") == files.digest(base.ontology, base.rules)
    (tmp_path / "r/README.md").write_text("other words", encoding="utf-8")
    assert files.digest(tmp_path / "o", tmp_path / "r") == files.digest(base.ontology, base.rules)
    with (tmp_path / "o/core.ttl").open("a", encoding="utf-8") as file:
        file.write("# a comment counts: the bytes are what was approved\n")
    assert files.digest(tmp_path / "o", tmp_path / "r") != files.digest(base.ontology, base.rules)
