"""Whether the knowledge keeps its own SHACL contract (``ontology/shapes/knowledge.ttl``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rdflib import Graph

from kb.errors import Fault, Text
from kb.ontology.checks.finding import Finding, Severity, short
from kb.ontology.statements import Places
from kb.validation.shapes import Shapes


def violations(graph: Graph, shapes: Path, places: Places) -> Iterator[Finding]:
    """Yield a finding for every result of the contract in the file *shapes*, in the words of its shapes."""
    found = Shapes.from_files(shapes).validate(graph.serialize(format="nt"))
    for one in sorted(
        found, key=lambda one: (one.focus.value, one.path or "", one.message.zh, str(one.value))
    ):
        focus, predicate = one.focus.value, one.predicate
        shown = "" if one.value is None else short(one.value.value)
        place = places.of(focus, None if predicate is None else predicate.value)
        yield Finding(
            Severity.ERROR,
            Fault(
                "knowledge.contract",
                Text(
                    f"{short(focus)} {one.message.zh}" + (f"（{shown}）" if shown else ""),
                    f"{short(focus)}: {one.message.en}" + (f" ({shown})" if shown else ""),
                ),
                str(place) if place else short(focus),
                one.repair,
            ),
        )
