"""Copies of a home folder, for tests that write into one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def copied(home: Path, to: Path) -> Path:
    """Copy the closed *home* to *to*, which may exist, in hundredths of a second and next to no room.

    RocksDB never changes a table once it is written (its own checkpoints rest on that), so the tables
    (``.sst``, nine tenths of a home of 270 MB) are linked and the rest is copied.
    """
    shutil.copytree(home, to, copy_function=_link_or_copy, dirs_exist_ok=True)
    return to


def _link_or_copy(source: str, target: str) -> None:
    if source.endswith(".sst"):
        os.link(source, target)
    else:
        shutil.copy2(source, target)
