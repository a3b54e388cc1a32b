"""Who answers the commands about datasets: a store that this process owns, or the server that has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import quote, urlencode

from kb.cli.remote import Remote, as_object
from kb.errors import Text
from kb.services.datasets import DatasetViews
from kb.services.workspace import Workspace
from kb.sharing.incoming import Incoming
from kb.sharing.reading import MEDIA_TYPES

ACTOR = "command line"
PAGE = 1_000
LONGEST = 3_600.0
"""Seconds that a server may take over the largest file."""
SENDING = Text("发送（字节）", "sending (bytes)")
Progress = Callable[[Text, int, int], None]


class DatasetDesk(Protocol):
    """What the commands about datasets ask for. Answers are JSON as of the HTTP API."""

    def listed(self) -> list[dict[str, Any]]:
        """Return every dataset."""
        ...

    def shown(self, path: str) -> dict[str, Any]:
        """Return all that is to be said of one dataset."""
        ...

    def declare(self, text: bytes) -> list[str]:
        """Enter declarations in Turtle; return the paths of what they declare."""
        ...

    def deliver(
        self, path: str, file: Path, progress: Progress, *, format_: str | None, mode: str | None, again: bool
    ) -> dict[str, Any]:
        """Hand in a file and return what became of it."""
        ...

    def judge(self, path: str, file: Path, progress: Progress, *, format_: str | None) -> dict[str, Any]:
        """Return what would become of a file."""
        ...

    def deliveries(self, path: str) -> list[dict[str, Any]]:
        """Return the deliveries of a dataset, newest first."""
        ...

    def quarantined(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield the records of a dataset that broke their contract."""
        ...

    def withdraw(self, path: str, reason: str) -> int:
        """Take all records of a dataset out of the store; return how many quads those were."""
        ...


class LocalDatasets:
    """Answers from a store that this process owns."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace, self._intake = workspace, workspace.intake

    def listed(self) -> list[dict[str, Any]]:
        """Return every dataset."""
        return DatasetViews(self._workspace).listed()

    def shown(self, path: str) -> dict[str, Any]:
        """Return all that is to be said of one dataset."""
        return DatasetViews(self._workspace).told(path)

    def declare(self, text: bytes) -> list[str]:
        """Enter declarations in Turtle; return the paths of what they declare."""
        return [found.path for found in self._intake.declare(text, actor=ACTOR)]

    def deliver(
        self, path: str, file: Path, progress: Progress, *, format_: str | None, mode: str | None, again: bool
    ) -> dict[str, Any]:
        """Hand in a file and return what became of it."""
        outcome = self._intake.submit(
            self._intake.datasets.find(path),
            Incoming.of(file, file.name, format_),
            actor=ACTOR,
            increment=None if mode is None else mode == "increment",
            again=again,
            progress=progress,
        )
        return outcome.as_json()

    def judge(self, path: str, file: Path, progress: Progress, *, format_: str | None) -> dict[str, Any]:
        """Return what would become of a file."""
        found = Incoming.of(file, file.name, format_)
        return self._intake.judge(self._intake.datasets.find(path), found, progress=progress).as_json()

    def deliveries(self, path: str) -> list[dict[str, Any]]:
        """Return the deliveries of a dataset, newest first."""
        return [one.as_json() for one in self._intake.deliveries(self._intake.datasets.find(path))]

    def quarantined(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield the records of a dataset that broke their contract."""
        return (one.as_json() for one in self._intake.quarantined(self._intake.datasets.find(path)))

    def withdraw(self, path: str, reason: str) -> int:
        """Take all records of a dataset out of the store; return how many quads those were."""
        return self._intake.withdraw(self._intake.datasets.find(path), actor=ACTOR, reason=reason)


class RemoteDatasets:
    """Asks the server on this machine over its API."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def listed(self) -> list[dict[str, Any]]:
        """Return every dataset."""
        found: list[dict[str, Any]] = as_object(self._remote.ask("/api/datasets"))["datasets"]
        return found

    def shown(self, path: str) -> dict[str, Any]:
        """Return all that is to be said of one dataset."""
        return as_object(self._remote.ask(_address(path)))

    def declare(self, text: bytes) -> list[str]:
        """Enter declarations in Turtle; return the paths of what they declare."""
        found: list[str] = as_object(self._remote.ask("/api/datasets", text, media="text/turtle"))["datasets"]
        return found

    def deliver(
        self, path: str, file: Path, progress: Progress, *, format_: str | None, mode: str | None, again: bool
    ) -> dict[str, Any]:
        """Hand in a file and return what became of it."""
        return self._send(path, file, progress, format_, {"mode": mode, "again": "true" if again else None})

    def judge(self, path: str, file: Path, progress: Progress, *, format_: str | None) -> dict[str, Any]:
        """Return what would become of a file."""
        return self._send(path, file, progress, format_, {"judge": "true"})

    def deliveries(self, path: str) -> list[dict[str, Any]]:
        """Return the deliveries of a dataset, newest first."""
        return list(self._pages(path, "deliveries", "deliveries"))

    def quarantined(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield the records of a dataset that broke their contract."""
        return self._pages(path, "quarantine", "records")

    def withdraw(self, path: str, reason: str) -> int:
        """Take all records of a dataset out of the store; return how many quads those were."""
        address = f"{_address(path)}/records?{urlencode({'reason': reason})}"
        return int(as_object(self._remote.ask(address, method="DELETE", timeout=LONGEST))["removed"])

    def _send(
        self, path: str, file: Path, progress: Progress, format_: str | None, asked: dict[str, str | None]
    ) -> dict[str, Any]:
        found = Incoming.of(file, file.name, format_)  # what is wrong is said before it is sent
        media = next(media for media, name in MEDIA_TYPES.items() if name == found.format)
        given = {"name": found.name, "format": found.format, **asked}
        query = urlencode({key: value for key, value in given.items() if value})
        with file.open("rb") as stream:
            answer = self._remote.ask(
                f"{_address(path)}/deliveries?{query}",
                _Told(stream, found.size, progress),  # type: ignore[arg-type]  # reading is all that is asked of it
                media=media,
                length=found.size,
                timeout=LONGEST,
            )
        return as_object(answer)

    def _pages(self, path: str, part: str, key: str) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            address = f"{_address(path)}/{part}?{urlencode({'offset': offset, 'limit': PAGE})}"
            answer = as_object(self._remote.ask(address))
            yield from answer[key]
            offset += PAGE
            if offset >= answer["total"]:
                return


class _Told:
    """A file that tells how far it was read."""

    def __init__(self, stream: IO[bytes], size: int, progress: Progress) -> None:
        self._stream, self._size, self._progress = stream, size, progress
        self._done = 0

    def read(self, count: int = -1) -> bytes:
        data = self._stream.read(count)
        self._done += len(data)
        self._progress(SENDING, self._done, self._size)
        return data


def _address(path: str) -> str:
    return f"/api/datasets/{quote(path.strip('/'))}"
