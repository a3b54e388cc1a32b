"""The two partitions of a community into grids, and the post accountable for each grid.

City management and social governance draw their own lines, and neither follows the other:

- **unit grids** (数字城管 单元网格): fifteen digits, 6+3+3+3, the community's twelve and a running
  number (``370102001002001``), as in GB/T 30428 and Beijing's DB11;
- **governance grids** (社会治理网格): the community's twelve digits, ``G`` and two digits
  (``370102001002G01``). The letter is a convention of this project: it keeps the two apart, for
  GB/T 34300 leaves the code to the city.

How many there are in a community is the profile's choice; the division itself is synthetic. A post has
no holder: the graph names no person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Quad

from kb.city import terms
from kb.city.layout import Rectangle, divide, shaped
from kb.city.profile import GridPost, Profile
from kb.errors import Text
from kb.namespaces import xz


@dataclass(frozen=True, slots=True)
class Partition:
    """How one kind of grid is numbered, named and staffed."""

    kind: NamedNode
    per_community: int
    number: str
    """Format of the running number that follows the community's code."""
    label: Text
    post: GridPost

    def quads(
        self,
        city: str,
        community: str,
        place: Text,
        holder: NamedNode,
        graph: NamedNode,
        within: Rectangle | None = None,
    ) -> Iterator[Quad]:
        """Yield the grids of one *community* (its code), whose *place* is named in both languages.

        :param holder: the department that holds the posts.
        :param within: the rectangle of the community, of which each grid gets a part.
        """
        shapes = None if within is None else divide(within, [1] * self.per_community)
        parent = terms.area(community)
        post_label = self.post.label
        for index in range(1, self.per_community + 1):
            number = self.number.format(index)
            code = community + number
            grid, post = terms.of_city(city, f"grid/{code}"), terms.of_city(city, f"post/{code}")
            label = Text(f"{place.zh}{self.label.zh}{number}", f"{place.en} {self.label.en} {number}")
            yield from terms.described(grid, self.kind, label, graph)
            yield Quad(grid, terms.CODE, Literal(code), graph)
            if shapes is not None:
                yield from shaped(city, code, grid, shapes[index - 1], graph)
            yield Quad(grid, terms.PART_OF, parent, graph)
            yield Quad(grid, terms.GRID_OFFICER, post, graph)
            title = Text(f"{label.zh}{post_label.zh}", f"{post_label.en}, {label.en}")
            yield from terms.described(post, terms.POST, title, graph)
            yield Quad(post, terms.POST_IN, holder, graph)


def partitions(profile: Profile) -> tuple[Partition, Partition]:
    """Return the two partitions that *profile* asks for."""
    return (
        Partition(
            xz("UnitGrid"),
            profile.unit_grids_per_community,
            "{:03}",
            Text("单元网格", "unit grid"),
            profile.unit_post,
        ),
        Partition(
            xz("GovernanceGrid"),
            profile.governance_grids_per_community,
            "G{:02}",
            Text("治理网格", "governance grid"),
            profile.governance_post,
        ),
    )
