"""Relations that follow from few facts: derived once for each combination of those, not for each incident.

Each *unit value* (a class of one fact, or of facts that rules read together) is a node of its own; what
follows for an incident is the union over its unit values. The tables:

``fu`` (inc, u)            the unit values of each incident
``out`` (u, rel, okey, v)  what follows from each; *v* is ``old``, ``new`` or ``both``
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
from pyoxigraph import NamedNode

from kb.inference.relational.executor import RelationalExecutor
from kb.services.impact.archive import ArchivedFacts, Database, klass, quoted, values
from kb.services.impact.dividing import units
from kb.services.impact.reading import Reading
from kb.services.impact.usage import Value, usage_of
from kb.services.impact.versions import ROOT_OF_NODES, Version, table
from kb.srl.syntax import Rule

FACTS = ("subject", "predicate", "object")


@dataclass
class Deriving:
    """Runs rules of a version over a table of facts of nodes that stand for incidents."""

    database: Database

    def run(
        self, version: Version, rules: Sequence[Rule], facts: str, targets: Iterable[NamedNode], into: str
    ) -> None:
        """Derive from the table *facts* (subject, predicate, object) into *into* (node, rel, okey)."""
        connection = self.database.connection
        self.database.run(f"CREATE OR REPLACE TABLE {into} (node INTEGER, rel VARCHAR, okey VARCHAR)")
        wanted = sorted(targets, key=str)
        if not rules or not wanted:
            return
        base = connection.table(table(version.background(rules)))
        given: ir.Table = connection.backend.table(facts)
        executor = RelationalExecutor(rules, connection)
        found = executor.derive(base, given).facts(*wanted)
        if found is None:
            return
        connection.backend.create_table("impact_found", found, overwrite=True)
        start = len(f"<{ROOT_OF_NODES}") + 1
        self.database.run(
            f"""INSERT INTO {into} SELECT substr(subject, {start}, length(subject) - {start})::INTEGER,
            predicate, object FROM impact_found WHERE starts_with(subject, '<{ROOT_OF_NODES}')
            AND NOT contains(substr(subject, {start}), '/')"""
        )
        self.database.run("DROP TABLE impact_found")

    def alike(self, versions: Sequence[Version], rules: Sequence[Sequence[Rule]]) -> bool:
        """Whether the versions have the same rules, and the same background for them."""
        if rules[0] != rules[1]:
            return False
        first, second = (v.knowledge(r) for v, r in zip(versions, rules, strict=True))
        return first == second


def node(number: str) -> str:
    """SQL: the key of the node of *number*."""
    return f"'<{ROOT_OF_NODES}' || {number} || '>'"


class Outcomes:
    """Fills ``fu`` and ``out``."""

    def __init__(self, database: Database, facts: ArchivedFacts, deriving: Deriving) -> None:
        self._database, self._facts, self._deriving = database, facts, deriving
        self._units = 0
        database.run("CREATE TABLE fu (inc INTEGER, u INTEGER)")
        database.run("CREATE TABLE out (u INTEGER, rel VARCHAR, okey VARCHAR, v VARCHAR)")

    def relation(self, wanted: NamedNode, versions: Sequence[Version], readings: Sequence[Reading]) -> None:
        """Add the relation *wanted* as the rules of *readings* derive it in each of *versions*."""
        database = self._database
        database.run("CREATE OR REPLACE TABLE unitfact (u INTEGER, p INTEGER, o INTEGER)")
        divided = units(readings)
        alone = frozenset().union(*(unit.predicates for unit in divided if unit.alone))
        for predicates, add in (
            (alone, self._alone),
            *((unit.predicates, self._together) for unit in divided if not unit.alone),
        ):
            if predicates:
                self._classes({p: usage_of(readings, p) for p in predicates})
                add(sorted(map(self._facts.number, predicates)))
        database.run(
            f"""CREATE OR REPLACE TABLE unitfacts AS SELECT {node("u")} AS subject, predicate, okey AS object
            FROM val JOIN unitfact USING (o) JOIN pred USING (p)"""
        )
        names = [version.name for version in versions]
        rules = [reading.rules for reading in readings]
        self._deriving.run(versions[0], rules[0], "unitfacts", [wanted], "found_old")
        if self._deriving.alike(versions, rules):
            database.run("INSERT INTO out SELECT node, rel, okey, 'both' FROM found_old")
            return
        self._deriving.run(versions[1], rules[1], "unitfacts", [wanted], "found_new")
        database.run(
            f"""INSERT INTO out
            WITH differ AS (SELECT DISTINCT rel, okey FROM (
                (FROM found_old EXCEPT FROM found_new) UNION (FROM found_new EXCEPT FROM found_old)))
            SELECT node, rel, okey, 'both' FROM found_old ANTI JOIN differ USING (rel, okey)
            UNION ALL SELECT node, rel, okey, '{names[0]}' FROM found_old SEMI JOIN differ USING (rel, okey)
            UNION ALL SELECT node, rel, okey, '{names[1]}' FROM found_new SEMI JOIN differ USING (rel,
            okey)"""
        )

    def itself(self, predicate: NamedNode, usage: Value) -> None:
        """Add the facts of *predicate* as they are, by the class of their values."""
        database = self._database
        database.run("CREATE OR REPLACE TABLE unitfact (u INTEGER, p INTEGER, o INTEGER)")
        self._classes({predicate: usage})
        self._alone([self._facts.number(predicate)])
        database.run(
            f"""INSERT INTO out SELECT u, {quoted(predicate)}, okey, 'both'
            FROM val JOIN unitfact USING (o)"""
        )

    def _classes(self, usages: dict[NamedNode, Value]) -> None:
        """Make ``c`` (p, o, c): the class of each fact; a class's smallest value stands for it."""
        whole = " UNION ALL ".join(
            f"SELECT p, o, {klass(usage)} AS klass FROM ({values(self._facts.number(p))})"
            for p, usage in usages.items()
        )
        self._database.run(
            f"""CREATE OR REPLACE TABLE c AS WITH classes AS MATERIALIZED ({whole})
            SELECT p, o, c FROM classes JOIN (SELECT p, klass, min(o) AS c FROM classes GROUP BY p, klass)
            USING (p, klass)"""
        )

    def _alone(self, predicates: Sequence[int]) -> None:
        database = self._database
        database.run(
            f"""CREATE OR REPLACE TABLE cu AS
            SELECT p, c, {self._units} + row_number() OVER ()::INTEGER AS u FROM (SELECT DISTINCT p, c FROM
            c)"""
        )
        database.run("INSERT INTO unitfact SELECT u, p, c FROM cu")
        database.run(
            f"""INSERT INTO fu SELECT inc, u FROM (FROM fact WHERE p IN ({", ".join(map(str, predicates))}))
            JOIN (
            SELECT c.p, c.o, cu.u FROM c JOIN cu USING (p, c)) USING (p, o)"""
        )
        self._units += int(database.one("SELECT count(*) FROM cu"))

    def _together(self, predicates: Sequence[int]) -> None:
        database, pair = self._database, f"p::BIGINT * {2**32} + c"
        database.run(
            f"""CREATE OR REPLACE TABLE sets AS SELECT inc, list_sort(list({pair})) AS s
            FROM (FROM fact WHERE p IN ({", ".join(map(str, predicates))})) JOIN c USING (p, o) GROUP BY
            inc"""
        )
        database.run(
            f"""CREATE OR REPLACE TABLE su AS
            SELECT s, {self._units} + row_number() OVER ()::INTEGER AS u FROM (SELECT DISTINCT s FROM sets)"""
        )
        database.run(
            f"INSERT INTO unitfact SELECT u, (f // {2**32})::INTEGER, (f % {2**32})::INTEGER "
            "FROM (SELECT u, unnest(s) AS f FROM su)"
        )
        database.run("INSERT INTO fu SELECT inc, u FROM sets JOIN su USING (s)")
        self._units += int(database.one("SELECT count(*) FROM su"))
        database.run("DROP TABLE sets")
