"""Terms of ``ontology/warnings.ttl`` and ``warning-flow.ttl`` that programs set, and names of graphs."""

from __future__ import annotations

from pyoxigraph import NamedNode

from kb.namespaces import ROOT, graph, xz

FLOW = "warning"
ISSUE, RECEIVE, SUPERSEDE, CANCEL, HAND_OVER = "issue", "receive", "supersede", "cancel", "hand-over"
WARNING, ALERT, INFO_OF = xz("Warning"), xz("Alert"), xz("infoOf")
TEXT, REFERS_TO = xz("messageText"), xz("refersTo")
FROM, UNTIL = xz("inForceFrom"), xz("inForceUntil")
WARNS_OF, AFFECTS, AT_LEVEL, WARNED_BY = xz("warnsOf"), xz("affects"), xz("atWarningLevel"), xz("warnedBy")
AT_CENTRE, BY_MESSAGE, HAND_OVER_TO = xz("atCentre"), xz("byMessage"), xz("handOverTo")
SIGNAL, LEVEL = xz("warningSignal"), xz("warningLevel")
WARNED = graph("warned/").value
"""How the graphs of what warnings support begin."""
_WARNINGS = f"{ROOT}warning/"
_STATES = f"{ROOT}kb/flow/warning/state/"
SUPERSEDED, CANCELLED = NamedNode(_STATES + "superseded"), NamedNode(_STATES + "cancelled")
ACTUAL = "Actual"
DRIVING = ("Alert", "Update")
"""Kinds of message that warn; the others answer one or take it back."""


def iri(key: str) -> NamedNode:
    """Return the IRI of the message *key*."""
    return NamedNode(_WARNINGS + key)


def key_of(warning: NamedNode) -> str:
    """Return the key of a message."""
    return warning.value.removeprefix(_WARNINGS)


def message_graph(key: str) -> NamedNode:
    """Return the graph of what a message says."""
    return graph(f"warning/{key}")


def support_graph(key: str) -> NamedNode:
    """Return the graph of what a message supports."""
    return NamedNode(WARNED + key)


def states_graph(key: str) -> NamedNode:
    """Return the graph that says where a message stands."""
    return graph(f"warning-state/{key}")


def timeline(key: str) -> str:
    """Return the name of the timeline of a message."""
    return f"warning-{key}"
