"""What the guards of the plan flow say (``ontology/plan-flow.ttl``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from pyoxigraph import NamedNode

from kb.clock import CHINA_STANDARD_TIME
from kb.errors import Text
from kb.flow.machine import Guard, Life
from kb.namespaces import RDF_TYPE, ROOT, xz
from kb.services import incident
from kb.services.exercise import reading
from kb.services.plans import composing, editions, keeping
from kb.services.workspace import Workspace

_GUARDS = f"{ROOT}kb/guard/"
RUNS_UNDER = {editions.PLAN: xz("underPlan"), editions.MODULE: xz("activates")}
"""How the response of an incident names the plan that it runs under, the module that it starts."""


@dataclass(frozen=True)
class Asked:
    """A step that is asked for: with which edition of which *plan*, on which day, where it was carried out.

    *records* is the property whose day the step sets. *edition* ``None``: it is being drafted.
    """

    plan: NamedNode
    life: Life
    step: str
    moment: datetime
    on: date | None = None
    records: NamedNode | None = None
    incident: str | None = None
    exercise: str | None = None


def guards(workspace: Workspace, asked: Asked) -> dict[NamedNode, Guard]:
    """Return what the guards of the flow say of the step that is *asked* for."""
    said: dict[str, Callable[[Workspace, Asked], Text | None]] = {
        "dates-in-order": _dates,
        "modules-ready": _modules_ready,
        "not-in-use": _in_use,
        "incident-under-plan": _under_plan,
        "known-exercise": _exercise,
    }

    def guard(say: Callable[[Workspace, Asked], Text | None]) -> Guard:
        return lambda: say(workspace, asked)

    return {NamedNode(_GUARDS + name): guard(say) for name, say in said.items()}


def modules_of(workspace: Workspace, edition: NamedNode, plan: NamedNode) -> list[NamedNode]:
    """Return the modules that an edition of a plan holds; a module holds none but itself."""
    if editions.is_module(plan):
        return []
    held = keeping.kept(workspace, edition, editions.states_of(plan))
    return [node for node, kept in held.items() if kept.kind == editions.MODULE]


def _dates(_: Workspace, asked: Asked) -> Text | None:
    today = asked.moment.astimezone(CHINA_STANDARD_TIME).date()
    on = asked.on or today
    if asked.life.since is not None and asked.moment < asked.life.since:
        return Text("早于该版本上一步的时间", "it is before the last step of the edition")
    if asked.records == editions.EFFECTIVE:
        if on < today:
            return Text(f"生效日 {on} 早于批准日 {today}", f"effective {on}, before its approval on {today}")
        return None
    published = editions.day_of(asked.life, editions.PUBLISHED)
    last = None if asked.records is None else editions.day_of(asked.life, asked.records)
    if on > today:
        return Text(f"{on} 还没有到", f"{on} is still to come")
    if published is not None and on < published:
        return Text(f"{on} 早于发布日 {published}", f"{on} is before it was published on {published}")
    if last is not None and on < last:
        return Text(f"{on} 早于上一次 {last}", f"{on} is before the last time, {last}")
    return None


def _modules_ready(workspace: Workspace, asked: Asked) -> Text | None:
    modules = modules_of(workspace, asked.life.about, asked.plan)
    for module in modules:
        for life in editions.editions(workspace, module):
            if editions.state_name(life) in editions.OPEN:
                name, number = workspace.describer.text(module), editions.number_of(life.about)
                return Text(
                    f"模块“{name.zh}”第 {number} 版另在起草或送审，先批准或废止它",
                    f"edition {number} of the module “{name.en}” is being drafted or reviewed by itself: "
                    "approve or withdraw it first",
                )
    known = composing.library(workspace)
    for circle in composing.compose([known[m] for m in modules if m in known]).circles:
        names = [workspace.describer.text(module) for module in (*circle, circle[0])]
        return Text(
            "模块互相等待：" + " → ".join(name.zh for name in names),
            "modules wait for one another: " + " → ".join(name.en for name in names),
        )
    return None


def _in_use(workspace: Workspace, asked: Asked) -> Text | None:
    if not editions.is_module(asked.plan) or editions.effective(asked.life) is None:
        return None
    today = asked.moment.astimezone(CHINA_STANDARD_TIME).date()
    now = editions.in_force(editions.editions(workspace, asked.plan), today)
    if now is None or now.about != asked.life.about:
        return None
    for plan in editions.every(workspace, editions.PLAN):
        life = editions.in_force(editions.editions(workspace, plan), today)
        if life is not None and asked.plan in modules_of(workspace, life.about, plan):
            name = workspace.describer.text(plan)
            return Text(f"“{name.zh}”正在使用该模块", f"“{name.en}” uses the module")
    return None


def _under_plan(workspace: Workspace, asked: Asked) -> Text | None:
    assert asked.incident is not None  # the step has to set it, which is said first
    answer = incident.recall(workspace, asked.incident)
    kinds = (quad.object for quad in workspace.store.match(asked.plan, RDF_TYPE, None))
    relations = [RUNS_UNDER[kind] for kind in kinds if isinstance(kind, NamedNode) and kind in RUNS_UNDER]
    if any(asked.plan in answer.derivation.objects(answer.incident, relation) for relation in relations):
        return None
    name = workspace.describer.text(asked.plan)
    return Text(
        f"事件 {asked.incident} 不适用“{name.zh}”",
        f"the incident {asked.incident} does not run under “{name.en}”",
    )


def _exercise(_: Workspace, asked: Asked) -> Text | None:
    known = [path.stem for path in reading.shipped()]
    if asked.exercise is None or asked.exercise in known:
        return None
    return Text(
        f"没有推演方案 {asked.exercise}；有：{'、'.join(known)}",
        f"there is no exercise {asked.exercise}; there are: {', '.join(known)}",
    )
