"""A delivery between reading and storing, on disk: what makes it whole or nothing.

While a worker reads, its results go into ``<home>/intake/<id>.reading/``, and nothing else happens:
whatever ends the process leaves the store as it was, and the folder is deleted at the next start. When the
last record has come, files and folder are synced and the folder renamed to ``<id>``. **That rename is the
moment of acceptance.** From then on the delivery is promoted into the store (:mod:`kb.sharing.promotion`),
which may be done any number of times with the same result; the folder is deleted when the store has the
last of it, and found by the next start or the next delivery if that was never reached.

Layout: ``delivery.json``; ``good`` and ``bad``, chunks of N-Triples and of JSON, each compressed, behind
its length. Only the owner of the process can read the folder: it may hold personal fields.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from kb.sharing.problems import Rejected

READING = ".reading"
_LENGTH = struct.Struct(">Q")


class Spool:
    """The folder of one delivery."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def description(self) -> dict[str, Any]:
        """What was said of the delivery when it was accepted."""
        found: dict[str, Any] = json.loads((self.folder / "delivery.json").read_text(encoding="utf-8"))
        return found

    def good(self) -> Iterator[bytes]:
        """Yield the good records, as N-Triples, chunk by chunk."""
        yield from _chunks(self.folder / "good")

    def bad(self) -> Iterator[Rejected]:
        """Yield the bad records."""
        for chunk in _chunks(self.folder / "bad"):
            yield from (Rejected.of_json(one) for one in json.loads(chunk))

    def remove(self) -> None:
        """Delete the folder: the store has it all."""
        aside = self.folder.with_name(self.folder.name + READING)
        self.folder.rename(aside)  # so that a crash while deleting leaves nothing that looks accepted
        shutil.rmtree(aside, ignore_errors=True)


class Writing:
    """A delivery that is being read; becomes a :class:`Spool` or disappears."""

    def __init__(self, home: Path, identifier: str) -> None:
        """Make the folder below ``<home>/intake``."""
        root = home / "intake"
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._target = root / identifier
        self._folder = root / f"{identifier}{READING}"
        self._folder.mkdir(mode=0o700)
        self._good: IO[bytes] = (self._folder / "good").open("wb")
        self._bad: IO[bytes] = (self._folder / "bad").open("wb")

    def good(self, text: bytes) -> None:
        """Add good records."""
        _add(self._good, text)

    def bad(self, rejected: list[Rejected]) -> None:
        """Add bad records."""
        _add(
            self._bad,
            json.dumps([one.as_json() for one in rejected], ensure_ascii=False).encode("utf-8", "replace"),
        )

    def accept(self, description: dict[str, Any]) -> Spool:
        """Make what was written durable, then accept it."""
        with (self._folder / "delivery.json").open("w", encoding="utf-8") as file:
            json.dump(description, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        for stream in (self._good, self._bad):
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()
        _sync(self._folder)
        self._folder.rename(self._target)
        _sync(self._target.parent)
        return Spool(self._target)

    def discard(self) -> None:
        """Delete what was written."""
        self._good.close()
        self._bad.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def accepted(home: Path) -> list[Spool]:
    """Return the deliveries that were accepted and perhaps not promoted to the end, oldest first."""
    root = home / "intake"
    if not root.is_dir():
        return []
    return [
        Spool(folder) for folder in sorted(root.iterdir()) if folder.is_dir() and folder.suffix != READING
    ]


def clean(home: Path) -> None:
    """Delete what was being read when the last process ended; call it before anything is read."""
    root = home / "intake"
    for folder in root.glob(f"*{READING}") if root.is_dir() else ():
        shutil.rmtree(folder, ignore_errors=True)


def _add(stream: IO[bytes], data: bytes) -> None:
    packed = zlib.compress(data, 1)
    stream.write(_LENGTH.pack(len(packed)) + packed)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while head := file.read(_LENGTH.size):
            (length,) = _LENGTH.unpack(head)
            yield zlib.decompress(file.read(length))


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
