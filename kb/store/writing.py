"""Strangers' writes: SPARQL updates and uploaded graphs, run in a process apart, checked, then journalled.

What comes out of the process (:mod:`kb.store.tasks`) is only a proposal. The change is compared with the
rights of the writer quad by quad and goes through the same journal as all others, so the audit knows who
wrote what.

::

    InputError
    ├── Forbidden       write.graph     the change touches a graph that the writer may not write
    ├── QueryRefused    query.*         the update is not well written, or would reach other servers
    └── FileRefused     file.*          the file is not well written, or dangerous
    QueryStopped        query.*         time, memory or size
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import pyoxigraph
from pyoxigraph import NamedNode, Quad, RdfFormat, Triple

from kb.errors import Forbidden, InputError, QueryRefused, QueryStopped, XiezhiError
from kb.store import gate, wire
from kb.store.process import Worker
from kb.store.protocol import Change, Receipt, Store
from kb.store.tasks import DEFAULT, PARSED
from kb.store.using import with_dataset
from kb.store.views import Reader
from kb.store.workers import Dataset, Service

__all__ = ["DEFAULT", "PARSED", "FileRefused", "Limits", "Writer", "Writes"]


SPARE = 2
"""Processes that are kept for the next write; starting one takes 0.1 seconds."""


class FileRefused(InputError):
    """A file that somebody uploaded is not well written, or dangerous; nothing of it was stored."""


class Writer(Reader, Protocol):
    """Whoever writes: a reader with a *name* for the journal who may write some graphs."""

    @property
    def name(self) -> str:
        """What the journal calls him."""
        ...

    def writes(self, graph: NamedNode) -> bool:
        """Whether he may write the named graph."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What one write may use: *deadline* in seconds, *memory*, *answer* and *file* in bytes."""

    deadline: float = 30.0
    memory: int = 1536 << 20
    answer: int = 64 << 20
    file: int = 1 << 30


class Writes:
    """Takes writes into *store*; *service* shows what a writer may see, *folder* is on the same disk.

    One write at a time: each sees what those before it did. Thread-safe; to be closed before the service.
    """

    def __init__(self, store: Store, service: Service, folder: Path, limits: Limits | None = None) -> None:
        """Delete what lies in *folder* from a crash."""
        self._store, self._service, self._folder = store, service, folder
        self._limits = limits or Limits()
        self._one = threading.Lock()
        self._spare: deque[Worker] = deque()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def update(
        self,
        text: str,
        writer: Writer,
        dataset: Dataset = Dataset(),  # noqa: B008
        base: str | None = None,
        before_asking: Callable[[], None] | None = None,
    ) -> Receipt | None:
        """Run the SPARQL update *text*; return the receipt, ``None`` where it changed nothing.

        *dataset* are the protocol's ``using-graph-uri`` and ``using-named-graph-uri``. IRIs in the update
        are relative to *base*. *before_asking* as of :meth:`kb.store.workers.Service.select`.
        """
        federation = self._service.federation
        gate.check_update(text, service=federation is not None)
        reason = text
        text = with_dataset(text, dataset.default, dataset.named)
        if federation is not None:
            text = federation.update(text, self._parsed, PARSED, before_asking)
        with self._one, tempfile.TemporaryDirectory(dir=self._folder) as place:
            original, release = self._service.views.acquire(writer)
            try:
                copy = Path(place) / "copy"
                shutil.copytree(original, copy, copy_function=_link)
                fixed = [name.value for name in self._store.graphs() if not writer.writes(name)]
                folders = {"original": str(original), "copy": str(copy)}
                header = {"task": "update", "base": base, "fixed": fixed, **folders}
                answer = self._run(header, text.encode(), writer)
            finally:
                release()
            end = 8 + int.from_bytes(answer[:8])
            change = Change(_quads(answer[8:end]), _quads(answer[end:]))
            return self._commit(change, writer, "sparql update", reason)

    def parse(self, body: bytes, media: str, base: str) -> list[Triple]:
        """Return the triples of the uploaded file *body* of type *media*, relative to the IRI *base*.

        :raises FileRefused: ``file.media-type`` (HTTP 415), ``file.syntax``, ``file.doctype`` … (422).
        """
        if media not in PARSED:
            raise _refused("media-type", media)
        quads = pyoxigraph.parse(self._parsed(body, media, base), format=RdfFormat.N_TRIPLES)
        return [quad.triple for quad in quads]

    def put(
        self,
        graph: NamedNode,
        triples: Iterable[Triple],
        writer: Writer,
        condition: Callable[[], None] = lambda: None,
    ) -> None:
        """Make *graph* hold *triples* and nothing else, unless *condition*, asked just before, raises."""
        self._require(writer, [graph])
        new = _in(graph, triples)
        with self._one:
            condition()
            old = set(self._store.match(None, None, None, graph))
            self._commit(Change(list(new - old), list(old - new)), writer, "graph put", graph.value)

    def post(
        self,
        graph: NamedNode,
        triples: Iterable[Triple],
        writer: Writer,
        condition: Callable[[], None] = lambda: None,
    ) -> None:
        """Add *triples* to *graph*, unless *condition*, asked just before, raises."""
        self._require(writer, [graph])
        with self._one:
            condition()
            self._commit(Change(list(_in(graph, triples))), writer, "graph post", graph.value)

    def close(self) -> None:
        """End the processes that wait for the next write."""
        while self._spare:
            self._spare.pop().end()

    def __enter__(self) -> Self:
        """Return the writes, to be closed at the end of the block."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the writes."""
        self.close()

    def _parsed(self, body: bytes, media: str, base: str) -> str:
        """Return a file in N-Triples, its blank nodes under labels of their own."""
        return self._run({"task": "parse", "media": media, "base": base}, body).decode()

    def _run(self, header: dict[str, Any], body: bytes, writer: Writer | None = None) -> bytes:
        """Do a task in a process; return its answer. What *writer* may not write is told first."""
        limits = self._limits
        request = header | {"deadline": limits.deadline, "bytes": limits.answer}
        worker, fit = self._worker(), False
        until = time.monotonic() + limits.deadline
        try:
            worker.ready()
            answer, content = worker.ask(wire.encode(request, body), until, limits.answer + 16)
            fit = len(self._spare) < SPARE
        except TimeoutError:
            raise _stopped("timeout", f"{limits.deadline:g}") from None
        except (EOFError, OSError) as error:
            raise _stopped("crashed", str(error)) from None
        finally:
            if fit:
                self._spare.append(worker)
            else:
                worker.end()
        if writer is not None:
            self._require(writer, map(NamedNode, answer.get("graphs", ())))
        if "error" in answer:
            code, detail = answer["error"], answer.get("detail", "")
            if code in _STOPS:
                raise _stopped(code, detail)
            raise _refused(code, detail) if header["task"] == "parse" else _bad_update(code, detail)
        return content

    def _worker(self) -> Worker:
        try:
            return self._spare.pop()
        except IndexError:
            return Worker(self._limits.memory, module="kb.store.tasks", file_size=self._limits.file)

    def _commit(self, change: Change, writer: Writer, action: str, reason: str) -> Receipt | None:
        names = [name for name in change.graphs if isinstance(name, NamedNode)]
        self._require(writer, names)
        if not change.additions and not change.removals:
            return None
        receipt = self._store.commit(change, actor=writer.name, action=action, reason=reason)
        self._service.views.expire()  # who wrote it reads it
        return receipt

    def _require(self, writer: Writer, graphs: Iterable[NamedNode]) -> None:
        for name in graphs:
            if not writer.writes(name):
                raise Forbidden.of(
                    "write.graph",
                    "没有写此图的权限；什么都没有改",
                    "you may not write this graph; nothing was changed",
                    where=name.value,
                    repair=(
                        f"写自己的图（本系统之外的 IRI，或 {DEFAULT.value}），或用数据集接口提交",
                        "write a graph of your own (an IRI outside this system, or "
                        f"{DEFAULT.value}), or deliver a dataset",
                    ),
                )


