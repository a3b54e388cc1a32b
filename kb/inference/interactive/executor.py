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

from kb.inference.bounds import UNATTENDED, WATCH, Bounds, Ticket, TooDeep, require_short, too_deep
from kb.inference.interactive.compiler import CompiledRule
from kb.inference.interactive.derivation import Derivation
from kb.inference.interactive.frame import Facts
from kb.inference.interactive.overlay import Row
from kb.inference.interactive.source import Source
from kb.namespaces import XSD
from kb.srl.strata import Layer, stratify
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
    :param bounds: what one evaluation may take.
    :raises SyntaxFault: for a rule that is not well-formed, or a rule set that has no stratification.
    :raises InferenceStopped: for a rule that is too long.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        source: Source,
        *,
        bound: Sequence[Variable] = (),
        data: Iterable[Triple] = (),
        bounds: Bounds = UNATTENDED,
    ) -> None:
        require_wellformed(RuleSet(tuple(rules)))
        require_short(rules)
        self._bounds = bounds
        self._running: CompiledRule | None = None
        self._facts = Facts(source)
        self._bound = bound
        self._data = tuple(dict.fromkeys(data))
        self._now: Literal | None = None
        self._new: list[Row] = []
        self._components = [
            component for layer in stratify(rules).layers for component in self._compile_layer(layer)
        ]

    def derive(
        self, facts: Iterable[Triple] = (), bindings: Sequence[Term] = (), now: datetime | None = None
    ) -> Derivation:
        """Return what follows from the source and *facts*, which count as part of the base graph.

        The same facts in the same order give the same triples in the same order, with the same first reasons.

        :param bindings: the values of the *bound* variables.
        :param now: the one instant that NOW() gives; the present by default.
        :raises InferenceStopped: a bound was exceeded; the executor is then used up.
        """
        here = self._facts
        here.clear()
        self._now = Literal((now or datetime.now(UTC)).isoformat(), datatype=XSD_DATETIME)
        ordered = dict.fromkeys(facts)
        asserted = frozenset(ordered)
        given = [row for row in map(self._row, ordered) if not here.source.contains(*row)]
        here.asserted.extend(given)
        data = [t for t in self._data if t not in asserted and not here.source.contains(*self._row(t))]
        given.extend(map(self._row, data))
        here.all.extend(given)
        values = [here.dictionary.id(term) for term in bindings]
        ticket = Ticket(self._bounds, lambda: len(here.all.rows) - len(given), lambda: here.made, self._stop)
        WATCH.begin(ticket)
        try:
            for component in self._components:
                self._run(component, values)
        except TooDeep:
            WATCH.end(ticket)
            raise too_deep(self._at_work) from None
        except BaseException as error:
            if WATCH.end(ticket) or not isinstance(error, NameError):
                raise
            raise ticket.error(self._at_work) from None  # the watch has taken the names away
        if not WATCH.end(ticket):
            raise ticket.error(self._at_work)
        found = here.all.rows.copy()
        for row in given:
            del found[row]
        return Derivation(found, here.dictionary, asserted, frozenset(data))  # type: ignore[arg-type]

    # ── evaluation ───────────────────────────────────────────────────────────────────────────

    def _run(self, component: _Component, values: Sequence[int]) -> None:
        for rule in component.rules:
            self._running = rule
            rule.run(*values)
        new, facts = self._new, self._facts
        while new:
            facts.all.index(new)
            if component.again:
                facts.delta.clear()
                facts.delta.extend(new)
            new.clear()
            for rule in component.again:
                self._running = rule
                rule.run(*values)

    @property
    def _at_work(self) -> Rule:
        assert self._running is not None
        return self._running.rule

    def _stop(self) -> None:
        for component in self._components:
            for rule in (*component.rules, *component.again):
                rule.stop()

    def _row(self, triple: Triple) -> Row:
        identify = self._facts.dictionary.id
        return identify(triple.subject), identify(triple.predicate), identify(triple.object)

    # ── preparation ──────────────────────────────────────────────────────────────────────────

    def _compile_layer(self, layer: Layer) -> Iterator[_Component]:
        for rule in layer.once:
            yield _Component([self._compile(rule)])
        for component in layer.components:
            variants = (v for rule in component.rules for v in self._variants(rule))
            yield _Component(
                [self._compile(rule) for rule in component.rules],
                list(variants) if component.recursive else [],
            )

    def _compile(self, rule: Rule, newest: TriplePattern | None = None) -> CompiledRule:
        return CompiledRule(
            rule, self._facts, self._new.append, bound=self._bound, newest=newest, now=self._instant
        )

    def _variants(self, rule: Rule) -> Iterator[CompiledRule]:
        """One variant for each pattern of the evaluation graph: that pattern reads the newest facts."""
        if rule.evaldata:
            for element in rule.body:
                if isinstance(element, TriplePattern):
                    yield self._compile(rule, element)

    def _instant(self) -> Literal:
        assert self._now is not None
        return self._now
