"""The records in quarantine, as people read them: where in the file, what is wrong, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pyoxigraph import BlankNode, Literal, NamedNode

from kb.errors import Text
from kb.namespaces import RDF_TYPE, SH, xz
from kb.store.protocol import Store, Subject, Term

RESULT, FOCUS = NamedNode(SH + "result"), NamedNode(SH + "focusNode")
PATH, VALUE, MESSAGE = NamedNode(SH + "resultPath"), NamedNode(SH + "value"), NamedNode(SH + "resultMessage")
REPAIR = xz("repair")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a record: the property and the value, if there is one of each."""

    property: NamedNode | None
    value: str | None
    reason: Text
    repair: Text | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A record in quarantine. *record* is what it speaks of, as far as that could be made out."""

    iri: NamedNode
    record: Term | None
    position: str
    original: str
    delivery: NamedNode | None
    problems: tuple[Problem, ...] = field(default=())

    @property
    def reasons(self) -> list[Text]:
        """What is wrong, in sentences."""
        return list(dict.fromkeys(problem.reason for problem in self.problems))

    @property
    def repairs(self) -> list[Text]:
        """What to do."""
        return list(dict.fromkeys(problem.repair for problem in self.problems if problem.repair))


class Failing:
    """Reads quarantine graphs of *store*."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self, graph: NamedNode, offset: int = 0, limit: int | None = None) -> Iterator[Failure]:
        """Yield the records in quarantine in *graph*, in the order of the store."""
        quads = self._store.match(None, RDF_TYPE, xz("QuarantinedRecord"), graph)
        for place, quad in enumerate(quads):
            if limit is not None and place >= offset + limit:
                return
            if place >= offset and isinstance(quad.subject, NamedNode):
                yield self._read(quad.subject, graph)

    def count(self, graph: NamedNode) -> int:
        """Return how many records are in quarantine in *graph*."""
        return sum(1 for _ in self._store.match(None, RDF_TYPE, xz("QuarantinedRecord"), graph))

    def of(self, graph: NamedNode, record: NamedNode) -> Iterator[Failure]:
        """Yield the records in quarantine in *graph* that speak of *record*."""
        for result in self._store.match(None, FOCUS, record, graph):
            if isinstance(result.subject, NamedNode | BlankNode):
                for holder in self._store.match(None, RESULT, result.subject, graph):
                    if isinstance(holder.subject, NamedNode):
                        yield self._read(holder.subject, graph)

    def _read(self, iri: NamedNode, graph: NamedNode) -> Failure:
        results = [
            quad.object
            for quad in self._store.match(iri, RESULT, None, graph)
            if isinstance(quad.object, NamedNode | BlankNode)
        ]
        record = next((term for node in results if (term := self._one(node, FOCUS, graph))), None)
        delivery = self._one(iri, xz("inDelivery"), graph)
        return Failure(
            iri,
            record,
            _text(self._one(iri, xz("position"), graph)),
            _text(self._one(iri, xz("original"), graph)),
            delivery if isinstance(delivery, NamedNode) else None,
            tuple(self._problem(node, graph) for node in results),
        )

    def _problem(self, node: Subject, graph: NamedNode) -> Problem:
        path, value = self._one(node, PATH, graph), self._one(node, VALUE, graph)
        return Problem(
            path if isinstance(path, NamedNode) else None,
            None if value is None else value.value if isinstance(value, Literal | NamedNode) else str(value),
            self._words(node, MESSAGE, graph) or Text("违反契约", "breaks the contract"),
            self._words(node, REPAIR, graph),
        )

    def _one(self, subject: Subject, predicate: NamedNode, graph: NamedNode) -> Term | None:
        return next((quad.object for quad in self._store.match(subject, predicate, None, graph)), None)

    def _words(self, subject: Subject, predicate: NamedNode, graph: NamedNode) -> Text | None:
        quads = self._store.match(subject, predicate, None, graph)
        found = {q.object.language: q.object.value for q in quads if isinstance(q.object, Literal)}
        if not found:
            return None
        plain = next(iter(found.values()))
        return Text(found.get("zh", plain), found.get("en", plain))


def _text(term: Term | None) -> str:
    return term.value if isinstance(term, Literal) else ""
