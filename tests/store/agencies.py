"""Two other agencies for the tests of federation: real servers, and queries to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode, Quad
from pyoxigraph import Store as Oxigraph

from kb.errors import XiezhiError
from kb.store.endpoints import Endpoint
from kb.store.federation import Federation, Limits
from kb.store.workers import Service

WATER = """
INSERT DATA {
  <urn:pump1> <urn:in> <urn:d1> ; <urn:level> 3 ; <urn:note> "says: } SERVICE <urn:x> { # no" .
  <urn:pump2> <urn:in> <urn:d2> ; <urn:level> 5 ; <urn:note> "泵站"@zh .
  <urn:pump3> <urn:in> <urn:d2> ; <urn:level> 5.5 ; <urn:owner> [ <urn:name> "nobody" ] .
}
"""
POWER = (
    "INSERT DATA { <urn:line1> <urn:feeds> <urn:pump1> . <urn:line2> <urn:feeds> <urn:pump2>, <urn:pump3> }"
)
OURS = [
    Quad(NamedNode(f"urn:d{n}"), NamedNode("urn:name"), Literal(f"district {n}"), NamedNode("urn:g"))
    for n in range(1, 4)
]
Agencies = Mapping[str, Endpoint]


def write_list(home: Path, text: str) -> None:
    prefixes = (
        "@prefix xz: <https://w3id.org/xiezhi/ns#> .\n"
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
    )
    (home / "federation.ttl").write_text(prefixes + text, encoding="utf-8")


def federate(query: str, agencies: Agencies, limits: Limits | None = None) -> str:
    federation = Federation(agencies, limits or Limits())
    try:
        return federation.query(query)
    finally:
        federation.close()


def rows(service: Service, query: str) -> list[dict[str, str]]:
    answer = service.select(query, "application/sparql-results+json")
    found = json.loads(answer.body)["results"]["bindings"]
    return [{name: term["value"] for name, term in row.items()} for row in found]


def column(store: Oxigraph, query: str, name: str) -> list[str]:
    # In a function of its own: the engine's results must die in the thread that made them, not in a cycle.
    return [str(row[name].value) for row in store.query(query)]  # type: ignore[union-attr, index]


def fault(act: Callable[[], object]) -> Any:
    with pytest.raises(XiezhiError) as error:
        act()
    return error.value.faults[0]


def table(*bindings: object, names: tuple[str, ...] = ("s",)) -> bytes:
    return json.dumps({"head": {"vars": names}, "results": {"bindings": bindings}}).encode()


URI = {"type": "uri", "value": "urn:x"}
