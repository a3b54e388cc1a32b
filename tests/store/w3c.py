"""The SPARQL test suites of W3C (1.1 and 1.2), read from their manifests.

They lie beside the checkout, in ``../shared/data/tests/sparql``, and are not part of it. :func:`cases`
returns one case for every entry of the manifests that it is asked for, with the IRIs of the files on the web.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    RdfFormat,
    parse,
    parse_query_results,
)
from pyoxigraph import Store as Oxigraph

SUITE = Path(__file__).parents[2].parent / "shared" / "data" / "tests" / "sparql"
WEB = "https://w3c.github.io/rdf-tests/sparql/"
MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
QT = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
UT = "http://www.w3.org/2009/sparql/tests/test-update#"
RS = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
RESULTS = {
    ".srx": QueryResultsFormat.XML,
    ".srj": QueryResultsFormat.JSON,
    ".tsv": QueryResultsFormat.TSV,
    ".csv": QueryResultsFormat.CSV,
}

Term = Any


class Graph:
    """The graph of one manifest, to be walked from node to node."""

    def __init__(self, file: Path) -> None:
        self._store = Oxigraph()
        self._store.bulk_extend(parse(path=file, base_iri=iri(file)))

    def all(self, subject: Term, name: str) -> list[Term]:
        """Return the objects of a property."""
        return [quad.object for quad in self._store.quads_for_pattern(subject, NamedNode(name), None)]

    def one(self, subject: Term, name: str) -> Term:
        """Return the only object of a property; ``None`` without one."""
        found = self.all(subject, name)
        assert len(found) < 2, (subject, name, found)
        return found[0] if found else None

    def subject(self, name: str, value: str) -> Term:
        """Return a node with this property; ``None`` without one."""
        found = self._store.quads_for_pattern(None, NamedNode(name), NamedNode(value))
        return next((quad.subject for quad in found), None)

    def having(self, name: str) -> list[Term]:
        """Return the named nodes that have a property."""
        found = self._store.quads_for_pattern(None, NamedNode(name), None)
        return [quad.subject for quad in found if isinstance(quad.subject, NamedNode)]

    def items(self, head: Term) -> Iterator[Term]:
        """Return the members of a list."""
        while head is not None and head.value != RDF + "nil":
            yield self.one(head, RDF + "first")
            head = self.one(head, RDF + "rest")

    def entries(self) -> Iterator[Term]:
        """Return the tests of the manifest."""
        for quad in self._store.quads_for_pattern(None, NamedNode(MF + "entries"), None):
            yield from self.items(quad.object)


@dataclass(frozen=True)
class State:
    """A dataset: the files of its default graph, and names and files of the others."""

    default: tuple[Path, ...] = ()
    named: tuple[tuple[str, Path], ...] = ()

    def quads(self) -> set[Quad]:
        """Return what the files say, with other blank nodes in each file."""
        found = {quad for file in self.default for quad in content(file)}
        for name, file in self.named:
            found |= {Quad(s, p, o, NamedNode(name)) for s, p, o, _ in content(file)}
        return found

    def names(self) -> list[str]:
        """Return the names of the named graphs, those within the files of the default graph too."""
        within = {quad.graph_name.value for quad in self.quads() if isinstance(quad.graph_name, NamedNode)}
        return sorted(within | {name for name, _ in self.named})


@dataclass(frozen=True)
class Case:
    """One test: its *kind* is the last part of the IRI of its type."""

    name: str
    kind: str
    text: Path
    before: State = State()
    after: State = State()
    result: Path | None = None

    @property
    def request(self) -> str:
        """The query or the update."""
        return self.text.read_bytes().decode()

    @property
    def base(self) -> str:
        """The IRI of the request's file."""
        return iri(self.text)


def iri(file: Path) -> str:
    """Return the IRI of *file* on the web."""
    return WEB + file.relative_to(SUITE).as_posix()


def path(node: Term) -> Path:
    """Return where the file of the IRI *node* lies."""
    return SUITE / node.value.removeprefix(WEB)


@cache
def content(file: Path) -> tuple[Quad, ...]:
    """Return the quads of an RDF file; its blank nodes are those of no other file."""
    format_ = RdfFormat.from_extension(file.suffix[1:])
    found = parse(path=file, format=format_, base_iri=iri(file), rename_blank_nodes=True)
    return tuple(dict.fromkeys(found))


def cases(folders: Sequence[str], *kinds: str) -> list[Case]:
    """Return the tests of *kinds* in the manifests of *folders*; none where the suites are not there."""
    if not SUITE.is_dir():
        return []
    return [
        case
        for folder in folders
        for case in _manifest(SUITE / folder / "manifest.ttl")
        if case.kind in kinds
    ]


