"""The drafts of a home folder: ``<home>/drafts/<id>/``, each a set of files laid over the knowledge in force.

``draft.json`` says whose it is; ``files/`` holds ``ontology/…`` and ``rules/…``; ``results/`` what was found
of it. A draft has one author, who alone may change it: so nobody approves what he had a hand in.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import threading
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kb.errors import Forbidden, InputError, NotFound
from kb.ontology.knowledge import Knowledge
from kb.services.releases.archive import digest

PATH = re.compile(
    r"ontology/(?:(?:packs/[a-z0-9-]+|alignments)/)?[a-z0-9-]+\.(?:ttl|cases\.yaml)"
    r"|rules/[a-z0-9-]+/[a-z0-9-]+\.(?:srl|ttl|cases\.yaml)"
)
"""Files that a draft may hold: knowledge, rules and cases; not the contracts by which these are judged."""
KEPT = frozenset({"ontology/access.ttl"})
"""Rights are not the experts': a draft cannot hold this."""
MAX_PATH, MAX_TEXT, MAX_FILES, MAX_DRAFTS, MAX_TITLE = 120, 512 * 1024, 100, 40, 120
"""Characters of a path and a title, bytes of a file, files of a draft, drafts of an author."""
IDENTIFIER = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class Draft:
    """A draft: *origins* are its files with the digest of what each was copied from (empty: a new file).

    :param release: the digest of the release that it was last submitted as.
    """

    id: str
    title: str
    author: str
    created: str
    changed: str
    release: str = ""
    origins: dict[str, str] = field(default_factory=dict)


