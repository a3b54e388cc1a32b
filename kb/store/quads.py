"""Oxigraph below the journal: whole changes, each with its marker (:mod:`kb.store.engine`).

**Markers.** Oxigraph syncs no commit, so a power cut takes away the youngest transactions. An older
marker is as good as the newest, only slower, so old markers are removed afterwards, in no
transaction; the largest counts.

**How a change is applied atomically.** Additions alone go through ``extend()``, one write batch,
with the marker among them. With removals, one ``update()`` of two operations is one transaction.
Its text is fixed but for row numbers: the terms enter through functions that look them up, so
blank nodes keep their identity and no data is ever parsed as SPARQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from operator import attrgetter
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad, Store, Variable

from kb.errors import StoreError
from kb.geo.functions import FUNCTIONS
from kb.store.engine import APPLIED, SYSTEM, Engine, Marker
from kb.store.protocol import Change, Entry, Result, Subject, Term

__all__ = ["BULK", "DAMAGE", "SYSTEM", "Marker", "Quads", "explained", "read_marker"]

BULK = 10_000
"""From so many additions on, ``bulk_extend()`` is faster than ``extend()`` (measured)."""

DAMAGE = (OSError, RuntimeError)
"""What pyoxigraph raises over its files: the second where RocksDB says "Corruption"."""

_PARTS = {
    "s": attrgetter("subject"),
    "p": attrgetter("predicate"),
    "o": attrgetter("object"),
    "g": attrgetter("graph_name"),
}


class Quads(Engine):
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
        marker = Marker.after(entry)
        if change.removals:
            # A quad on both sides ends up added: the removals come first.
            _update(self.store, change.removals, [*change.additions, marker.quad])
        else:
            self.store.extend([*change.additions, marker.quad])
        self._advance(marker)

    def match(
        self, s: Subject | None, p: NamedNode | None, o: Term | None, graph: NamedNode | None
    ) -> Iterator[Quad]:
        """Return the quads that fit, but those of ``graph/system``; one view to the end."""
        found = self.store.quads_for_pattern(s, p, o, graph)
        if graph is not None and graph != SYSTEM:
            return found
        return (quad for quad in found if quad.graph_name != SYSTEM)

    def query(
        self,
        text: str,
        substitutions: Mapping[Variable, Term] | None,
        default_graph: Sequence[NamedNode] | None,
        named_graphs: Sequence[NamedNode] | None,
    ) -> Result:
        """Answer a query as the protocol says."""
        bindings = dict(substitutions) if substitutions else None
        if default_graph is None and named_graphs is None:
            return self.store.query(
                text, use_default_graph_as_union=True, substitutions=bindings, custom_functions=FUNCTIONS
            )
        # Both, always: Oxigraph takes a missing list for "everything".
        return self.store.query(
            text,
            default_graph=list(default_graph or ()),
            named_graphs=list(named_graphs or ()),
            substitutions=bindings,
            custom_functions=FUNCTIONS,
        )

    def graphs(self) -> Iterator[NamedNode]:
        """Return the names of the graphs with quads in them, but ``graph/system``."""
        for name in self.store.named_graphs():
            # Oxigraph remembers graphs that were emptied.
            filled = next(self.store.quads_for_pattern(None, None, None, name), None)
            if filled and isinstance(name, NamedNode) and name != SYSTEM:
                yield name

    def copy(self, folder: Path) -> None:
        """Write all quads and the marker into *folder*: hard links where the disk is the same."""
        self.store.backup(folder)

    def _add(self, quads: Sequence[Quad]) -> None:
        if len(quads) >= BULK:
            self.store.bulk_extend(quads)
        else:
            self.store.extend(quads)

    def _remove(self, quads: Sequence[Quad]) -> None:
        for quad in quads:
            self.store.remove(quad)

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
        "posg": look(None, APPLIED, None, None),
        "gpos": look(None, APPLIED, None, SYSTEM),
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
