"""Our own messages: what somebody wishes to warn of, as CAP 1.2 in Chinese and English.

What is not said follows from knowledge: severity from the level, categories and responses from the alignment
with CAP, headline and description from names, the advice from the level. What comes out passes the same
reader as any stranger's message.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from pyoxigraph import NamedNode

from kb.access.principal import Principal
from kb.cap import message
from kb.cap.document import parse
from kb.cap.message import Alert, Area, Circle, Info, Named, Reference
from kb.cap.writing import written
from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Text
from kb.namespaces import xz
from kb.report.places import code_of, full_name
from kb.services.life import centres
from kb.services.warnings import alignment, meaning
from kb.services.warnings.wishing import TIMES, Wish
from kb.services.workspace import Workspace
from kb.store.protocol import Term

SENDER = "XIEZHI_WARNING_SENDER"
"""The environment variable that says how we are called as a sender; else ``xiezhi-<code of the city>``."""
LANGUAGES = (("zh", "zh-CN"), ("en", "en-US"))
_SYSTEMS = {"division": "行政区划代码", "incident-type": "事件类型", "warning-level": "预警级别"}
"""How we call systems of codes in our messages, as ``ontology/warnings.ttl`` knows them."""


def composed(
    workspace: Workspace,
    wish: Wish,
    principal: Principal,
    now: datetime,
    *,
    kind: str = "Alert",
    references: Sequence[Reference] = (),
) -> Alert:
    """Return the message that *wish* makes, as a reader of it will have it.

    :param references: the messages that it updates or cancels, which say who we are as a sender.
    """
    at = now.astimezone(CHINA_STANDARD_TIME).replace(microsecond=0)
    city = _city(workspace, wish)
    sender = references[0].sender if references else os.environ.get(SENDER) or f"xiezhi-{city}"
    note = wish.texts.get("note")
    alert = Alert(
        f"XZ-{city}-{at:%Y%m%d%H%M%S}-{secrets.token_hex(3)}",
        sender,
        at,
        wish.status,
        kind,
        "Public",
        tuple(_info(workspace, wish, principal, at, kind, lang, tag) for lang, tag in LANGUAGES),
        note="" if note is None else note.zh if note.zh == note.en else f"{note.zh} / {note.en}",
        references=tuple(references),
        incidents=wish.incident,
    )
    return message.of(parse(written(alert)))


def _info(
    workspace: Workspace, wish: Wish, principal: Principal, at: datetime, kind: str, lang: str, tag: str
) -> Info:
    assert wish.level is not None
    names = workspace.names
    type_, level = names.label(wish.types[0]).in_(lang), names.label(wish.level).in_(lang)
    where = _where(workspace, wish, lang)
    gone = kind == "Cancel"
    texts = _sentences(workspace, wish, type_, level, where, lang, gone)
    said = {key: text.in_(lang) for key, text in wish.texts.items() if text.in_(lang)}
    times: dict[str, datetime | None] = {**dict.fromkeys(TIMES), **wish.times}
    if gone:
        times = {"effective": at, "onset": None, "expires": at + timedelta(hours=24)}
    return Info(
        type_,
        alignment.categories(workspace, wish.types[0]),
        "Past" if gone else wish.urgency,
        "Minor" if gone else alignment.severity(workspace, wish.level),
        wish.certainty,
        tag,
        ("AllClear",) if gone else wish.responses,
        event_codes=(Named(_SYSTEMS["incident-type"], names.label(wish.types[0]).zh),),
        effective=times["effective"] or at,
        onset=times["onset"],
        expires=times["expires"],
        sender_name=_sender_name(workspace, principal, lang),
        headline=said.get("headline", texts["headline"]),
        description=said.get("description", texts["description"]),
        instruction=said.get("instruction", texts["instruction"]),
        parameters=(Named(_SYSTEMS["warning-level"], names.label(wish.level).zh),),
        areas=(_area(workspace, wish, where),),
    )


def _sentences(
    workspace: Workspace, wish: Wish, type_: str, level: str, where: str, lang: str, gone: bool
) -> dict[str, str]:
    """Return what is said where the officer says nothing: what, where, when, and what to do."""
    start, end = wish.times.get("onset") or wish.times.get("effective"), wish.times.get("expires")
    since = "" if start is None else f"{start.astimezone(CHINA_STANDARD_TIME):%Y-%m-%d %H:%M}"
    until = "" if end is None else f"{end.astimezone(CHINA_STANDARD_TIME):%Y-%m-%d %H:%M}"
    observed = wish.certainty == "Observed"
    assert wish.level is not None
    advice = workspace.names.texts(wish.level, xz("advice")) or Text("", "")
    if lang == "zh":
        if gone:
            return {"headline": f"解除{where}{type_}{level}", "description": "警报解除。", "instruction": ""}
        happens = "已经发生" if observed else "可能发生"
        span = (f"自{since}起，" if since else "") + (f"至{until}，" if until else "")
        return {
            "headline": f"{where}{type_}{level}",
            "description": f"{span}{where}{happens}{type_}。",
            "instruction": advice.zh,
        }
    if gone:
        return {
            "headline": f"{level} lifted: {type_}, {where}",
            "description": "The warning is lifted.",
            "instruction": "",
        }
    happens = "has happened in" if observed else "may happen in"
    span = (f" from {since}" if since else "") + (f" until {until}" if until else "")
    return {
        "headline": f"{level}: {type_}, {where}",
        "description": f"{type_} {happens} {where}{span}.",
        "instruction": advice.en,
    }


def _where(workspace: Workspace, wish: Wish, lang: str) -> str:
    named = [full_name(area, workspace.store, workspace.names).in_(lang) for area in wish.areas[:8]]
    if not named:
        return "所绘区域" if lang == "zh" else "the area drawn"
    rest = len(wish.areas) - len(named)
    more = (f"等 {len(wish.areas)} 处" if lang == "zh" else f" and {rest} more") if rest else ""
    return ("、" if lang == "zh" else "; ").join(named) + more


def _area(workspace: Workspace, wish: Wish, where: str) -> Area:
    codes = (code_of(area, workspace.store) for area in wish.areas)
    return Area(
        where,
        tuple(message.ring(text) for text in wish.polygons),
        tuple(_circle(text) for text in wish.circles),
        tuple(Named(_SYSTEMS["division"], code) for code in codes),
    )


def _circle(text: str) -> Circle:
    centre, radius = text.split(" ")
    return Circle(message.ring(centre)[0], float(radius))


def _sender_name(workspace: Workspace, principal: Principal, lang: str) -> str:
    own = centres.of(workspace, principal)
    body: Term | None = NamedNode(principal.department) if principal.department else own
    return "" if body is None else workspace.names.label(body).in_(lang)


def _city(workspace: Workspace, wish: Wish) -> str:
    """Return the code of the city of the first area, or of the first city that is loaded."""
    for area in wish.areas[:1]:
        code = code_of(area, workspace.store)
        if code[:6].isdigit():
            return f"{code[:4]}00"
    return next(iter(meaning.cities(workspace)), "000000")