class Shelf:
    """The drafts in the folder *home*. One process writes them; thread-safe within it."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "drafts"
        self._lock = threading.RLock()

    def drafts(self) -> list[Draft]:
        """Return every draft, the one that was changed last first."""
        found = [self._read(path) for path in self._folder.glob("*/draft.json")]
        return sorted(found, key=lambda draft: draft.changed, reverse=True)

    def find(self, identifier: str) -> Draft:
        """Return the draft *identifier*.

        :raises NotFound: ``draft.unknown``.
        """
        path = self._folder / identifier / "draft.json"
        if not IDENTIFIER.fullmatch(identifier) or not path.is_file():
            raise NotFound.of(
                "draft.unknown", "没有这份草案", "there is no such draft", where=identifier[:40]
            )
        return self._read(path)

    def create(self, title: str, by: str) -> Draft:
        """Return a new, empty draft of *by*."""
        title = title.strip()
        if not title or len(title) > MAX_TITLE or not title.isprintable():
            raise InputError.of(
                "draft.title",
                f"草案需要标题，不超过 {MAX_TITLE} 个字，写成一行",
                f"a draft needs a title of at most {MAX_TITLE} characters on one line",
                where="title",
            )
        with self._lock:
            if sum(draft.author == by for draft in self.drafts()) >= MAX_DRAFTS:
                raise InputError.of(
                    "draft.too-many",
                    f"您已有 {MAX_DRAFTS} 份草案",
                    f"you have {MAX_DRAFTS} drafts already",
                    repair=("先删除不再需要的草案", "discard those that are not needed any more"),
                )
            now = _now()
            return self._save(Draft(secrets.token_hex(6), title, by, now, now))

    def discard(self, draft: Draft, by: str) -> None:
        """Delete *draft*; a release that was made of it stays."""
        self.require_author(draft, by)
        with self._lock:
            shutil.rmtree(self._folder / draft.id)

    def files(self, draft: Draft) -> Path:
        """Return the folder with the files of *draft*."""
        return self._folder / draft.id / "files"

    def text(self, draft: Draft, path: str) -> str:
        """Return the text of one file of *draft*.

        :raises NotFound: ``draft.file``: it has no such file.
        """
        if path not in draft.origins:
            raise NotFound.of(
                "draft.file", "草案中没有这个文件", "the draft has no such file", where=path[:200]
            )
        return (self.files(draft) / path).read_text(encoding="utf-8")

    def copy(self, draft: Draft, path: str, base: Knowledge, by: str) -> Draft:
        """Take a copy of the file *path* of *base* into *draft*; what is there already stays."""
        if path in draft.origins:
            return draft
        source = place(base, path)
        if source is None:
            raise NotFound.of(
                "draft.source", "知识中没有这个文件", "the knowledge has no such file", where=path[:200]
            )
        text = source.read_text(encoding="utf-8")
        return self.write(draft, path, text, by, origin=_digest(text))

    def write(self, draft: Draft, path: str, text: str, by: str, *, origin: str | None = None) -> Draft:
        """Let the file *path* of *draft* be *text*; return the draft.

        :raises InputError: for a path that a draft may not hold, or more text or files than it may.
        :raises Forbidden: *by* is not the author.
        """
        self.require_author(draft, by)
        require_path(path)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if len(text.encode("utf-8", "replace")) > MAX_TEXT:
            raise InputError.of(
                "draft.too-large",
                f"文件超过 {MAX_TEXT // 1024} KB",
                f"the file is larger than {MAX_TEXT // 1024} KB",
                where=path,
                repair=("拆成几个文件", "split it into several files"),
            )
        with self._lock:
            draft = self.find(draft.id)
            if path not in draft.origins and len(draft.origins) >= MAX_FILES:
                raise InputError.of(
                    "draft.too-many-files",
                    f"草案已有 {MAX_FILES} 个文件",
                    f"the draft has {MAX_FILES} files already",
                    where=path,
                )
            target = self.files(draft) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            _replace(target, text)
            known = draft.origins.get(path, "") if origin is None else origin
            return self._save(replace(draft, changed=_now(), origins={**draft.origins, path: known}))

    def remove(self, draft: Draft, path: str, by: str) -> Draft:
        """Take the file *path* out of *draft*: what is in force holds again."""
        self.require_author(draft, by)
        self.text(draft, path)
        with self._lock:
            (self.files(draft) / path).unlink()
            rest = {name: origin for name, origin in draft.origins.items() if name != path}
            return self._save(replace(draft, changed=_now(), origins=rest))

    def mark(self, draft: Draft, release: str) -> Draft:
        """Remember that *draft* was submitted as *release*."""
        with self._lock:
            return self._save(replace(self.find(draft.id), release=release))

    def content(self, draft: Draft, base: Knowledge) -> str:
        """Return a digest of the files of *draft* and what they are laid over: what results are about."""
        total = hashlib.sha256(digest(base).encode())
        for path in sorted(draft.origins):
            total.update(f"{path}\0{_digest(self.text(draft, path))}\0".encode())
        return total.hexdigest()

    def overtaken(self, draft: Draft, base: Knowledge) -> list[str]:
        """Return the files of *draft* that *base* has no longer as they were copied: others changed them."""
        found = []
        for path, origin in sorted(draft.origins.items()):
            source = place(base, path)
            now = _digest(source.read_text(encoding="utf-8")) if source is not None else ""
            if now != origin:
                found.append(path)
        return found

    def keep(self, draft: Draft, path: str, base: Knowledge, by: str) -> Draft:
        """Let the file *path* stand although the knowledge in force has another now: it was looked at."""
        source = place(base, path)
        origin = _digest(source.read_text(encoding="utf-8")) if source is not None else ""
        return self.write(draft, path, self.text(draft, path), by, origin=origin)

    def result(self, draft: Draft, task: str) -> dict[str, Any] | None:
        """Return what *task* last found of *draft*: ``about``, ``at``, and ``result`` or ``faults``."""
        return read_result(self.results(draft, task))

    def results(self, draft: Draft, task: str) -> Path:
        """Return the file that keeps what *task* finds."""
        return self._folder / draft.id / "results" / f"{task}.json"

    def require_author(self, draft: Draft, by: str) -> None:
        """Insist that *by* is the author of *draft*.

        :raises Forbidden: ``draft.author``.
        """
        if draft.author != by:
            raise Forbidden.of(
                "draft.author",
                f"这是 {draft.author} 的草案，只有本人可以改",
                f"this is a draft of {draft.author}, who alone may change it",
                where=draft.id,
                repair=("另建一份草案", "make a draft of your own"),
            )

    def _read(self, path: Path) -> Draft:
        return Draft(**json.loads(path.read_text(encoding="utf-8")))

    def _save(self, draft: Draft) -> Draft:
        folder = self._folder / draft.id
        (folder / "results").mkdir(parents=True, exist_ok=True)
        self.files(draft).mkdir(exist_ok=True)
        _replace(folder / "draft.json", json.dumps(asdict(draft), ensure_ascii=False, indent=1))
        return draft


def place(base: Knowledge, path: str) -> Path | None:
    """Return the file of *base* that people call *path*; ``None``: it has none."""
    require_path(path)
    part, _, rest = path.partition("/")
    found = (base.ontology if part == "ontology" else base.rules) / rest
    return found if found.is_file() else None


def require_path(path: str) -> None:
    """Insist that a draft may hold the file *path*.

    :raises InputError: ``draft.path``.
    """
    if len(path) > MAX_PATH or not PATH.fullmatch(path) or path in KEPT:
        raise InputError.of(
            "draft.path",
            "草案中只能有知识、规则和用例文件，名称为小写英文和连字符",
            "a draft may hold files of knowledge, rules and cases, named in lower-case words with hyphens",
            where=path[:MAX_PATH],
            repair=(
                "例如 ontology/packs/gas/new.ttl、rules/plan/new.srl、….cases.yaml",
                "such as ontology/packs/gas/new.ttl, rules/plan/new.srl, ….cases.yaml",
            ),
        )


def read_result(path: Path) -> dict[str, Any] | None:
    """Return what is kept at *path*; ``None``: nothing."""
    if not path.is_file():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def keep_result(path: Path, found: dict[str, Any]) -> None:
    """Keep *found* at *path*, which has the old or the new content at every moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, json.dumps(found, ensure_ascii=False))


def _replace(path: Path, text: str) -> None:
    aside = path.with_name(path.name + ".part")
    aside.write_text(text, encoding="utf-8", newline="\n")
    aside.replace(path)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
