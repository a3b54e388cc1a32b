"""The terms of ``ontology/directives.ttl`` that programs set, and how directives are named."""

from __future__ import annotations

from pyoxigraph import NamedNode

from kb.namespaces import ROOT, xz
from kb.services.life import terms as course

FLOW, INCIDENT_FLOW, SYSTEM_NAME = course.DIRECTIVE_FLOW, course.FLOW, course.SYSTEM_NAME
incident_iri, states_graph = course.incident_iri, course.states_graph
DIRECTIVE = xz("Directive")
OF, ADDRESSEE, ISSUER, TASK = xz("directiveOf"), xz("addressee"), xz("issuer"), xz("task")
MODULE, DUTY, LEVEL, PARENT = xz("onModule"), xz("onDuty"), xz("atLevel"), xz("subDirectiveOf")
BECAUSE, LATERAL, REFUSED, ESCALATED = xz("becauseOf"), xz("lateral"), xz("refusedBy"), xz("escalatedTo")
ESCALATED_IN = xz("escalatedIn")
CONFIRMED, OVERRIDE, SCORE = xz("confirmedResponse"), xz("override"), xz("score")


def directive_iri(identifier: str, number: int) -> NamedNode:
    """Return the IRI of directive *number* of the incident *identifier*."""
    return NamedNode(f"{ROOT}directive/{identifier}/{number}")


def parts_of(directive: NamedNode) -> tuple[str, int]:
    """Return incident and number of *directive*."""
    identifier, _, number = directive.value.removeprefix(f"{ROOT}directive/").rpartition("/")
    return identifier, int(number)
