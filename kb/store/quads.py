"""Oxigraph below the journal: whole changes, each with a marker of how far it has come.

The marker is one quad of ``graph/system`` whose literal holds the number and the hash of the
last journal entry that is in the store. It is written in the transaction of that entry, so the
store holds it if and only if it holds the entry.

**Why replay from the marker is right.** Oxigraph syncs no commit, so a power cut takes away the
youngest transactions, and a crash may leave a bulk load half done. Write *S(n)* for the set of
quads that the first *n* entries make, and let the marker found at start be *m*. All entries to
*m* are in; of later ones, any part may be. So a quad that no entry after *m* mentions is as in
*S(m)*, hence as in *S(n)*. A quad that some entry after *m* mentions is added or removed by the
last of these, whatever it was before, and replay does that last. Either way it ends as in
*S(n)*: replay needs no knowledge of what was lost, and replaying twice changes nothing. For the
same reason an older marker is as good as the newest, only slower, so old markers are removed
afterwards, in no transaction; the largest counts.

**How a change is applied atomically.** Additions alone go through ``extend()``, one write batch,
with the marker among them. With removals, one ``update()`` of two operations is one transaction.
Its text is fixed but for row numbers: the terms enter through functions that look them up, so
blank nodes keep their identity and no data is ever parsed as SPARQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad, Store

from kb.errors import StoreError
from kb.namespaces import graph, xz
from kb.store.journal import GENESIS
from kb.store.protocol import Change, Entry, Term

SYSTEM = graph("system")
"""The graph of the marker. No change may touch it, and no stranger sees it."""

BULK = 10_000
"""From so many additions on, ``bulk_extend()`` is faster than ``extend()`` (measured)."""

DAMAGE = (OSError, RuntimeError)
"""What pyoxigraph raises over its files: the second where RocksDB says "Corruption"."""

_APPLIED = xz("appliedEntry")
_PARTS = {
    "s": attrgetter("subject"),
    "p": attrgetter("predicate"),
    "o": attrgetter("object"),
    "g": attrgetter("graph_name"),
}
_BATCH = 200_000  # quads that replay holds in memory: some 100 MB


@dataclass(frozen=True, slots=True)
class Marker:
    """The number and the hash of a journal entry; by default, those before the first."""

    sequence: int = 0
    hash: bytes = GENESIS

    @property
    def quad(self) -> Quad:
        """The marker as it is stored."""
        return Quad(SYSTEM, _APPLIED, Literal(f"{self.sequence} {self.hash.hex()}"), SYSTEM)

    @classmethod
    def of(cls, term: Term) -> Marker:
        """Return the marker that *term*, the object of a marker quad, holds."""
        try:
            sequence, digest = str(getattr(term, "value", "")).split(" ")
            return cls(int(sequence), bytes.fromhex(digest))
        except ValueError as error:
            raise OSError(f"the marker {term} is damaged") from error


class Quads:
    """The Oxigraph folder *path*; one thread writes at a time, any number read.

    :raises OSError, RuntimeError: where Oxigraph cannot read the folder, or its indexes disagree.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the folder."""
        self.store = Store(path)
        if next(self.store.quads_for_pattern(None, None, None), None) is None:
            self.store.add(Marker().quad)
        self.marker = read_marker(self.store)
        for quad in list(self.store.quads_for_pattern(None, None, None, SYSTEM)):
            if quad != self.marker.quad:
                self.store.remove(quad)  # an older marker, from a crash before its removal

    def close(self) -> None:
        """Let go of the folder, which Oxigraph closes when the last result in use is dropped."""
        with suppress(*DAMAGE):  # only to spare the next opening the replay of Oxigraph's own log
            self.store.flush()
        del self.store  # rather than wait until nobody, a traceback for one, refers to this object

    def apply(self, change: Change, entry: Entry) -> None:
        """Apply *change* and the marker of its *entry*, wholly or not at all."""
        marker = Marker(entry.sequence, entry.hash)
        if change.removals:
            # A quad on both sides ends up added: the removals come first.
            _update(self.store, change.removals, [*change.additions, marker.quad])
        else:
            self.store.extend([*change.additions, marker.quad])
        self._advance(marker)

    def fill(self, quads: Sequence[Quad], entry: Entry) -> None:
        """Add many *quads*, then the marker of their *entry*; readers may see them come."""
        self._add(quads)
        self._mark(Marker(entry.sequence, entry.hash))

    def replay(self, entries: Iterable[Entry]) -> None:
        """Bring the store up to the last of *entries*, which are all that follow its marker.

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

    def _settle(self, present: dict[Quad, bool], entry: Entry) -> None:
        for quad, there in present.items():
            if not there:
                self.store.remove(quad)
        self._add([quad for quad, there in present.items() if there])
        self._mark(Marker(entry.sequence, entry.hash))

    def _add(self, quads: Sequence[Quad]) -> None:
        if len(quads) >= BULK:
            self.store.bulk_extend(quads)
        else:
            self.store.extend(quads)

    def _mark(self, marker: Marker) -> None:
        self.store.extend([marker.quad])
        self._advance(marker)

    def _advance(self, marker: Marker) -> None:
        self.store.remove(self.marker.quad)
        self.marker = marker


