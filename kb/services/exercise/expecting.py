"""What a scenario expects at the end, and whether it came true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from kb.errors import Text
from kb.flow.event import Event
from kb.flow.machine import Life
from kb.services import incident
from kb.services.directives import reading, terms
from kb.services.exercise import people
from kb.services.exercise.running import Outcome
from kb.services.exercise.scenario import Bounds, Name
from kb.services.recommendation import recommend
from kb.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was expected, and whether it *held*; *found* says what there was."""

    expected: Text
    found: Text
    held: bool


def findings(workspace: Workspace, outcome: Outcome) -> list[Finding]:
    """Return what the scenario of *outcome* expected, each with what was found."""
    expect = outcome.scenario.expect
    told = recommend(workspace, incident.recall(workspace, outcome.incidents[0]))
    lives = [life for name in outcome.incidents for life in reading.stored(workspace, name)]
    found = [Finding(missed, Text("未能发生", "did not happen"), False) for missed in outcome.missed]
    if expect.grade is not None:
        found.append(_named(Text("等级", "grade"), [expect.grade], [told["grade"]["value"]]))
    if expect.level is not None:
        found.append(
            _named(Text("响应级别", "level of response"), [expect.level], [told["response"]["level"]])
        )
    if expect.lead:
        found.append(_named(Text("牵头部门", "lead"), expect.lead, told["lead"]))
    found += _counted(workspace, outcome)
    if expect.overrides is not None:
        found.append(_overrides(workspace, outcome, expect.overrides))
    for name in expect.taken_over:
        found.append(_taken_over(workspace, name, lives))
    if expect.closed:
        found.append(_closed(workspace, lives))
    if expect.within is not None:
        found.append(_within(outcome, expect.within))
    return found


def steps_taken(workspace: Workspace, outcome: Outcome) -> list[Event]:
    """Return the events of directives of all incidents of *outcome*."""
    steps = {step.iri for step in workspace.flows.machine(terms.FLOW).flow.steps.values()}
    ledger = workspace.flows.ledger
    return [event for name in outcome.incidents for event in ledger.events(name) if event.step in steps]


def _named(what: Text, names: list[Name] | tuple[Name, ...], told: list[Mapping[str, Any] | None]) -> Finding:
    """Compare *names* with the labels of what was *told*."""
    labels = [one["label"] for one in told if one is not None]
    held = len(labels) == len(names) and all(
        any(name.text in (label["zh"], label["en"]) for label in labels) for name in names
    )
    wanted = "、".join(name.text for name in names)
    return Finding(
        Text(f"{what.zh}为 {wanted}", f"{what.en}: {wanted}"),
        Text(*("、".join(label[lang] for label in labels) or "—" for lang in ("zh", "en"))),
        held,
    )


def _counted(workspace: Workspace, outcome: Outcome) -> Iterator[Finding]:
    machine = workspace.flows.machine(terms.FLOW)
    events = steps_taken(workspace, outcome)
    everybody = Counter(event.step for event in events)
    system = Counter(event.step for event in events if event.actor == terms.SYSTEM_NAME)
    expect = outcome.scenario.expect
    for bounds, taken, who in (
        (expect.steps, everybody, Text("", "")),
        (expect.system, system, Text("系统", "by the system, ")),
    ):
        for name, bound in bounds.items():
            step = machine.flow.steps[name]
            count = taken[step.iri]
            said = _bounds(bound)
            yield Finding(
                Text(f"{who.zh}“{step.label.zh}”{said.zh}次", f"{who.en}“{step.label.en}” {said.en} times"),
                Text(f"{count} 次", f"{count} times"),
                bound.hold(count),
            )


def _overrides(workspace: Workspace, outcome: Outcome, bound: Bounds) -> Finding:
    ledger = workspace.flows.ledger
    events = (event for name in outcome.incidents for event in ledger.events(name))
    count = sum(len(event.values.get(terms.OVERRIDE, ())) for event in events)
    said = _bounds(bound)
    return Finding(
        Text(f"改动建议{said.zh}处", f"{said.en} changes to what was recommended"),
        Text(f"{count} 处", f"{count} changes"),
        bound.hold(count),
    )


def _bounds(bound: Bounds) -> Text:
    if bound.most is None:
        return Text(f"至少 {bound.least} ", f"at least {bound.least}")
    if bound.least == bound.most:
        return Text(f"恰好 {bound.least} ", f"exactly {bound.least}")
    if not bound.least:
        return Text(f"至多 {bound.most} ", f"at most {bound.most}")
    return Text(f"{bound.least} 至 {bound.most} ", f"{bound.least} to {bound.most}")


def _taken_over(workspace: Workspace, name: Name, lives: list[Life]) -> Finding:
    returned = [life for life in lives if terms.REFUSED in life.values]
    bodies = [people.node(life.one(terms.ADDRESSEE)) for life in returned]
    labels = [workspace.describer.text(body) for body in bodies if body is not None]
    held = any(body is not None and people.meant(workspace, body, name) for body in bodies)
    return Finding(
        Text(f"退回的指令由 {name.text} 承接", f"what was returned is taken over by {name.text}"),
        Text(*("、".join(dict.fromkeys(one.in_(lang) for one in labels)) or "—" for lang in ("zh", "en"))),
        held,
    )


def _closed(workspace: Workspace, lives: list[Life]) -> Finding:
    states = workspace.flows.machine(terms.FLOW).flow.states
    left = [life for life in lives if life.state is None or not states[life.state].final]
    return Finding(
        Text("全部指令办结或撤销", "every directive is closed or cancelled"),
        Text(f"共 {len(lives)} 条，未结 {len(left)} 条", f"{len(lives)} in all, {len(left)} still open"),
        not left and bool(lives),
    )


def _within(outcome: Outcome, within: timedelta) -> Finding:
    took = outcome.ended - outcome.scenario.start
    return Finding(
        Text(f"在 {within} 之内", f"within {within}"), Text(f"用时 {took}", f"it took {took}"), took <= within
    )
