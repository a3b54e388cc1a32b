"""The physical limit for the bulk: the same conclusions in SQL that somebody wrote by hand for DuckDB.

    python tests/bench/peers/plain_duckdb.py rules BASE.parquet INCIDENTS.parquet [--limit N] [--output OUT]

One row for each incident with its measures as columns; which of the conditions that can hold at all it
satisfies is a bit mask, to which its type adds what it entails. An incident has one type here. Only what
people see is written, no working properties; the knowledge is read from the base graph, its meaning is in the
SQL. As in `hand.py`: whoever changes a rule would have to change this program.
"""

from __future__ import annotations

import duckdb
from harness import Clock, Facts, Figures, arguments, memory_mb
from plain_knowledge import CAPACITY, KNOWLEDGE
from plain_sql import CONCLUSIONS, steps

from kb.namespaces import XZ

TOTALS = {
    f"<{XZ}{total}>": (f"<{XZ}{one}>", f"<{XZ}{other}>")
    for total, one, other in (
        ("deathsOrMissing", "deaths", "missing"),
        ("seriousOrPoisoned", "seriousInjuries", "poisoned"),
    )
}
"""Measures that are the sum of two."""


def main() -> None:
    """Answer the incidents of the command line."""
    given = arguments("hand-written SQL")
    clock = Clock()
    facts = Facts(given.base, given.incidents, given.limit)
    incidents, facts_in = facts.count()
    database = facts.database
    with clock("load"):
        for statement in KNOWLEDGE:
            database.execute(statement)
        _incidents(database)
    with clock("derive"):
        for statement in steps():
            database.execute(statement)
    counts = [database.execute(f"SELECT count(*) FROM {name}").fetchone() for name in CONCLUSIONS]
    if given.output is not None:
        parts = [
            f"SELECT iri AS subject, '<{XZ}{name}>' AS predicate, value::VARCHAR AS object "
            f"FROM {name} JOIN incident USING (i)"
            for name in CONCLUSIONS
        ]
        together = " UNION ALL ".join(parts)
        database.execute(f"COPY (FROM ({together}) ORDER BY ALL) TO '{given.output}' (FORMAT parquet)")
    load, derive = clock.seconds["load"], clock.seconds["derive"]
    Figures(
        "plain-duckdb",
        duckdb.__version__,
        incidents,
        facts_in,
        sum(row[0] for row in counts if row is not None),
        load,
        derive,
        load + derive,
        sum(clock.cpu.values()),
        memory_mb(),
        f"{clock.cpu['derive'] / incidents * 1e6:.1f} µs of processor an incident; what people see only",
    ).show()


def _incidents(database: duckdb.DuckDBPyConnection) -> None:
    """Make the wide table: type, place, date, masks of what is satisfied and what could be."""
    most = database.execute(
        "SELECT greatest((SELECT max(bit) FROM condition), (SELECT max(bit) FROM measure))"
    )
    assert most.fetchall()[0][0] < CAPACITY, "more conditions or measures than a mask has bits"
    columns = {name: _column(name) for (name,) in database.execute("SELECT measure FROM reports").fetchall()}
    pivot = "".join(f", max(object) FILTER (predicate = '{name}') AS {c}" for name, c in columns.items())
    database.execute(f"""
        CREATE TABLE wide AS SELECT row_number() OVER ()::INTEGER AS i, subject AS iri,
            max(object) FILTER (predicate LIKE '%#type>' AND object <> '<{XZ}Incident>')::term AS type,
            max(object) FILTER (predicate = '<{XZ}place>') AS place,
            max(object[2:11]) FILTER (predicate = '<{XZ}occurredOn>')::DATE AS date,
            max(object) FILTER (predicate = '<{XZ}warningSignal>')::term AS warning{pivot}
        FROM incidents GROUP BY subject""")
    values = {name: _number(column) for name, column in columns.items()}
    known = {name: f"{column} IS NOT NULL" for name, column in columns.items()}
    for name, parts in TOTALS.items():
        # Of one number alone the total is a lower bound, and not known.
        found = [values[part] for part in parts if part in columns]
        values[name] = f"coalesce({', '.join([' + '.join(found), *found])})"
        known[name] = " AND ".join(known.get(part, "false") for part in parts)
    satisfied, could = [], []
    for measure, operator, bound, bit in database.execute(
        "SELECT measure, operator, bound, bit FROM condition SEMI JOIN reported USING (measure) WHERE own"
    ).fetchall():
        value, bound = (columns[measure], f"'{bound}'") if operator == "=" else (values[measure], bound)
        satisfied.append(_bit(f"{value} {operator} {bound}", bit))
        could.append(_bit(known[measure], bit))
    bits = database.execute(
        "FROM (SELECT measure, bit FROM measure) SEMI JOIN reported USING (measure)"
    ).fetchall()
    deaths, missing = (values.get(f"<{XZ}{name}>", "NULL") for name in ("deaths", "missing"))
    database.execute(f"""
        CREATE TABLE incident AS SELECT i, iri, type, station, zone, date, warning,
            {" | ".join(["always.mask", *satisfied])} AS mask,
            {" | ".join(["always.could", *could])} AS could,
            {" | ".join(["always.known", *(_bit(known[name], bit) for name, bit in bits)])} AS known,
            coalesce({deaths}, 0) + {missing} AS gone
        FROM wide JOIN always USING (type) JOIN station USING (place) JOIN zone USING (place)""")
    database.execute("DROP TABLE wide")


def _column(name: str) -> str:
    return "m_" + name[1:-1].rsplit("#", 1)[1]


def _number(column: str) -> str:
    """SQL: the number of a literal's key."""
    return f"""TRY_CAST(split_part({column}, '"', 2) AS BIGINT)"""


def _bit(test: str, bit: int) -> str:
    return f"(CASE WHEN {test} THEN {1 << bit}::bits ELSE 0::bits END)"


if __name__ == "__main__":
    main()
