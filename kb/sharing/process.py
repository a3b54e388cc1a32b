"""The server's side of a worker: one process for one file, and nothing that it says is believed.

What comes back is N-Triples of which every triple must be about a record of the dataset and use a property
of the contract, and JSON of which every part must be a text. A worker that says anything else, or nothing,
is ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, parse

from kb.errors import Fault, StoreError, Text, XiezhiError
from kb.sharing.contracts import Contract
from kb.sharing.errors import DeliveryRefused
from kb.sharing.problems import Rejected
from kb.store import wire
from kb.store.process import HEADER, START

MEMORY = 1536 << 20
"""The address space of a worker, in bytes."""
FRAME = 256 << 20
"""The most bytes of one frame."""
DEADLINE = 60.0
"""Seconds that any file may take, beside those for its size."""
PACE = 200_000
"""Bytes a second that a worker gets through at the least: a fifth of what was measured."""
_ROOT = Path(__file__).parents[2]
_TYPES = {NamedNode, Literal}


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker needs to know: where records belong and how they are judged."""

    contract: Contract
    base: str
    """What the IRIs of records begin with."""
    lookups: dict[str, dict[str, list[str]]]

    def encoded(self, format_: str, deadline: float) -> bytes:
        """Return the job as the frame that a worker reads."""
        contract = self.contract
        return wire.encode(
            {
                "contract": contract.name,
                "mapping": contract.mapping,
                "shapes": contract.shapes,
                "classes": contract.classes,
                "contexts": contract.contexts,
                "personal": sorted(contract.personal),
                "base": self.base,
                "lookups": self.lookups,
                "format": format_,
                "deadline": deadline,
            }
        )


@dataclass(frozen=True, slots=True)
class Good:
    """Records that keep the contract: *text* is their N-Triples; *at* bytes of the file were read."""

    records: int
    at: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Bad:
    """Records that break the contract."""

    records: int
    at: int
    rejected: list[Rejected]


def read(path: Path, format_: str, job: Job) -> Iterator[Good | Bad]:
    """Let a worker read the file at *path*; yield what it finds, in the order of the file.

    :raises DeliveryRefused: by the worker, or where it dies, takes too long or says what it must not.
    """
    deadline = DEADLINE + path.stat().st_size / PACE
    with path.open("rb") as file:
        process = _start(file.fileno(), format_)
    try:
        yield from _frames(process, job.encoded(format_, deadline), time.monotonic() + deadline)
    finally:
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        process.wait()


def quads(good: bytes, graph: NamedNode, job: Job) -> list[Quad]:
    """Return N-Triples of a worker as quads of *graph*; the server, not the worker, says which graph.

    :raises DeliveryRefused: ``delivery.answer`` where one is about something else or says something else.
    """
    lines, start = good.count(b"\n"), b"<" + job.base.encode()
    # Every line begins with a record and ends where a graph can be put: a line that brings its own graph is
    # no N-Quads any more.
    if good.count(b" .\n") != lines or (b"\n" + good).count(b"\n" + start) != lines or good[-1:] != b"\n":
        raise _stopped("answer", "lines")
    try:
        found = list(
            parse(good.replace(b" .\n", b" " + str(graph).encode() + b" .\n"), format=RdfFormat.N_QUADS)
        )
    except SyntaxError as error:
        raise _stopped("answer", str(error)) from error
    predicates = set(map(NamedNode, job.contract.predicates))
    if not {quad.predicate for quad in found} <= predicates or not {type(q.object) for q in found} <= _TYPES:
        raise _stopped("answer", "terms")
    return found


def _start(descriptor: int, format_: str) -> subprocess.Popen[bytes]:
    inherited = os.dup(descriptor)
    try:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", "kb.sharing.worker", str(MEMORY), str(inherited), format_],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            pass_fds=(inherited,),
            # Nothing of the server's environment; few malloc arenas: their address space counts.
            env={"PYTHONPATH": str(_ROOT), "MALLOC_ARENA_MAX": "2"},
            start_new_session=True,
        )
    except OSError as error:
        raise StoreError.of(
            "store.worker", f"工作进程无法启动（{error}）", f"a worker process does not start ({error})"
        ) from error
    finally:
        os.close(inherited)


def _frames(process: subprocess.Popen[bytes], job: bytes, until: float) -> Iterator[Good | Bad]:
    assert process.stdin is not None  # both are pipes
    assert process.stdout is not None
    pipe = wire.Pipe(process.stdout.fileno(), process.stdin.fileno())
    total = 0
    try:
        pipe.receive(time.monotonic() + START, HEADER)  # hello: the sandbox is closed
        pipe.send(job, until)
        while True:
            header, body = pipe.receive(until, FRAME)
            match header:
                case {"kind": "good", "records": int(count), "at": int(at)} if count > 0:
                    total += count
                    yield Good(count, at, body)
                case {"kind": "bad", "records": int(count), "at": int(at)}:
                    rejected = [Rejected.of_json(one) for one in json.loads(body)]
                    if len(rejected) != count:
                        raise ValueError("records")
                    total += count
                    yield Bad(count, at, rejected)
                case {"kind": "end", "records": int(count)} if count == total:
                    return
                case {"kind": "refused", "fault": fault}:
                    raise DeliveryRefused([_fault(fault)])
                case _:
                    raise ValueError("frame")
    except TimeoutError:
        raise _stopped("timeout") from None
    except (EOFError, OSError):
        process.kill()
        raise _stopped("crashed", str(process.wait())) from None
    except (ValueError, KeyError, TypeError) as error:
        raise _stopped("answer", repr(error)) from error


def _fault(data: Any) -> Fault:
    repair = data["repair"]
    return Fault(
        str(data["code"])[:100],
        Text(str(data["message"]["zh"])[:1000], str(data["message"]["en"])[:1000]),
        str(data["where"])[:500],
        None if repair is None else Text(str(repair["zh"])[:1000], str(repair["en"])[:1000]),
    )


def _stopped(error: str, detail: str = "") -> XiezhiError:
    zh, en = _VERDICTS[error]
    return DeliveryRefused.of(
        f"delivery.{error}",
        zh.format(detail),
        en.format(detail),
        repair=("检查文件，或拆成几个较小的文件", "check the file, or split it"),
    )


_VERDICTS = {
    "timeout": ("读取文件超时，已停止", "reading the file took too long and was stopped"),
    "crashed": (
        "文件使读取进程崩溃（{}）；服务继续运行",
        "the file crashed the process that read it ({}); the service goes on",
    ),
    "answer": (
        "读取进程的回答不合规：{}",
        "the process that read the file gave an answer that it must not give: {}",
    ),
}
