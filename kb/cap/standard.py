"""What CAP 1.2 demands: its schema, and the sentences of the standard that a schema cannot express.

A test compares the verdicts with those of the official schema, on the samples and on random alerts: what
is accepted here is valid there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from kb.cap.document import SIGNATURE, Element
from kb.errors import Fault, Text

_ONE: tuple[int, int | None] = (1, 1)
_OPTIONAL: tuple[int, int | None] = (0, 1)
_SOME: tuple[int, int | None] = (1, None)
_ANY: tuple[int, int | None] = (0, None)
_ALERT = {
    "identifier": _ONE, "sender": _ONE, "sent": _ONE, "status": _ONE, "msgType": _ONE, "source": _OPTIONAL,
    "scope": _ONE, "restriction": _OPTIONAL, "addresses": _OPTIONAL, "code": _ANY, "note": _OPTIONAL,
    "references": _OPTIONAL, "incidents": _OPTIONAL, "info": _ANY,
}  # fmt: skip
_INFO = {
    "language": _OPTIONAL, "category": _SOME, "event": _ONE, "responseType": _ANY, "urgency": _ONE,
    "severity": _ONE, "certainty": _ONE, "audience": _OPTIONAL, "eventCode": _ANY, "effective": _OPTIONAL,
    "onset": _OPTIONAL, "expires": _OPTIONAL, "senderName": _OPTIONAL, "headline": _OPTIONAL,
    "description": _OPTIONAL, "instruction": _OPTIONAL, "web": _OPTIONAL, "contact": _OPTIONAL,
    "parameter": _ANY, "resource": _ANY, "area": _ANY,
}  # fmt: skip
_RESOURCE = {
    "resourceDesc": _ONE, "mimeType": _ONE, "size": _OPTIONAL, "uri": _OPTIONAL, "derefUri": _OPTIONAL,
    "digest": _OPTIONAL,
}  # fmt: skip
_AREA = {
    "areaDesc": _ONE, "polygon": _ANY, "circle": _ANY, "geocode": _ANY, "altitude": _OPTIONAL,
    "ceiling": _OPTIONAL,
}  # fmt: skip
_PAIR = {"valueName": _ONE, "value": _ONE}
PARTS: dict[str, dict[str, tuple[int, int | None]]] = {
    "alert": _ALERT, "info": _INFO, "resource": _RESOURCE, "area": _AREA,
    "eventCode": _PAIR, "parameter": _PAIR, "geocode": _PAIR,
}  # fmt: skip
"""Elements that hold others, in their order: how often each may stand there."""
WORDS = {
    "status": ("Actual", "Exercise", "System", "Test", "Draft"),
    "msgType": ("Alert", "Update", "Cancel", "Ack", "Error"),
    "scope": ("Public", "Restricted", "Private"),
    "category": ("Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra",
                 "CBRNE", "Other"),
    "responseType": ("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear",
                     "None"),
    "urgency": ("Immediate", "Expected", "Future", "Past", "Unknown"),
    "severity": ("Extreme", "Severe", "Moderate", "Minor", "Unknown"),
    "certainty": ("Observed", "Likely", "Possible", "Unlikely", "Unknown"),
}  # fmt: skip
"""The code values of the standard."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d", re.ASCII)
_TIMES = ("sent", "effective", "onset", "expires")
_IDENTIFIER = re.compile(r"[^\s,<&]+")
_POINT = r"[-+]?\d{1,3}(?:\.\d{1,20})?,[-+]?\d{1,3}(?:\.\d{1,20})?"
_POLYGON = re.compile(rf"{_POINT}(?: {_POINT})*", re.ASCII)
_CIRCLE = re.compile(rf"{_POINT} \d{{1,9}}(?:\.\d{{1,20}})?", re.ASCII)
_REFERENCE = re.compile(r"[^\s,<&]+,[^\s,<&]+,(.+)")
_DECIMAL = re.compile(r"[-+]?\d{1,9}(\.\d{1,9})?", re.ASCII)
_NUMBER = {"size": re.compile(r"\d{1,18}", re.ASCII), "altitude": _DECIMAL, "ceiling": _DECIMAL}
_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*", re.ASCII)
_URI = re.compile(r"[^\s<>\"{}|\\^`]*")
LONGEST = {"identifier": 200, "sender": 200, "language": 35, "event": 500, "headline": 1000, "areaDesc": 4000}
"""The most characters of some elements, which stand in lists and names."""
LONG = 100_000
"""The most characters of any other; a resource that is sent along may be longer."""
_UNBOUNDED = ("derefUri", "polygon")
_NEEDS = (
    ("scope", "Restricted", "restriction"),
    ("scope", "Private", "addresses"),
    ("msgType", "Update", "references"),
    ("msgType", "Cancel", "references"),
    ("msgType", "Ack", "references"),
    ("msgType", "Error", "references"),
)
"""What the standard demands where an element has a value."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that breaks the standard: in which *line*, at which *element*, what and what to do."""

    line: int
    element: str
    message: Text
    repair: Text

    @property
    def fault(self) -> Fault:
        """The same as a fault."""
        return Fault("cap.standard", self.message, f"line {self.line}, {self.element}", self.repair)


