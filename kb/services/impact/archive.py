"""The facts of an archive as numbers in a database: incidents, values, and facts between them.

An archive is a Parquet file of columnar facts (:mod:`kb.services.synthetic`), or the incidents of a store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pyoxigraph import Literal, NamedNode

from kb.errors import InputError
from kb.inference.relational.connection import Connection
from kb.inference.relational.keys import COLUMNS, key, term
from kb.namespaces import RDF_TYPE, ROOT, XSD
from kb.services.impact.usage import Usage, Value
from kb.services.incident import OCCURRED_ON
from kb.services.workspace import Workspace
from kb.srl.syntax import Term

INCIDENT_GRAPHS = f"{ROOT}graph/incident/"
INTEGER, DECIMAL, DATE = (f'"^^<{XSD}{name}>' for name in ("integer", "decimal", "date"))
PLAIN = re.compile(r"[+-]?[0-9]{1,18}([.][0-9]{1,18})?")
ON = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def of_store(workspace: Workspace, path: Path) -> int:
    """Write the facts of the incidents of *workspace* to *path*; return how many."""
    rows: list[list[str]] = [[], [], []]
    for name in workspace.store.graphs():
        if name.value.startswith(INCIDENT_GRAPHS):
            for quad in workspace.store.match(None, None, None, name):
                for column, part in zip(rows, (quad.subject, quad.predicate, quad.object), strict=True):
                    column.append(key(part))
    arrays = [pa.array(column, pa.string()) for column in rows]
    pq.write_table(pa.table(dict(zip(COLUMNS, arrays, strict=True))), path)
    return len(rows[0])


class Database:
    """SQL in the database of *connection*."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._con: duckdb.DuckDBPyConnection = connection.backend.con

    def run(self, sql: str, *parameters: object) -> None:
        """Run a statement."""
        self._con.execute(sql, list(parameters))

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self._con.execute(sql, list(parameters)).fetchall()

    def one(self, sql: str, *parameters: object) -> Any:
        """Return the one value of a query."""
        return self.rows(sql, *parameters)[0][0]

    def put(self, name: str, columns: Mapping[str, pa.DataType], rows: Sequence[Sequence[object]]) -> None:
        """Make the table *name* of *rows*."""
        arrays = [pa.array([row[i] for row in rows], kind) for i, kind in enumerate(columns.values())]
        self._con.register("impact_given", pa.table(dict(zip(columns, arrays, strict=True))))
        self._con.execute(f"CREATE OR REPLACE TABLE {name} AS FROM impact_given")
        self._con.unregister("impact_given")


class ArchivedFacts:
    """The facts at *path*; the tables ``inc`` (inc, subject), ``val`` (o, okey) and ``fact`` (inc, p, o).

    :raises InputError: ``impact.archive``: it is no archive of incidents.
    """

    def __init__(self, database: Database, path: Path) -> None:
        self._database = database
        self.file = f"read_parquet('{str(path).replace(chr(39), chr(39) * 2)}')"
        try:
            found = database.rows(f"SELECT DISTINCT predicate FROM {self.file}")
            self.reported = frozenset(t for row in found if isinstance(t := term(row[0]), NamedNode))
        except (duckdb.Error, ValueError) as error:
            raise InputError.of(
                "impact.archive",
                f"不是事件档案（subject、predicate、object 三列的 Parquet 文件）：{error}",
                f"no archive of incidents (a Parquet file with subject, predicate, object): {error}",
                where=str(path),
            ) from error
        self.predicates: list[NamedNode] = []

    def require_reported(self, concluded: frozenset[NamedNode]) -> None:
        """Refuse an archive with conclusions in it.

        :raises InputError: ``impact.archive``.
        """
        if self.reported & concluded:
            name = min(p.value for p in self.reported & concluded)
            raise InputError.of(
                "impact.archive",
                f"档案中有推理结论（{name}），应只有所报事实",
                f"the archive has conclusions in it ({name}); it should have reported facts only",
                where=name,
            )

    def load(self, wanted: Iterable[NamedNode]) -> int:
        """Read the facts of *wanted* predicates; return how many incidents there are."""
        self.predicates = sorted({*wanted, RDF_TYPE} & self.reported, key=str)
        database = self._database
        columns = {"p": pa.int32(), "predicate": pa.string()}
        database.put("pred", columns, [(i, key(p)) for i, p in enumerate(self.predicates)])
        database.run(
            f"""CREATE TABLE inc AS SELECT row_number() OVER (ORDER BY subject)::INTEGER AS inc, subject
            FROM (SELECT DISTINCT subject FROM {self.file} WHERE predicate = ?)""",
            key(OCCURRED_ON),
        )
        database.run(
            f"""CREATE TABLE val AS SELECT row_number() OVER ()::INTEGER AS o, okey FROM (
            SELECT DISTINCT object AS okey FROM {self.file} SEMI JOIN pred USING (predicate))"""
        )
        database.run(
            f"""CREATE TABLE fact AS SELECT inc, p, o FROM {self.file} AS f
            JOIN pred USING (predicate) JOIN val ON val.okey = f.object JOIN inc USING (subject)"""
        )
        database.run(
            """CREATE TABLE typed AS SELECT inc, coalesce(types, []) AS types FROM inc
            LEFT JOIN (SELECT inc, list_sort(list(DISTINCT o)) AS types FROM fact WHERE p = ? GROUP BY inc)
            USING (inc)""",
            self.number(RDF_TYPE),
        )
        database.run(
            """CREATE TABLE keys AS SELECT row_number() OVER (ORDER BY types)::INTEGER AS key, types
            FROM (SELECT DISTINCT types FROM typed)"""
        )
        database.run("CREATE TABLE k AS SELECT inc, key FROM typed JOIN keys USING (types)")
        database.run("DROP TABLE typed")
        return int(database.one("SELECT count(*) FROM inc"))

    def number(self, predicate: NamedNode) -> int:
        """Return the number of *predicate* in ``fact``; -1: no fact has it."""
        return self.predicates.index(predicate) if predicate in self.predicates else -1

    def kinds(self) -> dict[int, list[NamedNode]]:
        """Return the types of each key of the table ``k``."""
        found: dict[int, list[NamedNode]] = {
            row[0]: [] for row in self._database.rows("SELECT key FROM keys")
        }
        for number, okey in self._database.rows(
            "SELECT key, okey FROM val JOIN (SELECT key, unnest(types) AS o FROM keys) USING (o) ORDER BY ALL"
        ):
            node = term(okey)
            assert isinstance(node, NamedNode)
            found[number].append(node)
        return found

    def objects(self, predicate: NamedNode, limit: int | None = None) -> list[Term]:
        """Return the values that facts of *predicate* have."""
        most = "" if limit is None else f"LIMIT {limit}"
        found = self._database.rows(
            f"SELECT okey FROM val JOIN (SELECT DISTINCT o FROM fact WHERE p = ?) USING (o) {most}",
            self.number(predicate),
        )
        return [term(row[0]) for row in found]


