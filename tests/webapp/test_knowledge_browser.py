"""The expert's journey in a real browser: add, err, mend, try, submit; another approves; it takes effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.webapp.browsing import DESK, PHONE, Officer, People, enrol, logged_in
from tests.webapp.conftest import CITY, Server
from tests.webapp.console import barriers

pytestmark = pytest.mark.browser
PEOPLE: People = {"wen": (["expert", "duty-officer"], None), "shen": (["approver"], None)}
TRYING = 300_000
"""Milliseconds that a task may take on a busy machine."""
RULE = """PREFIX xz: <https://w3id.org/xiezhi/ns#>
PREFIX rule: <https://w3id.org/xiezhi/rule/>
PREFIX module: <https://w3id.org/xiezhi/kb/module/>

RULE rule:station-cordon { ?incident xz:activates module:suspension } WHERE {
    ?incident xz:kind xz:GasStationFire ; xz:trapped ?trapped .
    FILTER (?trapped >= 1)%s
}
"""
CASES = """- title: 加气站火灾有人被困即停业 / A gas station fire with somebody trapped suspends business
  given: {type: 加气站火灾, grid: "370102", trapped: 2}
  expect: {activates: 停运停课停业与限流}

- title: 无人被困不因此停业 / Nobody trapped, no suspension by this rule
  given: {type: 加气站火灾, grid: "370102", trapped: 0}
  expect: {kind: 加气站火灾}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("knowledge-browser") / "home"
    enrol(path, PEOPLE)
    return path


@pytest.fixture(scope="module")
def city(start: Callable[..., Server], home: Path) -> Server:
    """A server with an expert and an approver."""
    return start(home, CITY)


@pytest.fixture
def people(chromium: Browser, city: Server) -> Iterator[Any]:
    """Log people in: ``people("wen", "zh-CN")``; at the end nothing may have gone wrong."""
    with logged_in(chromium, city) as log_in:
        yield log_in


def add(page: Page, heading: str, fields: dict[str, str]) -> None:
    """Fill one of the forms of a draft and send it; the editor opens."""
    fold = page.locator("details", has=page.locator("summary", has_text=heading)).first
    fold.locator("summary").click()
    for name, value in fields.items():
        fold.locator(f"[name={name}]").fill(value)
    fold.locator("button").click()
    page.wait_for_selector("#text")


def run(page: Page, task: str) -> None:
    """Run a task of the draft and wait for what it finds."""
    page.locator(f"[aria-labelledby=task-{task}] button").first.click()
    again = page.locator(f"[aria-labelledby=task-{task}] button", has_text="重新运行")
    expect(again).to_be_visible(timeout=TRYING)


def accessible(reader: Officer) -> None:
    """The page that is shown has no barriers on a desk and fits a phone."""
    reader.check()
    assert barriers(reader.page) == []
    reader.page.set_viewport_size(PHONE)
    reader.check()
    reader.page.set_viewport_size(DESK)