def _manifest(file: Path) -> Iterator[Case]:
    graph = Graph(file)
    for entry in graph.entries():
        action, result = graph.one(entry, MF + "action"), graph.one(entry, MF + "result")
        kind = graph.one(entry, RDF + "type").value.removeprefix(MF)
        name = f"{file.parent.relative_to(SUITE).as_posix()}/{entry.value.rpartition('#')[2]}"
        if kind.startswith("Update"):
            text = path(graph.one(action, UT + "request"))
            yield Case(name, kind, text, _state(graph, action, UT), _state(graph, result, UT))
        elif isinstance(action, NamedNode):
            yield Case(name, kind, path(action), result=path(result) if result else None)
        else:
            text, before = path(graph.one(action, QT + "query")), _state(graph, action, QT)
            yield Case(name, kind, text, before, result=path(result) if result else None)


def _state(graph: Graph, node: Term, vocabulary: str) -> State:
    default = tuple(map(path, graph.all(node, vocabulary + "data")))
    named = []
    for given in graph.all(node, vocabulary + "graphData"):
        if isinstance(given, NamedNode):
            named.append((given.value, path(given)))
        else:
            label, file = graph.one(given, RDFS + "label"), graph.one(given, vocabulary + "graph")
            named.append((label.value, path(file)))
    return State(default, tuple(named))


def differences(file: Path) -> dict[str, str]:
    """Return why tests are expected to go another way than W3C wrote, by their names."""
    found: dict[str, str] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


# --- results ------------------------------------------------------------------------------------

Solutions = tuple[list[str], list[list[Term]]] | bool
"""Variables and rows of ``SELECT``, or the answer of ``ASK``."""


def solutions(results: Any) -> Solutions:
    """Return what the engine found."""
    if isinstance(results, QueryBoolean):
        return bool(results)
    names = [variable.value for variable in results.variables]
    return names, [[row[name] for name in names] for row in results]


def read(body: bytes, form: QueryResultsFormat) -> Solutions:
    """Return what a results document says."""
    return solutions(parse_query_results(body, form))


def expected(file: Path) -> Solutions | set[Quad]:
    """Return what a result file says: rows, yes or no, or a graph."""
    if file.suffix in RESULTS:
        return read(file.read_bytes(), RESULTS[file.suffix])
    graph = Graph(file)
    head = graph.subject(RDF + "type", RS + "ResultSet")
    return set(content(file)) if head is None else _as_rows(graph, head)


def _as_rows(graph: Graph, head: Term) -> Solutions:
    names = [name.value for name in graph.all(head, RS + "resultVariable")]
    rows = []
    for solution in graph.all(head, RS + "solution"):
        bindings = graph.all(solution, RS + "binding")
        found = {graph.one(b, RS + "variable").value: graph.one(b, RS + "value") for b in bindings}
        rows.append([found.get(name) for name in names])
    return names, rows


def same(one: Any, other: Any, *, ordered: bool = False) -> bool:
    """Whether two results, or two sets of quads, are equal but for the names of blank nodes.

    Numbers, dates and truth values compare by value: Oxigraph keeps ``"01"^^xsd:integer`` as ``1``.
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return _canonical(_as_quads(one, ordered)) == _canonical(_as_quads(other, ordered))


def _as_quads(found: Any, ordered: bool) -> set[Quad]:
    """Return rows as a graph, in which each is a blank node: equal rows are then equal graphs."""
    if isinstance(found, set):
        return found
    names, rows = found
    quads = {Quad(NamedNode("urn:head"), NamedNode("urn:names"), Literal(" ".join(sorted(names))))}
    for number, row in enumerate(rows):
        node = BlankNode()
        quads.add(Quad(NamedNode("urn:head"), NamedNode("urn:row"), node))
        if ordered:
            quads.add(Quad(node, NamedNode("urn:index"), Literal(number)))
        for name, term in zip(names, row, strict=True):
            if term is not None:
                quads.add(Quad(node, NamedNode(f"urn:name:{name}"), term))
    return quads


def _canonical(quads: set[Quad]) -> set[Quad]:
    store = Oxigraph()
    store.extend(quads)
    dataset = Dataset(store)
    dataset.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return set(dataset)


@contextmanager
def memory() -> Iterator[Path]:
    """A folder for stores that many tests change, in memory where there is such a place: nothing is kept."""
    shared = Path("/dev/shm")
    with TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as folder:
        yield Path(folder)


def engine(case: Case) -> Oxigraph:
    """Return the embedded engine with the dataset that the test begins with."""
    store = Oxigraph()
    store.bulk_extend(case.before.quads())
    for name in case.before.names():
        store.add_graph(NamedNode(name))
    return store


def in_default(triples: Iterable[Any]) -> set[Quad]:
    """Return triples as quads of the default graph."""
    return {Quad(s, p, o, DefaultGraph()) for s, p, o in triples}
