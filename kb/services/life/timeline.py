"""The timeline of an incident as JSON: who did what, when, for which body, why, and what it changed.

Every centre sees the same events, those of directives included.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pyoxigraph import NamedNode

from kb.access.principal import Principal
from kb.errors import Forbidden, Text, both
from kb.flow.definition import Step
from kb.flow.event import Event, timeline_graph
from kb.flow.machine import Life
from kb.services import whatif
from kb.services.audience import Visible, everything
from kb.services.incident import recall
from kb.services.life import facts, standing, terms
from kb.services.life.acting import steps_open_to
from kb.services.life.brief import brief, state
from kb.services.naming import named
from kb.services.trials import report_of
from kb.services.views import View
from kb.services.workspace import Workspace

_UNSAID = (
    terms.ADDED,
    terms.REMOVED,
    terms.CHANGED,
    terms.RELEASE,
    terms.WAS_GRADE,
    terms.NOW_GRADE,
)
"""Values of events that are said in other words, or not at all."""

ARROWS = {terms.AT_CENTRE: "→", terms.ESCALATED_TO: "→", terms.MERGED_INTO: "→", terms.ABSORBED: "←"}
"""Values that say where an incident goes, or what comes to it."""


def timeline(
    workspace: Workspace,
    identifier: str,
    *,
    reader: Principal | None = None,
    visible: Visible = everything,
) -> dict[str, Any]:
    """Return where an incident stands and every event of its timeline, in order.

    :param reader: adds the steps that he may take now.
    :raises NotFound: ``incident.unknown``.
    :raises Forbidden: ``incident.withheld``: the reader may not see the timeline.
    """
    answer = recall(workspace, identifier)
    if not visible(timeline_graph(identifier)):
        raise Forbidden.of(
            "incident.withheld",
            "您无权查看该事件的时间线",
            "you may not see the timeline of this incident",
            where=identifier,
        )
    life, _ = standing.life_of(workspace, identifier)
    line = brief(workspace, identifier)
    return {
        "incident": identifier,
        "state": state(workspace, life.state),
        "since": None if life.since is None else life.since.isoformat(),
        "revision": life.revision,
        "centre": line["centre"],
        "mergedInto": line["mergedInto"],
        "handOverTo": _due(workspace, answer, life),
        "steps": [] if reader is None else offered(workspace, life, reader),
        "events": list(_Teller(View.of(workspace, answer, visible)).events()),
        "release": workspace.release,
    }


def _due(workspace: Workspace, answer: Any, life: Life) -> dict[str, Any] | None:
    """Return the centre to which rules say that it must be handed over."""
    if not standing.is_open(workspace, life):
        return None
    due = answer.derivation.objects(answer.incident, terms.HAND_OVER_TO)
    return named(workspace, due[0]) if due else None


def offered(workspace: Workspace, life: Life, reader: Principal) -> list[dict[str, Any]]:
    """Return the steps that *reader* may take now, with what each asks for."""
    return [
        {
            "name": step.name,
            "label": both(step.label),
            "needsReason": step.needs_reason,
            "sets": [p.value.rpartition("#")[2] for p in (*step.sets, *step.may_set)],
        }
        for step in steps_open_to(workspace, life, reader)
    ]


class _Teller:
    def __init__(self, view: View) -> None:
        self._view, self._workspace = view, view.workspace
        self._steps = {
            step.iri: step
            for flow in (terms.FLOW, terms.DIRECTIVE_FLOW)
            for step in view.workspace.flows.machine(flow).flow.steps.values()
        }
        self._first = standing.machine(view.workspace).flow.first.iri

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield the events in order."""
        events = self._workspace.flows.ledger.events(self._view.answer.id)
        own = [event for event in events if event.about == self._view.answer.incident]
        known = {version.number: version for version in facts.versions(own)}
        before: facts.Version | None = None
        for event in events:
            version = known.get(event.number) if event.about == self._view.answer.incident else None
            changes = [] if version is None or before is None else self._changes(before, version)
            before = version or before
            yield self._told(event, changes)

    def _told(self, event: Event, changes: list[dict[str, Any]]) -> dict[str, Any]:
        workspace, step = self._workspace, self._steps[event.step]
        kind, number = _kind(event.about)
        return {
            "number": event.number,
            "at": event.at.isoformat(),
            "actor": event.actor,
            "body": None if event.body is None else named(workspace, event.body),
            "step": {"iri": step.iri.value, "name": step.name, "label": both(step.label)},
            "about": {"iri": event.about.value, "kind": kind, "number": number},
            "reason": event.reason,
            "changes": changes,
            "grade": self._grade(event),
            "values": [
                {
                    "property": named(workspace, property_),
                    "value": named(workspace, value),
                }
                for property_, values in event.values.items()
                if property_ not in _UNSAID
                for value in values
            ],
            "text": both(self._text(event, step, changes)),
        }

    def _grade(self, event: Event) -> dict[str, Any] | None:
        was, now = (next(iter(event.values.get(p, ())), None) for p in (terms.WAS_GRADE, terms.NOW_GRADE))
        if was is None and now is None:
            return None
        return {
            "from": None if was is None else named(self._workspace, was),
            "to": None if now is None else named(self._workspace, now),
        }

    def _text(self, event: Event, step: Step, changes: list[dict[str, Any]]) -> Text:
        """Say the event in one line: what it was about, the step, what it changed."""
        kind, number = _kind(event.about)
        head = step.label
        if kind == "directive":
            head = Text(f"指令 {number}：{step.label.zh}", f"directive {number}: {step.label.en}")
        parts = [Text(change["text"]["zh"], change["text"]["en"]) for change in changes]
        if (grade := self._grade(event)) is not None and event.step != self._first:
            label = self._workspace.describer.text(terms.GRADE)
            parts.append(whatif.said(label, grade["from"], grade["to"]))
        elif grade is not None:
            parts.append(Text(grade["to"]["label"]["zh"], grade["to"]["label"]["en"]))
        for property_, arrow in ARROWS.items():
            for value in event.values.get(property_, ()):
                label = self._workspace.describer.text(value)
                parts.append(Text(f"{arrow} {label.zh}", f"{arrow} {label.en}"))
        if not parts:
            return head
        return Text(
            f"{head.zh}：{'；'.join(part.zh for part in parts)}",
            f"{head.en}: {'; '.join(part.en for part in parts)}",
        )

    def _changes(self, before: facts.Version, after: facts.Version) -> list[dict[str, Any]]:
        if not self._view.sees_report:
            return []
        old, new = (
            report_of(self._workspace, replace(self._view.answer, facts=tuple(version.facts)))
            for version in (before, after)
        )
        return whatif.fact_changes(self._view, old, new)


def _kind(about: NamedNode) -> tuple[str, int | None]:
    """Return what an event is about: the incident, or which of its directives."""
    if terms.is_incident(about):
        return "incident", None
    return "directive", int(about.value.rpartition("/")[2])