def values(predicate: int) -> str:
    """SQL: the values of facts of *predicate* with the number or the day that they are, where they are one.

    Whole numbers go by way of BIGINT: DuckDB takes ten microseconds to make such a decimal of a text.
    """
    return f"""SELECT p, o, okey,
        CASE WHEN regexp_full_match(number, '[+-]?[0-9]{{1,18}}') THEN TRY_CAST(number AS
        BIGINT)::DECIMAL(38, 18)
            WHEN decimal AND regexp_full_match(number, '[+-]?[0-9]{{1,18}}[.][0-9]{{1,18}}')
            THEN TRY_CAST(number AS DECIMAL(38, 18)) END AS num,
        CASE WHEN regexp_full_match(day, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') THEN TRY_CAST(day AS DATE) END
        AS day
        FROM (SELECT p, o, okey, ends_with(okey, '{DECIMAL}') AS decimal,
            CASE WHEN ends_with(okey, '{INTEGER}') THEN okey[2:-{len(INTEGER) + 1}]
                WHEN ends_with(okey, '{DECIMAL}') THEN okey[2:-{len(DECIMAL) + 1}] END AS number,
            CASE WHEN ends_with(okey, '{DATE}') THEN okey[2:-{len(DATE) + 1}] END AS day
            FROM val JOIN (SELECT DISTINCT p, o FROM fact WHERE p = {predicate}) USING (o))"""


def klass(usage: Value) -> str:
    """Return SQL for the class of a row of :func:`values`: what rules that use it so cannot tell apart.

    Values between the same bounds are one class, a value equal to a bound is one of its own; so is every
    value
    that is looked for itself, and everything that is neither a plain number nor a day.
    """
    bounds = None if usage is None else _split(usage)
    if usage is None or bounds is None:
        return "okey"
    numbers, days = bounds
    equal = ", ".join(quoted(t) for t in sorted(usage.equals, key=key)) or "''"
    return f"""CASE WHEN okey IN ({equal}) THEN okey
        WHEN num IS NOT NULL THEN {_interval("num", [f"{n:f}::DECIMAL(38, 18)" for n in numbers])}
        WHEN day IS NOT NULL THEN {_interval("day", [f"DATE '{d}'" for d in days])}
        ELSE okey END"""


def class_of(one: Term, usage: Usage) -> str:
    """Return the class of *one*, as :func:`klass` would."""
    bounds = _split(usage)
    kind = one.datatype.value.removeprefix(XSD) if isinstance(one, Literal) else ""
    if bounds is None or one in usage.equals or not isinstance(one, Literal):
        return key(one)
    if (
        kind in ("integer", "decimal")
        and PLAIN.fullmatch(one.value)
        and (kind != "integer" or "." not in one.value)
    ):
        return _between(Decimal(one.value), bounds[0], "num")
    if kind == "date" and ON.fullmatch(one.value):
        return _between(one.value, bounds[1], "day")
    return key(one)


def _between(value: Any, bounds: Sequence[Any], name: str) -> str:
    return f"{name}{sum(bound < value for bound in bounds)}{'=' if value in bounds else ''}"


def _split(usage: Usage) -> tuple[list[Decimal], list[str]] | None:
    """Return the bounds as numbers and days in order; ``None``: there are others."""
    numbers: set[Decimal] = set()
    days: set[str] = set()
    for bound in usage.bounds:
        if not isinstance(bound, Literal):
            return None
        kind = bound.datatype.value.removeprefix(XSD)
        if kind in ("integer", "decimal") and PLAIN.fullmatch(bound.value):
            numbers.add(Decimal(bound.value))
        elif kind == "date" and ON.fullmatch(bound.value):
            days.add(bound.value)
        else:
            return None
    return sorted(numbers), sorted(days)


def _interval(value: str, bounds: Sequence[str]) -> str:
    cases = "".join(
        f" WHEN {value} < {bound} THEN '{value}{at}' WHEN {value} = {bound} THEN '{value}{at}='"
        for at, bound in enumerate(bounds)
    )
    return f"CASE{cases} ELSE '{value}{len(bounds)}' END" if cases else f"'{value}'"


def quoted(one: Term) -> str:
    """SQL: the key of *one* as a text."""
    return "'" + key(one).replace("'", "''") + "'"
