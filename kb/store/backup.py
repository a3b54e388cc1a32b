"""Backups that prove themselves: the journal, Oxigraph, and a manifest to hold against them.

Layout of a backup::

    manifest.json     what the rest must be; keep a copy elsewhere, for the head hash
    journal.sqlite    the whole journal
    quads-1/          Oxigraph; hard links where the disk is the same
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from pyoxigraph import Store

from kb.errors import StoreError, XiezhiError
from kb.store.engine import SYSTEM
from kb.store.journal import Journal
from kb.store.quads import DAMAGE, Quads, read_marker

_MANIFEST = "manifest.json"
_JOURNAL = "journal.sqlite"
_QUADS = "quads-1"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    *entries* in the journal, the last of which has the hash *head* (hexadecimal); *quads* in
    Oxigraph, which has *applied* of the entries: commits go on during a backup, so it may be a
    few behind. Opening the restored store applies the rest.
    """

    entries: int
    head: str
    applied: int
    quads: int


def write(journal: Journal, quads: Quads, folder: Path) -> Manifest:
    """Back up into *folder*, which must not exist; return the manifest, written last.

    The quads first, so that the journal has every entry that was applied to them.
    """
    folder.mkdir(parents=True)
    quads.copy(folder / _QUADS)
    journal.backup(folder / _JOURNAL)
    manifest = _describe(folder)
    text = json.dumps(asdict(manifest), indent=2) + "\n"
    (folder / _MANIFEST).write_text(text, encoding="utf-8")
    return manifest


def restore(folder: Path, target: Path) -> Manifest:
    """Make *target*, a new folder, a store from the backup in *folder*; return its manifest.

    The copy is checked before *target* appears: every entry of the chain, its head hash against
    the manifest, and the counts.

    :raises StoreError: ``backup.exists``, ``backup.incomplete``, ``backup.differs``,
        ``store.chain-broken``.
    """
    if target.exists():
        raise StoreError.of(
            "backup.exists",
            "目标已存在",
            "the target exists already",
            where=str(target),
            repair=("换一个新目录", "name a new folder"),
        )
    draft = target.with_name(f"{target.name}.restoring")
    shutil.rmtree(draft, ignore_errors=True)  # of a restore that was killed
    try:
        manifest = Manifest(**json.loads((folder / _MANIFEST).read_text(encoding="utf-8")))
        shutil.copytree(folder, draft, ignore=shutil.ignore_patterns(_MANIFEST))
        if (found := _describe(draft)) != manifest:
            raise _failure(
                "differs", folder, f"备份与清单不符：{found}", f"it is not what its manifest says: {found}"
            )
        draft.rename(target)
    except (*DAMAGE, ValueError, TypeError) as error:
        raise _failure(
            "incomplete", folder, f"备份不完整（{error}）", f"it is not complete: {error}"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return manifest


def _describe(folder: Path) -> Manifest:
    """Check the copies in *folder* and return what is in them."""
    copy = Journal(folder / _JOURNAL)
    try:
        entries, head = copy.verify(), copy.head.hex()
    finally:
        copy.close()
    quads = Store.read_only(str(folder / _QUADS))
    markers = sum(1 for _ in quads.quads_for_pattern(None, None, None, SYSTEM))
    return Manifest(entries, head, read_marker(quads).sequence, len(quads) - markers)


def _failure(code: str, where: Path, zh: str, en: str) -> XiezhiError:
    return StoreError.of(
        f"backup.{code}",
        zh,
        en,
        where=str(where),
        repair=(
            f"换一个备份；若仅此一份，其中的 {_JOURNAL} 单独放入空目录即是完整的存储",
            f"use another; if this is the only one, its {_JOURNAL} alone in an empty folder is a whole store",
        ),
    )
