"""What an evaluation derived, looked at afterwards: what rests on what."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyoxigraph import NamedNode, Quad, Triple

from kb.inference.interactive.derivation import Derivation
from kb.inference.interactive.dictionary import Dictionary
from kb.inference.interactive.executor import Executor
from kb.inference.interactive.source import Source
from kb.srl.parser import parse

RULES = """
PREFIX : <urn:>
RULE { ?x :q ?y } WHERE { ?x :p ?y }
RULE { ?x :r ?z } WHERE { ?x :q ?y . ?y :q ?z }
RULE { ?x :r ?z } WHERE { ?x :r ?y . ?y :q ?z }
RULE { ?x :alone true } WHERE { ?x :s ?y }
"""


def node(name: str) -> NamedNode:
    return NamedNode(f"urn:{name}")


def triple(text: str) -> Triple:
    return Triple(*map(node, text.split()))


@pytest.fixture(scope="module")
def derivation() -> Derivation:
    """A chain a → b → c → d, and something that has nothing to do with it."""

    def match(*_: object) -> Iterator[Quad]:
        return iter(())

    executor = Executor(parse(RULES).rules, Source(match, Dictionary()))
    return executor.derive([triple(text) for text in ("a p b", "b p c", "c p d", "e s f")])


def test_a_mark_spreads_to_all_that_was_concluded_from_what_bears_it(derivation: Derivation) -> None:
    marked = derivation.spread({triple("b q c"): {"late"}})
    assert marked == {triple(text): {"late"} for text in ("b q c", "a r c", "b r d", "a r d")}


def test_marks_of_several_premises_come_together(derivation: Derivation) -> None:
    marked = derivation.spread({triple("a q b"): {"one"}, triple("c q d"): {"two"}})
    assert marked[triple("a r c")] == {"one"}
    assert marked[triple("a r d")] == {"one", "two"}


def test_what_was_asserted_is_a_premise_too(derivation: Derivation) -> None:
    assert set(derivation.spread({triple("c p d"): {"x"}})) == {
        triple(text) for text in ("c q d", "b r d", "a r d")
    }


def test_without_marks_nothing_is_marked(derivation: Derivation) -> None:
    assert derivation.spread({}) == {}
