"""A worker: one process that does one task with what somebody wrote, and then ends.

``python -P -m kb.services.drafting.worker MEMORY FILE_SIZE`` closes the sandbox (no network, no program,
bounds on memory and files), says hello, reads one task on standard input and answers with one frame: a header
``{"done": true}`` and the result as JSON, or ``{"refused": true}`` and faults. Whatever kills it, a rule that
never ends, nesting, memory, kills nothing else.
"""

from __future__ import annotations

import codecs
import importlib
import json
import resource
from pathlib import Path
from typing import Any

from kb.errors import XiezhiError
from kb.ontology.knowledge import Knowledge
from kb.services.drafting import reading
from kb.store import wire
from kb.store.worker import begin, deadline, send

REQUEST = 4 << 20
"""The most bytes of a task."""


def main() -> None:
    """Do one task."""
    importlib.import_module("_strptime")
    codecs.lookup("idna")
    requests, answers = begin()
    request, body = wire.decode(requests.read, REQUEST)
    # Seconds of processor, too: a deadline that the clock keeps says nothing of eight busy threads.
    resource.setrlimit(resource.RLIMIT_CPU, (int(request["processor"]), int(request["processor"]) + 5))
    with deadline(request["deadline"]):
        try:
            found = _done(request, body.decode())
        except XiezhiError as error:
            send(answers, {"refused": True}, _encoded([reading.told(fault) for fault in error.faults]))
        else:
            send(answers, {"done": True}, _encoded(found))


def _done(request: wire.Header, text: str) -> dict[str, Any]:
    if request["task"] == "read":  # somebody is typing: this must not wait for all that the others import
        return {"faults": [reading.told(fault) for fault in reading.faults(request["path"], text)]}
    from kb.services.drafting import tasks

    other = request["other"]
    given = tasks.Given(
        checkpoint=Path(request["checkpoint"]),
        home=Path(request["home"]),
        base=_knowledge(request["base"]),
        files=Path(request["files"]) if request["files"] else None,
        other=_knowledge(other) if other else None,
    )
    return tasks.TASKS[request["task"]](given)


def _knowledge(folders: list[str]) -> Knowledge:
    ontology, rules = map(Path, folders)
    return Knowledge(ontology, rules)


def _encoded(found: Any) -> bytes:
    return json.dumps(found, ensure_ascii=False, default=str).encode()


if __name__ == "__main__":
    main()
