"""Report an incident over the API, then read the derived response with SPARQL, as any client can.

Run beside a server (``make run``)::

    python examples/integration/query_response.py [http://127.0.0.1:8000]

Uses SPARQLWrapper, but nothing here is special: the endpoint speaks the SPARQL 1.1 Protocol.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path

from SPARQLWrapper import JSON, SPARQLWrapper

REPORT = Path(__file__).parents[1] / "reports" / "gas-explosion.json"
WHO_DOES_WHAT = """
PREFIX xz: <https://w3id.org/xiezhi/ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?level ?relation ?department ?task WHERE {
  { SELECT ?incident WHERE { ?incident xz:receivedAt ?time } ORDER BY DESC(?time) LIMIT 1 }
  ?incident xz:responseLevel/rdfs:label ?level .
  VALUES (?property ?relation) { (xz:leadDepartment "lead") (xz:supportDepartment "support") }
  ?incident ?property ?body ; xz:leadDuty|xz:supportDuty ?duty .
  ?body xz:performs ?function ; rdfs:label ?department .
  ?duty xz:function ?function ; xz:task ?task .
  FILTER (lang(?level) = "en" && lang(?department) = "en" && lang(?task) = "en")
} ORDER BY ?relation ?department ?task
"""


def main(server: str = "http://127.0.0.1:8000") -> None:
    """Report a gas explosion and print who has to do what."""
    request = urllib.request.Request(  # noqa: S310 - the server given
        f"{server}/api/recommend", REPORT.read_bytes(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - the server given
        sys.stdout.write(f"incident {json.load(answer)['incident']['id']}\n")
    endpoint = SPARQLWrapper(f"{server}/sparql", returnFormat=JSON)
    endpoint.setQuery(WHO_DOES_WHAT)
    for row in endpoint.queryAndConvert()["results"]["bindings"]:
        level, relation, department, task = (
            row[name]["value"] for name in ("level", "relation", "department", "task")
        )
        sys.stdout.write(f"{level}  {relation:8}{department}: {task}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
