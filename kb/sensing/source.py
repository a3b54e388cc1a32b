"""What the columns of a source mean: read from its description, which is knowledge like any other.

A description is a ``xz:ObservationSource`` (``ontology/observations.ttl``, or a file of one's own)::

    source:calls a xz:ObservationSource ;
        csvw:header false ;
        xz:timeColumn [ csvw:number 4 ; xz:timeFormat "%Y-%m-%d %H:%M" ] ; xz:timeZone "America/New_York" ;
        xz:longitudeColumn [ csvw:number 2 ] ; xz:latitudeColumn [ csvw:number 1 ] ;
        xz:categoryColumn [ csvw:number 3 ] ;
        xz:categoryMatch [ xz:beginsWith "Fire" ; xz:riskCategory risk-category:fire ] .

A column is named (``csvw:name``) or, where the file has no header, numbered from one (``csvw:number``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, parse

from kb.errors import KnowledgeFault, NotFound
from kb.namespaces import RDF_TYPE, ROOT, xz

CSVW = "http://www.w3.org/ns/csvw#"
SOURCES = ROOT + "kb/observation-source/"
CATEGORIES = ROOT + "kb/risk-category/"
SOURCE = xz("ObservationSource")
DEFAULT_ZONE = "Asia/Shanghai"
T = TypeVar("T")
Node: TypeAlias = NamedNode | BlankNode


class Facts(Protocol):
    """What has quads: a store (``kb.store.protocol.Store``), or a file that was read."""

    def match(self, s: Node | None, p: NamedNode | None, o: NamedNode | None) -> Iterable[Quad]:
        """Return the quads that fit."""
        ...


@dataclass(frozen=True, slots=True)
class Column:
    """Which column, by name or by its number from one; and the format of a time in it (strftime)."""

    name: str | None
    number: int | None
    format: str | None = None

    def among(self, columns: Iterable[str]) -> str | None:
        """Return which of *columns* is meant, or ``None``."""
        listed = list(columns)
        if self.name is not None:
            return self.name if self.name in listed else None
        return listed[self.number - 1] if self.number is not None and self.number <= len(listed) else None


@dataclass(frozen=True, slots=True)
class Source:
    """A source of observations.

    :param categories: pairs of how a category begins in the source's own words, and the slug of the risk
        category that it is evidence of (``ontology/risk.ttl``); the first that fits counts.
    :param otherwise: the slug for what fits none; ``None``: such observations are not risks and left out.
    """

    iri: str
    zone: str
    header: bool
    time: Column
    longitude: Column
    latitude: Column
    category: Column | None
    value: Column | None
    id: Column | None
    categories: tuple[tuple[str, str], ...]
    otherwise: str | None

    @property
    def slug(self) -> str:
        """The last part of its IRI: a word of lower-case letters, digits and hyphens."""
        return self.iri.removeprefix(SOURCES)


class Files:
    """What Turtle files say, without a store.

    :raises KnowledgeFault: ``sensing.file``, where one cannot be read.
    """

    def __init__(self, *paths: Path) -> None:
        self._quads: list[Quad] = []
        for path in paths:
            try:
                self._quads += parse(path=str(path), format=RdfFormat.TURTLE, rename_blank_nodes=True)
            except (OSError, SyntaxError) as error:
                raise KnowledgeFault.of(
                    "sensing.file", f"无法读取：{error}", f"cannot be read: {error}", where=str(path)
                ) from error

    def match(self, s: Node | None, p: NamedNode | None, o: NamedNode | None) -> Iterator[Quad]:
        """Return the quads that fit."""
        return (
            q
            for q in self._quads
            if s in (None, q.subject) and p in (None, q.predicate) and o in (None, q.object)
        )


def sources(facts: Facts) -> dict[str, Source]:
    """Return the sources that *facts* describe, by slug.

    :raises KnowledgeFault: ``sensing.description``: a description that lacks something or is wrong.
    """
    found = (
        _source(facts, quad.subject)
        for quad in facts.match(None, RDF_TYPE, SOURCE)
        if isinstance(quad.subject, NamedNode)
    )
    return {source.slug: source for source in sorted(found, key=lambda source: source.iri)}


def source(facts: Facts, slug: str) -> Source:
    """Return one source.

    :raises NotFound: ``sensing.source``. KnowledgeFault: see :func:`sources`.
    """
    known = sources(facts)
    if slug not in known:
        raise NotFound.of(
            "sensing.source",
            f"没有名为 {slug[:40]} 的观测来源",
            f"there is no source of observations {slug[:40]}",
            where="source",
            repair=(f"已有：{'、'.join(known)}", f"there are: {', '.join(known)}"),
        )
    return known[slug]


def _source(facts: Facts, iri: NamedNode) -> Source:
    def wrong(zh: str, en: str) -> KnowledgeFault:
        return KnowledgeFault.of("sensing.description", zh, en, where=iri.value)

    def column(name: str, *, needed: bool = False) -> Column | None:
        found = (quad.object for quad in facts.match(iri, xz(name), None))
        node = next((term for term in found if isinstance(term, NamedNode | BlankNode)), None)
        if node is None:
            if needed:
                raise wrong(f"缺少 xz:{name}", f"xz:{name} is missing")
            return None
        title = _one(facts, node, NamedNode(CSVW + "name"), _text)
        number = _one(facts, node, NamedNode(CSVW + "number"), _text)
        if title is None and not (number or "").isdecimal():
            raise wrong(
                f"xz:{name} 没有 csvw:name 或 csvw:number", f"xz:{name} has no csvw:name or csvw:number"
            )
        return Column(title, int(number) if number else None, _one(facts, node, xz("timeFormat"), _text))

    def needed(name: str) -> Column:
        found = column(name, needed=True)
        assert found is not None
        return found

    zone = _one(facts, iri, xz("timeZone"), _text) or DEFAULT_ZONE
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise wrong(f"没有时区 {zone}", f"there is no time zone {zone}") from None
    matches = []
    for quad in facts.match(iri, xz("categoryMatch"), None):
        node = quad.object
        if not isinstance(node, NamedNode | BlankNode):
            raise wrong("xz:categoryMatch 不是记录", "xz:categoryMatch is no record")
        begins = _one(facts, node, xz("beginsWith"), _text)
        means = _one(facts, node, xz("riskCategory"), _slug)
        if begins is None or means is None:
            raise wrong("xz:categoryMatch 不完整", "an xz:categoryMatch lacks beginsWith or riskCategory")
        matches.append((begins, means))
    header = _one(facts, iri, NamedNode(CSVW + "header"), _text)
    return Source(
        iri.value,
        zone,
        header != "false",
        needed("timeColumn"),
        needed("longitudeColumn"),
        needed("latitudeColumn"),
        column("categoryColumn"),
        column("valueColumn"),
        column("idColumn"),
        tuple(sorted(matches, key=lambda match: (-len(match[0]), match))),  # the longest beginning first
        _one(facts, iri, xz("otherwiseCategory"), _slug),
    )


def _one(facts: Facts, subject: Node, predicate: NamedNode, read: Callable[[object], T | None]) -> T | None:
    found = (read(quad.object) for quad in facts.match(subject, predicate, None))
    return next((value for value in found if value is not None), None)


def _text(term: object) -> str | None:
    return term.value if isinstance(term, Literal) else None


def _slug(term: object) -> str | None:
    return term.value.removeprefix(CATEGORIES) if isinstance(term, NamedNode) else None
