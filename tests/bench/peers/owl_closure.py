"""owlrl (https://github.com/RDFLib/OWL-RL): the OWL 2 RL closure of ontology, knowledge and incidents.

    python tests/bench/peers/owl_closure.py rules BASE.parquet INCIDENTS.parquet --limit 10

owlrl has no rules of one's own, so it cannot answer what Xiezhi answers. What it can: which classes an
incident belongs to. That is the work of two of the response rules (kind), so its time is a lower bound for a
response by this way. The base graph is cut to what is not of one city, and the areas around the incidents.
(This file is not called owlrl.py: a script's folder comes first on its path.)
"""

from __future__ import annotations

from importlib.metadata import version

from graphs import add, key_of
from harness import Clock, Facts, Figures, arguments, memory_mb, write
from owlrl import DeductiveClosure, OWLRL_Semantics
from rdflib import Graph

from kb.inference.relational.keys import key
from kb.namespaces import ROOT, xz

CITIES = f"starts_with(subject, '<{ROOT}city/') OR starts_with(subject, '<{ROOT}division/')"


def main() -> None:
    """Run owlrl on the files of the command line."""
    given = arguments("owlrl on ontology and incidents")
    clock, data = Clock(), Graph()
    facts = Facts(given.base, given.incidents, given.limit)
    incidents, _ = facts.count()
    with clock("load"):
        add(data, facts.rows("base", f"NOT ({CITIES})"))
        add(data, facts.rows("incidents"))
        add(data, _around(facts))
    facts.close()
    before = set(data)
    with clock("derive"):
        DeductiveClosure(OWLRL_Semantics).expand(data)
    if given.output is not None:
        # The closure also says of literals what no RDF graph can hold.
        new = (triple for triple in set(data) - before if key_of(triple[0])[0] != '"')
        write(given.output, [(key_of(s), key_of(p), key_of(o)) for s, p, o in new])
    load, derive = clock.seconds["load"], clock.seconds["derive"]
    Figures(
        "owlrl",
        version("owlrl"),
        incidents,
        len(before),
        len(data) - len(before),
        load,
        derive,
        load + derive,
        sum(clock.cpu.values()),
        memory_mb(),
        "classes only: a lower bound; base graph without cities but for the areas around the incidents",
    ).show()


def _around(facts: Facts) -> list[tuple[str, str, str]]:
    """Return what is said of the areas around the incidents: their classes, and what they are part of."""
    place, part_of = key(xz("place")), key(xz("partOf"))
    query = f"""
        WITH RECURSIVE around(area) AS (
            SELECT object FROM incidents WHERE predicate = '{place}'
            UNION SELECT object FROM base JOIN around ON subject = area WHERE predicate = '{part_of}')
        SELECT subject, predicate, object FROM base JOIN around ON subject = area
        WHERE starts_with(object, '<')"""
    return facts.database.execute(query).fetchall()


if __name__ == "__main__":
    main()
