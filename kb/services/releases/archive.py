"""Bodies of knowledge kept by their content: ``<home>/releases/<digest>/``, written once, never changed.

The name is the SHA-256 of all files, so what is opened again is what was kept, or it is refused.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from kb.errors import NotFound, StoreError
from kb.ontology import files
from kb.ontology.knowledge import SUFFIXES, Knowledge

READ_ONLY = 0o444
SHORT = 16
"""So many characters of a digest name a release to people."""


def digest(knowledge: Knowledge) -> str:
    """Return the SHA-256 of a body of knowledge: Turtle, rules and cases."""
    return files.digest(knowledge.ontology, knowledge.rules)


class Archive:
    """The releases kept below one home folder."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "releases"

    def keep(self, knowledge: Knowledge) -> str:
        """Keep a copy of *knowledge* and return its digest; what is there already is left alone.

        The copy is made aside and moved into place, so that a crash leaves nothing half written.
        """
        name = digest(knowledge)
        target = self._folder / name
        if target.is_dir():
            return name
        self._folder.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".keeping-", dir=self._folder))
        for part, source in (("ontology", knowledge.ontology), ("rules", knowledge.rules)):
            for file in sorted(source.rglob("*")):
                if file.suffix in SUFFIXES and file.is_file():
                    copy = aside / part / file.relative_to(source)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, copy)
                    copy.chmod(READ_ONLY)
        try:
            aside.rename(target)
        except OSError:
            shutil.rmtree(aside, ignore_errors=True)
            if not target.is_dir():  # else somebody kept the same at the same time
                raise
        return name

    def open(self, name: str) -> Knowledge:
        """Return the knowledge with the digest *name*.

        :raises NotFound: there is no such release here.
        :raises StoreError: ``release.altered``: its files are no longer what was kept.
        """
        folder = self._folder / name
        if not folder.is_dir():
            raise NotFound.of(
                "release.unknown",
                f"没有保存内容摘要为 {name[:SHORT]} 的版本",
                f"no release with the digest {name[:SHORT]} is kept here",
                where=name[:SHORT],
            )
        found = Knowledge(folder / "ontology", folder / "rules")
        if digest(found) != name:
            raise StoreError.of(
                "release.altered",
                f"版本 {name[:SHORT]} 的文件被改动过，不能使用",
                f"the files of release {name[:SHORT]} were altered; it cannot be used",
                where=str(folder),
                repair=("从备份恢复该文件夹", "restore the folder from a backup"),
            )
        return found
