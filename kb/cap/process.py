"""The server's side: a stranger's XML is read in a process of its own, which may die, and is not believed."""

from __future__ import annotations

import json
import time
from typing import Any

from kb.cap import CapRefused, message
from kb.cap.document import Element, refusal
from kb.cap.message import Alert
from kb.errors import Fault, Text
from kb.store import wire
from kb.store.process import Worker

BIGGEST = 8 << 20
"""The most bytes of an alert; with a picture inside, alerts reach a few hundred thousand."""
MEMORY = 768 << 20
"""The address space of the process, in bytes."""
DEADLINE = 10.0
"""Seconds that an alert may take; it needs a few thousandths."""


def read(text: bytes) -> Alert:
    """Return the alert in *text*, which a process apart takes to pieces and the standard judges.

    :raises CapRefused: where it cannot be taken, with everything that is wrong.
    """
    if len(text) > BIGGEST:
        raise refusal(
            "size",
            f"警报超过 {BIGGEST >> 20} MB",
            f"the alert has more than {BIGGEST >> 20} MB",
            repair=Text("附件改用链接（uri）", "link to files (uri) instead of sending them along"),
        )
    worker = Worker(MEMORY, module="kb.cap.worker")
    try:
        worker.ready()
        until = time.monotonic() + DEADLINE
        header, body = worker.ask(wire.encode({}, text), until, 16 * BIGGEST)
        element = _element(header, body)
    except TimeoutError:
        raise _stopped("读取超时，已停止", "reading it took too long and was stopped") from None
    except (EOFError, OSError):
        raise _stopped(
            "它使读取进程崩溃；服务继续运行", "it crashed the process that read it; the service goes on"
        ) from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _stopped(
            f"读取进程的回答不合规：{error!r}", f"the process that read it gave a wrong answer: {error!r}"
        ) from error
    finally:
        worker.end()
    return message.of(element)


def _element(header: wire.Header, body: bytes) -> Element:
    match header:
        case {"kind": "alert"}:
            element = Element.decoded(json.loads(body))
            if element.name != "alert":
                raise ValueError(element.name[:60])
            return element
        case {"kind": "refused", "code": str(code), "where": str(where)}:
            repair = header["repair"]
            fault = Fault(
                code[:100], _text(header["message"]), where[:500], _text(repair) if repair else None
            )
            raise CapRefused([fault])
    raise ValueError("frame")


def _text(data: Any) -> Text:
    return Text(str(data["zh"])[:1000], str(data["en"])[:1000])


def _stopped(zh: str, en: str) -> CapRefused:
    return refusal("stopped", zh, en, repair=Text("检查文件", "check the file"))
