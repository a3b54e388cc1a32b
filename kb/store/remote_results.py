"""A remote server's answers as pyoxigraph's own result objects, blank nodes and all."""

from __future__ import annotations

import json
from typing import IO, Any, cast

from pyoxigraph import (
    Quad,
    QueryResultsFormat,
    QueryTriples,
    RdfFormat,
    Store,
    parse,
    parse_query_results,
)

from kb.store import skolem
from kb.store.protocol import Result
from kb.store.server import TABLE, TRIPLES

ACCEPT = f"{TABLE}, {TRIPLES};q=0.9"
"""One of the two fits every form of query."""


def read(media: str, body: IO[bytes]) -> Result:
    """Return the answer in *body*, which is of one of the types in :data:`ACCEPT`.

    :raises SyntaxError: where it is not.
    """
    if media == TRIPLES:
        return _triples(body)
    text = body.read()
    if skolem.GENID.encode() in text:
        text = json.dumps(_blank(json.loads(text))).encode()
    return parse_query_results(text, QueryResultsFormat.JSON)


def _triples(body: IO[bytes]) -> QueryTriples:
    """Only a store makes an object of this class, so the triples go through one."""
    store = Store()
    store.extend(
        Quad(skolem.blank(quad.subject), quad.predicate, skolem.blank(quad.object))  # type: ignore[arg-type]
        for quad in parse(input=body, format=RdfFormat.N_TRIPLES)
    )
    return cast(QueryTriples, store.query("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"))


def _blank(node: Any) -> Any:
    """Turn terms of SPARQL results in JSON back into blank nodes where they were some."""
    if isinstance(node, list):
        return [_blank(each) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") == "uri" and str(node.get("value", "")).startswith(skolem.GENID):
        return {"type": "bnode", "value": skolem.label(node["value"])}
    return {key: _blank(value) for key, value in node.items()}
