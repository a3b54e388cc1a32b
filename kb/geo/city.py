"""The partitions of a city as the store has them: which cells there are, and where.

    index = grid_index(store, "370200")            # unit grids; kept until the city's graph changes
    index.at(120.38, 36.07)                        # the cell of a point, or None
    index.covered(geometry.cap_circle("36.07,120.38 2"))   # cells of a warning, with shares

Whoever asks on behalf of a reader checks first that the reader may see ``graph/city/<code>``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol
from weakref import WeakKeyDictionary, ref

import shapely
from pyoxigraph import Literal, NamedNode, Quad

from kb.errors import NotFound
from kb.geo.index import GridIndex
from kb.geo.terms import AS_WKT, HAS_GEOMETRY
from kb.namespaces import RDF_TYPE, graph, xz

UNIT_GRID, GOVERNANCE_GRID = xz("UnitGrid"), xz("GovernanceGrid")


class Change(Protocol):
    """What a store tells of a commit (``kb.store.protocol.Change``)."""

    @property
    def graphs(self) -> set[Any]:
        """The named graphs that it touches."""
        ...


class Store(Protocol):
    """What is needed of a store (``kb.store.protocol.Store``): this package stands below it."""

    def match(self, s: Any, p: NamedNode | None, o: Any, graph: NamedNode | None = None) -> Iterator[Quad]:
        """Return the quads that fit."""
        ...

    def subscribe(self, listener: Callable[[Any], None]) -> None:
        """Call *listener* with every change."""
        ...


def grid_index(store: Store, city: str, kind: NamedNode = UNIT_GRID) -> GridIndex:
    """Return the cells of the class *kind* of the city with the division code *city*.

    *kind* may be any class of areas in ``ontology/core.ttl``: ``xz:UnitGrid`` (the default),
    ``xz:GovernanceGrid``, ``xz:Community``, ``xz:Street``, ``xz:District``, ``xz:City``. The
    first call reads them (a megacity's 75,000 unit grids in a second or two), later ones return the same
    object until a commit touches ``graph/city/<city>``.

    :raises NotFound: ``geo.no-shapes``, where the store has no such cells with a shape.
    """
    return _partitions(store).index(city, kind)


class Partitions:
    """The partitions of the cities in one store; thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = ref(store)  # which itself refers to this, its listener
        self._lock = threading.Lock()
        self._known: dict[tuple[str, NamedNode], GridIndex] = {}
        self._version = 0
        store.subscribe(self._forget)

    def index(self, city: str, kind: NamedNode) -> GridIndex:
        """Return the cells of *kind*; see :func:`grid_index`."""
        found = self._known.get((city, kind))
        if found is None:
            version, store = self._version, self._store()
            assert store is not None  # whoever asks holds it
            found = _read(store, city, kind)
            with self._lock:
                if version == self._version:  # else it was read while it changed
                    self._known[city, kind] = found
        return found

    def _forget(self, change: Change) -> None:
        touched = {name.value for name in change.graphs if isinstance(name, NamedNode)}
        with self._lock:
            stale = [key for key in self._known if graph(f"city/{key[0]}").value in touched]
            self._version += any(name.startswith(graph("city/").value) for name in touched)
            for key in stale:
                del self._known[key]


_KNOWN: WeakKeyDictionary[Store, Partitions] = WeakKeyDictionary()
_MAKING = threading.Lock()


def _partitions(store: Store) -> Partitions:
    with _MAKING:
        found = _KNOWN.get(store)
        if found is None:
            found = _KNOWN[store] = Partitions(store)
        return found


def _read(store: Store, city: str, kind: NamedNode) -> GridIndex:
    name = graph(f"city/{city if city.isdecimal() else '0'}")
    shapes = {
        q.subject: q.object.value
        for q in store.match(None, AS_WKT, None, name)
        if isinstance(q.subject, NamedNode) and isinstance(q.object, Literal)
    }
    # Streets and grids are described in the city's own graph, its districts in the nation's.
    wanted = {q.subject for q in store.match(None, RDF_TYPE, kind, name)} or {
        q.subject for q in store.match(None, RDF_TYPE, kind)
    }
    cells, texts = [], []
    for quad in store.match(None, HAS_GEOMETRY, None, name):
        cell, shape = quad.subject, quad.object
        if (
            isinstance(cell, NamedNode)
            and isinstance(shape, NamedNode)
            and cell in wanted
            and shape in shapes
        ):
            cells.append(cell)
            texts.append(shapes[shape])
    if not cells:
        shown = kind.value.rpartition("#")[2]
        raise NotFound.of(
            "geo.no-shapes",
            f"城市 {city[:20]} 没有带几何的 {shown}",
            f"the city {city[:20]} has no {shown} with a shape",
            repair=("先载入城市：xiezhi load", "load the city first: xiezhi load"),
        )
    return GridIndex(cells, list(shapely.from_wkt(texts)))
