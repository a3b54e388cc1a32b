"""The textbook evaluator: sections `eval-rule` and `eval-rule-set` of the draft, word for word.

Slow and obvious on purpose: graphs are Python sets of triples, every pass evaluates every rule anew. It is
the oracle that fast executors are compared with. Names are those of the draft.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from pyoxigraph import BlankNode, Literal, NamedNode, Triple, Variable

from kb.srl.expressions import ExpressionError, compile_condition, compile_expression
from kb.srl.strata import stratify
from kb.srl.syntax import (
    Assignment,
    Element,
    Filter,
    Negation,
    PatternTerm,
    Rule,
    RuleSet,
    Term,
    TriplePattern,
    TripleTermPattern,
)
from kb.srl.wellformed import require_wellformed

Graph = set[Triple]
Solution = dict[Variable, Term]


def infer(ruleset: RuleSet, base: Iterable[Triple]) -> set[Triple]:
    """Return the inference graph of *ruleset* over the base graph."""
    require_wellformed(ruleset)
    strata = stratify(ruleset.rules)
    now = Literal(
        datetime.now(UTC).isoformat(), datatype=NamedNode("http://www.w3.org/2001/XMLSchema#dateTime")
    )
    g0 = set(base)
    d = set(ruleset.data)
    gi = d - g0
    ge = g0 | d
    for layer in strata.layers:
        for rule in layer.once:
            y = eval_rule(rule, ge, g0, now) - ge
            gi |= y
            ge |= y
        finished = False
        while not finished:
            finished = True
            for rule in layer.general:
                y = eval_rule(rule, ge, g0, now) - ge
                if y:
                    gi |= y
                    ge |= y
                    finished = False
    return gi


def eval_rule(rule: Rule, g: Graph, gd: Graph, now: Literal) -> Graph:
    """Return what *rule* concludes from *g*; *gd* is the base graph."""
    seq = eval_rule_elements(rule.body, [{}], g if rule.evaldata else gd, gd, now)
    out: Graph = set()
    for mu in seq:
        fresh: dict[BlankNode, BlankNode] = {}
        for template in rule.head:
            subject, predicate, object_ = (subst(term, mu, fresh) for term in template.terms)
            triple = make_triple(subject, predicate, object_)
            if triple is not None:
                out.add(triple)
    return out


def eval_rule_elements(
    elements: Iterable[Element], seq: list[Solution], g: Graph, gd: Graph, now: Literal
) -> list[Solution]:
    for element in elements:
        match element:
            case TriplePattern():
                found = list(graph_match(g, element))
                seq = [{**m2, **m1} for m1 in found for m2 in seq if compatible(m1, m2)]
            case Filter(expression):
                condition = compile_condition(expression, now=now)
                seq = [mu for mu in seq if condition(mu.__getitem__)]
            case Negation(inner, evaldata):
                graph = g if evaldata else gd
                seq = [mu for mu in seq if not eval_rule_elements(inner, [mu], graph, gd, now)]
            case Assignment(variable, expression):
                evaluate = compile_expression(expression, now=now)
                extended: list[Solution] = []
                for mu in seq:
                    try:
                        extended.append({**mu, variable: evaluate(mu.__getitem__)})
                    except ExpressionError:
                        continue
                seq = extended
    return seq


def compatible(one: Solution, other: Solution) -> bool:
    return all(other[variable] == term for variable, term in one.items() if variable in other)


def graph_match(g: Graph, pattern: TriplePattern) -> Iterator[Solution]:
    for triple in g:
        solution: Solution = {}
        if (
            match_term(pattern.subject, triple.subject, solution)
            and match_term(pattern.predicate, triple.predicate, solution)
            and match_term(pattern.object, triple.object, solution)
        ):
            yield solution


def match_term(pattern: PatternTerm, term: Term, solution: Solution) -> bool:
    """Extend *solution* so that *pattern* becomes *term*; tell whether that can be."""
    if isinstance(pattern, Variable):
        return solution.setdefault(pattern, term) == term
    if isinstance(pattern, TripleTermPattern):
        return (
            isinstance(term, Triple)
            and match_term(pattern.subject, term.subject, solution)
            and match_term(pattern.predicate, term.predicate, solution)
            and match_term(pattern.object, term.object, solution)
        )
    return pattern == term


def subst(term: PatternTerm, mu: Solution, fresh: dict[BlankNode, BlankNode]) -> Term | None:
    """Replace variables by their values and blank nodes by fresh ones; None if that is no RDF term."""
    if isinstance(term, Variable):
        return mu[term]
    if isinstance(term, BlankNode):
        return fresh.setdefault(term, BlankNode())
    if isinstance(term, TripleTermPattern):
        return make_triple(
            subst(term.subject, mu, fresh), subst(term.predicate, mu, fresh), subst(term.object, mu, fresh)
        )
    return term


def make_triple(subject: Term | None, predicate: Term | None, object_: Term | None) -> Triple | None:
    """Return the triple, or None where RDF has none (a literal as subject): such a conclusion is dropped."""
    if (
        isinstance(subject, NamedNode | BlankNode)
        and isinstance(predicate, NamedNode)
        and object_ is not None
    ):
        return Triple(subject, predicate, object_)
    return None
