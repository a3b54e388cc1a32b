"""The stages in order: from an archive to the conclusions of both bodies of knowledge.

Which relations are derived together, and which of them later rules may start from, is said here; what they
rest on is read from the rules of both versions. Any choice gives the same figures: a bad one takes longer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pyoxigraph import NamedNode

from kb.inference.relational.connection import Connection
from kb.namespaces import RDF_TYPE, xz
from kb.services.impact.archive import ArchivedFacts, Database, quoted
from kb.services.impact.dividing import early, units
from kb.services.impact.following import Following
from kb.services.impact.outcomes import Deriving, Outcomes, node
from kb.services.impact.reading import Reading
from kb.services.impact.signatures import Group, Signatures, Useful, compared, useful_rows
from kb.services.impact.usage import usage_of
from kb.services.impact.versions import Cities, Version
from kb.services.workspace import Workspace

EARLY = (xz("satisfies"), xz("reports"), xz("within"))
"""What follows from a few facts each, and everything else starts from."""
GROUPS = (
    frozenset((xz("grade"), xz("activatedUnder"), xz("responseLevel"))),
    frozenset((xz("activates"),)),
    frozenset((xz("leadDuty"), xz("supportDuty"))),
)
INVOLVES = xz("involves")
LATER = frozenset((xz("leadDepartment"), xz("supportDepartment")))
"""What rests on the conclusions of the groups."""
MEMORY = "3GB"


@dataclass
class Run:
    """Everything that a comparison of *old* and *new* knowledge over the archive at *path* works with.

    :attr:`seconds` says how long each stage took.
    """

    old: Workspace
    new: Workspace
    path: Path
    connection: Connection
    incidents: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    groups: list[frozenset[NamedNode]] = field(default_factory=list)
    alike: bool = False

    def __post_init__(self) -> None:
        """Open the archive."""
        self.database = Database(self.connection)
        self.facts = ArchivedFacts(self.database, self.path)
        self.deriving = Deriving(self.database)
        cities = Cities(self.old)
        self.versions = (Version("old", self.old, cities), Version("new", self.new, cities))

    def all(self) -> None:
        """Run every stage.

        :raises InputError: ``impact.unforeseen``, ``impact.archive``.
        """
        with_clock = self._timed
        reported = self.facts.reported
        self.facts.require_reported(LATER.union(EARLY, (INVOLVES,), *GROUPS))
        first = {
            name: [Reading(v, early(v, name, reported), reported) for v in self.versions] for name in EARLY
        }
        given = frozenset(EARLY)
        self.groups = list(GROUPS)
        involving = self._readings({INVOLVES}, given.union(*self.groups))
        divided = units(involving)
        linear = all(unit.alone and unit.predicates <= frozenset().union(*self.groups) for unit in divided)
        if not linear:
            self.groups[-1] |= {INVOLVES}
        groups = [Group(targets, self._readings(targets, given)) for targets in self.groups]
        later = self._readings(LATER, given.union(*self.groups) | {INVOLVES})
        everything = [*groups, Group(LATER, later)]
        alike = compared(everything)
        read = frozenset().union(*(r.read() for group in everything for r in group.readings))
        raw = (read & reported) - {RDF_TYPE}
        wanted = raw.union(*(r.read() for readings in first.values() for r in readings))
        with_clock("load", lambda: self._load(wanted))
        outcomes = Outcomes(self.database, self.facts, self.deriving)
        for name in EARLY:
            if name in read:
                with_clock(name.value, lambda name=name: outcomes.relation(name, self.versions, first[name]))  # type: ignore[misc]
        readings = [r for group in everything for r in group.readings]
        for predicate in sorted(raw, key=str):
            usage = usage_of(readings, predicate) if predicate in alike else None
            with_clock("facts", lambda p=predicate, u=usage: outcomes.itself(p, u))  # type: ignore[misc]
        signatures = Signatures(self.database, self.facts)
        known = frozenset(raw | (given & read))
        with_clock("signatures", lambda: self._sign(signatures, groups, known, alike))
        with_clock("groups", lambda: self._conclude(signatures, groups))
        if linear:
            with_clock("involves", lambda: self._involve(involving))
        following = Following(
            self.database, self.facts, self.deriving, signatures, later, LATER, len(self.groups)
        )
        with_clock("later", lambda: following.run(known, alike))
        self.alike = following.alike

    def _readings(
        self, targets: set[NamedNode] | frozenset[NamedNode], given: frozenset[NamedNode]
    ) -> list[Reading]:
        return [
            Reading(version, version.stage(targets, given), self.facts.reported, given)
            for version in self.versions
        ]

    def _load(self, wanted: frozenset[NamedNode]) -> None:
        self.incidents = self.facts.load(wanted)

    def _sign(
        self,
        signatures: Signatures,
        groups: Sequence[Group],
        known: frozenset[NamedNode],
        alike: frozenset[NamedNode],
    ) -> None:
        kinds = {number: {RDF_TYPE: types} for number, types in self.facts.kinds().items()}
        may = signatures.known(known, alike)
        useful = Useful()
        for number, group in enumerate(groups):
            useful.add(useful_rows(number, group.readings, group.targets, alike, kinds, may))
        signatures.make(groups, useful)

    def _conclude(self, signatures: Signatures, groups: Sequence[Group]) -> None:
        """Derive ``con`` (g, node, rel, okey, v) and ``diff`` (g, node, rel, okey, gained)."""
        database = self.database
        database.run("CREATE TABLE con (g INTEGER, node INTEGER, rel VARCHAR, okey VARCHAR, v VARCHAR)")
        for number, group in enumerate(groups):
            rules = [reading.rules for reading in group.readings]
            split = database.one(
                "SELECT count(*) FROM ub JOIN af USING (a) WHERE g = ? AND v <> 'both'", number
            )
            same = not split and self.deriving.alike(self.versions, rules)
            for reading in group.readings[:1] if same else group.readings:
                name = reading.version.name
                signatures.representatives(number, name, "repfacts")
                self.deriving.run(reading.version, reading.rules, "repfacts", group.targets, "found")
                for copy in ("old", "new") if same else (name,):
                    database.run(f"INSERT INTO con SELECT {number}, node, rel, okey, '{copy}' FROM found")
        database.run(
            f"""CREATE TABLE diff AS SELECT * FROM (SELECT g, node, rel, okey, true AS gained FROM (FROM con
            SELECT g, node, rel, okey WHERE v = 'new'
                EXCEPT FROM con SELECT g, node, rel, okey WHERE v = 'old')
            UNION ALL SELECT g, node, rel, okey, false FROM (FROM con SELECT g, node, rel, okey WHERE v =
            'old'
                EXCEPT FROM con SELECT g, node, rel, okey WHERE v = 'new')) WHERE rel <> {quoted(INVOLVES)}"""
        )

    def _involve(self, readings: Sequence[Reading]) -> None:
        """Add to ``con`` what follows from single conclusions."""
        database = self.database
        inputs = ", ".join(quoted(p) for p in frozenset().union(*(r.read() for r in readings))) or "''"
        database.run(
            f"""CREATE TABLE single AS SELECT row_number() OVER (ORDER BY rel, okey)::INTEGER AS u, rel, okey
            FROM (SELECT DISTINCT rel, okey FROM con WHERE rel IN ({inputs}))"""
        )
        database.run(
            f"""CREATE TABLE singles AS SELECT {node("u")} AS subject, rel AS predicate, okey AS object
            FROM single"""
        )
        for reading in readings:
            name = reading.version.name
            self.deriving.run(reading.version, reading.rules, "singles", [INVOLVES], "found")
            database.run(
                f"""INSERT INTO con SELECT DISTINCT g, con.node, found.rel, found.okey, v FROM con
                JOIN single USING (rel, okey) JOIN found ON found.node = single.u WHERE v = '{name}'"""
            )

    def _timed(self, name: str, work: Callable[[], None]) -> None:
        start = time.perf_counter()
        work()
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
