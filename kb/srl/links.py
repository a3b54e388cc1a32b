"""The dependency graph of many rules, without an edge for every two rules that depend on each other.

Ten thousand rules about one property all depend on one another: a hundred million edges. So rules are linked
through nodes between them::

    rule ─▶ pattern ─▶ hub ─▶ template ─▶ rule

Patterns that are the same but for the names of variables share a node, and so do templates. A plain pattern
(no variable twice, no triple term with variables) matches a plain template exactly if no place has two
different constants. So they meet in a hub for what both fix: the places where both have constants, and these
constants. Each has eight hubs at most, one for each choice of places that the others fix. The few that are
not plain are unified one by one with those whose constants allow it (:func:`kb.srl.dependencies.matches`).

One rule depends on another exactly if a way of four links leads there; the first of them is closed or not.
Hence components, layers and cycles of this graph are those of the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pyoxigraph import Variable

from kb.srl.dependencies import Dependency, Heads, Reason, matches, patterns_of
from kb.srl.syntax import PatternTerm, Rule, TriplePattern, TripleTermPattern, variables_of

Shape: TypeAlias = tuple[PatternTerm, PatternTerm, PatternTerm]
"""A triple pattern with its variables renamed in the order they appear."""
Mask: TypeAlias = tuple[bool, bool, bool]
"""Which places of a shape are constant."""
Way: TypeAlias = list[int]
"""Nodes of a cycle, four for each rule: rule, pattern, hub, template."""


@dataclass(frozen=True, slots=True)
class Link:
    """From a rule to a pattern of its own (*closed* may say why it waits), or from a template to its rule."""

    triple: TriplePattern
    closed: Reason | None = None


class Links:
    """The graph: nodes are numbers, those below ``len(rules)`` are the rules.

    :attr:`targets` are the links by the node they come from; the value is known for those that touch a rule.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.targets: list[dict[int, Link | None]] = [{} for _ in rules]
        self._hubs: dict[object, int] = {}
        patterns: dict[Shape, int] = {}
        templates: dict[Shape, int] = {}
        for number, rule in enumerate(rules):
            once = Reason.RUN_ONCE if rule.run_once else None
            for triple, negated in patterns_of(rule):
                node = self._shared(triple, patterns)
                closed = Reason.NEGATION if negated else once
                known = self.targets[number].get(node)
                if known is None or (closed and not known.closed):
                    self.targets[number][node] = Link(triple, closed)
            for triple in rule.head:
                self.targets[self._shared(triple, templates)].setdefault(number, Link(triple))
        self._link_plain(patterns, templates)
        self._link_others(patterns, templates)

    def dependency(self, way: Way, start: int) -> Dependency:
        """Return the edge between rules that the four links of *way* from *start* stand for."""
        rule, pattern, _, template = way[start : start + 4]
        source = way[(start + 4) % len(way)]
        wanted, made = self.targets[rule][pattern], self.targets[template][source]
        assert wanted is not None
        assert made is not None
        return Dependency(rule, source, wanted.triple, made.triple, wanted.closed)

    def _link_plain(self, patterns: dict[Shape, int], templates: dict[Shape, int]) -> None:
        wanted = [(shape, _mask(shape), node) for shape, node in patterns.items() if _plain(shape)]
        made = [(shape, _mask(shape), node) for shape, node in templates.items() if _plain(shape)]
        template_masks, pattern_masks = {mask for _, mask, _ in made}, {mask for _, mask, _ in wanted}
        for shape, mask, node in wanted:
            for other in template_masks:
                self.targets[node][self._hub((mask, other, _fixed(shape, mask, other)))] = None
        for shape, mask, node in made:
            for other in pattern_masks:
                hub = self._hubs.get((other, mask, _fixed(shape, mask, other)))
                if hub is not None:
                    self.targets[hub][node] = None

    def _link_others(self, patterns: dict[Shape, int], templates: dict[Shape, int]) -> None:
        heads = Heads((node, TriplePattern(*shape)) for shape, node in templates.items())
        plain = {node for shape, node in templates.items() if _plain(shape)}
        odd = Heads((node, TriplePattern(*shape)) for shape, node in templates.items() if node not in plain)
        for shape, node in patterns.items():
            pattern = TriplePattern(*shape)
            for other, template in (odd if _plain(shape) else heads).candidates(pattern):
                if matches(pattern, template):
                    hub = self._hub(node)
                    self.targets[node][hub] = None
                    self.targets[hub][other] = None

    def _shared(self, triple: TriplePattern, nodes: dict[Shape, int]) -> int:
        shape = _shape(triple)
        return nodes[shape] if shape in nodes else nodes.setdefault(shape, self._node())

    def _hub(self, key: object) -> int:
        return self._hubs[key] if key in self._hubs else self._hubs.setdefault(key, self._node())

    def _node(self) -> int:
        self.targets.append({})
        return len(self.targets) - 1


def _shape(triple: TriplePattern) -> Shape:
    names: dict[Variable, Variable] = {}

    def renamed(term: PatternTerm) -> PatternTerm:
        if isinstance(term, Variable):
            return names.setdefault(term, Variable(f"v{len(names)}"))
        if isinstance(term, TripleTermPattern):
            return TripleTermPattern(renamed(term.subject), renamed(term.predicate), renamed(term.object))
        return term

    return renamed(triple.subject), renamed(triple.predicate), renamed(triple.object)


def _plain(shape: Shape) -> bool:
    """Whether each place stands for itself: no triple term with variables, no variable twice."""
    variables = [variable for term in shape for variable in variables_of(term)]
    return not any(isinstance(term, TripleTermPattern) for term in shape) and len(variables) == len(
        set(variables)
    )


def _mask(shape: Shape) -> Mask:
    subject, predicate, object_ = (not isinstance(term, Variable) for term in shape)
    return subject, predicate, object_


def _fixed(shape: Shape, mask: Mask, other: Mask) -> tuple[PatternTerm, ...]:
    """Return the constants of *shape* at the places that both masks fix."""
    return tuple(term for term, one, two in zip(shape, mask, other, strict=True) if one and two)


def components(targets: Sequence[dict[int, Link | None]]) -> Iterator[list[int]]:
    """Yield the strongly connected components, those depended on first (Tarjan 1972, without recursion)."""
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    for root in range(len(targets)):
        if root in order:
            continue
        work = [(root, iter(targets[root]))]
        while work:
            number, following = work[-1]
            if number not in order:
                order[number] = low[number] = len(order)
                path.append(number)
                on_path.add(number)
            for target in following:
                if target not in order:
                    work.append((target, iter(targets[target])))
                    break
                if target in on_path:
                    low[number] = min(low[number], order[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[number])
                if low[number] == order[number]:
                    group = [path.pop()]
                    while group[-1] != number:
                        group.append(path.pop())
                    on_path.difference_update(group)
                    yield sorted(group)
