"""The terms of the incident flow and of ``incident-life.ttl`` that programs set, and names of graphs."""

from __future__ import annotations

from pyoxigraph import NamedNode

from kb.namespaces import ROOT, graph, xz

FLOW, DIRECTIVE_FLOW = "incident", "directive"
CONTINUE, ABSORB, MERGE, CONFIRM = "continue", "absorb", "merge", "confirm"
ADDED, REMOVED, CHANGED = xz("factAdded"), xz("factRemoved"), xz("changedFact")
WAS_GRADE, NOW_GRADE, RELEASE, GRADE = xz("wasGrade"), xz("nowGrade"), xz("release"), xz("grade")
AT_CENTRE, ESCALATED_TO, MERGED_INTO, ABSORBED = (
    xz("atCentre"), xz("escalatedTo"), xz("mergedInto"), xz("absorbed"),
)  # fmt: skip
WORDS_READ = xz("wordsRead")
WENT_WELL, TO_IMPROVE = xz("wentWell"), xz("toImprove")
HAND_OVER_TO = xz("handOverTo")
RECEIVED_AT = xz("receivedAt")
SYSTEM_NAME = "xiezhi"
"""What the journal calls the system where it acts by itself."""
_INCIDENTS = f"{ROOT}incident/"


def incident_iri(identifier: str) -> NamedNode:
    """Return the IRI of the incident *identifier*."""
    return NamedNode(_INCIDENTS + identifier)


def identifier_of(incident: NamedNode) -> str:
    """Return the identifier of *incident*."""
    return incident.value.removeprefix(_INCIDENTS)


def is_incident(node: NamedNode) -> bool:
    """Whether *node* is an incident itself, not a part of one."""
    return node.value.startswith(_INCIDENTS) and "/" not in node.value[len(_INCIDENTS) :]


def facts_graph(identifier: str) -> NamedNode:
    """Return the graph of what was reported of an incident."""
    return graph(f"incident/{identifier}")


def response_graph(identifier: str) -> NamedNode:
    """Return the graph of what was derived for an incident."""
    return graph(f"response/{identifier}")


def states_graph(identifier: str) -> NamedNode:
    """Return the graph that says where the incident, and each of its directives, stands."""
    return graph(f"directive/{identifier}")
