"""What is exposed: kinds of target to check, and those on record nearby, with the datasets that name them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyoxigraph import NamedNode

from kb.catalogue.shared import Shared
from kb.errors import both
from kb.namespaces import xz
from kb.services.audience import Visible
from kb.services.findings import Findings
from kb.srl.syntax import Term


def exposed(shared: Shared, found: Findings, visible: Visible) -> list[dict[str, Any]]:
    """Return the kinds of protection target that the incident threatens, each with its ``records`` nearby.

    Risk sources nearby, which are exposed whatever their kind, come last under their class; they are
    concluded one by one, so that the class has no ``because`` of its own.

    :param visible: which graphs the reader may see; records in others are left out.
    """
    targets = list(_records(shared, found, visible, "exposesTarget"))
    result = [
        {
            **found.conclusion("exposesKind", kind),
            "records": [told for term, told in targets if kind in set(found.values(term, "targetKind"))],
        }
        for kind in sorted(found.all("exposesKind"), key=str)
    ]
    sources = [told for _, told in _records(shared, found, visible, "nearRiskSource")]
    if sources:
        result.append({**found.value(xz("RiskSource")), "because": None, "records": sources})
    return result


def _records(
    shared: Shared, found: Findings, visible: Visible, relation: str
) -> Iterator[tuple[Term, dict[str, Any]]]:
    for term in sorted(found.all(relation), key=str):
        assert isinstance(term, NamedNode)
        graphs = [graph for graph in shared.graphs_of(term) if visible(graph)]
        entries = [entry for graph in graphs if (entry := shared.of_graph(graph)) is not None]
        if shared.graphs_of(term) and not graphs:
            continue
        yield (
            term,
            {
                **found.conclusion(relation, term),
                "area": found.value(found.one(term, "locatedIn")),
                "dataset": {
                    "iri": entries[0].iri.value,
                    "label": both(entries[0].title),
                    "path": entries[0].path,
                }
                if entries
                else None,
            },
        )
