"""Oxigraph (https://github.com/oxigraph/oxigraph): each rule as its own ``INSERT … WHERE``, for all
incidents at once.

    python tests/bench/peers/oxigraph.py rules BASE.parquet INCIDENTS.parquet [--limit N] [--output OUT]

The store is in memory. Rules run stratum by stratum, a recursive component until nothing is new. ``INSERT …
WHERE`` is what CONSTRUCT computes without the way of the triples through Python, so it is the faster of the
two.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from importlib.metadata import version

from harness import Clock, Facts, Figures, arguments, memory_mb, response_rules, write
from pyoxigraph import DefaultGraph, NamedNode, Quad, Store
from sparql_rules import GIVEN, read_from_given, update

from kb.inference.relational.keys import key, term
from kb.srl.strata import Component, stratify
from kb.srl.syntax import Rule


def main() -> None:
    """Run Oxigraph on the files of the command line."""
    given = arguments("Oxigraph on the response rules")
    clock, store, graph = Clock(), Store(), NamedNode(GIVEN)
    facts = Facts(given.base, given.incidents, given.limit)
    incidents, facts_in = facts.count()
    rules = response_rules(given.rules)
    properties, of_incidents = read_from_given(rules)
    chosen = f"predicate IN ({', '.join(repr(str(p)) for p in sorted(properties, key=str))})"
    with clock("load"):
        _load(store, facts.rows("base"), DefaultGraph())
        _load(store, facts.rows("incidents"), DefaultGraph())
        _load(store, facts.rows("base", chosen), graph)
        _load(store, facts.rows("incidents", "true" if of_incidents else chosen), graph)
    before = len(store)
    # Oxigraph writes some literals anew (+00:00 becomes Z), so what was there is asked of itself.
    was_there = set(_triples(store)) if given.output is not None else set()
    facts.close()
    with clock("derive"):
        for layer in stratify(rules).layers:
            for rule in layer.once:
                _run(store, rule, given.verbose)
            for component in layer.components:
                _settle(store, component, given.verbose)
    memory, derived = memory_mb(), len(store) - before
    if given.output is not None:
        write(given.output, set(_triples(store)) - was_there)
    load, derive = clock.seconds["load"], clock.seconds["derive"]
    Figures(
        "oxigraph",
        version("pyoxigraph"),
        incidents,
        facts_in,
        derived,
        load,
        derive,
        load + derive,
        sum(clock.cpu.values()),
        memory,
        "in memory; what rules with DATA read is held twice",
    ).show()


def _load(store: Store, rows: Iterable[tuple[str, str, str]], graph: NamedNode | DefaultGraph) -> None:
    store.bulk_extend(Quad(term(s), NamedNode(p[1:-1]), term(o), graph) for s, p, o in rows)


def _settle(store: Store, component: Component, verbose: bool) -> None:
    """Run the rules of *component*, if it is recursive until nothing is new."""
    # Not len(store), which counts every quad there is.
    properties = " ".join({str(template.predicate) for rule in component.rules for template in rule.head})
    query = f"SELECT (COUNT(*) AS ?n) {{ VALUES ?p {{ {properties} }} ?s ?p ?o }}"
    before, after = -1, 0
    while before != after:
        for rule in component.rules:
            _run(store, rule, verbose)
        if not component.recursive:
            return
        before, after = after, int(next(store.query(query))[0].value)  # type: ignore[union-attr]


def _run(store: Store, rule: Rule, verbose: bool) -> None:
    start = time.perf_counter()
    store.update(update(rule))
    if verbose:
        print(f"{time.perf_counter() - start:9.3f} s  {rule.name}", file=sys.stderr)


def _triples(store: Store) -> list[tuple[str, str, str]]:
    return [
        (key(q.subject), key(q.predicate), key(q.object))
        for q in store.quads_for_pattern(None, None, None, DefaultGraph())
    ]


if __name__ == "__main__":
    main()
