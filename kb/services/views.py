"""One answer as one reader may see it.

What follows from visible graphs alone is derived a second time, so that whatever is said about what is
missing or would be different cannot come from anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Self

from pyoxigraph import NamedNode, Triple

from kb.errors import Forbidden, Text, both
from kb.inference.explanation.world import World
from kb.inference.interactive.source import Source
from kb.inference.program import INCIDENT
from kb.namespaces import graph
from kb.services.audience import Audience, Visible, everything
from kb.services.incident import Answer, day_of
from kb.services.workspace import Workspace
from kb.srl.syntax import Rule


class View:
    """What one reader may see of an incident and of what follows from its facts.

    :param supposed: whether *answer* was derived from what the reader may see, and nothing else.
    """

    def __init__(self, audience: Audience, answer: Answer, *, supposed: bool = False) -> None:
        self.audience, self.answer = audience, answer
        self.workspace, self.visible = audience.workspace, audience.visible
        self.store, self.names, self.describer = audience.store, audience.names, audience.describer
        self.restricted = audience.restricted
        self._supposed = supposed or not audience.restricted

    @classmethod
    def of(cls, workspace: Workspace, answer: Answer, visible: Visible = everything) -> Self:
        """Return the view of a reader who may see the named graphs that *visible* says."""
        return cls(Audience(workspace, visible, about=graph(f"incident/{answer.id}")), answer)

    # ── other facts ──────────────────────────────────────────────────────────────────────────

    @cached_property
    def seen(self) -> Answer:
        """The answer as it would be if there were nothing but what the reader may see."""
        if self._supposed:
            return self.answer
        facts = self.answer.facts if self.sees_report else ()
        derivation = self.audience.derive(self.answer.incident, (*facts, *self.context), self.day)
        return replace(self.answer, facts=facts, derivation=derivation)

    def supposing(self, facts: Iterable[Triple]) -> Answer:
        """Return the answer if *facts* had been reported, as far as the reader may see what it rests on."""
        facts = tuple(facts)
        derivation = self.audience.derive(self.answer.incident, (*facts, *self.context), day_of(facts))
        return replace(self.answer, facts=facts, derivation=derivation)

    def on(self, supposed: Answer) -> View:
        """Return the same reader's view of :attr:`seen`, or of what :meth:`supposing` gave."""
        return View(self.audience, supposed, supposed=True)

    # ── what the answer rests on ─────────────────────────────────────────────────────────────

    @property
    def sees_report(self) -> bool:
        """Whether the reader may see what was reported of the incident."""
        return not self.restricted or self.visible(self.own)

    def require_report(self) -> None:
        """Refuse who may not see what was reported: to change it piece by piece would tell it.

        :raises Forbidden: ``incident.withheld``.
        """
        if not self.sees_report:
            raise Forbidden.of(
                "incident.withheld",
                "您无权查看该事件的上报内容，因此不能试改",
                "you may not see what was reported of this incident, and so not try changes of it",
                where=self.answer.id,
            )

    @property
    def note(self) -> dict[str, str] | None:
        """What has to be said with everything that was tried for this reader; nothing, if he sees all."""
        return both(PARTIAL) if self.restricted else None

    @property
    def context(self) -> tuple[Triple, ...]:
        """What rules know of the incident beside its report, as far as the reader may see it."""
        return tuple(
            quad.triple
            for quad in self.answer.context
            if not self.restricted
            or (isinstance(quad.graph_name, NamedNode) and self.visible(quad.graph_name))
        )

    @property
    def own(self) -> NamedNode:
        """The graph that holds what was reported of the incident."""
        return graph(f"incident/{self.answer.id}")

    @cached_property
    def day(self) -> date:
        """The local date of the incident, which says what was in force."""
        return day_of(self.answer.facts)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in force on the day of the incident."""
        return self.workspace.engine.program.in_force(self.day)

    @cached_property
    def world(self) -> World:
        """Everything that the answer rests on, hidden or not."""
        if self._supposed:
            return self.shown
        return self._world(self.workspace.engine.source, self.answer)

    @cached_property
    def shown(self) -> World:
        """What the reader may see, and what follows from that alone."""
        return self._world(self.audience.source, self.seen)

    def _world(self, source: Source, answer: Answer) -> World:
        return World(source, answer.derivation, self.rules, {INCIDENT: answer.incident})

    def graphs(self, triple: Triple) -> list[NamedNode]:
        """Return the named graphs that hold a fact, hidden ones too."""
        around = [q.graph_name for q in self.answer.context if q.triple == triple]
        if around:
            return [name for name in around if isinstance(name, NamedNode)]
        if triple in self.answer.derivation.asserted:
            return [self.own]
        if isinstance(triple.subject, Triple):
            return []  # no graph has a triple term as subject
        quads = self.workspace.store.match(triple.subject, triple.predicate, triple.object)
        names = dict.fromkeys(q.graph_name for q in quads if isinstance(q.graph_name, NamedNode))
        return [name for name in names if self.audience.reads(name)]

    def shows(self, graphs: tuple[NamedNode, ...] | list[NamedNode]) -> bool:
        """Whether the reader may see a fact that *graphs* hold."""
        return not graphs or any(map(self.visible, graphs))


PARTIAL = Text(
    "仅依据您有权查看的数据推算，与全部数据下的结果可能不同",
    "worked out from what you may see alone; over all data it may be different",
)
"""Said with everything that was tried for a reader from whom something is hidden."""
