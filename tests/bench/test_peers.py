"""What the bulk benchmark compares answers alike: on a few incidents, every peer derives the same facts.

pySHACL is left out for its time (README.md beside this file).
"""

from __future__ import annotations

import importlib.util
import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from kb.inference.program import read
from kb.inference.relational.connection import Connection
from kb.inference.relational.executor import RelationalExecutor
from kb.inference.relational.keys import key
from kb.namespaces import ROOT, XZ, xz
from kb.resources import folder
from kb.services import synthetic
from kb.services.workspace import Workspace
from tests.inference.relational import needs_spark

PEERS = Path(__file__).parent / "peers"
INCIDENTS = 50
Rows = set[tuple[str, str, str]]
Run = Callable[..., tuple[dict[str, Any], Rows]]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def inputs(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The base graph and incidents of Qingdao, as files."""
    place = tmp_path_factory.mktemp("peers")
    base, incidents = place / "base.parquet", place / "incidents.parquet"
    synthetic.background(workspace, base)
    synthetic.incidents(workspace, "370200", INCIDENTS, incidents)
    return base, incidents


@pytest.fixture(scope="module")
def run(inputs: tuple[Path, Path]) -> Run:
    """A function that runs a peer on the incidents and returns its figures and what it derived."""
    base, incidents = inputs
    place = base.parent

    def run(peer: str, limit: int = INCIDENTS) -> tuple[dict[str, Any], Rows]:
        output = place / f"{peer}.parquet"
        files = [folder("rules"), base, incidents, "--limit", limit, "--output", output]
        command = [sys.executable, PEERS / f"{peer}.py", *files]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        figures = json.loads(done.stdout)
        assert figures["incidents"] == limit
        return figures, set(duckdb.from_parquet(str(output)).fetchall())

    return run


@pytest.fixture(scope="module")
def derived(run: Run) -> Rows:
    """What the interactive executor derives."""
    return run("interactive")[1]


@pytest.fixture(scope="module")
def seen(workspace: Workspace, derived: Rows) -> Rows:
    """What people see of it, as far as the hand-written peers know it: a new conclusion is not theirs yet."""
    conclusions = runpy.run_path(str(PEERS / "plain_sql.py"))["CONCLUSIONS"]
    working = workspace.store.match(None, xz("workingProperty"), None)
    assert not {key(quad.subject) for quad in working} & {f"<{XZ}{name}>" for name in conclusions}
    return {row for row in derived if row[1] in {f"<{XZ}{name}>" for name in conclusions}}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # PySpark's sockets
@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=needs_spark)])
def test_the_bulk_executor_derives_what_the_interactive_one_derives(
    inputs: tuple[Path, Path], derived: Rows, engine: str
) -> None:
    with Connection(engine) as connection:
        executor = RelationalExecutor(read(folder("rules")).response, connection)
        found = executor.derive(*map(connection.read, inputs)).facts()
        assert found is not None
        rows = found.to_pyarrow().to_pylist()
    assert {(row["subject"], row["predicate"], row["object"]) for row in rows} == derived


@pytest.mark.parametrize("peer", ["nemo", "oxigraph"])
def test_rule_engines_derive_the_same_facts(run: Run, derived: Rows, peer: str) -> None:
    if peer == "nemo" and importlib.util.find_spec("nmo_python") is None:
        pytest.skip("nmo_python is not installed: pip install '.[bench]'")
    figures, found = run(peer)
    assert found == derived
    assert figures["derived"] == len(derived)


@pytest.mark.parametrize("peer", ["hand", "plain_duckdb"])
def test_hand_written_answers_are_those_that_people_see(run: Run, seen: Rows, peer: str) -> None:
    """Whoever changes what a rule concludes changes `hand.py` and `plain_sql.py` too."""
    assert run(peer)[1] == seen


def test_owlrl_finds_the_kinds_of_an_incident(run: Run, derived: Rows) -> None:
    if importlib.util.find_spec("owlrl") is None:
        pytest.skip("owlrl is not installed: pip install '.[bench]'")
    _, found = run("owl_closure", 1)
    classes = {(s, o) for s, p, o in found if p.endswith("#type>") and s.startswith(f"<{ROOT}incident/")}
    assert classes
    incident = next(iter(classes))[0]
    kinds = {(s, o) for s, p, o in derived if s == incident and p == f"<{XZ}kind>"}
    # Its own type and that it is an incident were told; the closure adds the types between.
    assert len(kinds - classes) <= 2
