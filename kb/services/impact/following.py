"""Relations that rest on what the groups concluded: who leads and supports.

They are looked at only where that differs between the two versions (or everywhere, if what follows from the
same conclusions differs), and once for each combination of conclusions and place. The tables:

``ds`` (g, rep, old, new, changed)  the set of conclusions that later rules see of an incident that stands
                                    for others; whether one of its group differs
``joint``                           the combinations, each with how many incidents have it
``dout`` (d, c), ``code`` (c, rel, okey)  what follows from a combination
"""

from __future__ import annotations

from collections.abc import Sequence

from pyoxigraph import NamedNode

from kb.inference.relational.keys import term
from kb.namespaces import RDF_TYPE
from kb.services.impact.archive import ArchivedFacts, Database, quoted
from kb.services.impact.outcomes import Deriving, node
from kb.services.impact.reading import Reading
from kb.services.impact.signatures import USEFUL, Signatures, useful_rows
from kb.srl.syntax import Term


class Following:
    """Derives *targets* by the rules of *readings* from the table ``con`` (g, node, rel, okey, v).

    :param groups: how many groups there are.
    """

    def __init__(
        self,
        database: Database,
        facts: ArchivedFacts,
        deriving: Deriving,
        signatures: Signatures,
        readings: Sequence[Reading],
        targets: frozenset[NamedNode],
        groups: int,
    ) -> None:
        self._database, self._facts, self._deriving = database, facts, deriving
        self._signatures, self._readings, self._targets = signatures, readings, targets
        self._groups = range(groups)
        self._by_type = any(RDF_TYPE in reading.read() for reading in readings)
        inputs = frozenset().union(*(reading.read() for reading in readings))
        self._seen = sorted(inputs, key=str)
        self.alike = False

    def run(self, known: frozenset[NamedNode], compared: frozenset[NamedNode]) -> None:
        """Make all tables.

        :param known: inputs that are in ``out``; *compared*: those whose values are only compared.
        """
        self._sets()
        self._useful(known, compared)
        rules = [reading.rules for reading in self._readings]
        versions = [reading.version for reading in self._readings]
        split = self._database.one("SELECT count(*) FROM daf WHERE v <> 'both'")
        self.alike = not split and self._deriving.alike(versions, rules)
        self._join()
        self._database.run("CREATE TABLE dout (v VARCHAR, d INTEGER, rel VARCHAR, okey VARCHAR)")
        for reading in self._readings[:1] if self.alike else self._readings:
            self._derive(reading)
        self._pairs()

    def _sets(self) -> None:
        """Number the sets of conclusions that the later rules see."""
        database = self._database
        names = ", ".join(quoted(p) for p in self._seen) or "''"
        database.run(
            f"""CREATE TABLE scode AS SELECT row_number() OVER (ORDER BY rel, okey)::INTEGER AS c, rel, okey
            FROM (SELECT DISTINCT rel, okey FROM con WHERE rel IN ({names}))"""
        )
        database.run(
            """CREATE TABLE members AS SELECT rep.g, rep.rep, w.v,
            coalesce(list_sort(list(DISTINCT s.c) FILTER (s.c IS NOT NULL)), []) AS l
            FROM rep CROSS JOIN (VALUES ('old'), ('new')) AS w(v)
            LEFT JOIN (SELECT g, node, v, c FROM con JOIN scode USING (rel, okey)) AS s
            ON s.g = rep.g AND s.node = rep.rep AND s.v = w.v GROUP BY ALL"""
        )
        database.run(
            """CREATE TABLE sets AS SELECT row_number() OVER (ORDER BY g, l)::INTEGER AS s, g, l
            FROM (SELECT DISTINCT g, l FROM members)"""
        )
        database.run(
            """CREATE TABLE ds AS SELECT g, rep, max(s) FILTER (v = 'old') AS old, max(s) FILTER (v = 'new')
            AS new,
            bool_or(d.node IS NOT NULL) AS changed
            FROM members JOIN sets USING (g, l)
            LEFT JOIN (SELECT DISTINCT g AS dg, node FROM diff) AS d ON dg = g AND node = rep GROUP BY g,
            rep"""
        )

    def _useful(self, known: frozenset[NamedNode], compared: frozenset[NamedNode]) -> None:
        """Find which facts of an incident matter, for each set that the first group gives."""
        database = self._database
        kinds: dict[int, dict[NamedNode, list[Term]]] = {}
        elsewhere = {_named(row[0]) for row in database.rows("SELECT DISTINCT rel FROM con WHERE g <> 0")}
        for number, rel, okey in database.rows(
            """SELECT s, rel, okey FROM (SELECT s, unnest(l) AS c FROM sets WHERE g = 0)
            JOIN scode USING (c) ORDER BY ALL"""
        ):
            facts = kinds.setdefault(number, {})
            if _named(rel) not in elsewhere:
                facts.setdefault(_named(rel), []).append(term(okey))
        for (number,) in database.rows("SELECT s FROM sets WHERE g = 0 AND len(l) = 0"):
            kinds.setdefault(number, {})
        may = self._signatures.known(known, compared)
        first = {rel for facts in kinds.values() for rel in facts}
        for rel, okey in database.rows("SELECT rel, okey FROM scode ORDER BY ALL"):
            if _named(rel) not in first:
                may.setdefault(_named(rel), []).append(term(okey))
        if self._by_type:
            may[RDF_TYPE] = self._facts.objects(RDF_TYPE)
        rows = useful_rows(0, self._readings, self._targets, compared, kinds, may)
        database.put("duseful", USEFUL, rows.rows)
        self._signatures.facts_useful("duseful", "daf", "dua")
        self._signatures.classes("dua", "duc", "dca")
        database.run(
            """CREATE TABLE dub AS SELECT DISTINCT key AS s0, a FROM daf JOIN duseful AS u ON u.rel = daf.rel
            AND (u.okey IS NULL OR u.okey = daf.okey) AND (daf.v = 'both' OR daf.v = u.v)"""
        )

    def _join(self) -> None:
        """Make ``joint``: incidents by all that is to be compared."""
        database = self._database
        joins = "".join(f" JOIN ds AS d{g} ON d{g}.g = {g} AND d{g}.rep = sig.r{g}" for g in self._groups)
        differ = " OR ".join(f"d{g}.old <> d{g}.new" for g in self._groups) if self.alike else "true"
        picked = "".join(f", d{g}.old AS o{g}, d{g}.new AS n{g}, d{g}.changed AS c{g}" for g in self._groups)
        database.run(f"CREATE TABLE line AS SELECT inc, key{picked}, ({differ}) AS again FROM sig{joins}")
        database.run(
            """CREATE TABLE placed AS SELECT inc, list_sort(list(DISTINCT cls)) AS l FROM fu JOIN duc USING
            (u)
            JOIN (SELECT inc FROM line WHERE again) USING (inc) GROUP BY inc"""
        )
        database.run(
            """CREATE TABLE places AS SELECT row_number() OVER (ORDER BY l)::INTEGER AS place, l
            FROM (SELECT DISTINCT l FROM placed)"""
        )
        database.run("CREATE TABLE ip AS SELECT inc, place FROM placed JOIN places USING (l)")
        database.run("DROP TABLE placed")
        names = ", ".join(f"o{g}, n{g}, c{g}" for g in self._groups)
        database.run(
            f"""CREATE TABLE joint AS SELECT row_number() OVER ()::INTEGER AS j, * FROM (
            SELECT key, again, {names}, coalesce(place, 0) AS place, count(*) AS n, min(inc) AS inc
            FROM line LEFT JOIN ip USING (inc) GROUP BY ALL)"""
        )
        database.run("CREATE TABLE dca2 AS SELECT place, unnest(l) AS cls FROM places")

    def _derive(self, reading: Reading) -> None:
        """Derive for each combination under the rules of *reading*."""
        database, version = self._database, reading.version.name
        letters = ("o", "n") if self.alike else ("o" if version == "old" else "n",)
        by = ("key",) if self._by_type else ()
        sets = [f"s{g}" for g in self._groups]
        chosen = " UNION ".join(
            "SELECT "
            + ", ".join([*by, *(f"{x}{g} AS s{g}" for g in self._groups), "place"])
            + " FROM joint WHERE again"
            for x in letters
        )
        database.run(f"CREATE OR REPLACE TABLE combination AS SELECT DISTINCT * FROM ({chosen})")
        database.run(
            f"""CREATE OR REPLACE TABLE here AS SELECT s0, place, list_sort(list(DISTINCT a)) AS l
            FROM (SELECT DISTINCT s0, place FROM combination) JOIN dca2 USING (place) JOIN dca USING (cls)
            JOIN dub USING (s0, a) JOIN daf USING (a) WHERE daf.v IN ('both', '{version}') GROUP BY s0,
            place"""
        )
        database.run(
            """CREATE OR REPLACE TABLE hered AS SELECT row_number() OVER (ORDER BY l)::INTEGER AS m, l
            FROM (SELECT DISTINCT l FROM here)"""
        )
        whole = ", ".join([*by, *sets])
        database.run(
            f"""CREATE OR REPLACE TABLE combined AS SELECT {whole}, place, coalesce(m, 0) AS m FROM
            combination
            LEFT JOIN (SELECT s0, place, m FROM here JOIN hered USING (l)) USING (s0, place)"""
        )
        database.run(
            f"""CREATE TABLE d_{version} AS SELECT row_number() OVER ()::INTEGER AS d, *
            FROM (SELECT DISTINCT {whole}, m FROM combined)"""
        )
        database.run(
            f"""CREATE TABLE dp_{version} AS SELECT {whole}, place, d FROM combined
            JOIN d_{version} USING ({whole}, m)"""
        )
        members = " UNION ALL ".join(f"SELECT d, s{g} AS s FROM d_{version}" for g in self._groups)
        types = (
            f"""UNION ALL SELECT {node("d")}, {quoted(RDF_TYPE)}, okey FROM d_{version} JOIN
            (SELECT key, unnest(types) AS o FROM keys) USING (key) JOIN val USING (o)"""
            if self._by_type
            else ""
        )
        database.run(
            f"""CREATE OR REPLACE TABLE dfacts AS
            SELECT {node("d")} AS subject, rel AS predicate, okey AS object FROM ({members})
            JOIN (SELECT s, unnest(l) AS c FROM sets) USING (s) JOIN scode USING (c)
            UNION SELECT {node("d")}, rel, okey FROM d_{version}
            JOIN (SELECT m, unnest(l) AS a FROM hered) USING (m) JOIN daf USING (a) {types}"""
        )
        self._deriving.run(reading.version, reading.rules, "dfacts", self._targets, "dfound")
        database.run(f"INSERT INTO dout SELECT '{version}', node, rel, okey FROM dfound")

    def _pairs(self) -> None:
        """Make ``pair`` (j, old, new), and ``dcode`` and ``dset``: what follows, as numbers."""
        database = self._database
        database.run(
            """CREATE TABLE code AS SELECT row_number() OVER (ORDER BY rel, okey)::INTEGER AS c, rel, okey
            FROM (SELECT DISTINCT rel, okey FROM dout)"""
        )
        database.run("CREATE TABLE dset AS SELECT v, d, c FROM dout JOIN code USING (rel, okey)")
        later = "old" if self.alike else "new"
        key_ = "p.key = joint.key AND " if self._by_type else ""

        def on(alias: str, letter: str) -> str:
            sets = " AND ".join(f"{alias}.s{g} = joint.{letter}{g}" for g in self._groups)
            return f"{key_.replace('p.', alias + '.')}{sets} AND {alias}.place = joint.place"

        database.run(
            f"""CREATE TABLE pair AS SELECT j, p.d AS old, q.d AS new, n FROM joint
            JOIN dp_old AS p ON {on("p", "o")} JOIN dp_{later} AS q ON {on("q", "n")} WHERE again"""
        )
        database.run(
            """CREATE TABLE pairs AS SELECT row_number() OVER ()::INTEGER AS pair, * FROM (
            SELECT old, new, sum(n) AS n FROM pair GROUP BY old, new)"""
        )
        different = "old <> new" if self.alike else "true"
        database.run(
            f"""CREATE TABLE ddiff AS
            SELECT pair, c, true AS gained FROM (SELECT pair, old, dset.c FROM pairs JOIN dset
                ON dset.v = '{later}' AND dset.d = pairs.new WHERE {different})
            ANTI JOIN (SELECT d AS old, c FROM dset WHERE v = 'old') USING (old, c)
            UNION ALL
            SELECT pair, c, false FROM (SELECT pair, new, dset.c FROM pairs JOIN dset
                ON dset.v = 'old' AND dset.d = pairs.old WHERE {different})
            ANTI JOIN (SELECT d AS new, c FROM dset WHERE v = '{later}') USING (new, c)"""
        )


def _named(text: str) -> NamedNode:
    found = term(text)
    assert isinstance(found, NamedNode)
    return found
