"""A worker: one process that answers strangers' queries and may die of any of them.

``python -m kb.store.worker MEMORY FILE_SIZE`` closes the sandbox, says hello with its status, and then
answers requests on its standard input, one at a time, until that ends. The engine has no
deadline and no limits of its own and can overflow its stack, so each of these is a process:
the server kills it and starts another (:mod:`kb.store.workers`).

A request names the checkpoint, the query, the media type and the limits. The answer is complete
before its first byte is sent: a row too many is cut and flagged, anything else that goes wrong is
an error in its place.
"""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from io import BytesIO
from itertools import islice
from typing import IO, Any, cast

from pyoxigraph import (
    NamedNode,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    QueryTriples,
    Store,
    parse_query_results,
    serialize,
)

from kb.geo.functions import FUNCTIONS
from kb.namespaces import PREFIXES
from kb.store import sandbox, wire
from kb.store.formats import GRAPHS, RESULTS

GRACE = 1.0
"""Seconds after its deadline when a query ends its worker even if the server is no longer there."""

REQUEST = 1 << 20
"""The most bytes of a request; the gate lets through 64 KiB of query."""

_FORBIDDEN_IN_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")


class TooLarge(Exception):
    """The answer outgrew its limit in bytes."""


class Unwritable(Exception):
    """The answer holds something that its format cannot express."""


def main() -> None:
    """Serve until standard input ends."""
    requests, answers = begin()
    desk = Desk()
    while True:
        try:
            request, text = wire.decode(requests.read, REQUEST)
        except EOFError:
            return
        with deadline(request["deadline"]):
            try:
                body, truncated = desk.answer(request, text.decode())
            except (SyntaxError, ValueError) as error:
                send(answers, {"error": "syntax", "detail": str(error)})
            except TooLarge:
                send(answers, {"error": "answer-too-large"})
            except MemoryError:
                send(answers, {"error": "memory"})
            except Unwritable as error:
                send(answers, {"error": "unwritable", "detail": str(error)})
            except RuntimeError as error:
                send(answers, {"error": "impossible", "detail": str(error)})
            except OSError as error:
                send(answers, {"error": "failed", "detail": str(error)})
            else:
                send(answers, {"truncated": truncated}, body)


def begin() -> tuple[IO[bytes], IO[bytes]]:
    """Close the sandbox as the arguments say and tell the server.

    Return where requests come and answers go.
    """
    memory, file_size = map(int, sys.argv[1:3])
    status = sandbox.enter(memory, file_size)
    # The default action, unlike a Python handler, strikes in the middle of native code.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    send(sys.stdout.buffer, asdict(status))
    return sys.stdin.buffer, sys.stdout.buffer


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """End this process *seconds* from now, and a moment of grace, unless it is done by then."""
    signal.setitimer(signal.ITIMER_REAL, seconds + GRACE)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)


class Desk:
    """Answers requests; keeps the last checkpoint open."""

    def __init__(self) -> None:
        """Start with no checkpoint."""
        self._path: str | None = None
        self._store: Store | None = None

    def answer(self, request: wire.Header, query: str) -> tuple[bytes, bool]:
        """Return the body of the answer and whether rows were cut off."""
        # The checkpoint holds only what the reader may see (kb.store.replica), so the union of all its
        # graphs may be read: one flag to the engine, where a list of graphs costs time for each (10 times
        # at 40). A dataset that the request names is put together from visible graphs for the same reason.
        store, default, named = self._open(request["checkpoint"]), request["default"], request["named"]
        if default or named:
            dataset: dict[str, Any] = {"default_graph": [*_nodes(default)], "named_graphs": [*_nodes(named)]}
        else:
            dataset = {"use_default_graph_as_union": not request["own"]}
        results = store.query(query, base_iri=request["base"], custom_functions=FUNCTIONS, **dataset)
        media, rows, size = request["media"], request["rows"], request["bytes"]
        truncated = False
        if isinstance(results, QueryBoolean):
            body = results.serialize(format=RESULTS[media])
        elif isinstance(results, QuerySolutions):
            body, truncated = _solutions(results, RESULTS[media], rows, size)
        else:
            body, truncated = _triples(results, media, rows)
        assert body is not None
        if len(body) > size:
            raise TooLarge
        if media.endswith("xml") and _FORBIDDEN_IN_XML.search(body):
            raise Unwritable("a control character in XML")
        return body, truncated

    def _open(self, path: str) -> Store:
        if self._store is None or path != self._path:
            self._store, self._path = Store.read_only(path), path
        return self._store


def _nodes(iris: list[str]) -> Iterator[NamedNode]:
    return map(NamedNode, iris)


class _Enough(Exception):
    """The writer has all the lines it wants."""


class _Lines:
    """A file that takes a number of lines and a number of bytes, and no more."""

    def __init__(self, lines: int, size: int) -> None:
        self.text = bytearray()
        self._lines, self._size = lines, size

    def write(self, data: bytes) -> int:
        self.text += data
        self._lines -= data.count(b"\n")
        if self._lines < 0:
            raise _Enough
        if len(self.text) > self._size:
            raise TooLarge
        return len(data)

    def flush(self) -> None:
        """Nothing to do; Oxigraph calls it."""


def _solutions(
    results: QuerySolutions, form: QueryResultsFormat, rows: int, size: int
) -> tuple[bytes | None, bool]:
    """Serialise at most *rows* solutions.

    Oxigraph writes all or nothing. TSV has one line a solution and keeps every term exactly, so
    it can be stopped after any line, and what came before read again and written as asked.
    """
    head = 1
    lines = _Lines(rows + head, size)
    truncated = False
    try:
        results.serialize(cast(IO[bytes], lines), QueryResultsFormat.TSV)
    except _Enough:
        truncated = True
    text = b"".join(islice(BytesIO(lines.text), rows + head))
    if form != QueryResultsFormat.TSV:
        return parse_query_results(text, QueryResultsFormat.TSV).serialize(format=form), truncated
    return text, truncated


def _triples(results: QueryTriples, media: str, rows: int) -> tuple[bytes | None, bool]:
    """Serialise at most *rows* triples."""
    triples = list(islice(results, rows + 1))
    try:
        return serialize(triples[:rows], format=GRAPHS[media], prefixes=PREFIXES), len(triples) > rows
    except OSError as error:  # JSON-LD, for one, has no triple terms
        raise Unwritable(str(error)) from error


def send(stream: IO[bytes], header: wire.Header, body: bytes = b"") -> None:
    """Send one frame."""
    stream.write(wire.encode(header, body))
    stream.flush()


if __name__ == "__main__":
    main()
