"""An Oxigraph folder that agrees with the journal: caught up, or made again.

Folders are named ``quads-<n>``; the highest number counts, lower ones are left-overs of a
rebuild. One that does not open is kept as ``quads-<n>.broken``.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from kb.errors import StoreError, XiezhiError
from kb.store.engine import Engine
from kb.store.journal import Journal
from kb.store.quads import DAMAGE, Quads

_log = logging.getLogger(__name__)


def open_quads(folder: Path, journal: Journal) -> Quads:
    """Return Oxigraph of the newest folder in *folder*, with all of *journal* applied.

    Damage that shows only later, when some old block is read, is for
    :meth:`kb.store.embedded.EmbeddedStore.rebuild`.

    :raises StoreError: ``store.locked`` where this process still holds Oxigraph open;
        ``store.chain-broken`` where Oxigraph has seen another journal than this one.
    """
    *old, path = _generations(folder) or [_next(folder)]
    try:
        quads = _caught_up(path, journal)
    except DAMAGE as error:
        if "/LOCK:" in str(error):  # as RocksDB words it
            raise _locked(path) from error
        broken = path.with_name(path.name + ".broken")
        _log.error("%s is damaged (%s); kept as %s, rebuilding from the journal", path, error, broken.name)
        path.rename(broken)
        quads = _caught_up(_next(folder), journal)
    for left_over in old:
        shutil.rmtree(left_over)
    return quads


def rebuild_quads(folder: Path, journal: Journal) -> Quads:
    """Return Oxigraph of a new folder in *folder*, made from *journal* alone."""
    return _caught_up(_next(folder), journal)


def catch_up(engine: Engine, journal: Journal, where: object) -> None:
    """Apply all of *journal* that *engine*, which people know as *where*, lacks.

    :raises StoreError: ``store.chain-broken`` where it has seen another journal than this one.
    """
    _compare(engine, journal)
    if behind := journal.sequence - engine.marker.sequence:
        level = logging.INFO if engine.marker.sequence else logging.WARNING
        _log.log(level, "applying %d journal entries that %s lacks", behind, where)
        engine.replay(journal.entries(engine.marker.sequence))


def _caught_up(path: Path, journal: Journal) -> Quads:
    quads = Quads(path)
    try:
        catch_up(quads, journal, path)
    except BaseException:
        quads.close()
        raise
    return quads


def _compare(engine: Engine, journal: Journal) -> None:
    """Refuse a journal that was cut off or rewritten after *engine* applied it."""
    marker = engine.marker
    if marker.sequence == 0:
        return
    entry = next(journal.entries(marker.sequence - 1), None)
    if entry is None or entry.hash != marker.hash:
        first = min(marker.sequence, journal.sequence + 1)
        raise StoreError.of(
            "store.chain-broken",
            f"审计链断裂：第 {first} 条已应用，但日志中没有它，或内容不同",
            f"the audit chain is broken: entry {first} was applied, but the journal lacks it or has another",
            where=str(journal.path),
            repair=engine.repair,
        )


def _generations(folder: Path) -> list[Path]:
    """Return the Oxigraph folders in *folder*, the newest last."""
    return sorted((path for path in folder.glob("quads-*") if not path.suffix), key=_number)


def _next(folder: Path) -> Path:
    return folder / f"quads-{max(map(_number, folder.glob('quads-*')), default=0) + 1}"


def _number(path: Path) -> int:
    return int(path.stem.removeprefix("quads-"))


def _locked(path: Path) -> XiezhiError:
    return StoreError.of(
        "store.locked",
        "Oxigraph 目录仍被打开",
        "the Oxigraph folder is still open",
        where=str(path),
        repair=(
            "先丢弃已关闭的存储的查询结果，再重新打开",
            "drop the results of the closed store before opening it again",
        ),
    )
