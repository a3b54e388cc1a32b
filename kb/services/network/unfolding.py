"""The collaboration around one incident as a graph that grows: from it to whatever is asked for next.

A step from a thing leads to what the recommendation says of it (departments, modules, duties), to what the
knowledge says (functions, superiors, clauses, laws), and of a body to those with whom it works most closely,
by the network of its city. Every link is named after a property of the ontology, or counts past incidents.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyoxigraph import NamedNode

from kb.errors import NotFound, Text, both
from kb.namespaces import DCTERMS_SOURCE, RDF_TYPE, xz
from kb.services import incident
from kb.services.audience import Visible, everything
from kb.services.life import terms
from kb.services.network.known import CityNetwork
from kb.services.network.views import NetworkViews
from kb.services.recommendation import recommend
from kb.services.workspace import Workspace
from kb.store.protocol import Term

CLOSEST = 8
"""So many bodies with whom another one works are shown at once."""
MOST = 60
"""So many links a step adds at most."""
KINDS = (
    "Incident",
    "IncidentType",
    "Department",
    "Government",
    "Headquarters",
    "PlanModule",
    "Duty",
    "Clause",
    "Law",
    "Function",
)
"""Classes by which things are told apart; what is none of them is something else."""
OUTWARDS = (
    xz("superior"), xz("performs"), xz("function"), xz("responsibleFunction"), DCTERMS_SOURCE, xz("clauseOf"),
)  # fmt: skip
"""Properties that are followed from a thing to others."""
_ROLES = {
    "lead": "leadDepartment",
    "support": "supportDepartment",
    "firstResponders": "firstResponder",
    "assisting": "assistingDepartment",
}
_BASIS = Text("依据", "basis")
_TOGETHER = Text("共同处置过 {} 起", "{} past incidents together")
_JOINT = Text("共有职责的事件类型 {} 类", "duties in {} types of incident together")


class Unfolding:
    """Unfolds the graph of the incident *identifier* for a reader.

    :raises NotFound: ``incident.unknown``.
    """

    def __init__(
        self, workspace: Workspace, networks: NetworkViews, identifier: str, visible: Visible = everything
    ) -> None:
        self._workspace, self._visible = workspace, visible
        self._about = terms.incident_iri(identifier)
        self._told = recommend(workspace, incident.recall(workspace, identifier), visible=visible)
        self._networks = networks

    def start(self) -> dict[str, Any]:
        """Return the incident with its types, who commands, who leads and who supports."""
        return self._graph(self._about, self._of_incident())

    def grow(self, iri: str) -> dict[str, Any]:
        """Return what is around the thing *iri*.

        :raises NotFound: ``network.node``: nothing is known of it, or the reader may not see it.
        """
        node = NamedNode(iri) if "://" in iri and not set(iri) & set('<>"{}|\\^` \n\r\t') else None
        if node == self._about:
            return self.start()
        if node is None or not any(True for _ in self._quads(node)):
            raise NotFound.of(
                "network.node", f"没有 {iri[:100]}", f"there is nothing called {iri[:100]}", where="node"
            )
        return self._graph(node, (*self._recommended(node), *self._known(node), *self._beside(node)))

    # --- where links come from -------------------------------------------------------------

    def _of_incident(self) -> Iterator[dict[str, Any]]:
        about, told = self._about.value, self._told
        for type_ in told["types"]:
            yield _link(about, type_["iri"], self._text(xz("IncidentType")))
        for relation in ("commandedBy", "activatedBy"):
            if (body := (told["response"] or {}).get(relation)) is not None:
                yield _link(about, body["iri"], self._text(xz(relation)))
        for key, relation in _ROLES.items():
            for body in told[key]:
                yield _link(about, body["iri"], self._text(xz(relation)))

    def _recommended(self, node: NamedNode) -> Iterator[dict[str, Any]]:
        """Yield what the recommendation says of a department or a module."""
        for key in ("lead", "support", "firstResponders"):
            for body in self._told[key]:
                if body["iri"] == node.value:
                    duty = "leadDuty" if key == "lead" else "supportDuty"
                    for one in body["duties"]:
                        yield _link(node.value, one["iri"], self._text(xz(duty)))
                for one in body["duties"]:
                    if one["iri"] == node.value:
                        yield _link(body["iri"], node.value, self._text(xz("Duty")))
        for module in self._told["modules"]:
            for body in module["responsible"]:
                if node.value in (module["iri"], body["iri"]):
                    yield _link(body["iri"], module["iri"], self._text(xz("PlanModule")))
            if module["iri"] == node.value:
                yield _link(self._about.value, node.value, self._text(xz("activates")))

    def _known(self, node: NamedNode) -> Iterator[dict[str, Any]]:
        """Yield what the knowledge says of anything."""
        for quad in self._quads(node):
            if quad.predicate in OUTWARDS and isinstance(quad.object, NamedNode):
                basis = quad.predicate == DCTERMS_SOURCE
                label = both(_BASIS) if basis else self._text(quad.predicate)
                yield _link(node.value, quad.object.value, label)

    def _beside(self, node: NamedNode) -> Iterator[dict[str, Any]]:
        """Yield the bodies with whom the body *node* works, those of past incidents and the closest first."""
        network = self._network(node)
        if network is None:
            return
        beside = network.graph(self._networks.past(self._visible))[node]
        order = sorted(beside, key=lambda o: (-beside[o]["directives"], -beside[o]["closeness"], o.value))
        for other in order[:CLOSEST]:
            reasons = beside[other]
            if reasons["directives"]:
                yield _link(node.value, other.value, _counted(_TOGETHER, reasons["directives"]))
            elif reasons["joint"]:
                yield _link(node.value, other.value, _counted(_JOINT, reasons["joint"]))
            elif network.bodies[other].superior == node:
                yield _link(other.value, node.value, self._text(xz("superior")))

    # --- telling ---------------------------------------------------------------------------

    def _graph(
        self, node: NamedNode, links: Iterator[dict[str, Any]] | tuple[dict[str, Any], ...]
    ) -> dict[str, Any]:
        unique = {(link["from"], link["to"], link["label"]["en"]): link for link in links}
        kept = list(unique.values())[:MOST]
        names = dict.fromkeys([node.value, *(end for link in kept for end in (link["from"], link["to"]))])
        return {
            "incident": terms.identifier_of(self._about),
            "node": node.value,
            "nodes": [self._node(NamedNode(name)) for name in names],
            "links": kept,
            "more": len(unique) - len(kept),
        }

    def _node(self, node: NamedNode) -> dict[str, Any]:
        if node == self._about:
            kind, label = "Incident", self._workspace.describer.text(NamedNode(self._told["type"]["iri"]))
        else:
            classes = {q.object for q in self._quads(node) if q.predicate == RDF_TYPE}
            kind = next((one for one in KINDS if xz(one) in classes), "")
            label = self._workspace.describer.text(node)
        told = both(self._workspace.describer.text(xz(kind))) if kind else None
        return {"iri": node.value, "label": both(label), "kind": {"name": kind, "label": told}}

    def _quads(self, node: Term) -> Iterator[Any]:
        for quad in self._workspace.store.match(node if isinstance(node, NamedNode) else None, None, None):
            if isinstance(quad.graph_name, NamedNode) and self._visible(quad.graph_name):
                yield quad

    def _network(self, node: NamedNode) -> CityNetwork | None:
        for code in self._networks.cities(self._visible):
            known = self._networks.known(code, self._visible)
            if node in known.bodies:
                return known
        return None

    def _text(self, property_: NamedNode) -> dict[str, str]:
        return both(self._workspace.describer.text(property_))


def _link(one: str, other: str, label: dict[str, str]) -> dict[str, Any]:
    return {"from": one, "to": other, "label": label}


def _counted(text: Text, count: int) -> dict[str, str]:
    return {"zh": text.zh.format(count), "en": text.en.format(count)}
