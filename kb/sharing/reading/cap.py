"""CAP 1.2 (OASIS Common Alerting Protocol): a record a block of information, checked by the standard's rules.

The parser is expat, which ships with Python: it stops at a document type before any entity exists, knows
the line of every element, and fetches nothing. The rules are those of the schema of CAP 1.2 and of the
sentences of the standard that the schema cannot express; a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from kb.errors import Fault, Text
from kb.sharing.csvw import Table
from kb.sharing.reading import Record, Unreadable, guard

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
DEPTH = 16
"""How deep elements may nest; a signed alert reaches 9."""

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
_PARTS: dict[str, dict[str, tuple[int, int | None]]] = {
    "alert": _ALERT, "info": _INFO, "resource": _RESOURCE, "area": _AREA,
    "eventCode": _PAIR, "parameter": _PAIR, "geocode": _PAIR,
}  # fmt: skip
_WORDS = {
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
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")
_TIMES = ("sent", "effective", "onset", "expires")
_IDENTIFIER = re.compile(r"[^\s,<&]+")
_POINT = r"[-+]?\d{1,3}(?:\.\d{1,12})?,[-+]?\d{1,3}(?:\.\d{1,12})?"
_POLYGON = re.compile(rf"{_POINT}(?: {_POINT})*")
_CIRCLE = re.compile(rf"{_POINT} \d{{1,9}}(?:\.\d{{1,6}})?")
_REFERENCE = re.compile(r"[^\s,<&]+,[^\s,<&]+,\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")


@dataclass(slots=True)
class Element:
    """An element of the document; *name* is without namespace where that is CAP's."""

    name: str
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, name: str) -> list[Element]:
        """Return the children of that name."""
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> str:
        """Return the text of the first child of that name, or nothing."""
        return next((child.text.strip() for child in self.children if child.name == name), "")


def read_cap(file: IO[bytes], table: Table) -> Iterator[Record]:
    """Yield a record for every ``info`` of an alert, or one for an alert that has none.

    Its values are the elements by their names: those of the alert, of the block, and of its areas, with
    ``info`` counting the blocks from 1. Columns that the contract does not have are passed over: an alert
    is one whole, and its sender does not choose what it holds.
    """
    alert = parse(file.read())
    faults = check(alert)
    blocks = alert.all("info") or [Element("info", alert.line)]
    for number, info in enumerate(blocks, 1):
        values: dict[str, str | list[str]] = {"info": str(number)}
        areas = info.all("area")
        for name, column in table.names.items():
            if column.virtual or name == "info":
                continue
            found = [
                child.text.strip()
                for holder in (alert, info, *areas)
                for child in holder.all(name)
                if not child.children
            ]
            if found:
                values[name] = found if len(found) > 1 else found[0]
        own = [fault for line, fault in faults if not _inside_other(line, info, blocks)]
        yield Record(f"line {info.line}", values, faults=own)


def parse(text: bytes) -> Element:
    """Return the alert in *text*.

    :raises Unreadable: where it is no XML, carries a document type, nests too deep, or is no CAP 1.2.
    """
    guard.xml(text)
    parser = expat.ParserCreate(namespace_separator=" ")
    root = Element("", 0)
    path = [root]

    def start(name: str, _: dict[str, str]) -> None:
        namespace, _space, local = name.rpartition(" ")
        element = Element(local if namespace == NAMESPACE else name, parser.CurrentLineNumber)
        path[-1].children.append(element)
        path.append(element)
        if len(path) > DEPTH:
            raise Unreadable("too-deep", f"元素嵌套超过 {DEPTH} 层", f"elements nest deeper than {DEPTH}")

    def end(_: str) -> None:
        path.pop()

    def characters(data: str) -> None:
        path[-1].text += data

    def doctype(*_: object) -> None:
        raise Unreadable("doctype", "不接受带 DOCTYPE 的 XML", "XML with a DOCTYPE is not accepted")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = characters, doctype
    parser.buffer_text = True
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise Unreadable(
            "format", f"XML 语法错误：{error}", f"not well-formed XML: {error}", f"line {error.lineno}"
        ) from error
    alert = root.children[0]
    if alert.name != "alert":
        raise Unreadable(
            "format",
            "不是 CAP 1.2 警报",
            "this is no alert in CAP 1.2",
            f"line {alert.line}",
            Text(f"根元素须为 {NAMESPACE} 的 alert", f"its root must be alert of {NAMESPACE}"),
        )
    return alert