def _link(source: str, target: str) -> None:
    """Copy one file of a checkpoint: table files never change and are linked, the few others copied."""
    if source.endswith(".sst"):
        Path(target).hardlink_to(source)
    else:
        shutil.copy2(source, target)


def _quads(text: bytes) -> list[Quad]:
    return list(pyoxigraph.parse(text, format=RdfFormat.N_QUADS))


def _in(graph: NamedNode, triples: Iterable[Triple]) -> set[Quad]:
    return {Quad(triple.subject, triple.predicate, triple.object, graph) for triple in triples}


_STOPS = {
    "timeout": ("写入运行超过 {} 秒，已停止", "the write ran {} seconds and was stopped"),
    "crashed": (
        "写入使其进程崩溃（{}）；服务继续运行",
        "the write crashed its process ({}); the service goes on",
    ),
    "memory": ("写入用尽了内存", "the write used up its memory"),
    "too-large": ("改动或文件太大", "the change or the file is too large"),
    "failed": ("写入未能完成：{}", "the write could not be completed: {}"),
}
_FILES = {
    "media-type": ("不支持这种格式：{}", "this format is not supported: {}"),
    "syntax": ("文件有语法错误：{}", "the file is not well written: {}"),
    "impossible": ("文件无法读取：{}", "the file cannot be read: {}"),
    "doctype": ("文件含文档类型或实体声明", "the file declares a document type or an entity"),
    "too-deep": ("{}", "{}"),
    "context": ("JSON-LD 引用了别处的 @context", "the JSON-LD refers to a context that lies elsewhere"),
}


def _stopped(code: str, detail: str) -> XiezhiError:
    zh, en = _STOPS[code]
    return QueryStopped.of(
        f"query.{code}", zh.format(detail), en.format(detail),
        repair=("分成几个较小的改动", "split it into smaller changes"),
    )  # fmt: skip


def _refused(code: str, detail: str) -> XiezhiError:
    zh, en = _FILES[code]
    return FileRefused.of(
        f"file.{code}", zh.format(detail), en.format(detail),
        repair=(f"可用格式：{', '.join(PARSED)}", f"formats: {', '.join(PARSED)}"),
    )  # fmt: skip


_UPDATES = {
    "syntax": (
        ("更新语法错误：{}", "the update is not well written: {}"),
        ("按 SPARQL 1.1 Update 语法修改", "mend it by the grammar of SPARQL 1.1 Update"),
    ),
    "impossible": (
        ("更新无法执行：{}", "the update cannot be carried out: {}"),
        ("改正所指的函数或图，或加 SILENT", "mend the function or graph that it names, or add SILENT"),
    ),
}


def _bad_update(code: str, detail: str) -> XiezhiError:
    (zh, en), repair = _UPDATES[code]
    return QueryRefused.of(f"query.{code}", zh.format(detail), en.format(detail), repair=repair)
