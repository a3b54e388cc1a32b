"""Synthetic reports against their contract, by our engine and by pySHACL: ``xiezhi bench shacl``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
from pyoxigraph import NamedNode, Triple

from kb.inference.relational.keys import term
from kb.services import synthetic
from kb.services.loading import Progress
from kb.services.workspace import Workspace
from kb.validation import measuring
from kb.validation.measuring import Figures

SPOILT = 20
"""Each 20th record breaks the contract."""


def measure(city: str, size: int, peer_size: int, progress: Progress | None = None) -> Figures:
    """Return how fast *size* reports from *city* are validated, and *peer_size* of them by pySHACL."""
    with tempfile.TemporaryDirectory(prefix="xiezhi-shacl-") as name:
        path = Path(name) / "incidents.parquet"
        with Workspace(Path(name) / "home", cities=[city], progress=progress) as workspace:
            synthetic.incidents(workspace, city, size, path)
            shapes = workspace.knowledge.ontology / "shapes" / "incident-report.ttl"
        with duckdb.connect() as database:
            rows = database.execute("SELECT * FROM read_parquet(?) ORDER BY subject", [str(path)]).fetchall()
    triples = [Triple(*map(term, row)) for row in rows]  # type: ignore[arg-type]
    assert all(isinstance(triple.subject, NamedNode) for triple in triples)
    records = measuring.spoilt(measuring.by_subject(triples), SPOILT)
    return measuring.measure(shapes, records, peer_size)
