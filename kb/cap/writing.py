"""An alert as XML of CAP 1.2, in the order that the schema demands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from xml.etree import ElementTree

from kb.cap.document import NAMESPACE
from kb.cap.message import Alert, Area, Info, Named, Point, Resource
from kb.clock import CHINA_STANDARD_TIME


def written(alert: Alert) -> bytes:
    """Return *alert* as a document in UTF-8."""
    root = ElementTree.Element(_name("alert"))
    _texts(
        root,
        ("identifier", alert.identifier),
        ("sender", alert.sender),
        ("sent", moment(alert.sent)),
        ("status", alert.status),
        ("msgType", alert.kind),
        ("source", alert.source),
        ("scope", alert.scope),
        ("restriction", alert.restriction),
        ("addresses", alert.addresses),
        *(("code", code) for code in alert.codes),
        ("note", alert.note),
        ("references", " ".join(f"{r.sender},{r.identifier},{moment(r.sent)}" for r in alert.references)),
        ("incidents", alert.incidents),
    )
    for info in alert.infos:
        _info(root, info)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True, default_namespace=NAMESPACE)
    return bytes(text) + b"\n"


def moment(at: datetime) -> str:
    """Return *at* as CAP writes it, to the second; a time in UTC as that of China."""
    if at.utcoffset() is None or at.tzinfo is UTC:
        at = at.astimezone(CHINA_STANDARD_TIME)
    return at.replace(microsecond=0).isoformat()


def pair(point: Point) -> str:
    """Return *point* as CAP writes it: latitude, longitude."""
    return f"{_number(point[1])},{_number(point[0])}"


def _info(root: ElementTree.Element, info: Info) -> None:
    node = ElementTree.SubElement(root, _name("info"))
    times = {"effective": info.effective, "onset": info.onset, "expires": info.expires}
    _texts(
        node,
        ("language", info.language),
        *(("category", one) for one in info.categories),
        ("event", info.event),
        *(("responseType", one) for one in info.responses),
        ("urgency", info.urgency),
        ("severity", info.severity),
        ("certainty", info.certainty),
        ("audience", info.audience),
    )
    _pairs(node, "eventCode", info.event_codes)
    _texts(
        node,
        *((name, "" if at is None else moment(at)) for name, at in times.items()),
        ("senderName", info.sender_name),
        ("headline", info.headline),
        ("description", info.description),
        ("instruction", info.instruction),
        ("web", info.web),
        ("contact", info.contact),
    )
    _pairs(node, "parameter", info.parameters)
    for resource in info.resources:
        _resource(node, resource)
    for area in info.areas:
        _area(node, area)


def _resource(node: ElementTree.Element, resource: Resource) -> None:
    _texts(
        ElementTree.SubElement(node, _name("resource")),
        ("resourceDesc", resource.description),
        ("mimeType", resource.media_type),
        ("size", resource.size),
        ("uri", resource.uri),
        ("digest", resource.digest),
    )


def _area(node: ElementTree.Element, area: Area) -> None:
    part = ElementTree.SubElement(node, _name("area"))
    _texts(
        part,
        ("areaDesc", area.description),
        *(("polygon", " ".join(map(pair, ring))) for ring in area.polygons),
        *(("circle", f"{pair(one.centre)} {_number(one.radius)}") for one in area.circles),
    )
    _pairs(part, "geocode", area.geocodes)
    _texts(part, ("altitude", area.altitude), ("ceiling", area.ceiling))


def _texts(node: ElementTree.Element, *values: tuple[str, str]) -> None:
    for name, text in values:
        if text:
            ElementTree.SubElement(node, _name(name)).text = text


def _pairs(node: ElementTree.Element, name: str, pairs: Iterable[Named]) -> None:
    for one in pairs:
        holder = ElementTree.SubElement(node, _name(name))
        for part, text in (("valueName", one.name), ("value", one.value)):
            ElementTree.SubElement(holder, _name(part)).text = text


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _name(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
