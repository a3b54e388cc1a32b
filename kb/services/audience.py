"""One reader of explanations: what of the knowledge he may see, and what follows from that alone.

A named graph may be hidden from a reader. What is said to him is then read from visible graphs only, and what
would follow from other facts is derived from them alone: who may not see a graph may not find out by trying
what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import cached_property
from typing import TypeAlias, cast

from pyoxigraph import Literal, NamedNode, Quad, Triple

from kb.inference.bounds import RESPONSE
from kb.inference.interactive.derivation import Derivation
from kb.inference.interactive.dictionary import Dictionary
from kb.inference.interactive.executor import Executor
from kb.inference.interactive.source import Source
from kb.inference.program import INCIDENT
from kb.namespaces import ROOT
from kb.ontology.describe import Describer
from kb.ontology.names import Names
from kb.report.reading import Reader
from kb.services.workspace import Workspace
from kb.srl.syntax import Term
from kb.store.protocol import Listener, Store, Subject

Visible: TypeAlias = Callable[[NamedNode], bool]
"""Says of a named graph whether the reader may see it."""


def everything(graph: NamedNode) -> bool:
    """Let the reader see every graph."""
    return True


class Audience:
    """One reader, with the part of store, names and knowledge that he may see.

    :param visible: says which named graphs the reader may see.
    :param about: a graph that rules read beside the common ones: the incident's own.
    """

    def __init__(self, workspace: Workspace, visible: Visible = everything, *, about: NamedNode) -> None:
        self.workspace = workspace
        self.visible = visible
        self._about = about
        self._executors: dict[date, Executor] = {}
        self.restricted = visible is not everything and any(
            not visible(name) for name in (*workspace.store.graphs(), about) if self.reads(name)
        )
        if self.restricted:
            self.store = cast(Store, VisibleStore(workspace.store, visible))
            self.names = Names(self.store)
            self.describer = Describer(self.store, self.names)
        else:
            self.store, self.names, self.describer = workspace.store, workspace.names, workspace.describer

    @cached_property
    def source(self) -> Source:
        """The knowledge that the reader may see."""
        if not self.restricted:
            return self.workspace.engine.source

        def match(s: Term | None, p: NamedNode | None, o: Term | None) -> Iterator[Quad]:
            return iter(()) if isinstance(s, Literal | Triple) else self.store.match(s, p, o)

        return Source(match, Dictionary(ROOT + "incident/"), visible=self.reads)

    @cached_property
    def reports(self) -> Reader:
        """Understands reports with the names that the reader may see."""
        if not self.restricted:
            return self.workspace.reader
        return Reader(self.store, self.names, self.workspace.vocabulary)

    def derive(self, incident: NamedNode, facts: Iterable[Triple], day: date) -> Derivation:
        """Return what follows on *day* from *facts* and from what the reader may see. Nothing is stored."""
        if not self.restricted:
            return self.workspace.engine.derive(incident, facts, on=day)
        if day not in self._executors:
            rules = self.workspace.engine.program.in_force(day)
            self._executors[day] = Executor(rules, self.source, bound=(INCIDENT,), bounds=RESPONSE)
        return self._executors[day].derive(facts, (incident,))

    def reads(self, name: NamedNode) -> bool:
        """Whether rules read the graph *name*: conclusions may rest on it."""
        return name == self._about or self.workspace.engine.reads(name)


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
