"""The part of a rule set that certain conclusions rest on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyoxigraph import NamedNode

from kb.srl.syntax import Negation, Rule, TriplePattern


def relevant(rules: Sequence[Rule], predicates: Iterable[NamedNode]) -> tuple[Rule, ...]:
    """Return those of *rules* on which conclusions with one of *predicates* can rest, in their order.

    A rule is relevant if it may conclude a predicate that is wanted, or one that a relevant rule reads. A
    variable in the place of a predicate may stand for any.
    """
    wanted: set[NamedNode] | None = set(predicates)  # None: every predicate
    chosen: set[int] = set()
    while True:
        more = [
            number for number, rule in enumerate(rules) if number not in chosen and _concludes(rule, wanted)
        ]
        if not more:
            return tuple(rule for number, rule in enumerate(rules) if number in chosen)
        chosen.update(more)
        for number in more:
            read = _reads(rules[number])
            wanted = None if wanted is None or read is None else wanted | read


def _concludes(rule: Rule, wanted: set[NamedNode] | None) -> bool:
    if wanted is None:
        return True
    return any(not isinstance(t.predicate, NamedNode) or t.predicate in wanted for t in rule.head)


def _reads(rule: Rule) -> set[NamedNode] | None:
    """Return the predicates whose conclusions *rule* looks at; ``None``: any.

    Patterns of the data alone (``WHERE DATA``, ``NOT DATA``) look at no conclusion.
    """
    found: set[NamedNode] = set()
    for element in rule.body:
        parts: tuple[object, ...] = (element,) if rule.evaldata else ()
        if isinstance(element, Negation):
            parts = element.inner if element.evaldata and rule.evaldata else ()
        for part in parts:
            if isinstance(part, TriplePattern):
                if not isinstance(part.predicate, NamedNode):
                    return None
                found.add(part.predicate)
    return found
