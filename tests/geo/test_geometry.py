from __future__ import annotations

import pytest
import shapely
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import XiezhiError
from kb.geo import geometry
from kb.geo.geometry import GeometryRefused

SQUARE = "POLYGON ((117 36, 118 36, 118 37, 117 37, 117 36))"


def refused(call, *given) -> str:
    with pytest.raises(GeometryRefused) as caught:
        call(*given)
    (fault,) = caught.value.faults
    assert fault.message.zh
    assert fault.message.en
    assert fault.repair
    return fault.code


def test_a_literal_without_a_reference_system_has_longitude_first():
    assert geometry.from_wkt("POINT (117 36)").coords[0] == (117, 36)


def test_in_epsg_4326_latitude_comes_first_and_in_crs84_longitude():
    epsg = geometry.from_wkt("<http://www.opengis.net/def/crs/EPSG/0/4326> POINT (36 117)")
    crs84 = geometry.from_wkt("<http://www.opengis.net/def/crs/OGC/1.3/CRS84> POINT (117 36)")
    assert epsg.equals(crs84)


def test_another_reference_system_is_refused_rather_than_misread():
    text = "<http://www.opengis.net/def/crs/EPSG/0/3857> POINT (1 2)"
    assert refused(geometry.from_wkt, text) == "geometry.crs"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("POLYGON ((0 0, 1 1", "wkt"),
        ("", "wkt"),
        ("POINT EMPTY", "empty"),
        ("POINT (181 0)", "range"),
        ("POINT (nan 0)", "range"),
        ("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))", "invalid"),
        ("GEOMETRYCOLLECTION(" * 3000 + "POINT(1 1)" + ")" * 3000, "deep"),
        ("MULTIPOINT (" + ", ".join(["1 1"] * 20_001) + ")", "vertices"),
        ("POINT (1 1)" + " " * (1 << 20), "long"),
    ],
)
def test_what_is_no_shape_or_too_much_is_refused_in_both_languages(text, code):
    assert refused(geometry.from_wkt, text) == f"geometry.{code}"


@given(st.text(alphabet="POINTLYGMUCE (),.0123456789-+eZ<>", max_size=60) | st.text(max_size=40))
def test_any_text_is_a_shape_or_a_refusal(text):
    for read in (geometry.from_wkt, geometry.from_geojson, geometry.cap_polygon, geometry.cap_circle):
        try:
            shape = read(text)
        except XiezhiError:
            continue
        assert shape.is_valid
        assert not shape.is_empty


def test_what_is_written_reads_as_the_same_shape():
    shape = geometry.from_wkt(SQUARE)
    assert geometry.from_wkt(geometry.to_wkt(shape).value).equals(shape)
    assert geometry.from_geojson(geometry.to_geojson(shape)).equals(shape)
    feature = {"type": "Feature", "properties": {}, "geometry": geometry.to_geojson(shape)}
    assert geometry.from_geojson(feature).equals(shape)


def test_a_polygon_of_cap_is_latitude_first_and_must_close():
    shape = geometry.cap_polygon("36,117 36,118 37,118 37,117 36,117")
    assert shape.equals(shapely.from_wkt(SQUARE))
    assert refused(geometry.cap_polygon, "36,117 36,118 37,118 37,117") == "geometry.polygon"
    assert refused(geometry.cap_polygon, "36,117 37,118 36,118 37,117 36,117") == "geometry.invalid"


@given(st.floats(-80, 80), st.floats(-170, 170), st.floats(0.01, 300))
def test_every_corner_of_a_circle_is_a_radius_away_along_the_earth(latitude, longitude, radius):
    shape = geometry.circle(latitude, longitude, radius)
    for east, north in shape.exterior.coords:
        found = Geodesic.WGS84.Inverse(latitude, longitude, north, east)["s12"] / 1000
        assert found == pytest.approx(radius, rel=1e-6)


def test_a_circle_of_cap_reads_with_a_blank_or_a_comma():
    assert geometry.cap_circle("36.65,117.12 5").equals(geometry.cap_circle("36.65,117.12,5"))
    assert refused(geometry.cap_circle, "36.65 N, 117.12 E") == "geometry.circle"
    assert refused(geometry.cap_circle, "36.65,117.12 0") == "geometry.radius"
    assert refused(geometry.circle, 0.0, 179.99, 50.0) == "geometry.dateline"
    assert refused(geometry.circle, 89.99, 0.0, 50.0) == "geometry.dateline"


def test_a_square_degree_is_as_large_as_the_ellipsoid_says():
    ring = Geodesic.WGS84.Polygon()
    for east, north in shapely.from_wkt(SQUARE).exterior.coords[:-1]:
        ring.AddPoint(north, east)
    _, _, area = ring.Compute()
    assert geometry.square_kilometres(shapely.from_wkt(SQUARE)) == pytest.approx(area / 1e6, rel=1e-3)


def test_distance_is_along_the_ellipsoid():
    near, far = geometry.point(117, 36), geometry.point(118, 37)
    assert geometry.distance(near, far) == pytest.approx(
        Geodesic.WGS84.Inverse(36, 117, 37, 118)["s12"] / 1000
    )
    assert geometry.distance(near, shapely.from_wkt(SQUARE)) == 0
