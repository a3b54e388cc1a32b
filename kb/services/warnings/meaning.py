"""What a message means here: which areas, which types of incident, which level, from when until when.

Systems of codes, the mapping of levels and the validity by default are data (``ontology/warnings.ttl``); the
level is concluded by rule (``rules/warning/mapped.srl``), so that it can be explained.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pyoxigraph import Literal, NamedNode, Triple
from rdflib.xsd_datetime import parse_xsd_duration
from shapely.geometry.base import BaseGeometry

from kb.cap.message import Alert, Area, Info, Named
from kb.cap.writing import pair
from kb.clock import CHINA_STANDARD_TIME
from kb.errors import NotFound, Text, XiezhiError
from kb.geo import geometry
from kb.geo.city import grid_index
from kb.namespaces import ONTOLOGY, ROOT, graph, xz
from kb.services.warnings import terms
from kb.services.workspace import Workspace
from kb.store.protocol import Term

MOST = 2_000
"""So many grids of one city are told; where a shape reaches more, the larger areas are."""
_KINDS = ("UnitGrid", "Community", "Street", "District")
_SYSTEMS = f"{ROOT}kb/code-system/"
_CODE = xz("code")
_CITIES = graph("city/").value


@dataclass(frozen=True, slots=True)
class Place:
    """An area that a message affects; *by* says which part of the message reaches it.

    *share* is how much of it a shape covers, ``None`` where a code names it.
    """

    area: NamedNode
    by: str
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a message means. *unplaced* says which parts of its areas are nowhere here, and why."""

    start: datetime
    end: datetime
    types: tuple[NamedNode, ...]
    level: NamedNode | None
    places: tuple[Place, ...]
    unplaced: tuple[Text, ...]


def meaning(workspace: Workspace, alert: Alert) -> Meaning:
    """Return what *alert* means for the cities of *workspace*."""
    found, unplaced = places(workspace, alert)
    start, end = window(workspace, alert)
    return Meaning(start, end, types(workspace, alert), level(workspace, alert), found, unplaced)


def window(workspace: Workspace, alert: Alert) -> tuple[datetime, datetime]:
    """Return from when until when *alert* holds: from its sending on where it names no moment."""
    start = min((info.effective or alert.sent for info in alert.infos), default=alert.sent)
    ends = [info.expires for info in alert.infos if info.expires is not None]
    return start, max(ends) if ends else alert.sent + _validity(workspace)


def types(workspace: Workspace, alert: Alert) -> tuple[NamedNode, ...]:
    """Return the types of incident that *alert* warns of: by code, by name, or by a name within its words."""
    found: dict[NamedNode, None] = {}
    kind = xz("IncidentType")
    for info in alert.infos:
        for one in _of_system(workspace, "incident-type", (*info.event_codes, *info.parameters)):
            found.update(dict.fromkeys(workspace.names.find(one.value, kind)))
    if not found:
        for info in alert.infos:
            found.update(dict.fromkeys(workspace.names.find(info.event, kind)))
    if not found:
        for info in alert.infos:
            found.update(dict.fromkeys(_within(workspace, info.event, kind)))
    return tuple(found)


def level(workspace: Workspace, alert: Alert) -> NamedNode | None:
    """Return the highest level that the blocks of *alert* amount to, by rule."""
    found = [one for info in alert.infos for one in derived_levels(workspace, alert, info)]
    ranks = {one: rank(workspace, one) for one in found}
    return min(ranks, key=lambda one: (ranks[one], one.value), default=None)


def derived_levels(workspace: Workspace, alert: Alert, info: Info) -> Iterator[NamedNode]:
    """Yield the levels that rules conclude for one block of *alert*."""
    about = terms.iri(alert.key)
    day = alert.sent.astimezone(CHINA_STANDARD_TIME).date()
    derivation = workspace.engine.derive(about, said(workspace, alert, info), on=day)
    for term in derivation.objects(about, terms.LEVEL):
        if isinstance(term, NamedNode):
            yield term


def said(workspace: Workspace, alert: Alert, info: Info) -> tuple[Triple, ...]:
    """Return what rules may know of one block of *alert*."""
    about = terms.iri(alert.key)
    return (
        Triple(about, xz("saidSeverity"), Literal(info.severity)),
        Triple(about, xz("saidUrgency"), Literal(info.urgency)),
        Triple(about, xz("saidCertainty"), Literal(info.certainty)),
        *(Triple(about, terms.SIGNAL, one) for one in _stated(workspace, info)),
    )


def named_codes(workspace: Workspace, system: str) -> frozenset[str]:
    """Return what messages call the *system* of codes, in small letters."""
    about = NamedNode(_SYSTEMS + system)
    return frozenset(
        one.name.casefold() for one in workspace.names.members(xz("CodeSystem")) if one.iri == about
    )


def _stated(workspace: Workspace, info: Info) -> Iterator[NamedNode]:
    """Yield the levels that the issuer states: in a parameter or code, or in a Chinese headline."""
    kind = xz("WarningLevel")
    pairs = _of_system(workspace, "warning-level", (*info.parameters, *info.event_codes))
    found = [one for pair_ in pairs for one in workspace.names.find(pair_.value, kind)]
    if not found and info.chinese:
        words = f"{info.event} {info.headline}"
        found = [
            one.iri
            for one in workspace.names.members(kind)
            if len(one.name) > 1
            and not one.name.isascii()
            and f"{one.name.removesuffix('预警')}预警" in words
        ]
    yield from dict.fromkeys(found)


