"""What an explanation looks at: the base graph, the facts given with the call, and what was derived.

The executor keeps only the first reason of a triple and joins over integers for speed. Explaining asks other
questions of the same facts (what else could have derived this, what would have been needed), so it has an
evaluator of its own (:mod:`kb.inference.explanation.solving`), which works on terms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, Triple, Variable

from kb.inference.interactive.derivation import Derivation
from kb.inference.interactive.source import Source
from kb.inference.planner import VOLATILE
from kb.srl.syntax import (
    Assignment,
    Call,
    Expression,
    Filter,
    PatternTerm,
    Rule,
    Term,
    TripleTermPattern,
    variables_of,
)

Row: TypeAlias = tuple[Term, Term, Term]
"""A triple as its three terms."""


def row_of(triple: Triple) -> Row:
    """Return *triple* as its three terms."""
    return triple.subject, triple.predicate, triple.object


class World:
    """The facts of one derivation: the base graph G0 of the specification, and the evaluation graph.

    :param rules: the rules that were in force.
    :param given: the variables that the caller of the derivation gave a value to (``?incident``).
    """

    def __init__(
        self,
        source: Source,
        derivation: Derivation,
        rules: Iterable[Rule],
        given: Mapping[Variable, Term] | None = None,
    ) -> None:
        self.derivation = derivation
        self.rules = tuple(rules)
        self.given: Mapping[Variable, Term] = dict(given or {})
        self._source = source
        self._asserted = _Index(map(row_of, derivation.asserted))
        self._added = _Index(map(row_of, derivation))
        self._starts: dict[int, dict[Variable, Term]] = {}
        self._by_predicate: dict[Term | None, list[Rule]] = {}
        for rule in self.rules:
            if _repeatable(rule):
                for predicate in dict.fromkeys(_constant(template.predicate) for template in rule.head):
                    self._by_predicate.setdefault(predicate, []).append(rule)

    def concluding(self, predicate: PatternTerm) -> list[Rule]:
        """Return the rules whose head may have *predicate*, where doing them again gives the same.

        Rules that make fresh terms, or ask for the time, are left out.
        """
        if isinstance(predicate, Variable):
            return [rule for rule in self.rules if _repeatable(rule)]
        return [*self._by_predicate.get(_constant(predicate), ()), *self._by_predicate.get(None, ())]

    def start(self, rule: Rule) -> Mapping[Variable, Term]:
        """Return what the caller of the derivation bound, of the variables of *rule*."""
        found = self._starts.get(id(rule))
        if found is None:
            mentioned = (
                {v for part in (*rule.body, *rule.head) for v in variables_of(part)} if self.given else ()
            )
            found = self._starts[id(rule)] = {v: term for v, term in self.given.items() if v in mentioned}
        return found

    def match(self, s: Term | None, p: Term | None, o: Term | None, *, evaldata: bool = True) -> list[Row]:
        """Return the triples that fit, each once; ``None`` fits everything.

        :param evaldata: look at what was derived, too.
        """
        rows = dict.fromkeys(self._base(s, p, o))
        rows.update(dict.fromkeys(self._asserted.match(s, p, o)))
        if evaldata:
            rows.update(dict.fromkeys(self._added.match(s, p, o)))
        return list(rows)

    def holds(self, row: Row, *, evaldata: bool = True) -> bool:
        """Whether the triple is there."""
        if row in self._asserted.rows or (evaldata and row in self._added.rows):
            return True
        return bool(self._base(*row))

    def is_fact(self, row: Row) -> bool:
        """Whether the triple was there before any rule ran."""
        return self.holds(row, evaldata=False)

    def is_given(self, row: Row) -> bool:
        """Whether the triple is a fact that was handed to the derivation: one that a report may change."""
        return row in self._asserted.rows

    def _base(self, s: Term | None, p: Term | None, o: Term | None) -> list[Row]:
        dictionary = self._source.dictionary
        if isinstance(s, Literal | Triple) or not (p is None or isinstance(p, NamedNode)):
            return []
        numbers = [None if term is None else dictionary.id(term) for term in (s, p, o)]
        if dictionary.private.intersection(n for n in (numbers[0], numbers[2]) if n is not None):
            return []
        terms = dictionary.terms
        return [(terms[a], terms[b], terms[c]) for a, b, c in self._source.triples(*numbers)]


class _Index:
    """Triples by what patterns mostly bind."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = dict.fromkeys(rows)
        self._by: dict[tuple[int, Term, int, Term] | tuple[int, Term], list[Row]] = {}
        for row in self.rows:
            s, p, o = row
            for key in ((0, s, 1, p), (1, p, 2, o), (0, s), (1, p), (2, o)):
                self._by.setdefault(key, []).append(row)

    def match(self, s: Term | None, p: Term | None, o: Term | None) -> Iterator[Row]:
        if s is not None and p is not None and o is not None:
            return iter(((s, p, o),) if (s, p, o) in self.rows else ())
        if s is not None and p is not None:
            return iter(self._by.get((0, s, 1, p), ()))
        if p is not None and o is not None:
            return iter(self._by.get((1, p, 2, o), ()))
        bound = [(place, term) for place, term in enumerate((s, p, o)) if term is not None]
        if not bound:
            return iter(self.rows)
        rows = self._by.get(bound[0], ())
        return (row for row in rows if all(row[place] == term for place, term in bound[1:]))


def _constant(term: PatternTerm) -> Term | None:
    return term if isinstance(term, NamedNode) else None


def _repeatable(rule: Rule) -> bool:
    """Whether evaluating *rule* again gives the same: it neither makes fresh terms nor asks for the time."""
    expressions = (e.expression for e in rule.body if isinstance(e, Filter | Assignment))
    if any(map(_volatile, expressions)):
        return False
    return not any(_fresh(term) for template in rule.head for term in template.terms)


def _fresh(term: PatternTerm) -> bool:
    if isinstance(term, TripleTermPattern):
        return any(map(_fresh, (term.subject, term.predicate, term.object)))
    return isinstance(term, BlankNode)


def _volatile(expression: Expression) -> bool:
    return isinstance(expression, Call) and (
        expression.operator in VOLATILE | {"NOW"} or any(map(_volatile, expression.arguments))
    )
