"""Plan modules that wait for one another, need what nobody achieves, or that nothing uses.

Which module comes after which follows from what they need and achieve (``rules/background/order.srl``); a
circle would leave a response without an order.
"""

from __future__ import annotations

from collections.abc import Iterator

import networkx
from rdflib import RDF, Graph, URIRef
from rdflib.term import Node

from kb.errors import Fault, Text
from kb.ontology.checks.finding import Finding, Severity, short
from kb.ontology.checks.provisions import NS
from kb.ontology.statements import Places


def circles(graph: Graph, places: Places) -> Iterator[Finding]:
    """Yield a finding for each set of modules that wait for one another, naming one circle in it."""
    order: networkx.DiGraph[Node] = networkx.DiGraph()
    for module, state in graph.subject_objects(NS.needs):
        order.add_edges_from((earlier, module) for earlier in _achieving(graph, state, module))
    circles_ = [c for c in networkx.strongly_connected_components(order) if len(c) > 1]
    for members in sorted(circles_, key=lambda found: sorted(map(str, found))):
        within = order.subgraph(members)
        edges = networkx.find_cycle(within, source=min(members, key=str))
        names = " → ".join(short(edge[0]) for edge in edges) + f" → {short(edges[0][0])}"
        yield _finding(
            Severity.ERROR, "modules.cycle", edges[0][1], NS.needs, places,
            Text(f"模块互相等待，排不出先后：{names}",
                 f"modules wait for one another and have no order: {names}"),
            Text("去掉其中一个 xz:needs 或 xz:achieves", "take out one xz:needs or xz:achieves among them"),
        )  # fmt: skip


def unachieved(graph: Graph, places: Places) -> Iterator[Finding]:
    """Yield a finding for each state that a module needs and that no other module achieves."""
    for module, state in sorted(graph.subject_objects(NS.needs), key=str):
        if not _achieving(graph, state, module):
            yield _finding(
                Severity.ERROR, "modules.unachieved", module, NS.needs, places,
                Text(f"{short(module)} 需要 {short(state)}，但没有别的模块达到它",
                     f"{short(module)} needs {short(state)}, which no other module achieves"),
                Text("让一个模块 xz:achieves 该状态，或去掉这项 xz:needs",
                     "let a module achieve the state (xz:achieves), or take this xz:needs out"),
            )  # fmt: skip


def unused(graph: Graph, places: Places) -> Iterator[Finding]:
    """Yield a finding for each module that no use of a module names: no incident will ever start it."""
    used = set(graph.objects(None, NS.module))
    for module in sorted(set(graph.subjects(RDF.type, NS.PlanModule)) - used, key=str):
        yield _finding(
            Severity.WARNING, "modules.unused", module, RDF.type, places,
            Text(f"没有任何模块启用用到 {short(module)}", f"nothing uses the module {short(module)}"),
            Text("写一条 xz:ModuleUse，或删去该模块", "write an xz:ModuleUse for it, or take it out"),
        )  # fmt: skip


def _achieving(graph: Graph, state: Node, module: Node) -> list[Node]:
    """Return the modules but *module* that achieve *state*: none waits for itself."""
    return [earlier for earlier in graph.subjects(NS.achieves, state) if earlier != module]


def _finding(
    severity: Severity, code: str, module: Node, property_: URIRef, places: Places, words: Text, repair: Text
) -> Finding:
    place = places.of(str(module), str(property_)) or places.of(str(module))
    return Finding(severity, Fault(code, words, str(place) if place else short(module), repair))
