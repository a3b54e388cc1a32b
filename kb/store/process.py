"""The server's handle on one worker process, which it may kill and replace at any time."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from kb.errors import StoreError, XiezhiError
from kb.store import wire
from kb.store.sandbox import Status

START = 10.0
"""Seconds that a process may take to enter its sandbox; it needs 0.1."""

HEADER = 1 << 16
"""The most bytes of a header, either way."""

_ROOT = Path(__file__).parents[2]
_log = logging.getLogger(__name__)


class Worker:
    """A place for a worker process, used by one thread at a time except for :meth:`stop`.

    *memory* is the limit of its address space in bytes, *file_size* of any file that it writes; *module* is
    what it runs. *release* is for the owner: what gives back
    what the process has open.
    """

    def __init__(self, memory: int, *, module: str = "kb.store.worker", file_size: int = 0) -> None:
        """Start the first process; it gets ready by itself."""
        self._command = [sys.executable, "-P", "-m", module, str(memory), str(file_size)]
        self.release: Callable[[], None] | None = None
        self._status: Status | None = None
        self._stopped = False
        self._start()

    def ready(self) -> Status:
        """Wait until the process has entered its sandbox; return the sandbox's status.

        One that died while it was idle is replaced: that was no query's fault.

        :raises StoreError: ``store.worker`` where it does not start.
        """
        if self._process.poll() is not None:
            self.restart()
        if self._status is None:
            try:
                header, _ = self._pipe.receive(time.monotonic() + START, HEADER)
            except (TimeoutError, EOFError) as error:
                raise _not_started(str(self.end())) from error
            self._status = Status(**header)
        return self._status

    def ask(self, frame: bytes, until: float, limit: int) -> tuple[wire.Header, bytes]:
        """Send a request and return the answer, by *until* of :func:`time.monotonic`.

        *limit* is in bytes of the answer's body.

        After any of these errors the process must be restarted: it may be in mid-sentence.

        :raises TimeoutError: at the deadline.
        :raises EOFError, OSError: where the process dies.
        """
        self._pipe.send(frame, until)
        return self._pipe.receive(until, limit + HEADER)

    def restart(self) -> int:
        """Kill the process and start another; return the exit code of the old one."""
        code = self.end()
        if not self._stopped:
            _log.warning("worker %d ended with %d and is replaced", self._process.pid, code)
            self._start()
        return code

    def stop(self) -> None:
        """Kill the process for good; from any thread, so its pipes are left to their user."""
        self._stopped = True
        self._process.kill()

    def end(self) -> int:
        """Kill the process, close its pipes and return its exit code."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        return self._process.wait()

    def _start(self) -> None:
        self._status = None
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                # Nothing of the server's environment; few malloc arenas: their address space counts.
                env={"PYTHONPATH": str(_ROOT), "MALLOC_ARENA_MAX": "2"},
                start_new_session=True,  # Ctrl-C in a terminal is for the server
            )
        except OSError as error:
            raise _not_started(str(error)) from error
        assert self._process.stdin is not None  # both are pipes
        assert self._process.stdout is not None
        self._pipe = wire.Pipe(self._process.stdout.fileno(), self._process.stdin.fileno())


def _not_started(detail: str) -> XiezhiError:
    return StoreError.of(
        "store.worker",
        f"查询进程无法启动（{detail}）",
        f"a worker process does not start ({detail})",
        where=sys.executable,
        repair=("检查内存和进程数限制", "check the limits of memory and processes"),
    )
