"""Xiezhi's knowledge base: from facts, ontology and rules to the prescribed response, with proof.

Floors, lowest last (imports point down only; ``lint-imports`` holds it)::

    kb.cli         the command ``xiezhi``
    webapp         pages, HTTP API, SPARQL Protocol
    kb.services    incident, response, proof: what people ask for
    kb.inference   rules on a store: derivation and explanation
    kb.report      an incident report in JSON or Turtle, checked
    kb.city        a city's grids and departments from division codes and a profile
    kb.ontology    the ontology's files, labels and terms
    kb.store       journal and Oxigraph; sandboxed workers for strangers' queries
    kb.srl         the rule language SPARQL-RL
    kb.resources, kb.namespaces, kb.errors
"""
