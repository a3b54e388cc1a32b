"""The relational executor: the rules of a program on the facts of a million incidents.

The specification's algorithm (`eval-rule-set`), layer by layer and component by component, as the interactive
executor runs it; but each rule is one relational query over all facts at once. A component with recursion
runs semi-naively (Abiteboul, Hull, Vianu, Foundations of Databases, 1995, section 13.1).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import ibis.expr.types as ir
from pyoxigraph import BlankNode, Literal, NamedNode, Triple, Variable

from kb.inference.bounds import BULK, Bounds, require_short
from kb.inference.relational import heads, keys
from kb.inference.relational.bodies import Run, solutions
from kb.inference.relational.connection import Connection
from kb.inference.relational.guard import Guard
from kb.inference.relational.lexicon import Lexicon
from kb.inference.relational.lowering import lowered
from kb.inference.relational.relations import Conclusion, Delta, Relations
from kb.inference.relational.solutions import ANYTHING
from kb.namespaces import XSD
from kb.srl.strata import Component, stratify
from kb.srl.syntax import Element, Filter, Negation, Rule, RuleSet, Term, TriplePattern, TripleTermPattern
from kb.srl.wellformed import require_wellformed

XSD_DATETIME = NamedNode(XSD + "dateTime")


class Inference:
    """What one run derived; :attr:`load_seconds` is how long reading and numbering the facts took."""

    def __init__(
        self, connection: Connection, lexicon: Lexicon, relations: Relations, load_seconds: float
    ) -> None:
        self.load_seconds = load_seconds
        self._connection = connection
        self._lexicon = lexicon
        self._relations = relations

    @property
    def facts_in(self) -> int:
        """How many triples the base graph has."""
        return int(self._relations.base.count().execute())

    def __len__(self) -> int:
        """How many triples were derived."""
        return sum(self._relations.counts().values())

    def counts(self) -> dict[Term, int]:
        """Return how many triples were derived of each predicate."""
        counts = self._relations.counts()
        terms = self._lexicon.terms_of(counts)
        return {terms[number]: count for number, count in counts.items()}

    def facts(self, *predicates: NamedNode) -> ir.Table | None:
        """Return the derived triples as a table of facts (columns of keys); ``None``: there are none.

        :param predicates: those that are wanted; none: all.
        """
        rows = self._relations.derived()
        if rows is None:
            return None
        if predicates:
            rows = rows.filter(rows.p.isin(sorted(self._lexicon.add(predicates).values())))
        return self._lexicon.decode(rows)

    def __iter__(self) -> Iterator[Triple]:
        """Yield the derived triples."""
        found = self.facts()
        for row in [] if found is None else self._connection.rows(found):
            yield Triple(*(keys.term(row[name]) for name in keys.COLUMNS))  # type: ignore[arg-type]


class RelationalExecutor:
    """Rules ready to run over tables of facts.

    :param data: the triples of the rule set's DATA blocks.
    :param bounds: what one derivation may take.
    :raises SyntaxFault: for a rule that is not well-formed, or a rule set that has no stratification.
    :raises InferenceStopped: for a rule that is too long; it is named with its place.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        connection: Connection,
        *,
        data: Iterable[Triple] = (),
        bounds: Bounds = BULK,
    ) -> None:
        require_wellformed(RuleSet(tuple(rules)))
        require_short(rules)
        self._bounds = bounds
        self._connection = connection
        self._data = tuple(data)
        self._layers = stratify(rules).layers
        self._lowered = {id(rule): lowered(rule) for rule in rules}  # the layers keep the rules alive
        self._constants = {term for rule in self._lowered.values() for term in _constants(rule)}
        self._constants |= {term for t in self._data for term in (t.subject, t.predicate, t.object)}

    def derive(self, *facts: ir.Table, now: datetime | None = None) -> Inference:
        """Return what follows from *facts*, tables of facts of this connection.

        :param now: the one instant that NOW() gives; the present by default.
        :raises InferenceStopped: a bound was exceeded.
        """
        guard = Guard(self._connection, self._bounds)
        with guard.watching():
            start = time.perf_counter()
            lexicon = Lexicon(self._connection, facts, self._constants)
            base = [lexicon.encode(table) for table in facts]
            relations = Relations(self._connection, base, lexicon.terms, guard)
            load_seconds = time.perf_counter() - start
            instant = Literal((now or datetime.now(UTC)).isoformat(), datatype=XSD_DATETIME)
            self._run(Run(self._connection, lexicon, relations, guard, instant))
        return Inference(self._connection, lexicon, relations, load_seconds)

    def _run(self, run: Run) -> None:
        if self._data:
            given = run.lexicon.encode(self._connection.table(keys.facts(self._data)))
            run.relations.add(Conclusion(None, given, ANYTHING))
        for layer in self._layers:
            for rule in layer.once:
                self._once(run, rule)
            for component in layer.components:
                self._component(run, component)
        run.relations.settle_all()

    def _once(self, run: Run, rule: Rule) -> None:
        for conclusion in self._conclusions(run, rule):
            run.relations.add(conclusion)

    def _component(self, run: Run, component: Component) -> None:
        if not component.recursive:
            for rule in component.rules:
                self._once(run, rule)
            return
        delta = self._round(run, [(rule, None) for rule in component.rules], None)
        variants = [
            (rule, element)
            for rule in component.rules
            if rule.evaldata
            for element in self._lowered[id(rule)].body
            if isinstance(element, TriplePattern)
        ]
        while delta:
            delta = self._round(run, variants, delta)

    def _round(
        self, run: Run, rules: Sequence[tuple[Rule, TriplePattern | None]], delta: Delta | None
    ) -> Delta:
        found = [c for rule, newest in rules for c in self._conclusions(run, rule, newest, delta)]
        return run.relations.newest(found)

    def _conclusions(
        self, run: Run, rule: Rule, newest: TriplePattern | None = None, delta: Delta | None = None
    ) -> list[Conclusion]:
        with run.guard.at_work(rule):
            found = solutions(run, self._lowered[id(rule)], newest, delta)
            return [] if found is None else list(heads.conclusions(rule, found, run))


def _constants(rule: Rule) -> Iterator[Term]:
    """Yield the terms that *rule* names in patterns and templates."""
    elements: list[Element | Filter] = list(rule.body)
    elements += [part for e in rule.body if isinstance(e, Negation) for part in e.inner]
    patterns = [*rule.head, *(e for e in elements if isinstance(e, TriplePattern))]
    for pattern in patterns:
        for term in pattern.terms:
            if not isinstance(term, Variable | BlankNode | TripleTermPattern):
                yield term
