"""The relational executor as an evaluator: rules and a base graph in, the inference graph out."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from pyoxigraph import Triple

from kb.inference.relational import keys
from kb.inference.relational.connection import Connection
from kb.inference.relational.executor import RelationalExecutor
from kb.srl.syntax import RuleSet


@cache
def connection(engine: str = "duckdb") -> Connection:
    """Return one session of *engine* for all tests: starting Spark takes seconds."""
    return Connection(engine, threads=1) if engine == "duckdb" else Connection(engine, master="local[2]")


def infer(ruleset: RuleSet, base: Iterable[Triple], engine: str = "duckdb") -> set[Triple]:
    """Return the inference graph of *ruleset* over *base*."""
    session = connection(engine)
    executor = RelationalExecutor(ruleset.rules, session, data=ruleset.data)
    return set(executor.derive(session.table(keys.facts(base))))
