"""The physical limit for the bulk: the same conclusions in SQL that somebody wrote by hand for DuckDB.

    python tests/bench/peers/plain_duckdb.py rules BASE.parquet INCIDENTS.parquet [--limit N] [--output OUT]

One row for each incident with its measures as columns; which of the some thirty conditions it satisfies is a
bit mask. Only what people see is written, no working properties; the knowledge is read from the base graph,
its meaning is in the SQL. As in `hand.py`: whoever changes a rule would have to change this program.
"""

from __future__ import annotations

import duckdb
from harness import Clock, Facts, Figures, arguments, memory_mb
from plain_sql import CONCLUSIONS, KNOWLEDGE, steps

from kb.namespaces import XZ

Condition = tuple[str, str, str, str]


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
        conditions = _conditions(database)
        _incidents(database, conditions)
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


def _conditions(database: duckdb.DuckDBPyConnection) -> list[Condition]:
    """Number the conditions and measures; return name, measure, operator and bound of each condition."""
    rows = database.execute(
        "SELECT condition::VARCHAR, measure::VARCHAR, operator, bound FROM condition ORDER BY bit"
    ).fetchall()
    assert len(rows) < 64, "more conditions than a mask has bits"
    return rows


def _incidents(database: duckdb.DuckDBPyConnection, conditions: list[Condition]) -> None:
    """Make the wide table: type, place, date, masks of what is satisfied and what could be."""
    measures = [
        row[0] for row in database.execute("SELECT measure::VARCHAR FROM measure ORDER BY bit").fetchall()
    ]
    columns = ", ".join(f"max(object) FILTER (predicate = '{name}') AS {_column(name)}" for name in measures)
    database.execute(f"""
        CREATE TABLE wide AS SELECT row_number() OVER ()::INTEGER AS i, subject AS iri,
            max(object) FILTER (predicate LIKE '%#type>' AND object <> '<{XZ}Incident>')::term AS type,
            max(object) FILTER (predicate = '<{XZ}place>') AS place,
            max(object[2:11]) FILTER (predicate = '<{XZ}occurredOn>')::DATE AS date,
            max(object) FILTER (predicate = '<{XZ}warningSignal>')::term AS warning, {columns}
        FROM incidents GROUP BY subject""")
    have = set(measures)
    values = {name: _number(_column(name)) for name in measures}
    known = {name: f"{_column(name)} IS NOT NULL" for name in measures}
    for total, one, other in (
        ("deathsOrMissing", "deaths", "missing"),
        ("seriousOrPoisoned", "seriousInjuries", "poisoned"),
    ):
        name, parts = f"<{XZ}{total}>", [f"<{XZ}{part}>" for part in (one, other)]
        if name in have:
            first, second = (values[part] for part in parts)
            values[name] = f"coalesce({first} + {second}, {first}, {second})"
            known[name] = " AND ".join(f"{_column(part)} IS NOT NULL" for part in parts)
    satisfied, could = [], []
    for bit, (_, measure, operator, bound) in enumerate(conditions):
        test = (
            f"{_column(measure)} = '{bound}'" if operator == "=" else f"{values[measure]} {operator} {bound}"
        )
        satisfied.append(_bit(test, bit))
        could.append(_bit(known[measure], bit))
    deaths, missing = values[f"<{XZ}deaths>"], values[f"<{XZ}missing>"]
    database.execute(f"""
        CREATE TABLE incident AS SELECT i, iri, type, station, zone, date, warning,
            {" | ".join(satisfied)} AS mask, {" | ".join(could)} AS could,
            {" | ".join(_bit(known[name], bit) for bit, name in enumerate(measures))} AS known,
            coalesce({deaths}, 0) + {missing} AS gone
        FROM wide JOIN station USING (place) JOIN zone USING (place)""")
    database.execute("DROP TABLE wide")


def _column(name: str) -> str:
    return "m_" + name[1:-1].rsplit("#", 1)[1]


def _number(column: str) -> str:
    """SQL: the number of a literal's key."""
    return f"""TRY_CAST(split_part({column}, '"', 2) AS BIGINT)"""


def _bit(test: str, bit: int) -> str:
    return f"(CASE WHEN {test} THEN {1 << bit}::UBIGINT ELSE 0::UBIGINT END)"


if __name__ == "__main__":
    main()