def check(alert: Element) -> list[Finding]:
    """Return what in *alert* breaks the standard, in the order of the document."""
    found = [*_structure(alert), *_conditions(alert)]
    return sorted(found, key=lambda one: one.line)


def _structure(element: Element) -> Iterator[Finding]:
    parts = PARTS[element.name]
    order = list(parts)
    last = 0
    if element.text.strip():
        yield _finding(
            element, f"{element.name} 里不能直接有文字", f"{element.name} holds elements, no text of its own",
            ("把文字放进子元素", "put the text into an element"),
        )  # fmt: skip
    for child in element.children:
        if child.name.startswith(SIGNATURE) and element.name == "alert":
            last = len(order)
            continue
        if child.name not in parts:
            name = child.name[:60]
            yield Finding(
                child.line, name, Text(f"{element.name} 中不允许 {name}", f"{element.name} has no {name}"),
                Text("删去该元素", "leave the element out"),
            )  # fmt: skip
            continue
        if order.index(child.name) < last:
            yield _finding(
                child, f"{child.name} 的次序不对", f"{child.name} stands in the wrong place",
                (f"按次序：{'、'.join(order)}", f"in this order: {', '.join(order)}"),
            )  # fmt: skip
        last = max(last, order.index(child.name))
        if child.foreign:
            yield _finding(
                child, f"{child.name} 不能有属性", f"{child.name} has no attributes",
                ("删去属性", "leave the attributes out"),
            )  # fmt: skip
        yield from _structure(child) if child.name in PARTS else _content(child)
    for name, (least, most) in parts.items():
        count = len(element.all(name))
        if count < least:
            yield Finding(
                element.line, name, Text(f"{element.name} 缺少 {name}", f"{element.name} lacks {name}"),
                Text(f"加上 {name}", f"add {name}"),
            )  # fmt: skip
        elif most is not None and count > most:
            yield Finding(
                element.all(name)[most].line, name,
                Text(f"{name} 只能有一个", f"there may be one {name} only"), Text("只保留一个", "keep one"),
            )  # fmt: skip


