"""What strangers write, run in a process of its own: a SPARQL update, or a file to be parsed.

``python -m kb.store.tasks MEMORY FILE_SIZE`` closes the sandbox and does one task after another until its
standard input ends.

**Update.** The engine applies an update but does not tell what it changed, and has no rights. So it runs on a
copy of what the writer may see, and the copy is then compared with the original: each graph that the text may
mean (:mod:`kb.store.touched`), first by a hash of the graph written as N-Triples, then line by line. What
differs is the change, which the server checks and journals like any other. The store has no default graph of
its own; in an update it is :data:`DEFAULT`.

**Parse.** RDF in, N-Triples out. A parser may overflow its stack or eat the memory on a few kilobytes.
"""

from __future__ import annotations

import hashlib
import re
from typing import IO, Any, cast

import pyoxigraph
from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store

from kb.namespaces import graph
from kb.store import nesting, wire
from kb.store.touched import may_touch
from kb.store.worker import TooLarge, begin, deadline, send

DEFAULT = graph("default")
"""The named graph that updates and the Graph Store Protocol mean by "the default graph"."""
REQUEST = (64 << 20) + (1 << 16)
"""The most bytes of a task: a file, and the header before it."""
PARSED = {
    "text/turtle": RdfFormat.TURTLE,
    "application/n-triples": RdfFormat.N_TRIPLES,
    "application/rdf+xml": RdfFormat.RDF_XML,
    "application/ld+json": RdfFormat.JSON_LD,
    "text/plain": RdfFormat.N_TRIPLES,
}
"""Media types of files that can be parsed."""
DEPTH = 100
"""How deep brackets may nest in a file; the parser of JSON-LD overflows its stack at 4,000."""
_SIDES = ("additions", "removals")
_CONTEXT = re.compile(r'"@(context|import)"\s*:\s*(\[[^\]]*)?"', re.DOTALL)


class Untouchable(Exception):
    """The update changes a graph that its writer may not write: its name."""


class Rejected(Exception):
    """The file is refused: a code and what to say."""


def main() -> None:
    """Do the tasks on standard input."""
    requests, answers = begin()
    while True:
        try:
            header, body = wire.decode(requests.read, REQUEST)
        except EOFError:
            return
        with deadline(header["deadline"]):
            send(answers, *_done(header, body))


def _done(header: wire.Header, body: bytes) -> tuple[wire.Header, bytes]:
    """Do a task and return the answer; by then every file that it opened is closed."""
    try:
        return {}, {"update": update, "parse": parse}[header["task"]](header, body)
    except Rejected as error:
        return {"error": error.args[0], "detail": error.args[1]}, b""
    except (SyntaxError, ValueError) as error:
        return {"error": "syntax", "detail": str(error)}, b""
    except (TooLarge, Untouchable) as error:
        return {"error": "too-large", "graphs": error.args}, b""
    except MemoryError:
        return {"error": "memory"}, b""
    except RuntimeError as error:
        return {"error": "impossible", "detail": str(error)}, b""
    except OSError as error:
        return {"error": "failed", "detail": str(error)}, b""


def update(header: dict[str, Any], body: bytes) -> bytes:
    """Run the update *body* on the folder ``copy`` and return how it differs from the folder ``original``.

    One of the graphs ``fixed`` that differs ends it at once.

    The answer is N-Quads: the length of the additions in eight bytes, the additions, the removals.
    """
    copy = Store(header["copy"])
    for quad in list(copy.quads_for_pattern(None, None, None, DEFAULT)):
        copy.add(Quad(quad.subject, quad.predicate, quad.object, DefaultGraph()))
    copy.remove_graph(DEFAULT)
    copy.update(body.decode(), base_iri=header["base"])
    for quad in list(copy.quads_for_pattern(None, None, None, DefaultGraph())):
        copy.add(Quad(quad.subject, quad.predicate, quad.object, DEFAULT))
    copy.clear_graph(DefaultGraph())
    original, fixed = Store.read_only(header["original"]), frozenset(header["fixed"])
    additions, removals = bytearray(), bytearray()
    touched = may_touch(body.decode())
    there, new = set(original.named_graphs()), set(copy.named_graphs())
    names = {name for name in there | new if name not in there or name == DEFAULT or touched(name.value)}
    changed = []
    for name in names:
        if isinstance(name, NamedNode) and _hash(original, name) != _hash(copy, name):
            if name.value in fixed:
                raise Untouchable(name.value)
            changed.append(name)
    for name in changed:
        before, after = _lines(original, name), _lines(copy, name)
        for lines, target in ((after - before, additions), (before - after, removals)):
            for line in lines:
                target += line[:-2] + str(name).encode() + b" .\n"  # "… ." of N-Triples
        if len(additions) + len(removals) > header["bytes"]:
            raise TooLarge(*(name.value for name in changed))
    return len(additions).to_bytes(8) + bytes(additions) + bytes(removals)


def parse(header: dict[str, Any], body: bytes) -> bytes:
    """Return the triples of the file *body* as N-Triples."""
    media = header["media"]
    _require_harmless(media, body)
    triples = pyoxigraph.parse(
        body,
        format=PARSED[media],
        base_iri=header["base"],
        without_named_graphs=True,
        rename_blank_nodes=True,
    )
    found = pyoxigraph.serialize((quad.triple for quad in triples), format=RdfFormat.N_TRIPLES)
    assert found is not None
    if len(found) > header["bytes"]:
        raise TooLarge
    return found


def _require_harmless(media: str, body: bytes) -> None:
    """Refuse what would send the parser astray before it has read it."""
    if media.endswith("xml") and nesting.DOCTYPE.search(body):
        raise Rejected("doctype", "a document type or entity declaration")
    text = body.decode()  # every format but XML is UTF-8; XML of another encoding is refused here
    tokens = nesting.JSON if media.endswith("json") else nesting.TURTLE
    opening, closing = (*nesting.OPENING, b"<<"), (*nesting.CLOSING, b">>")
    if nesting.beyond(body, tokens, DEPTH, opening, closing) is not None:
        raise Rejected("too-deep", f"brackets nest deeper than {DEPTH}")
    if media.endswith("json") and _CONTEXT.search(text):
        raise Rejected("context", "a context that lies elsewhere")


class _Hash:
    """A file that keeps the hash of what is written to it."""

    def __init__(self) -> None:
        self.hash = hashlib.blake2b()

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing to do; Oxigraph calls it."""


def _hash(store: Store, name: NamedNode) -> bytes:
    target = _Hash()
    store.dump(cast(IO[bytes], target), RdfFormat.N_TRIPLES, from_graph=name)
    return target.hash.digest()


def _lines(store: Store, name: NamedNode) -> set[bytes]:
    text = store.dump(format=RdfFormat.N_TRIPLES, from_graph=name)
    assert text is not None
    return set(text.split(b"\n")) - {b""}


if __name__ == "__main__":
    main()
