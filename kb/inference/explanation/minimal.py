"""The smallest proof of a conclusion: the fewest distinct rule applications and facts.

The executor keeps the first reason of a triple, which is often not the simplest. Here every way to derive
what the conclusion may rest on is found again, which gives a directed hypergraph; a proof is a part of it
without circles. Where sub-proofs are counted each time that they are used, Knuth's generalisation of
Dijkstra's algorithm finds the smallest proof (D. E. Knuth, "A Generalization of Dijkstra's Algorithm",
Information Processing Letters 6, 1977). Readers see a shared sub-proof once, so here it counts once, and
then the question is NP-hard (Alrabbaa et al., "Finding Small Proofs for Description Logic Entailments",
LPAR 2020). So Knuth's proof and the first reasons give a bound, and a branch-and-bound search improves on it;
what every proof of a node must contain makes its estimates sharp enough that it mostly ends at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyoxigraph import NamedNode, Triple, Variable

from kb.inference.explanation.hypergraph import Node, Way, smallest, undominated
from kb.inference.explanation.proof import (
    Absence,
    Computation,
    Fact,
    Graphs,
    Premise,
    Proof,
    instantiate,
    scopes,
)
from kb.inference.explanation.solving import Solver
from kb.inference.explanation.world import Row, World, row_of
from kb.srl.syntax import Negation, Rule, Term, TriplePattern

MAX_WAYS = 400
"""So many ways to derive one triple are looked at."""
HIDDEN_COST = 1000
"""What a fact counts that the reader may not see: a proof without it is preferred whatever its size."""


class MinimalProver:
    """Proves conclusions of one world, each by the smallest proof.

    :param graphs: says which named graphs hold an asserted triple.
    :param visible: whether the reader may see a graph. Proofs that need no hidden fact are preferred.
    """

    def __init__(
        self, world: World, graphs: Graphs, visible: Callable[[NamedNode], bool] = lambda _: True
    ) -> None:
        self._world = world
        self._solver = Solver(world)
        self._graphs = graphs
        self._visible = visible
        self._ways: dict[Row, list[Way]] = {}
        self._facts: dict[Row, tuple[NamedNode, ...]] = {}

    def prove(self, triple: Triple) -> Proof | Fact | None:
        """Return the smallest proof of *triple*, or ``None`` where it neither was derived nor is a fact."""
        goal = row_of(triple)
        if self._world.derivation.because(triple) is None:
            return self._fact(goal) if self._world.holds(goal) else None
        nodes = self._reachable(goal)
        return self._build(goal, smallest(nodes, goal, self._first(goal, nodes)), {})

    # ── the hypergraph ───────────────────────────────────────────────────────────────────────

    def _reachable(self, goal: Row) -> dict[Row, Node]:
        nodes = {goal: Node(goal, 1, 1)}
        open_ = [goal]
        while open_:
            row = open_.pop()
            node = nodes[row]
            for way in self._ways_of(row):
                premises = 0
                for premise in way.premises:
                    if premise not in nodes:
                        nodes[premise] = Node(premise, 1 << len(nodes), self._cost(premise))
                        if self._derived(premise):
                            open_.append(premise)
                    premises |= nodes[premise].bit
                node.ways.append((way, premises))
        for node in nodes.values():
            node.ways = undominated(node.ways)
        return nodes

    def _ways_of(self, row: Row) -> list[Way]:
        """Return the ways to derive *row*, the first reason first."""
        found = self._ways.get(row)
        if found is None:
            because = self._world.derivation.because(Triple(*row))  # type: ignore[arg-type]
            assert because is not None
            ways = [_way(because.rule, because.bindings)]
            for rule, bindings in self._solver.alternatives(row):
                ways.append(_way(rule, bindings))
                if len(ways) > MAX_WAYS:
                    break
            found = self._ways[row] = ways
        return found

    def _derived(self, row: Row) -> bool:
        return self._world.derivation.because(Triple(*row)) is not None  # type: ignore[arg-type]

    def _cost(self, row: Row) -> int:
        if self._derived(row):
            return 1
        graphs = self._fact(row).graphs
        return 1 if not graphs or any(map(self._visible, graphs)) else HIDDEN_COST

    def _fact(self, row: Row) -> Fact:
        triple = Triple(*row)  # type: ignore[arg-type]
        if row not in self._facts:
            self._facts[row] = tuple(self._graphs(triple))
        return Fact(triple, self._facts[row])

    def _first(self, goal: Row, nodes: Mapping[Row, Node]) -> dict[Row, Way]:
        """Return the proof by first reasons: the way that the executor found, for all it rests on."""
        chosen: dict[Row, Way] = {}
        open_ = [goal]
        while open_:
            row = open_.pop()
            if row not in chosen and self._derived(row):
                chosen[row] = self._ways_of(row)[0]
                open_ += [premise for premise in chosen[row].premises if premise in nodes]
        return chosen

    # ── the proof ────────────────────────────────────────────────────────────────────────────

    def _build(self, row: Row, chosen: Mapping[Row, Way], built: dict[Row, Proof | Fact]) -> Proof | Fact:
        if row not in built:
            way = chosen.get(row)
            if way is None:
                built[row] = self._fact(row)
            else:
                premises: list[Premise] = []
                for element, scope in scopes(way.rule, way.bindings, self._world.given):
                    if isinstance(element, TriplePattern):
                        inner = tuple(instantiate(term, way.bindings) for term in element.terms)
                        premises.append(self._build(inner, chosen, built))  # type: ignore[arg-type]
                    elif isinstance(element, Negation):
                        premises.append(Absence(element, scope))
                    else:
                        premises.append(Computation(element, way.bindings))
                built[row] = Proof(Triple(*row), way.rule, way.bindings, tuple(premises))  # type: ignore[arg-type]
        return built[row]


def size(proof: Proof | Fact) -> int:
    """Return how many distinct rule applications and facts *proof* has."""
    return len(_parts(proof, set()))


def _parts(premise: Premise, seen: set[object]) -> set[object]:
    if isinstance(premise, Fact):
        seen.add(premise.triple)
    elif isinstance(premise, Proof) and premise.triple not in seen:
        seen.add(premise.triple)
        for inner in premise.premises:
            _parts(inner, seen)
    return seen


def _way(rule: Rule, bindings: Mapping[Variable, Term]) -> Way:
    rows = (
        tuple(instantiate(term, bindings) for term in element.terms)
        for element in rule.body
        if isinstance(element, TriplePattern)
    )
    return Way(rule, bindings, tuple(dict.fromkeys(rows)))  # type: ignore[arg-type]
