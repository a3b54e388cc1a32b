"""Response rules as SPARQL, for engines that know no rules.

A rule is a template and a group: ``INSERT { template } WHERE { group }`` or ``CONSTRUCT``. NOT is ``FILTER
NOT EXISTS``, SET is ``BIND``. What reads the base graph alone (``WHERE DATA``, ``NOT DATA``) stands in
``GRAPH <urn:given>``, where what such rules read of it is kept a second time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pyoxigraph import NamedNode, Variable

from kb.inference.planner import order
from kb.inference.program import INCIDENT
from kb.srl.serialize import expression_text, term_text
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

GIVEN = "urn:given"
Names = dict[Variable, Variable]


def template(rule: Rule) -> str:
    """Return the head of *rule* as a template of triples."""
    return " ".join(_triple(triple, {}) for triple in rule.head)


def group(rule: Rule, *, graphs: bool = True) -> str:
    """Return the body of *rule*; without *graphs* all is read from one graph."""
    parts: list[str] = []
    bound: set[Variable] = set()
    every = set(rule.variables)
    for element in rule.body:
        match element:
            case Negation(inner, evaldata):
                # What SPARQL would let it see, but SPARQL-RL does not: variables bound only later.
                hidden = {v for e in inner for v in variables_of(e)} & (every - bound)
                names = {v: Variable(f"own_{v.value}") for v in hidden}
                text = _elements(inner, names)
                if graphs and not evaldata and rule.evaldata:
                    text = f"GRAPH <{GIVEN}> {{ {text} }}"
                parts.append(f"FILTER NOT EXISTS {{ {text} }}")
            case _:
                parts.append(_element(element, {}))
        if isinstance(element, TriplePattern | Assignment):
            bound.update(variables_of(element))
    text = " ".join(parts)
    return f"GRAPH <{GIVEN}> {{ {text} }}" if graphs and not rule.evaldata else text


def update(rule: Rule) -> str:
    """Return *rule* as a SPARQL update."""
    return f"INSERT {{ {template(rule)} }} WHERE {{ {group(rule)} }}"


def ordered(rule: Rule) -> str:
    """Return *rule* as a SPARQL query over one graph, for rdflib, which begins with the patterns that have
    constants.

    Here no pattern has one, but for its predicate: FILTERs behind them do. So rdflib keeps the order given,
    which is that of our own planner for a known ``?incident``.
    """
    patterns, others, constants = [], [], []
    for step in order(rule, {INCIDENT}):
        element = step.element
        if isinstance(element, Negation) and set(variables_of(element)) & set(rule.variables) - step.sees:
            raise NotImplementedError(f"{rule.name}: a NOT with a variable that is bound only later")
        if not isinstance(element, TriplePattern):
            others.append(element)
        elif isinstance(element.object, Variable):
            patterns.append(element)
        else:
            variable = Variable(f"constant_{len(constants)}")
            constants.append(f"FILTER (sameTerm({variable}, {term_text(element.object)}))")
            patterns.append(replace(element, object=variable))
    body = group(replace(rule, body=(*patterns, *others)), graphs=False)
    return f"CONSTRUCT {{ {template(rule)} }} WHERE {{ {body} {' '.join(constants)} }}"


def read_from_given(rules: Iterable[Rule]) -> tuple[set[NamedNode], bool]:
    """Return the properties that *rules* read from the graph of what was given, and whether any of
    incidents."""
    properties: set[NamedNode] = set()
    of_incidents = False
    for rule in rules:
        for element in rule.body:
            if isinstance(element, Negation):
                patterns = [] if element.evaldata and rule.evaldata else list(element.inner)
            else:
                patterns = [] if rule.evaldata else [element]
            for pattern in patterns:
                if not isinstance(pattern, TriplePattern):
                    continue
                if isinstance(pattern.predicate, NamedNode):
                    properties.add(pattern.predicate)
                elif pattern.subject == INCIDENT:
                    of_incidents = True
                else:
                    raise NotImplementedError(f"{rule.name}: any property of anything")
    return properties, of_incidents


def _elements(elements: Iterable[Element], names: Names) -> str:
    return " ".join(_element(element, names) for element in elements)


def _element(element: Element, names: Names) -> str:
    match element:
        case TriplePattern():
            return _triple(element, names)
        case Filter(expression):
            return f"FILTER ({expression_text(_renamed(expression, names))})"
        case Assignment(variable, expression):
            # An error leaves BIND's variable unbound, but removes the solution of a rule.
            value = expression_text(_renamed(expression, names))
            return f"BIND ({value} AS {variable}) FILTER (BOUND({variable}))"
    raise NotImplementedError("a NOT inside a NOT")


def _triple(pattern: TriplePattern, names: Names) -> str:
    return " ".join(term_text(_renamed_term(term, names)) for term in pattern.terms) + " ."


def _renamed_term(term: PatternTerm, names: Names) -> PatternTerm:
    return names.get(term, term) if isinstance(term, Variable) else term


def _renamed(expression: Expression, names: Names) -> Expression:
    if isinstance(expression, Variable):
        return names.get(expression, expression)
    if isinstance(expression, Call):
        return Call(
            expression.operator, tuple(_renamed(argument, names) for argument in expression.arguments)
        )
    return expression
