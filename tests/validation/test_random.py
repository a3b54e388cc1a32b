"""Random shapes on random data: both engines find the same, or the table says why not.

100 pairs, always the same ones, so that a run of all tests says nothing by chance;
``XIEZHI_SHACL_PAIRS=10000`` takes more, and others each time.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from pyoxigraph import Literal, RdfFormat, Triple, parse

from kb.namespaces import SH
from kb.validation.vocabulary import CORE, LISTS, PATHS, SHAPES, TARGETS
from tests.validation import oracle
from tests.validation.differences import KINDS, PREFIXES, Kind
from tests.validation.explaining import SEEN, Shapes, differing, kind_of, refused, unexplained
from tests.validation.strategies import Pair, pairs

PAIRS = int(os.environ.get("XIEZHI_SHACL_PAIRS", "0"))
pytestmark = [
    pytest.mark.filterwarnings("ignore:Parsing weird boolean:UserWarning"),
    pytest.mark.filterwarnings("ignore::pyshacl.errors.ConstraintLoadWarning"),
    pytest.mark.filterwarnings("ignore::pyshacl.errors.ShapeRecursionWarning"),
]


def test_random_pairs() -> None:
    tried: Counter[str] = Counter()

    @settings(
        max_examples=PAIRS or 100,
        derandomize=not PAIRS,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(pairs())
    def compare(pair: Pair) -> None:
        shapes, data = pair
        mine, other = oracle.ours(shapes, data), oracle.reference(shapes, data)
        tried["pairs"] += 1
        tried["with results"] += bool(mine)
        tried["results"] += 0 if isinstance(mine, str) else sum(mine.values())
        if mine != other:
            tried["that differ"] += 1
            assert unexplained(Shapes(shapes), data, mine, other) == []

    compare()
    print(dict(tried), dict(SEEN))
    assert tried["with results"] > tried["pairs"] / 4


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_known_difference_still_occurs(kind: Kind) -> None:
    shapes, data = turtle(kind.shapes), turtle(kind.data)
    mine, other = oracle.ours(shapes, data), oracle.reference(shapes, data)
    assert mine != other, f"{kind.name}: take it out of the table"
    if kind.refusal:
        assert refused(other) is kind
    else:
        assert [kind_of(Shapes(shapes), data, *one) for one in differing(mine, other)] == [kind]


def test_a_difference_that_the_table_does_not_know_is_told() -> None:
    shapes = turtle("ex:S sh:targetNode 1 ; sh:minInclusive 1 .")
    one, name = str(Literal(1)), "<http://example.org/S>"
    result = (one, "", one, SH + "MinInclusiveConstraintComponent", SH + "Violation", name)
    left = unexplained(Shapes(shapes), turtle("ex:a ex:p 1 ."), Counter([result]), Counter())
    assert len(left) == 1


def turtle(text: str) -> list[Triple]:
    return [quad.triple for quad in parse(PREFIXES + text, format=RdfFormat.TURTLE)]


def test_every_component_of_the_core_is_among_the_random_shapes() -> None:
    """A generator that leaves a component out would find nothing wrong with it."""
    drawn: set[str] = set()

    @settings(
        max_examples=300,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(pairs())
    def look(pair: Pair) -> None:
        drawn.update(triple.predicate.value.removeprefix(SH) for triple in pair[0])

    look()
    assert drawn >= CORE | PATHS | LISTS | SHAPES | TARGETS
