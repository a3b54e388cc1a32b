"""What the guards of the incident flow say, and where an escalation goes."""

from __future__ import annotations

from pyoxigraph import NamedNode

from kb.access.principal import Principal
from kb.errors import InputError, Text
from kb.flow.definition import Step
from kb.flow.machine import Guard
from kb.namespaces import ONTOLOGY, ROOT, xz
from kb.services.directives import reading
from kb.services.incident import Answer
from kb.services.life import centres, standing, terms
from kb.services.recommendation import recommend
from kb.services.workspace import Workspace

_GUARDS = f"{ROOT}kb/guard/"


def guards(
    workspace: Workspace, identifier: str, principal: Principal, other: str | None = None
) -> dict[NamedNode, Guard]:
    """Return what the guards of the flow say of an incident.

    :param other: the identifier of the incident into which it is to be merged.
    """

    def directives_ended() -> Text | None:
        return reading.unfinished(workspace, identifier)

    def other_incident() -> Text | None:
        if other is None:
            return None  # what has to be set is missing, which is said first
        if other == identifier:
            return Text("不能并入自身", "an incident is not merged into itself")
        life, _ = standing.life_of(workspace, other)
        if standing.is_open(workspace, life):
            return None
        return Text(f"事件 {other} 已经结束", f"the incident {other} is over")

    def at_centre() -> Text | None:
        return centres.why_not_from(workspace, principal, identifier)

    every = {
        "directives-ended": directives_ended,
        "other-incident": other_incident,
        "at-centre": at_centre,
    }
    return {NamedNode(_GUARDS + name): guard for name, guard in every.items()}


def tier_above(workspace: Workspace, answer: Answer, step: Step) -> NamedNode:
    """Return to whom the response is escalated.

    That is the body to which a transition that is due hands it over, else the superior of who commands.

    :raises InputError: ``escalate.nobody``: neither is known.
    """
    recommendation = recommend(workspace, answer)
    kinds = {q.object for q in workspace.store.match(step.iri, xz("carriesOut"), None, ONTOLOGY)}
    for transition in recommendation["transitions"]["due"]:
        if NamedNode(transition["kind"]["iri"]) in kinds and transition["to"]:
            return NamedNode(transition["to"][0]["iri"])
    response = recommendation["response"]
    for key in ("commandedBy", "activatedBy", "advanceCommand"):
        if response[key] is not None:
            body = NamedNode(response[key]["iri"])
            for quad in workspace.store.match(body, xz("superior"), None):
                if isinstance(quad.object, NamedNode):
                    return quad.object
    raise InputError.of(
        "escalate.nobody",
        "得不出上级单位",
        "no body of the tier above follows",
        where=terms.ESCALATED_TO.value,
        repair=("请指明报至哪个单位", "name the body to which it is escalated"),
    )
