"""From a draft to a release in review: only what was checked and tried as it is now, without an error."""

from __future__ import annotations

from typing import Any

from kb.errors import Fault, InputError, KnowledgeFault, Text
from kb.ontology import knowledge as bodies
from kb.services.drafting.shelf import Draft, Shelf
from kb.services.releases import desk, life
from kb.services.releases.archive import digest
from kb.services.releases.life import Release
from kb.services.workspace import Workspace

NEEDED = {"check": Text("检查", "check"), "test": Text("用例", "cases")}
"""What must have been done with a draft before it is submitted."""
OPEN = {"draft", "review"}


def in_the_way(workspace: Workspace, shelf: Shelf, draft: Draft) -> list[Fault]:
    """Return what forbids that *draft* is submitted as it is now; nothing: it may be."""
    if not draft.origins:
        return [Fault("draft.empty", Text("草案还没有文件", "the draft has no file yet"), draft.id)]
    base, faults = workspace.knowledge, []
    for path in shelf.overtaken(draft, base):
        faults.append(
            Fault(
                "draft.overtaken",
                Text(
                    "复制之后，这个文件在现行知识中已被改动",
                    "since it was copied, the knowledge in force has another",
                ),
                path,
                Text("比较两者，再确认保留草案中的", "compare the two, then say that the draft's stands"),
            )
        )
    content = shelf.content(draft, base)
    for task, words in NEEDED.items():
        found = shelf.result(draft, task)
        if found is None or found["about"] != content:
            faults.append(
                Fault(
                    f"draft.no-{task}",
                    Text(f"改动之后还没有运行“{words.zh}”", f"{words.en}: not run since the last change"),
                    draft.id,
                    Text(f"先运行“{words.zh}”", f"run it first ({words.en})"),
                )
            )
        elif not _clean(task, found):
            faults.append(
                Fault(
                    f"draft.{task}-failed",
                    Text(f"“{words.zh}”有错误", f"{words.en}: there are errors"),
                    draft.id,
                    Text("先改正", "mend them first"),
                )
            )
    return faults


def submit(workspace: Workspace, shelf: Shelf, draft: Draft, by: str, reason: str = "") -> Release:
    """Hand *draft* in for review as a release; one that it was submitted as before is withdrawn.

    :raises KnowledgeFault: what :func:`in_the_way` returns.
    :raises InputError: ``release.same``: nothing would change.
    """
    shelf.require_author(draft, by)
    faults = in_the_way(workspace, shelf, draft)
    if faults:
        raise KnowledgeFault(faults)
    earlier = life.read(workspace.store).get(draft.release) if draft.release else None
    with bodies.over(shelf.files(draft), workspace.knowledge) as base:
        try:
            made = desk.draft(workspace, base, draft.title, by)
        except InputError:
            # Returned without a change that was asked for, it may be submitted once more as it is.
            if earlier is None or earlier.state != "draft" or digest(base) != earlier.digest:
                raise
            made, earlier = earlier, None
    made = desk.submit(workspace, made.digest, by, reason, faults=[])
    shelf.mark(draft, made.digest)
    if earlier is not None and earlier.state in OPEN:
        desk.step(workspace, earlier.digest, "withdraw", by, reason=f"→ {made.id}")
    return made


def _clean(task: str, found: dict[str, Any]) -> bool:
    result = found.get("result")
    if result is None:
        return False
    return bool(result["sound"]) if task == "check" else result["failed"] == 0
