"""Strangers' queries: a gate, then disposable processes with a deadline.

The engine can run for hours, overflow its stack or eat the memory on a few lines of SPARQL, and
cannot be interrupted. So each query runs in a worker process: at the deadline, or when it
crashes, that process is gone, its query gets an honest error, and another process takes its
place. The server and the other queries do not notice.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from kb.errors import QueryRefused, QueryStopped, StoreError, XiezhiError
from kb.store import formats, gate, wire
from kb.store.endpoints import Endpoint
from kb.store.federation import Federation
from kb.store.process import Worker
from kb.store.protocol import Store
from kb.store.turns import Turns
from kb.store.views import EVERYTHING, Reader, Views

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may use.

    *deadline* in seconds of wall time, running; *wait* in seconds for a free worker; *waiting*,
    the queries that may wait; *rows* of the answer, beyond which it is cut and flagged; *size* of
    the answer and *memory* of its worker in bytes.
    """

    deadline: float = 5.0
    wait: float = 5.0
    waiting: int = 64
    rows: int = 10_000
    size: int = 32 << 20
    memory: int = 1536 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer: *body* in *media_type*; *truncated* where it had more rows than allowed."""

    body: bytes
    media_type: str
    truncated: bool


@dataclass(frozen=True, slots=True)
class Dataset:
    """The graphs that a request names: *default* are merged, *named* are for ``GRAPH`` (IRIs).

    With none of either, the default graph is the union of all graphs, unless the query itself says ``FROM``.
    """

    default: Sequence[str] = ()
    named: Sequence[str] = ()


class Service:
    """Answers strangers' queries on *store*, with checkpoints in *folder* on the same disk.

    Queries see the graphs that their reader may see, and never ``graph/system``; the default graph is
    their union, in which a triple of two graphs shows twice. They lag behind the store by 0.3 seconds
    at most, longer only where a checkpoint takes long to make. Thread-safe; to be closed before the store.

    :raises StoreError: ``store.worker`` where no worker starts.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        *,
        workers: int = 2,
        limits: Limits | None = None,
        endpoints: Mapping[str, Endpoint] | None = None,
    ) -> None:
        """Start the workers, which takes 0.2 seconds, and warn where their sandbox has a gap.

        *endpoints*, by IRI, are those that ``SERVICE`` and ``LOAD`` may name; without any they are refused.
        """
        self._limits = limits or Limits()
        self.federation = Federation(endpoints) if endpoints else None
        self._closed = False
        self.views = Views(store, folder)
        self._places = threading.BoundedSemaphore(workers + self._limits.waiting)
        self._turns = Turns(max(1, workers - 1), self._limits.waiting // 2)
        self._workers = [Worker(self._limits.memory) for _ in range(workers)]
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        for worker in self._workers:
            self._idle.put(worker)
        try:
            self.status = self._workers[0].ready()
        except StoreError:
            self.close()
            raise
        if not self.status.complete:
            _log.warning(
                "THE SANDBOX OF STRANGERS' QUERIES HAS A GAP on this platform: %s. "
                "Run on Linux (x86_64 or aarch64), or let nobody in whom you do not trust.",
                self.status.reason,
            )

    def select(
        self,
        query_text: str,
        accept: str = "",
        *,
        reader: Reader = EVERYTHING,
        dataset: Dataset = Dataset(),
        base: str | None = None,
        asker: Hashable = None,
        before_asking: Callable[[], None] | None = None,
    ) -> Answer:
        """Answer a ``SELECT``, ``ASK``, ``CONSTRUCT`` or ``DESCRIBE``; *accept* as in HTTP.

        *dataset* may name any graphs; of those that *reader* may not see, it finds none. IRIs in the
        query are relative to *base*. *asker* is whoever shall not take the last worker from others, nor half
        of the places to wait. *before_asking* is called where the query has a ``SERVICE``, before anything is
        sent, and may refuse by an error.

        :raises QueryRefused: by the gate (:func:`kb.store.gate.check`), ``query.service`` (HTTP 403),
            ``query.not-acceptable`` (406), ``query.syntax``, ``query.impossible`` (400), ``query.unwritable``
            (406).
        :raises QueryStopped: ``query.timeout`` (504), ``query.crashed``, ``query.memory``,
            ``query.answer-too-large``, ``query.failed``, ``query.service-failed``, ``query.busy``,
            ``query.closed`` (503).
        """
        gated = gate.check(query_text, service=self.federation is not None)
        media = formats.choose(accept, gated.form)
        request = {
            "media": media,
            "default": list(dataset.default),
            "named": list(dataset.named),
            "own": gated.names_dataset,
            "base": base,
        }
        try:
            with self._turns.of(asker, self._limits.wait):
                if self.federation is not None:
                    query_text = self.federation.query(query_text, before_asking)
                return self._run(query_text, request, reader)
        except TimeoutError:
            raise _stopped("busy") from None

    def close(self) -> None:
        """End the workers, with whatever they are doing, and delete the checkpoints."""
        if self._closed:
            return
        self._closed = True
        for worker in self._workers:
            worker.stop()
        for worker in [self._idle.get() for _ in self._workers]:  # who uses one gives it back at once
            worker.end()
            self._idle.put(worker)  # for those who wait, to be told
        self.views.close()
        if self.federation is not None:
            self.federation.close()

    def __enter__(self) -> Self:
        """Return the service, to be closed at the end of the block."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the service."""
        self.close()

    def _run(self, text: str, request: wire.Header, reader: Reader) -> Answer:
        """Run a query that has passed the gate, as soon as a worker is free."""
        if not self._places.acquire(blocking=False):
            raise _stopped("busy")
        try:
            try:
                worker = self._idle.get(timeout=self._limits.wait)
            except queue.Empty:
                raise _stopped("busy") from None
            try:
                header, body = self._ask(worker, text, request, reader)
            finally:
                self._idle.put(worker)
        finally:
            self._places.release()
        if "error" in header:
            raise _stopped(header["error"], header.get("detail", ""))
        return Answer(body, request["media"], header["truncated"])

    def _ask(
        self, worker: Worker, text: str, request: wire.Header, reader: Reader
    ) -> tuple[wire.Header, bytes]:
        if self._closed:
            raise _stopped("closed")
        worker.ready()
        (checkpoint, release), previous = self.views.acquire(reader), worker.release
        worker.release = release
        if previous is not None:
            previous()
        limits = self._limits
        request = request | {
            "checkpoint": str(checkpoint),
            "rows": limits.rows,
            "bytes": limits.size,
            "deadline": limits.deadline,
        }
        try:
            frame = wire.encode(request, text.encode())
            return worker.ask(frame, time.monotonic() + limits.deadline, limits.size)
        except TimeoutError:
            worker.restart()
            raise _stopped("timeout", f"{limits.deadline:g}") from None
        except (EOFError, OSError):
            code = worker.restart()
            raise _stopped("closed" if self._closed else "crashed", str(code)) from None
        except BaseException:
            worker.restart()  # Ctrl-C in the middle of a frame
            raise


def _stopped(error: str, detail: str = "") -> XiezhiError:
    """Return the error for a verdict of a worker or of the pool."""
    kind, zh, en, repair = _VERDICTS[error]
    return kind.of(f"query.{error}", zh.format(detail), en.format(detail), repair=repair)


_SMALLER = ("缩小查询范围，或加 LIMIT", "narrow the query, or add LIMIT")
_VERDICTS: dict[str, tuple[type[XiezhiError], str, str, tuple[str, str]]] = {
    "syntax": (
        QueryRefused,
        "查询语法错误：{}",
        "the query is not well written: {}",
        ("按 SPARQL 1.1 语法修改", "mend it by the grammar of SPARQL 1.1"),
    ),
    "impossible": (
        QueryRefused,
        "查询无法执行：{}",
        "the query cannot be carried out: {}",
        ("改正所指的函数或图", "mend the function or graph that it names"),
    ),
    "unwritable": (
        QueryRefused,
        "结果无法用所要求的格式表示：{}",
        "the format asked for cannot express the answer: {}",
        ("改用 JSON 或 N-Triples", "ask for JSON or N-Triples"),
    ),
    "timeout": (
        QueryStopped,
        "查询运行超过 {} 秒，已停止",
        "the query ran {} seconds and was stopped",
        _SMALLER,
    ),
    "crashed": (
        QueryStopped,
        "查询使其进程崩溃（{}）：嵌套太深或占用内存太多；服务继续运行",
        "the query crashed its process ({}), nested too deep or too hungry for memory; the service goes on",
        _SMALLER,
    ),
    "memory": (QueryStopped, "查询用尽了内存", "the query used up its memory", _SMALLER),
    "answer-too-large": (QueryStopped, "结果超过大小上限", "the answer is larger than allowed", _SMALLER),
    "failed": (QueryStopped, "查询未能完成：{}", "the query could not be completed: {}", _SMALLER),
    "busy": (
        QueryStopped,
        "查询太多，暂无空闲",
        "too many queries are running",
        ("稍后再试", "try again in a moment"),
    ),
    "closed": (
        QueryStopped,
        "查询服务已关闭",
        "the query service is closed",
        ("稍后再试", "try again in a moment"),
    ),
}
