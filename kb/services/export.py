"""An incident and its response as RDF, for other systems."""

from __future__ import annotations

import io

import pyoxigraph
from pyoxigraph import RdfFormat, Triple

from kb.namespaces import PREFIXES, graph
from kb.services.incident import recall
from kb.services.workspace import Workspace

FORMATS = {
    "application/ld+json": RdfFormat.JSON_LD,
    "text/turtle": RdfFormat.TURTLE,
    "application/n-triples": RdfFormat.N_TRIPLES,
}


def serialize(workspace: Workspace, identifier: str, media_type: str) -> bytes:
    """Return the facts reported of an incident and what was derived from them, as stored.

    :param media_type: one of :data:`FORMATS`.
    :raises NotFound: for an incident that was never reported.
    """
    recall(workspace, identifier)
    triples = [
        Triple(quad.subject, quad.predicate, quad.object)
        for name in (graph(f"incident/{identifier}"), graph(f"response/{identifier}"))
        for quad in workspace.store.match(None, None, None, name)
    ]
    output = io.BytesIO()
    pyoxigraph.serialize(sorted(triples, key=str), output, format=FORMATS[media_type], prefixes=PREFIXES)
    return output.getvalue()
