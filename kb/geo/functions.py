"""GeoSPARQL's functions that Oxigraph has not, for its queries.

Oxigraph itself knows ``geof:distance`` and the simple-features relations (``geof:sfWithin``,
``geof:sfIntersects``, ``geof:sfContains`` …). These are those that make a shape of shapes::

    geof:buffer(shape, radius, unit)    within so many metres (or kilometres) of it, at most a thousand km
    geof:envelope(shape)                the rectangle around it
    geof:convexHull(shape)
    geof:union(a, b)  geof:intersection(a, b)  geof:difference(a, b)

Shapes are ``geo:wktLiteral`` or ``geo:geoJSONLiteral``, results ``geo:wktLiteral`` in CRS 84. What is no
shape, or passes the limits of :mod:`kb.geo.geometry`, is an error of the expression: no value.
shapely is imported by the first call: a query worker that starts anew should not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import cos, isfinite, radians
from typing import TYPE_CHECKING, Any

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kb.errors import XiezhiError
from kb.geo.terms import GEOJSON_LITERAL, WKT_LITERAL

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

GEOF = "http://www.opengis.net/def/function/geosparql/"
UOM = "http://www.opengis.net/def/uom/OGC/1.0/"
METRES = {UOM + "metre": 1.0, "http://qudt.org/vocab/unit/M": 1.0, "http://qudt.org/vocab/unit/KiloM": 1000.0}
"""The units of a radius, in metres."""
DEGREE = 111_195.0
"""Metres of a degree of latitude, about: a buffer is as exact as half a per cent."""

Term = NamedNode | BlankNode | Literal | Triple


def _buffer(shape: BaseGeometry, radius: Term, unit: Term) -> BaseGeometry:
    """Widen *shape*; in degrees made as long as each other around its middle, and back."""
    import shapely

    from kb.geo.geometry import RADIUS, GeometryRefused

    if not (isinstance(radius, Literal) and isinstance(unit, NamedNode)):
        raise TypeError("a radius is a number, a unit an IRI")
    metres = float(radius.value) * METRES[unit.value]
    if not isfinite(metres) or abs(metres) > RADIUS * 1000:
        raise GeometryRefused.of("geometry.radius", "半径过大", "the radius is too large")
    narrow = max(cos(radians(shape.centroid.y)), 0.01)
    even = shapely.transform(shape, lambda xy: xy * [narrow, 1])
    return shapely.transform(even.buffer(metres / DEGREE), lambda xy: xy / [narrow, 1])


def _method(name: str) -> Callable[..., BaseGeometry]:
    def made(shape: BaseGeometry, *others: Term) -> BaseGeometry:
        found = getattr(shape, name)
        result: BaseGeometry = found(*map(_shape, others)) if callable(found) else found
        return result

    return made


@lru_cache(maxsize=256)
def _read(text: str, datatype: str) -> BaseGeometry:
    from kb.geo import geometry

    readers = {
        WKT_LITERAL.value: geometry.from_wkt,
        GEOJSON_LITERAL.value: geometry.from_geojson,
    }
    return readers[datatype](text)


def _shape(term: Term) -> BaseGeometry:
    if not isinstance(term, Literal):
        raise TypeError("a shape is a literal")
    return _read(term.value, term.datatype.value)


def _function(made: Callable[..., BaseGeometry], arguments: int) -> Callable[..., Literal | None]:
    def answer(*terms: Term) -> Literal | None:
        from shapely.errors import GEOSException

        from kb.geo.geometry import checked, to_wkt

        if len(terms) != arguments:
            return None
        try:
            return to_wkt(checked(made(_shape(terms[0]), *terms[1:])))
        except (XiezhiError, GEOSException, KeyError, TypeError, ValueError):
            return None  # an error of the expression, which SPARQL leaves without a value

    return answer


FUNCTIONS: dict[NamedNode, Callable[..., Any]] = {
    NamedNode(GEOF + name): _function(made, arguments)
    for name, made, arguments in (
        ("buffer", _buffer, 3),
        ("envelope", _method("envelope"), 1),
        ("convexHull", _method("convex_hull"), 1),
        ("union", _method("union"), 2),
        ("intersection", _method("intersection"), 2),
        ("difference", _method("difference"), 2),
    )
}
"""What a query is handed as ``custom_functions``."""
