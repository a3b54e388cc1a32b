"""Which facts can matter at all to what is wanted of incidents of one kind.

The rules of a stage, without their NOTs, derive from everything that incidents of the kind could be known
to be at once more than any one incident gives. Walking back from what is wanted through those derivations
finds every fact that some derivation could look at. A fact that is not found changes no conclusion, so it
is left out of the comparison of incidents: the conditions of a plan for floods tell two fires not apart.

The walk is rules too: for a pattern ``?incident p ?o`` in a rule with the head ``?incident q ?h``, *useful
p ?o* follows from the rule's body and *useful q ?h*.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from pyoxigraph import NamedNode, Triple, Variable

from kb.inference.interactive.executor import Executor
from kb.inference.program import INCIDENT
from kb.namespaces import ROOT
from kb.services.impact.reading import Look, Reading, unforeseen
from kb.services.impact.usage import LOGIC, usage_of
from kb.srl.syntax import (
    Assignment,
    Call,
    Expression,
    Filter,
    Negation,
    PatternTerm,
    Rule,
    Term,
    TriplePattern,
    variables_of,
)

USEFUL, BOUND, EQUAL = (f"{ROOT}impact/{name}" for name in ("useful", "bound", "equal"))
WHOLE = NamedNode(f"{ROOT}impact/useful-wholly")
KIND = f"{ROOT}incident/impact-"


def classed(readings: Sequence[Reading]) -> frozenset[NamedNode]:
    """Return the inputs whose values all of *readings* only compare; what reads any of several, must so
    all."""
    possible = {
        p
        for p in frozenset().union(*(r.read() for r in readings))
        if all(usage_of((r,), p) is not None and p not in r.derived and p not in r.given for r in readings)
    }
    while True:
        torn = {
            p
            for r in readings
            for looks in r.looks.values()
            for look in looks
            if not look.inputs <= possible
            for p in look.inputs & possible
        }
        if not torn:
            return frozenset(possible)
        possible -= torn


@dataclass
class Found:
    """Useful objects by predicate.

    :param whole: predicates of which all are; *bounds* and *equals*: what values that are only compared are
        compared with (:class:`kb.services.impact.usage.Usage`).
    """

    objects: dict[NamedNode, set[Term]] = field(default_factory=dict)
    whole: set[NamedNode] = field(default_factory=set)
    bounds: dict[NamedNode, set[Term]] = field(default_factory=dict)
    equals: dict[NamedNode, set[Term]] = field(default_factory=dict)


class Usefulness:
    """Finds what is useful for *targets* in the stage of *reading*.

    :param compared: inputs whose values are only compared: of these one value stands for all.
    """

    def __init__(
        self, reading: Reading, targets: frozenset[NamedNode], compared: frozenset[NamedNode]
    ) -> None:
        rules: list[Rule] = []
        for number, rule in enumerate(reading.rules):
            looser = _Looser(rule, reading.looks[id(rule)], compared)
            rules.append(looser.positive(number))
            rules += looser.useful(number, targets)
        source = reading.version.workspace.engine.source
        self._executor = Executor(rules, source, bound=(INCIDENT,))
        self._kinds = 0

    def of(self, facts: Mapping[NamedNode, Iterable[Term]]) -> Found:
        """Return what is useful for incidents that can have *facts*."""
        self._kinds += 1
        incident = NamedNode(f"{KIND}{self._kinds}")
        triples = [Triple(incident, p, o) for p, objects in facts.items() for o in objects]
        found = Found()
        for triple in self._executor.derive(triples, (incident,)):
            if triple.predicate == WHOLE:
                assert isinstance(triple.object, NamedNode)
                found.whole.add(triple.object)
                continue
            kind, question, name = triple.predicate.value.partition("?")
            if question and kind in (USEFUL, BOUND, EQUAL):
                by_predicate = {USEFUL: found.objects, BOUND: found.bounds, EQUAL: found.equals}[kind]
                by_predicate.setdefault(NamedNode(unquote(name)), set()).add(triple.object)
        return found


class _Looser:
    """A rule made to hold more often: without NOTs, and without what compares *compared* inputs."""

    def __init__(self, rule: Rule, looks: Sequence[Look], compared: frozenset[NamedNode]) -> None:
        self._rule, self._looks = rule, {id(look.pattern): look for look in looks}
        self._fresh = 0
        self._replaced: dict[int, TriplePattern] = {}
        self._gone: set[Variable] = set()
        for look in looks:
            if look.inputs and look.inputs <= compared:
                self._fresh += 1
                if isinstance(look.pattern.object, Variable):
                    self._gone.add(look.pattern.object)
                free = Variable(f"impactAny{self._fresh}")
                self._replaced[id(look.pattern)] = TriplePattern(
                    look.pattern.subject, look.pattern.predicate, free
                )
        self._own = {id(n): names for n, names in self._own_names()}

    def positive(self, number: int) -> Rule:
        """Return the rule as it may hold."""
        rule = self._rule
        return Rule(
            NamedNode(f"{ROOT}impact/rule/{number}"), rule.head, tuple(self._body(assign=True)), rule.evaldata
        )

    def useful(self, number: int, targets: frozenset[NamedNode]) -> Iterator[Rule]:
        """Yield the rules of what is useful to the rule's conclusions."""
        body = list(self._body(assign=False))
        made = {e.variable for e in self._rule.body if isinstance(e, Assignment)}
        for place, template in enumerate(self._rule.head):
            wanted: list[TriplePattern] = []
            if template.subject == INCIDENT and template.predicate not in targets:
                if not isinstance(template.predicate, NamedNode):
                    raise unforeseen(self._rule)
                if not set(variables_of(template.object)) & made:
                    wanted = [TriplePattern(INCIDENT, _named(USEFUL, template.predicate), template.object)]
            for at, look in enumerate(self._looks.values()):
                inside = [] if look.within is None else list(self._inside(look.within))
                pattern = self._replaced.get(id(look.pattern), look.pattern)
                if look.within is not None:
                    pattern = _renamed(pattern, self._own[id(look.within)])
                if isinstance(pattern.predicate, Variable):
                    heads = [(TriplePattern(INCIDENT, WHOLE, pattern.predicate), inside)]
                else:
                    heads = [
                        (TriplePattern(INCIDENT, _named(USEFUL, pattern.predicate), pattern.object), inside)
                    ]
                heads += self._comparisons(look)
                for again, (head, more) in enumerate(heads):
                    iri = NamedNode(f"{ROOT}impact/rule/{number}-{place}-{at}-{again}")
                    yield Rule(iri, (head,), (*wanted, *body, *more))

    def _comparisons(self, look: Look) -> Iterator[tuple[TriplePattern, list[TriplePattern | Filter]]]:
        """Yield what says with which terms the value of *look* is compared, and what else holds there."""
        if id(look.pattern) not in self._replaced:
            return
        value = look.pattern.object
        if not isinstance(value, Variable):
            yield from ((TriplePattern(INCIDENT, _named(EQUAL, p), value), []) for p in look.inputs)
            return
        for element in self._rule.body:
            scope = element if isinstance(element, Negation) else look.within
            inside = [] if scope is None else list(self._inside(scope))
            names = {} if scope is None else self._own[id(scope)]
            for part in element.inner if isinstance(element, Negation) else (element,):
                if part is look.pattern or value not in set(variables_of(part)):
                    continue
                found: list[tuple[str, Term | Variable]]
                if isinstance(part, TriplePattern):
                    found = [(EQUAL, value)]
                elif isinstance(part, Filter):
                    found = [(BOUND, t) for t in _compared_with(part.expression, value)]
                else:
                    continue
                for kind, term in found:
                    other = names.get(term, term) if isinstance(term, Variable) else term
                    for predicate in look.inputs:
                        yield TriplePattern(INCIDENT, _named(kind, predicate), other), inside

    def _body(self, *, assign: bool) -> Iterator[TriplePattern | Filter | Assignment]:
        gone = set(self._gone)
        if not assign:
            gone |= {e.variable for e in self._rule.body if isinstance(e, Assignment)}
        for element in self._rule.body:
            if isinstance(element, TriplePattern):
                yield self._replaced.get(id(element), element)
            elif isinstance(element, Filter):
                if not gone & set(variables_of(element)):
                    yield element
            elif isinstance(element, Assignment) and assign:
                yield element

    def _inside(self, negation: Negation) -> Iterator[TriplePattern | Filter]:
        own = self._own[id(negation)]
        gone = self._gone | {e.variable for e in self._rule.body if isinstance(e, Assignment)}
        for part in negation.inner:
            if isinstance(part, TriplePattern):
                yield _renamed(self._replaced.get(id(part), part), own)
            elif not gone & set(variables_of(part)):
                yield Filter(_in_expression(part.expression, own))

    def _own_names(self) -> Iterator[tuple[Negation, dict[Variable, Variable]]]:
        """Name apart what a NOT calls as something that comes after it."""
        seen: set[Variable] = set()
        for number, element in enumerate(self._rule.body):
            if isinstance(element, Negation):
                inner = {v for part in element.inner for v in variables_of(part)} - seen - {INCIDENT}
                yield element, {v: Variable(f"{v.value}_not{number}") for v in sorted(inner, key=str)}
            elif not isinstance(element, Filter):
                seen.update(variables_of(element))


def _named(kind: str, predicate: PatternTerm) -> NamedNode:
    assert isinstance(predicate, NamedNode)
    return NamedNode(f"{kind}?{quote(predicate.value, safe='')}")


def _compared_with(expression: Expression, value: Variable) -> Iterator[Term | Variable]:
    """Yield what *expression*, made of comparisons, compares *value* with."""
    if isinstance(expression, Call) and expression.operator in LOGIC:
        for argument in expression.arguments:
            yield from _compared_with(argument, value)
    elif isinstance(expression, Call) and value in expression.arguments:
        yield from (a for a in expression.arguments if a != value and not isinstance(a, Call))


def _renamed(pattern: TriplePattern, names: Mapping[Variable, Variable]) -> TriplePattern:
    def other(term: PatternTerm) -> PatternTerm:
        return names.get(term, term) if isinstance(term, Variable) else term

    return TriplePattern(other(pattern.subject), other(pattern.predicate), other(pattern.object))


def _in_expression(expression: Expression, names: Mapping[Variable, Variable]) -> Expression:
    if isinstance(expression, Call):
        return Call(expression.operator, tuple(_in_expression(a, names) for a in expression.arguments))
    return names.get(expression, expression) if isinstance(expression, Variable) else expression
