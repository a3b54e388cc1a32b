"""Who governs a city: its governments, headquarters and departments, and who is above whom.

Every division that the profile staffs gets the bodies of its tier. Where one division stands at two
tiers (Beijing is a province and a city), its bodies act at both and are named as the city's.

Above a body is the one with the same id in the next division up that has it (历下区应急管理局 →
济南市应急管理局 → 山东省应急管理厅); where none has, the nearest government. So every chain ends at the
government of the top tier.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyoxigraph import NamedNode, Quad

from kb.city import terms
from kb.city.divisions import Division, Level
from kb.city.naming import Name, Namer
from kb.city.profile import DEPARTMENT, GOVERNMENT, Department, Profile
from kb.errors import Text
from kb.namespaces import xz


@dataclass(frozen=True, slots=True)
class Body:
    """One government, headquarters or department of one division."""

    iri: NamedNode
    label: Text
    kind: str
    functions: tuple[str, ...]
    division: Division
    government: NamedNode | None
    """The government it is a unit of: that of its division, or the nearest above."""
    superior: NamedNode | None
    """The body above it; ``None`` for the government of the top tier."""

    def quads(self, graph: NamedNode) -> Iterator[Quad]:
        """Yield what *graph* is to say about the body."""
        yield from terms.described(self.iri, xz(self.kind), self.label, graph)
        for level in self.division.levels:
            yield Quad(self.iri, terms.TIER, terms.tier(level.tier), graph)
        yield Quad(self.iri, terms.JURISDICTION, terms.area(self.division.code), graph)
        for function in self.functions:
            yield Quad(self.iri, terms.PERFORMS, terms.function(function), graph)
        if self.kind == DEPARTMENT and self.government is not None:
            yield Quad(self.iri, terms.UNIT_OF, self.government, graph)
        if self.superior is not None:
            yield Quad(self.iri, terms.SUPERIOR, self.superior, graph)


def body_iri(city: str, division: Division, department: Department) -> NamedNode:
    """Return the IRI of *department* in *division*, in the graph of *city*.

    A province's bodies carry the province's own code in place of the city's: they are the same for
    all its cities, and must not appear twice where two cities of a province are loaded.
    """
    owner = division.code if Level.PROVINCE in division.levels else city
    place = f"dept/{division.code}/{department.id}"
    return terms.of_city(
        owner, place if department.kind == DEPARTMENT else f"{department.id}/{division.code}"
    )


def network(city: str, divisions: Sequence[Division], profile: Profile, namer: Namer) -> Iterator[Body]:
    """Yield the bodies of *divisions*: the city, what is above it, its districts and their streets."""
    known = {division.code: division for division in divisions}
    staff = {division.code: _staff(division, profile) for division in divisions}

    def above(division: Division) -> Iterator[Division]:
        while (parent := known.get(division.parent)) is not None:
            yield parent
            division = parent

    def find(places: Sequence[Division], id: str) -> NamedNode | None:
        for place in places:
            if id in staff[place.code]:
                return body_iri(city, place, staff[place.code][id])
        return None

    def government(places: Sequence[Division]) -> NamedNode | None:
        for place in places:
            for department in staff[place.code].values():
                if department.kind == GOVERNMENT:
                    return body_iri(city, place, department)
        return None

    for division in divisions:
        name = namer.name(division.name)
        higher = list(above(division))
        for department in staff[division.code].values():
            iri = body_iri(city, division, department)
            own = government(higher if department.kind == GOVERNMENT else [division, *higher])
            label = _label(department, name)
            superior = find(higher, department.id) or own
            yield Body(iri, label, department.kind, department.functions, division, own, superior)


def _staff(division: Division, profile: Profile) -> Mapping[str, Department]:
    """Return the bodies of *division* by id; a city's own description of one goes first."""
    staff: dict[str, Department] = {}
    for level in sorted(division.levels, key=lambda level: level is Level.CITY):
        staff |= profile.at(level.tier)
    return staff


def _label(department: Department, name: Name) -> Text:
    """Put the division's name where the label wants it: at ``{name}`` or ``{stem}``, else in front."""
    label = next((text for end, text in department.variants if name.official.endswith(end)), department.label)
    zh, en = (
        text if "{" in text else f"{{name}}{gap}{text}" for text, gap in ((label.zh, ""), (label.en, " "))
    )
    return Text(
        zh.replace("{name}", name.attributive.zh).replace("{stem}", name.stem.zh),
        en.replace("{name}", name.attributive.en).replace("{stem}", name.stem.en),
    )
