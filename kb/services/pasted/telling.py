"""What was read out of a text, in JSON: proposals for an officer to confirm; nothing is stored."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from pyoxigraph import NamedNode

from kb.errors import Text, both
from kb.report.values import in_json
from kb.report.vocabulary import Field
from kb.services.workspace import Workspace
from kb.words.reader import ADDRESS, PLACE, TIME, TYPE, Read, Reading
from kb.words.text import Span

BASES = {
    "clear": Text("文中说的是这一类", "the words speak of this type"),
    "leading": Text("文中多处说到这一类", "more words speak of this type than of others"),
    "contested": Text("文中还有别的说法", "the words say other things, too"),
    "minute": Text("说到了几点几分", "told to the minute"),
    "hour": Text("说到了几点钟", "told to the hour"),
    "part": Text("只说了时段，取其常用时刻", "only the part of the day is told; its usual hour is taken"),
    "day": Text("只说了日期", "only the day is told"),
    "named": Text("直接说出", "named as it is"),
    "short": Text("以简称说出", "named by its short name"),
    "ambiguous": Text("同名的不止一处", "several places have this name"),
    "doubtful": Text("可能是机构或往来之地，不一定是事发地", "perhaps a body, or where somebody came from"),
    "address": Text("没有说到区划", "no division is named"),
    "repeated": Text("多处说法一致", "told several times alike"),
    "total": Text("作为总数说出", "told as the total"),
    "single": Text("只说到一次", "told once"),
    "rough": Text("约数或下限", "a rough number, or the least"),
    "summed": Text("由几个数相加", "added up from several numbers"),
    "denied": Text("明说没有", "said to be none"),
}
"""What a reading rests on, for people."""


def told(workspace: Workspace, read: Read) -> dict[str, Any]:
    """Return what *read* proposes.

    ``report`` is a report that can be sent to be confirmed; ``fields`` say for each of its keys where it
    comes from.
    """
    fields = [_told(workspace, read, reading) for reading in read.readings.values()]
    return {
        "reported": read.reported.isoformat(),
        "characters": len(read.words.original),
        "fields": fields,
        "report": {one["key"]: one["value"] for one in fields},
    }


def read_words(
    workspace: Workspace, text: str, now: datetime, reported: datetime | None = None
) -> dict[str, Any]:
    """Return what *text* proposes for a report (:func:`told`).

    :raises WordsRefused: ``words.empty``, ``words.too-long``.
    """
    return told(workspace, workspace.words.read(text, now, reported=reported))


def proposal(
    workspace: Workspace, key: str, value: str | int | Decimal, words: list[str], **more: Any
) -> dict[str, Any]:
    """Return what is proposed for *key* of a report, with the *words* that it comes from.

    :param more: of ``spans``, ``confidence``, ``basis``, ``because`` and ``others`` what is known.
    """
    field = workspace.vocabulary.fields.get(key)
    return {
        "key": key,
        "label": both(Text("事件类型", "type of incident") if field is None else field.label),
        "value": in_json(value),
        "shown": both(shown(workspace, key, value, field)),
        "words": words,
        "spans": [],
        "confidence": None,
        "basis": None,
        "because": None,
        "others": [],
        **more,
    }


def _told(workspace: Workspace, read: Read, reading: Reading) -> dict[str, Any]:
    field = workspace.vocabulary.fields.get(reading.key)
    return proposal(
        workspace,
        reading.key,
        reading.value,
        list(dict.fromkeys(read.words.cut(span) for span in reading.spans)),
        spans=[_pair(span) for span in reading.spans],
        confidence=reading.confidence,
        basis=reading.basis,
        because=both(BASES[reading.basis]),
        others=[
            {"value": in_json(other), "shown": both(shown(workspace, reading.key, other, field))}
            for other in reading.others
        ],
    )


def shown(workspace: Workspace, key: str, value: str | int | Decimal, field: Field | None) -> Text:
    """Return *value* as people say it: the label of a type, the full name of a place."""
    if key == TYPE:
        return workspace.names.label(NamedNode(str(value)))
    if key == PLACE:
        return workspace.words.full_name(str(value))
    if key == TIME:
        local = f"{datetime.fromisoformat(str(value)):%Y-%m-%d %H:%M}"
        return Text(local, local)
    unit = field.unit if field is not None and key != ADDRESS else None
    plain = str(value)
    return Text(plain, plain) if unit is None else Text(f"{plain}{unit.zh}", f"{plain} {unit.en}")


def _pair(span: Span) -> list[int]:
    return [span.start, span.end]
