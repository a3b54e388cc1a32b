"""What else is in a grid: registered sources of risk, what is exposed or vulnerable, from shared data."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray
from pyoxigraph import NamedNode

from kb.city.terms import PART_OF
from kb.geo.index import GridIndex
from kb.namespaces import RDF_TYPE, RDFS, xz
from kb.risk.method import Factor, Method
from kb.store.protocol import Store

LOCATED_IN = xz("locatedIn")
SUBCLASS = NamedNode(RDFS + "subClassOf")


def counts(store: Store, method: Method, index: GridIndex) -> NDArray[np.int64]:
    """Return how many members of each factor's class are in each cell, or in the community that holds it.

    The answer is F × C. What is located no closer than in a street or district counts nowhere: it would count
    everywhere in it.
    """
    found = np.zeros((len(method.factors), len(index)), dtype=np.int64)
    if not method.factors:
        return found
    within: dict[NamedNode, list[int]] = defaultdict(list)
    for number, cell in enumerate(index.cells):
        within[cell].append(number)
        for quad in store.match(cell, PART_OF, None):
            if isinstance(quad.object, NamedNode):
                within[quad.object].append(number)
    for row, factor in enumerate(method.factors):
        for member in _members(store, factor.counts):
            if factor.only and not any(any(store.match(member, None, one)) for one in factor.only):
                continue
            for quad in store.match(member, LOCATED_IN, None):
                if isinstance(quad.object, NamedNode):
                    found[row, within.get(quad.object, [])] += 1
    return found


def multiplier(factor: Factor, number: int) -> float:
    """Return by what *number* members multiply the index: 1 plus the weight of each, up to the most
    counted."""
    return 1 + factor.weight * min(number, factor.most)


def place(method: Method, counted: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the product of all multipliers for each cell, from *counted* (F × C)."""
    product = np.ones(counted.shape[1])
    for factor, row in zip(method.factors, counted, strict=True):
        product *= 1 + factor.weight * np.minimum(row, factor.most)
    return product


def _members(store: Store, class_: NamedNode) -> set[NamedNode]:
    classes, todo = {class_}, [class_]
    while todo:
        for quad in store.match(None, SUBCLASS, todo.pop()):
            if isinstance(quad.subject, NamedNode) and quad.subject not in classes:
                classes.add(quad.subject)
                todo.append(quad.subject)
    return {
        quad.subject
        for one in classes
        for quad in store.match(None, RDF_TYPE, one)
        if isinstance(quad.subject, NamedNode)
    }
