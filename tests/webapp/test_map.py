"""The map: layers as GeoJSON, the lists that say the same, and the drawing in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import shapely
from playwright.sync_api import Browser, expect
from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from kb.errors import NotFound
from kb.namespaces import PREFIXES, ROOT, graph
from kb.resources import folder
from kb.services import incident
from kb.services.atlas import layers
from kb.services.atlas.around import around
from kb.services.atlas.stocks import stocks
from kb.services.workspace import Workspace
from kb.store.protocol import Change
from tests.webapp.browsing import DESK, PHONE, officers
from tests.webapp.conftest import CITY, REPORT, Server

EXAMPLES = folder("examples") / "datasets"
STOCKS = "370200/emergency-management/stocks"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")
WARNING: dict[str, Any] = {
    "type": "暴雨",
    "level": "橙色",
    "areas": ["370102", "370103"],
    "expires": TOMORROW,
}


def properties(found: dict[str, Any], key: str = "code") -> dict[str, dict[str, Any]]:
    return {one["properties"][key]: one["properties"] for one in found["features"]}


# ── Layers ───────────────────────────────────────────────────────────────────────────────────


def test_the_parts_of_an_area_fill_it_down_to_the_unit_grids(workspace: Workspace) -> None:
    code, names = CITY, []
    whole = None
    while (found := layers.areas(workspace, code))["features"]:
        assert found["type"] == "FeatureCollection"
        names = [one["code"] for one in found["around"]]
        shapes = {
            one["properties"]["code"]: shapely.geometry.shape(one["geometry"]) for one in found["features"]
        }
        together = shapely.union_all(list(shapes.values()))
        assert sum(shape.area for shape in shapes.values()) == pytest.approx(together.area, rel=1e-6)
        if whole is not None:
            assert together.area == pytest.approx(whole.area, rel=1e-6)
        code, whole = next(iter(shapes.items()))
    assert len(code) == 15, "governance grids, which lie over unit grids, are not drawn too"
    assert [len(name) for name in names] == [6, 6, 9, 12]


def test_an_open_incident_counts_in_every_area_around_it_and_colours_it_by_the_worst(
    workspace: Workspace,
) -> None:
    before = properties(layers.areas(workspace, CITY))["370105"]["incidents"]
    incident.report(workspace, {**REPORT, "id": "map-one", "grid": "370105"}, actor="test")
    incident.report(workspace, {**REPORT, "id": "map-two", "grid": "370105", "deaths": 31}, actor="test")
    district = properties(layers.areas(workspace, CITY))["370105"]
    assert district["incidents"] == before + 2
    assert district["worst"]["label"]["en"] == "Particularly major"
    assert layers.areas(workspace, "370105")["within"]["label"]["en"] == "Tianqiao District"


def test_an_incident_is_where_it_was_reported_or_else_in_its_area(workspace: Workspace) -> None:
    incident.report(
        workspace, {**REPORT, "id": "map-here", "longitude": 117.01, "latitude": 36.66}, actor="test"
    )
    incident.report(workspace, {**REPORT, "id": "map-there"}, actor="test")
    points = {one["properties"]["id"]: one["geometry"] for one in layers.incidents(workspace)["features"]}
    assert points["map-here"]["coordinates"] == [117.01, 36.66]
    areas = {one["properties"]["code"]: one["geometry"] for one in layers.areas(workspace, CITY)["features"]}
    assert shapely.geometry.shape(areas["370102"]).contains(shapely.geometry.shape(points["map-there"]))


def shared(workspace: Workspace, turtle: str) -> NamedNode:
    """Let a department share stocks; return the graph."""
    prefixes = {**PREFIXES, "resource": f"{ROOT}kb/resource/"}
    text = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in prefixes.items()) + turtle
    name = graph("source/370200/emergency-management/stocks")
    quads = [Quad(q.subject, q.predicate, q.object, name) for q in parse(text, format=RdfFormat.TURTLE)]
    workspace.store.commit(Change(quads), actor="test", action="load")
    return name


def test_around_an_incident_are_stocks_with_their_ways_and_only_those_that_the_reader_may_see(
    fresh: Workspace,
) -> None:
    name = shared(
        fresh,
        """
        <urn:near> a xz:Stock ; xz:resourceKind resource:fire-engine ; xz:quantity 3.0 ;
            xz:longitude 120.39 ; xz:latitude 36.06 ; xz:locatedIn division:370202 .
        <urn:street> a xz:Stock ; xz:resourceKind resource:breathing-apparatus ; xz:quantity 5.0 ;
            xz:locatedIn division:370202 .""",
    )
    report = {
        "type": "建筑火灾",
        "grid": "370202",
        "id": "fire",
        "longitude": 120.38,
        "latitude": 36.07,
        "fire": True,
    }
    incident.report(fresh, report, actor="test")
    found = {one["id"]: one for one in around(fresh, "fire")["features"]}
    assert found["urn:near"]["geometry"]["coordinates"] == [120.39, 36.06]
    assert found["urn:near"]["properties"]["km"] == pytest.approx(1.4, abs=0.1)
    assert found["urn:near#way"]["geometry"]["coordinates"] == [[120.39, 36.06], [120.38, 36.07]]
    assert found["urn:street"]["geometry"] is not None, "it is drawn in the middle of its area"

    def hidden(graph: NamedNode) -> bool:
        return graph != name

    assert not any("urn:" in one["id"] for one in around(fresh, "fire", hidden)["features"])
    assert layers.incidents(fresh, lambda graph: "incident" not in graph.value)["features"] == []
    with pytest.raises(NotFound, match=r"map\.area"):
        layers.areas(fresh, CITY, lambda graph: False)
    with pytest.raises(NotFound, match=r"map\.area"):
        layers.areas(fresh, "nowhere' }")


def test_teams_and_stocks_stand_where_departments_say_and_those_of_one_place_together(
    fresh: Workspace,
) -> None:
    name = shared(
        fresh,
        """
        <urn:a> a xz:Stock ; xz:resourceKind resource:fire-rescue-team ; xz:quantity 2.0 ;
            xz:unitOfQuantity "支" ; xz:longitude 120.39 ; xz:latitude 36.06 ; xz:locatedIn division:370202 .
        <urn:b> a xz:Stock ; xz:resourceKind resource:tent ; xz:quantity 30.0 ; xz:unitOfQuantity "顶" ;
            xz:longitude 120.39 ; xz:latitude 36.06 ; xz:locatedIn division:370202 .
        <urn:c> a xz:Stock ; xz:resourceKind resource:boat ; xz:quantity 4.0 ; xz:unitOfQuantity "艘" ;
            xz:longitude 120.39 ; xz:latitude 36.06 ; xz:locatedIn division:370202 .
        <urn:gone> a xz:Stock ; xz:resourceKind resource:food ; xz:quantity 9.0 ;
            xz:locatedIn division:370202 ; xz:expiresOn "2020-01-01"^^xsd:date .
        <urn:other> a xz:Stock ; xz:resourceKind resource:medical-team ; xz:quantity 1.0 ;
            xz:unitOfQuantity "支" ; xz:locatedIn division:370203 .""",
    )
    found = {one["id"]: one["properties"] for one in stocks(fresh, "370200")["features"]}
    assert {iri: one["layer"] for iri, one in found.items()} == {
        "urn:a": "force",
        "urn:b": "stock",
        "urn:other": "force",
    }
    assert found["urn:b"]["label"]["en"] == "Relief tent, Rescue boat"
    assert [(one["quantity"], one["unit"]) for one in found["urn:a"]["holds"]] == [(2.0, "支")]
    inner = stocks(fresh, "370203")
    assert [one["id"] for one in inner["features"]] == ["urn:other"]
    assert inner["features"][0]["geometry"] is not None, "it is drawn in the middle of its area"
    assert stocks(fresh, "370100")["total"] == 0
    assert stocks(fresh, "370200", lambda graph: graph != name)["features"] == []

    report = {"type": "建筑火灾", "grid": "370202", "id": "blaze", "longitude": 120.38, "latitude": 36.07}
    incident.report(fresh, {**report, "fire": True}, actor="test")
    needed = {one["id"]: one["properties"]["layer"] for one in around(fresh, "blaze")["features"]}
    assert needed["urn:a"] == "force"
    assert "urn:a#way" in needed


# ── Pages ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def city(start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server without users: whoever sits at the machine may do everything."""
    server = start(tmp_path_factory.mktemp("map") / "home", CITY)
    for report in (
        {**REPORT, "id": "one"},
        {"type": "内涝", "grid": "370112", "rainfall3h": 62, "id": "two"},
    ):
        assert server.client.post_json("/api/recommend", report).status == 201
    reply = server.client.post_json("/api/warnings", WARNING)
    assert reply.status == 201, reply.text
    return server


