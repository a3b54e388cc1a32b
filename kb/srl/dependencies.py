"""Which rule depends on which (`rule-dependency`): unification of body patterns with head templates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, Triple, Variable

from kb.srl.syntax import Negation, PatternTerm, Rule, TriplePattern, TripleTermPattern


class Reason(Enum):
    """Why an edge is closed: the rule it leads to has to be finished before the other begins."""

    NEGATION = "negation"
    RUN_ONCE = "run-once"


@dataclass(frozen=True, slots=True)
class Dependency:
    """An edge of the dependency graph: rule number *dependent* depends on rule number *source*.

    *pattern* of the dependent and *template* of the source are an example of why. *closed* is None for an
    open edge. A closed edge wins over an open one between the same rules.
    """

    dependent: int
    source: int
    pattern: TriplePattern
    template: TriplePattern
    closed: Reason | None


Dependencies: TypeAlias = list[dict[int, Dependency]]
"""By the number of the dependent rule: the edges, by the number of the rule depended on."""


def dependencies(rules: Sequence[Rule]) -> Dependencies:
    """Return the dependency graph of *rules*, which are numbered as they stand.

    It may have an edge for every two rules: to stratify, :mod:`kb.srl.links` has the same in less room.
    """
    heads = Heads((number, template) for number, rule in enumerate(rules) for template in rule.head)
    graph: Dependencies = []
    for number, rule in enumerate(rules):
        edges: dict[int, Dependency] = {}
        once = Reason.RUN_ONCE if rule.run_once else None
        for pattern, negated in patterns_of(rule):
            closed = Reason.NEGATION if negated else once
            for source, template in heads.candidates(pattern):
                known = edges.get(source)
                if known is not None and (known.closed or not closed):
                    continue
                if matches(pattern, template):
                    edges[source] = Dependency(number, source, pattern, template, closed)
        graph.append(edges)
    return graph


def patterns_of(rule: Rule) -> Iterator[tuple[TriplePattern, bool]]:
    """Yield the patterns that give dependencies, and whether each stands inside NOT."""
    if not rule.evaldata:
        return
    for element in rule.body:
        if isinstance(element, TriplePattern):
            yield element, False
        elif isinstance(element, Negation) and element.evaldata:
            for part in element.inner:
                if isinstance(part, TriplePattern):
                    yield part, True


_Key: TypeAlias = "PatternTerm | None"


def _constant(term: PatternTerm) -> _Key:
    return term if isinstance(term, NamedNode | Literal) else None


class Heads:
    """Numbered templates, found by constant predicate and object: few unifications are needed."""

    def __init__(self, templates: Iterable[tuple[int, TriplePattern]]) -> None:
        # predicate -> object -> templates; None stands for anything that is no constant.
        self._index: dict[_Key, dict[_Key, list[tuple[int, TriplePattern]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for number, template in templates:
            self._index[_constant(template.predicate)][_constant(template.object)].append((number, template))

    def candidates(self, pattern: TriplePattern) -> Iterator[tuple[int, TriplePattern]]:
        """Yield the templates, with their numbers, whose constants do not speak against *pattern*."""
        predicate, object_ = _constant(pattern.predicate), _constant(pattern.object)
        predicates = self._index.keys() if predicate is None else (predicate, None)
        for key in predicates:
            by_object = self._index.get(key, {})
            objects = by_object.keys() if object_ is None else (object_, None)
            for other in objects:
                yield from by_object.get(other, ())


# Unification. Terms of the two sides are told apart by the side they come from: 0 pattern, 1 template.
_Sided: TypeAlias = "tuple[int, PatternTerm]"


def matches(pattern: TriplePattern, template: TriplePattern) -> bool:
    """Whether *template* can generate a triple that *pattern* matches.

    The variables of the two are different even if they have the same name. A blank node of the template is
    a fresh node: it can be the value of a variable, but it is no IRI, literal or triple term. Kinds of terms
    are not otherwise looked at: that no literal can be a subject does not make a dependency go away.
    """
    bindings: dict[_Sided, _Sided] = {}
    return all(
        _unify((0, left), (1, right), bindings)
        for left, right in zip(pattern.terms, template.terms, strict=True)
    )


def _unify(left: _Sided, right: _Sided, bindings: dict[_Sided, _Sided]) -> bool:
    left, right = _walk(left, bindings), _walk(right, bindings)
    if isinstance(left[1], Variable):
        return _bind(left, right, bindings)
    if isinstance(right[1], Variable):
        return _bind(right, left, bindings)
    if isinstance(left[1], BlankNode) or isinstance(right[1], BlankNode):
        # Both the same node of the template; DATA apart, a pattern has no blank nodes.
        return left == right
    one, other = _parts(left[1]), _parts(right[1])
    if one is None or other is None:
        return left[1] == right[1]
    return all(_unify((left[0], a), (right[0], b), bindings) for a, b in zip(one, other, strict=True))


def _walk(term: _Sided, bindings: dict[_Sided, _Sided]) -> _Sided:
    while term in bindings:
        term = bindings[term]
    return term


def _bind(variable: _Sided, value: _Sided, bindings: dict[_Sided, _Sided]) -> bool:
    if variable == value:
        return True
    if _occurs(variable, value, bindings):
        return False  # no finite triple term holds itself
    bindings[variable] = value
    return True


def _occurs(variable: _Sided, term: _Sided, bindings: dict[_Sided, _Sided]) -> bool:
    term = _walk(term, bindings)
    parts = _parts(term[1])
    if parts is None:
        return term == variable
    return any(_occurs(variable, (term[0], part), bindings) for part in parts)


def _parts(term: PatternTerm) -> tuple[PatternTerm, PatternTerm, PatternTerm] | None:
    """Return what a triple term consists of; None for other terms."""
    if isinstance(term, Triple | TripleTermPattern):
        return term.subject, term.predicate, term.object
    return None
