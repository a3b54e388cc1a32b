"""The interactive executor behind a pool: any thread may derive, knowledge may change at any time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from queue import Empty, LifoQueue

from pyoxigraph import Literal, NamedNode, Quad, Triple

from kb.inference.bounds import RESPONSE
from kb.inference.interactive.derivation import Derivation
from kb.inference.interactive.dictionary import Dictionary
from kb.inference.interactive.executor import Executor
from kb.inference.interactive.source import Source
from kb.inference.program import INCIDENT, Program
from kb.namespaces import ROOT, graph
from kb.srl.syntax import Term
from kb.store.protocol import Change, Store

READ = tuple(graph(name).value for name in ("ontology", "knowledge/", "city/", "inferred/", "source/"))
"""The graphs that rules read begin so: knowledge, cities, data that departments delivered. Not other
incidents, unchecked data, what is about rules or other vocabularies, and least of all what strangers
wrote."""
MAX_TERMS = 3_000_000
"""When the dictionary has met so many terms (about 1 GB), it starts anew with an empty cache."""


def is_read(name: object) -> bool:
    """Whether rules read the graph *name*, as far as its name tells."""
    return isinstance(name, NamedNode) and name.value.startswith(READ)


MANY = 20_000
"""A change of more quads than this makes all remembered answers be forgotten, not those that it touches."""


class Engine:
    """Derives responses from a store that may change underneath.

    :param reads: says which named graphs rules read; what it says may change when :meth:`renew` is called.
    """

    def __init__(self, store: Store, program: Program, reads: Callable[[NamedNode], bool] = is_read) -> None:
        self.program = program
        self.reads = reads
        self._store = store
        self.source = self._new_source(reads)
        self._idle: dict[int, LifoQueue[Executor]] = {}
        store.subscribe(self._changed)

    def derive(
        self, incident: NamedNode, facts: Iterable[Triple], *, on: date, now: datetime | None = None
    ) -> Derivation:
        """Return what the response rules in force on the day *on* derive for *incident*."""
        if len(self.source.dictionary) > MAX_TERMS:
            self.renew()
        rules = self.program.in_force(on)
        idle = self._idle.setdefault(id(rules), LifoQueue())  # the program keeps the tuple alive
        try:
            executor = idle.get_nowait()
        except Empty:
            executor = Executor(rules, self.source, bound=(INCIDENT,), bounds=RESPONSE)
        derivation = executor.derive(facts, (incident,), now)
        idle.put(executor)
        return derivation

    def background(self) -> Derivation:
        """Return what the background rules derive from all but what they derived earlier."""
        inferred = graph("inferred/").value
        source = self._new_source(lambda name: self.reads(name) and not name.value.startswith(inferred))
        return Executor(self.program.background, source).derive()

    def renew(self) -> None:
        """Forget what was read: rules may read other graphs from now on."""
        self.source, self._idle = self._new_source(self.reads), {}

    def _new_source(self, visible: Callable[[NamedNode], bool]) -> Source:
        return Source(self._match, Dictionary(ROOT + "incident/"), visible=visible)

    def _match(self, s: Term | None, p: NamedNode | None, o: Term | None) -> Iterator[Quad]:
        if isinstance(s, Literal | Triple):
            return iter(())  # no triple has such a subject
        return self._store.match(s, p, o)

    def _changed(self, change: Change) -> None:
        if any(map(self.source.shows, change.graphs)):  # those of an incident are not shown
            if len(change.additions) + len(change.removals) > MANY:
                self.source.forget()
                return
            self.source.invalidate((*change.additions, *change.removals))
