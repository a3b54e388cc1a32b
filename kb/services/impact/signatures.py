"""Incidents that look alike to the rules of a group, and one of each to derive.

For incidents of one kind (the same types) each useful fact is a bit (values that nothing tells apart share
one); an incident's signature is its kind and the bits of what holds for it, so it is exact. Incidents with
one signature have the same conclusions in this group: the one with the smallest number stands for them. The
tables:

``af`` (a, rel, okey, v)   the useful facts
``ua`` (u, a)              those that a unit value gives
``ub`` (g, key, a)         those that are useful to a group for a kind
``sig`` (inc, key, r0, …)  the incident that stands for each, by group
``rep`` (g, rep, key, n)   those that stand for others, and for how many
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from pyoxigraph import NamedNode

from kb.inference.relational.keys import key, term
from kb.namespaces import RDF_TYPE
from kb.services.impact.archive import ArchivedFacts, Database, class_of, quoted
from kb.services.impact.outcomes import node
from kb.services.impact.reading import Reading
from kb.services.impact.usage import Usage, Value, joint
from kb.services.impact.useful import Usefulness, classed
from kb.srl.syntax import Term

MOST_KINDS = 400
"""So many kinds of incidents (sets of types) are looked at for themselves."""
BITS = 60
"""Bits of one column of a signature."""
USEFUL = {"g": pa.int32(), "key": pa.int32(), "rel": pa.string(), "okey": pa.string(), "v": pa.string()}


@dataclass(frozen=True)
class Group:
    """Relations that are derived together, with how the rules of each version read for them."""

    targets: frozenset[NamedNode]
    readings: Sequence[Reading]


def compared(groups: Sequence[Group]) -> frozenset[NamedNode]:
    """Return the inputs that every group only compares."""
    return classed([reading for group in groups for reading in group.readings]) - {RDF_TYPE}


@dataclass
class Useful:
    """Rows of the table ``useful``, and with what incidents of a kind are compared in a group: by group, kind
    and predicate.
    """

    rows: list[tuple[int, int, str, str | None, str]] = field(default_factory=list)
    limits: dict[tuple[int, int, str], Value] = field(default_factory=dict)

    def add(self, other: Useful) -> None:
        """Add what *other* has."""
        self.rows += other.rows
        self.limits |= other.limits


def useful_rows(
    group: int,
    readings: Sequence[Reading],
    targets: frozenset[NamedNode],
    alike: frozenset[NamedNode],
    kinds: Mapping[int, Mapping[NamedNode, Sequence[Term]]],
    known: Mapping[NamedNode, Sequence[Term]],
) -> Useful:
    """Return what is useful for each kind in each version.

    :param kinds: what incidents of each kind have for certain; *known*: what any may have.
    """
    useful = Useful()
    for reading in readings:
        finder = Usefulness(reading, targets, alike)
        inputs = reading.read()
        possible: dict[NamedNode, Sequence[Term]] = {}
        for predicate, objects in known.items():
            admitted = None if predicate in alike else reading.candidates(predicate)
            possible[predicate] = objects if admitted is None else [o for o in objects if o in admitted]
        # First of an incident of all kinds at once: what is useless to it need not be tried for each kind.
        most = finder.of({**{p: o for p, o in possible.items() if p in inputs}, **_together(kinds.values())})
        some = {
            p: objects if p in alike or p in most.whole else [o for o in objects if o in most.objects[p]]
            for p, objects in possible.items()
            if p in inputs and (p in most.objects or p in most.whole)
        }
        for numbers in _batches(kinds):
            facts = _together(kinds[number] for number in numbers)
            found = finder.of({**some, **facts})
            for predicate in (found.objects.keys() | found.whole) & inputs - facts.keys():
                whole = predicate in found.whole or predicate in alike
                okeys = [None] if whole else [key(o) for o in found.objects[predicate]]
                useful.rows += [
                    (group, number, key(predicate), okey, reading.version.name)
                    for number in numbers
                    for okey in okeys
                ]
            for predicate in alike & inputs:
                usage = Usage(
                    frozenset(found.bounds.get(predicate, ())), frozenset(found.equals.get(predicate, ()))
                )
                for number in numbers:
                    place = (group, number, key(predicate))
                    useful.limits[place] = joint((useful.limits.get(place, Usage()), usage))
    return useful


def _batches(kinds: Mapping[int, Mapping[NamedNode, Sequence[Term]]]) -> Iterator[list[int]]:
    """Yield the kinds one by one or, where there are very many, those beside one another together.

    What is useful to any of several kinds is more than what is useful to each: that costs time and no
    exactness.
    """
    order = sorted(kinds, key=lambda number: str(sorted(kinds[number].items(), key=str)))
    size = -(-len(order) // MOST_KINDS)
    for start in range(0, len(order), size or 1):
        yield order[start : start + size]


def _together(kinds: Iterable[Mapping[NamedNode, Sequence[Term]]]) -> dict[NamedNode, list[Term]]:
    found: dict[NamedNode, dict[Term, None]] = {}
    for facts in kinds:
        for predicate, objects in facts.items():
            found.setdefault(predicate, {}).update(dict.fromkeys(objects))
    return {predicate: list(objects) for predicate, objects in found.items()}


class Signatures:
    """Makes the tables from ``fu``, ``out`` and ``k``."""

    def __init__(self, database: Database, facts: ArchivedFacts) -> None:
        self._database, self._facts = database, facts

    def known(
        self, relations: frozenset[NamedNode], alike: frozenset[NamedNode]
    ) -> dict[NamedNode, list[Term]]:
        """Return the objects that *relations* have in ``out``; one for those whose values are only
        compared."""
        found: dict[NamedNode, list[Term]] = {}
        for predicate in relations:
            most = "LIMIT 1" if predicate in alike else ""
            rows = self._database.rows(f"SELECT DISTINCT okey FROM out WHERE rel = ? {most}", key(predicate))
            found[predicate] = [term(row[0]) for row in rows]
        return found

    def make(self, groups: Sequence[Group], useful: Useful) -> None:
        """Make all tables."""
        database = self._database
        database.put("useful", USEFUL, useful.rows)
        self.facts_useful("useful", "af", "ua")
        database.run(
            """CREATE TABLE ub AS SELECT DISTINCT g, key, a FROM af JOIN useful ON useful.rel = af.rel
            AND (useful.okey IS NULL OR useful.okey = af.okey) AND (af.v = 'both' OR af.v = useful.v)"""
        )
        self.classes("ua", "uc", "ca")
        self._merge(useful)
        database.run(
            """CREATE TABLE bit AS SELECT g, key, a,
            dense_rank() OVER (PARTITION BY g, key ORDER BY coalesce(one, a)) - 1 AS bit
            FROM ub LEFT JOIN merged USING (g, key, a)"""
        )
        words = dict(database.rows(f"SELECT g, max(bit) // {BITS} + 1 FROM bit GROUP BY g"))
        columns = {g: [f"w{g}_{w}" for w in range(words.get(g, 0))] for g in range(len(groups))}
        named = [(g, w, name) for g, names in columns.items() for w, name in enumerate(names)]
        picked = "".join(
            f""", coalesce(bit_or(1::BIGINT << (bit % {BITS})::BIGINT)
            FILTER (g = {g} AND bit // {BITS} = {w}), 0) AS {name}"""
            for g, w, name in named
        )
        database.run(
            f"CREATE TABLE mask AS SELECT key, cls{picked} FROM ca JOIN bit USING (a) GROUP BY key, cls"
        )
        summed = "".join(f", bit_or({name}) AS {name}" for _, _, name in named)
        database.run(
            f"""CREATE TABLE gathered AS SELECT inc{summed} FROM fu JOIN uc USING (u) JOIN k USING (inc)
            JOIN mask USING (key, cls) GROUP BY inc"""
        )
        filled = "".join(f", coalesce({name}, 0) AS {name}" for _, _, name in named)
        database.run(f"CREATE TABLE whole AS SELECT k.inc, key{filled} FROM k LEFT JOIN gathered USING (inc)")
        database.run("DROP TABLE gathered")
        database.run("CREATE TABLE rep (g INTEGER, rep INTEGER, key INTEGER, n BIGINT)")
        joins, chosen = "", ""
        for g, names in columns.items():
            by = ", ".join(("key", *names))
            database.run(
                f"CREATE TABLE rep{g} AS SELECT {by}, min(inc) AS rep, count(*) AS n FROM whole GROUP BY {by}"
            )
            database.run(f"INSERT INTO rep SELECT {g}, rep, key, n FROM rep{g}")
            joins += f" JOIN rep{g} USING ({by})"
            chosen += f", rep{g}.rep AS r{g}"
        database.run(f"CREATE TABLE sig AS SELECT inc, whole.key{chosen} FROM whole{joins}")
        database.run("DROP TABLE whole")

    def _merge(self, useful: Useful) -> None:
        """Make ``merged`` (g, key, a, one): values that nothing of a kind tells apart share a bit."""
        values: dict[str, list[tuple[int, Term]]] = {}
        for a, rel, okey in self._database.rows("SELECT a, rel, okey FROM af ORDER BY a"):
            values.setdefault(rel, []).append((a, term(okey)))
        rows = []
        for (g, number, rel), usage in useful.limits.items():
            ones: dict[str, int] = {}
            for a, value in values.get(rel, ()) if usage is not None else ():
                rows.append((g, number, a, ones.setdefault(class_of(value, usage), a)))  # type: ignore[arg-type]
        self._database.put("merged", dict.fromkeys(("g", "key", "a", "one"), pa.int32()), rows)

    def facts_useful(self, useful: str, facts: str, of_units: str) -> None:
        """Make the tables *facts* (a, rel, okey, v) and *of_units* (u, a) of what *useful* names."""
        self._database.run(
            f"""CREATE OR REPLACE TABLE {facts} AS SELECT row_number() OVER (ORDER BY rel, okey, v)::INTEGER
            AS a, * FROM (
            SELECT DISTINCT out.rel, out.okey, out.v
            FROM out SEMI JOIN (SELECT DISTINCT rel, okey, v FROM {useful}) AS s ON s.rel = out.rel
            AND (s.okey IS NULL OR s.okey = out.okey) AND (out.v = 'both' OR out.v = s.v))"""
        )
        self._database.run(
            f"CREATE OR REPLACE TABLE {of_units} AS SELECT u, a FROM out JOIN {facts} USING (rel, okey, v)"
        )

    def classes(self, of_units: str, of_unit: str, facts: str) -> None:
        """Make *of_unit* (u, cls) and *facts* (cls, a): unit values that give the same useful facts are
        one."""
        database = self._database
        database.run(
            f"""CREATE OR REPLACE TABLE lists AS SELECT u, list_sort(list(DISTINCT a)) AS l
            FROM {of_units} GROUP BY u"""
        )
        database.run(
            "CREATE OR REPLACE TABLE numbered AS SELECT l, row_number() OVER (ORDER BY l)::INTEGER AS cls "
            "FROM (SELECT DISTINCT l FROM lists)"
        )
        database.run(f"CREATE OR REPLACE TABLE {of_unit} AS SELECT u, cls FROM lists JOIN numbered USING (l)")
        database.run(f"CREATE OR REPLACE TABLE {facts} AS SELECT cls, unnest(l) AS a FROM numbered")
        database.run("DROP TABLE lists; DROP TABLE numbered")

    def representatives(self, group: int, version: str, into: str) -> None:
        """Make the table of facts *into* of the incidents that stand for others in *group*."""
        self._database.run(
            f"""CREATE OR REPLACE TABLE {into} AS
            SELECT {node("rep")} AS subject, rel AS predicate, okey AS object FROM (
                SELECT DISTINCT rep, ua.a FROM fu JOIN rep ON rep.rep = fu.inc AND rep.g = {group}
                JOIN ua USING (u) JOIN ub ON ub.g = {group} AND ub.key = rep.key AND ub.a = ua.a
            ) JOIN af USING (a) WHERE v IN ('both', '{version}')
            UNION ALL SELECT {node("rep")}, {quoted(RDF_TYPE)}, okey
            FROM val JOIN (SELECT rep, o FROM fact JOIN rep ON rep.rep = fact.inc AND rep.g = {group}
            WHERE p = {self._facts.number(RDF_TYPE)}) USING (o)"""
        )
