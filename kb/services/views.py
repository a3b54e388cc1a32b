"""One answer as one reader may see it.

A named graph may be hidden from a reader. Explanations then speak of what the reader may see and of nothing
else: labels are read from visible graphs only, and what follows from them alone is derived a second time, so
that whatever is said about what is missing cannot come from anywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import cached_property
from typing import TypeAlias, cast

from pyoxigraph import Literal, NamedNode, Quad, Triple

from kb.inference.engine import HIDDEN
from kb.inference.explanation.world import World
from kb.inference.interactive.dictionary import Dictionary
from kb.inference.interactive.executor import Executor
from kb.inference.interactive.source import Source
from kb.inference.program import INCIDENT
from kb.namespaces import ROOT, graph
from kb.ontology.describe import Describer
from kb.ontology.names import Names
from kb.services.incident import OCCURRED_ON, Answer
from kb.services.workspace import Workspace
from kb.srl.syntax import Rule, Term
from kb.store.protocol import Listener, Store, Subject

Visible: TypeAlias = Callable[[NamedNode], bool]
"""Says of a named graph whether the reader may see it."""

UNREAD = tuple(f"{ROOT}graph/{name}" for name in HIDDEN)
"""Graphs that rules do not read begin so; nothing rests on them."""


def everything(graph: NamedNode) -> bool:
    """Let the reader see every graph."""
    return True


class View:
    """What one reader may see of an incident and of what follows from its facts.

    :param visible: says which named graphs the reader may see.
    """

    def __init__(self, workspace: Workspace, answer: Answer, visible: Visible = everything) -> None:
        self.workspace = workspace
        self.answer = answer
        self.visible = visible
        self.restricted = visible is not everything and any(
            not visible(name) for name in (*workspace.store.graphs(), self.own) if self._is_read(name)
        )
        if self.restricted:
            store = cast(Store, VisibleStore(workspace.store, visible))
            self.store = store
            self.names = Names(store)
            self.describer = Describer(store, self.names)
        else:
            self.store, self.names, self.describer = workspace.store, workspace.names, workspace.describer

    @property
    def sees_report(self) -> bool:
        """Whether the reader may see what was reported of the incident."""
        return not self.restricted or self.visible(self.own)

    @property
    def own(self) -> NamedNode:
        """The graph that holds what was reported of the incident."""
        return graph(f"incident/{self.answer.id}")

    @cached_property
    def day(self) -> date:
        """The local date of the incident, which says what was in force."""
        days = (t.object for t in self.answer.facts if t.predicate == OCCURRED_ON)
        return next(date.fromisoformat(day.value) for day in days if isinstance(day, Literal))

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in force on the day of the incident."""
        return self.workspace.engine.program.in_force(self.day)

    @cached_property
    def world(self) -> World:
        """Everything that the answer rests on, hidden or not."""
        engine = self.workspace.engine
        return World(engine.source, self.answer.derivation, self.rules, {INCIDENT: self.answer.incident})

    @cached_property
    def shown(self) -> World:
        """What the reader may see, and what follows from that alone."""
        if not self.restricted:
            return self.world
        source = self.source
        facts = self.answer.facts if self.visible(self.own) else ()
        derivation = Executor(self.rules, source, bound=(INCIDENT,)).derive(facts, (self.answer.incident,))
        return World(source, derivation, self.rules, {INCIDENT: self.answer.incident})

    @cached_property
    def source(self) -> Source:
        """The knowledge that the reader may see."""
        if not self.restricted:
            return self.workspace.engine.source

        def match(s: Term | None, p: NamedNode | None, o: Term | None) -> Iterator[Quad]:
            return iter(()) if isinstance(s, Literal | Triple) else self.store.match(s, p, o)

        return Source(match, Dictionary(ROOT + "incident/"), visible=self._is_read)

    def graphs(self, triple: Triple) -> list[NamedNode]:
        """Return the named graphs that hold a fact, hidden ones too."""
        if triple in self.answer.derivation.asserted:
            return [self.own]
        if isinstance(triple.subject, Triple):
            return []  # no graph has a triple term as subject
        quads = self.workspace.store.match(triple.subject, triple.predicate, triple.object)
        names = dict.fromkeys(q.graph_name for q in quads if isinstance(q.graph_name, NamedNode))
        return [name for name in names if self._is_read(name)]

    def shows(self, graphs: tuple[NamedNode, ...] | list[NamedNode]) -> bool:
        """Whether the reader may see a fact that *graphs* hold."""
        return not graphs or any(map(self.visible, graphs))

    def _is_read(self, name: NamedNode) -> bool:
        return name == self.own or not name.value.startswith(UNREAD)


class VisibleStore:
    """The part of a store that a reader may see, as far as names and look-ups need one."""

    def __init__(self, store: Store, visible: Visible) -> None:
        self._store = store
        self._visible = visible
        self._seen: dict[str, bool] = {}

    def match(
        self, s: Subject | None, p: NamedNode | None, o: Term | None, graph: NamedNode | None = None
    ) -> Iterator[Quad]:
        """Return the quads that fit and that the reader may see."""
        return (quad for quad in self._store.match(s, p, o, graph) if self._shows(quad))

    def subscribe(self, listener: Listener) -> None:
        """Do nothing: this view ends with the request that it is made for."""

    def _shows(self, quad: Quad) -> bool:
        name = quad.graph_name
        if not isinstance(name, NamedNode):
            return True
        if name.value not in self._seen:
            self._seen[name.value] = self._visible(name)
        return self._seen[name.value]
