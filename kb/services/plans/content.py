"""What a plan or module holds by the knowledge of a day: every provision with its statements and a digest.

Where it leads from a plan to its provisions is data (``ontology/plan-content.ttl``). A plan holds what
applies to its types of incident: to wider ones, as common duties do, and to narrower ones, unless those have
a plan of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from pyoxigraph import Literal, NamedNode, Quad, Triple

from kb.namespaces import RDF_TYPE, RDFS, ROOT, graph, xz
from kb.services.workspace import Workspace
from kb.store.protocol import Store

APPLIES, SUBCLASS = xz("appliesTo"), NamedNode(RDFS + "subClassOf")
CONTENT = NamedNode(f"{ROOT}kb/content/plan")
KNOWLEDGE = (graph("knowledge/").value, graph("ontology").value)
"""How the graphs begin of which a plan's content is: what people wrote, not what follows from it."""


@dataclass(frozen=True, slots=True)
class Provision:
    """A provision as it stands: the *node* that it is and all *statements* about it."""

    node: NamedNode
    statements: frozenset[Triple]

    @property
    def digest(self) -> str:
        """The SHA-256 of its statements, which do not depend on their order."""
        return digest_of(str(statement) for statement in self.statements)

    def objects(self, property_: NamedNode) -> list[NamedNode]:
        """Return the things that it names with *property_*, in order."""
        found = (s.object for s in self.statements if s.predicate == property_)
        return sorted((o for o in found if isinstance(o, NamedNode)), key=lambda o: o.value)


def content(workspace: Workspace, plan: NamedNode, on: date) -> dict[NamedNode, Provision]:
    """Return every provision that *plan*, or a module, holds on the day *on*, the plan itself among them."""
    look = _Look(workspace.store, on)
    found: dict[NamedNode, Provision] = {}
    waiting = [plan, *look.scope(plan)]
    while waiting:
        node = waiting.pop()
        if node in found:
            continue
        statements = look.statements(node)
        if not statements or not look.in_force(statements):
            continue
        found[node] = Provision(node, frozenset(statements))
        waiting += look.next(node, statements)
    return dict(sorted(found.items(), key=lambda item: item[0].value))


def digest_of(lines: Iterable[str]) -> str:
    """Return the SHA-256 of *lines* in whatever order."""
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


class _Look:
    """Looks at the knowledge as it is on a day."""

    def __init__(self, store: Store, on: date) -> None:
        self._store, self._on = store, on
        self._objects, self._subjects = (
            set(self._nodes(CONTENT, xz(name))) for name in ("leadsToObject", "leadsToSubject")
        )

    def scope(self, plan: NamedNode) -> Iterator[NamedNode]:
        """Yield the types of incident that *plan* covers, and what applies to them or to wider ones."""
        own = set(self._nodes(plan, APPLIES))
        wider = _reached(own, lambda type_: self._nodes(type_, SUBCLASS))
        covered = _reached(own, self._narrower)
        yield from covered
        for type_ in {*wider, *covered}:
            for record in self._having(APPLIES, type_):
                if not self._is_plan(record):
                    yield record

    def statements(self, node: NamedNode) -> list[Triple]:
        """Return what people wrote of *node*."""
        return [
            Triple(quad.subject, quad.predicate, quad.object)
            for quad in self._store.match(node, None, None)
            if is_knowledge(quad)
        ]

    def in_force(self, statements: Iterable[Triple]) -> bool:
        """Whether what these *statements* are about is in force on the day."""
        for statement in statements:
            if isinstance(statement.object, Literal):
                if statement.predicate == xz("validFrom") and statement.object.value > self._on.isoformat():
                    return False
                if statement.predicate == xz("validUntil") and statement.object.value < self._on.isoformat():
                    return False
        return True

    def next(self, node: NamedNode, statements: Iterable[Triple]) -> Iterator[NamedNode]:
        """Yield where *node* leads."""
        for statement in statements:
            if statement.predicate in self._objects and isinstance(statement.object, NamedNode):
                yield statement.object
        for property_ in self._subjects:
            yield from self._having(property_, node)

    def _narrower(self, type_: NamedNode) -> Iterator[NamedNode]:
        for other in self._having(SUBCLASS, type_):
            if not any(self._is_plan(record) for record in self._having(APPLIES, other)):
                yield other

    def _is_plan(self, node: NamedNode) -> bool:
        return any(True for _ in self._store.match(node, RDF_TYPE, xz("Plan")))

    def _nodes(self, node: NamedNode, property_: NamedNode) -> Iterator[NamedNode]:
        for quad in self._store.match(node, property_, None):
            if isinstance(quad.object, NamedNode) and is_knowledge(quad):
                yield quad.object

    def _having(self, property_: NamedNode, node: NamedNode) -> Iterator[NamedNode]:
        for quad in self._store.match(None, property_, node):
            if isinstance(quad.subject, NamedNode) and is_knowledge(quad):
                yield quad.subject


def is_knowledge(quad: Quad) -> bool:
    """Whether people wrote what *quad* says: it is of the ontology or a pack."""
    name = quad.graph_name
    return isinstance(name, NamedNode) and name.value.startswith(KNOWLEDGE)


def _reached(
    start: Iterable[NamedNode], further: Callable[[NamedNode], Iterable[NamedNode]]
) -> set[NamedNode]:
    found, waiting = set(start), list(start)
    while waiting:
        for node in further(waiting.pop()):
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found