@pytest.fixture(scope="module")
def qingdao(start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server of a city whose departments have delivered their teams and stocks."""
    server = start(tmp_path_factory.mktemp("forces") / "home", "370200")
    declared = (EXAMPLES / "370200.ttl").read_bytes()
    reply = server.client.ask("POST", "/api/datasets", declared, {"Content-Type": "text/turtle"})
    assert reply.status == 201, reply.text
    body, kind = (EXAMPLES / "stocks.xlsx").read_bytes(), {"Content-Type": EXCEL}
    reply = server.client.ask("POST", f"/api/datasets/{STOCKS}/deliveries", body, kind)
    assert reply.status == 201, reply.text
    return server


@pytest.fixture
def officer(chromium: Browser, city: Server) -> Iterator[Any]:
    """Make officers; at the end nothing may have gone wrong, nor have been asked of another host."""
    with officers(chromium, city) as make:
        yield make


def test_a_warning_in_force_is_drawn_as_the_areas_that_it_affects(city: Server) -> None:
    reply = city.client.get("/api/map/warnings")
    assert reply.headers["Content-Type"] == "application/geo+json"
    (one,) = reply.json["features"]
    areas = {
        a["properties"]["code"]: a["geometry"] for a in city.client.get("/api/map/areas").json["features"]
    }
    shape = shapely.geometry.shape(one["geometry"])
    covered = [
        code for code, area in areas.items() if shape.covers(shapely.geometry.shape(area).buffer(-1e-4))
    ]
    assert sorted(covered) == WARNING["areas"]
    assert one["properties"]["level"]["label"]["en"].startswith("Orange")


@pytest.mark.browser
def test_the_map_opens_areas_and_its_lists_say_the_same(officer: Any) -> None:
    duty = officer("zh-CN")
    page = duty.open("/map")
    page.wait_for_selector("[data-drawn='370100'] canvas")
    expect(page.locator("#map-lists")).to_contain_text("历下区")
    duty.picture("map-zh")
    duty.check()
    page.locator("#area-370102").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-drawn='370102'] canvas")
    expect(page.locator("h1")).to_contain_text("历下区")
    # A new incident is in the list, and on the map, without a reload.
    duty.server.client.post_json("/api/recommend", {**REPORT, "id": "three", "deaths": 31})
    expect(page.locator("#open-three")).to_be_visible(timeout=10_000)


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["zh-CN", "en-US"])
def test_forces_and_stocks_are_on_the_map_of_a_city_and_in_its_lists(
    qingdao: Server, chromium: Browser, lang: str
) -> None:
    with officers(chromium, qingdao) as make:
        duty = make(lang)
        page = duty.open("/map?within=370200")
        page.wait_for_selector("[data-drawn='370200'] canvas")
        listed = page.locator("[aria-labelledby=stocks-title]")
        expect(listed.locator("li")).to_have_count(6)
        expect(listed.locator("li").first).to_contain_text("救援队伍" if lang == "zh-CN" else "rescue force")
        expect(page.locator(".legend")).to_contain_text("★")
        duty.picture(f"map-forces-{lang[:2]}")
        duty.check()


@pytest.mark.browser
def test_a_click_on_the_map_fills_the_place_of_a_report(officer: Any) -> None:
    page = officer("en-US").open("/")
    page.locator(".picking summary").click()
    page.wait_for_selector(".picking [data-drawn='370100'] canvas")
    canvas = page.locator(".picking .ground")
    box = canvas.bounding_box()
    assert box is not None
    canvas.click(position={"x": box["width"] * 0.3, "y": box["height"] * 0.75})
    expect(page.locator("[name=grid]")).to_have_value("370116")
    expect(page.locator("#place")).to_contain_text("Laiwu District")
    page.wait_for_selector(".picking [data-drawn='370116'] canvas")
    page.locator(".picking .trail button").first.click()
    page.wait_for_selector(".picking [data-drawn='370100'] canvas")


@pytest.mark.browser
@pytest.mark.parametrize(("lang", "size", "scheme"), [("en-US", PHONE, "light"), ("zh-CN", DESK, "dark")])
def test_the_map_of_an_incident_fits_and_is_on_its_page_too(
    officer: Any, lang: str, size: Any, scheme: str
) -> None:
    duty = officer(lang, size, color_scheme=scheme)
    page = duty.open("/incident/one/map")
    page.wait_for_selector("[data-drawn] canvas")
    duty.check()
    if lang == "en-US":
        text = page.locator("main").inner_text()
        assert not [letter for letter in text if "\u3400" <= letter <= "\u9fff"]
    duty.picture(f"map-incident-{'phone' if size == PHONE else 'dark'}")
    page = duty.open("/incident/one")
    fold = page.locator("details.part", has=page.locator(".map")).first
    fold.locator("summary").first.click()
    page.wait_for_selector(".further [data-drawn] canvas")
