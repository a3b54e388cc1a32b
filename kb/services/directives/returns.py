"""Returned directives as cases for the experts: a department said that it was not theirs, perhaps rightly.

Each return makes a case that the department must be *absent* from what is recommended for such an incident.
An expert who agrees puts it beside the rules, where it fails until the knowledge is mended; ``xiezhi test``
says which rule brought the department in. Who disagrees leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pyoxigraph import NamedNode, Triple

from kb.flow.event import Event
from kb.namespaces import xz
from kb.services import incident
from kb.services.directives import measures, terms
from kb.services.incident import Answer
from kb.services.recommendation import recommend
from kb.services.workspace import Workspace

RELATIONS = ("leadDepartment", "supportDepartment", "firstResponder")
"""By which a recommendation brings a department in."""


@dataclass(frozen=True, slots=True)
class Return:
    """A department returned a directive, with its *reason*; *relations* had brought it in."""

    identifier: str
    number: int
    body: NamedNode
    reason: str
    relations: tuple[str, ...]
    report: Mapping[str, Any]
    event: Event


def returned(workspace: Workspace, identifiers: Iterable[str] | None = None) -> Iterator[Return]:
    """Yield the returns in some timelines (``None``: in all) by departments that rules had brought in."""
    machine = workspace.flows.machine(terms.FLOW)
    returning = {s.iri for s in machine.flow.steps.values() if terms.REFUSED in s.sets}
    for name in identifiers or measures.timelines(workspace):
        events = [e for e in workspace.flows.ledger.events(name) if e.step in returning]
        if not events:
            continue
        answer = incident.recall(workspace, name)
        report = _report(workspace, answer)
        for event in events:
            relations = tuple(r for r in RELATIONS if _brought_in(answer, r, event.body))
            if event.body is not None and relations:
                number = terms.parts_of(event.about)[1]
                yield Return(name, number, event.body, event.reason, relations, report, event)


def cases(workspace: Workspace, returns: Iterable[Return]) -> str:
    """Return *returns* as a file of cases (YAML), ready to be put beside rules."""
    items = []
    for one in returns:
        label = workspace.describer.text(one.body)
        items.append(
            {
                "title": f"{label.zh}退回：{one.reason} / {label.en} returned it: {one.reason}",
                "given": dict(one.report),
                "absent": dict.fromkeys(one.relations, label.zh),
            }
        )
    return yaml.safe_dump(items, allow_unicode=True, sort_keys=False, width=110)


def _brought_in(answer: Answer, relation: str, body: NamedNode | None) -> bool:
    if body is None:
        return False
    return answer.derivation.because(Triple(answer.incident, xz(relation), body)) is not None


def _report(workspace: Workspace, answer: Answer) -> dict[str, Any]:
    """Return the report behind *answer*, in the words of cases."""
    told = recommend(workspace, answer)
    values = {fact["key"]: fact["value"] for fact in told["incident"]["facts"]}
    return {
        "type": [one["label"]["zh"] for one in told["types"]],
        "grid": told["incident"]["grid"]["code"],
        "time": told["incident"]["time"],
        **{k: v["label"]["zh"] if isinstance(v, Mapping) else v for k, v in values.items()},
    }
