"""Nemo (https://github.com/knowsys/nemo), a rule engine in Rust, by its Python package.

    python tests/bench/peers/nemo.py rules BASE.parquet INCIDENTS.parquet [--limit N] [--output OUT]

The rules become Datalog with a relation for each property (`nemo_rules`). Its input is written as one CSV
file for each relation, which Nemo reads natively; that writing is not counted. Nemo reads a file when a rule
first needs it, so *load_s* is what its own clock says of loading, and *derive_s* the rest of the run. What
it derived is counted and written after clock and memory are read.
"""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from harness import Clock, Facts, Figures, arguments, forget_peak, memory_mb, response_rules
from nemo_rules import NemoProgram, Relation, translate
from nmo_python import NemoEngine, NemoOutputManager, load_string
from pyoxigraph import NamedNode, Variable

from kb.inference.relational.keys import key
from kb.namespaces import XSD
from kb.srl.syntax import TriplePattern

NUMBER = f"""
    CASE WHEN ends_with(object, '"^^<{XSD}integer>') THEN object[2:-{len(XSD) + 13}]
         WHEN ends_with(object, '"^^<{XSD}date>') THEN replace(object[2:-{len(XSD) + 10}], '-', '')
         ELSE object END"""
"""SQL: whole numbers and dates as plain numbers; anything else as the key that it is, which Nemo
understands."""
TERM = f"""
    CASE WHEN regexp_full_match(o, '-?[0-9]+') THEN '"' || o || '"^^<{XSD}integer>'
         WHEN starts_with(o, '"') THEN o ELSE '<' || o || '>' END"""
"""SQL: the key of a term as Nemo writes it: numbers and IRIs bare. Rules that derive dates would need
more."""


def main() -> None:
    """Run Nemo on the files of the command line."""
    given = arguments("Nemo on the response rules")
    clock = Clock()
    facts = Facts(given.base, given.incidents, given.limit)
    incidents, facts_in = facts.count()
    with tempfile.TemporaryDirectory(prefix="nemo-", dir=os.environ.get("TMPDIR")) as name:
        folder = Path(name)
        program = translate(response_rules(given.rules), _properties(facts))
        for relation in program.imports.values():
            _write(facts, relation, program, folder)
        text = _text(program, folder)
        (folder / "program.rls").write_text(text)
        facts.close()
        before = forget_peak()
        with clock("total"):
            engine = NemoEngine(load_string(text))
            engine.reason()
        memory = memory_mb()
        load = engine.timing().subnode("Reasoning/Execution/Load Table")
        load_s = load.system_time.total_seconds() if load is not None else 0.0
        output = NemoOutputManager(name, overwrite=True)
        for relation in program.derived.values():
            engine.write_result(relation.name, output)
        if given.verbose:
            _show(engine)
        del engine
        facts = Facts(given.base, given.incidents, given.limit)
        derived = _collect(facts, program, folder, given.output)
    Figures(
        "nemo",
        version("nemo-python"),
        incidents,
        facts_in,
        derived,
        load_s,
        clock.seconds["total"] - load_s,
        clock.seconds["total"],
        clock.cpu["total"],
        memory,
        f"one thread; {before:.0f} MB of the memory were held before Nemo began",
    ).show()


def _properties(facts: Facts) -> list[tuple[NamedNode, bool]]:
    return [
        (NamedNode(key[1:-1]), view == "incidents")
        for view in ("base", "incidents")
        for (key,) in facts.database.execute(f"SELECT DISTINCT predicate FROM {view}").fetchall()
    ]


def _write(facts: Facts, relation: Relation, program: NemoProgram, folder: Path) -> None:
    view = "incidents" if relation.of_incidents else "base"
    if relation.property is None:
        query = f"SELECT subject, predicate, {NUMBER} FROM {view}"
        if all(_fitting(pattern) is not None for pattern in program.usable[relation.name]):
            chosen = " UNION ".join(filter(None, map(_fitting, program.usable[relation.name])))
            query += f" WHERE predicate IN ({chosen})"
    else:
        query = f"SELECT subject, {NUMBER} FROM {view} WHERE predicate = '{key(relation.property)}'"
    target = folder / f"{relation.name}.in.csv"
    facts.database.execute(f"COPY ({query}) TO '{target}' (HEADER false)")


def _fitting(usable: tuple[Variable, TriplePattern | None]) -> str | None:
    """SQL: the predicates that fit a pattern of the base graph."""
    variable, pattern = usable
    if pattern is None:
        return None
    assert isinstance(pattern.predicate, NamedNode)
    where = f"predicate = '{key(pattern.predicate)}'"
    for column in ("subject", "object"):
        constant = getattr(pattern, column)
        if not isinstance(constant, Variable):
            where += f" AND {column} = '{key(constant)}'"
    return f"SELECT {'subject' if pattern.subject == variable else 'object'} FROM base WHERE {where}"


def _text(program: NemoProgram, folder: Path) -> str:
    lines = [
        f'@import {name} :- csv{{resource="{folder / name}.in.csv"}} .' for name in sorted(program.imports)
    ]
    lines += program.rules
    lines += [f"@export {name} :- csv{{}} ." for name in sorted(program.derived)]
    return "\n".join(lines) + "\n"


def _collect(facts: Facts, program: NemoProgram, folder: Path, target: Path | None) -> int:
    """Count the triples that are derived and not given; write them to *target*."""
    total, parts = 0, []
    for relation in program.derived.values():
        file = folder / f"{relation.name}.csv"
        if not file.exists() or file.stat().st_size == 0:
            continue
        assert relation.property is not None
        part = f"""
            SELECT CASE WHEN starts_with(s, '_:') THEN s ELSE '<' || s || '>' END AS subject,
                '{key(relation.property)}' AS predicate, {TERM} AS object
            FROM read_csv('{file}', columns = {{'s': 'VARCHAR', 'o': 'VARCHAR'}}, header = false,
                quote = '"', escape = '"')"""
        if f"{relation.name}_given" in program.imports:
            given = "ANTI JOIN (FROM base UNION ALL FROM incidents) USING (subject, predicate, object)"
            part = f"SELECT * FROM ({part}) {given}"
        parts.append(part)
        total += facts.database.execute(f"SELECT count(*) FROM ({part})").fetchone()[0]  # type: ignore[index]
    if target is not None:
        together = " UNION ALL ".join(f"({part})" for part in parts)
        facts.database.execute(f"COPY (FROM ({together}) ORDER BY ALL) TO '{target}' (FORMAT parquet)")
    return total


def _show(engine: NemoEngine) -> None:
    def walk(node: object, depth: int) -> None:
        print("  " * depth, node, file=sys.stderr)
        for inner in node.subnodes:  # type: ignore[attr-defined]
            walk(inner, depth + 1)

    walk(engine.timing(), 0)


if __name__ == "__main__":
    main()
