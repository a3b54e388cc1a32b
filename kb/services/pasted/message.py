"""What an alert in CAP 1.2 proposes for a report, in the shape of :mod:`kb.services.pasted.telling`.

Nothing is stored and nothing of the alert comes into force: to take it in is another thing
(:mod:`kb.services.warnings.receiving`). The officer confirms what the form then says.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kb.cap import process
from kb.cap.document import NAMESPACE
from kb.cap.message import Alert
from kb.errors import InputError
from kb.report.places import code_of
from kb.services.pasted.telling import proposal
from kb.services.warnings import meaning
from kb.services.workspace import Workspace
from kb.words.reader import PLACE, TIME, TYPE


def is_message(text: str) -> bool:
    """Whether *text* is a message in CAP, of whatever version, rather than words."""
    return text.lstrip().startswith("<") and NAMESPACE.rpartition(":")[0] in text


def read_message(workspace: Workspace, data: bytes, now: datetime) -> dict[str, Any]:
    """Return ``fields`` and ``report``: type, place and time as the alert *data* says them.

    :raises CapRefused: it is no message in CAP 1.2.
    :raises InputError: ``cap.elsewhere``: neither its type nor its areas are known here.
    """
    alert = process.read(data)
    fields = list(_fields(workspace, alert, now))
    if not any(one["key"] in (TYPE, PLACE) for one in fields):
        raise InputError.of(
            "cap.elsewhere",
            "消息所说的事件类型和区域，这里都没有",
            "neither the type of the message nor its areas are known here",
            where="message",
            repair=(
                "手工填写，或核对其中的代码",
                "fill the form by hand, or check its codes",
            ),
        )
    return {"fields": fields, "report": {one["key"]: one["value"] for one in fields}}


def _fields(workspace: Workspace, alert: Alert, now: datetime) -> Iterator[dict[str, Any]]:
    said = alert.said(True)
    if said is None:  # an alert may say nothing but what it refers to
        return
    types = meaning.types(workspace, alert)
    if types:
        yield proposal(workspace, TYPE, types[0].value, [said.event])
    found, _ = meaning.places(workspace, alert)
    area = meaning.common(workspace, [place.area for place in found])
    if area is not None:
        words = "、".join(one.description for one in said.areas)
        yield proposal(workspace, PLACE, code_of(area, workspace.store), [words])
    at = said.onset or said.effective or alert.sent
    yield proposal(workspace, TIME, min(at, now).isoformat(), [f"{at:%Y-%m-%d %H:%M}"])
