"""pySHACL (https://github.com/RDFLib/pySHACL): each rule as a ``sh:SPARQLRule`` of incidents.

    python tests/bench/peers/pyshacl_rules.py rules BASE.parquet INCIDENTS.parquet --limit 10

Each component of the strata is a shape with the target class xz:Incident, in the order of evaluation
(``sh:order``); ``iterate_rules`` runs each until nothing is new. The base graph is cut to the properties
that rules mention, which spares pySHACL most of the city and changes no answer. It knows no ``DATA``: a rule
that reads the base graph alone here reads what was derived too, which for the present rules makes no
difference.
"""

from __future__ import annotations

from importlib.metadata import version

from graphs import add, key_of
from harness import Clock, Facts, Figures, arguments, memory_mb, response_rules, write
from pyoxigraph import NamedNode
from pyshacl import shacl_rules
from rdflib import RDF, SH, BNode, Graph, Literal, URIRef
from sparql_rules import ordered

from kb.inference.program import INCIDENT
from kb.inference.relational.keys import key
from kb.namespaces import xz
from kb.srl.strata import stratify
from kb.srl.syntax import Negation, Rule, TriplePattern


def main() -> None:
    """Run pySHACL on the files of the command line."""
    given = arguments("pySHACL on the response rules")
    clock = Clock()
    facts = Facts(given.base, given.incidents, given.limit)
    incidents, _ = facts.count()
    rules = response_rules(given.rules)
    properties = ", ".join(f"'{key(p)}'" for p in sorted(mentioned(rules), key=str))
    data = Graph()
    with clock("load"):
        add(data, facts.rows("base", f"predicate IN ({properties})"))
        add(data, facts.rows("incidents"))
    facts.close()
    before = set(data) if given.output is not None else set()
    facts_in = len(data)
    with clock("derive"):
        shacl_rules(data, shacl_graph=shapes(rules), inplace=True, iterate_rules=True)
    if given.output is not None:
        write(given.output, [(key_of(s), key_of(p), key_of(o)) for s, p, o in set(data) - before])
    load, derive = clock.seconds["load"], clock.seconds["derive"]
    Figures(
        "pyshacl",
        version("pyshacl"),
        incidents,
        facts_in,
        len(data) - facts_in,
        load,
        derive,
        load + derive,
        sum(clock.cpu.values()),
        memory_mb(),
        "base graph cut to the properties that rules mention",
    ).show()


def mentioned(rules: tuple[Rule, ...]) -> set[NamedNode]:
    """Return the properties that the bodies of *rules* mention."""
    found: set[NamedNode] = set()
    for rule in rules:
        for element in rule.body:
            patterns = element.inner if isinstance(element, Negation) else (element,)
            found |= {
                p.predicate
                for p in patterns
                if isinstance(p, TriplePattern) and isinstance(p.predicate, NamedNode)
            }
    return found


def shapes(rules: tuple[Rule, ...]) -> Graph:
    """Return *rules* as shapes: one for each component, in the order of evaluation."""
    graph = Graph()
    components = [
        component
        for layer in stratify(rules).layers
        for component in (*((rule,) for rule in layer.once), *(c.rules for c in layer.components))
    ]
    for place, component in enumerate(components):
        shape = URIRef(f"urn:shape:{place}")
        graph.add((shape, RDF.type, SH.NodeShape))
        graph.add((shape, SH.targetClass, URIRef(xz("Incident").value)))
        graph.add((shape, SH.order, Literal(place)))
        for rule in component:
            node = BNode()
            query = ordered(rule).replace(f"{INCIDENT} ", "$this ").replace(f"{INCIDENT})", "$this)")
            assert str(INCIDENT) not in query, query
            graph.add((shape, SH.rule, node))
            graph.add((node, RDF.type, SH.SPARQLRule))
            graph.add((node, SH.construct, Literal(query)))
    return graph


if __name__ == "__main__":
    main()