def check(alert: Element) -> list[tuple[int, Fault]]:
    """Return what breaks the rules of CAP 1.2, each with its line."""
    faults: list[tuple[int, Fault]] = []

    def fault(line: int, name: str, zh: str, en: str, repair: tuple[str, str]) -> None:
        faults.append((line, Fault("delivery.cap", Text(f"CAP：{zh}", f"CAP: {en}"), name, Text(*repair))))

    def structure(element: Element) -> None:
        parts = _PARTS[element.name]
        order = list(parts)
        last = 0
        for child in element.children:
            if child.name.startswith(SIGNATURE) and element.name == "alert":
                continue
            if child.name not in parts:
                fault(
                    child.line, child.name[:60],
                    f"{element.name} 中不允许 {child.name[:60]}", f"{element.name} has no {child.name[:60]}",
                    ("删去该元素", "leave the element out"),
                )  # fmt: skip
                continue
            if order.index(child.name) < last:
                fault(
                    child.line, child.name,
                    f"{child.name} 的次序不对", f"{child.name} stands in the wrong place",
                    (f"按次序：{'、'.join(order)}", f"in this order: {', '.join(order)}"),
                )  # fmt: skip
            last = max(last, order.index(child.name))
            if child.name in _PARTS:
                structure(child)
            else:
                content(child)
        for name, (least, most) in parts.items():
            count = len(element.all(name))
            if count < least:
                fault(
                    element.line, name, f"{element.name} 缺少 {name}", f"{element.name} lacks {name}",
                    (f"加上 {name}", f"add {name}"),
                )  # fmt: skip
            elif most is not None and count > most:
                fault(
                    element.line, name, f"{name} 只能有一个", f"there may be one {name} only",
                    ("只保留一个", "keep one"),
                )  # fmt: skip

    def content(element: Element) -> None:
        name, text = element.name, element.text.strip()
        if name in _WORDS and text not in _WORDS[name]:
            allowed = _WORDS[name]
            fault(
                element.line, name, f"{name} 不能是“{text[:40]}”", f"{name} cannot be “{text[:40]}”",
                (f"可用：{'、'.join(allowed)}", f"one of: {', '.join(allowed)}"),
            )  # fmt: skip
        elif name in _TIMES and not _TIME.fullmatch(text):
            fault(
                element.line, name, f"{name} 的时间格式不对", f"{name} is not written as CAP demands",
                (
                    "形如 2026-06-01T08:30:00+08:00，UTC 写作 -00:00",
                    "like 2026-06-01T08:30:00+08:00; UTC as -00:00",
                ),
            )  # fmt: skip
        elif name in ("identifier", "sender") and not _IDENTIFIER.fullmatch(text):
            fault(
                element.line, name, f"{name} 不能为空，不能含空格、逗号、< 和 &",
                f"{name} must not be empty or hold spaces, commas, < or &",
                ("改写编号", "write it without them"),
            )  # fmt: skip
        elif (name == "polygon" and not _ring(text)) or (name == "circle" and not _disc(text)):
            fault(
                element.line, name, f"{name} 不是有效的区域", f"{name} is no valid area",
                (
                    "多边形：至少四个“纬度,经度”，首尾相同；圆：“纬度,经度 半径（千米）”",
                    "a polygon: four or more “latitude,longitude”, the last as the first; a circle: "
                    "“latitude,longitude radius”, in km",
                ),
            )  # fmt: skip
        elif name == "references" and not all(_REFERENCE.fullmatch(part) for part in text.split()):
            fault(
                element.line, name, "references 格式不对", "references are not written as CAP demands",
                ("sender,identifier,sent，以空格分隔", "sender,identifier,sent, separated by spaces"),
            )  # fmt: skip

    structure(alert)
    needs = (
        ("scope", "Restricted", "restriction"),
        ("scope", "Private", "addresses"),
        ("msgType", "Update", "references"),
        ("msgType", "Cancel", "references"),
        ("msgType", "Ack", "references"),
        ("msgType", "Error", "references"),
    )
    for name, value, other in needs:
        if alert.first(name) == value and not alert.first(other):
            fault(
                alert.line, other,
                f"{name} 为 {value} 时必须有 {other}", f"{value} in {name} demands {other}",
                (f"加上 {other}", f"add {other}"),
            )  # fmt: skip
    return faults


def _ring(text: str) -> bool:
    points = text.split(" ")
    return (
        bool(_POLYGON.fullmatch(text))
        and len(points) >= 4
        and points[0] == points[-1]
        and all(_on_earth(point) for point in points)
    )


def _disc(text: str) -> bool:
    return bool(_CIRCLE.fullmatch(text)) and _on_earth(text.split(" ")[0])


def _on_earth(point: str) -> bool:
    latitude, longitude = (float(part) for part in point.split(","))
    return -90 <= latitude <= 90 and -180 <= longitude <= 180


def _inside_other(line: int, info: Element, blocks: list[Element]) -> bool:
    """Whether *line* lies in another block than *info*: that fault is the other's."""
    holders = [block for block in blocks if block.line <= line]
    return bool(holders) and holders[-1] is not info
