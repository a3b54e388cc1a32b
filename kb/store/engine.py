"""What is below the journal: quads that lag behind it, with a marker of how far they have come.

The marker is one quad of ``graph/system`` whose literal holds the number and the hash of the
last journal entry that is in the quads. It is written in the transaction of that entry, so it is
there if and only if the entry is.

**Why replay from the marker is right.** Engines may lose their youngest transactions in a power
cut, and a crash may leave a bulk load half done. Write *S(n)* for the set of
quads that the first *n* entries make, and let the marker found at start be *m*. All entries to
*m* are in; of later ones, any part may be. So a quad that no entry after *m* mentions is as in
*S(m)*, hence as in *S(n)*. A quad that some entry after *m* mentions is added or removed by the
last of these, whatever it was before, and replay does that last. Either way it ends as in
*S(n)*: replay needs no knowledge of what was lost, and replaying twice changes nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Quad, Variable

from kb.namespaces import graph, xz
from kb.store.journal import GENESIS
from kb.store.protocol import Change, Entry, Result, Subject, Term

SYSTEM = graph("system")
"""The graph of the marker. No change may touch it, and no stranger sees it."""

APPLIED = xz("appliedEntry")
"""The predicate of the marker."""

_BATCH = 200_000  # quads that replay holds in memory: some 100 MB


@dataclass(frozen=True, slots=True)
class Marker:
    """The number and the hash of a journal entry; by default, those before the first."""

    sequence: int = 0
    hash: bytes = GENESIS

    @property
    def quad(self) -> Quad:
        """The marker as it is stored."""
        return Quad(SYSTEM, APPLIED, Literal(f"{self.sequence} {self.hash.hex()}"), SYSTEM)

    @classmethod
    def of(cls, term: Term | None) -> Marker:
        """Return the marker that *term*, the object of a marker quad, holds.

        :raises OSError: where it holds none.
        """
        try:
            sequence, digest = str(getattr(term, "value", "")).split(" ")
            return cls(int(sequence), bytes.fromhex(digest))
        except ValueError as error:
            raise OSError(f"the marker {term} is damaged") from error

    @classmethod
    def after(cls, entry: Entry) -> Marker:
        """Return the marker that says that *entry* was the last one applied."""
        return cls(entry.sequence, entry.hash)


class Engine(ABC):
    """Quads and their :attr:`marker`; one thread writes at a time, any number read."""

    marker: Marker
    repair = ("从备份恢复", "restore a backup")
    """What people do where the journal is not the one that was applied."""

    def admit(self, change: Change) -> None:  # noqa: B027 - a hook: most take whatever was admitted
        """Turn away a *change* that this engine could not apply, before it is journalled.

        :raises StoreError: ``store.refused``. Here nothing is.
        """

    @abstractmethod
    def apply(self, change: Change, entry: Entry) -> None:
        """Apply *change* and the marker of its *entry*, wholly or not at all."""

    def fill(self, quads: Sequence[Quad], entry: Entry) -> None:
        """Add many *quads*, then the marker of their *entry*; readers may see them come."""
        self._add(quads)
        self._mark(Marker.after(entry))

    def replay(self, entries: Iterable[Entry]) -> None:
        """Bring the quads up to the last of *entries*, which are all that follow the marker.

        Only the last word about each quad is applied, in large batches.
        """
        present: dict[Quad, bool] = {}
        entry = None
        for entry in entries:
            change = entry.change
            present.update(dict.fromkeys(change.removals, False))
            present.update(dict.fromkeys(change.additions, True))
            if len(present) >= _BATCH:
                self._settle(present, entry)
                present.clear()
        if entry is not None:
            self._settle(present, entry)

    @abstractmethod
    def match(
        self, s: Subject | None, p: NamedNode | None, o: Term | None, graph: NamedNode | None
    ) -> Iterator[Quad]:
        """Return the quads that fit, but those of ``graph/system``; one view to the end."""

    @abstractmethod
    def query(
        self,
        text: str,
        substitutions: Mapping[Variable, Term] | None,
        default_graph: Sequence[NamedNode] | None,
        named_graphs: Sequence[NamedNode] | None,
    ) -> Result:
        """Answer a query as :meth:`kb.store.protocol.Store.query` says."""

    @abstractmethod
    def graphs(self) -> Iterator[NamedNode]:
        """Return the names of the graphs with quads in them, but ``graph/system``."""

    @abstractmethod
    def close(self) -> None:
        """Let go of whatever is held open."""

    def _settle(self, present: dict[Quad, bool], entry: Entry) -> None:
        self._remove([quad for quad, there in present.items() if not there])
        self._add([quad for quad, there in present.items() if there])
        self._mark(Marker.after(entry))

    @abstractmethod
    def _add(self, quads: Sequence[Quad]) -> None:
        """Add *quads*, however far a crash lets it come."""

    @abstractmethod
    def _remove(self, quads: Sequence[Quad]) -> None:
        """Remove *quads*, however far a crash lets it come."""

    @abstractmethod
    def _mark(self, marker: Marker) -> None:
        """Put *marker* in the place of the one that is there."""
