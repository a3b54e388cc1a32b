"""Triples as they are written to triple patterns (spec section 2, note; Turtle 1.2 and SPARQL 1.2).

Collections, ``[...]``, reifiers, annotations and paths become plain triples. All new nodes are blank nodes
here; :func:`rename` then gives them the names they keep, by the part of the rule they stand in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

from lark import Token
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kb.srl import errors
from kb.srl.syntax import PatternTerm, Span, Term, TriplePattern, TripleTermPattern
from kb.srl.terms import RDF_FIRST, RDF_NIL, RDF_REIFIES, RDF_REST, Node, Terms


class Area(Enum):
    """Where triples stand: variables are for heads and bodies, paths for bodies alone."""

    DATA = "DATA"
    HEAD = "head"
    BODY = "body"


def expand(block: Node, area: Area, terms: Terms) -> list[TriplePattern]:
    """Return the triples of a ``triples_block``; raise ``srl.data-variable`` or ``srl.path-place``."""
    expander = _Expander(area, terms)
    for statement in block.children:
        expander.statement(statement)
    return expander.triples


def rename(triple: TriplePattern, name: Callable[[BlankNode], PatternTerm]) -> TriplePattern:
    """Return *triple* with ``name(node)`` for every blank node, and constant triple terms made terms."""
    subject, predicate, object_ = (_rename(term, name) for term in triple.terms)
    return TriplePattern(subject, predicate, object_, triple.span)


def _rename(term: PatternTerm, name: Callable[[BlankNode], PatternTerm]) -> PatternTerm:
    if isinstance(term, BlankNode):
        return name(term)
    if not isinstance(term, TripleTermPattern):
        return term
    subject, predicate, object_ = (
        _rename(part, name) for part in (term.subject, term.predicate, term.object)
    )
    if (
        isinstance(subject, NamedNode)
        and isinstance(predicate, NamedNode)
        and isinstance(object_, NamedNode | Literal | Triple)
    ):
        return Triple(subject, predicate, object_)
    return TripleTermPattern(subject, predicate, object_)


def ground(triple: TriplePattern | TripleTermPattern) -> Triple | None:
    """Return the RDF triple that *triple* without variables is; None if RDF knows no such triple."""
    object_: PatternTerm | None = triple.object
    if isinstance(object_, TripleTermPattern):
        object_ = ground(object_)
    if (
        isinstance(triple.subject, NamedNode | BlankNode)
        and isinstance(triple.predicate, NamedNode)
        and isinstance(object_, Term)
    ):
        return Triple(triple.subject, triple.predicate, object_)
    return None


class _Expander:
    """Collects the triples of one block. A triple comes before those that describe its object."""

    def __init__(self, area: Area, terms: Terms) -> None:
        self.triples: list[TriplePattern] = []
        self._area = area
        self._terms = terms

    def statement(self, tree: Node) -> None:
        subject, properties = (*tree.children, None)[:2]
        place = self._terms.span(subject)
        term = self._node(subject)
        if properties is not None:
            self._properties(term, properties, place)

    def _properties(self, subject: PatternTerm, tree: Node, place: Span | None = None) -> None:
        """Add what ``verb objects ; …`` says of *subject*; *place* is that of the first triple."""
        verb: Node = None
        for child in tree.children:
            if not isinstance(child, Token) and child.data == "objects":
                for target in child.children:
                    self._object(subject, verb, target, place or self._terms.span(target))
                    place = None
            else:
                verb = child
                place = place or self._terms.span(verb)

    def _object(self, subject: PatternTerm, verb: Node, tree: Node, place: Span) -> None:
        node, *annotations = tree.children
        mark = len(self.triples)
        target = self._node(node)
        self.triples[mark:mark] = self._path(subject, verb, target, place)
        if not annotations:
            return
        if not isinstance(verb, Token):
            raise errors.path_annotated(self._terms.span(annotations[0]))
        triple = TripleTermPattern(subject, self._node(verb), target)
        reifier: PatternTerm | None = None
        for annotation in annotations:
            if annotation.data == "reifier":
                reifier = self._reify(triple, annotation)
            else:
                self._properties(reifier or self._reify(triple, annotation), annotation.children[0])
                reifier = None

    def _reify(self, triple: TripleTermPattern, tree: Node) -> PatternTerm:
        """Say that the node of ``~ node``, or else a fresh one, reifies *triple*, and return the node."""
        named = tree.children[1] if tree.data == "reifier" else None
        node = self._terms.fresh() if named is None else self._node(named)
        self.triples.append(TriplePattern(node, RDF_REIFIES, triple, self._terms.span(tree)))
        return node

    def _node(self, node: Node) -> PatternTerm:
        """Return the term that *node* stands for, its own triples added."""
        if isinstance(node, Token):
            if node.type == "VAR" and self._area is Area.DATA:
                raise errors.data_variable(self._terms.span(node), node)
            return self._terms.leaf(node)
        match node.data:
            case "collection":
                return self._collection(node)
            case "node":
                subject = self._terms.fresh()
                self._properties(subject, node.children[0])
                return subject
            case "triple_term":
                return self._triple(node)
            case "reified":
                triple = self._triple(node)
                return self._reify(triple, node.children[3] or node)
        return self._terms.leaf(node)

    def _triple(self, tree: Node) -> TripleTermPattern:
        subject, verb, target = tree.children[:3]
        return TripleTermPattern(self._node(subject), self._node(verb), self._node(target))

    def _collection(self, tree: Node) -> PatternTerm:
        cells: list[PatternTerm] = [self._terms.fresh() for _ in tree.children]
        for child, cell, rest in zip(tree.children, cells, [*cells[1:], RDF_NIL], strict=True):
            place, mark = self._terms.span(child), len(self.triples)
            item = self._node(child)
            self.triples[mark:mark] = [TriplePattern(cell, RDF_FIRST, item, place)]
            self.triples.append(TriplePattern(cell, RDF_REST, rest, place))
        return cells[0]

    def _path(
        self, subject: PatternTerm, path: Node, target: PatternTerm, place: Span
    ) -> Iterator[TriplePattern]:
        """Yield the triples that lead from *subject* to *target*."""
        if isinstance(path, Token):
            yield TriplePattern(subject, self._node(path), target, place)
            return
        if self._area is not Area.BODY:
            raise errors.path_place(self._terms.span(path))
        match path.data:
            case "inverse":
                yield from self._path(target, path.children[0], subject, place)
            case "group":
                yield from self._path(subject, path.children[0], target, place)
            case _:  # sequence
                *steps, last = path.children
                for step in steps:
                    middle = self._terms.fresh()
                    yield from self._path(subject, step, middle, place)
                    subject = middle
                yield from self._path(subject, last, target, place)
