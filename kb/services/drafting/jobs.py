"""The server's side of the workers: what runs or waits, with limits; what was found is kept in files.

One task runs at a time: it takes a processor for half a minute, and incidents come first. Nothing that a
worker says is believed but as text on a page, with a bound on its length.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kb.errors import Fault, StoreError, Text, XiezhiError
from kb.ontology.knowledge import Knowledge
from kb.services.drafting.reading import told
from kb.services.drafting.shelf import keep_result, read_result
from kb.services.workspace import Workspace
from kb.store import wire
from kb.store.checkpoints import Checkpoints
from kb.store.process import HEADER, START

MEMORY, FILE_SIZE = 4 << 30, 512 << 20
"""Address space of a worker, and the largest file that it may write, in bytes."""
DEADLINES = {
    "check": 600.0,
    "test": 300.0,
    "impact": 600.0,
    "difference": 600.0,
    "coverage": 600.0,
    "firing": 300.0,
}
"""Seconds that a task may take: five times what it needs on two busy cores."""
READING, READINGS = 15.0, 4
"""Seconds for reading one text; so many texts at a time."""
WAITING = 12
"""Tasks that may wait."""
ANSWER = 64 << 20
"""The most bytes of an answer."""
_ROOT = Path(__file__).parents[3]
WORDS = {
    "timeout": Text("用时过长，已停止", "it took too long and was stopped"),
    "crashed": Text(
        "处理进程崩溃（内存或时间超限）；服务继续运行",
        "the process broke down (out of memory or time); the service goes on",
    ),
    "answer": Text("处理进程的回答不合规", "the process gave an answer that it must not give"),
}


class Busy(StoreError):
    """Too many tasks wait already (HTTP 503)."""


@dataclass
class Job:
    """One task of somebody: *state* is ``waiting``, ``running`` or ``done``; what it found is in its file."""

    task: str
    keep: Path
    about: str
    state: str = "waiting"
    started: float = 0.0
    made: float = field(default_factory=time.monotonic)

    @property
    def folder(self) -> Path:
        """The folder that must be there for what it finds to be kept."""
        return self.keep.parent.parent

    @property
    def seconds(self) -> float:
        """So long it has run, or waited."""
        return time.monotonic() - (self.started or self.made)


class Jobs:
    """Starts workers on frozen copies of the store of *workspace*. Thread-safe."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._folder = workspace.home / "drafts" / ".checkpoints"
        self._checkpoints: Checkpoints | None = None
        self._lock = threading.Lock()
        self._turn, self._reading = threading.Lock(), threading.Semaphore(READINGS)
        self._jobs: dict[Path, Job] = {}

    def of_knowledge(self, task: str) -> Path:
        """Return the file that keeps what *task* finds of the knowledge in force."""
        return self._workspace.home / "drafts" / ".knowledge" / self._workspace.release / f"{task}.json"

    def running(self, keep: Path) -> Job | None:
        """Return the job that will write *keep*, if one runs or waits."""
        with self._lock:
            return self._jobs.get(keep)

    def start(
        self,
        task: str,
        keep: Path,
        about: str,
        *,
        base: Knowledge | None = None,
        files: Path | None = None,
        other: Knowledge | None = None,
    ) -> Job:
        """Do *task* in the background and write what it finds to *keep*: ``about``, ``at``, ``result``.

        :param about: what the result will be about: a digest.
        :param base: the knowledge; that in force. *files* are laid over it, *other* stands for both.
        :raises Busy: too many wait. The same job twice is one job.
        """
        request = {
            "task": task,
            "home": str(self._workspace.home),
            "base": _folders(base or self._workspace.knowledge),
            "other": _folders(other) if other else None,
            "files": str(files) if files else None,
            "deadline": DEADLINES[task],
            "processor": DEADLINES[task],
        }
        with self._lock:
            if keep in self._jobs:
                return self._jobs[keep]
            if len(self._jobs) >= WAITING:
                raise Busy.of(
                    "draft.busy",
                    "等待的任务太多，请稍后再试",
                    "too many tasks wait; try again in a while",
                )
            job = self._jobs[keep] = Job(task, keep, about)
            if not files:  # what is about a draft is kept with the draft
                job.folder.mkdir(parents=True, exist_ok=True)
        threading.Thread(target=self._run, args=(job, request), name=f"task {task}", daemon=True).start()
        return job

    def read(self, path: str, text: str) -> list[Fault]:
        """Return what is wrong in one *text*, the file *path*, by itself; wait for it."""
        request = {"task": "read", "path": path, "deadline": READING, "processor": READING}
        with self._reading:
            answer = _asked(lambda: request, text.encode(), time.monotonic() + READING)
        return [
            fault_of(fault) for fault in answer.get("faults") or answer.get("result", {}).get("faults", [])
        ]

    def _run(self, job: Job, request: dict[str, Any]) -> None:
        found: dict[str, Any] = {}
        try:
            with self._turn:
                job.state, job.started = "running", time.monotonic()
                checkpoints = self._copies()
                copy = checkpoints.acquire()
                try:
                    request["checkpoint"] = str(copy)
                    found = _asked(lambda: request, b"", time.monotonic() + DEADLINES[job.task])
                finally:
                    checkpoints.release(copy)
        except XiezhiError as error:
            found = {"faults": [told(fault) for fault in error.faults]}
        finally:
            took = round(job.seconds, 1)
            at = datetime.now(UTC).isoformat(timespec="seconds")
            if job.folder.is_dir():  # else the draft was discarded meanwhile
                keep_result(job.keep, {"about": job.about, "at": at, "seconds": took, **found})
            job.state = "done"
            with self._lock:
                self._jobs.pop(job.keep, None)

    def _copies(self) -> Checkpoints:
        """Return the copies of the store; made when first needed, as most servers never need them."""
        if self._checkpoints is None:
            self._checkpoints = Checkpoints(self._workspace.store, self._folder)
        return self._checkpoints


