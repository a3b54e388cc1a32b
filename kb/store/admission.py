"""What the store takes in: checked before anything is written."""

from __future__ import annotations

import shutil
from pathlib import Path

from pyoxigraph import NamedNode, Triple

from kb.errors import StoreError, XiezhiError
from kb.store.engine import SYSTEM
from kb.store.protocol import Change, Term

RESERVE = 1 << 30
"""Bytes that stay free on the disk: below, the store turns read-only, so that the journal, a
checkpoint and whoever cleans up still have room."""
DEPTH = 4
"""How deep triple terms may nest. Oxigraph stores any depth, but reading 15,000 crashes it."""


def check(change: Change, *texts: str | None) -> None:
    """Turn away a *change* outside named graphs, in ``graph/system`` or too deep, and broken *texts*.

    :raises StoreError: ``store.refused``.
    """
    quads = (*change.additions, *change.removals)
    for name in change.graphs:
        if isinstance(name, NamedNode) and name != SYSTEM:
            continue
        quad = next(quad for quad in quads if quad.graph_name == name)
        if name == SYSTEM:
            raise _refused(str(quad), "此图属于存储本身", "this graph belongs to the store itself")
        raise _refused(str(quad), "四元组须在具名图中", "a quad must lie in a named graph")
    for quad in quads:
        object_ = quad.object
        if isinstance(object_, Triple) and _depth(object_) > DEPTH:
            raise _refused(
                str(quad.graph_name),
                f"三元组项嵌套超过 {DEPTH} 层",
                f"triple terms nest deeper than {DEPTH}",
            )
    for text in texts:
        try:
            (text or "").encode()
        except UnicodeEncodeError as error:  # half a surrogate pair, as JSON may hold
            raise _refused(ascii(text), "文字不是有效的 Unicode", "the text is not valid Unicode") from error


def require_space(folder: Path, reserve: int) -> None:
    """Refuse to write where fewer than *reserve* bytes would stay free.

    :raises StoreError: ``store.read-only``.
    """
    if shutil.disk_usage(folder).free < reserve:
        raise StoreError.of(
            "store.read-only",
            "磁盘空间不足，存储只读",
            "the disk is nearly full, the store is read-only",
            where=str(folder),
            repair=("释放磁盘空间后重试", "free some disk space and try again"),
        )


def _depth(term: Term) -> int:
    depth = 0
    while isinstance(term, Triple) and depth <= DEPTH:
        depth, term = depth + 1, term.object
    return depth


def _refused(where: str, zh: str, en: str) -> XiezhiError:
    return StoreError.of("store.refused", zh, en, where=where)
