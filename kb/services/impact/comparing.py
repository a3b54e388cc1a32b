"""What incidents of an archive gain and lose when a draft takes the place of the knowledge in force.

Each incident is counted once for each conclusion that it has under one of the two only. The figures are
exact; a sample of incidents is derived by the interactive engine as well on every run (:mod:`.checking`).
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from pyoxigraph import NamedNode

from kb.inference.relational.connection import Connection
from kb.inference.relational.keys import key, term
from kb.namespaces import xz
from kb.ontology.knowledge import Knowledge
from kb.services.impact import archive
from kb.services.impact.archive import quoted
from kb.services.impact.checking import require_exact
from kb.services.impact.stages import GROUPS, LATER, MEMORY, Run
from kb.services.workspace import TrialWorkspace, Workspace
from kb.srl.syntax import Term

SAMPLE = 100
EXAMPLES = 3
INCIDENT = xz("Incident")


@dataclass(frozen=True, slots=True)
class Change:
    """How many incidents gain and lose the conclusion that *relation* has *value*, and some of them."""

    relation: NamedNode
    value: Term
    gained: int
    lost: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfType:
    """How many of the incidents of *type* change."""

    type: NamedNode
    changed: int
    incidents: int


@dataclass(frozen=True)
class Impact:
    """What would change.

    :param seconds: from the archive to the figures; *checked*: so many incidents were derived one by one as
        well, with the same result; *stages*: seconds by stage.
    """

    incidents: int
    changed: int
    seconds: float
    checked: int
    changes: tuple[Change, ...]
    types: tuple[OfType, ...]
    stages: dict[str, float] = field(default_factory=dict)


def compare(
    workspace: Workspace,
    knowledge: Knowledge,
    path: Path | None = None,
    *,
    sample: int = SAMPLE,
    memory: str = MEMORY,
) -> Impact:
    """Return what changes for the incidents of the archive at *path* under *knowledge*.

    :param path: a Parquet file of columnar facts; ``None``: the incidents of the store.
    :param sample: so many incidents are derived by the interactive engine as well.
    :raises InputError: ``impact.archive``, ``impact.unforeseen``; :raises KnowledgeFault: for *knowledge*
    that
        is not well-formed; :raises StoreError: ``impact.inexact``: the sample shows figures to be wrong.
    """
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="xiezhi-impact-") as name:
        if path is None:
            path = Path(name) / "incidents.parquet"
            if not archive.of_store(workspace, path):
                return Impact(0, 0, time.perf_counter() - start, 0, (), ())
        trial = TrialWorkspace(workspace, knowledge)
        with Connection(memory=memory) as connection:
            run = Run(workspace, trial, path, connection)
            run.all()
            changed = _changed(run)
            changes, types = _changes(run), _types(run)
            start_check = time.perf_counter()
            checked = require_exact(run, sample)
            run.seconds["check"] = time.perf_counter() - start_check
            return Impact(
                run.incidents, changed, time.perf_counter() - start, checked, changes, types, run.seconds
            )


def _changed(run: Run) -> int:
    """Make ``jc`` (j): the combinations that change; return of how many incidents."""
    groups = " OR ".join(f"c{g}" for g in range(len(run.groups)))
    run.database.run(
        f"""CREATE TABLE jc AS SELECT j FROM joint WHERE {groups} UNION
        SELECT j FROM pair JOIN pairs USING (old, new) SEMI JOIN ddiff ON ddiff.pair = pairs.pair"""
    )
    return int(run.database.one("SELECT coalesce(sum(n), 0) FROM joint SEMI JOIN jc USING (j)"))


def _changes(run: Run) -> tuple[Change, ...]:
    order = {key(p): at for at, names in enumerate((*GROUPS, LATER)) for p in names}
    rows = run.database.rows(
        f"""WITH one AS (
            SELECT rel, okey, gained, n, node AS inc FROM diff JOIN rep ON rep.g = diff.g AND rep.rep =
            diff.node
            UNION ALL
            SELECT rel, okey, gained, pairs.n, inc FROM ddiff JOIN pairs USING (pair) JOIN code USING (c)
            JOIN (SELECT old, new, min(inc) AS inc FROM pair JOIN joint USING (j) GROUP BY old, new) USING
            (old, new)
        ), summed AS (
            SELECT rel, okey, sum(n) FILTER (gained) AS gains, sum(n) FILTER (NOT gained) AS losses,
            list_sort(list(DISTINCT inc))[1:{EXAMPLES}] AS shown FROM one GROUP BY rel, okey)
        SELECT rel, okey, coalesce(gains, 0), coalesce(losses, 0),
            shown FROM summed"""
    )
    wanted = sorted({inc for row in rows for inc in row[4]})
    names = dict(
        run.database.rows("SELECT inc, subject FROM inc WHERE list_contains(?, inc)", wanted)
        if wanted
        else []
    )
    rows.sort(key=lambda row: (order.get(row[0], 99), row[0], -row[2] - row[3], row[1]))
    found = []
    for rel, okey, gained, lost, some in rows:
        relation = term(rel)
        assert isinstance(relation, NamedNode)
        examples = tuple(names[inc][1:-1].rsplit("/", 1)[-1] for inc in some)
        found.append(Change(relation, term(okey), int(gained), int(lost), examples))
    return tuple(found)


def _types(run: Run) -> tuple[OfType, ...]:
    rows = run.database.rows(
        f"""SELECT okey, sum(changed)::BIGINT, sum(n)::BIGINT FROM (
            SELECT key, sum(n) AS n, coalesce(sum(n) FILTER (j IN (SELECT j FROM jc)), 0) AS changed
            FROM joint GROUP BY key)
        JOIN (SELECT key, unnest(types) AS o FROM keys) USING (key) JOIN val USING (o)
        WHERE okey <> {quoted(INCIDENT)} GROUP BY okey HAVING sum(changed) > 0 ORDER BY 2 DESC, 1"""
    )
    found = []
    for okey, changed, incidents in rows:
        type_ = term(okey)
        assert isinstance(type_, NamedNode)
        found.append(OfType(type_, changed, incidents))
    return tuple(found)
