"""A body of knowledge as two folders: what is shipped, or that with somebody's changes laid over it.

An expert's folder is one of three things:

- a whole body of knowledge (``ontology/core.ttl`` is there): it stands for what is shipped;
- changes of one: ``ontology/`` or ``rules/`` with files at the paths that they have or shall have;
- loose files: a Turtle file goes where its ontology IRI says (``…/ontology/packs/gas/types``), a rule with
  its description and cases into ``rules/<folder>/``, anything else into ``ontology/packs/<folder>/``.

A file at the path of a shipped one takes its place. The two are laid together as copies in a folder of their
own, so that whoever reads knowledge reads folders; :meth:`Knowledge.origin` leads back to the expert's file.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from kb.errors import Fault, KnowledgeFault
from kb.namespaces import ROOT
from kb.resources import folder

SUFFIXES = {".ttl", ".srl", ".yaml"}
HEADER = re.compile(rf"<{re.escape(ROOT)}ontology/([A-Za-z0-9/_-]+)>\s+a\s+(?:owl:|<[^>]*#)Ontology")
MAX_FILES, MAX_BYTES = 2_000, 64 * 1024 * 1024
"""Of one folder: knowledge is written by people; more is a folder named by mistake."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The folders ``ontology`` and ``rules`` of one body of knowledge.

    :param changes: the files that were laid over what is shipped: where they are, and where they came from.
    :param copies: the same of every file.
    """

    ontology: Path
    rules: Path
    changes: dict[Path, Path] = field(default_factory=dict)
    copies: dict[Path, Path] = field(default_factory=dict)

    def origin(self, path: Path) -> Path:
        """Return the file that *path* is a copy of, or itself."""
        return self.copies.get(path, path)

    def told(self, fault: Fault) -> Fault:
        """Return *fault* with the place that its reader knows instead of ours."""
        for base in (self.ontology, self.rules):
            if fault.where.startswith(str(base)):
                path, colon, rest = fault.where.partition(":")
                return replace(fault, where=f"{_shown(self.origin(Path(path)))}{colon}{rest}")
        return fault

    def own(self, path: Path) -> bool:
        """Whether *path* is one of the changes; where there are none, every file is."""
        return not self.changes or path in self.changes


def shipped() -> Knowledge:
    """Return the knowledge that the product ships."""
    return Knowledge(folder("ontology"), folder("rules"))


@contextmanager
def over(path: Path | None, base: Knowledge | None = None) -> Iterator[Knowledge]:
    """Yield the knowledge that *path* makes with what is shipped; ``None``: what is shipped.

    :param base: lay *path* over this, and take it for changes whatever files it has.
    :raises KnowledgeFault: for a folder without knowledge, or one far too large to be knowledge.
    """
    whole = base is None
    base = base or shipped()
    if path is None:
        yield base
        return
    found = _files(path)
    if whole and (path / "ontology" / "core.ttl").is_file():
        yield Knowledge(path / "ontology", path / "rules")
        return
    with tempfile.TemporaryDirectory(prefix="xiezhi-knowledge-") as name:
        here = Path(name)
        copies = {
            here / part / file.relative_to(source): file
            for part, source in (("ontology", base.ontology), ("rules", base.rules))
            for file in source.rglob("*")
            if file.suffix in SUFFIXES
        }
        changes = {here / _place(file, path, base): file for file in found}
        copies |= changes
        for target, file in copies.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        yield Knowledge(here / "ontology", here / "rules", changes, copies)


def _files(path: Path) -> list[Path]:
    found = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES)
    if not found:
        raise KnowledgeFault.of(
            "knowledge.empty",
            "这里没有知识文件（.ttl、.srl、.cases.yaml）",
            "there is no file of knowledge here (.ttl, .srl, .cases.yaml)",
            where=str(path),
        )
    if len(found) > MAX_FILES or sum(p.stat().st_size for p in found) > MAX_BYTES:
        raise KnowledgeFault.of(
            "knowledge.too-large",
            f"超过 {MAX_FILES:,} 个文件或 {MAX_BYTES // 2**20} MB，不像是知识文件夹",
            f"more than {MAX_FILES:,} files or {MAX_BYTES // 2**20} MB: this is no folder of knowledge",
            where=str(path),
        )
    return found


def _place(file: Path, root: Path, base: Knowledge) -> Path:
    """Return where in a body of knowledge *file*, found below *root*, belongs."""
    for part, source in (("ontology", base.ontology), ("rules", base.rules)):
        if source in file.resolve().parents:
            return Path(part) / file.resolve().relative_to(source)
    relative = file.relative_to(root) if root.is_dir() else Path(file.name)
    if relative.parts[0] in {"ontology", "rules"}:
        return relative
    name = (root if root.is_dir() else root.parent).resolve().name
    stem = file.name.split(".")[0]
    if file.with_name(f"{stem}.srl").is_file():
        return Path("rules") / name / file.name
    if file.suffix == ".ttl":
        header = HEADER.search(file.read_text(encoding="utf-8", errors="replace"))
        if header:
            return Path("ontology") / f"{header[1]}.ttl"
    return Path("ontology") / "packs" / name / relative


def _shown(path: Path) -> str:
    """Return *path* from where the reader is, if it lies below."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
