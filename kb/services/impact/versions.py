"""One body of knowledge as the comparison needs it: response rules, and the background that they read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import pyarrow as pa
from pyoxigraph import Literal, NamedNode, Triple, Variable

from kb.inference.engine import is_read
from kb.inference.program import INCIDENT, Program
from kb.inference.relational.keys import COLUMNS, key
from kb.namespaces import ROOT, XSD
from kb.services import loading
from kb.services.incident import OCCURRED_ON
from kb.services.workspace import Workspace
from kb.srl.slicing import relevant
from kb.srl.syntax import Call, Element, Filter, Negation, Rule, Term, TriplePattern

VALID_ON = Variable("impactValidOn")
"""The day of the incident, in rules that are in force on some days only."""


class Cities:
    """What rules read of the cities in *workspace*; remembered, as every version reads the same."""

    def __init__(self, workspace: Workspace) -> None:
        self._store = workspace.store
        self._shown: dict[object, bool] = {}
        self._known: dict[tuple[NamedNode, Term | None], list[Triple]] = {}

    def match(self, predicate: NamedNode, fixed: Term | None) -> list[Triple]:
        """Return the triples of *predicate*, of those with the object *fixed* if it is not ``None``."""
        if (predicate, fixed) not in self._known:
            self._known[predicate, fixed] = [
                Triple(quad.subject, quad.predicate, quad.object)
                for quad in self._store.match(None, predicate, fixed)
                if self._shows(quad.graph_name)
            ]
        return self._known[predicate, fixed]

    def _shows(self, name: object) -> bool:
        if name not in self._shown:
            knowledge = isinstance(name, NamedNode) and loading.is_knowledge(name)
            self._shown[name] = is_read(name) and not knowledge
        return self._shown[name]


class Version:
    """The knowledge of *workspace*.

    :param name: a column of results: ``old`` or ``new``.
    :param cities: the background that is no knowledge, which versions share.
    """

    def __init__(self, name: str, workspace: Workspace, cities: Cities) -> None:
        self.name = name
        self.workspace = workspace
        self.early: dict[NamedNode, frozenset[int]] = {}
        """The rules (by ``id``) that conclude a relation before the groups; its other rules run in them."""
        self._cities = cities
        self._graphs = [
            graph for graph in workspace.store.graphs() if is_read(graph) and loading.is_knowledge(graph)
        ]
        self.rules = dated(workspace.engine.program)
        self.concluded = frozenset(
            t.predicate for rule in self.rules for t in rule.head if isinstance(t.predicate, NamedNode)
        )
        self._subjects: dict[tuple[NamedNode, Term | None], frozenset[NamedNode]] = {}
        self._objects: dict[NamedNode, dict[object, set[Term]]] = {}
        self._rows: dict[tuple[NamedNode, Term | None], list[tuple[str, str, str]]] = {}

    def objects(self, predicate: NamedNode, subjects: frozenset[NamedNode] | None = None) -> frozenset[Term]:
        """Return the objects that *predicate* has in the background, of *subjects* if they are given."""
        if predicate not in self._objects:
            by_subject: dict[object, set[Term]] = {}
            for triple in self._match(predicate, None):
                by_subject.setdefault(triple.subject, set()).add(triple.object)
            self._objects[predicate] = by_subject
        known = self._objects[predicate]
        chosen = known if subjects is None else known.keys() & subjects
        return frozenset().union(*(known[subject] for subject in chosen))

    def subjects(self, predicate: NamedNode, fixed: Term | None) -> frozenset[NamedNode]:
        """Return the subjects that have *fixed* (``None``: anything) for *predicate* in the background."""
        if (predicate, fixed) not in self._subjects:
            found = (t.subject for t in self._match(predicate, fixed))
            self._subjects[predicate, fixed] = frozenset(s for s in found if isinstance(s, NamedNode))
        return self._subjects[predicate, fixed]

    def stage(self, targets: Iterable[NamedNode], given: frozenset[NamedNode]) -> tuple[Rule, ...]:
        """Return the rules on which *targets* rest if the facts of *given* relations are known."""
        left = [part for rule in self.rules if (part := self._left(rule, given)) is not None]
        return relevant(left, targets)

    def _left(self, rule: Rule, given: frozenset[NamedNode]) -> Rule | None:
        """Return *rule* with those of its conclusions that the *given* relations do not hold already."""
        head = tuple(
            template
            for template in rule.head
            if template.predicate not in given
            or (template.predicate in self.early and id(rule) not in self.early[template.predicate])  # type: ignore[index]
        )
        return rule if len(head) == len(rule.head) else replace(rule, head=head) if head else None

    def knowledge(self, rules: Sequence[Rule]) -> set[Triple]:
        """Return what *rules* may read of the knowledge alone."""
        return {
            Triple(quad.subject, quad.predicate, quad.object)
            for predicate, fixed in wanted(rules)
            for name in self._graphs
            for quad in self.workspace.store.match(None, predicate, fixed, name)
        }

    def background(self, rules: Sequence[Rule]) -> list[tuple[str, str, str]]:
        """Return the triples of the background that *rules* may read, as keys, each once."""
        found: dict[tuple[str, str, str], None] = {}
        for predicate, fixed in wanted(rules):
            if (predicate, fixed) not in self._rows:
                self._rows[predicate, fixed] = [
                    (key(t.subject), key(t.predicate), key(t.object)) for t in self._match(predicate, fixed)
                ]
            found.update(dict.fromkeys(self._rows[predicate, fixed]))
        return list(found)

    def _match(self, predicate: NamedNode, fixed: Term | None) -> Iterator[Triple]:
        yield from self._cities.match(predicate, fixed)
        for name in self._graphs:
            for quad in self.workspace.store.match(None, predicate, fixed, name):
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


def wanted(rules: Iterable[Rule]) -> list[tuple[NamedNode, Term | None]]:
    """Return the predicates that *rules* read of the background, with the object where it is always the
    same."""
    found: set[tuple[NamedNode, Term | None]] = set()
    for rule in rules:
        for element in rule.body:
            for pattern in patterns_in(element):
                if pattern.subject != INCIDENT and isinstance(pattern.predicate, NamedNode):
                    fixed = None if isinstance(pattern.object, Variable) else pattern.object
                    found.add((pattern.predicate, fixed))  # type: ignore[arg-type]
    return sorted(((p, o) for p, o in found if o is None or (p, None) not in found), key=str)


def patterns_in(element: Element | Filter) -> Iterator[TriplePattern]:
    """Yield the triple patterns of *element*, those inside a NOT too."""
    if isinstance(element, TriplePattern):
        yield element
    elif isinstance(element, Negation):
        yield from (part for part in element.inner if isinstance(part, TriplePattern))


ROOT_OF_NODES = f"{ROOT}impact/"
"""Nodes that stand for many incidents at once have names below this."""
