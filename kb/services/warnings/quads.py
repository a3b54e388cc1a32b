"""A message as triples, and back: the blocks as shared alerts are described, the whole as its XML."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pyoxigraph import Literal, NamedNode, Quad

from kb.cap import message
from kb.cap.document import parse
from kb.cap.message import Alert, Info
from kb.cap.writing import pair, written
from kb.flow.event import moment
from kb.namespaces import DCTERMS, PROV, RDF_TYPE, ROOT, xz
from kb.services.warnings import terms
from kb.services.warnings.meaning import Meaning
from kb.store.protocol import Store, Term

ACCEPTED = NamedNode(DCTERMS + "dateAccepted")
"""When a message was received here."""
_CAP = f"{ROOT}kb/cap/"


def of_message(alert: Alert, received: datetime) -> Iterator[Quad]:
    """Yield what the graph of *alert* says: what was received, and when."""
    about, within = terms.iri(alert.key), terms.message_graph(alert.key)
    yield Quad(about, RDF_TYPE, terms.WARNING, within)
    yield Quad(about, terms.TEXT, Literal(canonical(alert)), within)
    yield Quad(about, NamedNode(PROV + "generatedAtTime"), moment(alert.sent), within)
    yield Quad(about, NamedNode(DCTERMS + "creator"), Literal(alert.sender), within)
    yield Quad(about, ACCEPTED, moment(received), within)
    for reference in alert.references:
        yield Quad(about, terms.REFERS_TO, terms.iri(reference.key), within)
    for number, info in enumerate(alert.infos or (None,), 1):
        node = NamedNode(f"{about.value}/info/{number}")
        yield Quad(node, RDF_TYPE, terms.ALERT, within)
        yield Quad(node, terms.INFO_OF, about, within)
        for property_, value in (*_identity(alert), *(_block(info) if info else ())):
            yield Quad(node, xz(property_), value, within)


def of_support(alert: Alert, means: Meaning) -> Iterator[Quad]:
    """Yield what *alert* supports by itself: areas, types and level, and when."""
    about, within = terms.iri(alert.key), terms.support_graph(alert.key)
    yield Quad(about, terms.FROM, moment(means.start), within)
    yield Quad(about, terms.UNTIL, moment(means.end), within)
    for place in means.places:
        yield Quad(about, terms.AFFECTS, place.area, within)
    for type_ in means.types:
        yield Quad(about, terms.WARNS_OF, type_, within)
    if means.level is not None:
        yield Quad(about, terms.AT_LEVEL, means.level, within)


def stored(store: Store, key: str) -> Alert | None:
    """Return the message *key* as it is stored, or ``None``."""
    for quad in store.match(terms.iri(key), terms.TEXT, None, terms.message_graph(key)):
        if isinstance(quad.object, Literal):
            return message.of(parse(quad.object.value.encode()))
    return None


def canonical(alert: Alert) -> str:
    """Return *alert* as it is kept: its own XML, whatever the sender's looked like."""
    return written(alert).decode()


def received_at(store: Store, key: str) -> datetime:
    """Return when the message *key* was received."""
    quads = store.match(terms.iri(key), ACCEPTED, None, terms.message_graph(key))
    return next(datetime.fromisoformat(q.object.value) for q in quads if isinstance(q.object, Literal))


def referring(store: Store, key: str) -> list[str]:
    """Return the keys of the messages that refer to the message *key*."""
    quads = store.match(None, terms.REFERS_TO, terms.iri(key))
    return sorted(terms.key_of(q.subject) for q in quads if isinstance(q.subject, NamedNode))


def _identity(alert: Alert) -> Iterator[tuple[str, Term]]:
    yield "alertIdentifier", Literal(alert.identifier)
    yield "alertSender", Literal(alert.sender)
    yield "sentAt", moment(alert.sent)
    yield "alertStatus", code("status", alert.status)
    yield "alertKind", code("msg-type", alert.kind)


def _block(info: Info) -> Iterator[tuple[str, Term]]:
    yield "alertLanguage", Literal(info.language)
    yield "alertEvent", Literal(info.event)
    for category in info.categories:
        yield "alertCategory", code("category", category)
    yield "alertUrgency", code("urgency", info.urgency)
    yield "alertSeverity", code("severity", info.severity)
    yield "alertCertainty", code("certainty", info.certainty)
    if info.expires is not None:
        yield "alertExpires", moment(info.expires)
    for property_, text in (
        ("headline", info.headline),
        ("alertText", info.description),
        ("instruction", info.instruction),
    ):
        if text:
            yield property_, Literal(text)
    for area in info.areas:
        yield "areaDescription", Literal(area.description)
        for ring in area.polygons:
            yield "alertPolygon", Literal(" ".join(map(pair, ring)))


def code(scheme: str, value: str) -> NamedNode:
    """Return the concept of a code value of CAP, as ``ontology/alignments/cap.ttl`` has it."""
    words = {"AllClear": "all-clear", "CBRNE": "cbrne"}
    return NamedNode(f"{_CAP}{scheme}/{words.get(value, value.lower())}")