def _of_system(workspace: Workspace, system: str, pairs: Iterable[Named]) -> list[Named]:
    called = named_codes(workspace, system)
    return [one for one in pairs if one.name.strip().casefold() in called]


def _within(workspace: Workspace, words: str, kind: NamedNode) -> list[NamedNode]:
    """Return what the longest of the names that stand in *words* mean."""
    lower = f" {words.casefold()} "
    found: dict[int, dict[NamedNode, None]] = {}
    for one in workspace.names.members(kind):
        name = one.name.casefold()
        sought = f" {name} " if name.isascii() else name
        if len(name) > 1 and sought in lower:
            found.setdefault(len(name), {})[one.iri] = None
    return list(found[max(found)]) if found else []


def rank(workspace: Workspace, term: NamedNode) -> int:
    """Return the place of *term* in its scale, one being the highest."""
    quads = workspace.store.match(term, xz("rank"), None, ONTOLOGY)
    return next((int(q.object.value) for q in quads if isinstance(q.object, Literal)), 9)


def _validity(workspace: Workspace) -> timedelta:
    for quad in workspace.store.match(None, xz("validFor"), None, ONTOLOGY):
        if isinstance(quad.object, Literal):
            found = parse_xsd_duration(quad.object.value)
            assert isinstance(found, timedelta)
            return found
    return timedelta(days=1)


def places(workspace: Workspace, alert: Alert) -> tuple[tuple[Place, ...], tuple[Text, ...]]:
    """Return the areas that *alert* affects here, and in words what of it is nowhere here."""
    found: dict[NamedNode, Place] = {}
    unplaced: dict[Text, None] = {}
    for area in dict.fromkeys(area for info in alert.infos for area in info.areas):
        some = False
        for geocode in area.geocodes:
            for one in _coded(workspace, geocode):
                found.setdefault(one.area, one)
                some = True
        for words, shape in _shapes(area, unplaced):
            reached = _reached(workspace, words, shape)
            for one in reached:
                found.setdefault(one.area, one)
            some = some or bool(reached)
        if not some:
            unplaced[_nowhere(area)] = None
    return tuple(found.values()), tuple(unplaced)


def _coded(workspace: Workspace, geocode: Named) -> Iterator[Place]:
    if geocode.name.strip().casefold() not in named_codes(workspace, "division"):
        return
    code = geocode.value.strip()
    shorter = [code[:length] for length in (6, 9) if len(code) == 12 and not code[length:].strip("0")]
    for one in (*shorter, code):
        for quad in workspace.store.match(None, _CODE, Literal(one)):
            if isinstance(quad.subject, NamedNode):
                yield Place(quad.subject, f"{geocode.name} {code}")
                return


def _shapes(area: Area, unplaced: dict[Text, None]) -> Iterator[tuple[str, BaseGeometry]]:
    for ring in area.polygons:
        try:
            yield "polygon", geometry.cap_polygon(" ".join(map(pair, ring)))
        except XiezhiError as error:
            unplaced[error.faults[0].message] = None
    for circle in area.circles:
        words = f"circle {pair(circle.centre)} {circle.radius:g} km"
        longitude, latitude = circle.centre
        try:
            if circle.radius:
                yield words, geometry.circle(latitude, longitude, circle.radius)
            else:
                yield words, geometry.point(longitude, latitude)
        except XiezhiError as error:
            unplaced[error.faults[0].message] = None


def _reached(workspace: Workspace, words: str, shape: BaseGeometry) -> list[Place]:
    """Return the grids of every city that *shape* reaches; larger areas where these would be too many."""
    found = []
    for city in cities(workspace):
        for kind in _KINDS:
            try:
                covered = grid_index(workspace.store, city, xz(kind)).covered(shape)
            except NotFound:
                continue  # this city has no shapes of that kind
            if len(covered) <= MOST:
                found += [Place(one.cell, words, one.share) for one in covered]
                break
    return found


def cities(workspace: Workspace) -> list[str]:
    """Return the codes of the cities that are loaded."""
    names = (name.value for name in workspace.store.graphs())
    return sorted(name.removeprefix(_CITIES) for name in names if name.startswith(_CITIES))


def common(workspace: Workspace, places: Sequence[NamedNode]) -> NamedNode | None:
    """Return the smallest area in which all *places* lie; ``None`` where there is none."""
    chains = []
    for place in places:
        chain: list[Term] = [place]
        while wider := next(iter(workspace.engine.source.values(chain[-1], xz("partOf"))), None):
            chain.append(wider)
        chains.append(chain)
    shared = set(chains[0]).intersection(*chains[1:]) if chains else set()
    return next((one for one in chains[0] if one in shared and isinstance(one, NamedNode)), None)


def _nowhere(area: Area) -> Text:
    codes = "、".join(f"{one.name} {one.value}" for one in area.geocodes[:3])
    words = area.description[:80] + (f" ({codes})" if codes else "")
    return Text(f"“{words}”不在已载入的城市之内", f"“{words}” is in none of the cities that are loaded")
