"""A process that reads one stranger's XML: ``python -P -m kb.cap.worker MEMORY FILE_SIZE``.

It closes the sandbox, says hello with its status, takes the text as a frame on standard input and answers
with the elements, or with what is wrong. The server believes none of it (:mod:`kb.cap.process`).
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from kb.cap import CapRefused
from kb.cap.document import parse, refusal
from kb.errors import both
from kb.store import sandbox, wire

JOB = 64 << 20
"""The most bytes of a job."""


def main() -> None:
    """Do one job."""
    "".encode("gb18030")  # loaded while files can still be opened
    status = sandbox.enter(int(sys.argv[1]), int(sys.argv[2]))
    answers = sys.stdout.buffer
    answers.write(wire.encode(asdict(status)))
    answers.flush()
    _, text = wire.decode(sys.stdin.buffer.read, JOB)
    try:
        answers.write(wire.encode({"kind": "alert"}, json.dumps(parse(text).encoded()).encode()))
    except CapRefused as error:
        _refuse(error)
    except (MemoryError, RecursionError):
        _refuse(
            refusal(
                "memory",
                "文件太大，超出内存上限",
                "the file is too large for the memory that it may use",
            )
        )
    answers.flush()


def _refuse(error: CapRefused) -> None:
    fault = error.faults[0]
    told = {
        "kind": "refused",
        "code": fault.code,
        "where": fault.where,
        "message": both(fault.message),
        "repair": None if fault.repair is None else both(fault.repair),
    }
    sys.stdout.buffer.write(wire.encode(told))


if __name__ == "__main__":
    main()