def _content(element: Element) -> Iterator[Finding]:
    name, text = element.name, element.text.strip()
    if element.children:
        yield _finding(
            element,
            f"{name} 里只能有文字",
            f"{name} holds text alone",
            ("删去子元素", "leave the elements out"),
        )
    elif name in WORDS:
        # The schema compares these as they stand, spaces too.
        if element.text not in WORDS[name]:
            yield _finding(
                element, f"{name} 不能是“{element.text[:40]}”", f"{name} cannot be “{element.text[:40]}”",
                (f"可用：{'、'.join(WORDS[name])}", f"one of: {', '.join(WORDS[name])}"),
            )  # fmt: skip
    elif name in _TIMES:
        if not is_time(text):
            yield _finding(
                element, f"{name} 的时间格式不对，或没有这个时刻", f"{name} is no moment as CAP writes it",
                ("形如 2026-06-01T08:30:00+08:00，UTC 写作 -00:00",
                 "like 2026-06-01T08:30:00+08:00; UTC as -00:00"),
            )  # fmt: skip
    elif name in ("identifier", "sender") and not _IDENTIFIER.fullmatch(element.text):
        yield _finding(
            element, f"{name} 不能为空，不能含空格、逗号、< 和 &",
            f"{name} must not be empty or hold spaces, commas, < or &", ("改写编号", "write it without them"),
        )  # fmt: skip
    elif (name == "polygon" and not is_ring(text)) or (name == "circle" and not is_disc(text)):
        yield _finding(
            element, f"{name} 不是有效的区域", f"{name} is no valid area",
            ("多边形：至少四个“纬度,经度”，首尾相同；圆：“纬度,经度 半径（千米）”",
             "a polygon: four or more “latitude,longitude”, the last as the first; a circle: "
             "“latitude,longitude radius”, in km"),
        )  # fmt: skip
    elif name == "references" and not all(_is_reference(part) for part in text.split()):
        yield _finding(
            element, "references 格式不对", "references are not written as CAP demands",
            ("sender,identifier,sent，以空格分隔", "sender,identifier,sent, separated by spaces"),
        )  # fmt: skip
    elif name in _NUMBER and not _NUMBER[name].fullmatch(text):
        yield _finding(element, f"{name} 应为数", f"{name} is a number", ("只写数字", "write digits"))
    elif name in ("uri", "web") and not _URI.fullmatch(text):
        yield _finding(
            element, f"{name} 不是网址", f"{name} is no URI", ("写完整的网址", "write the whole address")
        )
    elif name == "language" and not _LANGUAGE.fullmatch(text):
        yield _finding(
            element, "language 不是语言标记", "language is no language tag",
            ("形如 zh-CN、en-US（RFC 3066）", "like zh-CN or en-US (RFC 3066)"),
        )  # fmt: skip
    longest = LONGEST.get(name, LONG)
    if name not in _UNBOUNDED and len(element.text) > longest:
        yield _finding(
            element, f"{name} 至多 {longest} 字", f"{name} has at most {longest} characters",
            ("缩短", "shorten it"),
        )  # fmt: skip


def _conditions(alert: Element) -> Iterator[Finding]:
    if alert.foreign:
        yield _finding(
            alert, "alert 不能有属性", "alert has no attributes", ("删去属性", "leave the attributes out")
        )
    for name, value, other in _NEEDS:
        if alert.first(name) == value and not alert.first(other):
            yield Finding(
                alert.line, other,
                Text(f"{name} 为 {value} 时必须有 {other}", f"{value} in {name} demands {other}"),
                Text(f"加上 {other}", f"add {other}"),
            )  # fmt: skip
    for info in alert.all("info"):
        for area in info.all("area"):
            if area.all("ceiling") and not area.all("altitude"):
                yield Finding(
                    area.line, "ceiling",
                    Text("有 ceiling 必须有 altitude", "ceiling stands only beside altitude"),
                    Text("加上 altitude", "add altitude"),
                )  # fmt: skip


def _finding(element: Element, zh: str, en: str, repair: tuple[str, str]) -> Finding:
    return Finding(element.line, element.name, Text(zh, en), Text(*repair))


def is_time(text: str) -> bool:
    """Whether *text* is a moment as CAP writes it: with seconds and an offset, never with Z."""
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return int(text[-5:-3]) < 14 or text[-5:] == "14:00"  # the schema's offsets end there


def is_ring(text: str) -> bool:
    """Whether *text* is a polygon: four or more points on earth, closed."""
    points = text.split(" ")
    return (
        bool(_POLYGON.fullmatch(text))
        and len(points) >= 4
        and points[0] == points[-1]
        and all(_on_earth(point) for point in points)
    )


def is_disc(text: str) -> bool:
    """Whether *text* is a circle: a point on earth and a radius in kilometres."""
    return bool(_CIRCLE.fullmatch(text)) and _on_earth(text.split(" ")[0])


def _is_reference(text: str) -> bool:
    found = _REFERENCE.fullmatch(text)
    return found is not None and is_time(found[1])


def _on_earth(point: str) -> bool:
    latitude, longitude = (float(part) for part in point.split(","))
    return -90 <= latitude <= 90 and -180 <= longitude <= 180
