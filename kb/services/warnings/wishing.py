"""What somebody wishes to warn of, understood: from a form, from an incident, or from a message of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pyoxigraph import NamedNode

from kb.cap.message import Alert, Area
from kb.cap.standard import WORDS, is_disc, is_ring
from kb.cap.writing import pair
from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Fault, InputError, Text
from kb.namespaces import xz
from kb.ontology.names import did_you_mean
from kb.report.places import find_area
from kb.services import incident
from kb.services.incident import types_of
from kb.services.life import standing
from kb.services.warnings import alignment, meaning, terms
from kb.services.warnings.context import PLACE
from kb.services.workspace import Workspace

TEXTS = ("headline", "description", "instruction", "note")
TIMES = ("effective", "onset", "expires")
LISTS = ("areas", "polygons", "circles")
KEYS = ("type", "level", "certainty", "urgency", "status", "incident", "reason", *TEXTS, *TIMES, *LISTS)
MOST = 100
"""The most entries of a list, and four thousand characters of a text."""


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
            one
            for module in modules
            for one in alignment.aligned(workspace, module, "responseType", alignment.RELATED)
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


def _only_codes(areas: Iterable[Area]) -> tuple[Area, ...]:
    return tuple(replace(area, polygons=(), circles=()) for area in areas)