def test_an_expert_adds_and_mends_another_approves_and_it_takes_effect(
    people: Any,
    home: Path,
    city: Server,
    start: Callable[..., Server],
) -> None:
    expert = people("wen", "zh-CN")
    page = expert.page
    reply = page.request.post(
        city.url + "/api/recommend", data={"type": "燃气事故", "grid": "370102", "trapped": 1}
    )
    assert reply.status == 201, reply.text()

    # From a term to a draft of one's own.
    page = expert.open("/knowledge?q=煤气")
    expect(page.locator(".entries")).to_contain_text("燃气事故")
    expert.picture("knowledge-search-zh")
    page.locator(".entries a", has_text="燃气爆炸").first.click()
    expect(page.locator("h1")).to_contain_text("燃气爆炸")
    expert.check()
    expert.picture("knowledge-term-zh")
    expert.open("/knowledge/drafts")
    page.fill("[name=title]", "加气站")
    page.locator("main button", has_text="新建草案").click()
    expect(page.locator("h1")).to_contain_text("加气站")
    draft = page.url

    # A type of incident by the form: no Turtle is written by hand.
    add(
        page,
        "事件类型",
        {
            "label_zh": "加气站火灾",
            "label_en": "Gas station fire",
            "name": "gas-station-fire",
            "parent": "燃气事故",
            "definition_zh": "燃气加气站发生的火灾。",
            "definition_en": "A fire at a gas filling station.",
            "spoken": "加气站着火、加气机起火",
        },
    )
    assert "加气机起火" in page.locator("#text").input_value()
    expect(page.locator("#faults")).to_contain_text("可以读取")
    page.go_back()

    # A rule with an error: it is said in its place while one types, and mended there.
    add(
        page,
        "规则",
        {
            "label_zh": "站区警戒",
            "label_en": "Station cordon",
            "name": "station-cordon",
            "parent": "加气站火灾",
            "topic": "stations",
        },
    )
    page.fill("#text", RULE % "\n    FILTER (?deaths > 0)")
    expect(page.locator("#faults .complaint")).to_contain_text("1 处", timeout=30_000)
    expect(page.locator("#faults")).to_contain_text("?deaths")
    expect(page.locator(".gutter mark")).to_have_text("8")
    page.locator("#faults [data-line]").click()
    assert page.evaluate("document.activeElement.id") == "text"
    accessible(expert)
    expert.picture("draft-editor-zh")
    page.fill("#text", RULE % "")
    expect(page.locator("#faults")).to_contain_text("可以读取", timeout=30_000)
    page.locator("button", has_text="保存").click()
    expect(page.locator("#saved")).to_have_text("已保存。")
    page.goto(draft)
    page.locator(".file-list a", has_text="station-cordon.cases.yaml").click()
    page.fill("#text", CASES)
    page.locator("button", has_text="保存").click()
    expect(page.locator("#saved")).to_have_text("已保存。")

    # Nothing can be submitted that was not tried as it is now.
    page.goto(draft)
    expect(page.locator("[aria-labelledby=submit]")).to_contain_text("先运行")
    for task in ("check", "test", "impact"):
        run(page, task)
    expect(page.locator("[aria-labelledby=task-check] .tag")).to_have_text("0 个错误")
    expect(page.locator("[aria-labelledby=task-test] .tag").first).to_contain_text("0 个失败")
    expect(page.locator("[aria-labelledby=task-impact]")).to_contain_text("1 起事件中有 0 起")
    accessible(expert)
    page.locator("#found").scroll_into_view_if_needed()
    expert.picture("draft-tried-zh")
    page.fill("[aria-labelledby=submit] [name=reason]", "加气站火灾单列")
    page.locator("[aria-labelledby=submit] button").click()
    expect(page.locator("h1")).to_contain_text("送审")
    expect(page.locator("main")).to_contain_text("您参与了起草")
    assert page.locator("button", has_text="批准").count() == 0
    release = page.url

    # Somebody else reads it, asks for nothing more, approves it.
    approver = people("shen", "en-US")
    page = approver.page
    page.goto(release)
    expect(page.locator(".diff ins").first).to_be_visible()
    page.fill("[name=text]", "Is one trapped enough?")
    page.fill("[name=about]", "Duty to lead")
    page.locator("button", has_text="Write").click()
    expect(page.locator("#notes ~ ul, [aria-labelledby=notes] ul")).to_contain_text("Duty to lead")
    page.locator("[aria-labelledby=look-difference] button").click()
    found = page.locator("[aria-labelledby=look-difference]")
    expect(found).to_contain_text("Gas station fire", timeout=TRYING)
    accessible(approver)
    approver.picture("release-review-en")
    page.locator("button", has_text="Approve").click()
    expect(page.locator("h1")).to_contain_text("effective")
    page.goto(city.url + "/knowledge/rules/lead-duty")
    expect(page.locator("main")).to_contain_text("Is one trapped enough?")

    # It takes effect with the next start: the type is there, and the rule fires.
    approver.check()
    city.process.terminate()
    city.process.wait(60)
    again = start(home, CITY, port=urlsplit(city.url).port)
    assert again.url == city.url
    reply = expert.page.request.post(
        city.url + "/api/recommend", data={"type": "加气站着火", "grid": "370102", "trapped": 2}
    )
    assert reply.status == 201, reply.text()
    told = reply.json()
    assert told["type"]["label"]["zh"] == "加气站火灾"
    assert "停运停课停业与限流" in [module["label"]["zh"] for module in told["modules"]]
    page = expert.open("/knowledge/releases")
    expect(page.locator("tbody tr", has_text="加气站")).to_contain_text("本服务")
    expert.picture("releases-zh")
