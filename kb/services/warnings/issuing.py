"""Our own messages: what somebody wishes to warn of, as CAP 1.2 in Chinese and English.

What is not said follows from knowledge: severity from the level, categories and responses from the alignment
with CAP, headline and description from names, the advice from the level. What comes out passes the same
reader as any stranger's message.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from pyoxigraph import Literal, NamedNode

from kb.access.principal import Principal
from kb.cap import message
from kb.cap.document import parse
from kb.cap.message import Alert, Area, Circle, Info, Named, Reference
from kb.cap.standard import WORDS, is_disc, is_ring
from kb.cap.writing import pair, written
from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Fault, InputError, Text
from kb.namespaces import ONTOLOGY, RDFS, SKOS, graph, xz
from kb.ontology.names import did_you_mean
from kb.report.places import code_of, find_area, full_name
from kb.services import incident
from kb.services.incident import types_of
from kb.services.life import centres, standing
from kb.services.warnings import meaning, terms
from kb.services.warnings.context import PLACE
from kb.services.workspace import Workspace
from kb.store.protocol import Term

SENDER = "XIEZHI_WARNING_SENDER"
"""The environment variable that says how we are called as a sender; else ``xiezhi-<code of the city>``."""
LANGUAGES = (("zh", "zh-CN"), ("en", "en-US"))
TEXTS = ("headline", "description", "instruction", "note")
TIMES = ("effective", "onset", "expires")
LISTS = ("areas", "polygons", "circles")
KEYS = ("type", "level", "certainty", "urgency", "status", "incident", "reason", *TEXTS, *TIMES, *LISTS)
MOST = 100
"""The most entries of a list, and four thousand characters of a text."""
_ALIGNMENTS = graph("alignments")
_SAME = tuple(NamedNode(SKOS + name) for name in ("closeMatch", "broadMatch"))
_RELATED, _NOTATION = NamedNode(SKOS + "relatedMatch"), NamedNode(SKOS + "notation")
_ABOVE = NamedNode(RDFS + "subClassOf")
_SYSTEMS = {"division": "行政区划代码", "incident-type": "事件类型", "warning-level": "预警级别"}
"""How we call systems of codes in our messages, as ``ontology/warnings.ttl`` knows them."""


@dataclass(frozen=True)
class Wish:
    """What is to be warned of, understood."""

    types: tuple[NamedNode, ...]
    level: NamedNode | None
    areas: tuple[NamedNode, ...]
    polygons: tuple[str, ...] = ()
    circles: tuple[str, ...] = ()
    texts: Mapping[str, Text] = field(default_factory=dict)
    times: Mapping[str, datetime] = field(default_factory=dict)
    certainty: str = "Likely"
    urgency: str = "Expected"
    status: str = terms.ACTUAL
    incident: str = ""
    responses: tuple[str, ...] = ("Prepare",)


def understood(workspace: Workspace, data: Mapping[str, Any], now: datetime) -> Wish:
    """Return what *data* wishes; of an ``incident``, its type, place and level where nothing else is said.

    :raises InputError: ``warning.form``: with a fault for everything that cannot be understood.
    :raises NotFound: ``incident.unknown``.
    """
    reading = _Reading(workspace, data)
    wish = reading.wish()
    ends = wish.times.get("expires")
    if ends is None:
        reading.fault("expires", "须写明失效时间", "say when it expires")
    elif ends <= max(now, wish.times.get("effective", now)):
        reading.fault("expires", "失效时间须在生效之后", "it must expire after it is in force")
    for key, missing in (("type", not wish.types), ("level", wish.level is None)):
        if missing and not reading.blamed(key):
            reading.fault(key, "须填写", "is needed")
    if not (wish.areas or wish.polygons or wish.circles or reading.blamed("areas")):
        reading.fault("areas", "须写明影响区域", "say which areas it affects")
    reading.finish()
    return wish


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


def recalled(workspace: Workspace, alert: Alert) -> Wish:
    """Return what *alert*, one of ours, wished."""
    zh, en = alert.said(True), alert.said(False)
    assert zh is not None
    assert en is not None
    times = {"effective": zh.effective, "onset": zh.onset, "expires": zh.expires}
    areas = list(zh.areas)
    found, _ = meaning.places(workspace, replace(alert, infos=(replace(zh, areas=_only_codes(areas)),)))
    return Wish(
        meaning.types(workspace, alert),
        meaning.level(workspace, alert),
        tuple(one.area for one in found),
        tuple(" ".join(map(pair, ring)) for area in areas for ring in area.polygons),
        tuple(f"{pair(one.centre)} {one.radius:g}" for area in areas for one in area.circles),
        {},
        {name: at for name, at in times.items() if at is not None},
        zh.certainty,
        zh.urgency,
        alert.status,
        alert.incidents,
        zh.responses,
    )


def updated(workspace: Workspace, wish: Wish, data: Mapping[str, Any], now: datetime) -> Wish:
    """Return *wish* with what *data* says otherwise.

    :raises InputError: ``warning.form``.
    """
    reading = _Reading(workspace, data)
    changed = reading.wish()
    if changed.times.get("expires", wish.times.get("expires", now)) <= now:
        reading.fault("expires", "失效时间须在现在之后", "it must expire after now")
    if "status" in data or "incident" in data:
        reading.fault("status", "更新不改变 status 和 incident", "an update changes neither")
    reading.finish()
    placed = changed.areas or changed.polygons or changed.circles
    times = {name: at for name, at in wish.times.items() if name != "effective"}
    return replace(
        wish,
        types=changed.types or wish.types,
        level=changed.level or wish.level,
        areas=changed.areas if placed else wish.areas,
        polygons=changed.polygons if placed else wish.polygons,
        circles=changed.circles if placed else wish.circles,
        texts=changed.texts,
        times={**times, **changed.times},
        certainty=changed.certainty if "certainty" in data else wish.certainty,
        urgency=changed.urgency if "urgency" in data else wish.urgency,
    )


class _Reading:
    """Understands the keys of a wish one by one and remembers everything that is wrong."""

    def __init__(self, workspace: Workspace, data: Mapping[str, Any]) -> None:
        self._workspace, self._data = workspace, data
        self._faults: list[Fault] = []

    def wish(self) -> Wish:
        for key in self._data:
            if key not in KEYS:
                self.fault(str(key)[:60], "未知字段", "unknown key")
        base = self._of_incident()
        type_ = self._named("type", "IncidentType")
        level = self._named("level", "WarningLevel")
        return replace(
            base,
            types=(type_,) if type_ else base.types,
            level=level or base.level,
            areas=tuple(self._areas()) or base.areas,
            polygons=tuple(self._shapes("polygons", is_ring)),
            circles=tuple(self._shapes("circles", is_disc)),
            texts=dict(self._texts()),
            times=dict(self._times()),
            certainty=self._word("certainty", base.certainty),
            urgency=self._word("urgency", base.urgency),
            status=self._word("status", base.status),
        )

    def fault(self, where: str, zh: str, en: str, repair: Text | None = None) -> None:
        self._faults.append(Fault("warning.form", Text(zh, en), where, repair))

    def blamed(self, where: str) -> bool:
        return any(fault.where == where for fault in self._faults)

    def finish(self) -> None:
        if self._faults:
            raise InputError(self._faults)

    def _of_incident(self) -> Wish:
        """Return what an incident whose response was confirmed wishes; nothing where none is named."""
        identifier = self._data.get("incident")
        if not identifier:
            return Wish((), None, ())
        workspace = self._workspace
        answer = incident.recall(workspace, str(identifier))
        life, _ = standing.life_of(workspace, str(identifier))
        place = next((t.object for t in answer.facts if t.predicate == PLACE), None)
        levels = answer.derivation.objects(answer.incident, terms.LEVEL)
        level = next((one for one in levels if isinstance(one, NamedNode)), None)
        # What the public is asked to do follows from the modules, once an officer has confirmed them.
        confirmed = life.state != standing.machine(workspace).flow.start
        modules = answer.derivation.objects(answer.incident, xz("activates")) if confirmed else []
        responses = [
            one for module in modules for one in _aligned(workspace, module, "responseType", _RELATED)
        ]
        return Wish(
            tuple(types_of(answer.facts)[:1]),
            level,
            (place,) if isinstance(place, NamedNode) else (),
            certainty="Observed",
            urgency="Immediate",
            incident=str(identifier),
            responses=tuple(sorted(set(responses))) or ("Prepare",),
        )

    def _named(self, key: str, class_: str) -> NamedNode | None:
        value = self._data.get(key)
        if value is None or value == "":
            return None
        names = self._workspace.names
        found = names.find(value, xz(class_)) if isinstance(value, str) else []
        if len(found) == 1:
            return found[0]
        near = names.nearest(str(value)[:60], xz(class_))
        self.fault(key, f"未知：{str(value)[:60]}", f"unknown: {str(value)[:60]}", did_you_mean(near))
        return None

    def _areas(self) -> Iterator[NamedNode]:
        for text in self._list("areas"):
            found = find_area(text, self._workspace.store, self._workspace.names, "areas")
            if isinstance(found, Fault):
                self._faults.append(found)
            else:
                yield found

    def _shapes(self, key: str, valid: Callable[[str], bool]) -> Iterator[str]:
        for text in self._list(key):
            if valid(text.strip()):
                yield text.strip()
            else:
                self.fault(
                    key, "不是有效的区域", "is no valid area",
                    Text("多边形：“纬度,经度 …”，首尾相同；圆：“纬度,经度 公里”",
                         "a polygon: “latitude,longitude …”, closed; a circle: “latitude,longitude km”"),
                )  # fmt: skip

    def _list(self, key: str) -> list[str]:
        value = self._data.get(key) or []
        if not isinstance(value, list) or len(value) > MOST or not all(isinstance(one, str) for one in value):
            self.fault(key, f"应为至多 {MOST} 项文字的列表", f"a list of at most {MOST} texts")
            return []
        return [one for one in value if one.strip()]

    def _texts(self) -> Iterator[tuple[str, Text]]:
        for key in TEXTS:
            value = self._data.get(key)
            if not value:
                continue
            if isinstance(value, str):
                value = {"zh": value, "en": value}
            if not (
                isinstance(value, dict)
                and set(value) <= {"zh", "en"}
                and all(isinstance(one, str) and len(one) <= 4000 for one in value.values())
            ):
                self.fault(key, "应为文字或 {zh, en}", "a text or {zh, en}")
                continue
            yield key, Text(value.get("zh", ""), value.get("en", ""))

    def _times(self) -> Iterator[tuple[str, datetime]]:
        for key in TIMES:
            value = self._data.get(key)
            if not value:
                continue
            try:
                at = datetime.fromisoformat(value)
            except (TypeError, ValueError):
                self.fault(key, "应为 ISO 8601 时刻", "a moment in ISO 8601")
                continue
            yield key, at if at.tzinfo else at.replace(tzinfo=CHINA_STANDARD_TIME)

    def _word(self, key: str, default: str) -> str:
        value = self._data.get(key) or default
        if value not in WORDS[key]:
            self.fault(key, f"可用：{'、'.join(WORDS[key])}", f"one of: {', '.join(WORDS[key])}")
            return default
        return str(value)


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
        _categories(workspace, wish.types[0]),
        "Past" if gone else wish.urgency,
        "Minor" if gone else _severity(workspace, wish.level),
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


def _only_codes(areas: Iterable[Area]) -> tuple[Area, ...]:
    return tuple(replace(area, polygons=(), circles=()) for area in areas)


def _sender_name(workspace: Workspace, principal: Principal, lang: str) -> str:
    own = centres.of(workspace, principal)
    body: Term | None = NamedNode(principal.department) if principal.department else own
    return "" if body is None else workspace.names.label(body).in_(lang)


def _severity(workspace: Workspace, level: NamedNode) -> str:
    quads = workspace.store.match(level, xz("outSeverity"), None, ONTOLOGY)
    return next((q.object.value for q in quads if isinstance(q.object, Literal)), "Unknown")


def _categories(workspace: Workspace, type_: NamedNode) -> tuple[str, ...]:
    """Return the categories of *type_*, or of the nearest wider type that has some."""
    waiting: list[Term] = [type_]
    for one in waiting:
        found = [word for property_ in _SAME for word in _aligned(workspace, one, "category", property_)]
        if found:
            return tuple(sorted(set(found)))
        if isinstance(one, NamedNode):
            waiting += [q.object for q in workspace.store.match(one, _ABOVE, None) if q.object not in waiting]
    return ("Other",)


def _aligned(workspace: Workspace, term: Term, element: str, property_: NamedNode) -> Iterator[str]:
    """Yield the code values of *element* to which *term* is aligned."""
    if not isinstance(term, NamedNode):
        return
    for quad in workspace.store.match(term, property_, None, _ALIGNMENTS):
        if isinstance(quad.object, NamedNode):
            for word in workspace.store.match(quad.object, _NOTATION, None, _ALIGNMENTS):
                if isinstance(word.object, Literal) and word.object.value in WORDS[element]:
                    yield word.object.value


def _city(workspace: Workspace, wish: Wish) -> str:
    """Return the code of the city of the first area, or of the first city that is loaded."""
    for area in wish.areas[:1]:
        code = code_of(area, workspace.store)
        if code[:6].isdigit():
            return f"{code[:4]}00"
    return next(iter(meaning.cities(workspace)), "000000")
