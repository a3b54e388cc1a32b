"""Rules to text: SPARQL-RL for a rule set, SPARQL for an expression.

:func:`kb.srl.parser.parse` reads the text of a rule set back to an equal one; only the blank nodes of DATA
blocks get other identifiers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pyoxigraph import Literal, NamedNode, Triple, Variable

from kb.srl.syntax import (
    Assignment,
    Call,
    Element,
    Expression,
    Filter,
    Negation,
    PatternTerm,
    Rule,
    RuleSet,
    TriplePattern,
    TripleTermPattern,
)
from kb.srl.terms import RDF_TYPE, XSD

_LOCAL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# Numbers of up to 18 digits: Oxigraph reads -9223372036854775808 as the negation of what it has no room for.
_SHORT_LITERALS = {
    NamedNode(XSD + name): re.compile(form)
    for name, form in (
        ("integer", r"[+-]?[0-9]{1,18}"),
        ("decimal", r"[+-]?[0-9]*\.[0-9]+"),
        ("double", r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)[eE][+-]?[0-9]+"),
        ("boolean", r"true|false"),
    )
}
# How tightly operators bind; an operand that binds less tightly stands in brackets.
_BINDING = {"||": 1, "&&": 2, "IN": 3, "NOT IN": 3, "+": 4, "-": 4, "*": 5, "/": 5} | dict.fromkeys(
    ("=", "!=", "<", ">", "<=", ">="), 3
)
_UNARY, _PRIMARY = 6, 7


def serialize(ruleset: RuleSet) -> str:
    """Return *ruleset* as a SPARQL-RL document."""
    lines = [f"PREFIX {prefix}: <{iri}>" for prefix, iri in ruleset.prefixes.items()]
    lines += [f"IMPORTS {wanted.iri}" for wanted in ruleset.imports]
    writer = _Writer(ruleset.prefixes)
    parts = ["\n".join(lines)] if lines else []
    if ruleset.data:
        facts = [f"    {writer.triple(fact)} ." for fact in ruleset.data]
        parts.append("\n".join(["DATA {", *facts, "}"]))
    parts += [serialize_rule(rule, ruleset.prefixes) for rule in ruleset.rules]
    return "\n\n".join(parts) + "\n"


def serialize_rule(rule: Rule, prefixes: Mapping[str, str] | None = None) -> str:
    """Return one rule, its IRIs shortened by *prefixes*.

    ``BASE`` stands before it if it was written under one and says ``IRI(…)``, which resolves against it.
    """
    writer = _Writer(prefixes or {}, rule.generated)
    name = "" if rule.iri is None else f" {writer.term(rule.iri)}"
    head = _block([f"{writer.triple(template)} ." for template in rule.head])
    body = _block(writer.elements(rule.body))
    data = "" if rule.evaldata else " DATA"
    base = f"BASE {writer.base}\n" if writer.base is not None else ""
    return f"{base}RULE{name} {head}\nWHERE{data} {body}"


def expression_text(expression: Expression, prefixes: Mapping[str, str] | None = None) -> str:
    """Return *expression* as SPARQL.

    The base of an ``IRI(…)`` is not part of the text: give it to the query that the text becomes part of.
    """
    return _Writer(prefixes or {}).expression(expression)


def term_text(term: PatternTerm, prefixes: Mapping[str, str] | None = None) -> str:
    """Return a term, a variable or a triple term as it is written in SPARQL 1.2 and SPARQL-RL."""
    return _Writer(prefixes or {}).term(term)


def _block(lines: Iterable[str]) -> str:
    inside = [f"    {line}" for text in lines for line in text.split("\n")]
    return "\n".join(["{", *inside, "}"]) if inside else "{ }"


class _Writer:
    """Writes the parts of one rule, and notes the base that its calls of IRI need."""

    def __init__(self, prefixes: Mapping[str, str], generated: frozenset[Variable] = frozenset()) -> None:
        self.base: NamedNode | None = None
        # The longest namespace first, so that the shortest name wins.
        self._prefixes = sorted(prefixes.items(), key=lambda item: -len(item[1]))
        self._generated = generated

    def term(self, term: PatternTerm) -> str:
        match term:
            case NamedNode():
                return self._iri(term)
            case Variable() if term in self._generated:
                return f"_:{term.value}"
            case Triple() | TripleTermPattern():
                return f"<<( {self.triple(term)} )>>"
            case Literal():
                form = _SHORT_LITERALS.get(term.datatype)
                if form is not None and form.fullmatch(term.value):
                    return term.value
        return str(term)

    def _iri(self, iri: NamedNode) -> str:
        for prefix, namespace in self._prefixes:
            if iri.value.startswith(namespace) and _LOCAL_NAME.fullmatch(iri.value, len(namespace)):
                return f"{prefix}:{iri.value[len(namespace) :]}"
        return str(iri)

    def triple(self, triple: Triple | TriplePattern | TripleTermPattern) -> str:
        verb = "a" if triple.predicate == RDF_TYPE else self.term(triple.predicate)
        return f"{self.term(triple.subject)} {verb} {self.term(triple.object)}"

    def elements(self, elements: Iterable[Element]) -> list[str]:
        return [self._element(element) for element in elements]

    def _element(self, element: Element) -> str:
        match element:
            case Filter(expression):
                return f"FILTER ({self.expression(expression)})"
            case Assignment(variable, expression):
                return f"SET ({variable} := {self.expression(expression)})"
            case Negation(inner, evaldata):
                return f"NOT{'' if evaldata else ' DATA'} {_block(self.elements(inner))}"
        return f"{self.triple(element)} ."

    def expression(self, expression: Expression, binding: int = 0) -> str:
        """Write *expression*, in brackets if it binds less tightly than *binding*."""
        if not isinstance(expression, Call):
            return self.term(expression)
        text, own = self._call(expression)
        return f"({text})" if own < binding else text

    def _call(self, call: Call) -> tuple[str, int]:
        """Return the text of *call* and how tightly it binds."""
        operator, arguments = call.operator, call.arguments
        if operator == "IRI" and len(arguments) == 2:
            base = arguments[-1]
            assert isinstance(base, NamedNode)  # so the parser makes it
            self.base, arguments = base, arguments[:1]
        if isinstance(operator, NamedNode) or not (operator in _BINDING or operator == "!"):
            name = operator if isinstance(operator, str) else self.term(operator)
            return f"{name}({', '.join(map(self.expression, arguments))})", _PRIMARY
        if len(arguments) == 1 and operator not in ("IN", "NOT IN"):
            operand = self.expression(arguments[0], _PRIMARY)
            # "- 1" read back would be the number -1.
            return (
                f"{operator}({operand})" if operand[0] in "0123456789." else f"{operator}{operand}"
            ), _UNARY
        own = _BINDING[operator]
        # Only arithmetic is read from the left; "&&" and "||" take all their operands at once.
        first = self.expression(arguments[0], own if operator in ("+", "-", "*", "/") else own + 1)
        if operator in ("IN", "NOT IN"):
            return f"{first} {operator} ({', '.join(map(self.expression, arguments[1:]))})", own
        rest = [self.expression(argument, own + 1) for argument in arguments[1:]]
        return f" {operator} ".join([first, *rest]), own
