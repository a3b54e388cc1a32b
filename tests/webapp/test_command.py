"""What a commander looks at: the collaboration graph that grows, and the overview on one screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from pyoxigraph import NamedNode

from kb.access.principal import Principal
from kb.errors import NotFound
from kb.services import incident
from kb.services.directives import requests
from kb.services.life.contention import Contention
from kb.services.network.unfolding import Unfolding
from kb.services.network.views import NetworkViews
from kb.services.overview import overview
from kb.services.workspace import Workspace
from tests.homes import copied
from tests.webapp.browsing import DESK, PHONE, officers
from tests.webapp.conftest import CITY, REPORT, Server

HOUSING = "https://w3id.org/xiezhi/city/370100/dept/370100/housing"


@pytest.fixture(scope="module")
def workspace(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace of this module: what other tests did would stand before what is looked for here."""
    with Workspace(copied(prepared, tmp_path_factory.mktemp("command") / "home"), cities=()) as opened:
        yield opened


@pytest.fixture(scope="module")
def unfolding(workspace: Workspace) -> Unfolding:
    incident.report(workspace, {**REPORT, "id": "graph-one"}, actor="test")
    return Unfolding(workspace, NetworkViews(workspace), "graph-one")


def links(found: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {
        (one["from"].rpartition("/")[2], one["label"]["en"], one["to"].rpartition("/")[2])
        for one in found["links"]
    }


# ── The collaboration graph ──────────────────────────────────────────────────────────────────


def test_the_graph_starts_at_the_incident_with_its_departments(unfolding: Unfolding) -> None:
    found = unfolding.start()
    assert ("graph-one", "lead department", "housing") in links(found)
    kinds = {one["iri"].rpartition("/")[2]: one["kind"]["name"] for one in found["nodes"]}
    assert (kinds["graph-one"], kinds["housing"]) == ("Incident", "Department")
    ends = {end for one in found["links"] for end in (one["from"], one["to"])}
    assert ends == {one["iri"] for one in found["nodes"]}, (
        "every end of a link is a node, and no node is alone"
    )
    assert all(one["label"]["zh"] and one["label"]["en"] for one in found["nodes"])


def test_it_grows_from_a_department_over_its_duty_to_the_law(unfolding: Unfolding) -> None:
    found = links(unfolding.grow(HOUSING))
    assert ("housing", "lead duty", "gas-lead") in found
    assert ("housing", "superior", "housing") in found
    assert any("types of incident together" in label for _, label, _ in found)
    assert ("gas-lead", "basis", "decree-583-2010-5") in links(
        unfolding.grow("https://w3id.org/xiezhi/kb/duty/gas-lead")
    )
    clause = unfolding.grow("https://w3id.org/xiezhi/kb/clause/decree-583-2010-5")
    assert [one["to"].rpartition("/")[2] for one in clause["links"]] == ["decree-583-2010"]
    module = links(unfolding.grow("https://w3id.org/xiezhi/kb/module/hazard-control"))
    assert ("graph-one", "activates", "hazard-control") in module


@pytest.mark.parametrize(
    "node", ["nothing", "https://w3id.org/xiezhi/nothing", "a://<b>", 'x://"', "x://" + "y" * 5000]
)
def test_what_nobody_knows_is_no_part_of_it(unfolding: Unfolding, node: str) -> None:
    with pytest.raises(NotFound, match=r"network\.node"):
        unfolding.grow(node)


def test_what_a_reader_may_not_see_is_not_in_it(workspace: Workspace, unfolding: Unfolding) -> None:
    incident.report(workspace, {**REPORT, "id": "graph-two"}, actor="test")
    blind = Unfolding(
        workspace, NetworkViews(workspace), "graph-two", lambda graph: "/city/" not in graph.value
    )
    with pytest.raises(NotFound, match=r"network\.node"):
        blind.grow(HOUSING)


# ── The overview ─────────────────────────────────────────────────────────────────────────────


def test_the_overview_tells_what_is_open_overdue_contended_changed_and_committed(fresh: Workspace) -> None:
    policy = fresh.policies.current
    chief = Principal("zhao", frozenset(["chief-commander"]), policy)
    contention = Contention(fresh)
    empty = overview(fresh, contention, chief)
    assert (empty["incidents"]["total"], empty["overdue"]["total"], empty["changed"]["first"]) == (0, 0, [])

    incident.report(
        fresh, {**REPORT, "id": "small", "deaths": 0, "seriousInjuries": 0, "missing": 0}, actor="t"
    )
    incident.report(fresh, {**REPORT, "id": "large"}, actor="t")
    incident.report(fresh, {**REPORT, "id": "large", "deaths": 31}, actor="t")
    requests.confirm(fresh, "large", chief, {})
    now = datetime.now(UTC)
    found = overview(fresh, contention, chief, now=now)
    assert [one["id"] for one in found["incidents"]["first"]] == ["large", "small"]
    assert found["incidents"]["first"][0]["directives"]["open"] == found["directives"]["open"] > 0
    assert (found["bySeverity"][0]["severity"], found["bySeverity"][0]["count"]) == (1, 1)
    (changed,) = found["changed"]["first"]
    assert (changed["id"], changed["changes"][0]["text"]["en"]) == ("large", "deaths: 4 people → 31 people")
    grade = next(one for one in changed["relations"] if one["relation"]["label"]["en"] == "grade")
    assert grade["changed"][0]["to"]["follows"][0]["label"]["en"] == "deaths"
    assert found["contention"]["first"][0]["first"]["id"] == "large"
    assert sum(one["open"] for one in found["forces"]["first"]) <= found["directives"]["open"]
    assert found["overdue"]["total"] == 0
    late = overview(fresh, contention, chief, now=now + timedelta(days=30))
    assert late["overdue"]["total"] == len(late["overdue"]["first"]) + max(0, late["overdue"]["total"] - 7)
    assert late["overdue"]["first"][0]["overdue"]

    def hidden(graph: NamedNode) -> bool:
        return not graph.value.endswith("/large")

    partly = overview(fresh, contention, chief, visible=hidden)
    assert "large" not in str(
        [partly[key] for key in ("incidents", "overdue", "contention", "forces", "changed")]
    )


# ── Pages ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def city(start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server without users: whoever sits at the machine may do everything."""
    server = start(tmp_path_factory.mktemp("command") / "home", CITY)
    for report in (
        {**REPORT, "id": "one"},
        {"type": "内涝", "grid": "370112", "rainfall3h": 62, "id": "two"},
        {"type": "建筑物坍塌", "grid": "370113", "trapped": 9, "deaths": 32, "id": "three"},
        {"type": "恐怖袭击", "grid": "370104", "id": "four"},
    ):
        assert server.client.post_json("/api/recommend", report).status == 201
    return server


@pytest.fixture
def officer(chromium: Browser, city: Server) -> Iterator[Any]:
    """Make officers; at the end nothing may have gone wrong, nor have been asked of another host."""
    with officers(chromium, city) as make:
        yield make


@pytest.mark.browser
def test_the_graph_grows_with_the_mouse_and_with_the_keyboard(officer: Any) -> None:
    duty = officer("zh-CN", reduced_motion="reduce")
    page = duty.open("/incident/one/graph")
    page.wait_for_selector("[data-things] canvas")
    drawing = page.locator("[data-graph]")
    few = drawing.get_attribute("data-things")
    # The keyboard: the list unfolds, and the drawing grows with it.
    row = page.locator(f"[data-grows='{HOUSING}']").first
    row.focus()
    page.keyboard.press("Enter")
    expect(row).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".unfolded .unfolded")).to_contain_text("牵头处置燃气事故")
    expect(drawing).not_to_have_attribute("data-things", few, timeout=10_000)
    more = drawing.get_attribute("data-things")
    # The mouse: wherever the thing was put.
    x, y = page.evaluate("""() => {
        const chart = document.querySelector("[data-graph]").chart;
        const number = chart.getOption().series[0].data.findIndex((one) => one.id.endsWith("/duty/gas-lead"));
        const place = chart.getModel().getSeriesByIndex(0).getData().getItemLayout(number);
        return chart.convertToPixel({seriesIndex: 0}, place);
    }""")
    drawing.click(position={"x": x, "y": y})
    expect(drawing).not_to_have_attribute("data-things", more, timeout=10_000)
    duty.picture("graph-zh")


