"""Editions of plans and modules: what they are called, where they are, which is in force, who wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from pyoxigraph import Literal, NamedNode

from kb.errors import NotFound
from kb.flow.machine import FlowMachine, Life
from kb.namespaces import RDF_TYPE, ROOT, graph, xz
from kb.services.workspace import Workspace

FLOW = "plan"
EDITION, OF, DIGEST, REVISES, GOES_WITH = (
    xz(name) for name in ("PlanEdition", "editionOf", "contentDigest", "revises", "goesWith")
)
EFFECTIVE, PUBLISHED = xz("effectiveFrom"), xz("publishedOn")
PLAN, MODULE = xz("Plan"), xz("PlanModule")
KINDS = (PLAN, MODULE)
OPEN, WITHDRAWN = ("draft", "review"), "withdrawn"
"""Names of states: not yet approved; no longer in use."""


def find(workspace: Workspace, text: str) -> NamedNode:
    """Return the plan or module that *text*, a name, an IRI or the end of one, means.

    :raises NotFound: ``plan.unknown``.
    """
    for kind in KINDS:
        named = workspace.names.find(text, kind)
        known = every(workspace, kind)
        ends = [one for one in known if slug_of(one) == text or one.value.endswith(f"/{text}")]
        if found := [*named, *ends]:
            return found[0]
    near = [name for kind in KINDS for name in workspace.names.nearest(text, kind)][:3]
    raise NotFound.of(
        "plan.unknown",
        f"没有预案或模块“{text}”",
        f"there is no plan or module {text}",
        where=text,
        repair=("是否指：" + "、".join(near), "did you mean: " + ", ".join(near)) if near else None,
    )


def every(workspace: Workspace, kind: NamedNode) -> list[NamedNode]:
    """Return all plans, or all modules, in the order of their names."""
    found = {quad.subject for quad in workspace.store.match(None, RDF_TYPE, kind)}
    return sorted((node for node in found if isinstance(node, NamedNode)), key=lambda node: node.value)


def is_module(plan: NamedNode) -> bool:
    """Whether *plan* is a module."""
    return slug_of(plan).startswith("module-")


def slug_of(plan: NamedNode) -> str:
    """Return the name of a plan or module in timelines and addresses: ``gas``, ``module-medical``."""
    kind, _, name = plan.value.removeprefix(f"{ROOT}kb/").partition("/")
    return name if kind == "plan" else f"{kind}-{name}"


def timeline_of(plan: NamedNode) -> str:
    """Return the name of the timeline of a plan."""
    return f"plan-{slug_of(plan)}"


def states_of(plan: NamedNode) -> NamedNode:
    """Return the graph of the editions of a plan."""
    return graph(f"plans/{slug_of(plan)}")


def edition_iri(plan: NamedNode, number: int) -> NamedNode:
    """Return the IRI of edition *number* of a plan."""
    return NamedNode(f"{ROOT}plan-edition/{slug_of(plan)}/{number}")


def number_of(edition: NamedNode) -> int:
    """Return the number of an edition of its plan."""
    return int(edition.value.rpartition("/")[2])


def machine(workspace: Workspace) -> FlowMachine:
    """Return the machine that editions run on."""
    return workspace.flows.machine(FLOW)


def editions(workspace: Workspace, plan: NamedNode) -> list[Life]:
    """Return every edition of a plan in the order in which they were drafted."""
    events = workspace.flows.ledger.events(timeline_of(plan))
    return [machine(workspace).replay(about, events) for about in dict.fromkeys(e.about for e in events)]


def state_name(life: Life) -> str:
    """Return the name of the state of an edition, the last part of its IRI; empty: it is not there yet."""
    return "" if life.state is None else life.state.value.rpartition("/")[2]


def in_force(lives: Iterable[Life], on: date) -> Life | None:
    """Return the edition in force on a day: of those approved and not withdrawn, the one effective last."""
    found = [life for life in lives if (day := effective(life)) is not None and day <= on and stands(life)]
    return max(found, key=lambda life: (effective(life) or on, number_of(life.about)), default=None)


def effective(life: Life) -> date | None:
    """Return from which day an edition holds; ``None``: it was never approved."""
    return day_of(life, EFFECTIVE)


def day_of(life: Life, property_: NamedNode) -> date | None:
    """Return the day that *property_* of an edition tells."""
    day = life.one(property_)
    return date.fromisoformat(day.value) if isinstance(day, Literal) else None


def stands(life: Life) -> bool:
    """Whether an edition was not withdrawn."""
    return state_name(life) not in ("", WITHDRAWN)


def with_authors(lives: Sequence[Life], life: Life) -> Life:
    """Return *life* with those who wrote the editions that it revises among its actors.

    What somebody wrote stays in what is revised, so he does not approve that either.
    """
    known, actors = {one.about: one for one in lives}, dict(life.actors)
    before = life.one(REVISES)
    while isinstance(before, NamedNode) and before in known:
        for step, people in known[before].actors.items():
            if step.value.rpartition("/")[2] in ("draft", "submit"):
                actors[step] = actors.get(step, frozenset()) | people
        before = known[before].one(REVISES)
    return replace(life, actors=actors)
