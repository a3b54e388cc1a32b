"""From Lark's tree to the abstract syntax: declarations, rules, DATA blocks and expressions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import TypeVar, cast

from lark import Token
from pyoxigraph import BlankNode, Literal, NamedNode, Triple, Variable

from kb.srl import errors
from kb.srl.functions import ARITY, SYNONYMS
from kb.srl.hints import REPAIRS
from kb.srl.syntax import (
    Assignment,
    Call,
    Element,
    Expression,
    Filter,
    Import,
    Negation,
    Rule,
    RuleSet,
    TriplePattern,
    variables_of,
)
from kb.srl.terms import Node, Terms
from kb.srl.triples import Area, expand, ground, rename

MAX_OPERATORS = 128
"""How many operators may lie inside one another: `1 + 1 + …` nests without a bracket."""

_Name = TypeVar("_Name", BlankNode, Variable)


def build(tree: Node, terms: Terms, text: str, source: str) -> RuleSet:
    """Return the rule set of a parsed document.

    :raises SyntaxFault: for what the grammar lets through (codes in :mod:`kb.srl.errors`).
    """
    rules: list[Rule] = []
    data: list[TriplePattern] = []
    imports: list[Import] = []
    builder = _Builder(terms)
    for part in tree.children:
        match part.data:
            case "base":
                terms.declare_base(part.children[0])
            case "prefix":
                terms.declare_prefix(*part.children)
            case "version":
                if (version := terms.string(part.children[0])) != "1.2":
                    raise errors.version_unknown(terms.span(part), version)
            case "imports":
                imports.append(Import(terms.iri(part.children[0]), terms.span(part)))
            case "rule":
                rules.append(builder.rule(part))
            case "data":
                for block in part.children[1:]:
                    data += expand(block, Area.DATA, terms)
    return RuleSet(tuple(rules), _facts(data, text, source), tuple(imports), dict(terms.prefixes))


def _facts(data: list[TriplePattern], text: str, source: str) -> tuple[Triple, ...]:
    """Return the triples of the DATA blocks, those left out that RDF does not know (a literal as subject).

    Blank nodes get identifiers made from the document itself: reading it again gives the same ones, and no
    other document has them (`process-imports`).
    """
    mark = hashlib.sha256(f"{source}\n{text}".encode()).hexdigest()[:16]
    name = _numbered(lambda number: BlankNode(f"d{mark}n{number}"))
    triples = (ground(rename(triple, name)) for triple in data)
    return tuple(dict.fromkeys(triple for triple in triples if triple is not None))


def _numbered(make: Callable[[int], _Name]) -> Callable[[BlankNode], _Name]:
    """Return a function that gives every blank node ``make(1)``, ``make(2)``, … as they are first met."""
    names: dict[BlankNode, _Name] = {}
    return lambda node: names.get(node) or names.setdefault(node, make(len(names) + 1))


class _Builder:
    """Builds rules; knows the declarations through *terms*."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def rule(self, tree: Node) -> Rule:
        _, iri, head, data, body = tree.children
        templates = [triple for block in head.children for triple in expand(block, Area.HEAD, self._terms)]
        elements = self._elements(body.children)
        label = _numbered(lambda number: BlankNode(f"b{number}"))
        prefix = _unused({variable for node in (*templates, *elements) for variable in variables_of(node)})
        generated: set[Variable] = set()

        def variable(number: int) -> Variable:
            generated.add(made := Variable(f"{prefix}{number}"))
            return made

        name = _numbered(variable)
        return Rule(
            iri=None if iri is None else self._terms.iri(iri),
            head=tuple(rename(template, label) for template in templates),
            body=tuple(_rename_element(element, name) for element in elements),
            evaldata=data is None,
            generated=frozenset(generated),
            span=self._terms.span(tree),
        )

    def _elements(self, children: Iterable[Node]) -> list[Element]:
        elements: list[Element] = []
        for child in children:
            span = self._terms.span(child)
            match child.data:
                case "triples_block":
                    elements += expand(child, Area.BODY, self._terms)
                case "filter":
                    elements.append(Filter(self._expression(child.children[1]), span))
                case "assignment":
                    _, variable, expression = child.children
                    elements.append(Assignment(Variable(variable[1:]), self._expression(expression), span))
                case "negation":
                    _, data, *inner = child.children
                    # The grammar allows nothing but triples and filters inside.
                    basic = cast(list[TriplePattern | Filter], self._elements(inner))
                    elements.append(Negation(tuple(basic), data is None, span))
        return elements

    def _expression(self, tree: Node) -> Expression:
        expression = self._operand(tree)
        level: list[Expression] = [expression]
        for _ in range(MAX_OPERATORS + 1):
            level = [part for call in level if isinstance(call, Call) for part in call.arguments]
            if not level:
                return expression
        raise errors.too_deep(self._terms.span(tree), MAX_OPERATORS)

    def _operand(self, tree: Node) -> Expression:
        if isinstance(tree, Token) or tree.data == "literal":
            leaf = self._terms.leaf(tree)
            assert not isinstance(leaf, BlankNode), "expressions have no blank nodes"
            return leaf
        span, children = self._terms.span(tree), tree.children
        match tree.data:
            case "disjunction":
                return Call("||", tuple(map(self._operand, children)), span)
            case "conjunction":
                return Call("&&", tuple(map(self._operand, children)), span)
            case "comparison":
                left, operator, right = children
                return Call(str(operator), (self._operand(left), self._operand(right)), span)
            case "membership":
                value, negated, candidates = children
                operator = "IN" if negated is None else "NOT IN"
                return Call(operator, (self._operand(value), *self._arguments(candidates)), span)
            case "sum" | "product":
                return self._chain(self._operand(children[0]), children[1:])
            case "unary":
                operator, operand = children
                return Call(str(operator), (self._operand(operand),), span)
            case "function":
                return Call(self._terms.iri(children[0]), self._arguments(children[1]), span)
            case "builtin":
                return self._builtin(tree)
        subject, verb, target = map(self._operand, children)  # expression_triple
        match subject, verb, target:
            case NamedNode(), NamedNode(), NamedNode() | Literal() | Triple():
                return Triple(subject, verb, target)
        return Call("TRIPLE", (subject, verb, target), span)

    def _chain(self, left: Expression, rest: list[Node]) -> Expression:
        """Apply ``+ - * /`` from the left; ``?x -1`` takes 1 from ?x although ``-1`` is one token."""
        position = 0
        while position < len(rest):
            item = rest[position]
            if isinstance(item, Token):
                operator, right = str(item), self._operand(rest[position + 1])
                position += 2
            else:  # signed
                number, *factors = item.children
                operator = number[0]
                right = self._chain(self._terms.leaf(number.update(value=number[1:])), factors)
                position += 1
            left = Call(operator, (left, right), self._terms.span(item))
        return left

    def _builtin(self, tree: Node) -> Call:
        name, tail = tree.children
        operator = name.upper()
        arguments = self._arguments(tail)
        if operator not in ARITY:
            raise errors.function_unknown(self._terms.span(name), name, REPAIRS.get(operator))
        low, high = ARITY[operator]
        if not low <= len(arguments) <= high:
            raise errors.function_arity(self._terms.span(name), name, len(arguments), low, high)
        operator = SYNONYMS.get(operator, operator)
        if operator == "IRI" and self._terms.base is not None:
            # SPARQL resolves IRI("x") against the base in force where it is written.
            arguments = (*arguments, NamedNode(self._terms.base))
        return Call(operator, arguments, self._terms.span(tree))

    def _arguments(self, tree: Node) -> tuple[Expression, ...]:
        return tuple(
            self._operand(child)
            for child in tree.children
            if not (isinstance(child, Token) and child.type == "NIL")
        )


def _unused(variables: set[Variable]) -> str:
    """Return a beginning for names of variables that no variable of the author has."""
    prefix = "_b"
    while any(variable.value.startswith(prefix) for variable in variables):
        prefix = "_" + prefix
    return prefix


def _rename_element(element: Element, name: Callable[[BlankNode], Variable]) -> Element:
    if isinstance(element, TriplePattern):
        return rename(element, name)
    if isinstance(element, Negation):
        inner = tuple(
            rename(part, name) if isinstance(part, TriplePattern) else part for part in element.inner
        )
        return Negation(inner, element.evaldata, element.span)
    return element