def found(keep: Path) -> dict[str, Any] | None:
    """Return what a job wrote to *keep*; ``None``: none has."""
    return read_result(keep)


def fault_of(data: dict[str, Any]) -> Fault:
    """Return a fault of a worker's answer, each text cut to a length that a page can show."""

    def text(part: Any) -> Text:
        return Text(str(part["zh"])[:2000], str(part["en"])[:2000])

    repair = data.get("repair")
    return Fault(
        str(data["code"])[:100],
        text(data["message"]),
        str(data["where"])[:500],
        text(repair) if repair else None,
    )


def _folders(knowledge: Knowledge) -> list[str]:
    return [str(knowledge.ontology), str(knowledge.rules)]


def _asked(request: Callable[[], dict[str, Any]], body: bytes, until: float) -> dict[str, Any]:
    """Let a new process do a task; return ``{"result"}`` or ``{"faults"}``."""
    process = _start()
    assert process.stdin is not None  # both are pipes
    assert process.stdout is not None
    pipe = wire.Pipe(process.stdout.fileno(), process.stdin.fileno())
    try:
        pipe.receive(time.monotonic() + 3 * START, HEADER)  # hello: the sandbox is closed
        pipe.send(wire.encode(request(), body), until)
        header, answer = pipe.receive(until, ANSWER)
        key = "result" if header.get("done") else "faults"
        return {key: json.loads(answer)}
    except TimeoutError:
        return _stopped("timeout")
    except (EOFError, OSError):
        return _stopped("crashed")
    except ValueError:
        return _stopped("answer")
    finally:
        process.kill()
        process.stdin.close()
        process.stdout.close()
        process.wait()


def _start() -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", "kb.services.drafting.worker", str(MEMORY), str(FILE_SIZE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            # Nothing of the server's environment, and no path: what cannot be started is not looked for.
            env={"PYTHONPATH": str(_ROOT), "MALLOC_ARENA_MAX": "2", "PATH": "/nonexistent"},
            start_new_session=True,
        )
    except OSError as error:
        raise StoreError.of(
            "store.worker", f"工作进程无法启动（{error}）", f"a worker process does not start ({error})"
        ) from error


def _stopped(why: str) -> dict[str, Any]:
    repair = Text("把草案改小，或请系统管理员查看", "make the draft smaller, or ask the administrator")
    return {"faults": [told(Fault(f"draft.{why}", WORDS[why], "", repair))]}