def read_marker(store: Store) -> Marker:
    """Return the largest marker in *store*.

    Every index of Oxigraph is asked. They are written together but flushed to disk one by one,
    so files damaged or removed by hand can leave them at different transactions.

    :raises OSError: where they disagree, or have none.
    """
    look = store.quads_for_pattern

    def largest(quads: Iterable[Quad]) -> Marker | None:
        markers = [Marker.of(quad.object) for quad in quads if quad.graph_name == SYSTEM]
        return max(markers, key=lambda marker: marker.sequence, default=None)

    latest = largest(look(None, None, None, SYSTEM))  # index gspo
    if latest is None:
        raise OSError("there is no marker")
    for name, quads in {
        "spog": look(SYSTEM, None, None, None),
        "posg": look(None, _APPLIED, None, None),
        "gpos": look(None, _APPLIED, None, SYSTEM),
        "ospg": look(None, None, latest.quad.object, None),
        "gosp": look(None, None, latest.quad.object, SYSTEM),
    }.items():
        if (found := largest(quads)) != latest:
            raise OSError(f"index {name} shows {found}, index gspo {latest}")
    return latest


@contextmanager
def explained(path: Path, zh: str, en: str) -> Iterator[None]:
    """Turn :data:`DAMAGE` into a :class:`StoreError` ``store.engine`` about *path*."""
    try:
        yield
    except DAMAGE as error:
        raise StoreError.of(
            "store.engine",
            f"{zh}：{error}",
            f"{en}: {error}",
            where=str(path),
            repair=("检查磁盘空间和权限", "check the disk's space and permissions"),
        ) from error


def _update(store: Store, removals: Sequence[Quad], additions: Sequence[Quad]) -> None:
    """Remove *removals*, then add *additions*, in one transaction."""
    functions: dict[NamedNode, Callable[..., Term | None]] = {}
    operations = []
    for verb, quads in (("DELETE", removals), ("INSERT", additions)):
        rows = [Literal(row) for row in range(len(quads))]
        binds = ""
        for name, attribute in _PARTS.items():
            function = NamedNode(f"urn:{verb}:{name}")
            # A dictionary's own method runs no Python bytecode: Ctrl-C cannot strike inside it,
            # which Oxigraph would take for an expression error and skip the quad.
            functions[function] = dict(zip(rows, map(attribute, quads), strict=True)).__getitem__
            binds += f" BIND({function}(?row) AS ?{name})"
        values = " ".join(row.value for row in rows)
        operations.append(
            f"{verb} {{ GRAPH ?g {{ ?s ?p ?o }} }} WHERE {{ VALUES ?row {{ {values} }}{binds} }}"
        )
    store.update("; ".join(operations), custom_functions=functions)
