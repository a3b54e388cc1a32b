"""Incidents derived one by one under both bodies of knowledge: what they were counted with must agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from pyoxigraph import NamedNode, Triple

from kb.errors import StoreError
from kb.inference.relational.keys import key, term
from kb.services.impact.archive import quoted
from kb.services.impact.stages import INVOLVES, LATER, Run
from kb.services.incident import derive
from kb.services.workspace import Workspace

SEED = 1


@dataclass
class Counted:
    """What an incident was counted with under each version.

    *later* says whether the later relations are among that; where not, they were counted as unchanged.
    """

    old: set[tuple[str, str]] = field(default_factory=set)
    new: set[tuple[str, str]] = field(default_factory=set)
    later: bool = False


def require_exact(run: Run, sample: int) -> int:
    """Derive *sample* incidents with the interactive engine; return how many there were.

    Half of them are taken from those that change, as far as there are so many.

    :raises StoreError: ``impact.inexact``: one has other conclusions than it was counted with.
    """
    database = run.database
    change = database.rows(
        f"SELECT inc FROM joint SEMI JOIN jc USING (j) ORDER BY hash(inc + {SEED}), inc LIMIT ?", sample // 2
    )
    chosen = {row[0] for row in change}
    others = database.rows(f"SELECT inc FROM inc ORDER BY hash(inc + {SEED}), inc LIMIT ?", sample)
    chosen.update([row[0] for row in others if row[0] not in chosen][: sample - len(chosen)])
    incidents = sorted(chosen)
    if incidents:
        require_counted(run, incidents)
    return len(incidents)


def require_counted(run: Run, incidents: Sequence[int]) -> None:
    """Derive each of *incidents* (numbers of the table ``inc``) under both versions, and compare.

    :raises StoreError: ``impact.inexact``.
    """
    counted = _counted(run, incidents)
    later = frozenset(map(key, LATER))
    for inc, (subject, facts) in _facts(run).items():
        said = counted[inc]
        old, new = (_derived(run, side, subject, facts) for side in (run.old, run.new))
        if not said.later:
            said.old |= {row for row in old if row[0] in later}
            said.new |= {row for row in old if row[0] in later}
        wrong = (said.old ^ old) | (said.new ^ new)
        if wrong:
            raise StoreError.of(
                "impact.inexact",
                f"对 {subject.value} 逐起推理的结果与汇总不一致（{len(wrong)} 处），因此不给出数字",
                f"{subject.value} derived by itself disagrees with the figures in {len(wrong)} conclusions; "
                "so no figures are given",
                where=min(" ".join(row) for row in wrong),
                repair=(
                    "请把草案和该事件报告给产品维护者",
                    "report the draft and this incident to the maintainers of the product",
                ),
            )


def _counted(run: Run, incidents: Sequence[int]) -> dict[int, Counted]:
    database = run.database
    database.put("drawn", {"inc": pa.int32()}, [(inc,) for inc in incidents])
    found = {inc: Counted() for inc in incidents}
    for g in range(len(run.groups)):
        for inc, rel, okey, version in database.rows(
            f"""SELECT DISTINCT inc, rel, okey, v FROM sig SEMI JOIN drawn USING (inc)
            JOIN con ON con.g = {g} AND con.node = sig.r{g} WHERE rel <> {quoted(INVOLVES)}"""
        ):
            (found[inc].old if version == "old" else found[inc].new).add((rel, okey))
    names = ["key", "again", *(f"{letter}{g}" for g in range(len(run.groups)) for letter in "onc")]
    same = " AND ".join(f"line.{name} = joint.{name}" for name in names)
    database.run(
        f"""CREATE OR REPLACE TABLE drawn_pair AS SELECT line.inc, pair.old, pair.new
        FROM line SEMI JOIN drawn USING (inc) LEFT JOIN ip ON ip.inc = line.inc
        JOIN joint ON {same} AND joint.place = coalesce(ip.place, 0) JOIN pair USING (j)"""
    )
    for (inc,) in database.rows("SELECT inc FROM drawn_pair"):
        found[inc].later = True
    later = "old" if run.alike else "new"
    for side, version in (("old", "old"), ("new", later)):
        for inc, rel, okey in database.rows(
            f"""SELECT inc, rel, okey FROM drawn_pair JOIN dset ON dset.d = drawn_pair.{side}
            AND dset.v = '{version}' JOIN code USING (c)"""
        ):
            (found[inc].old if side == "old" else found[inc].new).add((rel, okey))
    return found


def _facts(run: Run) -> dict[int, tuple[NamedNode, list[Triple]]]:
    found: dict[int, tuple[NamedNode, list[Triple]]] = {}
    for inc, *parts in run.database.rows(
        f"""SELECT inc, subject, predicate, object FROM {run.facts.file}
        JOIN (SELECT * FROM inc SEMI JOIN drawn USING (inc)) USING (subject)"""
    ):
        subject, predicate, object_ = map(term, parts)
        assert isinstance(subject, NamedNode)
        assert isinstance(predicate, NamedNode)
        found.setdefault(inc, (subject, []))[1].append(Triple(subject, predicate, object_))
    return found


def _derived(run: Run, side: Workspace, subject: NamedNode, facts: Iterable[Triple]) -> set[tuple[str, str]]:
    wanted = LATER.union(*run.groups) - {INVOLVES}
    return {
        (key(t.predicate), key(t.object))
        for t in derive(side, subject, facts)
        if t.subject == subject and t.predicate in wanted
    }
