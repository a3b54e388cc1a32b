"""What the shape of the collaboration graph tells: where it would break, who carries too much, who is alone.

networkx does the work: Tarjan's bridges and articulation points, Brandes' betweenness, Louvain's communities.
Betweenness looks at every pair of bodies: 6 s for the 1,479 of Qingdao, 34 s for the 3,285 of Beijing. Above
:data:`EXACT` bodies it is estimated from the paths of :data:`SAMPLE` of them, drawn with a fixed seed. In
Qingdao nine of the ten busiest are then the same, and no share of the busiest is off by more than 0.015;
bodies that are nearly equal may change places. The same seed serves the communities: a graph always gives the
same answer.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

import networkx
from pyoxigraph import NamedNode

from kb.errors import Text
from kb.network.collaboration import Graph

SEED = 20261125
EXACT = 400
"""Up to so many bodies betweenness is exact."""
SAMPLE = 400
BUSIEST = 20
"""So many bottlenecks are told of."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a kind of finding is called and why it matters."""

    label: Text
    why: Text


BRIDGES = Meaning(
    Text("桥", "Bridges"),
    Text(
        "这条联系一断，网络就分成互不相通的两块：应当再建一条联络渠道。",
        "If this link breaks, two parts cannot reach each other any more: add a second channel.",
    ),
)
CUT_POINTS = Meaning(
    Text("割点", "Cut points"),
    Text(
        "这个机构一缺位，就有机构与其余部分失去联系：应当指定替补。",
        "If this body is down, others lose touch with the rest: name a substitute for it.",
    ),
)
BOTTLENECKS = Meaning(
    Text("瓶颈", "Bottlenecks"),
    Text(
        "最多的协调路径经过这里：大事时它先超负荷，应当分流或加派力量。",
        "Most ways of coordination lead through here, so it is overloaded first: relieve it, or add staff.",
    ),
)
ISOLATES = Meaning(
    Text("孤立机构", "Isolates"),
    Text(
        "没有一类事件要求它与本区域的机构共同应对，过去也没有协同过：核对职责是否缺漏。",
        "No type of incident makes it work with a body of its area, and it never did: is a duty missing?",
    ),
)
COMMUNITIES = Meaning(
    Text("协同群组", "Communities"),
    Text(
        "组内联系密、组间联系疏：演练和联席会议宜跨组安排。",
        "Much goes on within each, little between them: let drills and joint meetings cross their borders.",
    ),
)
PARTS = Meaning(
    Text("互不相通的部分", "Separate parts"),
    Text("各部分之间没有任何联系。", "No link of any kind leads from one to another."),
)


@dataclass(frozen=True, slots=True)
class Analysis:
    """The findings about one graph; bodies are sorted by IRI unless said otherwise."""

    bodies: int
    links: int
    exact: bool
    """Whether betweenness was computed from all bodies, not from a sample."""
    bridges: tuple[tuple[NamedNode, NamedNode], ...]
    cut_points: tuple[NamedNode, ...]
    bottlenecks: tuple[tuple[NamedNode, float], ...]
    """The busiest, with the share of shortest paths that lead through them (0 to 1); highest first."""
    isolates: tuple[NamedNode, ...]
    communities: tuple[tuple[NamedNode, ...], ...]
    """Largest first; in each the body with the heaviest links first."""
    parts: tuple[tuple[NamedNode, ...], ...]
    """The connected components, largest first."""


def analyse(graph: Graph, expected: Container[NamedNode]) -> Analysis:
    """Return the findings about *graph*.

    :param expected: the bodies that ought to work with others; governments and headquarters govern instead,
        and are no isolates.
    """
    exact = len(graph) <= EXACT
    between = networkx.betweenness_centrality(graph, k=None if exact else SAMPLE, seed=SEED)
    busiest = sorted(between.items(), key=lambda item: (-item[1], item[0].value))[:BUSIEST]
    weights = dict(graph.degree(weight="weight"))
    communities = networkx.community.louvain_communities(graph, weight="closeness", seed=SEED)
    return Analysis(
        len(graph),
        graph.number_of_edges(),
        exact,
        tuple(sorted((_pair(edge) for edge in _bridges(graph)), key=str)),
        tuple(sorted(networkx.articulation_points(graph), key=str)),
        tuple((body, share) for body, share in busiest if share > 0),
        tuple(sorted((body for body in graph if body in expected and _is_alone(graph, body)), key=str)),
        tuple(
            tuple(sorted(group, key=lambda body: (-weights[body], body.value)))
            for group in sorted(communities, key=_largest)
        ),
        tuple(
            tuple(sorted(part, key=str))
            for part in sorted(networkx.connected_components(graph), key=_largest)
        ),
    )


def _largest(part: Collection[NamedNode]) -> tuple[int, str]:
    return -len(part), min(map(str, part))


def _is_alone(graph: Graph, body: NamedNode) -> bool:
    """Whether nothing but the hierarchy ties *body* to others."""
    return not any(edge["joint"] or edge["directives"] for edge in graph[body].values())


def _bridges(graph: Graph) -> Iterator[tuple[NamedNode, NamedNode]]:
    return cast(Iterator[tuple[NamedNode, NamedNode]], networkx.bridges(graph))  # the stubs say nodes


def _pair(edge: Iterable[NamedNode]) -> tuple[NamedNode, NamedNode]:
    one, other = sorted(edge, key=lambda body: body.value)
    return one, other
