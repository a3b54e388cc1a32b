"""A small city of every kind of named graph, each with a secret of its own, for the tests of rights."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import product

import pyoxigraph
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat

from kb.access.policy import Policy
from kb.access.principal import Principal
from kb.namespaces import CATALOGUE, ONTOLOGY, ROOT, graph, xz
from kb.resources import folder
from kb.store.protocol import Store

FIRE, WATER = f"{ROOT}kb/department/fire", f"{ROOT}kb/department/water"
SHARING = ("unconditional", "conditional", "withheld")
NODES = [NamedNode(f"urn:node:{n}") for n in range(6)]
PREDICATES = [NamedNode(f"urn:{name}") for name in ("knows", "near")]
SAYS = NamedNode("urn:says")
GRAPHS = [
    *(
        graph(f"{kind}/{department}/{sharing}")
        for kind, department, sharing in product(
            ("source", "quarantine", "personal"), ("fire", "water"), SHARING
        )
    ),
    *map(graph, ("source/fire/undeclared", "knowledge/a", "city/a", "incident/a", "response/a")),
    *map(graph, ("directive/a", "user/a", "no-such-kind/a", "system")),
    NamedNode("urn:elsewhere"),
]
"""Graphs of every compartment, and some of none."""


def declarations() -> Iterator[Quad]:
    """Yield the product's own roles and compartments, and the datasets of the two departments."""
    file = folder("ontology") / "access.ttl"
    for one in pyoxigraph.parse(path=str(file), format=RdfFormat.TURTLE):
        yield Quad(one.subject, one.predicate, one.object, ONTOLOGY)
    for (name, publisher), sharing in product((("fire", FIRE), ("water", WATER)), SHARING):
        dataset = NamedNode(f"{ROOT}dataset/{name}/{sharing}")
        attribute = NamedNode(f"{ROOT}kb/sharing/{sharing}")
        yield Quad(dataset, xz("sharing"), attribute, CATALOGUE)
        yield Quad(dataset, NamedNode("http://purl.org/dc/terms/publisher"), NamedNode(publisher), CATALOGUE)


def secret(name: NamedNode, world: str) -> str:
    """Return the text that stands in the graph *name* alone."""
    return f"secret of {name.value} in {world}"


def contents(name: NamedNode, world: str) -> Iterator[Quad]:
    """Yield what stands in the graph *name*: edges between nodes that all graphs share, and its secret."""
    chance = random.Random(f"{name.value} {world}")
    for predicate, _ in product(PREDICATES, range(4)):
        yield Quad(chance.choice(NODES), predicate, chance.choice(NODES), name)
    yield Quad(chance.choice(NODES), SAYS, Literal(secret(name, world)), name)
    yield Quad(NamedNode(f"{name.value}#{world}"), PREDICATES[0], chance.choice(NODES), name)


def fill(store: Store, world: Callable[[NamedNode], str]) -> None:
    """Put all graphs into *store*, each as the *world* named for it has it."""
    quads = [quad for name in GRAPHS if name != graph("system") for quad in contents(name, world(name))]
    store.load([*declarations(), *quads], actor="test", action="load")


def principals(policy: Policy) -> dict[str, Principal]:
    """Return one principal for each role, all of the fire department."""
    return {name: Principal(name, frozenset({name}), policy, FIRE) for name in policy.roles}
