"""One body of knowledge as the comparison needs it: response rules, and the background that they read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
from pyoxigraph import Literal, NamedNode, Triple, Variable

from kb.inference.engine import HIDDEN
from kb.inference.program import INCIDENT, Program
from kb.inference.relational.keys import COLUMNS, key
from kb.namespaces import ROOT, XSD, graph
from kb.services.incident import OCCURRED_ON
from kb.services.workspace import Workspace
from kb.srl.slicing import relevant
from kb.srl.syntax import Call, Element, Filter, Negation, Rule, Term, TriplePattern

HIDDEN_GRAPHS = tuple(graph(name).value for name in HIDDEN)
VALID_ON = Variable("impactValidOn")
"""The day of the incident, in rules that are in force on some days only."""


class Version:
    """The knowledge of *workspace*.

    :param name: a column of results: ``old`` or ``new``.
    """

    def __init__(self, name: str, workspace: Workspace) -> None:
        self.name = name
        self.workspace = workspace
        self.rules = dated(workspace.engine.program)
        self.concluded = frozenset(
            t.predicate for rule in self.rules for t in rule.head if isinstance(t.predicate, NamedNode)
        )
        self._subjects: dict[tuple[NamedNode, Term | None], frozenset[NamedNode]] = {}
        self._objects: dict[NamedNode, frozenset[Term]] = {}
        self._rows: dict[tuple[NamedNode, Term | None], list[tuple[str, str, str]]] = {}

    def objects(self, predicate: NamedNode) -> frozenset[Term]:
        """Return the objects that *predicate* has in the background."""
        if predicate not in self._objects:
            self._objects[predicate] = frozenset(t.object for t in self._match(predicate, None))
        return self._objects[predicate]

    def subjects(self, predicate: NamedNode, fixed: Term | None) -> frozenset[NamedNode]:
        """Return the subjects that have *fixed* (``None``: anything) for *predicate* in the background."""
        if (predicate, fixed) not in self._subjects:
            found = (t.subject for t in self._match(predicate, fixed))
            self._subjects[predicate, fixed] = frozenset(s for s in found if isinstance(s, NamedNode))
        return self._subjects[predicate, fixed]

    def stage(self, targets: Iterable[NamedNode], given: frozenset[NamedNode]) -> tuple[Rule, ...]:
        """Return the rules on which *targets* rest if the facts of *given* relations are known."""
        left = [rule for rule in self.rules if not _all_given(rule, given)]
        return relevant(left, targets)

    def background(self, rules: Sequence[Rule]) -> list[tuple[str, str, str]]:
        """Return the triples of the background that *rules* may read, as keys, each once."""
        wanted: set[tuple[NamedNode, Term | None]] = set()
        for pattern in _patterns(rules):
            if pattern.subject == INCIDENT or not isinstance(pattern.predicate, NamedNode):
                continue
            fixed = None if isinstance(pattern.object, Variable) else pattern.object
            wanted.add((pattern.predicate, fixed))  # type: ignore[arg-type]
        found: dict[tuple[str, str, str], None] = {}
        for predicate, fixed in sorted(wanted, key=str):
            if (predicate, None) in wanted and fixed is not None:
                continue
            if (predicate, fixed) not in self._rows:
                self._rows[predicate, fixed] = [
                    (key(t.subject), key(t.predicate), key(t.object)) for t in self._match(predicate, fixed)
                ]
            found.update(dict.fromkeys(self._rows[predicate, fixed]))
        return list(found)

    def _match(self, predicate: NamedNode, fixed: Term | None) -> Iterator[Triple]:
        for quad in self.workspace.store.match(None, predicate, fixed):
            if not (isinstance(quad.graph_name, NamedNode) and quad.graph_name.value.startswith(HIDDEN_GRAPHS)):
                yield Triple(quad.subject, quad.predicate, quad.object)


def dated(program: Program) -> tuple[Rule, ...]:
    """Return the response rules of *program*, those of limited validity with their days as conditions."""
    return tuple(_dated(rule, program) for rule in program.response)


def table(rows: Sequence[tuple[str, str, str]]) -> pa.Table:
    """Return rows of keys as a table of facts."""
    return pa.table({name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(COLUMNS)})


def _dated(rule: Rule, program: Program) -> Rule:
    document = program.document(rule)
    bounds = ((">=", document.valid_from), ("<=", document.valid_until))
    filters = [
        Filter(Call(operator, (VALID_ON, Literal(day.isoformat(), datatype=NamedNode(XSD + "date")))))
        for operator, day in bounds
        if day is not None
    ]
    if not filters:
        return rule
    day = TriplePattern(INCIDENT, OCCURRED_ON, VALID_ON)
    return Rule(rule.iri, rule.head, (*rule.body, day, *filters), rule.evaldata, rule.generated, rule.span)


def _all_given(rule: Rule, given: frozenset[NamedNode]) -> bool:
    return all(template.predicate in given for template in rule.head)


def _patterns(rules: Iterable[Rule]) -> Iterator[TriplePattern]:
    for rule in rules:
        for element in rule.body:
            yield from patterns_in(element)


def patterns_in(element: Element | Filter) -> Iterator[TriplePattern]:
    """Yield the triple patterns of *element*, those inside a NOT too."""
    if isinstance(element, TriplePattern):
        yield element
    elif isinstance(element, Negation):
        yield from (part for part in element.inner if isinstance(part, TriplePattern))


ROOT_OF_NODES = f"{ROOT}impact/"
"""Nodes that stand for many incidents at once have names below this."""
