"""A worker: one process that reads, maps and validates one stranger's file, and then ends.

``python -P -m kb.sharing.worker MEMORY DESCRIPTOR`` closes the sandbox, says hello with its status, takes
one job on standard input and reads the file from the inherited DESCRIPTOR. Once it is in the sandbox it can
open no other file, no socket and no program. Its answer is a row of frames::

    {"kind": "good", "records": n, "at": bytes}   N-Triples, the records one after another
    {"kind": "bad", "records": n, "at": bytes}    a JSON list of rejected records
    {"kind": "end", "records": n}                 all were sent
    {"kind": "refused", "fault": …}               nothing can be read, or no more

The server believes none of it (:mod:`kb.sharing.process`). Whatever kills the process, nesting, memory, a
fault of a parser, kills nothing else.
"""

from __future__ import annotations

import codecs
import importlib
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import IO, Any

from kb.errors import both
from kb.sharing import csvw
from kb.sharing.judging import Judge
from kb.sharing.mapping import Mapped, Mapper
from kb.sharing.problems import Rejected
from kb.sharing.reading import Record, Unreadable, files
from kb.store import sandbox, wire

CHUNK = 20_000
"""Records that are validated together."""
JOB = 256 << 20
"""The most bytes of a job: it holds the names of a city's grids."""
GRACE = 5.0
"""Seconds after its deadline when a worker ends even if the server is no longer there."""


def main() -> None:
    """Do one job."""
    memory, descriptor, format_ = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    importlib.import_module("_strptime")  # datetime loads it when it first needs it: too late in here
    for name in ("gb18030", "utf-8-sig", "idna", "unicode_escape", "cp437"):
        codecs.lookup(name)
    if format_ == "xlsx":
        import openpyxl.reader.excel  # noqa: F401 - half a second that other formats need not wait
    status = sandbox.enter(memory)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))  # what is open stays open; nothing else opens
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    answers = sys.stdout.buffer
    _send(answers, asdict(status))
    job, _ = wire.decode(sys.stdin.buffer.read, JOB)
    signal.setitimer(signal.ITIMER_REAL, job["deadline"] + GRACE)
    with os.fdopen(descriptor, "rb") as file:
        try:
            run(job, file, answers)
        except Unreadable as error:
            _refuse(answers, error)
        except (MemoryError, RecursionError):
            _refuse(
                answers,
                Unreadable(
                    "memory",
                    "文件太大或嵌套太深，超出内存上限",
                    "the file is too large or too deep for the memory that it may use",
                ),
            )


def run(job: dict[str, Any], file: IO[bytes], answers: IO[bytes]) -> None:
    """Answer *job* about *file* with frames to *answers*."""
    table = csvw.read(job["mapping"], job["contract"])
    mapper = Mapper(table, job["base"], job["lookups"], job["personal"])
    judge = Judge(job["shapes"], table, job["personal"])
    records = files.read(file, job["format"], table, job["classes"], job["contexts"], job["base"])
    total = 0
    for chunk in _chunks(records):
        mapped = [mapper.map(record) for record in chunk]
        judge.judge(mapped)
        at = _position(file)
        good = [one for one in mapped if not one.problems]
        bad = [_rejected(one, mapper) for one in mapped if one.problems]
        total += len(mapped)
        if good:
            body = "".join(" .\n".join(one.lines) + " .\n" for one in good).encode()
            _send(answers, {"kind": "good", "records": len(good), "at": at}, body)
        if bad:
            for start in range(0, len(bad), 2_000):
                part = bad[start : start + 2_000]
                body = json.dumps([one.as_json() for one in part], ensure_ascii=False).encode(
                    "utf-8", "replace"
                )
                _send(answers, {"kind": "bad", "records": len(part), "at": at}, body)
    _send(answers, {"kind": "end", "records": total})


def _chunks(records: Iterator[Record]) -> Iterator[list[Record]]:
    chunk: list[Record] = []
    for record in records:
        chunk.append(record)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _rejected(mapped: Mapped, mapper: Mapper) -> Rejected:
    record = mapped.record
    return Rejected(record.position, mapped.subject, mapper.original(record), tuple(mapped.problems[:50]))


def _position(file: IO[bytes]) -> int:
    """Return how many bytes were read; a text reader on top may have closed or detached the file."""
    try:
        return os.lseek(file.fileno(), 0, os.SEEK_CUR)
    except (OSError, ValueError):
        return 0


def _refuse(answers: IO[bytes], error: Unreadable) -> None:
    fault = error.fault
    _send(
        answers,
        {
            "kind": "refused",
            "fault": {
                "code": fault.code,
                "where": fault.where[:500],
                "message": both(fault.message),
                "repair": None if fault.repair is None else both(fault.repair),
            },
        },
    )


def _send(stream: IO[bytes], header: wire.Header, body: bytes = b"") -> None:
    stream.write(wire.encode(header, body))
    stream.flush()


if __name__ == "__main__":
    main()
