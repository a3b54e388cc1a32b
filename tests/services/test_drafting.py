"""Drafts: what a text says of itself, what others changed meanwhile, from a draft to a release in review."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import Forbidden, KnowledgeFault
from kb.ontology.knowledge import Knowledge, over
from kb.services import cases
from kb.services.drafting import reading, submitting
from kb.services.drafting.frozen import FrozenWorkspace
from kb.services.drafting.shelf import Draft, Shelf, keep_result
from kb.services.drafting.tasks import Given
from kb.services.releases import life
from kb.services.releases.changes import changes
from kb.services.workspace import Workspace

TYPES, LEAD = "ontology/packs/gas/types.ttl", "rules/departments/lead.srl"
NEW = "rules/departments/test-draft.cases.yaml"
CASE = """- title: 草案的用例 / A case of the draft
  given: {type: 燃气爆炸, grid: "370102"}
  expect: {kind: %s}
"""
PIECES = st.sampled_from(
    [
        "RULE ",
        "rule:a ",
        "{ ",
        "} ",
        "WHERE ",
        "?x ",
        "xz:p ",
        '"é" ',
        ". ",
        "NOT ",
        "\n",
        "- ",
        "title: ",
        "[",
    ]
)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture(scope="module")
def frozen(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Given:
    """A checkpoint of the shared workspace, with the knowledge in force."""
    copy = tmp_path_factory.mktemp("frozen") / "copy"
    workspace.store.checkpoint(copy)
    return Given(copy, workspace.home, workspace.knowledge)


@given(st.lists(PIECES, max_size=40).map("".join), st.sampled_from(["a.srl", "a.ttl", "a.cases.yaml"]))
@settings(max_examples=150, deadline=None)
def test_whatever_is_typed_the_reader_says_where_it_is_wrong_or_nothing(text: str, name: str) -> None:
    lines = text.split("\n")
    for fault in reading.faults(f"rules/x/{name}", text):
        _, line, column = fault.where.rsplit(":", 2)
        assert 1 <= int(line) <= len(lines) + 1
        assert int(column) >= 1
        assert fault.message.zh
        assert fault.message.en


def test_a_frozen_copy_concludes_what_the_store_concludes(workspace: Workspace, frozen: Given) -> None:
    copy = FrozenWorkspace(frozen.checkpoint, frozen.home, frozen.base)
    found = list(cases.find(frozen.base.rules / "departments"))
    assert found
    for case in found:
        assert list(cases.differences(copy, case)) == list(cases.differences(workspace, case)) == []


def test_a_file_that_others_changed_meanwhile_is_named_until_somebody_looked(
    shelf: Shelf, workspace: Workspace, tmp_path: Path
) -> None:
    base = workspace.knowledge
    draft = shelf.copy(shelf.create("x", "li"), LEAD, base, "li")
    assert shelf.overtaken(draft, base) == []
    moved = Knowledge(base.ontology, Path(shutil.copytree(base.rules, tmp_path / "rules")))
    file = moved.rules / "departments" / "lead.srl"
    file.write_text(file.read_text(encoding="utf-8") + "# one more line\n", encoding="utf-8")
    assert shelf.overtaken(draft, moved) == [LEAD]
    assert shelf.overtaken(shelf.keep(draft, LEAD, moved, "li"), moved) == []


def test_only_the_author_changes_a_draft(shelf: Shelf, workspace: Workspace) -> None:
    draft = shelf.copy(shelf.create("x", "li"), TYPES, workspace.knowledge, "li")
    with pytest.raises(Forbidden):
        shelf.write(draft, TYPES, "x", "wang")
    with pytest.raises(Forbidden):
        shelf.discard(draft, "wang")
    shelf.discard(draft, "li")
    assert shelf.drafts() == []


def test_the_difference_of_two_bodies_of_knowledge_is_told_line_by_line(
    shelf: Shelf, workspace: Workspace
) -> None:
    base = workspace.knowledge
    draft = shelf.copy(shelf.create("x", "li"), LEAD, base, "li")
    draft = shelf.write(draft, LEAD, shelf.text(draft, LEAD) + "# a remark\n", "li")
    draft = shelf.write(draft, NEW, CASE % "燃气事故", "li")
    with over(shelf.files(draft), base) as laid:
        found = changes(base, laid)
    assert [(one.path, one.kind, one.added, one.removed) for one in found] == [
        (LEAD, "changed", 1, 0),
        (NEW, "added", 3, 0),
    ]


def tried(workspace: Workspace, shelf: Shelf, draft: Draft) -> None:
    """Keep what a worker would have found: no error, no failing case."""
    about = shelf.content(draft, workspace.knowledge)
    keep_result(shelf.results(draft, "check"), {"about": about, "result": {"sound": True}})
    keep_result(shelf.results(draft, "test"), {"about": about, "result": {"failed": 0}})


def test_a_draft_that_is_submitted_again_takes_the_place_of_its_first_release(
    workspace: Workspace, shelf: Shelf
) -> None:
    draft = shelf.write(shelf.create("two tries", "li"), NEW, CASE % "燃气事故", "li")
    with pytest.raises(KnowledgeFault):
        submitting.submit(workspace, shelf, draft, "li")
    tried(workspace, shelf, draft)
    first = submitting.submit(workspace, shelf, draft, "li")
    draft = shelf.write(shelf.find(draft.id), NEW, CASE % "突发事件", "li")
    with pytest.raises(KnowledgeFault):  # what was tried is another text
        submitting.submit(workspace, shelf, draft, "li")
    tried(workspace, shelf, draft)
    second = submitting.submit(workspace, shelf, draft, "li")
    known = life.read(workspace.store)
    assert (known[first.digest].state, known[second.digest].state) == ("withdrawn", "review")
