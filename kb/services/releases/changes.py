"""Which files differ between two bodies of knowledge, line by line: what a reviewer reads first."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from kb.ontology.knowledge import SUFFIXES, Knowledge

CONTEXT = 3
"""Unchanged lines round a change."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a difference: *kind* is ``" "``, ``"+"``, ``"-"`` or ``"@"`` (lines are left out here)."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that differs, *kind* is ``added``, ``removed`` or ``changed``; with the numbers of lines."""

    path: str
    kind: str
    lines: tuple[Line, ...]
    added: int
    removed: int


def changes(before: Knowledge, after: Knowledge) -> list[FileChange]:
    """Return the files of knowledge, rules and cases that differ, in the order of their paths."""
    old, new = _files(before), _files(after)
    found = []
    for path in sorted(old.keys() | new.keys()):
        was, will = (_text(files.get(path)) for files in (old, new))
        if was == will:
            continue
        kind = "added" if path not in old else "removed" if path not in new else "changed"
        diff = list(difflib.unified_diff(was.splitlines(), will.splitlines(), lineterm="", n=CONTEXT))[2:]
        lines = tuple(Line(line[:1], line[1:]) for line in diff)
        counts = [sum(line.kind == sign for line in lines) for sign in "+-"]
        found.append(FileChange(path, kind, lines, counts[0], counts[1]))
    return found


def _files(knowledge: Knowledge) -> dict[str, Path]:
    return {
        f"{part}/{file.relative_to(folder).as_posix()}": file
        for part, folder in (("ontology", knowledge.ontology), ("rules", knowledge.rules))
        for file in folder.rglob("*")
        if file.suffix in SUFFIXES and file.is_file()
    }


def _text(path: Path | None) -> str:
    return "" if path is None else path.read_text(encoding="utf-8", errors="replace")
