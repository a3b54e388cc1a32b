"""Xiezhi's own interactive executor, one incident after another: what the peers are compared with.

    python tests/bench/peers/interactive.py rules BASE.parquet INCIDENTS.parquet [--limit N] [--output OUT]

It keeps the reason of every conclusion, which no peer does.
"""

from __future__ import annotations

from collections import defaultdict
from importlib.metadata import version

from harness import Clock, Facts, Figures, arguments, memory_mb, response_rules, write
from pyoxigraph import NamedNode, Quad, Store, Triple

from kb.inference.interactive.dictionary import Dictionary
from kb.inference.interactive.executor import Executor
from kb.inference.interactive.source import Source
from kb.inference.program import INCIDENT
from kb.inference.relational.keys import key, term
from kb.namespaces import ROOT


def main() -> None:
    """Derive the response of each incident of the command line."""
    given = arguments("The interactive executor on the response rules")
    clock, store = Clock(), Store()
    facts = Facts(given.base, given.incidents, given.limit)
    incidents, facts_in = facts.count()
    with clock("load"):
        store.bulk_extend(Quad(term(s), NamedNode(p[1:-1]), term(o)) for s, p, o in facts.rows("base"))
        reported: dict[str, list[Triple]] = defaultdict(list)
        for s, p, o in facts.rows("incidents"):
            reported[s].append(Triple(term(s), NamedNode(p[1:-1]), term(o)))
    source = Source(store.quads_for_pattern, Dictionary(ROOT + "incident/"))
    executor = Executor(response_rules(given.rules), source, bound=(INCIDENT,))
    derived, rows = 0, []
    for incident, its_facts in reported.items():
        with clock("derive"):
            found = executor.derive(its_facts, (term(incident),))
        derived += len(found)
        if given.output is not None:
            rows += [(key(t.subject), key(t.predicate), key(t.object)) for t in found]
    if given.output is not None:
        write(given.output, rows)
    load, derive = clock.seconds["load"], clock.seconds["derive"]
    Figures(
        "interactive",
        version("xiezhi-governance"),
        incidents,
        facts_in,
        derived,
        load,
        derive,
        load + derive,
        sum(clock.cpu.values()),
        memory_mb(),
        "one thread, no store on disk; the first incidents fill its cache",
    ).show()


if __name__ == "__main__":
    main()
