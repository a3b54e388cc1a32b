"""Where areas and things are, from shapes of the city and from coordinates that departments shared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import shapely
from pyoxigraph import Literal, NamedNode
from shapely.geometry.base import BaseGeometry

from kb.city import terms
from kb.errors import NotFound
from kb.geo import geometry
from kb.geo.city import GOVERNANCE_GRID, UNIT_GRID
from kb.geo.terms import AS_WKT, HAS_GEOMETRY
from kb.namespaces import RDF_TYPE, xz
from kb.services.audience import Visible
from kb.services.naming import named
from kb.services.workspace import Workspace
from kb.store.protocol import Store, Term

LONGITUDE, LATITUDE, LOCATED_IN = xz("longitude"), xz("latitude"), xz("locatedIn")
FIGURES = 5
"""Digits after the point of what is drawn: a metre."""


class Ground:
    """The ground of the cities in *workspace*, as far as *visible* lets it be seen."""

    def __init__(self, workspace: Workspace, visible: Visible) -> None:
        self.workspace = workspace
        self.store: Store = workspace.store
        self.visible = visible
        self._shapes: dict[Term, BaseGeometry | None] = {}

    def area(self, code: str) -> NamedNode:
        """Return the area with *code*.

        :raises NotFound: ``map.area``.
        """
        for quad in self.store.match(None, terms.CODE, Literal(code)):
            name = quad.graph_name
            if isinstance(quad.subject, NamedNode) and isinstance(name, NamedNode) and self.visible(name):
                return quad.subject
        raise NotFound.of(
            "map.area", f"没有区划或网格 {code[:20]}", f"there is no area {code[:20]}", where="within"
        )

    def told(self, area: NamedNode) -> dict[str, Any]:
        """Return *area* as JSON: IRI, label and code."""
        codes = (
            q.object.value for q in self.store.match(area, terms.CODE, None) if isinstance(q.object, Literal)
        )
        return {**named(self.workspace, area), "code": next(codes, area.value.rpartition("/")[2])}

    def parts(self, area: NamedNode) -> list[NamedNode]:
        """Return the areas that *area* is divided into, those of a city that have a shape; sorted."""
        found = sorted({q.subject for q in self.store.match(None, terms.PART_OF, area)}, key=str)
        seen = [one for one in found if isinstance(one, NamedNode) and self.shape(one) is not None]
        kinds = {one: {q.object for q in self.store.match(one, RDF_TYPE, None)} for one in seen}
        # Two partitions into grids lie over one another: incidents are in the cells of the first.
        if any(UNIT_GRID in kind for kind in kinds.values()):
            seen = [one for one in seen if GOVERNANCE_GRID not in kinds[one]]
        return seen

    def around(self, area: Term | None) -> Iterator[NamedNode]:
        """Yield *area* and everything that holds it, the smallest first."""
        seen: set[Term] = set()
        while isinstance(area, NamedNode) and area not in seen:
            seen.add(area)
            yield area
            area = next((q.object for q in self.store.match(area, terms.PART_OF, None)), None)

    def shape(self, thing: Term) -> BaseGeometry | None:
        """Return the shape of *thing*, ``None`` where the reader sees none."""
        if thing not in self._shapes:
            self._shapes[thing] = next(self._read(thing), None)
        return self._shapes[thing]

    def point(self, thing: NamedNode) -> tuple[float, float] | None:
        """Return longitude and latitude of *thing*: its own, or else the middle of the area where it lies."""
        found: dict[NamedNode, list[Term]] = {}
        for quad in self.store.match(thing, None, None):
            if isinstance(quad.graph_name, NamedNode) and self.visible(quad.graph_name):
                found.setdefault(quad.predicate, []).append(quad.object)
        pair = [
            term.value
            for key in (LONGITUDE, LATITUDE)
            for term in found.get(key, ())[:1]
            if isinstance(term, Literal)
        ]
        if len(pair) == 2:
            return float(pair[0]), float(pair[1])
        return next((self.middle(area) for area in found.get(LOCATED_IN, ())), None)

    def middle(self, area: Term | None) -> tuple[float, float] | None:
        """Return a point in *area*, or in the smallest around it that has a shape."""
        for one in self.around(area):
            shape = self.shape(one)
            if shape is not None:
                inside = shape.representative_point()
                return round(inside.x, FIGURES), round(inside.y, FIGURES)
        return None

    def _read(self, thing: Term) -> Iterator[BaseGeometry]:
        if not isinstance(thing, NamedNode):
            return
        for quad in self.store.match(thing, HAS_GEOMETRY, None):
            name = quad.graph_name
            if isinstance(quad.object, NamedNode) and isinstance(name, NamedNode) and self.visible(name):
                for text in self.store.match(quad.object, AS_WKT, None, name):
                    if isinstance(text.object, Literal):
                        yield geometry.from_wkt(text.object.value)


def feature(
    thing: str, shape: BaseGeometry | tuple[float, float] | None, **properties: Any
) -> dict[str, Any]:
    """Return a GeoJSON feature; of a place that nobody knows, one without a geometry."""
    drawn = shapely.Point(shape) if isinstance(shape, tuple) else shape
    return {
        "type": "Feature",
        "id": thing,
        "geometry": None if drawn is None else geometry.to_geojson(drawn),
        "properties": properties,
    }


def collection(features: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return GeoJSON of *features*, with *more* members of our own."""
    return {"type": "FeatureCollection", **more, "features": features}
