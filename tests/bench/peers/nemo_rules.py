"""Response rules as a program of Nemo: Datalog with a predicate for each property.

What gives Nemo its best chance:

- a relation for each property, and of each only what a pattern can read: what is said of incidents
  (``incident_deaths``) apart from the rest (``other_partOf``), so that no rule needs a guard;
- a pattern with a variable predicate reads one relation of three columns (``incident_any``), cut beforehand
  to the predicates that its rule can use;
- a NOT of one pattern is ``~atom``; any other becomes a relation of the variables that it shares with its
  rule. Where a comparison in it needs a variable that only the rule binds, it joins the values that this
  variable can have (a projection of one atom of the rule), not the rule's whole body;
- dates are whole numbers (20260801): Nemo compares numbers natively and dates not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pyoxigraph import Literal, NamedNode, Variable

from kb.inference.program import INCIDENT
from kb.namespaces import XSD
from kb.srl.syntax import (
    Assignment,
    Call,
    Element,
    Expression,
    Filter,
    Negation,
    PatternTerm,
    Rule,
    TriplePattern,
    variables_of,
)

NUMERIC = {XSD + name for name in ("integer", "decimal", "nonNegativeInteger")}
COMPARISONS = {"=", "!=", "<", ">", "<=", ">="}
ARITHMETIC = {"+", "-", "*", "/"}
FUNCTIONS = {"IRI", "STR", "CONCAT", "STRLEN", "UCASE", "LCASE", "CONTAINS", "STRSTARTS", "STRENDS", "ABS"}


@dataclass(frozen=True, slots=True)
class Relation:
    """Triples that Nemo imports: those of one *property* (``None``: all three columns), of incidents or
    not."""

    name: str
    property: NamedNode | None
    of_incidents: bool


@dataclass(slots=True)
class NemoProgram:
    """Rules as text, what they import, and the relations of what they derive."""

    rules: list[str] = field(default_factory=list)
    imports: dict[str, Relation] = field(default_factory=dict)
    derived: dict[str, Relation] = field(default_factory=dict)
    usable: dict[str, list[tuple[Variable, TriplePattern | None]]] = field(default_factory=dict)
    """For a relation of three columns: the patterns of the base graph, one of which its predicate must
    fit."""


def translate(rules: Sequence[Rule], given: Iterable[tuple[NamedNode, bool]]) -> NemoProgram:
    """Return *rules* for Nemo.

    :param given: the properties that the data has, and whether said of incidents.
    :raises NotImplementedError: for what this translation has no words for.
    """
    return _Translation(rules, set(given)).program


class _Translation:
    def __init__(self, rules: Sequence[Rule], given: set[tuple[NamedNode, bool]]) -> None:
        self.program = NemoProgram()
        self._given = given
        self._names: dict[NamedNode, str] = {}
        self._domains: dict[tuple[str, str], str] = {}
        self._derived: set[tuple[NamedNode, bool]] = set()
        for rule in rules:
            for template in rule.head:
                if not isinstance(template.predicate, NamedNode):
                    raise NotImplementedError(f"{rule.name}: a head with a variable predicate")
                self._derived.add((template.predicate, template.subject == INCIDENT))
        for property_, of_incidents in sorted(self._derived, key=str):
            name = self._name(property_, of_incidents)
            self.program.derived[name] = Relation(name, property_, of_incidents)
            if (property_, of_incidents) in given:
                stored = self._import(property_, of_incidents, "_given")
                self.program.rules.append(f"{name}(?s, ?o) :- {stored}(?s, ?o) .")
        for number, rule in enumerate(rules):
            self._rule(rule, f"not_{number}")

    def _rule(self, rule: Rule, prefix: str) -> None:
        body: list[str] = []
        bound: set[Variable] = set()
        for position, element in enumerate(rule.body):
            match element:
                case Negation():
                    # The scope of a NOT is what stands before it.
                    body.append(self._negation(element, rule, set(bound), f"{prefix}_{position}"))
                case _:
                    body.append(self._element(element, rule, rule.evaldata))
            if isinstance(element, TriplePattern | Assignment):
                bound.update(variables_of(element))
        heads = [self._atom(template, rule, True) for template in rule.head]
        self.program.rules.append(f"{', '.join(heads)} :- {', '.join(body)} .")

    def _negation(self, negation: Negation, rule: Rule, bound: set[Variable], name: str) -> str:
        if set(variables_of(negation)) & set(rule.variables) - bound:
            raise NotImplementedError(f"{rule.name}: a NOT with a variable that is bound only later")
        patterns = [e for e in negation.inner if isinstance(e, TriplePattern)]
        if len(negation.inner) == 1 and patterns:
            return "~" + self._atom(patterns[0], rule, negation.evaldata)
        mentioned = {v for e in negation.inner for v in variables_of(e)}
        seen = sorted(mentioned & bound, key=str) or [INCIDENT]
        inside = {v for pattern in patterns for v in variables_of(pattern)}
        body = [self._element(e, rule, negation.evaldata) for e in negation.inner]
        body += [self._domain(variable, rule) for variable in seen if variable not in inside]
        head = f"{name}({', '.join(map(_variable, seen))})"
        self.program.rules.append(f"{head} :- {', '.join(body)} .")
        return "~" + head

    def _domain(self, variable: Variable, rule: Rule) -> str:
        """Return an atom for the values that *variable* can have where the rule's own patterns bind it."""
        for element in rule.body:
            if isinstance(element, TriplePattern) and variable in set(variables_of(element)):
                atom, value = self._atom(element, rule, rule.evaldata), _variable(variable)
                name = self._domains.get((atom, value))
                if name is None:
                    name = self._domains[atom, value] = f"values_{len(self._domains)}"
                    self.program.rules.append(f"{name}({value}) :- {atom} .")
                return f"{name}({value})"
        raise NotImplementedError(f"{rule.name}: {variable} in a NOT is bound by no pattern")

    def _element(self, element: Element, rule: Rule, evaldata: bool) -> str:
        match element:
            case TriplePattern():
                return self._atom(element, rule, evaldata)
            case Filter(expression):
                return self._condition(expression)
            case Assignment(variable, expression):
                return f"{_variable(variable)} = {_expression(expression)}"
        raise NotImplementedError(f"{rule.name}: a NOT inside a NOT")

    def _condition(self, expression: Expression) -> str:
        if isinstance(expression, Call) and expression.operator == "&&":
            return ", ".join(map(self._condition, expression.arguments))
        if isinstance(expression, Call) and expression.operator in COMPARISONS:
            left, right = map(_expression, expression.arguments)
            return f"{left} {expression.operator} {right}"
        raise NotImplementedError(f"a condition {expression}")

    def _atom(self, pattern: TriplePattern, rule: Rule, evaldata: bool) -> str:
        subject, predicate, object_ = pattern.terms
        of_incidents = subject == INCIDENT
        if isinstance(predicate, Variable):
            name = self._anything(predicate, of_incidents, rule, evaldata)
            return f"{name}({_term(subject)}, {_term(predicate)}, {_term(object_)})"
        assert isinstance(predicate, NamedNode)
        if (predicate, of_incidents) not in self._derived:
            name = self._import(predicate, of_incidents)
        elif evaldata:
            name = self._name(predicate, of_incidents)
        else:
            name = self._import(predicate, of_incidents, "_given")
        return f"{name}({_term(subject)}, {_term(object_)})"

    def _anything(self, predicate: Variable, of_incidents: bool, rule: Rule, evaldata: bool) -> str:
        if evaldata:
            raise NotImplementedError(f"{rule.name}: a variable predicate over derived facts")
        name = "incident_any" if of_incidents else "other_any"
        self.program.imports[name] = Relation(name, None, of_incidents)
        fits = [
            e
            for e in rule.body
            if isinstance(e, TriplePattern)
            and predicate in (e.subject, e.object)
            and e.subject != INCIDENT
            and isinstance(e.predicate, NamedNode)
            and ((e.predicate, False) not in self._derived or not rule.evaldata)
        ]
        self.program.usable.setdefault(name, []).append((predicate, fits[0] if fits else None))
        return name

    def _import(self, property_: NamedNode, of_incidents: bool, suffix: str = "") -> str:
        name = self._name(property_, of_incidents) + suffix
        self.program.imports[name] = Relation(name, property_, of_incidents)
        return name

    def _name(self, property_: NamedNode, of_incidents: bool) -> str:
        known = self._names.get(property_)
        if known is None:
            known = re.sub(r"\W", "_", re.split(r"[#/]", property_.value)[-1])
            if known in self._names.values():
                known = f"{known}_{len(self._names)}"
            self._names[property_] = known
        return f"{'incident' if of_incidents else 'other'}_{known}"


def _variable(variable: Variable) -> str:
    return "?" + re.sub(r"\W", "_", variable.value)


def _term(term: PatternTerm) -> str:
    match term:
        case Variable():
            return _variable(term)
        case NamedNode():
            return str(term)
        case Literal():
            if term.datatype.value in NUMERIC:
                return term.value
            if term.datatype.value == XSD + "date":
                return term.value.replace("-", "")
            return str(term)
    raise NotImplementedError(f"the term {term}")


def _expression(expression: Expression) -> str:
    if not isinstance(expression, Call):
        return _term(expression)  # type: ignore[arg-type]
    operator, arguments = expression.operator, expression.arguments
    if operator == "IRI":
        arguments = arguments[:1]  # the other one is the base, which an absolute IRI does not need
    texts = [_expression(argument) for argument in arguments]
    if operator in ARITHMETIC and len(texts) == 2:
        return f"({texts[0]} {operator} {texts[1]})"
    if operator in FUNCTIONS:
        return f"{operator}({', '.join(texts)})"
    raise NotImplementedError(f"the function {operator}")
