"""Adding a department to a city's profile: one entry at the end of its list, every other byte as it was."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import yaml

from kb.city import profile
from kb.errors import KnowledgeFault


def add(path: Path, identifier: str, entry: str, functions: Collection[str]) -> str:
    """Return the text of the profile at *path* with *entry* (YAML, a list of one) behind its departments.

    The new text is read as a profile before it is returned, so that it can be written without fear.

    :param functions: the slugs of the functions that the ontology defines.
    :raises KnowledgeFault: where the profile has that department already, cannot be read, or would be wrong.
    """
    text = path.read_bytes().decode("utf-8")
    end = "\r\n" if "\r\n" in text else "\n"
    departments = _departments(path, text)
    if departments is None:
        gap = "" if text.endswith("\n") or not text else end
        new = f"{text}{gap}{end}departments:{end}" + _indented(entry, 2, end)
    else:
        if any(_id(item) == identifier for item in departments.value):
            raise KnowledgeFault.of(
                "new.exists",
                f"该方案已有部门 {identifier}，不覆盖",
                f"the profile has the department {identifier!r} already; it is not overwritten",
                where=f"{path}:{departments.start_mark.line + 1}",
                repair=("直接编辑该条目", "edit that entry"),
            )
        if departments.flow_style or not departments.value:
            raise KnowledgeFault.of(
                "new.list",
                "部门列表写在一行里，无法追加",
                "the list of departments is written in one line, so nothing can be added to it",
                where=f"{path}:{departments.start_mark.line + 1}",
                repair=("改为每个部门一行 “- id: …”", "write one “- id: …” a line"),
            )
        lines = text.splitlines(keepends=True)
        last = _last_line(departments)
        if not lines[last].endswith("\n"):
            lines[last] += end
        lines.insert(last + 1, _indented(entry, departments.start_mark.column, end))
        new = "".join(lines)
    _require_right(path, new, functions)
    return new


def _departments(path: Path, text: str) -> yaml.SequenceNode | None:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise KnowledgeFault.of(
            "city.no-yaml", "不是合法的 YAML", f"this is no YAML: {error}", where=str(path)
        ) from error
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "departments" and isinstance(value, yaml.SequenceNode):
                return value
    return None


def _id(item: yaml.Node) -> str:
    if isinstance(item, yaml.MappingNode):
        return next((str(value.value) for key, value in item.value if key.value == "id"), "")
    return ""


def _last_line(node: yaml.Node) -> int:
    """Return the line (from 0) where the last word of *node* stands.

    A block ends, for the parser, where the next thing begins: behind blank lines and comments.
    """
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        return max(_last_line(part) for pair in node.value for part in pair)
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        return max(_last_line(part) for part in node.value)
    mark = node.end_mark
    return mark.line if mark.column else max(node.start_mark.line, mark.line - 1)


def _indented(entry: str, columns: int, end: str) -> str:
    return "".join(" " * columns + line + end for line in entry.splitlines())


def _require_right(path: Path, text: str, functions: Collection[str]) -> None:
    """Read *text* as a profile beside the file at *path*, which it may extend others from."""
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=path.suffix)
    trial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
        profile.load(trial, functions)
    except KnowledgeFault as error:
        here = str(trial.resolve())
        raise KnowledgeFault(
            [
                replace(f, where=f.where.replace(here, str(path)).replace(name, str(path)))
                for f in error.faults
            ]
        ) from error
    finally:
        trial.unlink()
