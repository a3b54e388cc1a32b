"""How the rules of one stage look at what is known of an incident.

A stage derives relations from *inputs*: what was reported, and relations of earlier stages. Where rules only
compare the values of an input with bounds that stand in the background, or look for the very value there, any
two values between the same bounds are alike to them (:class:`Usage`). Everything else is taken value by value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias

from pyoxigraph import Literal, NamedNode, Variable

from kb.errors import InputError
from kb.inference.planner import is_volatile
from kb.inference.program import INCIDENT
from kb.namespaces import RDF_TYPE
from kb.services.impact.versions import Version
from kb.srl.syntax import (
    Assignment,
    Call,
    Element,
    Expression,
    Filter,
    Negation,
    Rule,
    Term,
    TriplePattern,
    variables_of,
)

COMPARISONS = {"<", ">", "<=", ">=", "=", "!="}
LOGIC = {"&&", "||", "!"}


@dataclass(frozen=True, slots=True)
class Usage:
    """What a stage does with the values of an input: compares with *bounds*, looks for them among *equals*."""

    bounds: frozenset[Term] = frozenset()
    equals: frozenset[Term] = frozenset()


Value: TypeAlias = Usage | None
"""``None``: something else, so that only equal values are alike."""


def joint(usages: Sequence[Value]) -> Value:
    """Return what several readers do together."""

    def both(left: Value, right: Value) -> Value:
        if left is None or right is None:
            return None
        return Usage(left.bounds | right.bounds, left.equals | right.equals)

    return reduce(both, usages, Usage())


@dataclass(frozen=True, slots=True)
class Look:
    """A pattern about the incident in a rule, and which inputs it may read.

    *within* is the NOT that it stands in; *data* says that it sees only what was reported.
    """

    pattern: TriplePattern
    inputs: frozenset[NamedNode]
    within: Negation | None
    data: bool


class Reading:
    """The looks of *rules*.

    :param reported: predicates of reported facts; *given*: relations of earlier stages.
    :raises InputError: ``impact.unforeseen``: a rule does what this comparison cannot follow.
    """

    def __init__(
        self,
        version: Version,
        rules: Sequence[Rule],
        reported: frozenset[NamedNode],
        given: frozenset[NamedNode] = frozenset(),
    ) -> None:
        self.version, self.rules, self.reported, self.given = version, rules, reported, given
        self.inputs = reported | given
        self.derived = frozenset(
            t.predicate for rule in rules for t in rule.head if isinstance(t.predicate, NamedNode)
        )
        self.looks = {id(rule): tuple(self._looks(rule)) for rule in rules}
        for rule in rules:
            self._require_foreseen(rule)

    def read(self) -> frozenset[NamedNode]:
        """Return the inputs that the rules may read."""
        return frozenset(p for looks in self.looks.values() for look in looks for p in look.inputs)

    def usage(self, predicate: NamedNode) -> Value:
        """Return what the rules do with the values of *predicate*."""
        return joint(
            [
                self._use(rule, look, predicate)
                for rule in self.rules
                for look in self.looks[id(rule)]
                if predicate in look.inputs
            ]
        )

    def candidates(self, predicate: NamedNode) -> frozenset[Term] | None:
        """Return the values of *predicate* that the background beside it admits; ``None``: all."""
        found: frozenset[Term] = frozenset()
        for rule in self.rules:
            for look in self.looks[id(rule)]:
                if predicate in look.inputs:
                    admitted = self._admitted(rule, look)
                    if admitted is None:
                        return None
                    found |= admitted
        return found

    def _admitted(self, rule: Rule, look: Look) -> frozenset[Term] | None:
        value = look.pattern.object
        if not isinstance(value, Variable):
            return frozenset((value,))  # type: ignore[arg-type]
        found: frozenset[Term] | None = None
        for other in rule.body if look.within is None else look.within.inner:
            if not isinstance(other, TriplePattern) or not self._is_background(other, look.data):
                continue
            assert isinstance(other.predicate, NamedNode)
            if other.subject == value:
                fixed = None if isinstance(other.object, Variable) else other.object
                values: frozenset[Term] = self.version.subjects(other.predicate, fixed)  # type: ignore[arg-type]
            elif other.object == value:
                values = self.version.objects(other.predicate)
            else:
                continue
            found = values if found is None else found & values
        return found

    # ── looks ────────────────────────────────────────────────────────────────────────────────

    def _looks(self, rule: Rule) -> Iterator[Look]:
        for element in rule.body:
            if isinstance(element, TriplePattern):
                if element.subject == INCIDENT:
                    data = not rule.evaldata
                    yield Look(element, self._possible(element, rule.body, data), None, data)
            elif isinstance(element, Negation):
                data = not (rule.evaldata and element.evaldata)
                for part in element.inner:
                    if isinstance(part, TriplePattern) and part.subject == INCIDENT:
                        context = (*rule.body, *element.inner)
                        yield Look(part, self._possible(part, context, data), element, data)

    def _possible(
        self, pattern: TriplePattern, context: Sequence[Element | Filter], data: bool
    ) -> frozenset[NamedNode]:
        """Return the inputs that *pattern* may read: a variable predicate is one that *context* allows."""
        if isinstance(pattern.predicate, NamedNode):
            return self.inputs & {pattern.predicate}
        possible = self.reported if data else self.inputs
        for other in context:
            if (
                not isinstance(other, TriplePattern)
                or other is pattern
                or not self._is_background(other, data)
            ):
                continue
            assert isinstance(other.predicate, NamedNode)
            if other.object == pattern.predicate:
                possible &= {o for o in self.version.objects(other.predicate) if isinstance(o, NamedNode)}
            elif other.subject == pattern.predicate and isinstance(other.object, NamedNode):
                possible &= self.version.subjects(other.predicate, other.object)
        return possible

    def _is_background(self, pattern: TriplePattern, data: bool) -> bool:
        predicate = pattern.predicate
        if pattern.subject == INCIDENT or not isinstance(predicate, NamedNode):
            return False
        if predicate == RDF_TYPE:
            return isinstance(pattern.object, NamedNode)
        return predicate not in self.inputs and (data or predicate not in self.version.concluded)

    # ── uses ─────────────────────────────────────────────────────────────────────────────────

    def _use(self, rule: Rule, look: Look, predicate: NamedNode) -> Value:
        value = look.pattern.object
        if not isinstance(value, Variable):
            return Usage(equals=frozenset((value,)))  # type: ignore[arg-type]
        if value in (look.pattern.predicate, INCIDENT) or any(
            value in set(variables_of(template)) for template in rule.head
        ):
            return None
        uses: list[Value] = []
        for element, data in _parts(rule):
            if element is look.pattern or value not in set(variables_of(element)):
                continue
            if isinstance(element, TriplePattern):
                uses.append(self._joined(rule, look, predicate, element, data))
            elif isinstance(element, Filter):
                uses.append(self._compared(rule, look, predicate, element.expression))
            else:
                return None
        return joint(uses)

    def _joined(
        self, rule: Rule, look: Look, predicate: NamedNode, pattern: TriplePattern, data: bool
    ) -> Value:
        value = look.pattern.object
        if pattern.object != value or value in (pattern.subject, pattern.predicate):
            return None
        if not self._is_background(pattern, data) or pattern.predicate == RDF_TYPE:
            return None
        return Usage(equals=self._values(rule, look, predicate, pattern))

    def _values(
        self, rule: Rule, look: Look, predicate: NamedNode, pattern: TriplePattern
    ) -> frozenset[Term]:
        """Return the objects that *pattern* may have beside a look at *predicate*.

        Where a variable stands for the predicate and the subject of *pattern* names it (a condition and its
        measure), those of other predicates are left out.
        """
        assert isinstance(pattern.predicate, NamedNode)
        name = look.pattern.predicate
        if isinstance(name, Variable) and isinstance(pattern.subject, Variable):
            for element, data in _parts(rule):
                if (
                    isinstance(element, TriplePattern)
                    and (element.subject, element.object) == (pattern.subject, name)
                    and self._is_background(element, data)
                    and any(element is part for part in rule.body)
                ):
                    assert isinstance(element.predicate, NamedNode)
                    about = self.version.subjects(element.predicate, predicate)
                    return self.version.objects(pattern.predicate, about)
        return self.version.objects(pattern.predicate)

    def _compared(self, rule: Rule, look: Look, predicate: NamedNode, expression: Expression) -> Value:
        value = look.pattern.object
        assert isinstance(value, Variable)
        if not isinstance(expression, Call):
            return None
        if expression.operator in LOGIC:
            mentioning = [a for a in expression.arguments if value in set(variables_of(a))]
            return joint([self._compared(rule, look, predicate, argument) for argument in mentioning])
        if expression.operator not in COMPARISONS or value not in expression.arguments:
            return None
        others = [argument for argument in expression.arguments if argument != value]
        if len(others) != 1:
            return None
        if isinstance(others[0], Literal):
            return Usage(bounds=frozenset(others))  # type: ignore[arg-type]
        if not isinstance(others[0], Variable):
            return None
        return self._bounds(rule, look, predicate, others[0])

    def _bounds(self, rule: Rule, look: Look, predicate: NamedNode, bound: Variable) -> Value:
        """Return the values that the variable *bound* may have, where only the background gives it any."""
        found: list[Value] = []
        for element, data in _parts(rule):
            if isinstance(element, Assignment) and element.variable == bound:
                return None
            if isinstance(element, TriplePattern) and bound in element.terms:
                if element.object != bound or not self._is_background(element, data):
                    return None
                found.append(Usage(bounds=self._values(rule, look, predicate, element)))
        return joint(found) if found else None

    # ── what cannot be followed ──────────────────────────────────────────────────────────────

    def _require_foreseen(self, rule: Rule) -> None:
        strange = (
            any(t.predicate in self.given for t in rule.head)
            or any(look.data and look.inputs & self.given for look in self.looks[id(rule)])
            or any(is_volatile(e.expression) for e, _ in _parts(rule) if isinstance(e, Filter | Assignment))
            or any(
                self._strange(pattern) for pattern, _ in _parts(rule) if isinstance(pattern, TriplePattern)
            )
            or any(
                INCIDENT in set(variables_of(e))
                for e, _ in _parts(rule)
                if isinstance(e, Filter) or (isinstance(e, Assignment) and node_kind(rule, e) is None)
            )
            or any(INCIDENT in (t.predicate, t.object) for t in rule.head)
        )
        if strange:
            raise unforeseen(rule)

    def _strange(self, pattern: TriplePattern) -> bool:
        """Whether *pattern* may see facts of incidents otherwise than as those of ``?incident``."""
        if pattern.subject == INCIDENT:
            return INCIDENT in (pattern.predicate, pattern.object)
        if INCIDENT in pattern.terms or not isinstance(pattern.predicate, NamedNode):
            return True
        return pattern.predicate in self.inputs and pattern.predicate != RDF_TYPE


def node_kind(rule: Rule, assignment: Assignment) -> str | None:
    """Return what tells the nodes that *assignment* makes of incidents from others, or ``None``.

    Known is ``IRI(CONCAT(STR(?incident), "text"))``: its nodes are an incident's own, and the text their kind.
    """
    match assignment.expression:
        case Call("IRI", (Call("CONCAT", (Call("STR", (subject,)), Literal() as text)), *_)):
            return text.value if subject == INCIDENT and text.value.startswith("/") else None
    return None


def unforeseen(rule: Rule) -> InputError:
    """Return the error that says that *rule* does what the comparison cannot follow."""
    return InputError.of(
        "impact.unforeseen",
        f"规则 {rule.name} 的写法无法归并事件，不能对整个档案做影响比较",
        f"the rule {rule.name} is written in a way in which no two incidents are alike; "
        "its impact on an archive cannot be told",
        where=str(rule.span),
        repair=(
            "规则中只比较、匹配或相加事件的值，并以 ?incident 为主语",
            "let rules only compare, match or add values of the incident, with ?incident as the subject",
        ),
    )


def _parts(rule: Rule) -> Iterator[tuple[Element | Filter, bool]]:
    """Yield every pattern, filter and assignment of *rule*, and whether it sees reported data only."""
    for element in rule.body:
        if isinstance(element, Negation):
            yield from ((part, not (rule.evaldata and element.evaldata)) for part in element.inner)
        else:
            yield element, not rule.evaldata
