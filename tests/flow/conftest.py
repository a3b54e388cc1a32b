"""A store that holds only the flows of the ontology."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyoxigraph
import pytest
from pyoxigraph import Quad, RdfFormat

from kb.namespaces import ONTOLOGY
from kb.store.embedded import EmbeddedStore
from kb.store.protocol import Change

FOLDER = Path(__file__).parents[2] / "ontology"
FILES = [FOLDER / "access.ttl", *FOLDER.glob("*flow.ttl")]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with EmbeddedStore(tmp_path / "store", reserve=0) as store:
        quads = [
            Quad(q.subject, q.predicate, q.object, ONTOLOGY)
            for path in FILES
            for q in pyoxigraph.parse(path=str(path), format=RdfFormat.TURTLE)
        ]
        store.commit(Change(quads), actor="test", action="load")
        yield store
