"""The W3C update suites through our door: a sandboxed process, its change, the journal.

The store has no default graph; what an update means by it is :data:`kb.store.tasks.DEFAULT`. Why an outcome
is not the engine's and W3C's, says ``w3c-updates.yaml``; what it lists and is no longer so fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, NamedNode, Quad

from kb.errors import QueryRefused
from kb.store.embedded import EmbeddedStore, open_store
from kb.store.protocol import Change
from kb.store.workers import Service
from kb.store.writing import DEFAULT, Writes
from tests.store import w3c
from tests.store.w3c import Case

FOLDERS = (
    *(f"sparql11/{name}" for name in (
        "add", "basic-update", "clear", "copy", "delete", "delete-data", "delete-insert", "delete-where",
        "drop", "move", "syntax-update-1", "syntax-update-2", "update-silent",
    )),
    "sparql12/eval-triple-terms",
    "sparql12/syntax",
    "sparql12/syntax-triple-terms-negative",
    "sparql12/syntax-triple-terms-positive",
)  # fmt: skip
DIFFERENCES = w3c.differences(Path(__file__).with_name("w3c-updates.yaml"))
EVALUATED = w3c.cases(FOLDERS, "UpdateEvaluationTest")
POSITIVE = w3c.cases(FOLDERS, "PositiveUpdateSyntaxTest", "PositiveUpdateSyntaxTest11")
NEGATIVE = [
    case
    for case in w3c.cases(
        FOLDERS,
        *(
            "NegativeUpdateSyntaxTest",
            "NegativeUpdateSyntaxTest11",
            "NegativeSyntaxTest",
            "NegativeSyntaxTest11",
        ),
    )
    if case.text.suffix == ".ru"
]
pytestmark = pytest.mark.skipif(not EVALUATED, reason="../shared/data/tests/sparql is not here")


@dataclass(frozen=True)
class Anyone:
    """A writer who sees and may write everything."""

    name: str = "w3c"
    view: None = None

    def sees(self, graph: NamedNode) -> bool:
        return True

    def writes(self, graph: NamedNode) -> bool:
        return True


@dataclass(frozen=True)
class Door:
    """A store, and the only way in."""

    store: EmbeddedStore
    writes: Writes
    service: Service

    def become(self, quads: set[Quad]) -> None:
        """Make the store hold *quads*, those of the default graph in its stand-in."""
        new = {Quad(s, p, o, DEFAULT if isinstance(g, DefaultGraph) else g) for s, p, o, g in quads}
        old = set(self.store.match(None, None, None))
        self.store.commit(Change(list(new - old), list(old - new)), actor="w3c", action="begin")
        self.service.views.expire()

    def content(self) -> set[Quad]:
        """Return what the store holds, as a dataset with a default graph."""
        found = self.store.match(None, None, None)
        return {Quad(s, p, o, DefaultGraph() if g == DEFAULT else g) for s, p, o, g in found}

    def refusal(self, case: Case) -> str | None:
        """Run the update; return the code by which it was refused."""
        try:
            self.writes.update(case.request, Anyone(), base=case.base)
        except QueryRefused as error:
            return error.faults[0].code
        return None


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    """The writes of the product on an empty store."""
    with (
        w3c.memory() as folder,
        open_store(folder / "store") as store,
        Service(store, folder / "checkpoints", workers=1) as service,
        Writes(store, service, folder / "writing") as writes,
    ):
        yield Door(store, writes, service)


def named(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases])


@named(EVALUATED)
def test_an_update_changes_what_the_engine_and_w3c_say(door: Door, case: Case) -> None:
    door.become(case.before.quads())
    before = door.content()
    refusal = door.refusal(case)
    if (reason := DIFFERENCES.get(case.name)) is not None:
        assert refusal is not None, reason
        assert door.content() == before
        return
    assert refusal is None
    engine = w3c.engine(case)
    engine.update(case.request, base_iri=case.base)
    assert w3c.same(door.content(), set(engine))
    assert w3c.same(door.content(), case.after.quads())


@named(POSITIVE)
def test_what_is_well_written_is_run(door: Door, case: Case) -> None:
    refusal = door.refusal(case)
    if (reason := DIFFERENCES.get(case.name)) is not None:
        assert refusal is not None, reason
    else:
        assert refusal in (None, "query.impossible")  # the graph to be dropped or cleared is not there


@named(NEGATIVE)
def test_what_is_not_well_written_is_refused(door: Door, case: Case) -> None:
    refusal = door.refusal(case)
    if (reason := DIFFERENCES.get(case.name)) is not None:
        assert refusal != "query.syntax", reason
    else:
        assert refusal == "query.syntax"  # 400 in HTTP


def test_every_difference_is_of_a_test_and_is_explained() -> None:
    assert DIFFERENCES.keys() <= {case.name for case in (*EVALUATED, *POSITIVE, *NEGATIVE)}
    assert all(reason.endswith(".") for reason in DIFFERENCES.values())
