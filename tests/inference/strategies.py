"""Random rule sets and graphs, small enough for the textbook and varied enough to find what differs.

A rule is built element by element as its author would: a FILTER mentions what is bound before it, a SET binds
what is new, a head mentions what the body binds. So every rule is well-formed; whether a rule set has a
stratification is found out by asking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import assume
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, Triple, Variable

from kb.errors import SyntaxFault
from kb.srl.strata import stratify
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
    Term,
    TriplePattern,
    TripleTermPattern,
    variables_of,
)
from kb.srl.wellformed import require_wellformed

INTEGER = NamedNode("http://www.w3.org/2001/XMLSchema#integer")
PRIVATE = "urn:incident/"
NODES = [NamedNode(f"urn:{name}") for name in "abc"]
INCIDENTS = [NamedNode(PRIVATE + name) for name in "12"]
PREDICATES = [NamedNode(f"urn:{name}") for name in "pqr"]
DERIVED = [NamedNode(f"urn:derived-{number}") for number in range(6)]
NUMBERS = [Literal(str(number), datatype=INTEGER) for number in range(4)]
VARIABLES = [Variable(name) for name in "xyzuv"]
COMPARISONS = ["!=", "!=", "!=", "=", "<", "<=", ">", ">="]


@dataclass(frozen=True)
class Features:
    """What random rules may have."""

    negation: bool = True
    negation_of_data: bool = True
    assignment: bool = True
    blank_nodes: bool = True
    triple_terms: bool = True
    where_data: bool = True
    any_predicate: bool = True


ALL = Features()


def rarely(draw: st.DrawFn, times: int) -> bool:
    """Say yes once in so many times; a failing example shrinks to no."""
    return draw(st.sampled_from([False] * (times - 1) + [True]))


def triples(nodes: Sequence[NamedNode] = NODES, features: Features = ALL) -> st.SearchStrategy[Triple]:
    """Triples of few terms, so that they join."""
    resources: list[NamedNode | BlankNode] = [*nodes, *nodes]
    if features.blank_nodes:
        resources += [BlankNode("one"), BlankNode("two")]
    objects = st.sampled_from([*resources, *NUMBERS])
    plain = st.builds(Triple, st.sampled_from(resources), st.sampled_from(PREDICATES), objects)
    if not features.triple_terms:
        return plain
    about = st.builds(Triple, st.sampled_from(resources), st.sampled_from(PREDICATES), plain)
    return st.one_of(plain, plain, plain, about)


def graphs(
    nodes: Sequence[NamedNode] = NODES, features: Features = ALL, least: int = 6, most: int = 14
) -> st.SearchStrategy[set[Triple]]:
    """Small sets of triples, dense enough that rules find something."""
    return st.sets(triples(nodes, features), min_size=least, max_size=most)


@st.composite
def rulesets(
    draw: st.DrawFn, features: Features = ALL, given: Sequence[Variable] = (), most: int = 3
) -> RuleSet:
    """Well-formed, stratified rule sets that mention the variables *given* often."""
    count = draw(st.integers(1, most))
    if rarely(draw, 2):  # each rule concludes with a predicate of its own from those of the rules before
        rules = tuple(
            draw(rules_of(features, given, [*PREDICATES, *DERIVED[:number] * 2], [DERIVED[number]]))
            for number in range(count)
        )
    else:
        rules = tuple(draw(rules_of(features, given)) for _ in range(count))
    data = tuple(draw(st.sets(triples(features=features), max_size=2))) if rarely(draw, 4) else ()
    ruleset = RuleSet(rules, data)
    try:
        stratify(rules)
    except SyntaxFault:
        assume(False)
    require_wellformed(ruleset)
    return ruleset


@st.composite
def rules_of(
    draw: st.DrawFn,
    features: Features = ALL,
    given: Sequence[Variable] = (),
    read: Sequence[NamedNode] = PREDICATES,
    written: Sequence[NamedNode] = PREDICATES,
) -> Rule:
    """One rule whose body has the predicates *read* and whose head has those *written*."""
    body: list[Element] = [draw(patterns(features, read, given))]
    scope = set(variables_of(body[0]))
    kinds = ["pattern", "pattern", "filter"]
    kinds += ["not"] * 2 * (features.negation or features.negation_of_data) + ["set"] * features.assignment
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=3)):
        match kind:
            case "pattern":
                body.append(draw(patterns(features, read, given)))
                scope.update(variables_of(body[-1]))
            case "filter" if scope:
                body.append(Filter(draw(comparisons(scope))))
            case "not":
                body.append(draw(negations(features, read, scope)))
            case "set" if scope and (fresh := [v for v in VARIABLES if v not in scope]):
                variable = draw(st.sampled_from(fresh))
                body.append(Assignment(variable, draw(computations(scope))))
                scope.add(variable)
    if rarely(draw, 3):  # a NOT may be written before what would bind its variables
        movable = [element for element in body if isinstance(element, Negation)]
        body = [*movable, *(element for element in body if not isinstance(element, Negation))]
        body = [_closed(element) for element in body]
    head = tuple(draw(templates(features, written, scope)) for _ in range(draw(st.integers(1, 2))))
    evaldata = not (features.where_data and rarely(draw, 8))
    return Rule(None, head, tuple(body), evaldata)


def _closed(element: Element) -> Element:
    """Drop the filters of a NOT whose variables only something before it had bound."""
    if not isinstance(element, Negation):
        return element
    inner: list[TriplePattern | Filter] = []
    bound: set[Variable] = set()
    for part in element.inner:
        if isinstance(part, TriplePattern):
            bound.update(variables_of(part))
        elif not set(variables_of(part)) <= bound:
            continue
        inner.append(part)
    return Negation(tuple(inner), element.evaldata)


@st.composite
def patterns(
    draw: st.DrawFn, features: Features, read: Sequence[NamedNode], given: Sequence[Variable] = ()
) -> TriplePattern:
    variables = [*VARIABLES[:3], *given, *given]
    subject = draw(st.sampled_from([*variables * 5, *NODES[:2]]))
    predicate: PatternTerm = draw(st.sampled_from(read))
    if features.any_predicate and rarely(draw, 10):
        predicate = draw(st.sampled_from(VARIABLES[3:]))
    object_: PatternTerm = draw(st.sampled_from([*variables * 5, *NODES[:2], *NUMBERS[:1]]))
    if features.triple_terms and rarely(draw, 12):
        inner = [draw(st.sampled_from(choice)) for choice in (variables, PREDICATES, [*VARIABLES, *NUMBERS])]
        object_ = TripleTermPattern(*inner)
    return TriplePattern(subject, predicate, object_)


@st.composite
def negations(
    draw: st.DrawFn, features: Features, read: Sequence[NamedNode], scope: set[Variable]
) -> Negation:
    inner: list[TriplePattern | Filter] = [draw(patterns(features, read, sorted(scope, key=str)))]
    bound = scope | set(variables_of(inner[0]))
    if rarely(draw, 3) and bound:
        inner.append(Filter(draw(comparisons(bound))))
    if rarely(draw, 3):
        inner.append(draw(patterns(features, read)))
    evaldata = features.negation and not (features.negation_of_data and rarely(draw, 3))
    return Negation(tuple(inner), evaldata)


@st.composite
def comparisons(draw: st.DrawFn, scope: set[Variable]) -> Call:
    variables = sorted(scope, key=str)
    left: Expression = draw(st.sampled_from(variables))
    right: Expression = draw(st.sampled_from([*variables, *NUMBERS, *NODES]))
    return Call(draw(st.sampled_from(COMPARISONS)), (left, right))


@st.composite
def computations(draw: st.DrawFn, scope: set[Variable]) -> Expression:
    variables = sorted(scope, key=str)
    left = draw(st.sampled_from(variables))
    if rarely(draw, 2):
        return Call("STR", (left,))
    return Call(draw(st.sampled_from("+-*")), (left, draw(st.sampled_from([*variables, *NUMBERS]))))


@st.composite
def templates(
    draw: st.DrawFn, features: Features, written: Sequence[NamedNode], scope: set[Variable]
) -> TriplePattern:
    variables = sorted(scope, key=str)
    ends: list[PatternTerm] = [*variables * 3, *NODES[:1]]
    if features.blank_nodes and rarely(draw, 6):
        ends += [BlankNode("new")] * 3
    predicates: list[PatternTerm] = [*written]
    if features.any_predicate and variables and rarely(draw, 10):
        predicates = [*variables]
    subject, predicate, object_ = (
        draw(st.sampled_from(choice)) for choice in (ends, predicates, [*ends, *NUMBERS[:1]])
    )
    if features.triple_terms and rarely(draw, 10):
        object_ = TripleTermPattern(*(draw(st.sampled_from(choice)) for choice in (ends, PREDICATES, ends)))
    return TriplePattern(subject, predicate, object_)


def with_value(rule: Rule, variable: Variable, value: Term) -> Rule:
    """Return *rule* with *value* written in place of *variable*: what binding it beforehand must mean."""

    def term(part: PatternTerm) -> PatternTerm:
        if part == variable:
            return value
        if isinstance(part, TripleTermPattern):
            return TripleTermPattern(term(part.subject), term(part.predicate), term(part.object))
        return part

    def pattern(part: TriplePattern) -> TriplePattern:
        return TriplePattern(term(part.subject), term(part.predicate), term(part.object))

    def expression(part: Expression) -> Expression:
        if isinstance(part, Call):
            return Call(part.operator, tuple(expression(argument) for argument in part.arguments))
        return value if part == variable else part

    def element(part: Element) -> Element:
        match part:
            case TriplePattern():
                return pattern(part)
            case Filter():
                return Filter(expression(part.expression))
            case Assignment():
                return Assignment(part.variable, expression(part.expression))
            case Negation():
                inner = tuple(pattern(i) if isinstance(i, TriplePattern) else element(i) for i in part.inner)
                return Negation(inner, part.evaldata)  # type: ignore[arg-type]

    return Rule(None, tuple(map(pattern, rule.head)), tuple(map(element, rule.body)), rule.evaldata)
