"""A file as it was handed in: what is looked at before anybody reads it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kb.sharing.errors import DeliveryRefused
from kb.sharing.reading import FORMATS, STREAMED, SUFFIXES, WHOLE


@dataclass(frozen=True)
class Incoming:
    """A file at *path*, which its sender calls *name*, in a *format* that can be read."""

    path: Path
    name: str
    format: str

    @classmethod
    def of(cls, path: Path, name: str, format_: str | None = None) -> Incoming:
        """Return the file; without *format_*, its name tells the format.

        :raises DeliveryRefused: ``delivery.format``, ``delivery.too-large``.
        """
        found = format_of(name, format_)
        require_size(path.stat().st_size, found)
        return cls(path, _clean(name), found)

    @cached_property
    def size(self) -> int:
        """Its bytes."""
        return self.path.stat().st_size

    @cached_property
    def digest(self) -> str:
        """Its SHA-256."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def format_of(name: str, format_: str | None) -> str:
    """Return the format of a file by what was said, else by its name.

    :raises DeliveryRefused: ``delivery.format`` where neither tells, ``delivery.archive`` for archives.
    """
    found = format_ or SUFFIXES.get(Path(name).suffix.lower())
    if found not in FORMATS:
        raise DeliveryRefused.of(
            "delivery.format",
            f"不认识 {name[:100]} 的格式，也不接受压缩包",
            f"the format of {name[:100]} is not known; archives are not accepted",
            where=name[:100],
            repair=(f"可用：{'、'.join(FORMATS)}", f"one of: {', '.join(FORMATS)}"),
        )
    return found


def require_size(size: int, format_: str) -> None:
    """Turn away a file with more bytes than its format may have.

    :raises DeliveryRefused: ``delivery.too-large``.
    """
    limit = STREAMED if format_ == "csv" else WHOLE
    if size > limit:
        raise DeliveryRefused.of(
            "delivery.too-large",
            f"文件有 {size >> 20} MB，上限 {limit >> 20} MB",
            f"the file has {size >> 20} MB, the limit is {limit >> 20} MB",
            repair=("拆成几个文件，或改用 CSV", "split it, or use CSV"),
        )


def _clean(name: str) -> str:
    """Return the last part of a name that a stranger chose, without what no log or graph should hold."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1][:200]
    return "".join(c if c.isprintable() else "_" for c in last) or "file"
