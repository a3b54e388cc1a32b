"""The relational executor as an evaluator: rules and a base graph in, the inference graph out."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec

import pytest
from pyoxigraph import Triple

from kb.inference.relational import keys
from kb.inference.relational.connection import Connection
from kb.inference.relational.executor import RelationalExecutor
from kb.srl.syntax import RuleSet

needs_spark = pytest.mark.skipif(
    find_spec("pyspark") is None or shutil.which("java") is None,
    reason="Spark needs the extra [spark] and a Java, and one of them is not there",
)


@cache
def connection(engine: str = "duckdb") -> Connection:
    """Return one session of *engine* for all tests: starting Spark takes seconds."""
    return Connection(engine, threads=1) if engine == "duckdb" else Connection(engine, master="local[2]")


def infer(ruleset: RuleSet, base: Iterable[Triple], engine: str = "duckdb") -> set[Triple]:
    """Return the inference graph of *ruleset* over *base*."""
    session = connection(engine)
    executor = RelationalExecutor(ruleset.rules, session, data=ruleset.data)
    return set(executor.derive(session.table(keys.facts(base))))
