"""From a national division code and a city profile to the quads of a city.

The folder given everywhere is that of the examples (``kb.resources.folder("examples")``)::

    divisions/*.csv                     the national table
    divisions/english.yaml              how names are written in English
    cities/<code>/divisions.csv.gz      streets and communities of one city
    cities/<code>/profile.yaml          what that city has chosen

A city is there if its folder is: nothing is registered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from pyoxigraph import Literal, NamedNode, Quad

from kb.city import divisions, layout, profile, terms
from kb.city.divisions import Division, Level, Tree
from kb.city.grids import partitions
from kb.city.layout import Rectangle, shaped
from kb.city.naming import Namer
from kb.city.network import Body, body_iri, network
from kb.city.profile import Profile
from kb.errors import KnowledgeFault, NotFound, Text
from kb.namespaces import DCTERMS_SOURCE, RDF_TYPE, RDFS_LABEL, graph, xz

NATION = graph("knowledge/divisions")
"""The graph of all provinces, cities and districts of the country."""

_PROFILE = "profile.yaml"


@dataclass(frozen=True)
class City:
    """A city as read from its files, not yet turned into quads."""

    division: Division
    profile: Profile
    nation: Tree
    local: Tree
    """Its streets and communities."""
    namer: Namer

    @property
    def graph(self) -> NamedNode:
        """The named graph of the city."""
        return graph(f"city/{self.division.code}")

    @property
    def governed(self) -> list[Division]:
        """The divisions that have bodies, from the top: province, city, districts, streets."""
        above = [self.nation[self.division.parent]] if self.division.parent in self.nation else []
        districts = self.nation.districts(self.division.code)
        streets = [street for district in districts for street in self.local.children(district.code)]
        return [*above, *dict.fromkeys([self.division, *districts]), *streets]

    @property
    def bodies(self) -> Iterator[Body]:
        """Its governments, headquarters and departments, with those of its province."""
        return network(self.division.code, self.governed, self.profile, self.namer)

    @property
    def total(self) -> int:
        """How many divisions and grids :meth:`quads` will describe."""
        grids = sum(partition.per_community for partition in partitions(self.profile))
        at = [division.levels[0] for division in self.local.divisions.values()]
        return len(at) + grids * at.count(Level.COMMUNITY)

    def quads(self, progress: Callable[[int, int], None] | None = None) -> Iterator[Quad]:
        """Yield the quads of the city, always in the same order.

        :param progress: told how many divisions and grids are done, and of how many.
        """
        yield from self._about()
        for body in self.bodies:
            yield from body.quads(self.graph)
        code, total, done = self.division.code, self.total, 0
        staff = self.profile.at(Level.STREET.tier)
        shapes = self._shapes
        for area, shape in shapes.items():
            yield from shaped(code, area, terms.area(area), shape, self.graph)
        parts = partitions(self.profile)
        for division in self.local.divisions.values():
            name = self.namer.name(division.name)
            yield from _division(division, name.label, self.graph)
            done += 1
            if Level.COMMUNITY in division.levels:
                street = self.local[division.parent]
                for part in parts:
                    holder = body_iri(code, street, staff[part.post.department])
                    within = shapes.get(division.code)
                    yield from part.quads(code, division.code, name.place, holder, self.graph, within)
                    done += part.per_community
            if progress is not None:
                progress(done, total)

    @property
    def _shapes(self) -> dict[str, Rectangle]:
        """The synthetic rectangle of each division by its code; none where the profile has no extent."""
        extent, here = self.profile.extent, self.division.code
        if extent is None:
            return {}
        below = {d.code: self.local.children(d.code) for d in self.local.divisions.values()}
        districts = self.nation.districts(here)
        below |= {district.code: self.local.children(district.code) for district in districts}
        if here not in below:
            below[here] = districts
        return layout.shapes(here, extent, {code: [d.code for d in inner] for code, inner in below.items()})

    def _about(self) -> Iterator[Quad]:
        """Yield the graph's own description: what of it is real, what synthetic, and whose it is."""
        name, about = self.namer.name(self.division.name), self.profile
        label = Text(f"{name.stem.zh}城市图", f"City graph of {name.stem.en}")
        for lang in ("zh", "en"):
            yield Quad(self.graph, RDFS_LABEL, Literal(label.in_(lang), language=lang), self.graph)
            text = Literal(about.description.in_(lang), language=lang)
            yield Quad(self.graph, terms.DESCRIPTION, text, self.graph)
        yield Quad(self.graph, DCTERMS_SOURCE, NamedNode(about.source), self.graph)
        yield Quad(self.graph, terms.LICENCE, NamedNode(about.licence), self.graph)


def sources(folder: Path) -> list[str]:
    """Return the codes of the cities in the examples *folder*, sorted."""
    return sorted(path.parent.name for path in (folder / "cities").glob(f"*/{_PROFILE}"))


def model_cities(folder: Path) -> list[str]:
    """Return the codes of the cities that are loaded without being asked for, sorted."""
    profiles = {code: folder / "cities" / code / _PROFILE for code in sources(folder)}
    return [
        code
        for code, path in profiles.items()
        if not (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("on_request", False)
    ]


def read(code: str, folder: Path, *, functions: Collection[str]) -> City:
    """Read the city *code* from the examples *folder*.

    :param functions: the slugs of the functions that the ontology defines.
    :raises NotFound: the folder has no such city.
    :raises KnowledgeFault: a table or the profile is wrong, or *code* is no city.
    """
    home = folder / "cities" / code
    if code not in sources(folder):
        raise NotFound.of(
            "city.unknown",
            f"没有城市 {code}",
            f"there is no city {code}",
            repair=(f"已有：{'、'.join(sources(folder))}", f"there are: {', '.join(sources(folder))}"),
        )
    nation = divisions.national(folder / "divisions")
    if code not in nation or Level.CITY not in nation[code].levels:
        raise KnowledgeFault.of(
            "city.no-city",
            f"{code} 不是市或直辖市的代码",
            f"{code} is not the code of a city or municipality",
            where=str(home),
        )
    return City(
        nation[code],
        profile.load(home / _PROFILE, functions),
        nation,
        divisions.below_districts(home / "divisions.csv.gz", nation),
        Namer.load(folder / "divisions" / "english.yaml"),
    )


def build(
    code: str,
    folder: Path,
    *,
    functions: Collection[str],
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Quad]:
    """Read the city *code* at once and return its quads, made as they are asked for.

    See :func:`read` for what is raised, :meth:`City.quads` for *progress*.
    """
    return read(code, folder, functions=functions).quads(progress)


def nation(folder: Path) -> Iterator[Quad]:
    """Yield every province, city and district of the country, in the graph :data:`NATION`."""
    namer = Namer.load(folder / "divisions" / "english.yaml")
    for division in divisions.national(folder / "divisions").divisions.values():
        yield from _division(division, namer.name(division.name).label, NATION)


def _division(division: Division, label: Text, into: NamedNode) -> Iterator[Quad]:
    first, *others = division.levels
    iri = terms.area(division.code)
    yield from terms.described(iri, xz(first.value), label, into)
    for level in others:
        yield Quad(iri, RDF_TYPE, xz(level.value), into)
    yield Quad(iri, terms.CODE, Literal(division.code), into)
    yield Quad(iri, terms.PART_OF, terms.area(division.parent), into)
