"""Stratification (`stratification`): the order in which rules may run.

Rules that wait for one another form a component. Components come in an order in which each depends only on
itself and on earlier ones, so that an executor can run a rule that is not recursive exactly once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from kb.errors import Fault, SyntaxFault
from kb.srl import errors
from kb.srl.dependencies import Reason
from kb.srl.links import Links, Way, components
from kb.srl.syntax import Rule

MAX_TRIED, LARGE = 20, 20_000
"""From so many closed links a short cycle is looked for, unless the component has many nodes."""
MAX_NAMED = 10
"""So many steps of a cycle are told; nobody reads a thousand."""


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
    """Layers in the order of evaluation."""

    layers: tuple[Layer, ...]


def stratify(rules: Sequence[Rule]) -> Strata:
    """Put every rule into the lowest layer that its dependencies allow.

    :raises SyntaxFault: ``srl.stratification``, one fault for each group of rules that wait for one another
        through a closed edge; it names the shortest such cycle.
    """
    links = Links(rules)
    level: dict[int, int] = {}
    levels: list[list[list[int]]] = []
    faults: list[Fault] = []
    for group in components(links.targets):
        members = set(group)
        edges = [(n, target, link) for n in group for target, link in links.targets[n].items()]
        closed = [(n, target) for n, target, link in edges if target in members and link and link.closed]
        if closed:
            faults.append(_fault(rules, links, closed, members))
        needed = (
            level[target] + (link is not None and link.closed is not None)
            for _, target, link in edges
            if target not in members
        )
        # A pattern that no rule makes is below the first layer: a NOT around it waits for nobody.
        has_rule = group[0] < len(rules)
        mine = max([*needed, 0 if has_rule else -1])
        level.update(dict.fromkeys(group, mine))
        if has_rule:
            levels += [[] for _ in range(mine + 1 - len(levels))]
            levels[mine].append(group)
    if faults:
        raise SyntaxFault(faults)
    return Strata(tuple(_layer(rules, groups) for groups in levels))


def _layer(rules: Sequence[Rule], groups: Sequence[list[int]]) -> Layer:
    # A run-once rule is alone in its component: all its edges are closed. A rule that depends on itself is
    # not alone: the nodes on the way are with it.
    parts = [([rules[n] for n in group if n < len(rules)], len(group) > 1) for group in groups]
    once = [group[0] for group in groups if rules[group[0]].run_once]
    general = [n for group in groups for n in group if n < len(rules) and not rules[n].run_once]
    return Layer(
        tuple(rules[number] for number in sorted(once)),
        tuple(rules[number] for number in sorted(general)),
        tuple(Component(tuple(part), recursive) for part, recursive in parts if not part[0].run_once),
    )


def _fault(
    rules: Sequence[Rule], links: Links, closed_links: Sequence[tuple[int, int]], members: set[int]
) -> Fault:
    """Return the fault of a component that has closed links inside it."""
    # A few are enough to find a short cycle; a large component may have thousands.
    ways = (
        _cycle(links, *link, members) for link in closed_links[: MAX_TRIED if len(members) < LARGE else 2]
    )
    way = min(ways, key=len)
    cycle = [links.dependency(way, start) for start in range(0, len(way), 4)]
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
    for edge in cycle[1 : MAX_NAMED + 1]:
        dependent, source = rules[edge.dependent], rules[edge.source]
        zh += f"，而 {_named(dependent)} 在 {edge.pattern.span} 又依赖 {_named(source)}"
        en += f", but {_named(dependent)} at {edge.pattern.span} needs {_named(source)}"
    if len(cycle) > MAX_NAMED + 1:
        zh += f"，……（循环共 {len(cycle)} 条规则）"
        en += f", and so on (a cycle of {len(cycle)} rules)"
    return errors.unstratified(closed.pattern.span, zh, en)


def _cycle(links: Links, rule: int, pattern: int, members: set[int]) -> Way:
    """Return the shortest way that begins with the link from *rule* to *pattern* and leads back to *rule*."""
    came: dict[int, int] = {pattern: rule}
    queue = deque([pattern])
    while rule not in came:
        number = queue.popleft()
        for target in links.targets[number]:
            if target in members and target not in came:
                came[target] = number
                queue.append(target)
    way: Way = []
    number = came[rule]
    while number != rule:
        way.append(number)
        number = came[number]
    return [rule, *reversed(way)]


def _named(rule: Rule) -> str:
    """Return the name and place of *rule*."""
    return rule.name if rule.iri is None else f"{rule.name} ({rule.span})"
