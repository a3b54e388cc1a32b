"""The HTTP tests of W3C for SPARQL, read from their manifests: requests, and what is expected of answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pyoxigraph import RdfFormat, parse

from tests.store import w3c
from tests.store.w3c import MF, RDFS, UT, Graph
from tests.webapp.conftest import Reply

HT = "http://www.w3.org/2011/http#"
CNT = "http://www.w3.org/2011/content#"
FORMATS = {
    "boolean": {"application/sparql-results+json", "application/sparql-results+xml"},
    "tabular": {
        "application/sparql-results+json",
        "application/sparql-results+xml",
        "text/csv",
        "text/tab-separated-values",
    },
    "RDF": {"text/turtle", "application/rdf+xml", "application/n-triples"},
}
"""What W3C means by ``mf:expectedFormat``."""


@dataclass(frozen=True)
class Request:
    """A request and what is expected of its answer.

    *statuses* are single codes or classes such as ``2xx``; *location* is the name by which later requests
    mean the address that the answer gives.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None
    statuses: frozenset[str]
    boolean: bool | None = None
    format: str | None = None
    location: str | None = None
    content_type: str | None = None
    content: str | None = None

    def check(self, reply: Reply) -> None:
        """Compare the answer with what is expected."""
        got = {str(reply.status), f"{reply.status // 100}xx"}
        assert got & self.statuses, (reply.status, self.statuses, reply.text)
        media = str(reply.headers["Content-Type"]).partition(";")[0]
        if self.format is not None:
            assert media in FORMATS[self.format]
        if self.boolean is not None:
            assert reply.json["boolean"] is self.boolean
        if self.content_type is not None:
            assert reply.headers["Content-Type"] == self.content_type
        if self.content is not None:
            graphs = [set(parse(text, format=RdfFormat.TURTLE)) for text in (reply.body, self.content)]
            assert w3c.same(*graphs), reply.text


@dataclass(frozen=True)
class Case:
    """Requests to be sent one after the other; *graphs* are there before, by name."""

    name: str
    requests: tuple[Request, ...]
    graphs: dict[str, Path] = field(default_factory=dict)


def cases(*manifests: str) -> list[Case]:
    """Return the tests of the *manifests*, even those that their lists forget; none without the suite."""
    if not w3c.SUITE.is_dir():
        return []
    return [case for name in manifests for case in _read(w3c.SUITE / "sparql11" / name)]


def _read(file: Path) -> Iterator[Case]:
    graph = Graph(file)
    for entry in graph.having(MF + "action"):
        before = {
            graph.one(given, RDFS + "label").value: w3c.path(graph.one(given, UT + "graph"))
            for given in graph.all(entry, UT + "graphData")
        }
        action = graph.one(entry, MF + "action")
        requests = tuple(_request(graph, node) for node in graph.items(graph.one(action, HT + "requests")))
        yield Case(entry.value.rpartition("#")[2], requests, before)


def _request(graph: Graph, node: Any) -> Request:
    answer = graph.one(node, HT + "resp")
    body = graph.one(node, HT + "body")
    boolean, location = graph.one(answer, MF + "expectedBoolean"), graph.one(answer, MF + "expectedLocation")
    kind, content = graph.one(answer, MF + "expectedFormat"), graph.one(answer, HT + "body")
    return Request(
        graph.one(node, HT + "methodName").value,
        graph.one(node, HT + "absolutePath").value,
        _headers(graph, node),
        None if body is None else _text(graph, body).encode(graph.one(body, CNT + "characterEncoding").value),
        frozenset(_status(status.value) for status in graph.all(answer, MF + "expectedStatus")),
        None if boolean is None else boolean.value == "true",
        None if kind is None else kind.value,
        None if location is None else location.value,
        _headers(graph, answer).get("content-type"),
        None if content is None else _text(graph, content),
    )


def _text(graph: Graph, content: Any) -> str:
    return str(graph.one(content, CNT + "chars").value)


def _headers(graph: Graph, node: Any) -> dict[str, str]:
    return {
        graph.one(header, HT + "fieldName").value: graph.one(header, HT + "fieldValue").value
        for header in graph.items(graph.one(node, HT + "headers"))
    }


def _status(iri: str) -> str:
    """Return ``201`` for ``hts:Created``, ``2xx`` for ``hts:StatusCode2xx``."""
    name = iri.rpartition("#")[2]
    if name.startswith("StatusCode"):
        return name.removeprefix("StatusCode")
    by_name = {status.phrase.replace(" ", ""): str(status.value) for status in HTTPStatus}
    return by_name[name]
