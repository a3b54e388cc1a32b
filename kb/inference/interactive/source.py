"""The base graph as the rules see it: a store behind a cache that commits keep true.

Knowledge changes rarely and is asked for all the time: the same thresholds, duties and departments for
every incident. Looking a triple pattern up in the embedded store costs about 20 µs on disk, in this cache
0.1 µs. Each cached answer is dropped as soon as a commit touches a triple that it could contain, so the
cache is never stale; it needs no expiry time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from threading import Lock
from typing import TypeAlias, TypeVar

from pyoxigraph import NamedNode, Quad

from kb.inference.interactive.dictionary import Dictionary
from kb.srl.syntax import Term
from kb.store.protocol import GraphName

Ids: TypeAlias = tuple[int, ...]
Key: TypeAlias = tuple[int | None, int | None, int | None]
Question = TypeVar("Question")
Answer = TypeVar("Answer")
Match: TypeAlias = Callable[[Term | None, NamedNode | None, Term | None], Iterable[Quad]]


class Known(dict[int, Ids]):
    """What is remembered of one predicate: from where → to where. It asks for what it lacks."""

    def __init__(self, ask: Callable[[int], Ids]) -> None:
        super().__init__()
        self._ask = ask

    def __missing__(self, start: int) -> Ids:
        """Ask for what is not remembered; the source remembers it here."""
        return self._ask(start)


class Indexes(dict[int, Known]):
    """One :class:`Known` for each predicate; never replaced, so compiled rules hold on to theirs."""

    def __init__(self, ask: Callable[[int, int], Ids]) -> None:
        super().__init__()
        self._ask = ask

    def __missing__(self, predicate: int) -> Known:
        """Make the index of *predicate*; two threads that come at once get the same."""
        return self.setdefault(predicate, Known(partial(self._ask, predicate)))


class Source:
    """Triple look-ups by identifier over *match*, remembered.

    ``objects_by[p][s]`` are the objects of *s* and *p*, ``subjects_by[p][o]`` the subjects that have *o* for
    *p*, each once.

    :param match: yields the quads of the store that fit a pattern (``None`` is a wildcard).
    :param visible: says of a named graph whether it belongs to the base graph; ``None``: all do.
    """

    def __init__(
        self,
        match: Match,
        dictionary: Dictionary,
        *,
        visible: Callable[[NamedNode], bool] | None = None,
    ) -> None:
        self.dictionary = dictionary
        self._match = match
        self._visible = visible
        self._seen: dict[str, bool] = {}
        self.objects_by = Indexes(self._ask_objects)
        self.subjects_by = Indexes(self._ask_subjects)
        self._other: dict[Key, tuple[tuple[int, int, int], ...]] = {}
        self._some: dict[tuple[int, int], bool] = {}
        self._version = 0
        self._lock = Lock()

    def __len__(self) -> int:
        """How many answers are remembered."""
        indexes = (*self.objects_by.values(), *self.subjects_by.values())
        return sum(map(len, indexes)) + len(self._other) + len(self._some)

    def objects(self, subject: int, predicate: int) -> Ids:
        """Return the objects of *subject* and *predicate*, each once."""
        return self.objects_by[predicate][subject]

    def subjects(self, object_: int, predicate: int) -> Ids:
        """Return the subjects that have *object_* for *predicate*, each once."""
        return self.subjects_by[predicate][object_]

    def triples(
        self, subject: int | None, predicate: int | None, object_: int | None
    ) -> tuple[tuple[int, int, int], ...]:
        """Return the triples that fit a pattern, each once; ``None`` is a wildcard.

        A bound predicate with a bound end is answered from the two indexes; so the keys kept here are just
        those that :meth:`invalidate` drops.
        """
        if predicate is not None and subject is not None:
            found = self.objects(subject, predicate)
            return tuple((subject, predicate, o) for o in found if object_ is None or o == object_)
        if predicate is not None and object_ is not None:
            return tuple((s, predicate, object_) for s in self.subjects(object_, predicate))
        key = (subject, predicate, object_)
        rows = self._other.get(key)
        if rows is None:
            version = self._version
            rows = tuple(dict.fromkeys(self._fetch(subject, predicate, object_)))
            self._remember(self._other, key, rows, version)
        return rows

    def values(self, subject: Term, predicate: NamedNode) -> tuple[Term, ...]:
        """Return the objects of *subject* and *predicate* as terms."""
        identify, terms = self.dictionary.id, self.dictionary.terms
        return tuple(terms[number] for number in self.objects(identify(subject), identify(predicate)))

    def holders(self, object_: Term, predicate: NamedNode) -> tuple[Term, ...]:
        """Return the subjects that have *object_* for *predicate* as terms."""
        identify, terms = self.dictionary.id, self.dictionary.terms
        return tuple(terms[number] for number in self.subjects(identify(object_), identify(predicate)))

    def value(self, subject: Term, predicate: NamedNode) -> Term | None:
        """Return one object of *subject* and *predicate*, or ``None``."""
        return next(iter(self.values(subject, predicate)), None)

    def contains(self, subject: int, predicate: int, object_: int) -> bool:
        """Whether the base graph holds the triple."""
        return subject not in self.dictionary.private and object_ in self.objects(subject, predicate)

    def some(self, predicate: int, object_: int) -> bool:
        """Whether any subject at all has *object_* for *predicate*; the others are not read."""
        known = self._some.get((predicate, object_))
        if known is None:
            version = self._version
            known = next(self._quads(None, predicate, object_), None) is not None
            self._remember(self._some, (predicate, object_), known, version)
        return known

    def invalidate(self, quads: Iterable[Quad]) -> None:
        """Forget every answer that one of *quads*, just added or removed, could change."""
        shown = [quad for quad in quads if self.shows(quad.graph_name)]
        if not shown:
            return
        with self._lock:
            self._version += 1
            for quad in shown:
                self._forget(quad)

    def forget(self) -> None:
        """Forget every answer; for changes so large that looking at each quad would take longer."""
        with self._lock:
            self._version += 1
            for index in (*self.objects_by.values(), *self.subjects_by.values()):
                index.clear()
            self._other.clear()
            self._some.clear()

    def _forget(self, quad: Quad) -> None:
        find = self.dictionary.find
        s, p, o = find(quad.subject), find(quad.predicate), find(quad.object)
        if p is not None and s is not None:
            self.objects_by[p].pop(s, None)
        if p is not None and o is not None:
            self.subjects_by[p].pop(o, None)
            self._some.pop((p, o), None)
        for key in ((s, None, None), (None, p, None), (None, None, o), (s, None, o), (None, None, None)):
            self._other.pop(key, None)

    def _ask_objects(self, predicate: int, subject: int) -> Ids:
        version = self._version
        found = tuple(dict.fromkeys(row[2] for row in self._fetch(subject, predicate, None)))
        if subject not in self.dictionary.private:  # an incident's own nodes come and go
            self._remember(self.objects_by[predicate], subject, found, version)
        return found

    def _ask_subjects(self, predicate: int, object_: int) -> Ids:
        version = self._version
        found = tuple(dict.fromkeys(row[0] for row in self._fetch(None, predicate, object_)))
        self._remember(self.subjects_by[predicate], object_, found, version)
        return found

    def _remember(self, cache: dict[Question, Answer], key: Question, answer: Answer, version: int) -> None:
        """Keep *answer* unless knowledge changed while it was being fetched."""
        with self._lock:
            if version == self._version:
                cache[key] = answer

    def _fetch(self, s: int | None, p: int | None, o: int | None) -> Iterable[tuple[int, int, int]]:
        identify = self.dictionary.id
        return [
            (identify(quad.subject), identify(quad.predicate), identify(quad.object))
            for quad in self._quads(s, p, o)
        ]

    def _quads(self, s: int | None, p: int | None, o: int | None) -> Iterator[Quad]:
        """Yield the quads of the base graph that fit, as the store has them."""
        dictionary = self.dictionary
        if s is not None and (s in dictionary.private or s in dictionary.no_subjects):
            return iter(())
        if p is not None and p not in dictionary.iris:
            return iter(())
        terms = dictionary.terms
        predicate = None if p is None else terms[p]
        assert predicate is None or isinstance(predicate, NamedNode)
        quads = self._match(None if s is None else terms[s], predicate, None if o is None else terms[o])
        return (quad for quad in quads if self.shows(quad.graph_name))

    def shows(self, graph: GraphName) -> bool:
        """Whether *graph* belongs to the base graph; remembered."""
        if self._visible is None or not isinstance(graph, NamedNode):
            return True
        name = graph.value
        known = self._seen.get(name)
        if known is None:
            known = self._visible(graph)
            if known:  # hidden graphs are as many as incidents
                self._seen[name] = known
        return known
