"""The SHACL test suite of W3C (2017), read from its manifests beside the checkout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import rdflib
from pyoxigraph import RdfFormat, Triple, parse
from rdflib import RDF

from tests.validation.oracle import REFUSED, Report, graph, of_graph

SUITE = Path(__file__).parents[2].parent / "shared" / "data" / "tests" / "shacl"
MF = rdflib.Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
SHT = rdflib.Namespace("http://www.w3.org/ns/shacl-test#")
_READ: dict[Path, list[Triple]] = {}


@dataclass(frozen=True)
class Case:
    """One test: the entry *node* of the manifest *file*."""

    name: str
    file: Path
    node: rdflib.term.Node

    @cached_property
    def manifest(self) -> rdflib.Graph:
        return graph(triples(self.file))

    def given(self, what: str) -> list[Triple]:
        """Return the ``dataGraph`` or the ``shapesGraph``."""
        action = self.manifest.value(self.node, MF.action)
        return triples(Path(str(self.manifest.value(action, SHT[what])).removeprefix("file://")))

    @cached_property
    def expected(self) -> Report:
        """The report that the test asks for."""
        wanted = self.manifest.value(self.node, MF.result)
        return REFUSED if wanted == SHT.Failure else of_graph(self.manifest, wanted)

    @cached_property
    def apart(self) -> bool:
        """Whether report, data and shapes are different files, whose blank nodes have nothing in common."""
        action = self.manifest.value(self.node, MF.action)
        files = {str(self.manifest.value(action, SHT[what])) for what in ("dataGraph", "shapesGraph")}
        return files != {self.file.as_uri()}


def triples(file: Path) -> list[Triple]:
    """Return the triples of a Turtle file, with the same labels each time."""
    if file not in _READ:
        read = parse(path=file, format=RdfFormat.TURTLE, base_iri=file.as_uri())
        _READ[file] = [quad.triple for quad in read]
    return _READ[file]


def cases() -> Iterator[Case]:
    """Yield every test of every file, also of the one that no manifest includes; none without the suite."""
    for file in sorted(SUITE.rglob("*.ttl")):
        if "sht:Validate" in file.read_text(encoding="utf-8"):
            for node in sorted(graph(triples(file)).subjects(RDF.type, SHT.Validate)):
                yield Case(str(node).removeprefix(SUITE.as_uri()).strip("/"), file, node)
