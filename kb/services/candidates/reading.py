"""Signals that come as plain rows.

A row has ``kind`` (observation or report), ``source``, ``time``, ``type``, and where: ``grid`` (code or name)
or ``longitude`` and ``latitude``, or both; ``text`` and ``confidence`` (0 to 1) may be there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pyoxigraph import NamedNode

from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Fault, InputError, NotFound, Text
from kb.geo.city import grid_index
from kb.namespaces import xz
from kb.ontology.names import did_you_mean
from kb.report.places import find_area
from kb.report.reading import ID_PATTERN
from kb.services.candidates.signals import OBSERVATION, REPORT, Signal
from kb.services.warnings.meaning import cities
from kb.services.workspace import Workspace

KEYS = ("id", "kind", "source", "time", "type", "grid", "longitude", "latitude", "text", "confidence")
MOST = 1_000
"""The most rows that come at once."""
WORDS, ID, NAME = 2_000, 60, 200
"""The most characters of a text, of an identifier, of anything else."""


def read(workspace: Workspace, rows: Sequence[Any], now: datetime | None = None) -> list[Signal]:
    """Return the signals that *rows* tell of.

    :raises InputError: ``signal.form``, with a fault for everything that is wrong and the number of its row.
    """
    if len(rows) > MOST:
        raise InputError.of("signal.form", f"一次至多 {MOST} 条线索", f"at most {MOST} signals at once")
    at, faults, found = now or datetime.now(UTC), list[Fault](), list[Signal]()
    for number, row in enumerate(rows, 1):
        reading = _Row(workspace, number, row if isinstance(row, Mapping) else {})
        if not isinstance(row, Mapping):
            reading.fault("", "应为 JSON 对象", "a JSON object")
        else:
            found += reading.signal(at)
        faults += reading.faults
    if faults:
        raise InputError(faults)
    return found


class _Row:
    """Understands the keys of a row one by one and remembers everything that is wrong."""

    def __init__(self, workspace: Workspace, number: int, row: Mapping[str, Any]) -> None:
        self._workspace, self._number, self._row = workspace, number, row
        self.faults: list[Fault] = []

    def signal(self, now: datetime) -> list[Signal]:
        """Return the signal that the row tells of; nothing where something is wrong."""
        for key in self._row:
            if key not in KEYS:
                self.fault(str(key)[:60], "未知字段", "unknown key")
        kind = self._text("kind") or REPORT
        if kind not in (OBSERVATION, REPORT):
            self.fault("kind", f"可用：{OBSERVATION}、{REPORT}", f"one of: {OBSERVATION}, {REPORT}")
        at, type_, confidence = self._time(now), self._type(), self._within("confidence", 0, 1)
        place, point = self._place()
        source, text, identifier = self._text("source"), self._text("text", WORDS), self._text("id", ID)
        if self.faults or type_ is None:
            return []
        if not identifier:
            told = f"{kind},{source},{at.timestamp()},{type_.value},{place},{point},{text}"
            identifier = hashlib.sha256(told.encode()).hexdigest()[:16]
        if not ID_PATTERN.fullmatch(identifier) or identifier.startswith("warning-"):
            self.fault(
                "id", "只能用字母、数字、点、下划线、连字符", "letters, digits, dots, underscores, hyphens"
            )
            return []
        sure = 0.5 if confidence is None else confidence
        return [Signal(identifier, kind, source, at, type_, place, point, text, sure)]

    def fault(self, key: str, zh: str, en: str, repair: Text | None = None) -> None:
        """Remember what is wrong with *key*."""
        self.faults.append(Fault("signal.form", Text(zh, en), f"{self._number}/{key}", repair))

    def _text(self, key: str, longest: int = NAME) -> str:
        value = self._row.get(key)
        if value is None or value == "":
            return ""
        if not isinstance(value, str) or len(value) > longest:
            self.fault(key, f"应为至多 {longest} 字的文字", f"a text of at most {longest} characters")
            return ""
        return value.strip()

    def _within(self, key: str, least: float, most: float) -> float | None:
        value = self._row.get(key)
        if value is None or value == "":
            return None
        try:
            found = float(value)
        except (TypeError, ValueError):
            found = most + 1
        if not least <= found <= most:
            self.fault(key, f"应为 {least:g} 到 {most:g} 的数", f"a number from {least:g} to {most:g}")
            return None
        return found

    def _time(self, now: datetime) -> datetime:
        said = self._text("time")
        if not said:
            return now
        try:
            at = datetime.fromisoformat(said)
        except ValueError:
            self.fault("time", "应为 ISO 8601 时刻", "a moment in ISO 8601")
            return now
        return at if at.tzinfo else at.replace(tzinfo=CHINA_STANDARD_TIME)

    def _type(self) -> NamedNode | None:
        said, names = self._text("type"), self._workspace.names
        found = names.find(said, xz("IncidentType"))
        if len(found) == 1:
            return found[0]
        near = names.nearest(said, xz("IncidentType")) if said else []
        self.fault("type", f"未知事件类型“{said[:40]}”", f"unknown type “{said[:40]}”", did_you_mean(near))
        return None

    def _place(self) -> tuple[NamedNode | None, tuple[float, float] | None]:
        """Return where the row is: the area, else that of its point, and (longitude, latitude)."""
        longitude, latitude = self._within("longitude", -180, 180), self._within("latitude", -90, 90)
        point = None if longitude is None or latitude is None else (longitude, latitude)
        said = self._text("grid")
        if said:
            found = find_area(said, self._workspace.store, self._workspace.names, f"{self._number}/grid")
            if isinstance(found, Fault):
                self.faults.append(found)
                return None, point
            return found, point
        if point is None:
            self.fault("grid", "须有网格或者经纬度", "a grid, or longitude and latitude, are needed")
            return None, None
        return _at(self._workspace, point), point


def _at(workspace: Workspace, point: tuple[float, float]) -> NamedNode | None:
    for city in cities(workspace):
        try:
            found = grid_index(workspace.store, city).at(*point)
        except NotFound:
            continue
        if found is not None:
            return found
    return None