@pytest.mark.browser
def test_the_graph_fits_a_phone_and_has_no_chinese_in_english(officer: Any) -> None:
    duty = officer("en-US", PHONE, color_scheme="dark")
    page = duty.open("/incident/one/graph")
    page.wait_for_selector("[data-things] canvas")
    text = page.locator("main").inner_text()
    assert not [letter for letter in text if "\u3400" <= letter <= "\u9fff"]


@pytest.mark.browser
def test_the_overview_is_one_screen_and_follows_what_changes(officer: Any, city: Server) -> None:
    duty = officer("zh-CN")
    page = duty.open("/command")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "1366×768 is enough"
    expect(page.locator(".panel").first.locator("li").first).to_contain_text("建筑物坍塌")
    city.client.post_json("/api/recommend", {**REPORT, "id": "one", "deaths": 31})
    expect(page.locator(".change").first).to_contain_text("死亡人数：4 人 → 31 人", timeout=10_000)
    expect(page.locator("#open-one")).to_be_visible()
    duty.picture("command-zh")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('.panel')).overflowY") == "visible"


@pytest.mark.browser
@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESK, "dark")])
def test_the_overview_fits_and_has_no_chinese_in_english(officer: Any, size: Any, scheme: str) -> None:
    duty = officer("en-US", size, color_scheme=scheme)
    page = duty.open("/command")
    text = page.locator("main").inner_text()
    assert not [letter for letter in text if "\u3400" <= letter <= "\u9fff"]
    duty.check()
    duty.picture(f"command-{'phone' if size == PHONE else 'dark'}-en")
