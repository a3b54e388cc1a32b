"""Stratification (`stratification`): the order in which rules may run.

Rules that wait for one another form a component. Components come in an order in which each depends only on
itself and on earlier ones, so that an executor can run a rule that is not recursive exactly once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from kb.errors import Fault, SyntaxFault
from kb.srl import errors
from kb.srl.dependencies import Dependencies, Dependency, Reason, dependencies
from kb.srl.syntax import Rule


@dataclass(frozen=True, slots=True)
class Component:
    """General rules that depend on one another; *recursive* is false for one that does not need itself."""

    rules: tuple[Rule, ...]
    recursive: bool


@dataclass(frozen=True, slots=True)
class Layer:
    """First *once*, each rule exactly once in any order; then *general* until nothing is new.

    *components* are the rules of *general*, cut up: running them one after another, each until nothing is new
    (once is enough if it is not recursive), gives the same.
    """

    once: tuple[Rule, ...]
    general: tuple[Rule, ...]
    components: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class Strata:
    """Layers in the order of evaluation, and the dependency graph that they come from."""

    layers: tuple[Layer, ...]
    dependencies: tuple[Dependency, ...]


def stratify(rules: Sequence[Rule]) -> Strata:
    """Put every rule into the lowest layer that its dependencies allow.

    :raises SyntaxFault: ``srl.stratification``, one fault for each group of rules that wait for one another
        through a closed edge; it names the shortest such cycle.
    """
    graph = dependencies(rules)
    components = _components(graph)
    if faults := [fault for group in components if (fault := _fault(rules, graph, group)) is not None]:
        raise SyntaxFault(faults)
    layer_of: dict[int, int] = {}
    for group in components:
        needed = [
            layer_of[edge.source] + (edge.closed is not None)
            for number in group
            for edge in graph[number].values()
            if edge.source in layer_of
        ]
        layer_of.update(dict.fromkeys(group, max(needed, default=0)))
    levels: list[list[list[int]]] = [[] for _ in range(max(layer_of.values(), default=-1) + 1)]
    for group in components:
        levels[layer_of[group[0]]].append(group)
    layers = tuple(_layer(rules, graph, groups) for groups in levels)
    edges = tuple(edge for found in graph for edge in found.values())
    return Strata(layers, edges)


def _layer(rules: Sequence[Rule], graph: Dependencies, groups: Sequence[list[int]]) -> Layer:
    # A run-once rule is alone in its component: all its edges are closed.
    once = [group[0] for group in groups if rules[group[0]].run_once]
    components = [group for group in groups if not rules[group[0]].run_once]
    general = sorted(number for group in components for number in group)
    return Layer(
        tuple(rules[number] for number in sorted(once)),
        tuple(rules[number] for number in general),
        tuple(
            Component(tuple(rules[number] for number in group), len(group) > 1 or group[0] in graph[group[0]])
            for group in components
        ),
    )


def _components(graph: Dependencies) -> list[list[int]]:
    """Return the strongly connected components, those depended on first (Tarjan 1972, without recursion)."""
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    found: list[list[int]] = []
    for root in range(len(graph)):
        if root in order:
            continue
        work = [(root, iter(graph[root]))]
        while work:
            number, targets = work[-1]
            if number not in order:
                order[number] = low[number] = len(order)
                path.append(number)
                on_path.add(number)
            for target in targets:
                if target not in order:
                    work.append((target, iter(graph[target])))
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
                    found.append(sorted(group))
    return found


def _fault(rules: Sequence[Rule], graph: Dependencies, group: list[int]) -> Fault | None:
    """Return the fault of a component that has a closed edge inside it."""
    members = set(group)
    closed_edges = (
        edge
        for number in group
        for edge in graph[number].values()
        if edge.closed is not None and edge.source in members
    )
    # A few are enough to find a short cycle; a large component may have thousands.
    cycle = min((_cycle(graph, edge, members) for edge in islice(closed_edges, 20)), key=len, default=None)
    if cycle is None:
        return None
    closed = cycle[0]
    first, second = rules[closed.dependent], rules[closed.source]
    if closed.closed is Reason.NEGATION:
        zh = f"规则 {_named(first)} 的 NOT（{closed.pattern.span}）要等规则 {_named(second)} 的结论全部得出"
        en = f"the NOT at {closed.pattern.span} of rule {_named(first)} has to wait for rule {_named(second)}"
    else:
        zh = (
            f"规则 {_named(first)} 只运行一次（含 SET，或规则头造出新节点），要等规则 {_named(second)} 先完成"
        )
        en = (
            f"rule {_named(first)} runs once (it has SET, or its head makes a node) "
            f"and has to wait for rule {_named(second)}"
        )
    if len(cycle) == 1:
        zh += "，而这就是它自己"
        en += ", which is itself"
    for edge in cycle[1:]:
        dependent, source = rules[edge.dependent], rules[edge.source]
        zh += f"，而 {_named(dependent)} 在 {edge.pattern.span} 又依赖 {_named(source)}"
        en += f", but {_named(dependent)} at {edge.pattern.span} needs {_named(source)}"
    return errors.unstratified(closed.pattern.span, zh, en)


def _cycle(graph: Dependencies, closed: Dependency, members: set[int]) -> list[Dependency]:
    """Return *closed* and then the shortest way from the rule it leads to back to where it begins."""
    came: dict[int, Dependency] = {}
    queue = deque([closed.source])
    while closed.dependent != closed.source and closed.dependent not in came:
        number = queue.popleft()
        for edge in graph[number].values():
            if edge.source in members and edge.source not in came and edge.source != closed.source:
                came[edge.source] = edge
                queue.append(edge.source)
    way: list[Dependency] = []
    number = closed.dependent
    while number != closed.source:
        way.append(came[number])
        number = came[number].dependent
    return [closed, *reversed(way)]


def _named(rule: Rule) -> str:
    """Return the name and place of *rule*."""
    return rule.name if rule.iri is None else f"{rule.name} ({rule.span})"
