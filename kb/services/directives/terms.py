"""The terms of ``ontology/directives.ttl`` that programs set, and how directives are named."""

from __future__ import annotations

from pyoxigraph import NamedNode

from kb.namespaces import ROOT, graph, xz

FLOW, INCIDENT_FLOW = "directive", "incident"
DIRECTIVE = xz("Directive")
OF, ADDRESSEE, ISSUER, TASK = xz("directiveOf"), xz("addressee"), xz("issuer"), xz("task")
MODULE, DUTY, LEVEL, PARENT = xz("onModule"), xz("onDuty"), xz("atLevel"), xz("subDirectiveOf")
BECAUSE, LATERAL, REFUSED, ESCALATED = xz("becauseOf"), xz("lateral"), xz("refusedBy"), xz("escalatedTo")
ESCALATED_IN = xz("escalatedIn")
CONFIRMED, OVERRIDE, SCORE = xz("confirmedResponse"), xz("override"), xz("score")
SYSTEM_NAME = "xiezhi"
"""What the journal calls the system where it acts by itself."""


def incident_iri(identifier: str) -> NamedNode:
    """Return the IRI of an incident."""
    return NamedNode(f"{ROOT}incident/{identifier}")


def directive_iri(identifier: str, number: int) -> NamedNode:
    """Return the IRI of directive *number* of the incident *identifier*."""
    return NamedNode(f"{ROOT}directive/{identifier}/{number}")


def states_graph(identifier: str) -> NamedNode:
    """Return the graph of the directives of an incident, and of where the incident itself stands."""
    return graph(f"directive/{identifier}")


def parts_of(directive: NamedNode) -> tuple[str, int]:
    """Return incident and number of *directive*."""
    identifier, _, number = directive.value.removeprefix(f"{ROOT}directive/").rpartition("/")
    return identifier, int(number)
