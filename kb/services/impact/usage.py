"""What the rules of a stage do with the values of an input.

Where they only compare them with bounds that stand in the background, or look for the very value there, any
two values between the same bounds are alike to them. Everything else is taken value by value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from pyoxigraph import Literal, NamedNode, Variable

from kb.inference.program import INCIDENT
from kb.namespaces import RDF_TYPE
from kb.services.impact.reading import Look, Reading, parts
from kb.srl.syntax import Assignment, Call, Expression, Filter, Rule, Term, TriplePattern, variables_of

COMPARISONS = {"<", ">", "<=", ">=", "=", "!="}
LOGIC = {"&&", "||", "!"}


@dataclass(frozen=True, slots=True)
class Usage:
    """What a stage does with the values of an input: compares with *bounds*, looks for them among
    *equals*."""

    bounds: frozenset[Term] = frozenset()
    equals: frozenset[Term] = frozenset()


Value: TypeAlias = Usage | None
"""``None``: something else, so that only equal values are alike."""


def joint(usages: Iterable[Value]) -> Value:
    """Return what several readers do together."""
    bounds: frozenset[Term] = frozenset()
    equals: frozenset[Term] = frozenset()
    for usage in usages:
        if usage is None:
            return None
        bounds, equals = bounds | usage.bounds, equals | usage.equals
    return Usage(bounds, equals)


def usage_of(readings: Iterable[Reading], predicate: NamedNode) -> Value:
    """Return what the rules of all *readings* do with the values of *predicate*."""
    return joint(
        _Use(reading, rule, look, predicate).value()
        for reading in readings
        for rule in reading.rules
        for look in reading.looks[id(rule)]
        if predicate in look.inputs
    )


@dataclass(frozen=True, slots=True)
class _Use:
    """One look of a rule at one predicate."""

    reading: Reading
    rule: Rule
    look: Look
    predicate: NamedNode

    def value(self) -> Value:
        """Return what the rule does with the object of the look."""
        value = self.look.pattern.object
        if not isinstance(value, Variable):
            return Usage(equals=frozenset((value,)))  # type: ignore[arg-type]
        if value in (self.look.pattern.predicate, INCIDENT) or any(
            value in set(variables_of(template)) for template in self.rule.head
        ):
            return None
        uses: list[Value] = []
        for element, data in parts(self.rule):
            if element is self.look.pattern or value not in set(variables_of(element)):
                continue
            if isinstance(element, TriplePattern):
                uses.append(self._joined(value, element, data))
            elif isinstance(element, Filter):
                uses.append(self._compared(value, element.expression))
            else:
                return None
        return joint(uses)

    def _joined(self, value: Variable, pattern: TriplePattern, data: bool) -> Value:
        if pattern.object != value or value in (pattern.subject, pattern.predicate):
            return None
        if not self.reading.is_background(pattern, data) or pattern.predicate == RDF_TYPE:
            return None
        return Usage(equals=self._values(pattern))

    def _compared(self, value: Variable, expression: Expression) -> Value:
        if not isinstance(expression, Call):
            return None
        if expression.operator in LOGIC:
            mentioning = [a for a in expression.arguments if value in set(variables_of(a))]
            return joint(self._compared(value, argument) for argument in mentioning)
        if expression.operator not in COMPARISONS or value not in expression.arguments:
            return None
        others = [argument for argument in expression.arguments if argument != value]
        if len(others) != 1:
            return None
        if isinstance(others[0], Literal):
            return Usage(bounds=frozenset((others[0],)))
        return self._bounds(others[0]) if isinstance(others[0], Variable) else None

    def _bounds(self, bound: Variable) -> Value:
        """Return the values that the variable *bound* may have, where only the background gives it any."""
        found: list[Value] = []
        for element, data in parts(self.rule):
            if isinstance(element, Assignment) and element.variable == bound:
                return None
            if isinstance(element, TriplePattern) and bound in element.terms:
                if element.object != bound or not self.reading.is_background(element, data):
                    return None
                found.append(Usage(bounds=self._values(element)))
        return joint(found) if found else None

    def _values(self, pattern: TriplePattern) -> frozenset[Term]:
        """Return the objects that *pattern* may have beside a look at the predicate.

        Where a variable stands for the predicate and the subject of *pattern* names it (a condition and its
        measure), those of other predicates are left out.
        """
        version, name = self.reading.version, self.look.pattern.predicate
        assert isinstance(pattern.predicate, NamedNode)
        beside = self.look.within is None and any(pattern is part for part in self.rule.body)
        if beside and isinstance(name, Variable) and isinstance(pattern.subject, Variable):
            for element in self.rule.body:
                if (
                    isinstance(element, TriplePattern)
                    and (element.subject, element.object) == (pattern.subject, name)
                    and self.reading.is_background(element, not self.rule.evaldata)
                ):
                    assert isinstance(element.predicate, NamedNode)
                    return version.objects(
                        pattern.predicate, version.subjects(element.predicate, self.predicate)
                    )
        return version.objects(pattern.predicate)
