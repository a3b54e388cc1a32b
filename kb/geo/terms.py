"""The terms of GeoSPARQL 1.1 by which shapes stand in the graph."""

from __future__ import annotations

from pyoxigraph import NamedNode

GEO = "http://www.opengis.net/ont/geosparql#"
WKT_LITERAL, GEOJSON_LITERAL = NamedNode(GEO + "wktLiteral"), NamedNode(GEO + "geoJSONLiteral")
HAS_GEOMETRY, AS_WKT = NamedNode(GEO + "hasGeometry"), NamedNode(GEO + "asWKT")
