"""A process that commits numbered transactions until it is killed; the tests of kill -9 run it.

``python committer.py FOLDER [URL]`` prints the number of each transaction once it is acknowledged. What
transaction *n* does follows from *n* alone, so who knows how many happened knows every quad.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from kb.store.embedded import open_store
from kb.store.protocol import Change
from kb.store.remote import open_remote

P = NamedNode("urn:p")


def quads(n: int) -> list[Quad]:
    """Return what transaction *n* adds: eight quads in one of twenty graphs."""
    graph = NamedNode(f"urn:g{n % 20}")
    return [Quad(BlankNode(f"b{k}"), P, Literal(f"transaction {n} row {k}"), graph) for k in range(8)]


def change(n: int) -> Change:
    """Every second transaction removes what the one twenty before it added to the same graph."""
    return Change(quads(n), quads(n - 20) if n % 2 and n > 20 else [])


def state(count: int) -> set[Quad]:
    """Return all quads after transactions 1 to *count*."""
    found: set[Quad] = set()
    for n in range(1, count + 1):
        found = (found - set(change(n).removals)) | set(change(n).additions)
    return found


def main() -> None:
    """Commit until killed."""
    folder, *url = sys.argv[1:]
    with open_remote(Path(folder), *url) if url else open_store(Path(folder)) as store:
        while True:
            n = store.sequence + 1
            if n % 50 == 0:
                store.load(quads(n), actor="committer", action="load")
            else:
                store.commit(change(n), actor="committer", action=f"transaction {n}", key=str(n))
            print(n, flush=True)


if __name__ == "__main__":
    main()
