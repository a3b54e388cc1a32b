"""Synthetic incidents by the million, and the base graph, as files for bulk inference and its benchmark.

Both are *columnar facts*: a Parquet file of triples with the text columns ``subject``, ``predicate`` and
``object``, each a key (:mod:`kb.inference.relational.keys`). An incident has exactly the facts that
:class:`kb.report.reading.Reader` makes of the reports of :mod:`kb.services.latency`: a random type at a
random unit grid, each measure known or not. Everything is drawn in DuckDB from a hash of seed, incident and
place, so a million incidents take seconds, and the first thousand of a million are the same thousand.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa
from pyoxigraph import NamedNode

from kb.errors import NotFound
from kb.inference.relational.keys import COLUMNS, key
from kb.namespaces import RDF_TYPE, ROOT, XSD, graph, xz
from kb.services.latency import MEASURES
from kb.services.workspace import Workspace
from kb.srl.syntax import Term
from kb.store.protocol import Subject

SEED = 20260801
FIRST = datetime(2024, 8, 1, tzinfo=UTC)
LAST = datetime(2026, 8, 1, tzinfo=UTC)
"""Incidents come in evenly between these; a provision that changed in between is met in both forms."""
BATCH = 200_000
MEMORY = "2GB"


def incidents(workspace: Workspace, city: str, n: int, path: Path, seed: int = SEED) -> int:
    """Write *n* incidents on the unit grids of *city* to *path* as columnar facts; return how many facts.

    :raises NotFound: the workspace has no unit grids of *city*.
    """
    grids = _unit_grids(workspace, city)
    if not grids:
        raise NotFound.of(
            "synthetic.city",
            f"没有载入城市 {city} 的单元网格",
            f"no unit grids of the city {city} are loaded",
            where=city,
        )
    types = _types(workspace)
    fields = workspace.vocabulary.fields
    branches = [
        _branch(RDF_TYPE, f"'{key(xz('Incident'))}'"),
        _branch(RDF_TYPE, "(SELECT list(iri ORDER BY i) FROM types)[1 + type]"),
        _branch(fields["grid"].property, "(SELECT list(iri ORDER BY i) FROM grids)[1 + grid]"),
        _branch(xz("receivedAt"), "moment"),
        _branch(fields["time"].property, "moment"),
        # The whole of China keeps one time, eight hours ahead.
        _branch(xz("occurredOn"), _typed("strftime(received + INTERVAL 8 HOUR, '%Y-%m-%d')", "date")),
    ]
    for place, chance in enumerate(MEASURES):
        known, number = _random(3 + 2 * place, 1_000_000), _random(4 + 2 * place, (chance.most or 1) + 1)
        value = (
            _typed(f"CASE {number} WHEN 0 THEN 'true' ELSE 'false' END", "boolean")
            if chance.most is None
            else _typed(number, "integer")
        )
        where = f"{known} < {math.floor(chance.share * 1_000_000)}"
        branches.append(_branch(fields[chance.key].property, value, where))
    span = int((LAST - FIRST).total_seconds())
    drawn = f"""
        SELECT '<{ROOT}incident/' || strftime(received, '%Y%m%d') || printf('-%08x>', i) AS subject, *,
            {_typed("strftime(received, '%Y-%m-%dT%H:%M:%S+00:00')", "dateTime")} AS moment
        FROM (
            SELECT range AS i, {seed} AS seed,
                {_random(0, len(types))} AS type, {_random(1, len(grids))} AS grid,
                TIMESTAMP '{FIRST:%Y-%m-%d}' + to_seconds({_random(2, span)}) AS received
            FROM range({n})
        )"""  # noqa: S608 - IRIs of our own and numbers, here and below
    with duckdb.connect() as database:
        _modest(database)
        for name, iris in (("types", types), ("grids", grids)):
            _register(database, name, iris)
        written = " UNION ALL ".join(branches)
        return _copy(database, f"WITH drawn AS NOT MATERIALIZED ({drawn}) {written}", path)


def background(workspace: Workspace, path: Path) -> int:
    """Write what the response rules see beside an incident, each triple once; return how many triples.

    That is every graph that rules read (:data:`kb.inference.engine.READ`): ontology, knowledge, cities,
    shared data and what the background rules derived.
    """
    with duckdb.connect() as database:
        _modest(database)
        database.execute("CREATE TABLE facts (subject VARCHAR, predicate VARCHAR, object VARCHAR)")
        rows = _visible(workspace)
        while batch := list(islice(rows, BATCH)):
            columns = zip(*batch, strict=True)
            arrow = pa.table(dict(zip(COLUMNS, map(pa.array, columns), strict=True)))
            database.register("batch", arrow)
            database.execute("INSERT INTO facts FROM batch")
            database.unregister("batch")
        return _copy(database, "SELECT DISTINCT * FROM facts ORDER BY predicate, subject, object", path)


def _visible(workspace: Workspace) -> Iterator[tuple[str, str, str]]:
    known: dict[Term, str] = {}

    def once(term: Term) -> str:
        found = known.get(term)
        if found is None:
            found = known[term] = key(term)
        return found

    for quad in workspace.store.match(None, None, None):
        if isinstance(quad.graph_name, NamedNode) and workspace.engine.reads(quad.graph_name):
            yield once(quad.subject), once(quad.predicate), key(quad.object)


def _unit_grids(workspace: Workspace, city: str) -> list[str]:
    found = workspace.store.match(None, RDF_TYPE, xz("UnitGrid"), graph(f"city/{city}"))
    return sorted(key(quad.subject) for quad in found)


def _types(workspace: Workspace) -> list[str]:
    """The incident types that are narrower than another one."""
    types: dict[Subject, None] = dict.fromkeys(m.iri for m in workspace.names.members(xz("IncidentType")))
    return [key(t) for t in types if workspace.engine.source.values(t, xz("subtypeOf"))]


def _random(place: int, below: int) -> str:
    """SQL: a whole number from 0 to *below* (exclusive), drawn for incident ``i`` at *place*."""
    return f"(hash(i, {place}, seed) % {below})::BIGINT"


def _typed(text: str, datatype: str) -> str:
    """SQL: the key of a literal."""
    return f"""('"' || ({text}) || '"^^<{XSD}{datatype}>')"""


def _branch(property_: NamedNode, value: str, where: str = "true") -> str:
    """SQL: one fact of each incident that *where* is true of."""
    name = key(property_)
    return f"SELECT subject, '{name}' AS predicate, {value} AS object FROM drawn WHERE {where}"  # noqa: S608


def _register(database: duckdb.DuckDBPyConnection, name: str, iris: Sequence[str]) -> None:
    database.register(f"{name}_given", pa.table({"i": range(len(iris)), "iri": iris}))
    database.execute(f"CREATE TABLE {name} AS FROM {name}_given")


def _modest(database: duckdb.DuckDBPyConnection) -> None:
    """Keep to a share of the memory; what is written need not keep an order, so it is never collected."""
    database.execute(f"SET memory_limit = '{MEMORY}'; SET preserve_insertion_order = false")
    database.execute("SET temp_directory = ?", [tempfile.gettempdir()])  # not the working folder


def _copy(database: duckdb.DuckDBPyConnection, query: str, path: Path) -> int:
    target = str(path).replace("'", "''")
    result = database.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)").fetchone()
    assert result is not None
    return int(result[0])
