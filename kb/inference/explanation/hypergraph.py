"""Proofs as parts of a directed hypergraph, and the smallest of them.

A node is a triple; a way to it is a rule application with the nodes that it rests on. A proof takes one way
for each derived node that it needs, without circles. Sets of nodes are integers, a bit for each node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

from pyoxigraph import Variable

from kb.inference.explanation.world import Row
from kb.srl.syntax import Rule, Term

MAX_STEPS = 3000
"""So many partial proofs are looked at; then the best one so far is taken."""

MAX_NODES = 600
"""The search goes a level deeper for each derived node; larger proofs stay as Knuth gives them."""


@dataclass(frozen=True, slots=True)
class Way:
    """One rule application that derives a triple, and the nodes that its body rests on."""

    rule: Rule
    bindings: Mapping[Variable, Term]
    premises: tuple[Row, ...]


@dataclass(slots=True)
class Node:
    """A triple of the hypergraph. *bit* names it in sets, which are integers."""

    row: Row
    bit: int
    cost: int
    ways: list[tuple[Way, int]] = field(default_factory=list)
    """Each way, with the set of its premises."""
    must: int = 0
    weight: float = float("inf")
    best: int = -1


def smallest(nodes: Mapping[Row, Node], goal: Row, first: dict[Row, Way]) -> dict[Row, Way]:
    """Return the way to take at each derived node of the smallest proof of *goal*.

    :param first: a proof that is known, as a bound.
    """
    _settle(nodes)
    _require(nodes)
    return _Search(nodes, goal, first).run()


def undominated(ways: Iterable[tuple[Way, int]]) -> list[tuple[Way, int]]:
    """Drop ways that need all that another needs, and more: they can only make a proof larger."""
    kept: list[tuple[Way, int]] = []
    for way, premises in sorted(ways, key=lambda pair: pair[1].bit_count()):
        if not any(other & premises == other for _, other in kept):
            kept.append((way, premises))
    return kept


def _settle(nodes: Mapping[Row, Node]) -> None:
    """Give every node its weight, sub-proofs counted each time, and its best way (Knuth's algorithm)."""
    by_bit = {node.bit: node for node in nodes.values()}
    users: dict[int, list[tuple[Node, int]]] = {}
    waiting: dict[tuple[int, int], list[float]] = {}
    heap: list[tuple[float, int, int]] = []
    for node in nodes.values():
        if not node.ways:
            heappush(heap, (float(node.cost), node.bit, -1))
        for number, (_, premises) in enumerate(node.ways):
            waiting[node.bit, number] = [premises.bit_count(), float(node.cost)]
            if not premises:
                heappush(heap, (float(node.cost), node.bit, number))
            for bit in _bits(premises):
                users.setdefault(bit, []).append((node, number))
    while heap:
        weight, bit, number = heappop(heap)
        node = by_bit[bit]
        if node.weight <= weight:
            continue
        node.weight, node.best = weight, number
        for user, way in users.get(bit, ()):
            state = waiting[user.bit, way]
            state[0] -= 1
            state[1] += weight
            if not state[0]:
                heappush(heap, (state[1], user.bit, way))


def _require(nodes: Mapping[Row, Node]) -> None:
    """Find for each node what every proof of it contains, itself included: the greatest such sets."""
    by_bit = {node.bit: node for node in nodes.values()}
    everything = (1 << len(nodes)) - 1
    order = sorted(nodes.values(), key=lambda node: node.weight)
    for node in order:
        node.must = everything if node.ways else node.bit
    changed = True
    while changed:
        changed = False
        for node in order:
            if not node.ways:
                continue
            common = everything
            for _, premises in node.ways:
                needed = 0
                for bit in _bits(premises):
                    needed |= by_bit[bit].must
                common &= needed
            common |= node.bit
            if common != node.must:
                node.must, changed = common, True


class _Search:
    """Branch and bound over the ways of each node that a proof needs."""

    def __init__(self, nodes: Mapping[Row, Node], goal: Row, first: dict[Row, Way]) -> None:
        self._nodes = nodes
        self._by_bit = {node.bit: node for node in nodes.values()}
        self._goal = nodes[goal]
        self._dear = [node for node in nodes.values() if node.cost != 1]
        self._steps = 0
        proofs = [first]
        if self._goal.best >= 0:
            proofs.append(self._knuth())
        self._best = min(proofs, key=self._size)
        self._bound = self._size(self._best)

    def run(self) -> dict[Row, Way]:
        """Return the way to take at each derived node of the smallest proof that was found."""
        if len(self._nodes) <= MAX_NODES and self._cost_of(self._goal.must) < self._bound:
            self._explore({}, {}, self._goal.bit)
        return self._best

    def _knuth(self) -> dict[Row, Way]:
        chosen: dict[Row, Way] = {}
        open_ = [self._goal]
        while open_:
            node = open_.pop()
            if node.ways and node.row not in chosen:
                way, premises = node.ways[node.best]
                chosen[node.row] = way
                open_ += [self._by_bit[bit] for bit in _bits(premises)]
        return chosen

    def _size(self, chosen: Mapping[Row, Way]) -> int:
        rows = {row for way in chosen.values() for row in way.premises} | chosen.keys()
        return sum(self._nodes[row].cost for row in rows)

    def _cost_of(self, bits: int) -> int:
        return bits.bit_count() + sum(node.cost - 1 for node in self._dear if bits & node.bit)

    def _explore(self, chosen: dict[Row, Way], edges: dict[int, int], needed: int) -> None:
        """Extend *chosen* until no needed node is open. *edges* says what each chosen node rests on."""
        open_ = [self._by_bit[bit] for bit in _bits(needed) if bit not in edges and self._by_bit[bit].ways]
        estimate = needed
        for node in open_:
            estimate |= node.must
        if self._cost_of(estimate) >= self._bound:
            return
        if not open_:
            self._best, self._bound = dict(chosen), self._cost_of(needed)
            return
        self._steps += 1
        if self._steps > MAX_STEPS:
            return
        node = min(open_, key=lambda node: len(node.ways))
        for way, premises in sorted(node.ways, key=lambda pair: self._cost_of(needed | pair[1])):
            if _reaches(premises, node.bit, edges):
                continue  # a proof must not rest on itself
            self._explore({**chosen, node.row: way}, {**edges, node.bit: premises}, needed | premises)


def _reaches(start: int, goal: int, edges: Mapping[int, int]) -> bool:
    seen, open_ = 0, start
    while open_:
        if open_ & goal:
            return True
        seen |= open_
        following = 0
        for bit in _bits(open_):
            following |= edges.get(bit, 0)
        open_ = following & ~seen
    return False


def _bits(number: int) -> list[int]:
    found = []
    while number:
        low = number & -number
        found.append(low)
        number ^= low
    return found
