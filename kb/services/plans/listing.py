"""Plans and their editions as JSON: where each stands, what it keeps, how editions differ."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from pyoxigraph import Literal, NamedNode

from kb.access.principal import Principal
from kb.errors import NotFound, Text, both
from kb.flow.definition import Step
from kb.flow.event import Event
from kb.flow.machine import Actor, Life
from kb.namespaces import xz
from kb.services.naming import named
from kb.services.plans import comparing, editions, keeping
from kb.services.plans.content import content
from kb.services.workspace import Workspace

DATES = ("effectiveFrom", "publishedOn", "filedOn", "drilledOn", "executedOn", "evaluatedOn")
TOLD = (xz("executedFor"), xz("drillOf"))
"""Values of events that are shown with them."""
IN_FORCE, SUPERSEDED, PENDING = (
    Text("有效", "in force"),
    Text("已被取代", "superseded"),
    Text("待生效", "not yet in force"),
)


def plans(workspace: Workspace, on: date) -> list[dict[str, Any]]:
    """Return every plan and module by name, with its edition in force and how many there are."""
    return [
        brief(workspace, plan, editions.editions(workspace, plan), on)
        for kind in editions.KINDS
        for plan in editions.every(workspace, kind)
    ]


def show(workspace: Workspace, plan: NamedNode, on: date) -> dict[str, Any]:
    """Return a plan with all its editions and its timeline."""
    lives = editions.editions(workspace, plan)
    now = keeping.kept_now(workspace, content(workspace, plan, on).values())
    digest = keeping.content_digest(one.digest for one in now.values())
    steps = {step.iri: step for step in editions.machine(workspace).flow.steps.values()}
    events = workspace.flows.ledger.events(editions.timeline_of(plan))
    return {
        **brief(workspace, plan, lives, on),
        "editions": [_edition(workspace, plan, life, lives, on, digest) for life in lives],
        "timeline": [_event(event, steps[event.step]) for event in events],
    }


def brief(workspace: Workspace, plan: NamedNode, lives: Sequence[Life], on: date) -> dict[str, Any]:
    """Return a plan in a line: the state of its last edition, and which one is in force."""
    now = editions.in_force(lives, on)
    return {
        **named(workspace, plan),
        "slug": editions.slug_of(plan),
        "kind": named(workspace, editions.MODULE if editions.is_module(plan) else editions.PLAN),
        "editions": len(lives),
        "inForce": None if now is None else lives.index(now) + 1,
        "state": None if not lives else state(workspace, lives[-1]),
    }


def state(workspace: Workspace, life: Life) -> dict[str, Any]:
    """Return the state of an edition."""
    found = editions.machine(workspace).state(life)
    assert found is not None
    return {"name": found.name, "label": both(found.label)}


def provisions(workspace: Workspace, plan: NamedNode, number: int | None, on: date) -> dict[str, Any]:
    """Return what an edition of *plan* keeps, by kind; without a *number*, what the knowledge says today.

    :raises NotFound: ``plan.no-edition``.
    """
    kept = of_edition(workspace, plan, number, on)
    groups: dict[NamedNode | None, list[keeping.Kept]] = {}
    for one in kept.values():
        groups.setdefault(one.kind, []).append(one)
    return {
        "slug": editions.slug_of(plan),
        "edition": number,
        "count": len(kept),
        "digest": keeping.content_digest(one.digest for one in kept.values()),
        "kinds": [
            {"kind": named(workspace, kind), "provisions": [comparing.told(workspace, one) for one in group]}
            for kind, group in sorted(groups.items(), key=lambda item: str(item[0]))
        ],
    }


def difference(
    workspace: Workspace, plan: NamedNode, before: int | None, after: int | None, on: date
) -> dict[str, Any]:
    """Return how an edition differs from another; ``None`` stands for what the knowledge says today.

    :raises NotFound: ``plan.no-edition``.
    """
    old, new = (of_edition(workspace, plan, number, on) for number in (before, after))
    told = comparing.difference(workspace, old, new)
    return {"slug": editions.slug_of(plan), "before": before, "after": after, **told}


def of_edition(
    workspace: Workspace, plan: NamedNode, number: int | None, on: date
) -> dict[NamedNode, keeping.Kept]:
    """Return what an edition keeps, by provision; without a *number*, what one drafted today would keep.

    :raises NotFound: ``plan.no-edition``.
    """
    if number is None:
        return keeping.kept_now(workspace, content(workspace, plan, on).values())
    if not 0 < number <= len(editions.editions(workspace, plan)):
        raise NotFound.of(
            "plan.no-edition",
            f"没有第 {number} 版",
            f"there is no edition {number}",
            where=editions.slug_of(plan),
        )
    return keeping.kept(workspace, editions.edition_iri(plan, number), editions.states_of(plan))


def steps(workspace: Workspace, plan: NamedNode, reader: Principal, on: date) -> list[dict[str, Any]]:
    """Return the steps that *reader* may take now: with the edition in force, and with the last one.

    Each step says what it asks for: the names of the properties that it ``sets``.
    """
    lives = editions.editions(workspace, plan)
    chosen = dict.fromkeys(
        one.about for one in (editions.in_force(lives, on), *lives[-1:]) if one is not None
    )
    run = editions.machine(workspace)
    found = []
    for life in lives:
        if life.about in chosen:
            offered = run.open_to(editions.with_authors(lives, life), Actor(reader))
            found.append(
                {
                    "edition": editions.number_of(life.about),
                    "revision": life.revision,
                    "steps": [
                        {
                            "name": step.name,
                            "label": both(step.label),
                            "needsReason": step.needs_reason,
                            "sets": [p.value.rpartition("#")[2] for p in (*step.sets, *step.may_set)],
                        }
                        for step in offered
                    ],
                }
            )
    return found


def flow(workspace: Workspace, lives: Sequence[Life]) -> list[dict[str, Any]]:
    """Return the states of the flow in order, the steps from each, and which editions are there."""
    run = editions.machine(workspace)
    order, waiting = list[NamedNode](), [run.flow.start]
    while waiting:
        at = waiting.pop(0)
        if at not in order:
            order.append(at)
            targets = [s.target for s in run.flow.steps.values() if at in s.sources and s.target is not None]
            waiting += sorted(targets, key=lambda target: run.flow.states[target].final)
    order.sort(key=lambda one: run.flow.states[one].final)
    return [
        {
            "name": run.flow.states[at].name,
            "label": both(run.flow.states[at].label),
            "editions": [editions.number_of(life.about) for life in lives if life.state == at],
            "steps": [
                {
                    "label": both(step.label),
                    "to": None if step.target is None else both(run.flow.states[step.target].label),
                }
                for step in run.flow.steps.values()
                if at in step.sources
            ],
        }
        for at in order
    ]


def _edition(
    workspace: Workspace, plan: NamedNode, life: Life, lives: Sequence[Life], on: date, today: str
) -> dict[str, Any]:
    now, day, number = editions.in_force(lives, on), editions.effective(life), editions.number_of(life.about)
    standing = None
    if day is not None and editions.stands(life):
        standing = PENDING if day > on else IN_FORCE if life == now else SUPERSEDED
    digest = life.one(editions.DIGEST)
    revisers = [editions.number_of(one.about) for one in lives if one.one(editions.REVISES) == life.about]
    with_ = life.one(editions.GOES_WITH)
    return {
        "number": number,
        "iri": life.about.value,
        "state": state(workspace, life),
        "standing": None if standing is None else both(standing),
        **{name: term.value for name in DATES if isinstance(term := life.one(xz(name)), Literal)},
        "digest": digest.value if isinstance(digest, Literal) else None,
        "changedSince": isinstance(digest, Literal) and digest.value != today,
        "provisions": keeping.count(workspace, life.about, editions.states_of(plan)),
        "revisedBy": revisers[-1] if revisers else None,
        "goesWith": None if not isinstance(with_, NamedNode) else _companion(workspace, with_),
        "revision": life.revision,
    }


def _companion(workspace: Workspace, edition: NamedNode) -> dict[str, Any]:
    slug = edition.value.split("/")[-2]
    plan = editions.find(workspace, slug)
    return {**named(workspace, plan), "slug": slug, "edition": editions.number_of(edition)}


def _event(event: Event, step: Step) -> dict[str, Any]:
    values = (term for property_ in TOLD for term in event.values.get(property_, ()))
    return {
        "number": event.number,
        "at": event.at.isoformat(),
        "actor": event.actor,
        "step": both(step.label),
        "name": step.name,
        "edition": editions.number_of(event.about),
        "reason": event.reason,
        "for": next((str(getattr(term, "value", "")).rpartition("/")[2] for term in values), None),
    }
