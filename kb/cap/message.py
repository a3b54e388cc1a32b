"""An alert as data. Times have an offset; points are (longitude, latitude) in degrees of WGS 84."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from kb.cap import CapRefused
from kb.cap.document import SIGNATURE, Element
from kb.cap.standard import check

Point = tuple[float, float]
LANGUAGE = "en-US"
"""The language of an information block that names none (CAP 1.2, 3.2.2)."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Another message: who sent it, its identifier, when it was sent."""

    sender: str
    identifier: str
    sent: datetime

    @property
    def key(self) -> str:
        """What is the same for the same message, and short: 16 hexadecimal digits."""
        moment = int(self.sent.timestamp())
        return hashlib.sha256(f"{self.sender},{self.identifier},{moment}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Named:
    """A value with the name of its system: a geocode, a parameter, a code of an event."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle: its centre, and its radius in kilometres."""

    centre: Point
    radius: float


@dataclass(frozen=True, slots=True)
class Area:
    """Where: in words, as closed rings, circles and codes; *altitude* and *ceiling* in feet."""

    description: str
    polygons: tuple[tuple[Point, ...], ...] = ()
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[Named, ...] = ()
    altitude: str = ""
    ceiling: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """A file beside the alert; its content (derefUri) is not kept."""

    description: str
    media_type: str
    size: str = ""
    uri: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Info:
    """What an alert says in one language."""

    event: str
    categories: tuple[str, ...]
    urgency: str
    severity: str
    certainty: str
    language: str = LANGUAGE
    responses: tuple[str, ...] = ()
    audience: str = ""
    event_codes: tuple[Named, ...] = ()
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    contact: str = ""
    parameters: tuple[Named, ...] = ()
    resources: tuple[Resource, ...] = ()
    areas: tuple[Area, ...] = ()

    @property
    def chinese(self) -> bool:
        """Whether it is in Chinese."""
        return self.language.lower().partition("-")[0] == "zh"


@dataclass(frozen=True, slots=True)
class Alert:
    """A message of CAP 1.2. *signed* says that it bears an XML signature, which is not checked."""

    identifier: str
    sender: str
    sent: datetime
    status: str
    kind: str
    scope: str
    infos: tuple[Info, ...] = ()
    source: str = ""
    restriction: str = ""
    addresses: str = ""
    codes: tuple[str, ...] = ()
    note: str = ""
    references: tuple[Reference, ...] = ()
    incidents: str = ""
    signed: bool = False

    @property
    def reference(self) -> Reference:
        """How other messages refer to it."""
        return Reference(self.sender, self.identifier, self.sent)

    @property
    def key(self) -> str:
        """What is the same for the same message."""
        return self.reference.key

    def said(self, chinese: bool) -> Info | None:
        """Return the block in Chinese or in another language; any where there is no such, or ``None``."""
        return next((one for one in self.infos if one.chinese == chinese), next(iter(self.infos), None))


def of(element: Element) -> Alert:
    """Return the alert that *element* says.

    :raises CapRefused: with a fault for everything that breaks the standard.
    """
    findings = check(element)
    if findings:
        raise CapRefused([one.fault for one in findings])
    return Alert(
        element.first("identifier"),
        element.first("sender"),
        datetime.fromisoformat(element.first("sent")),
        element.first("status"),
        element.first("msgType"),
        element.first("scope"),
        tuple(_info(one) for one in element.all("info")),
        element.first("source"),
        element.first("restriction"),
        element.first("addresses"),
        _texts(element, "code"),
        element.first("note"),
        tuple(reference(part) for part in element.first("references").split()),
        element.first("incidents"),
        any(child.name.startswith(SIGNATURE) for child in element.children),
    )


def reference(text: str) -> Reference:
    """Return the message that *text* (``sender,identifier,sent``) refers to.

    :raises ValueError: where it is written otherwise.
    """
    sender, identifier, sent = text.split(",", 2)
    return Reference(sender, identifier, datetime.fromisoformat(sent))


def ring(text: str) -> tuple[Point, ...]:
    """Return the points of a polygon as CAP writes it (latitude first)."""
    return tuple(_point(part) for part in text.split(" "))


def _info(element: Element) -> Info:
    return Info(
        element.first("event"),
        _texts(element, "category"),
        element.first("urgency"),
        element.first("severity"),
        element.first("certainty"),
        element.first("language") or LANGUAGE,
        _texts(element, "responseType"),
        element.first("audience"),
        _pairs(element, "eventCode"),
        _time(element, "effective"),
        _time(element, "onset"),
        _time(element, "expires"),
        element.first("senderName"),
        element.first("headline"),
        element.first("description"),
        element.first("instruction"),
        element.first("web"),
        element.first("contact"),
        _pairs(element, "parameter"),
        tuple(
            Resource(*(one.first(name) for name in ("resourceDesc", "mimeType", "size", "uri", "digest")))
            for one in element.all("resource")
        ),
        tuple(_area(one) for one in element.all("area")),
    )


def _area(element: Element) -> Area:
    return Area(
        element.first("areaDesc"),
        tuple(ring(text) for text in _texts(element, "polygon")),
        tuple(_circle(text) for text in _texts(element, "circle")),
        _pairs(element, "geocode"),
        element.first("altitude"),
        element.first("ceiling"),
    )


def _circle(text: str) -> Circle:
    centre, radius = text.split(" ")
    return Circle(_point(centre), float(radius))


def _point(text: str) -> Point:
    latitude, longitude = text.split(",")
    return float(longitude), float(latitude)


def _time(element: Element, name: str) -> datetime | None:
    text = element.first(name)
    return datetime.fromisoformat(text) if text else None


def _texts(element: Element, name: str) -> tuple[str, ...]:
    return tuple(child.text.strip() for child in element.all(name))


def _pairs(element: Element, name: str) -> tuple[Named, ...]:
    return tuple(Named(one.first("valueName"), one.first("value")) for one in element.all(name))
