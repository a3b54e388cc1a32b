"""The plan modules in order: what each needs, what it achieves, and who is responsible."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import networkx
from pyoxigraph import Literal

from kb.errors import KnowledgeFault
from kb.namespaces import SKOS
from kb.services.findings import Findings
from kb.services.recommendation.bodies import Bodies
from kb.srl.syntax import Term


def modules(found: Findings, bodies: Bodies) -> list[dict[str, Any]]:
    """Return the modules to start, in order.

    :raises KnowledgeFault: where they wait for one another in a circle.
    """
    engaged = [*bodies.engaged, *found.all("firstResponder"), *found.all("activatedBy")]
    ordered = in_order(found, found.all("activates"))
    result = []
    for number, module in enumerate(ordered, 1):
        functions = set(found.values(module, "responsibleFunction"))
        responsible = bodies.among(engaged, functions) if functions else bodies.lead
        result.append(
            {
                "order": number,
                **found.conclusion("activates", module),
                "phase": found.value(found.one(module, "phase")),
                "task": found.text(module, SKOS + "definition"),
                "responsible": [found.value(body) for body in responsible],
                "needs": list(_needs(found, module, ordered)),
                "achieves": [found.value(state) for state in found.values(module, "achieves")],
            }
        )
    return result


def _needs(found: Findings, module: Term, ordered: list[Term]) -> Iterator[dict[str, Any]]:
    """Yield what *module* needs; where no module that is started achieves it, the scene has to confirm it."""
    for state in found.values(module, "needs"):
        achieving = [m for m in ordered if m != module and state in set(found.values(m, "achieves"))]
        yield {**found.value(state), "achievedBy": [found.value(m) for m in achieving] or None}


def in_order(found: Findings, modules: list[Term]) -> list[Term]:
    """Order *modules* by phase, and by ``xz:after`` among them (lexicographic topological sort).

    :raises KnowledgeFault: ``modules.cycle``, which names the circle.
    """
    graph: networkx.DiGraph[Term] = networkx.DiGraph()
    graph.add_nodes_from(modules)
    for module in modules:
        graph.add_edges_from(
            (earlier, module) for earlier in found.values(module, "after") if earlier in graph
        )

    def place(module: Term) -> str:
        phase = found.one(module, "phase")
        rank = None if phase is None else found.one(phase, "rank")
        return f"{rank.value if isinstance(rank, Literal) else 9} {module}"

    try:
        return list(networkx.lexicographical_topological_sort(graph, key=place))
    except networkx.NetworkXUnfeasible as error:
        circle = [edge[0] for edge in networkx.find_cycle(graph)]
        names = [found.value(module)["label"] for module in (*circle, circle[0])]
        raise KnowledgeFault.of(
            "modules.cycle",
            "模块互相等待，排不出先后：" + " → ".join(name["zh"] for name in names),
            "modules wait for one another and have no order: " + " → ".join(name["en"] for name in names),
            where=str(circle[0]).strip("<>"),
            repair=(
                "去掉其中一个 xz:needs 或 xz:achieves；xiezhi check 会指出位置",
                "take out one xz:needs or xz:achieves; xiezhi check says where they are",
            ),
        ) from error
