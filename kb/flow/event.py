"""One step that was taken: who, when, for which body, why, and which values it set.

An event is a ``prov:Activity`` in the graph ``timeline/<name>``; its IRI ends with its number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pyoxigraph import Literal, NamedNode, Quad

from kb.namespaces import DCTERMS, PROV, RDF_TYPE, ROOT, XSD, graph, xz
from kb.store.protocol import Term

Values = Mapping[NamedNode, tuple[Term, ...]]
"""Values by property; an empty tuple takes the value away."""
EVENT, TIMELINE, NUMBER, ABOUT = xz("Event"), xz("timeline"), xz("number"), xz("about")
STEP, BODY, ACTOR = xz("step"), xz("onBehalfOf"), xz("actor")
AT, REASON = NamedNode(PROV + "atTime"), NamedNode(DCTERMS + "description")
REQUEST = xz("requestDigest")
_OWN = {RDF_TYPE, TIMELINE, NUMBER, ABOUT, STEP, BODY, ACTOR, AT, REASON, REQUEST}
NOTHING = xz("nothing")
"""Stands in an event for a value that was taken away."""


@dataclass(frozen=True, slots=True)
class Event:
    """A step of a timeline. *at* has a time zone; *number* counts from 1 within the timeline.

    *request* is the digest by which the same request is known when it comes again; empty if none was given.
    """

    number: int
    about: NamedNode
    step: NamedNode
    actor: str
    at: datetime
    body: NamedNode | None = None
    reason: str = ""
    values: Values = field(default_factory=dict)
    request: str = ""


def timeline_graph(name: str) -> NamedNode:
    """Return the graph of the timeline *name*."""
    return graph(f"timeline/{name}")


def timeline_iri(name: str) -> NamedNode:
    """Return the timeline itself, of which ``xz:length`` tells how many events it has."""
    return NamedNode(f"{ROOT}timeline/{name}")


def event_iri(name: str, number: int) -> NamedNode:
    """Return the IRI of an event of the timeline *name*."""
    return NamedNode(f"{ROOT}timeline/{name}/{number}")


def quads(name: str, event: Event) -> Iterator[Quad]:
    """Yield what the graph of the timeline *name* says of *event*."""
    node, within = event_iri(name, event.number), timeline_graph(name)
    yield Quad(node, RDF_TYPE, EVENT, within)
    yield Quad(node, TIMELINE, timeline_iri(name), within)
    yield Quad(node, NUMBER, integer(event.number), within)
    yield Quad(node, ABOUT, event.about, within)
    yield Quad(node, STEP, event.step, within)
    yield Quad(node, ACTOR, Literal(event.actor), within)
    yield Quad(node, AT, moment(event.at), within)
    if event.body is not None:
        yield Quad(node, BODY, event.body, within)
    if event.reason:
        yield Quad(node, REASON, Literal(event.reason), within)
    if event.request:
        yield Quad(node, REQUEST, Literal(event.request), within)
    for property_, terms in event.values.items():
        for term in terms or (NOTHING,):
            yield Quad(node, property_, term, within)


def read(about: Iterable[Quad]) -> Event:
    """Return the event that the quads *about* one subject describe."""
    facts: dict[NamedNode, list[Term]] = {}
    for quad in about:
        facts.setdefault(quad.predicate, []).append(quad.object)
    body = facts.get(BODY, [None])[0]
    subject, step = facts[ABOUT][0], facts[STEP][0]
    assert isinstance(subject, NamedNode)
    assert isinstance(step, NamedNode)
    return Event(
        int(_text(facts[NUMBER][0])),
        subject,
        step,
        _text(facts[ACTOR][0]),
        datetime.fromisoformat(_text(facts[AT][0])),
        body if isinstance(body, NamedNode) else None,
        _text(facts[REASON][0]) if REASON in facts else "",
        {
            property_: tuple(sorted((term for term in terms if term != NOTHING), key=str))
            for property_, terms in facts.items()
            if property_ not in _OWN
        },
        _text(facts[REQUEST][0]) if REQUEST in facts else "",
    )


def integer(number: int) -> Literal:
    """Return *number* as a term."""
    return Literal(str(number), datatype=NamedNode(XSD + "integer"))


def moment(at: datetime) -> Literal:
    """Return *at* as a term, in UTC: as the store gives it back."""
    text = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return Literal(text, datatype=NamedNode(XSD + "dateTime"))


def _text(term: Term) -> str:
    assert isinstance(term, Literal)
    return term.value
