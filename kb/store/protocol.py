"""What the rest of Xiezhi may ask of a durable store, whichever engine is below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeAlias

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QuerySolutions,
    QueryTriples,
    Triple,
    Variable,
)

from kb.store import delta

Subject: TypeAlias = NamedNode | BlankNode
GraphName: TypeAlias = NamedNode | BlankNode | DefaultGraph
Term: TypeAlias = NamedNode | BlankNode | Literal | Triple
Result: TypeAlias = QuerySolutions | QueryBoolean | QueryTriples


@dataclass(frozen=True)
class Change:
    """Quads to add and quads to remove, together or not at all.

    The store is a set: adding what is there or removing what is not does nothing. A quad on
    both sides ends up added, as in ``DELETE … INSERT …`` of SPARQL.
    """

    additions: Sequence[Quad] = ()
    removals: Sequence[Quad] = ()

    @cached_property
    def graphs(self) -> frozenset[GraphName]:
        """The graphs that it touches: who listens for some graphs need not look at every quad."""
        return frozenset(quad.graph_name for quads in (self.additions, self.removals) for quad in quads)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a change is durable.

    *sequence* is its number in the journal, from 1; *time* is UTC in ISO 8601, such as
    ``2026-08-01T08:15:30.123456Z``. *duplicate* says that the idempotency key was known: this is
    the receipt of the first commit, and nothing was applied now.
    """

    sequence: int
    time: str
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal: who did what, when and why, and what it changed.

    *hash* is the SHA-256 of all other fields; *previous* is the hash of the entry before.
    """

    sequence: int
    time: str
    actor: str
    action: str
    reason: str
    key: str | None
    delta: bytes
    previous: bytes
    hash: bytes

    @property
    def change(self) -> Change:
        """What the entry added and removed; decoded at each call."""
        return Change(*delta.unpack(self.delta))

    @property
    def receipt(self) -> Receipt:
        """The receipt that the committer got."""
        return Receipt(self.sequence, self.time)


Listener: TypeAlias = Callable[[Change], None]
"""Called with every change after it is durable and readable, before its commit returns.

Listeners invalidate caches. They run one at a time, in the order of the journal, in the thread of
the committer, and must neither commit nor raise: an exception reaches the committer although the
change is durable.
"""


class Store(Protocol):
    """A set of quads in named graphs whose every change is journalled before it counts.

    All methods are thread-safe: writes wait for one another, reads run beside them and see
    whole changes only. Every quad lies in a named graph; the graph ``graph/system`` belongs to
    the store, is refused in changes, and is left out of :meth:`match` and :meth:`graphs`.

    :raises StoreError: whatever cannot be done. Reading alone lets through what the engine
        raises where its files are damaged, ``OSError`` or ``RuntimeError``: wrapping every quad
        would cost more than reading it.
    """

    def commit(
        self, change: Change, *, actor: str, action: str, reason: str = "", key: str | None = None
    ) -> Receipt:
        """Make *change* durable and readable, wholly or not at all.

        *actor*, *action* and *reason* are for the audit; an empty change is a pure audit entry.
        *key* makes a retry safe: the same key again returns the first receipt with
        ``duplicate=True`` and applies nothing.
        """
        ...

    def load(
        self,
        quads: Iterable[Quad],
        *,
        actor: str,
        action: str,
        reason: str = "",
        progress: Callable[[int], None] | None = None,
        chunk: int = 100_000,
    ) -> int:
        """Add many quads, each *chunk* of them one journal entry; return how many came.

        Each chunk is durable by itself: after a crash, the chunks before it are there, and
        loading again is harmless. *progress* gets the number loaded so far after every chunk.
        Readers may see a chunk grow.
        """
        ...

    def replace_graph(
        self,
        graph: NamedNode,
        triples: Iterable[Triple],
        *,
        actor: str,
        action: str,
        reason: str = "",
        key: str | None = None,
    ) -> Receipt:
        """Make *graph* hold *triples* and nothing else; only the difference is journalled.

        Blank nodes compare by label: give them stable labels, or the difference is large.
        """
        ...

    def match(
        self,
        s: Subject | None,
        p: NamedNode | None,
        o: Term | None,
        graph: NamedNode | None = None,
    ) -> Iterator[Quad]:
        """Return the quads that fit; ``None`` fits everything. One consistent view to the end."""
        ...

    def query(
        self,
        text: str,
        *,
        substitutions: Mapping[Variable, Term] | None = None,
        default_graph: Sequence[NamedNode] | None = None,
        named_graphs: Sequence[NamedNode] | None = None,
    ) -> Result:
        """Answer one of the application's own, fixed queries; values enter by *substitutions*.

        A substituted variable must be among those that ``SELECT`` names.

        There is no deadline: what strangers write goes to :class:`kb.store.workers.Service`.
        With neither graph list, the default graph is the union of all graphs, a triple in two
        graphs counting twice, and the one marker triple of ``graph/system`` is in it. With one
        list given, the other is empty: a query never sees more than it was handed.
        """
        ...

    def graphs(self) -> Iterator[NamedNode]:
        """Return the names of the graphs that hold at least one quad."""
        ...

    def subscribe(self, listener: Listener) -> None:
        """Call *listener* with every change from now on; see :data:`Listener`."""
        ...

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """Return the journal in order, from the entry after number *after*."""
        ...

    @property
    def sequence(self) -> int:
        """The number of the last change that is readable; 0 before the first."""
        ...

    def verify(self) -> int:
        """Check every entry of the journal; return how many there are.

        :raises StoreError: ``store.chain-broken``, naming the first bad sequence number.
        """
        ...

    def checkpoint(self, folder: Path) -> int:
        """Write a frozen copy of all graphs but ``graph/system`` into the new *folder*.

        Return a sequence number: the copy holds all changes up to it, perhaps a few more.
        """
        ...

    def backup(self, folder: Path) -> None:
        """Write a complete backup into the new *folder*; see :func:`kb.store.backup.restore`."""
        ...

    def close(self) -> None:
        """Release the folder. Nothing needs saving: every commit is durable already."""
        ...
