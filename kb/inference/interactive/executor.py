"""The interactive executor: the rules of a program on the facts of one incident, in milliseconds.

The specification's algorithm (`eval-rule-set`) layer by layer: run-once rules first, then the general
rules, component by component of the dependency graph. A component without recursion runs once; one with
recursion runs semi-naively (Abiteboul, Hull, Vianu, Foundations of Databases, 1995, section 13.1): after
the first pass each rule is asked only for what the newest facts make possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pyoxigraph import Literal, NamedNode, Triple, Variable

from kb.inference.interactive.compiler import CompiledRule
from kb.inference.interactive.derivation import Derivation, Reason
from kb.inference.interactive.frame import Facts
from kb.inference.interactive.overlay import Row
from kb.inference.interactive.source import Source
from kb.namespaces import XSD
from kb.srl.strata import stratify
from kb.srl.syntax import Rule, RuleSet, Term, TriplePattern
from kb.srl.wellformed import require_wellformed

XSD_DATETIME = NamedNode(XSD + "dateTime")


@dataclass(slots=True)
class _Component:
    """Rules of one component: compiled for the first pass, and for what newest facts add."""

    rules: list[CompiledRule]
    again: list[CompiledRule] = field(default_factory=list)


class Executor:
    """Rules compiled over one source. Not thread-safe: give each thread its own.

    :param bound: variables that the caller gives a value to in :meth:`derive` (``?incident``).
    :raises SyntaxFault: for a rule that is not well-formed, or a rule set that has no stratification.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        source: Source,
        *,
        bound: Sequence[Variable] = (),
        data: Iterable[Triple] = (),
    ) -> None:
        require_wellformed(RuleSet(tuple(rules)))
        self._facts = Facts(source)
        self._bound = bound
        self._data = frozenset(data)
        self._now: Literal | None = None
        self._found: dict[Row, Reason] = {}
        self._pending: dict[Row, Reason] = {}
        self._layers: list[tuple[list[_Component], list[_Component]]] = []
        for layer in stratify(rules).layers:
            once = [_Component([self._compile(rule)]) for rule in layer.once]
            general = [
                _Component(
                    [self._compile(rule) for rule in component.rules],
                    [v for rule in component.rules for v in self._variants(rule)]
                    if component.recursive
                    else [],
                )
                for component in layer.components
            ]
            self._layers.append((once, general))

    def derive(
        self, facts: Iterable[Triple] = (), bindings: Sequence[Term] = (), now: datetime | None = None
    ) -> Derivation:
        """Return what follows from the source and *facts*, which count as part of the base graph.

        :param bindings: the values of the *bound* variables.
        :param now: the one instant that NOW() gives; the present by default.
        """
        here = self._facts
        here.clear()
        self._found = {}
        self._now = Literal((now or datetime.now(UTC)).isoformat(), datatype=XSD_DATETIME)
        identify, contains = here.dictionary.id, here.source.contains
        asserted = frozenset(facts)
        for triple in asserted:
            row = (identify(triple.subject), identify(triple.predicate), identify(triple.object))
            if row not in here.asserted.rows and not contains(*row):
                here.asserted.add(row)
                here.all.add(row)
        data = {t for t in self._data if t not in asserted and not self._in_base(t)}
        for triple in data:
            here.all.add((identify(triple.subject), identify(triple.predicate), identify(triple.object)))
        values = [identify(term) for term in bindings]
        for once, general in self._layers:
            for component in (*once, *general):
                self._run(component, values)
        return Derivation(self._found, here.dictionary, asserted, frozenset(data))

    # ── evaluation ───────────────────────────────────────────────────────────────────────────

    def _run(self, component: _Component, values: Sequence[int]) -> None:
        new = self._pass(component.rules, values)
        while new and component.again:
            self._facts.delta.clear()
            for row in new:
                self._facts.delta.add(row)
            new = self._pass(component.again, values)

    def _pass(self, rules: Iterable[CompiledRule], values: Sequence[int]) -> list[Row]:
        """Run *rules*, then add what they found; return the rows that are new."""
        pending = self._pending
        for rule in rules:
            rule.bind(values)
            rule.run()
        add, new = self._facts.all.add, list(pending)
        for row in new:
            add(row)
        self._found.update(pending)
        pending.clear()
        return new

    def _compile(self, rule: Rule, newest: TriplePattern | None = None) -> CompiledRule:
        rows, pending, contains = self._facts.all.rows, self._pending, self._facts.source.contains
        private = self._facts.dictionary.private

        def emit(row: Row, env: Sequence[int]) -> None:
            if row not in rows and row not in pending and (row[0] in private or not contains(*row)):
                pending[row] = (compiled, tuple(env))

        compiled = CompiledRule(rule, self._facts, emit, bound=self._bound, newest=newest, now=self._instant)
        return compiled

    def _variants(self, rule: Rule) -> Iterator[CompiledRule]:
        """One variant for each pattern of the evaluation graph: that pattern reads the newest facts."""
        if rule.evaldata:
            for element in rule.body:
                if isinstance(element, TriplePattern):
                    yield self._compile(rule, element)

    def _instant(self) -> Literal:
        assert self._now is not None
        return self._now

    def _in_base(self, triple: Triple) -> bool:
        identify = self._facts.dictionary.id
        row = (identify(triple.subject), identify(triple.predicate), identify(triple.object))
        return self._facts.source.contains(*row)
